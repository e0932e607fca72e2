/* tail.c: reads the events that are added to a registry, in rounds, as long as it is the same file.
 */
#include "base/error.h"
#include "base/misuse.h"
#include "source/access.h"
#include "source/continuity.h"
#include "source/registry_state.h"

#include <math.h>
#include <time.h>

/* Opens the file again after a failure; it must still be the same one. */
static siem_code reconnect(siem_registry *registry, siem_error *err) {
    siem_database database;
    const siem_identity *file = &registry->origin.file;
    siem_code rc = siem_database_open(&database, registry->origin.path,
                                      registry->origin.busy_timeout_ms, &registry->inquiry, err);
    registry->idle = rc == SIEM_IDLE;
    if (rc != SIEM_OK) return rc;
    siem_reader_disconnect(registry->reader);
    siem_watch_close(&registry->watch);
    siem_database_close(&registry->database);
    registry->database = database;
    registry->is_checked = false;
    rc = siem_watch_open(&registry->watch, &registry->database, file, err);
    if (rc == SIEM_OK) rc = siem_database_check_file(&registry->database, file, err);
    if (rc == SIEM_OK) registry->broken = false;
    return rc;
}

/* The id after which reading continues; NULL: before all events. */
static const int64_t *after_cursor(const siem_registry *registry) {
    return registry->cursor.is_set ? &registry->cursor.id : NULL;
}

/* Once for a connection, before its first event: in a file whose ids do not grow, the cursor would
 * pass over events. */
static siem_code check_growth(siem_registry *registry, siem_error *err) {
    siem_ordering ignored;
    const siem_range range = {.after = after_cursor(registry)};
    if (registry->is_checked) return SIEM_OK;
    siem_code rc = siem_ordering_read(&ignored, NULL, &registry->database, &range, err);
    registry->is_checked = rc == SIEM_OK;
    return rc;
}

/* Begins a read transaction, and checks that what comes after the cursor continues what was read.
 */
static siem_code hold(siem_registry *registry, siem_error *err) {
    const siem_cursor *cursor = &registry->cursor;
    const siem_position position = {.id = cursor->is_set ? cursor->id : 0,
                                    .fingerprint = cursor->fingerprint};
    siem_code rc = registry->broken ? reconnect(registry, err) : SIEM_OK;
    if (rc == SIEM_OK) rc = siem_watch_mark(&registry->watch, err);
    if (rc == SIEM_OK) rc = siem_reader_hold(registry->reader, err);
    if (rc == SIEM_OK) {
        rc = siem_registry_check_position(registry, &registry->origin.file, &position, NULL, err);
    }
    return rc == SIEM_OK ? check_growth(registry, err) : rc;
}

/* Finds the last id of what is there, and that reading goes on to. SIEM_END: it is empty. */
static siem_code find_end(siem_registry *registry, siem_error *err) {
    siem_code rc = siem_database_read_number(&registry->database,
                                             "SELECT id FROM events ORDER BY id DESC LIMIT 1",
                                             &registry->round_end, err);
    if (rc == SIEM_END) registry->round_end = INT64_MIN;
    if (rc != SIEM_OK && rc != SIEM_END) return rc;
    siem_code looked =
        siem_finish_look(&registry->finish, &registry->database, registry->origin.filter,
                         &registry->cursor, &registry->round_end, err);
    return looked == SIEM_OK ? rc : looked;
}

/* A round reads what is there by then. */
static siem_code begin_round(siem_registry *registry, siem_error *err) {
    siem_slice round = {.after = registry->cursor, .suspect = registry->suspect};
    siem_code rc = hold(registry, err);
    if (rc == SIEM_OK) rc = find_end(registry, err);
    if (rc != SIEM_OK) return rc;
    round.last = registry->round_end;
    siem_reader_begin(registry->reader, &round);
    registry->in_round = true;
    return SIEM_OK;
}

/* After a failure of its connection, it is opened again. */
static siem_code end_round(siem_registry *registry, siem_code rc) {
    registry->broken = registry->broken || rc == SIEM_IO;
    siem_registry_release(registry);
    return rc;
}

/* At the end: what comes after the cursor and is not selected is not looked at again. */
static void pass_by(siem_registry *registry) {
    siem_cursor *cursor = &registry->cursor;
    if (!registry->in_round || registry->origin.filter == NULL) return;
    if (cursor->is_set && registry->round_end <= cursor->id) return;
    if (!registry->has_passed) registry->passed = cursor->is_set ? cursor->id : INT64_MIN;
    registry->has_passed = true;
    *cursor = (siem_cursor){.is_set = true, .id = registry->round_end};
}

/* The next event after the cursor. SIEM_END is the end for now. */
siem_code siem_registry_next_of_followed(siem_registry *registry, siem_event **event,
                                         siem_error *err) {
    siem_code rc = registry->in_round ? SIEM_OK : begin_round(registry, err);
    if (rc == SIEM_OK) rc = siem_reader_next(registry->reader, event, err);
    registry->suspect = siem_reader_suspect(registry->reader);
    if (rc == SIEM_END) pass_by(registry);
    registry->source.is_over = rc == SIEM_END && registry->finish.is_found;
    if (rc != SIEM_OK) return end_round(registry, rc);
    const siem_event *read = *event;
    registry->has_passed = false;
    registry->cursor =
        (siem_cursor){.is_set = true, .id = read->row_id, .fingerprint = read->fingerprint};
    return SIEM_OK;
}

