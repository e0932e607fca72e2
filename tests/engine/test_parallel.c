/* test_parallel.c: an export on several threads: when they are worth their start, and that each
 * event is exported once, in its order. */
#include "base/thread.h"
#include "source/slice.h"
#include "testing.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORTH (4 * SIEM_SLICE_EVENTS) /* events */

/* Threads of the engine: whether another one can be started, and how many have not ended. */
static bool has_threads = true;
static atomic_int running;

typedef struct job {
    void *(*work)(void *);
    void *argument;
} job;

static void *run_job(void *context) {
    const job j = *(job *)context;
    free(context);
    (void)j.work(j.argument);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

int siem_thread_start(pthread_t *thread, void *(*work)(void *), void *argument) {
    if (!has_threads) return EAGAIN;
    job *j = malloc(sizeof *j);
    assert_non_null(j);
    *j = (job){work, argument};
    atomic_fetch_add(&running, 1);
    return pthread_create(thread, NULL, run_job, j);
}

static siem_mapping *own; /* of the export */
static int opened;        /* mappings of its threads */
static int64_t records, last_id;

static siem_code copy(void *context, siem_event *event, const siem_value *value, siem_value *result,
                      siem_error *err) {
    (void)context, (void)event, (void)err;
    *result = *value;
    return SIEM_OK;
}

/* A function belongs to one thread. */
static siem_mapping *open_mapping(void) {
    static const char *const id[] = {"event_id", NULL};
    siem_mapping *mapping;
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id, .with = copy}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return mapping;
}

static int most = INT_MAX; /* mappings, of which the last one is given again */

static siem_code open_another(void *context, siem_mapping **mapping, void **owner,
                              siem_error *err) {
    static siem_mapping *last;
    (void)context, (void)owner, (void)err;
    if (opened++ < most) last = open_mapping();
    *mapping = last;
    return SIEM_OK;
}

static void close_another(void *context, siem_mapping *mapping, void *owner) {
    (void)context, (void)owner;
    siem_mapping_close(mapping);
}

static siem_code take(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *err) {
    (void)context, (void)outcomes, (void)err;
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        int64_t id = strtoll(siem_batch_event_id(batch, i), NULL, 10);
        assert_true(id > last_id);
        last_id = id;
        records++;
    }
    return SIEM_OK;
}

static void make_registry(const char *name, int64_t events) {
    char sql[800];
    (void)snprintf(sql, sizeof sql,
                   "PRAGMA journal_mode = WAL;" TABLE
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                   "%" PRId64 ") INSERT INTO events (token_id, kind, timestamp, extra) "
                   "SELECT 't', 'dns', i, '{\"i\": ' || i || '}' FROM n;",
                   events);
    test_sql(name, sql);
}

static bool count_down(void *left, const siem_counts *counts) {
    const int64_t *wanted = left;
    return counts->exported < (uint64_t)*wanted;
}

static siem_registry *registry;
static siem_sink *sink;
static siem_export *export_;

static void open_export(const char *name, bool follow, size_t jobs, siem_progress_function progress,
                        void *context) {
    const siem_registry_options from = {
        .path = test_path(name), .registry_id = "r", .follow = follow};
    assert_ok(siem_registry_open(&registry, &from, &err));
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    const siem_export_options to = {.mapping = own,
                                    .sink = sink,
                                    .jobs = jobs,
                                    .batch_bytes = 10000,
                                    .open_mapping = open_another,
                                    .close_mapping = close_another,
                                    .progress = progress,
                                    .progress_context = context};
    assert_ok(siem_export_open(&export_, &to, &err));
    opened = 0;
    records = last_id = 0;
}

static void close_export(void) {
    assert_int_equal(atomic_load(&running), 0);
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    siem_registry_close(registry);
}

