/* test_readers.c: slices of a source of any kind, which threads read by the source's own readers.
 */
#include "source/readers.h"

#include "export/jobs.h"
#include "record/batch.h"
#include "testing.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a slice has: one step after the other, in place of its events. Slices are numbers of these.
 */
static const siem_code slices[][5] = {
    {SIEM_OK, SIEM_OK, SIEM_END},
    {SIEM_OK, SIEM_REFUSED, SIEM_OK, SIEM_REFUSED, SIEM_END},
    {SIEM_OK, SIEM_IO},
    {SIEM_END},
};
enum { SLICES = sizeof slices / sizeof *slices };

typedef struct reader {
    int64_t slice;
    int at;
    siem_event *event;
} reader;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int opened, closed, begun, ended, dropped;
    bool opening_fails;
} seen;

static void count(int *number) {
    (void)pthread_mutex_lock(&lock);
    ++*number;
    (void)pthread_mutex_unlock(&lock);
}

static siem_code open_reader(void **out, const void *origin, siem_registry_go_on go_on,
                             void *context, siem_error *err) {
    static reader readers[1]; /* for one thread */
    (void)go_on, (void)context;
    assert_ptr_equal(origin, slices);
    *out = NULL;
    if (seen.opening_fails) {
        err->code = SIEM_IO;
        strcpy(err->message, "there is no reader");
        return SIEM_IO;
    }
    count(&seen.opened);
    *out = &readers[0];
    return SIEM_OK;
}

static void begin_slice(void *context, siem_slice *slice) {
    reader *r = context;
    r->slice = slice->number;
    r->at = 0;
    count(&seen.begun);
}

static siem_code read_next(void *context, siem_event **event, siem_error *err) {
    reader *r = context;
    *event = NULL;
    siem_code rc = slices[r->slice][r->at++];
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 10 * r->slice + r->at}}};
    if (rc == SIEM_OK || rc == SIEM_REFUSED) {
        siem_event_close(r->event);
        assert_int_equal(siem_event_open(&r->event, row, 1, "r", err), SIEM_OK);
        *event = r->event;
    }
    if (rc == SIEM_OK || rc == SIEM_END) return rc;
    err->code = rc;
    (void)snprintf(err->message, sizeof err->message, "it has %s", siem_code_name(rc));
    return rc;
}

static void end_slice(void *context) {
    (void)context;
    count(&seen.ended);
}

static void drop_slice(siem_slice *slice) {
    assert_true(slice->number < SLICES);
    count(&seen.dropped);
}

static void close_reader(void *context) {
    reader *r = context;
    siem_event_close(r->event);
    *r = (reader){.event = NULL};
    count(&seen.closed);
}

static const siem_readers own_readers = {.open = open_reader,
                                         .begin = begin_slice,
                                         .next = read_next,
                                         .end = end_slice,
                                         .drop = drop_slice,
                                         .close = close_reader};

static siem_mapping *mapping;
static siem_task_queue *parcels;
static siem_renderer renderer;
static siem_jobs *jobs;

static int open_jobs(void **state) {
    static const char *const id[] = {"event_id", NULL};
    (void)state;
    memset(&seen, 0, sizeof seen);
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_task_queue_open(&parcels, &err));
    renderer = (siem_renderer){.mapping = mapping};
    assert_ok(siem_jobs_open(&jobs, 1, &own_readers, slices, &renderer, NULL, parcels, 4000, &err));
    return 0;
}

static int close_jobs(void **state) {
    (void)state;
    siem_jobs_close(jobs);
    siem_task_queue_close(parcels);
    siem_mapping_close(mapping);
    return 0;
}

static void add(int64_t number) {
    siem_slice slice = {.number = number};
    siem_batch *batch;
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_jobs_add(jobs, &slice, batch, &err));
}

/* The next slice has these records and refused events, and ends with a code, which is the source's
 * unless it is good. */
static void assert_slice(const char *records, const char *refused, siem_code code) {
    siem_rendered rendered;
    char text[100] = "";
    while (!siem_jobs_take(jobs, 100, &rendered)) continue;
    assert_true(rendered.is_last);
    assert_int_equal(rendered.failure.code, code);
    if (code != SIEM_OK) assert_true(rendered.is_reading);
    for (size_t i = 0; i < siem_batch_size(rendered.batch); i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof text - at, "%s ", siem_batch_event_id(rendered.batch, i));
    }
    assert_string_equal(text, records);
    text[0] = '\0';
    for (size_t i = 0; i < siem_batch_unmade_count(rendered.batch); i++) {
        const siem_unmade event = siem_batch_unmade(rendered.batch, i);
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof text - at, "%s ", event.event_id);
        assert_string_equal(event.reason, "it has refused");
    }
    assert_string_equal(text, refused);
    siem_batch_close(rendered.batch);
}

/* What is there in place of an event is refused where it is, and the slice goes on. */
static void test_slices(void **state) {
    (void)state;
    add(0);
    add(1);
    assert_slice("1 2 ", "", SIEM_OK);
    assert_slice("11 13 ", "12 14 ", SIEM_OK);
    add(2);
    add(3);
    assert_slice("21 ", "", SIEM_IO);
    assert_slice("", "", SIEM_OK);
    assert_true(siem_jobs_is_empty(jobs));
    siem_jobs_close(jobs);
    jobs = NULL;
    assert_int_equal(seen.opened, 1);
    assert_int_equal(seen.closed, 1);
    assert_int_equal(seen.begun, 4);
    assert_int_equal(seen.ended, 4);
    assert_int_equal(seen.dropped, 0);
}

static int look_at(const int *number) {
    (void)pthread_mutex_lock(&lock);
    int seen_now = *number;
    (void)pthread_mutex_unlock(&lock);
    return seen_now;
}

/* What is ready is not waited for. */
static void test_ready(void **state) {
    siem_rendered rendered;
    struct timespec begun, now;
    (void)state;
    add(0);
    add(1);
    for (int i = 0; i < 60000 && look_at(&seen.ended) < 2; i++) (void)usleep(1000);
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int i = 0; i < 2; i++) {
        assert_true(siem_jobs_take(jobs, 60000, &rendered));
        siem_batch_close(rendered.batch);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    assert_true(now.tv_sec - begun.tv_sec < 30);
    assert_false(siem_jobs_take(jobs, 0, &rendered));
}

/* Threads without a slice, and the caller, sleep. */
static void test_idle(void **state) {
    siem_rendered rendered;
    (void)state;
    add(0);
    assert_slice("1 2 ", "", SIEM_OK);
    clock_t worked = clock();
    assert_false(siem_jobs_take(jobs, 300, &rendered));
    assert_true(clock() - worked < CLOCKS_PER_SEC / 10);
}

/* A slice that no reader began is freed. */
static void test_no_reader(void **state) {
    (void)state;
    seen.opening_fails = true;
    add(0);
    assert_slice("", "", SIEM_IO);
    assert_int_equal(seen.dropped, 1);
    siem_jobs_close(jobs);
    jobs = NULL;
    assert_int_equal(seen.begun, 0);
    assert_int_equal(seen.ended, 0);
    assert_int_equal(seen.closed, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_jobs, close_jobs)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_slices), CASE(test_ready), CASE(test_idle),
                                       CASE(test_no_reader)};
    return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
