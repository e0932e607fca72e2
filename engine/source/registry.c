/* registry.c: the event source, in pages that never hold up the registry's writer. */
#include "source/registry.h"

#include "base/error.h"
#include "base/misuse.h"
#include "source/registry_id.h"
#include "source/registry_state.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- shape ---- */

siem_code siem_registry_read_shape(siem_registry *registry, siem_error *err) {
    siem_schema *shape = &registry->shape;
    siem_code rc = siem_schema_read(shape, &registry->database, registry->follow,
                                    registry->has_suspect ? &registry->suspect : NULL, err);
    if (rc != SIEM_OK) return rc;
    registry->row = calloc(shape->column_count, sizeof *registry->row);
    if (registry->row == NULL) return siem_error_no_memory(err);
    rc = siem_event_prepare(&registry->event, shape->layout, err);
    if (rc != SIEM_OK) return rc;
    siem_event_set_registry_id(&registry->event, registry->registry_id);
    registry->event.unreadable = shape->unreadable;
    registry->shapes++;
    return SIEM_OK;
}

siem_code siem_registry_prepare(const siem_registry *registry, sqlite3_stmt **out,
                                const char *columns, const char *rest, siem_error *err) {
    char *sql = sqlite3_mprintf("SELECT %s FROM events %s", columns, rest);
    if (sql == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_database_prepare(&registry->database, out, sql, err);
    sqlite3_free(sql);
    return rc;
}

void siem_registry_forget_shape(siem_registry *registry) {
    sqlite3_finalize(registry->statement);
    registry->statement = NULL;
    siem_event_release(&registry->event);
    registry->event = (siem_event){0};
    free(registry->row);
    registry->row = NULL;
    siem_schema_free(&registry->shape);
}

static siem_code check_options(const siem_registry_options *options, siem_error *err) {
    static const char function[] = "siem_registry_open";
    if (options == NULL) return siem_misuse_null(function, "options", err);
    if (options->path == NULL) return siem_misuse_null(function, "path", err);
    if (*options->path == '\0') return siem_error_empty(err, "the path of the registry");
    if (options->follow && (options->has_limit || options->limit > 0)) {
        return siem_error_set(err, SIEM_INVALID, "a registry that is followed has no limit");
    }
    if (options->has_limit && options->limit < 0) {
        return siem_error_set(err, SIEM_INVALID, "limit is negative: give 0 events or more");
    }
    if (options->busy_timeout_ms < 0) {
        return siem_error_set(err, SIEM_INVALID, "busy_timeout_ms is negative: give 0 or more");
    }
    return siem_registry_id_check(options->registry_id, err);
}

siem_code siem_registry_open(siem_registry **out, const siem_registry_options *options,
                             siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    siem_code rc = check_options(options, err);
    if (rc != SIEM_OK) return rc;
    siem_registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL) return siem_error_no_memory(err);
    registry->watch = siem_watch_closed;
    registry->limit = options->has_limit || options->limit > 0 ? options->limit : -1;
    registry->follow = options->follow;
    registry->since_value = options->since;
    if (options->has_since) registry->since = &registry->since_value;
    registry->registry_id = strdup(options->registry_id);
    rc = registry->registry_id != NULL ? SIEM_OK : siem_error_no_memory(err);
    if (rc == SIEM_OK) {
        rc = siem_database_open(&registry->database, options->path, options->busy_timeout_ms,
                                &registry->inquiry, err);
    }
    if (rc == SIEM_OK) rc = siem_registry_read_shape(registry, err);
    if (rc == SIEM_OK && registry->follow) {
        rc = siem_watch_open(&registry->watch, &registry->database, err);
    }
    if (rc == SIEM_OK) *out = registry;
    else siem_registry_close(registry);
    return rc;
}

void siem_registry_close(siem_registry *registry) {
    if (registry == NULL) return;
    siem_query_lose_registry(registry->queries);
    siem_sorted_ids_close(registry->sorted);
    siem_registry_forget_shape(registry);
    siem_watch_close(&registry->watch);
    free(registry->registry_id);
    siem_database_close(&registry->database);
    free(registry);
}

const char *const *siem_registry_columns(const siem_registry *registry) {
    return registry != NULL ? (const char *const *)registry->shape.columns : NULL;
}

siem_query **siem_registry_queries(siem_registry *registry) {
    return &registry->queries;
}

const siem_unreadable *siem_registry_unreadable(const siem_registry *registry) {
    return registry->shape.unreadable;
}

unsigned siem_registry_shapes(const siem_registry *registry) {
    return registry->shapes;
}

const siem_database *siem_registry_database(const siem_registry *registry) {
    return &registry->database;
}

const char *siem_registry_id(const siem_registry *registry) {
    return registry->registry_id;
}

siem_inquiry *siem_registry_inquiry(siem_registry *registry) {
    return &registry->inquiry;
}

void siem_registry_set_go_on(siem_registry *registry, siem_registry_go_on go_on, void *context) {
    if (registry != NULL) registry->inquiry = (siem_inquiry){.go_on = go_on, .context = context};
}