/* Exports all events of a registry; of one that is followed, until they are exported. */
static void export_all(const char *name, bool follow, size_t jobs, int64_t events) {
    open_export(name, follow, jobs, follow ? count_down : NULL, &events);
    if (follow) assert_int_equal(siem_export_follow(export_, registry, NULL), SIEM_CANCELLED);
    else assert_ok(siem_export_run(export_, registry, &err));
    assert_int_equal(siem_export_counts(export_)->exported, events);
    assert_int_equal(records, events);
    assert_int_equal(last_id, events);
    close_export();
}

/* Few events are done before another thread has begun. */
static void test_worth(void **state) {
    (void)state;
    make_registry("few.db", WORTH - 1);
    export_all("few.db", false, 3, WORTH - 1);
    assert_int_equal(opened, 0);
    make_registry("many.db", WORTH);
    export_all("many.db", false, 3, WORTH);
    assert_int_equal(opened, 3);
    export_all("many.db", false, 1, WORTH);
    assert_int_equal(opened, 0);
}

static void test_usual_number(void **state) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    (void)state;
    make_registry("usual.db", WORTH);
    export_all("usual.db", false, 0, WORTH);
    assert_int_equal(opened, cores < 2 ? 0 : cores < 8 ? cores : 8);
}

/* What threads have read is not read again. */
static void test_followed(void **state) {
    (void)state;
    make_registry("tail.db", WORTH + 100);
    export_all("tail.db", true, 3, WORTH + 100);
    assert_int_equal(opened, 3);
}

/* With a column that fails for a row, slices that were read with it are read again without it. */
static void test_failing_column(void **state) {
    (void)state;
    make_registry("column.db", 2 * WORTH);
    test_sql("column.db", "UPDATE events SET extra = 'none' WHERE id IN (1500, 1600, 5000);"
                          "ALTER TABLE events ADD COLUMN v AS (json_extract(extra, '$.i'));");
    for (size_t jobs = 1; jobs <= 4; jobs++) export_all("column.db", false, jobs, 2 * WORTH);
}

/* Without any thread, the error is about that, and no event is passed by. */
static void test_no_thread(void **state) {
    siem_error failure;
    (void)state;
    make_registry("none.db", 3 * WORTH);
    open_export("none.db", false, 3, NULL, NULL);
    has_threads = false;
    siem_code rc = siem_export_run(export_, registry, &failure);
    has_threads = true;
    assert_int_equal(rc, SIEM_IO);
    test_has(failure.message, "cannot start a thread to render on");
    assert_int_equal(siem_export_counts(export_)->events, 0);
    close_export();
}

/* Each thread needs a mapping of its own. */
static void test_same_mapping(void **state) {
    siem_error failure;
    (void)state;
    make_registry("same.db", WORTH);
    for (most = 1; most < 4; most++) {
        open_export("same.db", false, 4, NULL, NULL);
        assert_int_equal(siem_export_run(export_, registry, &failure), SIEM_INVALID);
        assert_string_equal(failure.message, "open_mapping gave a mapping that is in use: each "
                                             "call opens another one");
        assert_int_equal(opened, most + 1);
        close_export();
    }
    most = INT_MAX;
}

static bool never(void *context, const siem_counts *counts) {
    (void)context, (void)counts;
    return false;
}

/* It ends with the scan that finds out how many events there are. */
static void test_stopped(void **state) {
    (void)state;
    make_registry("stop.db", 3 * WORTH);
    open_export("stop.db", false, 3, never, NULL);
    assert_int_equal(siem_export_run(export_, registry, NULL), SIEM_CANCELLED);
    assert_int_equal(siem_export_counts(export_)->events, 0);
    close_export();
}

static int open_own(void **state) {
    (void)state;
    own = open_mapping();
    return 0;
}

static int close_own(void **state) {
    (void)state;
    siem_mapping_close(own);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worth),        cmocka_unit_test(test_usual_number),
        cmocka_unit_test(test_followed),     cmocka_unit_test(test_failing_column),
        cmocka_unit_test(test_no_thread),    cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_same_mapping),
    };
    return cmocka_run_group_tests_name("parallel", tests, open_own, close_own);
}
