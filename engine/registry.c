/* registry.c: the event source, in pages that never hold up the registry's writer. */
#include "registry.h"

#include "error.h"
#include "event.h"
#include "ordering.h"

#include <stdlib.h>
#include <strings.h>

struct siem_registry {
    siem_database database;
    char *registry_id;
    int64_t since_value;
    const int64_t *since; /* &since_value, or NULL for all events */
    int64_t limit;        /* negative: all */
    char **columns;       /* of `events`, ended by NULL */
    size_t column_count;
    siem_layout *layout;
    siem_value *row;
    siem_event event;
    bool ordered; /* ordering is known */
    siem_ordering ordering;
    siem_sorted_ids *sorted; /* when timestamps do not follow ids */
    sqlite3_stmt *statement; /* over a range of ids, or over one id when `sorted` */
    bool stepping;           /* the statement holds a read transaction */
    int64_t next_id;         /* where the range begins anew after a release */
    int64_t returned;        /* events so far */
    bool ended;
};

/* ---- shape ---- */

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

static siem_code read_columns(siem_registry *registry, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc =
        siem_database_prepare(&registry->database, &statement, "SELECT * FROM events", err);
    if (rc != SIEM_OK) return rc;
    size_t count = (size_t)sqlite3_column_count(statement);
    registry->columns = calloc(count + 1, sizeof *registry->columns);
    registry->row = calloc(count, sizeof *registry->row);
    bool complete = registry->columns != NULL && registry->row != NULL;
    for (size_t i = 0; complete && i < count; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);
        registry->columns[i] = name != NULL ? strdup(name) : NULL;
        complete = registry->columns[i] != NULL;
    }
    sqlite3_finalize(statement);
    if (!complete) return siem_error_no_memory(err);
    registry->column_count = count;
    rc = siem_layout_open(&registry->layout, siem_registry_columns(registry), count, err);
    return rc == SIEM_OK ? siem_event_prepare(&registry->event, registry->layout, err) : rc;
}

siem_code siem_registry_open(siem_registry **out, const siem_registry_options *options,
                             siem_error *err) {
    siem_code rc;
    *out = NULL;
    if (options->path == NULL || options->registry_id == NULL) {
        return siem_error_set(err, SIEM_INVALID, "a registry needs a path and a registry_id");
    }
    siem_registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL) return siem_error_no_memory(err);
    registry->limit = options->limit;
    registry->since_value = options->since;
    if (options->has_since) registry->since = &registry->since_value;
    rc = siem_database_open(&registry->database, options->path, options->busy_timeout_ms, err);
    if (rc == SIEM_OK) rc = check_table(&registry->database, err);
    if (rc == SIEM_OK) rc = check_columns(&registry->database, err);
    if (rc == SIEM_OK) rc = read_columns(registry, err);
    if (rc == SIEM_OK && (registry->registry_id = strdup(options->registry_id)) == NULL) {
        rc = siem_error_no_memory(err);
    }
    if (rc == SIEM_OK) {
        siem_event_set_registry_id(&registry->event, registry->registry_id);
        *out = registry;
    } else {
        siem_registry_close(registry);
    }
    return rc;
}

void siem_registry_close(siem_registry *registry) {
    if (registry == NULL) return;
    sqlite3_finalize(registry->statement);
    siem_sorted_ids_close(registry->sorted);
    siem_event_release(&registry->event);
    siem_layout_close(registry->layout);
    for (size_t i = 0; registry->columns != NULL && registry->columns[i] != NULL; i++) {
        free(registry->columns[i]);
    }
    free(registry->columns);
    free(registry->row);
    free(registry->registry_id);
    siem_database_close(&registry->database);
    free(registry);
}

const char *const *siem_registry_columns(const siem_registry *registry) {
    return (const char *const *)registry->columns;
}

const siem_database *siem_registry_database(const siem_registry *registry) {
    return &registry->database;
}

/* ---- reading ---- */