/* ---- reading ---- */

siem_code siem_registry_ordering(siem_registry *registry, siem_ordering *ordering,
                                 siem_error *err) {
    if (registry == NULL) return siem_misuse_null(__func__, "registry", err);
    if (ordering == NULL) return siem_misuse_null(__func__, "ordering", err);
    if (!registry->ordered) {
        siem_code rc = siem_database_check_free(&registry->database, __func__, err);
        const siem_range range = {.since = registry->since};
        if (rc == SIEM_OK) {
            rc = siem_ordering_read(&registry->ordering, &registry->database, &range, err);
        }
        if (rc != SIEM_OK) return rc;
        registry->ordered = true;
    }
    *ordering = registry->ordering;
    return SIEM_OK;
}

/* Decides once which way this registry is read, and prepares for its columns. */
static siem_code begin(siem_registry *registry, siem_error *err) {
    siem_ordering ordering;
    const siem_database *database = &registry->database;
    siem_code rc = siem_registry_ordering(registry, &ordering, err);
    if (rc != SIEM_OK) return rc;
    const siem_range range = {.since = registry->since, .last = &registry->ordering.last_id};
    const char *rows = "WHERE id = ?1";
    if (registry->sorted != NULL) {
        rc = SIEM_OK;
    } else if (!ordering.follows) {
        rc = siem_sorted_ids_open(&registry->sorted, database, &range, registry->limit, err);
    } else if (registry->since != NULL) {
        rows = "NOT INDEXED WHERE id > ?1 AND id <= ?2 AND timestamp COLLATE BINARY >= ?3 "
               "ORDER BY id";
    } else {
        rows = "WHERE id > ?1 AND id <= ?2 ORDER BY id";
    }
    if (rc == SIEM_OK) {
        rc = siem_registry_prepare(registry, &registry->statement, registry->shape.selection, rows,
                                   err);
    }
    if (rc == SIEM_OK && ordering.follows) {
        sqlite3_bind_int64(registry->statement, 2, ordering.last_id);
        if (registry->since != NULL) {
            sqlite3_bind_int64(registry->statement, 3, *registry->since);
        }
    }
    return rc;
}

const int64_t *siem_registry_cursor(const siem_registry *registry) {
    return registry->cursor.is_set ? &registry->cursor.id : NULL;
}

static siem_code step_range(siem_registry *registry, siem_error *err) {
    if (!registry->stepping)
        siem_ordering_bind_after(registry->statement, siem_registry_cursor(registry));
    registry->stepping = true;
    return siem_database_step(&registry->database, registry->statement, err);
}

/* An event that was deleted since the ids were sorted is passed over. */
static siem_code step_sorted(siem_registry *registry, siem_error *err) {
    siem_code rc;
    do {
        sqlite3_reset(registry->statement);
        rc = registry->again ? SIEM_OK
                             : siem_sorted_ids_next(registry->sorted, &registry->sorted_id, err);
        if (rc != SIEM_OK) return rc;
        registry->again = false;
        sqlite3_bind_int64(registry->statement, 1, registry->sorted_id);
        registry->stepping = true;
        rc = siem_database_step(&registry->database, registry->statement, err);
    } while (rc == SIEM_END);
    return rc;
}

/* The event that the statement failed at: the one behind the cursor, or the sorted one. */
static bool find_failed(const siem_registry *registry, int64_t *id) {
    sqlite3_stmt *statement = NULL;
    *id = registry->sorted_id;
    if (registry->sorted != NULL) return true;
    if (siem_database_prepare(&registry->database, &statement,
                              "SELECT id FROM events NOT INDEXED WHERE id > ?1 AND "
                              "(?2 IS NULL OR timestamp COLLATE BINARY >= ?2) ORDER BY id LIMIT 1",
                              NULL) != SIEM_OK) {
        return false;
    }
    siem_ordering_bind_after(statement, siem_registry_cursor(registry));
    if (registry->since != NULL) sqlite3_bind_int64(statement, 2, *registry->since);
    bool found = siem_database_step(&registry->database, statement, NULL) == SIEM_OK;
    *id = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return found;
}

bool siem_registry_find_suspect(siem_registry *registry, siem_code rc) {
    int64_t id;
    if (rc != SIEM_IO || !siem_schema_may_be_cause(&registry->database)) return false;
    if (!find_failed(registry, &id)) return false;
    if (registry->has_suspect && registry->suspect == id) return false;
    registry->has_suspect = true;
    registry->suspect = id;
    return true;
}

