/* shape.c: a registry is told by its table, whose ids all reading stands on. */
#include "shape.h"

#include "error.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static siem_code check_table(const siem_database *database, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_database_prepare(
        database, &statement,
        "SELECT type FROM sqlite_schema WHERE name = 'events' COLLATE NOCASE AND type <> 'index'",
        err);
    if (rc == SIEM_OK) rc = siem_database_step(database, statement, err);
    if (rc == SIEM_END) {
        rc = siem_error_set(err, SIEM_SCHEMA, "'%s' has no table 'events': is it a registry?",
                            database->path);
    } else if (rc == SIEM_OK) {
        const char *type = (const char *)sqlite3_column_text(statement, 0);
        if (type == NULL || strcmp(type, "table") != 0) {
            rc = siem_error_set(err, SIEM_SCHEMA, "'events' in '%s' is a %s, not a table",
                                database->path, type != NULL ? type : "thing");
        }
    }
    sqlite3_finalize(statement);
    return rc;
}

static siem_code id_is_no_key(const siem_database *database, siem_error *err) {
    return siem_error_set(err, SIEM_SCHEMA,
                          "column 'id' of 'events' in '%s' must be INTEGER PRIMARY KEY",
                          database->path);
}

/* A key with an index of its own (INTEGER PRIMARY KEY DESC, WITHOUT ROWID) is not the rowid. */
static siem_code check_rowid(const siem_database *database, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_database_prepare(
        database, &statement, "SELECT 1 FROM pragma_index_list('events') WHERE origin = 'pk'", err);
    if (rc == SIEM_OK) rc = siem_database_step(database, statement, err);
    sqlite3_finalize(statement);
    if (rc == SIEM_OK) return id_is_no_key(database, err);
    return rc == SIEM_END ? SIEM_OK : rc;
}

/* Without AUTOINCREMENT the id of a deleted event is given again, behind the reader's back. */
static siem_code check_autoincrement(const siem_database *database, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_database_prepare(
        database, &statement,
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'events' COLLATE NOCASE AND "
        "sql LIKE '%AUTOINCREMENT%'",
        err);
    if (rc == SIEM_OK) rc = siem_database_step(database, statement, err);
    sqlite3_finalize(statement);
    if (rc != SIEM_END) return rc;
    return siem_error_set(err, SIEM_SCHEMA,
                          "'%s' cannot be followed: column 'id' of 'events' is not AUTOINCREMENT, "
                          "so that ids may be used twice",
                          database->path);
}

/* Ids must be the table's own order, and times must be there: all reading stands on the two. */
static siem_code check_columns(const siem_database *database, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    bool has_id = false, has_timestamp = false;
    int keys = 0;
    siem_code rc = siem_database_prepare(
        database, &statement, "SELECT name, type, pk FROM pragma_table_info('events')", err);
    while (rc == SIEM_OK && (rc = siem_database_step(database, statement, err)) == SIEM_OK) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        const char *type = (const char *)sqlite3_column_text(statement, 1);
        bool is_key = sqlite3_column_int(statement, 2) != 0;
        if (name == NULL || type == NULL) continue;
        keys += is_key;
        if (strcasecmp(name, "id") == 0) has_id = is_key && strcasecmp(type, "INTEGER") == 0;
        if (strcasecmp(name, "timestamp") == 0) has_timestamp = true;
    }
    sqlite3_finalize(statement);
    if (rc != SIEM_END) return rc;
    if ((rc = check_rowid(database, err)) != SIEM_OK) return rc;
    if (!has_id || keys != 1) {
        return id_is_no_key(database, err);
    }
    if (!has_timestamp) {
        return siem_error_set(err, SIEM_SCHEMA, "table 'events' in '%s' has no column 'timestamp'",
                              database->path);
    }
    return SIEM_OK;
}

/* Names the columns, and lays their values out as fields of an event. */
static siem_code read_columns(siem_shape *shape, const siem_database *database, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_database_prepare(database, &statement, "SELECT * FROM events", err);
    if (rc != SIEM_OK) return rc;
    size_t count = (size_t)sqlite3_column_count(statement);
    shape->columns = calloc(count + 1, sizeof *shape->columns);
    bool complete = shape->columns != NULL;
    for (size_t i = 0; complete && i < count; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);
        shape->columns[i] = name != NULL ? strdup(name) : NULL;
        complete = shape->columns[i] != NULL;
    }
    sqlite3_finalize(statement);
    if (!complete) return siem_error_no_memory(err);
    shape->column_count = count;
    return siem_layout_open(&shape->layout, (const char *const *)shape->columns, count, err);
}

siem_code siem_shape_read(siem_shape *shape, const siem_database *database, bool follow,
                          siem_error *err) {
    siem_code rc = check_table(database, err);
    if (rc == SIEM_OK) rc = check_columns(database, err);
    if (rc == SIEM_OK && follow) rc = check_autoincrement(database, err);
    return rc == SIEM_OK ? read_columns(shape, database, err) : rc;
}

void siem_shape_free(siem_shape *shape) {
    siem_layout_close(shape->layout);
    for (size_t i = 0; shape->columns != NULL && shape->columns[i] != NULL; i++) {
        free(shape->columns[i]);
    }
    free(shape->columns);
    *shape = (siem_shape){0};
}