siem_code siem_registry_slice_followed(siem_registry *registry, siem_error *err) {
    siem_range range = {.filter = registry->origin.filter, .after = after_cursor(registry)};
    siem_registry_release(registry);
    siem_code rc = hold(registry, err);
    if (rc == SIEM_OK) rc = find_end(registry, err);
    if (rc == SIEM_END) rc = SIEM_OK; /* it is empty, and has no slice */
    if (registry->finish.is_found) range.last = &registry->finish.last;
    if (rc == SIEM_OK) {
        rc = siem_slices_open(&registry->slices, &registry->origin, &registry->database, &range, -1,
                              registry->threads, err);
    }
    return end_round(registry, rc);
}

void siem_registry_seek_event(siem_registry *registry, int64_t id, uint64_t fingerprint) {
    siem_registry_release(registry);
    siem_registry_drop_slices(registry);
    registry->has_passed = false;
    registry->cursor = (siem_cursor){.is_set = true, .id = id, .fingerprint = fingerprint};
}

void siem_registry_seek(siem_registry *registry, int64_t id) {
    if (registry == NULL) return;
    if (id != 0) siem_registry_seek_event(registry, id, 0);
    else siem_registry_rewind(registry);
}

static siem_code check_followed(const siem_registry *registry, const char *function,
                                siem_error *err) {
    if (registry == NULL) return siem_misuse_null(function, "registry", err);
    if (registry->origin.follow) return SIEM_OK;
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
    if ((rc = siem_database_check_free(&registry->database, __func__, err)) != SIEM_OK) return rc;
    siem_registry_release(registry);
    if (registry->idle) {
        return siem_access_await(registry->origin.path, milliseconds) ? SIEM_OK : SIEM_END;
    }
    if (registry->broken) return SIEM_OK; /* the next read reports it */
    rc = siem_watch_wait(&registry->watch, milliseconds, err);
    registry->broken = rc == SIEM_IO;
    return rc;
}

bool siem_registry_await(const char *path, int milliseconds) {
    return path != NULL && siem_access_await(path, milliseconds);
}

/* How many ids there are after one up to another one, as far as 64 bits hold that. */
static int64_t count_between(int64_t id, int64_t largest) {
    uint64_t count = largest > id ? (uint64_t)largest - (uint64_t)id : 0;
    return count < INT64_MAX ? (int64_t)count : INT64_MAX;
}

/* Where the lag of somebody who has the events up to `id` begins: what reading has passed by is not
 * left for anybody. */
static int64_t begin_lag(const siem_registry *registry, int64_t id) {
    const siem_cursor *cursor = &registry->cursor;
    bool is_passed = registry->has_passed && id >= registry->passed && id < cursor->id;
    return is_passed ? cursor->id : id;
}

/* The first one of few events that are selected and have a time, of the years that events have: it
 * is looked up while others wait. */
static siem_code prepare_lag(const siem_registry *registry, sqlite3_stmt **out, siem_error *err) {
    const char *filter = registry->origin.filter;
    char *sql = sqlite3_mprintf(
        "SELECT (SELECT max(id) FROM events), (SELECT timestamp FROM events WHERE id > ?1 AND "
        "id <= (SELECT max(id) FROM (SELECT id FROM events WHERE id > ?1 ORDER BY id LIMIT 1000)) "
        "AND typeof(timestamp) IN ('integer', 'real') "
        "AND timestamp BETWEEN -62135596800 AND 253402300799 AND (%s) ORDER BY id LIMIT 1)",
        filter != NULL ? filter : "1");
    if (sql == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_database_prepare(&registry->database, out, sql, err);
    sqlite3_free(sql);
    return rc;
}

static siem_code read_lag(const siem_registry *registry, int64_t id, siem_lag *lag,
                          siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = prepare_lag(registry, &statement, err);
    id = begin_lag(registry, id);
    if (rc == SIEM_OK) {
        sqlite3_bind_int64(statement, 1, id);
        rc = siem_database_step(&registry->database, statement, err);
    }
    if (rc == SIEM_OK) {
        bool is_empty = sqlite3_column_type(statement, 0) == SQLITE_NULL;
        int64_t largest = is_empty ? id : sqlite3_column_int64(statement, 0);
        bool waits = sqlite3_column_type(statement, 1) != SQLITE_NULL;
        double since = waits ? sqlite3_column_double(statement, 1) : INFINITY;
        *lag = (siem_lag){.events = count_between(id, largest),
                          .seconds = fmax(0, (double)time(NULL) - since)};
    }
    sqlite3_finalize(statement);
    return rc;
}

siem_code siem_registry_lag(siem_registry *registry, int64_t id, siem_lag *lag, siem_error *err) {
    siem_code rc = check_followed(registry, __func__, err);
    if (rc != SIEM_OK) return rc;
    if (lag == NULL) return siem_misuse_null(__func__, "lag", err);
    rc = siem_database_check_free(&registry->database, __func__, err);
    return rc == SIEM_OK ? read_lag(registry, id, lag, err) : rc;
}

siem_code siem_registry_lag_at_once(siem_registry *registry, int64_t id, siem_lag *lag) {
    (void)sqlite3_busy_timeout(registry->database.connection, 0);
    siem_code rc = siem_registry_lag(registry, id, lag, NULL);
    (void)sqlite3_busy_timeout(registry->database.connection, registry->database.busy_timeout_ms);
    return rc;
}

bool siem_registry_is_followed(const siem_registry *registry) {
    return registry->origin.follow;
}
