/* registry.c: the event source, in pages that never hold up the registry's writer. */
#include "registry.h"

#include "access.h"
#include "error.h"
#include "event.h"
#include "misuse.h"
#include "ordering.h"
#include "registry_id.h"
#include "shape.h"
#include "watch.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

struct siem_registry {
    siem_database database;
    siem_query *queries; /* a list */
    char *registry_id;
    int64_t since_value;
    const int64_t *since; /* &since_value, or NULL for all events */
    int64_t limit;        /* negative: all */
    siem_shape shape;
    unsigned shapes; /* that were read so far */
    bool has_suspect;
    int64_t suspect; /* the last event for which a computed column failed */
    siem_value *row; /* a value a column */
    siem_event event;
    bool ordered; /* ordering is known */
    siem_ordering ordering;
    siem_sorted_ids *sorted; /* when timestamps do not follow ids */
    sqlite3_stmt *statement; /* over a range of ids, or over one id when `sorted` */
    bool stepping;           /* the statement holds a read transaction */
    int64_t
        next_id; /* where the range begins anew after a release; the sorted id that was read last */
    bool again;  /* that one is read again */
    int64_t returned; /* events so far */
    bool ended;
    /* ---- of a registry that is followed ---- */
    bool follow;
    bool broken;    /* reading failed: the connection is made anew */
    bool idle;      /* it could not be, as no program has the registry open */
    int64_t cursor; /* the id of the event that was read last */
    uint64_t print; /* its own, or 0 */
    siem_watch watch;
    int64_t schema_version; /* SQLite's number of the schema that the shape was read from */
};

/* ---- shape ---- */

