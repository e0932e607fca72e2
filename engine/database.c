/* database.c: how a live registry is opened without getting in its way. */
#include "database.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000

/* True when the header asks for a write-ahead log (SQLite file format, bytes 18 and 19). */
static bool uses_wal(const char *path) {
    unsigned char versions[2] = {0, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool read_both = pread(fd, versions, sizeof versions, 18) == (ssize_t)sizeof versions;
    close(fd);
    return read_both && versions[0] == 2 && versions[1] == 2;
}

static siem_code cannot_open(const siem_database *database, siem_error *err) {
    const char *path = database->path;
    if (uses_wal(path)) {
        return siem_error_set(
            err, SIEM_IO,
            "cannot read the write-ahead log of '%s': SQLite needs '%s-shm' beside "
            "it; start the registry first, or let this user write to the folder",
            path, path);
    }
    return siem_error_set(err, SIEM_IO, "cannot open '%s': %s", path,
                          sqlite3_errmsg(database->connection));
}

static siem_code fault(const siem_database *database, int rc, siem_error *err) {
    const char *path = database->path;
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return siem_error_no_memory(err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return siem_error_set(err, SIEM_LOCKED,
                              "'%s' stayed locked for %d ms: try again when its writer is done",
                              path, database->busy_timeout_ms);
    case SQLITE_NOTADB:
        return siem_error_set(err, SIEM_SCHEMA, "'%s' is not a SQLite database", path);
    case SQLITE_CORRUPT:
        return siem_error_set(err, SIEM_IO, "'%s' is damaged: %s", path,
                              sqlite3_errmsg(database->connection));
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return cannot_open(database, err);
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
        return siem_error_set(err, SIEM_SCHEMA, "'%s' is no regular file", path);
    }
    if (access(path, R_OK) != 0) {
        return siem_error_set(err, SIEM_IO, "cannot open '%s': %s", path, strerror(errno));
    }
    return SIEM_OK;
}

/* SQLite reads names that begin with "file:" or ":" in its own way; "./" in front makes any
 * relative path a plain one. */
static char *plain_path(const char *path) {
    const char *prefix = path[0] == '/' ? "" : "./";
    size_t prefix_size = strlen(prefix), size = strlen(path) + 1;
    char *plain = malloc(prefix_size + size);
    if (plain == NULL) return NULL;
    memcpy(plain, prefix, prefix_size);
    memcpy(plain + prefix_size, path, size);
    return plain;
}

static siem_code configure(siem_database *database, siem_error *err) {
    sqlite3 *connection = database->connection;
    sqlite3_extended_result_codes(connection, 1);
    sqlite3_busy_timeout(connection, database->busy_timeout_ms);
    int rc = sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    }
    if (rc == SQLITE_OK) rc = sqlite3_exec(connection, "PRAGMA query_only=ON", NULL, NULL, NULL);
    return rc == SQLITE_OK ? SIEM_OK : fault(database, rc, err);
}

siem_code siem_database_open(siem_database *database, const char *path, int busy_timeout_ms,
                             siem_error *err) {
    *database = (siem_database){0};
    siem_code code = check_path(path, err);
    if (code != SIEM_OK) return code;
    database->busy_timeout_ms = busy_timeout_ms > 0 ? busy_timeout_ms : BUSY_TIMEOUT_MS;
    database->path = strdup(path);
    char *plain = plain_path(path);
    if (database->path == NULL || plain == NULL) {
        code = siem_error_no_memory(err);
    } else {
        int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
        int rc = sqlite3_open_v2(plain, &database->connection, flags, NULL);
        code = rc == SQLITE_OK ? configure(database, err) : fault(database, rc, err);
    }
    free(plain);
    if (code != SIEM_OK) siem_database_close(database);
    return code;
}

siem_code siem_database_prepare(const siem_database *database, sqlite3_stmt **out, const char *sql,
                                siem_error *err) {
    int rc =
        sqlite3_prepare_v3(database->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return rc == SQLITE_OK ? SIEM_OK : fault(database, rc, err);
}

siem_code siem_database_step(const siem_database *database, sqlite3_stmt *statement,
                             siem_error *err) {
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) return SIEM_OK;
    if (rc == SQLITE_DONE) return SIEM_END;
    return fault(database, rc, err);
}

/* One look-up of the column: its value is as good as a protected one, since the connection belongs
 * to one thread and has no mutex (SQLite, "Protected and unprotected value objects"). */
void siem_database_column(sqlite3_stmt *statement, int column, siem_value *value, bool *blob) {
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
        if (value->bytes == NULL) value->bytes = "";
        break;
    case SQLITE_TEXT:
        value->bytes = (const char *)sqlite3_value_text(stored);
        value->size = (size_t)sqlite3_value_bytes(stored);
        if (value->bytes != NULL) value->type = SIEM_TEXT;
        break;
    default: break;
    }
}

void siem_database_close(siem_database *database) {
    sqlite3_close_v2(database->connection);
    free(database->path);
    *database = (siem_database){0};
}
