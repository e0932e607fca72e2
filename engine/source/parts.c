/* parts.c: the ids are divided, each part is scanned by whichever thread is free, and the results
 * are joined.
 *
 * In a damaged file, a seek can pass over events that a scan finds, so each part ends with a row
 * that it must reach, and with which the next one begins. */
#include "source/parts.h"

#include "base/thread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define PARTS_OF_THREAD 8 /* so that threads end at about the same time */
#define MOST_THREADS    64
#define LEAST_IDS       ((uint64_t)1 << 16)
#define ASK_NS          100000000L /* between two questions whether to go on */

typedef struct part {
    int64_t after, last; /* the range of ids, where it is not open */
    siem_ordering ordering;
    siem_bounds bounds;
    bool is_read;
} part;

typedef struct parts {
    const siem_origin *origin;
    const siem_range *range;
    part *list;
    size_t count;
    atomic_size_t next;      /* that no thread has taken */
    atomic_bool is_stopping; /* as a part failed, or it was asked for */
    bool is_cancelled;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t ended; /* a thread has */
    size_t running;       /* threads beside the calling one */
} parts;

/* ---- dividing ---- */

static bool find_id(const siem_database *database, const char *order, const siem_range *range,
                    int64_t *id) {
    sqlite3_stmt *statement = NULL;
    if (siem_range_prepare(&statement, database, range, "SELECT id", order, NULL) != SIEM_OK) {
        return false;
    }
    bool is_found = siem_database_step(database, statement, NULL) == SIEM_OK;
    if (is_found) *id = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return is_found;
}

/* Ends a part with the first row at or after `id`, and begins the next one with it. */
static bool divide_at(parts *p, const siem_database *database, int64_t id) {
    const int64_t before = id - 1;
    siem_range rest = *p->range;
    part *at = &p->list[p->count - 1];
    rest.after = &before;
    if (!find_id(database, "ORDER BY id LIMIT 1", &rest, &at->last)) return false;
    p->list[p->count++].after = at->last - 1;
    return true;
}

static bool divide(parts *p, const siem_database *database, size_t count) {
    int64_t first, last;
    if (!find_id(database, "ORDER BY id LIMIT 1", p->range, &first) ||
        !find_id(database, "ORDER BY id DESC LIMIT 1", p->range, &last)) {
        return false;
    }
    uint64_t ids = (uint64_t)last - (uint64_t)first;
    p->count = 1;
    if (ids < LEAST_IDS) return false;
    for (size_t i = 1; i < count; i++) {
        if (!divide_at(p, database, (int64_t)((uint64_t)first + ids / count * i))) return false;
    }
    return true;
}

/* ---- scanning ---- */

static bool goes_on(void *context) {
    return !atomic_load(&((parts *)context)->is_stopping);
}

static bool read_part(parts *p, size_t number, const siem_database *database) {
    part *at = &p->list[number];
    siem_range range = *p->range;
    if (number > 0) range.after = &at->after;
    if (number + 1 < p->count) range.last = &at->last;
    siem_code rc =
        number == 0 ? siem_ordering_read(&at->ordering, &at->bounds, database, &range, NULL)
                    : siem_ordering_read_part(&at->ordering, &at->bounds, database, &range, NULL);
    at->is_read = rc == SIEM_OK;
    return at->is_read;
}

/* Reads parts until there is none, or one fails. */
static void read_parts(parts *p, const siem_database *database) {
    size_t number;
    while (goes_on(p) && (number = atomic_fetch_add(&p->next, 1)) < p->count) {
        if (!read_part(p, number, database)) atomic_store(&p->is_stopping, true);
    }
}

/* On the calling thread, between statements. */
static void ask(parts *p, const siem_database *database) {
    if (siem_database_goes_on(database)) return;
    p->is_cancelled = true;
    atomic_store(&p->is_stopping, true);
}

/* With a connection of its own. Without one, the other threads read all parts. */
static void connect_and_read(parts *p) {
    siem_database database;
    siem_inquiry inquiry = {.go_on = goes_on, .context = p};
    const siem_origin *origin = p->origin;
    if (siem_database_open(&database, origin->path, origin->busy_timeout_ms, &inquiry, NULL) !=
        SIEM_OK) {
        return;
    }
    if (siem_database_check_file(&database, &origin->file, NULL) == SIEM_OK) {
        read_parts(p, &database);
    }
    siem_database_close(&database);
}

