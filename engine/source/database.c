/* database.c: opens a live registry without disturbing it. */
#include "source/database.h"

#include "base/clock.h"
#include "base/error.h"
#include "source/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define ATTEMPTS        3
#define ASK_STEPS       10000 /* of SQLite's virtual machine between two looks at the clock, */
#define ASK_INTERVAL    0.1   /* and seconds between two questions whether to go on */

/* True when the header asks for a write-ahead log (SQLite file format, bytes 18 and 19). SQLite's
 * own file is read: closing another one would drop the locks that this process has on the database.
 */
static bool uses_wal(const siem_database *database) {
    unsigned char versions[2] = {0, 0};
    sqlite3_file *file = NULL;
    (void)sqlite3_file_control(database->connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file == NULL || file->pMethods == NULL) return false;
    return file->pMethods->xRead(file, versions, sizeof versions, 18) == SQLITE_OK &&
           versions[0] == 2 && versions[1] == 2;
}

/* An error about the log, or about a journal that a reader may not roll back. */
static siem_code cannot_open(const siem_database *database, int rc, siem_error *err) {
    const char *path = database->path;
    if (rc == SQLITE_READONLY_ROLLBACK) {
        return siem_error_set(err, SIEM_IO,
                              "a change to '%s' was cut short, and only a program that may write "
                              "can undo it: let the registry open it once ('%s-journal' is its "
                              "rollback journal: do not delete it)",
                              path, path);
    }
    siem_code code = uses_wal(database) ? siem_access_explain(path, err) : SIEM_OK;
    if (code != SIEM_OK) return code;
    return siem_error_set(err, SIEM_IO, "cannot open '%s': %s", path,
                          sqlite3_errmsg(database->connection));
}

siem_code siem_database_damaged(const siem_database *database, siem_error *err, const char *what,
                                ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, what);
    (void)vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    return siem_error_set(err, SIEM_IO,
                          "'%s' is damaged: %s. Restore it from a backup, or save what can be read "
                          "with '.recover' of sqlite3",
                          database->path, text);
}

/* Whether a schema has words that this SQLite does not know. What it says of a schema's pages is
 * said of damage. */
static bool is_later_schema(const char *message) {
    const char *cause = strstr(message, ") - ");
    if (strncmp(message, "malformed database schema", 25) != 0 || cause == NULL) return false;
    return strcmp(cause + 4, "invalid rootpage") != 0 && strcmp(cause + 4, "orphan index") != 0;
}

static siem_code is_malformed(const siem_database *database, siem_error *err) {
    const char *message = sqlite3_errmsg(database->connection);
    if (is_later_schema(message)) {
        return siem_error_set(err, SIEM_SCHEMA,
                              "SQLite %s does not understand the schema of '%s': %s. Use a SQLite "
                              "as new as the one of the registry's program",
                              sqlite3_libversion(), database->path, message);
    }
    return siem_database_damaged(database, err, "%s", message);
}

siem_code siem_database_fault(const siem_database *database, int rc, siem_error *err) {
    const char *path = database->path;
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return siem_error_no_memory(err);
    case SQLITE_INTERRUPT: return siem_error_set(err, SIEM_CANCELLED, "stopped on request");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return siem_error_set(err, SIEM_LOCKED,
                              "'%s' stayed locked for %d ms: try again when its writer is done "
                              "(one with locking_mode = EXCLUSIVE keeps all others out)",
                              path, database->busy_timeout_ms);
    case SQLITE_NOTADB:
        return siem_error_set(err, SIEM_SCHEMA, "'%s' is not a SQLite database, or it is encrypted",
                              path);
    case SQLITE_CORRUPT: return is_malformed(database, err);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return cannot_open(database, rc, err);
    default:
        return siem_error_set(err, SIEM_IO, "cannot read '%s': %s", path,
                              sqlite3_errmsg(database->connection));
    }
}

static siem_code check_path(const char *path, siem_error *err) {
    struct stat status;
    if (stat(path, &status) != 0) {
        return siem_error_set(err, errno == ENOENT ? SIEM_NOT_FOUND : SIEM_IO,
                              "cannot open '%s': %s", path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return siem_error_set(err, SIEM_SCHEMA, "'%s' is a folder: give the database file in it",
                              path);
    }
    if (!S_ISREG(status.st_mode)) {
        return siem_error_set(err, SIEM_SCHEMA, "'%s' is not a regular file", path);
    }
    if (access(path, R_OK) != 0) {
        return siem_error_set(err, SIEM_IO, "cannot open '%s': %s", path, strerror(errno));
    }
    return SIEM_OK;
}

/* Of SQLite, within a statement: not 0 ends it. */
static int ask(void *context) {
    siem_inquiry *inquiry = context;
    double now;
    if (inquiry->go_on == NULL || (now = siem_clock()) < inquiry->due) return 0;
    inquiry->due = now + ASK_INTERVAL;
    inquiry->asking = true;
    bool goes_on = inquiry->go_on(inquiry->context);
    inquiry->asking = false;
    return !goes_on;
}

bool siem_database_goes_on(const siem_database *database) {
    return ask(database->inquiry) == 0;
}

siem_code siem_database_check_free(const siem_database *database, const char *function,
                                   siem_error *err) {
    if (!database->inquiry->asking) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "%s: the registry is being read: it cannot be used by the function that "
                          "says whether to go on",
                          function);
}