/* Reads what the table looks like, and makes room for its rows. */
static siem_code read_shape(siem_registry *registry, siem_error *err) {
    siem_shape *shape = &registry->shape;
    siem_code rc = siem_shape_read(shape, &registry->database, registry->follow,
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

/* Prepares a SELECT of columns as the shape lists them, from `events` on as `rest` says. */
static siem_code prepare_rows(const siem_registry *registry, sqlite3_stmt **out,
                              const char *columns, const char *rest, siem_error *err) {
    char *sql = sqlite3_mprintf("SELECT %s FROM events %s", columns, rest);
    if (sql == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_database_prepare(&registry->database, out, sql, err);
    sqlite3_free(sql);
    return rc;
}

static void forget_shape(siem_registry *registry) {
    sqlite3_finalize(registry->statement);
    registry->statement = NULL;
    siem_event_release(&registry->event);
    registry->event = (siem_event){0};
    free(registry->row);
    registry->row = NULL;
    siem_shape_free(&registry->shape);
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
    registry->cursor = INT64_MIN;
    registry->since_value = options->since;
    if (options->has_since) registry->since = &registry->since_value;
    registry->registry_id = strdup(options->registry_id);
    rc = registry->registry_id != NULL ? SIEM_OK : siem_error_no_memory(err);
    if (rc == SIEM_OK) {
        rc = siem_database_open(&registry->database, options->path, options->busy_timeout_ms, err);
    }
    if (rc == SIEM_OK) rc = read_shape(registry, err);
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
    forget_shape(registry);
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

/* ---- reading ---- */

siem_code siem_registry_ordering(siem_registry *registry, siem_ordering *ordering,
                                 siem_error *err) {
    if (registry == NULL) return siem_misuse_null(__func__, "registry", err);
    if (ordering == NULL) return siem_misuse_null(__func__, "ordering", err);
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

/* Decides once which way this registry is read, and prepares for its columns. */
static siem_code begin(siem_registry *registry, siem_error *err) {
    siem_ordering ordering;
    const siem_database *database = &registry->database;
    siem_code rc = siem_registry_ordering(registry, &ordering, err);
    if (rc != SIEM_OK) return rc;
    const char *rows = "WHERE id = ?1";
    if (registry->sorted != NULL) {
        rc = SIEM_OK;
    } else if (!ordering.follows) {
        rc = siem_sorted_ids_open(&registry->sorted, database, registry->since, registry->limit,
                                  err);
    } else if (registry->since != NULL) {
        rows = "NOT INDEXED WHERE id >= ?1 AND id <= ?2 AND timestamp COLLATE BINARY >= ?3 "
               "ORDER BY id";
    } else {
        rows = "WHERE id >= ?1 AND id <= ?2 ORDER BY id";
    }
    if (rc == SIEM_OK) {
        rc = prepare_rows(registry, &registry->statement, registry->shape.selection, rows, err);
    }
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
        id = registry->next_id;
        rc = registry->again ? SIEM_OK : siem_sorted_ids_next(registry->sorted, &id, err);
        if (rc != SIEM_OK) return rc;
        registry->again = false;
        registry->next_id = id;
        sqlite3_bind_int64(registry->statement, 1, id);
        registry->stepping = true;
        rc = siem_database_step(&registry->database, registry->statement, err);
    } while (rc == SIEM_END);
    return rc;
}

/* After a failed step: a computed column of the site can fail for one row alone, as json_extract
 * does for what is not JSON. True when the columns are to be looked at again, with that row. */
static bool find_suspect(siem_registry *registry, siem_code rc) {
    bool fails = rc == SIEM_IO && registry->cursor < INT64_MAX &&
                 (sqlite3_errcode(registry->database.connection) & 0xff) == SQLITE_ERROR;
    sqlite3_stmt *statement = NULL;
    if (!fails || siem_database_prepare(&registry->database, &statement,
                                        "SELECT id FROM events NOT INDEXED WHERE id >= ?1 AND "
                                        "(?2 IS NULL OR timestamp COLLATE BINARY >= ?2) "
                                        "ORDER BY id LIMIT 1",
                                        NULL) != SIEM_OK) {
        return false;
    }
    sqlite3_bind_int64(statement, 1, registry->follow ? registry->cursor + 1 : registry->next_id);
    if (registry->since != NULL) sqlite3_bind_int64(statement, 2, *registry->since);
    bool found = siem_database_step(&registry->database, statement, NULL) == SIEM_OK;
    int64_t id = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    if (!found || (registry->has_suspect && registry->suspect == id)) return false;
    registry->has_suspect = true;
    registry->suspect = id;
    return true;
}

static void load_row(siem_registry *registry, sqlite3_stmt *statement) {
    bool blob = false;
    for (size_t i = 0; i < registry->shape.column_count; i++) {
        siem_database_column(statement, (int)i, &registry->row[i], &blob);
    }
    siem_event_load(&registry->event, registry->shape.layout, registry->row, blob);
}

/* ---- following ---- */

static siem_code run(siem_registry *registry, const char *sql, siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_database_prepare(&registry->database, &statement, sql, err);
    if (rc == SIEM_OK) rc = siem_database_step(&registry->database, statement, err);
    sqlite3_finalize(statement);
    return rc == SIEM_END ? SIEM_OK : rc;
}

/* A query's one number; SIEM_END: there is none. */
static siem_code read_number(const siem_registry *registry, const char *sql, int64_t *number,
                             siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_database_prepare(&registry->database, &statement, sql, err);
    if (rc == SIEM_OK) rc = siem_database_step(&registry->database, statement, err);
    if (rc == SIEM_OK) *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc;
}

/* SQLite keeps the largest id that was ever given. When it is smaller than one that was read, the
 * file has lost its end: it was restored from an older copy, and gives ids again. */
static siem_code check_ids(const siem_registry *registry, siem_error *err) {
    int64_t largest = 0;
    siem_code rc = read_number(
        registry, "SELECT seq FROM sqlite_sequence WHERE name = 'events' COLLATE NOCASE", &largest,
        err);
    if (rc != SIEM_OK && rc != SIEM_END) return rc;
    if (registry->cursor <= 0 || largest >= registry->cursor) return SIEM_OK;
    return siem_error_set(err, SIEM_HELD,
                          "the ids of the registry '%s' went back: it has given %" PRId64
                          ", and event %" PRId64 " was read before (was it restored from a "
                          "backup?). Say from where on its events are new with 'checkpoint set', "
                          "or begin anew with 'checkpoint reset'",
                          registry->database.path, largest, registry->cursor);
}

siem_code siem_registry_check_event(siem_registry *registry, int64_t id, uint64_t print,
                                    siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = prepare_rows(registry, &statement, registry->shape.own, "WHERE id = ?1", err);
    if (rc != SIEM_OK) return rc;
    sqlite3_bind_int64(statement, 1, id);
    rc = siem_database_step(&registry->database, statement, err);
    if (rc == SIEM_OK) {
        load_row(registry, statement);
        if (siem_event_print(&registry->event) != print) {
            rc = siem_error_set(err, SIEM_HELD,
                                "event %" PRId64 " of the registry '%s' is not the one that was "
                                "read before: the registry was restored or made anew. Say from "
                                "where on its events are new with 'checkpoint set', or begin anew "
                                "with 'checkpoint reset'",
                                id, registry->database.path);
        }
    }
    sqlite3_finalize(statement);
    return rc == SIEM_END ? SIEM_OK : rc; /* deleted: nothing tells */
}

/* Columns may have been added since the last round. */
static siem_code refresh_shape(siem_registry *registry, siem_error *err) {
    int64_t version = 0;
    const char *rows = registry->since != NULL
                           ? "NOT INDEXED WHERE id > ?1 AND timestamp COLLATE BINARY >= ?2 "
                             "ORDER BY id"
                           : "WHERE id > ?1 ORDER BY id";
    siem_code rc = read_number(registry, "PRAGMA schema_version", &version, err);
    if (rc != SIEM_OK || (registry->statement != NULL && version == registry->schema_version)) {
        return rc;
    }
    forget_shape(registry);
    rc = read_shape(registry, err);
    if (rc == SIEM_OK) {
        rc = prepare_rows(registry, &registry->statement, registry->shape.selection, rows, err);
    }
    if (rc != SIEM_OK) return rc;
    if (registry->since != NULL) sqlite3_bind_int64(registry->statement, 2, *registry->since);
    registry->schema_version = version;
    return SIEM_OK;
}

/* Opens the file anew after a failure; it must still be the same one. */
static siem_code reconnect(siem_registry *registry, siem_error *err) {
    siem_database database;
    siem_identity file = registry->watch.file;
    siem_code rc = siem_database_open(&database, registry->database.path,
                                      registry->database.busy_timeout_ms, err);
    registry->idle = rc == SIEM_IDLE;
    if (rc != SIEM_OK) return rc;
    forget_shape(registry);
    siem_watch_close(&registry->watch);
    siem_database_close(&registry->database);
    registry->database = database;
    rc = siem_watch_open(&registry->watch, &registry->database, err);
    registry->watch.file = file; /* also after a failure: the next attempt compares with it */
    if (rc != SIEM_OK) return rc;
    if ((rc = siem_watch_check(&registry->watch, err)) == SIEM_OK) registry->broken = false;
    return rc;
}

/* Begins a read transaction, in which shape, ids and rows belong together. */
static siem_code begin_round(siem_registry *registry, siem_error *err) {
    siem_code rc = registry->broken ? reconnect(registry, err) : SIEM_OK;
    if (rc == SIEM_OK) rc = siem_watch_mark(&registry->watch, err);
    if (rc == SIEM_OK) rc = run(registry, "BEGIN", err);
    if (rc == SIEM_OK) rc = refresh_shape(registry, err);
    if (rc == SIEM_OK) rc = check_ids(registry, err);
    if (rc == SIEM_OK && registry->print != 0) {
        rc = siem_registry_check_event(registry, registry->cursor, registry->print, err);
    }
    if (rc != SIEM_OK) return rc;
    sqlite3_bind_int64(registry->statement, 1, registry->cursor);
    registry->stepping = true;
    return SIEM_OK;
}

/* At the end: what is behind the cursor and older than `since` is not looked at again. */
static siem_code pass_over_old(siem_registry *registry, siem_error *err) {
    int64_t largest = registry->cursor;
    siem_code rc = read_number(registry, "SELECT max(id) FROM events", &largest, err);
    if (rc != SIEM_OK) return rc;
    if (largest > registry->cursor) {
        registry->cursor = largest;
        registry->print = 0;
    }
    return SIEM_END;
}

/* The next event behind the cursor. SIEM_END is the end for now. */
static siem_code next_of_followed(siem_registry *registry, siem_event **event, siem_error *err) {
    siem_code rc = registry->stepping ? SIEM_OK : begin_round(registry, err);
    if (rc == SIEM_OK) rc = siem_database_step(&registry->database, registry->statement, err);
    if (rc == SIEM_END && registry->since != NULL) rc = pass_over_old(registry, err);
    if (find_suspect(registry, rc)) {
        siem_registry_release(registry);
        forget_shape(registry);
        return next_of_followed(registry, event, err);
    }
    if (rc != SIEM_OK) {
        registry->broken = registry->broken || rc == SIEM_IO;
        siem_registry_release(registry);
        return rc;
    }
    load_row(registry, registry->statement);
    registry->cursor = registry->event.row_id;
    registry->print = registry->event.print = siem_event_print(&registry->event);
    *event = &registry->event;
    return SIEM_OK;
}

void siem_registry_seek_event(siem_registry *registry, int64_t id, uint64_t print) {
    siem_registry_release(registry);
    registry->cursor = id;
    registry->print = print;
}

void siem_registry_seek(siem_registry *registry, int64_t id) {
    if (registry != NULL) siem_registry_seek_event(registry, id, 0);
}

static siem_code check_followed(const siem_registry *registry, const char *function,
                                siem_error *err) {
    if (registry == NULL) return siem_misuse_null(function, "registry", err);
    if (registry->follow) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "%s: the registry is not followed: open it with follow = true", function);
}

siem_code siem_registry_wait(siem_registry *registry, int milliseconds, siem_error *err) {
    siem_code rc = check_followed(registry, __func__, err);
    if (rc != SIEM_OK) return rc;
    if (milliseconds < 0) {
        return siem_error_set(err, SIEM_INVALID, "%s: milliseconds is negative: give 0 or more",
                              __func__);
    }
    siem_registry_release(registry);
    if (registry->idle) {
        return siem_access_await(registry->database.path, milliseconds) ? SIEM_OK : SIEM_END;
    }
    if (registry->broken) return SIEM_OK; /* the next read tells */
    rc = siem_watch_wait(&registry->watch, milliseconds, err);
    registry->broken = rc == SIEM_IO;
    return rc;
}

bool siem_registry_await(const char *path, int milliseconds) {
    return path != NULL && siem_access_await(path, milliseconds);
}

siem_code siem_registry_lag(siem_registry *registry, int64_t id, siem_lag *lag, siem_error *err) {
    const char *const sql =
        "SELECT (SELECT max(id) FROM events), (SELECT timestamp FROM events WHERE id > ?1 AND "
        "typeof(timestamp) IN ('integer', 'real') ORDER BY id LIMIT 1)";
    sqlite3_stmt *statement = NULL;
    siem_code rc = check_followed(registry, __func__, err);
    if (rc != SIEM_OK) return rc;
    if (lag == NULL) return siem_misuse_null(__func__, "lag", err);
    /* What nobody waits for does not wait for a lock, either. */
    (void)sqlite3_busy_timeout(registry->database.connection, 0);
    rc = siem_database_prepare(&registry->database, &statement, sql, err);
    if (rc == SIEM_OK) {
        sqlite3_bind_int64(statement, 1, id);
        rc = siem_database_step(&registry->database, statement, err);
    }
    if (rc == SIEM_OK) {
        int64_t largest = sqlite3_column_int64(statement, 0);
        bool waits = sqlite3_column_type(statement, 1) != SQLITE_NULL;
        double since = waits ? sqlite3_column_double(statement, 1) : INFINITY;
        *lag = (siem_lag){.events = largest > id ? largest - id : 0,
                          .seconds = fmax(0, (double)time(NULL) - since)};
    }
    sqlite3_finalize(statement);
    (void)sqlite3_busy_timeout(registry->database.connection, registry->database.busy_timeout_ms);
    return rc;
}

bool siem_registry_is_followed(const siem_registry *registry) {
    return registry->follow;
}

siem_identity siem_registry_identity(const siem_registry *registry) {
    return registry->watch.file;
}

/* The next of a bounded set of events. */
static siem_code next_of_all(siem_registry *registry, siem_event **event, siem_error *err) {
    siem_code rc = SIEM_OK;
    if (registry->ended) {
        siem_registry_release(registry);
        return SIEM_END;
    }
    if (registry->statement == NULL && (rc = begin(registry, err)) != SIEM_OK) return rc;
    bool full = registry->ordering.count == 0 ||
                (registry->limit >= 0 && registry->returned >= registry->limit);
    if (full) rc = SIEM_END;
    else rc = registry->sorted != NULL ? step_sorted(registry, err) : step_range(registry, err);
    if (find_suspect(registry, rc)) {
        forget_shape(registry);
        registry->stepping = false;
        registry->again = registry->sorted != NULL;
        if ((rc = read_shape(registry, err)) == SIEM_OK) return next_of_all(registry, event, err);
    }
    if (rc != SIEM_OK) {
        registry->ended = rc == SIEM_END;
        siem_registry_release(registry);
        return rc;
    }
    load_row(registry, registry->statement);
    registry->returned++;
    if (registry->event.row_id == registry->ordering.last_id && registry->sorted == NULL) {
        registry->ended = true;
    } else {
        registry->next_id = registry->event.row_id + 1;
    }
    *event = &registry->event;
    return SIEM_OK;
}

siem_code siem_registry_next(siem_registry *registry, siem_event **event, siem_error *err) {
    if (event == NULL) return siem_misuse_null(__func__, "event", err);
    *event = NULL;
    if (registry == NULL) return siem_misuse_null(__func__, "registry", err);
    return registry->follow ? next_of_followed(registry, event, err)
                            : next_of_all(registry, event, err);
}

void siem_registry_rewind(siem_registry *registry) {
    if (registry == NULL) return;
    if (registry->follow) {
        siem_registry_seek_event(registry, INT64_MIN, 0);
        return;
    }
    if (registry->statement == NULL) return; /* nothing was read: the ordering is still fresh */
    sqlite3_finalize(registry->statement);
    siem_sorted_ids_close(registry->sorted);
    registry->statement = NULL;
    registry->sorted = NULL;
    registry->stepping = registry->ended = registry->ordered = registry->again = false;
    registry->returned = 0;
}

void siem_registry_release(siem_registry *registry) {
    if (registry == NULL || (!registry->stepping && !registry->follow)) return;
    if (registry->statement != NULL) sqlite3_reset(registry->statement);
    if (registry->follow && sqlite3_get_autocommit(registry->database.connection) == 0) {
        (void)run(registry, "COMMIT", NULL);
    }
    registry->stepping = false;
}
