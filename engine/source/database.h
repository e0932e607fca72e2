/* database.h: a read-only SQLite connection: its faults as siem_error, its values as siem_value. */
#ifndef SIEM_DATABASE_H
#define SIEM_DATABASE_H

#include "base/identity.h"

#include <oversight/siem.h>
#include <sqlite3.h>

/* Bytes of a value that SQLite reads or computes, and of all values of an event. */
#define SIEM_MOST_ROW (16L * 1024 * 1024)

/* The function that a long statement of SQLite calls to know whether to continue. */
typedef struct siem_inquiry {
    siem_registry_go_on go_on; /* NULL: nobody */
    void *context;
    double due; /* of siem_clock: not to be asked before */
    bool asking;
} siem_inquiry;

typedef struct siem_database {
    sqlite3 *connection;
    char *path; /* as the user gave it, for messages */
    int busy_timeout_ms;
    siem_inquiry *inquiry;
} siem_database;

/* Opens a plain path (never a URI) for reading only: query_only and defensive; the log is open as
 * well. All zero is a closed database. The inquiry must outlive it. Errors: as siem_registry_open.
 */
siem_code siem_database_open(siem_database *database, const char *path, int busy_timeout_ms,
                             siem_inquiry *inquiry, siem_error *err);

/* Calls that function: false ends the statement. */
bool siem_database_goes_on(const siem_database *database);

/* SIEM_INVALID, naming the public function, within that function: SQLite allows no other use of the
 * connection there. */
siem_code siem_database_check_free(const siem_database *database, const char *function,
                                   siem_error *err);

siem_code siem_database_prepare(const siem_database *database, sqlite3_stmt **out, const char *sql,
                                siem_error *err);

/* The next row: SIEM_OK, SIEM_END, or the fault. */
siem_code siem_database_step(const siem_database *database, sqlite3_stmt *statement,
                             siem_error *err);

/* Runs a statement without rows. */
siem_code siem_database_run(const siem_database *database, const char *sql, siem_error *err);

/* A query's one number; SIEM_END: there is none. */
siem_code siem_database_read_number(const siem_database *database, const char *sql, int64_t *number,
                                    siem_error *err);

/* Whether the path still names that file. Errors: SIEM_HELD, SIEM_NOT_FOUND, SIEM_IO. */
siem_code siem_database_check_file(const siem_database *database, const siem_identity *file,
                                   siem_error *err);

/* Reads column `column` of the row, borrowed until the next step. A blob is read as text and sets
 * *blob, which is left alone otherwise. False when memory runs out, as a text of another encoding
 * is converted. */
bool siem_database_column(sqlite3_stmt *statement, int column, siem_value *value, bool *blob);

/* The error for a call of SQLite that returned `rc`. */
siem_code siem_database_fault(const siem_database *database, int rc, siem_error *err);

/* SIEM_IO for a damaged file: `what` is a format that says what is wrong with it. */
siem_code siem_database_damaged(const siem_database *database, siem_error *err, const char *what,
                                ...) __attribute__((format(printf, 3, 4)));

void siem_database_close(siem_database *database);

#endif