/* The first read, which opens the log as well. A log that exists then stays: the connection keeps a
 * lock, with which nobody deletes it. Functions of the schema may be used (trusted_schema): none
 * that could do harm is known here, and json_extract in a generated column would make the whole
 * schema unreadable. */
static int configure(const siem_database *database) {
    sqlite3 *connection = database->connection;
    sqlite3_extended_result_codes(connection, 1);
    (void)sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, (int)SIEM_MOST_ROW);
    sqlite3_progress_handler(connection, ASK_STEPS, ask, database->inquiry);
    sqlite3_busy_timeout(connection, database->busy_timeout_ms);
    int rc = sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(connection, "PRAGMA query_only=ON", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(connection, "PRAGMA schema_version", NULL, NULL, NULL);
    return rc;
}

static siem_code connect_once(siem_database *database, siem_error *err) {
    sqlite3_close_v2(database->connection);
    int rc = siem_access_open(&database->connection, database->path);
    if (rc == SQLITE_OK) rc = configure(database);
    return rc == SQLITE_OK ? SIEM_OK : siem_database_fault(database, rc, err);
}

siem_code siem_database_open(siem_database *database, const char *path, int busy_timeout_ms,
                             siem_inquiry *inquiry, siem_error *err) {
    *database = (siem_database){.inquiry = inquiry};
    siem_code code = check_path(path, err);
    if (code != SIEM_OK) return code;
    database->busy_timeout_ms = busy_timeout_ms > 0 ? busy_timeout_ms : BUSY_TIMEOUT_MS;
    database->path = strdup(path);
    if (database->path == NULL) return siem_error_no_memory(err);
    code = SIEM_IO;
    /* Its program may close or open it at any moment, and the log goes and comes with that. */
    for (int i = 0; code == SIEM_IO && i < ATTEMPTS; i++) code = connect_once(database, err);
    if (code != SIEM_OK) siem_database_close(database);
    return code;
}

siem_code siem_database_prepare(const siem_database *database, sqlite3_stmt **out, const char *sql,
                                siem_error *err) {
    int rc =
        sqlite3_prepare_v3(database->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return rc == SQLITE_OK ? SIEM_OK : siem_database_fault(database, rc, err);
}

siem_code siem_database_step(const siem_database *database, sqlite3_stmt *statement,
                             siem_error *err) {
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) return SIEM_OK;
    if (rc == SQLITE_DONE) return SIEM_END;
    return siem_database_fault(database, rc, err);
}

siem_code siem_database_run(const siem_database *database, const char *sql, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_database_prepare(database, &statement, sql, err);
    if (rc == SIEM_OK) rc = siem_database_step(database, statement, err);
    sqlite3_finalize(statement);
    return rc == SIEM_END ? SIEM_OK : rc;
}

siem_code siem_database_read_number(const siem_database *database, const char *sql, int64_t *number,
                                    siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_database_prepare(database, &statement, sql, err);
    if (rc == SIEM_OK) rc = siem_database_step(database, statement, err);
    if (rc == SIEM_OK) *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc;
}

siem_code siem_database_check_file(const siem_database *database, const siem_identity *file,
                                   siem_error *err) {
    siem_identity now;
    const char *path = database->path;
    if (!siem_identity_read(&now, AT_FDCWD, path, false)) {
        return siem_error_set(err, errno == ENOENT ? SIEM_NOT_FOUND : SIEM_IO,
                              "the registry '%s' is gone: %s", path, strerror(errno));
    }
    if (siem_identity_equals(file, &now)) return SIEM_OK;
    return siem_error_set(err, SIEM_HELD,
                          "the registry '%s' was replaced by another file: when that has the same "
                          "events (a copy), say so with 'checkpoint set'; else start over with "
                          "'checkpoint reset'",
                          path);
}

/* One look-up of the column: its value is as good as a protected one, since the connection belongs
 * to one thread and has no mutex (SQLite, "Protected and unprotected value objects"). */
bool siem_database_column(sqlite3_stmt *statement, int column, siem_value *value, bool *blob) {
    sqlite3_value *stored = sqlite3_column_value(statement, column);
    value->type = SIEM_NULL;
    switch (sqlite3_value_type(stored)) {
    case SQLITE_INTEGER:
        value->type = SIEM_INTEGER;
        value->integer = sqlite3_value_int64(stored);
        break;
    case SQLITE_FLOAT:
        value->type = SIEM_REAL;
        value->real = sqlite3_value_double(stored);
        break;
    case SQLITE_BLOB:
        *blob = true;
        value->type = SIEM_TEXT;
        value->bytes = sqlite3_value_blob(stored);
        value->size = (size_t)sqlite3_value_bytes(stored);
        if (value->bytes != NULL) break;
        value->bytes = "";
        return value->size == 0;
    case SQLITE_TEXT:
        value->type = SIEM_TEXT;
        value->bytes = (const char *)sqlite3_value_text(stored);
        value->size = (size_t)sqlite3_value_bytes(stored);
        return value->bytes != NULL;
    default: break;
    }
    return true;
}

void siem_database_close(siem_database *database) {
    sqlite3_close_v2(database->connection);
    free(database->path);
    *database = (siem_database){0};
}