siem_code siem_registry_ordering(siem_registry *registry, siem_ordering *ordering,
                                 siem_error *err) {
    if (!registry->ordered) {
        siem_code rc =
            siem_ordering_read(&registry->ordering, &registry->database, registry->since, err);
        if (rc != SIEM_OK) return rc;
        registry->ordered = true;
        registry->next_id = registry->ordering.first_id;
    }
    *ordering = registry->ordering;
    return SIEM_OK;
}

/* Decides once which way this registry is read. */
static siem_code begin(siem_registry *registry, siem_error *err) {
    siem_ordering ordering;
    const siem_database *database = &registry->database;
    siem_code rc = siem_registry_ordering(registry, &ordering, err);
    if (rc != SIEM_OK) return rc;
    const char *sql = "SELECT * FROM events WHERE id = ?1";
    if (!ordering.follows) {
        rc = siem_sorted_ids_open(&registry->sorted, database, registry->since, registry->limit,
                                  err);
    } else if (registry->since != NULL) {
        sql = "SELECT * FROM events NOT INDEXED WHERE id >= ?1 AND id <= ?2 AND timestamp >= ?3 "
              "ORDER BY id";
    } else {
        sql = "SELECT * FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id";
    }
    if (rc == SIEM_OK) rc = siem_database_prepare(database, &registry->statement, sql, err);
    if (rc == SIEM_OK && ordering.follows) {
        sqlite3_bind_int64(registry->statement, 2, ordering.last_id);
        if (registry->since != NULL) {
            sqlite3_bind_int64(registry->statement, 3, *registry->since);
        }
    }
    return rc;
}

static siem_code step_range(siem_registry *registry, siem_error *err) {
    if (!registry->stepping) {
        sqlite3_bind_int64(registry->statement, 1, registry->next_id);
        registry->stepping = true;
    }
    return siem_database_step(&registry->database, registry->statement, err);
}

/* An event that was deleted since the ids were sorted is passed over. */
static siem_code step_sorted(siem_registry *registry, siem_error *err) {
    siem_code rc;
    int64_t id;
    do {
        sqlite3_reset(registry->statement);
        if ((rc = siem_sorted_ids_next(registry->sorted, &id, err)) != SIEM_OK) return rc;
        sqlite3_bind_int64(registry->statement, 1, id);
        registry->stepping = true;
        rc = siem_database_step(&registry->database, registry->statement, err);
    } while (rc == SIEM_END);
    return rc;
}

static void load_row(siem_registry *registry) {
    bool blob = false;
    for (size_t i = 0; i < registry->column_count; i++) {
        siem_database_column(registry->statement, (int)i, &registry->row[i], &blob);
    }
    siem_event_load(&registry->event, registry->layout, registry->row, blob);
}

siem_code siem_registry_next(siem_registry *registry, siem_event **event, siem_error *err) {
    siem_code rc = SIEM_OK;
    *event = NULL;
    if (registry->ended) {
        siem_registry_release(registry);
        return SIEM_END;
    }
    if (registry->statement == NULL && (rc = begin(registry, err)) != SIEM_OK) return rc;
    bool full = registry->ordering.count == 0 ||
                (registry->limit >= 0 && registry->returned >= registry->limit);
    if (full) rc = SIEM_END;
    else rc = registry->sorted != NULL ? step_sorted(registry, err) : step_range(registry, err);
    if (rc != SIEM_OK) {
        registry->ended = rc == SIEM_END;
        siem_registry_release(registry);
        return rc;
    }
    load_row(registry);
    registry->returned++;
    if (registry->event.row_id == registry->ordering.last_id && registry->sorted == NULL) {
        registry->ended = true;
    } else {
        registry->next_id = registry->event.row_id + 1;
    }
    *event = &registry->event;
    return SIEM_OK;
}

void siem_registry_rewind(siem_registry *registry) {
    if (registry->statement == NULL) return; /* nothing was read: the ordering is still fresh */
    sqlite3_finalize(registry->statement);
    siem_sorted_ids_close(registry->sorted);
    registry->statement = NULL;
    registry->sorted = NULL;
    registry->stepping = registry->ended = registry->ordered = false;
    registry->returned = 0;
}

void siem_registry_release(siem_registry *registry) {
    if (!registry->stepping) return;
    sqlite3_reset(registry->statement);
    registry->stepping = false;
}