siem_code siem_registry_load(siem_registry *registry, sqlite3_stmt *statement, siem_error *err) {
    bool blob = false;
    size_t size = 0;
    for (size_t i = 0; i < registry->shape.column_count; i++) {
        siem_value *value = &registry->row[i];
        /* What is not asked for takes no memory; the id is asked for in any case. */
        if (size > (size_t)SIEM_MOST_ROW &&
            sqlite3_column_type(statement, (int)i) != SQLITE_INTEGER) {
            *value = (siem_value){.type = SIEM_NULL};
            continue;
        }
        if (!siem_database_column(statement, (int)i, value, &blob)) {
            return siem_error_no_memory(err);
        }
        if (value->type == SIEM_TEXT) size += value->size;
    }
    siem_event_load(&registry->event, registry->shape.layout, registry->row, blob);
    if (size <= (size_t)SIEM_MOST_ROW) return SIEM_OK;
    return siem_error_set(err, SIEM_SCHEMA,
                          "event %" PRId64 " of '%s' is too large: the values of its row have more "
                          "than %ld MiB. Shorten them, or delete the row",
                          registry->event.row_id, registry->database.path, SIEM_MOST_ROW >> 20);
}

siem_code siem_registry_advance(siem_registry *registry, siem_error *err) {
    siem_cursor *cursor = &registry->cursor;
    siem_code rc = siem_registry_load(registry, registry->statement, err);
    if (rc != SIEM_OK) return rc;
    int64_t id = registry->event.row_id;
    if (cursor->is_set && id <= cursor->id) {
        return siem_database_damaged(&registry->database, err,
                                     "event %" PRId64 " comes after event %" PRId64, id,
                                     cursor->id);
    }
    *cursor = (siem_cursor){.is_set = true, .id = id};
    return SIEM_OK;
}

/* ---- a bounded set of events ---- */

static int64_t count_wanted(const siem_registry *registry, int64_t count) {
    return registry->limit >= 0 && registry->limit < count ? registry->limit : count;
}

/* At the end: fewer events than were counted at the beginning came out when some of them were
 * deleted meanwhile, or when a seek in a damaged file passes over them, which a scan does not. */
static siem_code check_complete(siem_registry *registry, siem_error *err) {
    siem_ordering left;
    if (registry->returned >= count_wanted(registry, registry->ordering.count)) return SIEM_END;
    sqlite3_reset(registry->statement);
    const siem_range range = {.since = registry->since, .last = &registry->ordering.last_id};
    siem_code rc = siem_ordering_read(&left, &registry->database, &range, err);
    if (rc != SIEM_OK) return rc;
    if (registry->returned >= count_wanted(registry, left.count)) return SIEM_END;
    return siem_database_damaged(&registry->database, err,
                                 "only %" PRId64 " of %" PRId64 " events can be found by their ids",
                                 registry->returned, left.count);
}

static siem_code step(siem_registry *registry, siem_error *err) {
    if (registry->returned >= count_wanted(registry, registry->ordering.count)) return SIEM_END;
    return registry->sorted != NULL ? step_sorted(registry, err) : step_range(registry, err);
}

static siem_code next_of_all(siem_registry *registry, siem_event **event, siem_error *err) {
    siem_code rc = SIEM_OK;
    if (registry->ended) return SIEM_END;
    if (registry->statement == NULL && (rc = begin(registry, err)) != SIEM_OK) return rc;
    rc = step(registry, err);
    if (siem_registry_find_suspect(registry, rc)) {
        siem_registry_forget_shape(registry);
        registry->stepping = false;
        registry->again = registry->sorted != NULL;
        rc = siem_registry_read_shape(registry, err);
        if (rc == SIEM_OK) return next_of_all(registry, event, err);
    }
    if (rc == SIEM_OK) {
        rc = registry->sorted != NULL ? siem_registry_load(registry, registry->statement, err)
                                      : siem_registry_advance(registry, err);
    } else if (rc == SIEM_END) {
        rc = check_complete(registry, err);
    }
    if (rc != SIEM_OK) {
        registry->ended = rc == SIEM_END;
        siem_registry_release(registry);
        return rc;
    }
    registry->returned++;
    *event = &registry->event;
    return SIEM_OK;
}

siem_code siem_registry_next(siem_registry *registry, siem_event **event, siem_error *err) {
    if (event == NULL) return siem_misuse_null(__func__, "event", err);
    *event = NULL;
    if (registry == NULL) return siem_misuse_null(__func__, "registry", err);
    siem_code rc = siem_database_check_free(&registry->database, __func__, err);
    if (rc != SIEM_OK) return rc;
    return registry->follow ? siem_registry_next_of_followed(registry, event, err)
                            : next_of_all(registry, event, err);
}

void siem_registry_rewind(siem_registry *registry) {
    if (registry == NULL) return;
    siem_registry_release(registry);
    registry->cursor = (siem_cursor){.is_set = false};
    if (registry->follow || registry->statement == NULL) return; /* the ordering is still fresh */
    sqlite3_finalize(registry->statement);
    siem_sorted_ids_close(registry->sorted);
    registry->statement = NULL;
    registry->sorted = NULL;
    registry->ended = registry->ordered = registry->again = false;
    registry->returned = 0;
}

void siem_registry_release(siem_registry *registry) {
    if (registry == NULL || (!registry->stepping && !registry->follow)) return;
    if (registry->statement != NULL) sqlite3_reset(registry->statement);
    if (registry->follow) siem_registry_end_round(registry);
    registry->stepping = false;
}