static void *work(void *context) {
    parts *p = context;
    connect_and_read(p);
    (void)pthread_mutex_lock(&p->lock);
    p->running--;
    (void)pthread_cond_signal(&p->ended);
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Waits for the other threads, and asks meanwhile whether to go on. */
static void wait_for_others(parts *p, const siem_database *database) {
    struct timespec until;
    (void)pthread_mutex_lock(&p->lock);
    while (p->running > 0) {
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += ASK_NS;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&p->ended, &p->lock, &until);
        (void)pthread_mutex_unlock(&p->lock);
        ask(p, database);
        (void)pthread_mutex_lock(&p->lock);
    }
    (void)pthread_mutex_unlock(&p->lock);
}

static void read_all(parts *p, const siem_database *database, size_t threads) {
    pthread_t others[MOST_THREADS];
    size_t started = 0;
    p->running = threads - 1;
    while (started + 1 < threads && siem_thread_start(&others[started], work, p) == 0) started++;
    (void)pthread_mutex_lock(&p->lock);
    p->running -= threads - 1 - started; /* fewer do as well */
    (void)pthread_mutex_unlock(&p->lock);
    ask(p, database);
    read_parts(p, database);
    wait_for_others(p, database);
    for (size_t i = 0; i < started; i++) (void)pthread_join(others[i], NULL);
}

/* ---- joining ---- */

/* Adds what a part has found to what those before it have. */
static bool add_bounds(siem_bounds *bounds, const part *at, int64_t events) {
    for (size_t i = 0; i < at->bounds.count; i++) {
        const siem_bound bound = at->bounds.list[i];
        if (!siem_bounds_add(bounds, (siem_bound){bound.id, events + bound.events})) return false;
    }
    const siem_bound end = {at->ordering.last_id, events + at->ordering.count};
    bool is_there = bounds->count > 0 && bounds->list[bounds->count - 1].events == end.events;
    return is_there || end.events == 0 || siem_bounds_add(bounds, end);
}

static bool join(const parts *p, siem_ordering *out, siem_bounds *bounds) {
    *out = p->list[0].ordering;
    for (size_t i = 0; i < p->count; i++) {
        const part *at = &p->list[i];
        const siem_ordering *found = &at->ordering;
        bool is_joined = i == 0 || found->first_id == out->last_id;
        if (i + 1 < p->count) is_joined = is_joined && found->last_id == at->last;
        if (!at->is_read || !is_joined || !add_bounds(bounds, at, i == 0 ? 0 : out->count)) {
            return false;
        }
        if (i == 0) continue;
        if (out->follows && !found->follows) out->first_break = found->first_break;
        out->follows = out->follows && found->follows;
        out->count += found->count;
        out->last_id = found->last_id;
    }
    return true;
}

static siem_code read_and_join(parts *p, siem_ordering *out, siem_bounds *bounds,
                               const siem_database *database, size_t threads, siem_error *err) {
    siem_ordering ordering;
    siem_bounds joined = {.every = bounds->every, .limit = bounds->limit};
    if (!divide(p, database, threads * PARTS_OF_THREAD)) return SIEM_END;
    read_all(p, database, threads);
    if (p->is_cancelled) return siem_database_fault(database, SQLITE_INTERRUPT, err);
    if (!join(p, &ordering, &joined)) {
        siem_bounds_free(&joined);
        return SIEM_END;
    }
    *bounds = joined;
    *out = ordering;
    return SIEM_OK;
}

siem_code siem_parts_read(siem_ordering *out, siem_bounds *bounds, const siem_origin *origin,
                          const siem_database *database, const siem_range *range, size_t threads,
                          siem_error *err) {
    parts p = {.origin = origin,
               .range = range,
               .lock = PTHREAD_MUTEX_INITIALIZER,
               .ended = PTHREAD_COND_INITIALIZER};
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    size_t count = threads * PARTS_OF_THREAD;
    if (range->filter != NULL || range->most != NULL || bounds->limit >= 0) return SIEM_END;
    p.list = calloc(count, sizeof *p.list);
    if (p.list == NULL) return SIEM_END;
    for (size_t i = 0; i < count; i++) {
        p.list[i].bounds = (siem_bounds){.every = bounds->every, .limit = -1};
    }
    siem_code rc = read_and_join(&p, out, bounds, database, threads, err);
    for (size_t i = 0; i < count; i++) siem_bounds_free(&p.list[i].bounds);
    free(p.list);
    return rc;
}
