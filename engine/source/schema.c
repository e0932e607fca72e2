/* schema.c: a registry is recognized by its table; all reading depends on the ids of that. */
#include "source/schema.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
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
        if (type == NULL) {
            rc = siem_error_no_memory(err);
        } else if (strcmp(type, "table") != 0) {
            rc = siem_error_set(err, SIEM_SCHEMA, "'events' in '%s' is a %s, not a table",
                                database->path, type);
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

/* Without AUTOINCREMENT the id of a deleted event is given again, and no reader can see it. */
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

/* Ids must be the table's own order, and times must be there: all reading depends on both. */
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
        if (name == NULL || type == NULL) {
            rc = siem_error_no_memory(err);
            break;
        }
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

/* ---- columns ---- */

#define REASON_SIZE 256

/* Room for as many columns as there are, readable or not. */
static siem_code make_room(siem_schema *schema, const siem_database *database, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    siem_code rc = siem_database_prepare(database, &statement,
                                         "SELECT count(*) FROM pragma_table_xinfo('events')", err);
    if (rc == SIEM_OK) rc = siem_database_step(database, statement, err);
    if (rc == SIEM_OK) count = (size_t)sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    if (rc != SIEM_OK) return rc;
    schema->columns = calloc(count + 1, sizeof *schema->columns);
    schema->unreadable = calloc(count + 1, sizeof *schema->unreadable);
    return schema->columns != NULL && schema->unreadable != NULL ? SIEM_OK
                                                                 : siem_error_no_memory(err);
}

bool siem_schema_may_be_cause(const siem_database *database) {
    int rc = sqlite3_errcode(database->connection) & 0xff;
    return rc == SQLITE_ERROR || rc == SQLITE_TOOBIG;
}

/* Whether SQLite cannot read a column, and why: a function or a collation that only the registry's
 * program has, or a value that fails, or is too large, for the event `suspect`. */
static bool find_fault(char reason[REASON_SIZE], const siem_database *database, const char *column,
                       const int64_t *suspect) {
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT events.\"%w\" FROM events WHERE id = ?1", column);
    int rc = sql != NULL ? sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL)
                         : SQLITE_NOMEM;
    bool is_prepared = rc == SQLITE_OK;
    sqlite3_free(sql);
    if (is_prepared && suspect != NULL) {
        sqlite3_bind_int64(statement, 1, *suspect);
        rc = sqlite3_step(statement);
    }
    const char *text = sqlite3_errmsg(database->connection);
    if (!is_prepared) (void)snprintf(reason, REASON_SIZE, "%s", text);
    else if (suspect != NULL)
        (void)snprintf(reason, REASON_SIZE, "%s, in event %" PRId64, text, *suspect);
    bool is_fault = rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE &&
                    siem_schema_may_be_cause(database);
    sqlite3_finalize(statement);
    return is_fault;
}

static siem_code set_aside(siem_schema *schema, const siem_database *database, const char *column,
                           const char *reason, siem_error *err) {
    siem_unreadable *last = schema->unreadable;
    if (!siem_layout_is_of_site(column)) {
        return siem_error_set(err, SIEM_SCHEMA,
                              "column '%s' of 'events' in '%s' cannot be read: %s. Every record "
                              "needs it: let the registry store it (GENERATED ALWAYS AS ... "
                              "STORED)",
                              column, database->path, reason);
    }
    while (last->column != NULL) last++;
    last->column = strdup(column);
    last->reason = strdup(reason);
    return last->reason != NULL && last->column != NULL ? SIEM_OK : siem_error_no_memory(err);
}

static siem_code add_column(siem_schema *schema, const siem_database *database, const char *column,
                            const int64_t *suspect, siem_error *err) {
    if (column == NULL) return siem_error_no_memory(err);
    char reason[REASON_SIZE];
    if (find_fault(reason, database, column, suspect)) {
        return set_aside(schema, database, column, reason, err);
    }
    char *copy = strdup(column);
    if (copy == NULL) return siem_error_no_memory(err);
    if (strcasecmp(column, "id") == 0) schema->id_column = schema->column_count;
    schema->columns[schema->column_count++] = copy;
    return SIEM_OK;
}

/* The columns by name: with the table's name in front, SQLite takes none of them for a text. */
static char *list_columns(const siem_schema *schema, bool own_only) {
    sqlite3_str *sql = sqlite3_str_new(NULL);
    for (size_t i = 0; i < schema->column_count; i++) {
        const char *column = schema->columns[i];
        if (i > 0) sqlite3_str_appendall(sql, ", ");
        if (own_only && siem_layout_is_of_site(column)) sqlite3_str_appendall(sql, "NULL");
        else sqlite3_str_appendf(sql, "events.\"%w\"", column);
    }
    return sqlite3_str_finish(sql);
}

/* Names the columns, and lays their values out as fields of an event. */
static siem_code read_columns(siem_schema *schema, const siem_database *database,
                              const int64_t *suspect, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = make_room(schema, database, err);
    if (rc == SIEM_OK) {
        rc = siem_database_prepare(database, &statement,
                                   "SELECT name FROM pragma_table_xinfo('events')", err);
    }
    while (rc == SIEM_OK && (rc = siem_database_step(database, statement, err)) == SIEM_OK) {
        rc = add_column(schema, database, (const char *)sqlite3_column_text(statement, 0), suspect,
                        err);
    }
    sqlite3_finalize(statement);
    if (rc != SIEM_END) return rc;
    schema->selection = list_columns(schema, false);
    schema->own = list_columns(schema, true);
    if (schema->selection == NULL || schema->own == NULL) return siem_error_no_memory(err);
    return siem_layout_open(&schema->layout, (const char *const *)schema->columns,
                            schema->column_count, err);
}

siem_code siem_schema_read(siem_schema *schema, const siem_database *database, bool follow,
                           const int64_t *suspect, siem_error *err) {
    siem_code rc = check_table(database, err);
    if (rc == SIEM_OK) rc = check_columns(database, err);
    if (rc == SIEM_OK && follow) rc = check_autoincrement(database, err);
    return rc == SIEM_OK ? read_columns(schema, database, suspect, err) : rc;
}

void siem_schema_free(siem_schema *schema) {
    siem_layout_close(schema->layout);
    for (size_t i = 0; schema->columns != NULL && schema->columns[i] != NULL; i++) {
        free(schema->columns[i]);
    }
    for (siem_unreadable *u = schema->unreadable; u != NULL && u->column != NULL; u++) {
        free(u->column);
        free(u->reason);
    }
    free(schema->columns);
    free(schema->unreadable);
    sqlite3_free(schema->selection);
    sqlite3_free(schema->own);
    *schema = (siem_schema){0};
}
