/* database.h: a read-only SQLite connection, its faults in our words, and its values as ours. */
#ifndef SIEM_DATABASE_H
#define SIEM_DATABASE_H

#include <oversight/siem.h>
#include <sqlite3.h>

typedef struct siem_database {
    sqlite3 *connection;
    char *path; /* as the user gave it, for messages */
    int busy_timeout_ms;
} siem_database;

/* Opens a plain path (never a URI) for reading only: query_only and defensive; the log is open as
 * well. All zero is a closed database. Errors: as siem_registry_open. */
siem_code siem_database_open(siem_database *database, const char *path, int busy_timeout_ms,
                             siem_error *err);

siem_code siem_database_prepare(const siem_database *database, sqlite3_stmt **out, const char *sql,
                                siem_error *err);

/* The next row: SIEM_OK, SIEM_END, or the fault. */
siem_code siem_database_step(const siem_database *database, sqlite3_stmt *statement,
                             siem_error *err);

/* Reads column `column` of the row, borrowed until the next step. A blob is read as text and sets
 * *blob, which is left alone otherwise. */
void siem_database_column(sqlite3_stmt *statement, int column, siem_value *value, bool *blob);

/* What went wrong with a call of SQLite's that returned `rc`. */
siem_code siem_database_fault(const siem_database *database, int rc, siem_error *err);

void siem_database_close(siem_database *database);

#endif
