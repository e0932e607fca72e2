/* test_jobs.c: rendering on several threads, stopped, failing and refusing at random. */
#include "export/jobs.h"
#include "record/batch.h"
#include "source/registry.h"
#include "testing.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS 9000

static const char *const id_field[] = {"event_id", NULL};
static const char *const file_field[] = {"file_id", NULL};
static char *expected; /* what one job writes, with the refused events skipped */

/* What a function of a mapping writes to: the sanitizer sees when two threads do. */
typedef struct scribble {
    char text[32];
    unsigned calls;
} scribble;

static siem_code copy(void *context, siem_event *event, const siem_value *value, siem_value *result,
                      siem_error *err) {
    scribble *s = context;
    (void)event, (void)err;
    s->calls++;
    assert_true(value->size < sizeof s->text);
    memcpy(s->text, value->bytes, value->size);
    *result = (siem_value){.type = SIEM_TEXT, .bytes = s->text, .size = value->size};
    return SIEM_OK;
}

/* With a scribble, a function copies the file; else a row does. */
static siem_mapping *open_mapping(scribble *s) {
    siem_mapping *mapping;
    const siem_row file = {"file", .from = file_field, .with = s != NULL ? copy : NULL,
                           .with_context = s, .required = true};
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id_field}, &err));
    assert_ok(siem_mapping_add(mapping, &file, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return mapping;
}

/* The export's own mapping, and those that it opens for its threads. */
typedef struct format {
    siem_mapping *mapping;
    scribble *own;                /* NULL: it has no function */
    int opened, closed, fails_at; /* the opening that fails; 0: none */
    unsigned calls;               /* of functions of the mappings that are closed */
} format;

static format rows, functions;

static siem_code open_another(void *context, siem_mapping **mapping, void **owner,
                              siem_error *err) {
    format *f = context;
    assert_null(*owner);
    if (++f->opened == f->fails_at) {
        err->code = SIEM_INVALID;
        (void)snprintf(err->message, sizeof err->message, "the file is gone");
        return SIEM_INVALID;
    }
    scribble *s = calloc(1, sizeof *s);
    assert_non_null(s);
    *mapping = open_mapping(s);
    *owner = s;
    return SIEM_OK;
}

static void close_another(void *context, siem_mapping *mapping, void *owner) {
    format *f = context;
    f->closed++;
    f->calls += ((scribble *)owner)->calls;
    siem_mapping_close(mapping);
    free(owner);
}

static int open_all(void **state) {
    (void)state;
    test_sql("jobs.db",
             "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT, kind TEXT, "
             "file_id TEXT, "
             "source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER);"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
             "INSERT INTO events (id, token_id, kind, file_id, timestamp) "
             "SELECT i, 't', 'dns', CASE WHEN i % 2500 = 0 THEN NULL ELSE 'f' || i END, i FROM n;");
    rows.mapping = open_mapping(NULL);
    functions.own = calloc(1, sizeof *functions.own);
    functions.mapping = open_mapping(functions.own);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    siem_mapping_close(rows.mapping);
    siem_mapping_close(functions.mapping);
    free(functions.own);
    free(expected);
    return 0;
}

static siem_registry *open_registry(void) {
    siem_registry *registry;
    const siem_registry_options options = {.path = test_path("jobs.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &options, &err));
    return registry;
}

/* A sink that takes so many bytes' worth of batches, and then fails. */
typedef struct receiver {
    char *text;
    size_t size;
    int batches_left;
} receiver;

static siem_code receive(void *context, const siem_batch *batch, siem_outcome *outcomes,
                         siem_error *err) {
    receiver *r = context;
    size_t size;
    const char *lines = siem_batch_bytes(batch, &size);
    (void)outcomes;
    if (r->batches_left-- == 0) {
        err->code = SIEM_IO;
        (void)snprintf(err->message, sizeof err->message, "the disk is full");
        return SIEM_IO;
    }
    r->text = realloc(r->text, r->size + size + 1);
    assert_non_null(r->text);
    memcpy(r->text + r->size, lines, size);
    r->size += size;
    r->text[r->size] = '\0';
    return SIEM_OK;
}

static bool count_down(void *calls_left, const siem_counts *counts) {
    (void)counts;
    return --*(int *)calls_left > 0;
}

typedef struct end {
    siem_code code;
    siem_counts counts;
    char message[512];
} end;

/* Exports the registry; progress ends it after so many calls, and the sink after so many batches.
 */
static end export_once(format *f, size_t jobs, siem_on_error on_error, int calls, int batches,
                       receiver *r) {
    siem_sink *sink;
    siem_export *export_;
    siem_error failure = {0};
    end result;
    *r = (receiver){.batches_left = batches};
    siem_registry *registry = open_registry();
    assert_ok(siem_sink_open_function(&sink, receive, NULL, r, &err));
    const siem_export_options options = {.mapping = f->mapping,
                                         .open_mapping = open_another,
                                         .close_mapping = close_another,
                                         .mapping_context = f,
                                         .sink = sink,
                                         .on_error = on_error,
                                         .jobs = jobs,
                                         .batch_bytes = 20000,
                                         .progress = count_down,
                                         .progress_context = &calls};
    assert_ok(siem_export_open(&export_, &options, &err));
    result.code = siem_export_run(export_, registry, &failure);
    result.counts = *siem_export_counts(export_);
    (void)snprintf(result.message, sizeof result.message, "%s", failure.message);
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
    return result;
}

static void test_same_bytes(void **state) {
    static const size_t jobs[] = {1, 2, 3, 8, 64};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof jobs / sizeof *jobs; i++) {
        receiver r;
        format *f = i % 2 == 0 ? &rows : &functions;
        end e = export_once(f, jobs[i / 2], SIEM_SKIP_ON_ERROR, INT32_MAX, -1, &r);
        assert_int_equal(e.code, SIEM_OK);
        assert_int_equal(e.counts.events, EVENTS);
        assert_int_equal(e.counts.exported, EVENTS - 3);
        assert_int_equal(e.counts.refused, 3);
        if (expected == NULL) expected = r.text;
        else assert_string_equal(r.text, expected);
        if (expected != r.text) free(r.text);
    }
}

/* Each thread has a mapping of its own where there are functions, and all of them are closed. The
 * three events without a value are none for a function. */
static void test_own_mappings(void **state) {
    receiver r;
    (void)state;
    rows.opened = functions.opened = functions.closed = 0;
    functions.calls = functions.own->calls = 0;
    (void)export_once(&rows, 3, SIEM_SKIP_ON_ERROR, INT32_MAX, -1, &r);
    free(r.text);
    assert_int_equal(rows.opened, 0);
    (void)export_once(&functions, 1, SIEM_SKIP_ON_ERROR, INT32_MAX, -1, &r);
    free(r.text);
    assert_int_equal(functions.opened, 0);
    assert_int_equal(functions.own->calls, EVENTS - 3);
    (void)export_once(&functions, 3, SIEM_SKIP_ON_ERROR, INT32_MAX, -1, &r);
    free(r.text);
    assert_int_equal(functions.opened, 3);
    assert_int_equal(functions.closed, 3);
    assert_int_equal(functions.own->calls, EVENTS - 3);
    assert_int_equal(functions.calls, EVENTS - 3);
}

/* One that cannot be opened ends the export before it has read anything. */
static void test_opening_fails(void **state) {
    receiver r;
    (void)state;
    functions.opened = functions.closed = 0;
    functions.fails_at = 2;
    end e = export_once(&functions, 4, SIEM_SKIP_ON_ERROR, INT32_MAX, -1, &r);
    functions.fails_at = 0;
    assert_int_equal(e.code, SIEM_INVALID);
    assert_string_equal(e.message, "the file is gone");
    assert_int_equal(e.counts.events, 0);
    assert_int_equal(functions.closed, 1);
    free(r.text);
}

static void keep_notice(void *text, const char *notice) {
    (void)snprintf(text, 128, "%s", notice);
}

/* An export that follows goes on without them, and reports it. */
static void test_opening_fails_for_one_that_follows(void **state) {
    siem_registry *registry;
    siem_sink *sink;
    siem_export *export_;
    receiver r = {.batches_left = -1};
    char notice[128] = "";
    (void)state;
    functions.opened = functions.closed = 0;
    functions.fails_at = 3;
    const siem_registry_options source = {
        .path = test_path("jobs.db"), .registry_id = "r", .follow = true};
    assert_ok(siem_registry_open(&registry, &source, &err));
    assert_ok(siem_sink_open_function(&sink, receive, NULL, &r, &err));
    const siem_export_options options = {.mapping = functions.mapping,
                                         .open_mapping = open_another,
                                         .close_mapping = close_another,
                                         .mapping_context = &functions,
                                         .sink = sink,
                                         .on_error = SIEM_SKIP_ON_ERROR,
                                         .jobs = 3,
                                         .notice = keep_notice,
                                         .notice_context = notice};
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_ok(siem_export_run(export_, registry, &err));
    functions.fails_at = 0;
    assert_string_equal(notice, "rendering on one thread: the file is gone");
    assert_string_equal(r.text, expected);
    assert_int_equal(functions.opened, 3);
    assert_int_equal(functions.closed, 2);
    free(r.text);
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
}

/* What an opening function may give that is of no use. */
static siem_code open_useless(void *given, siem_mapping **mapping, void **owner, siem_error *err) {
    siem_mapping *const *wanted = given;
    (void)owner, (void)err;
    *mapping = *wanted;
    return SIEM_OK;
}

static void close_nothing(void *context, siem_mapping *mapping, void *owner) {
    (void)context, (void)mapping, (void)owner;
}

static void assert_useless(siem_mapping *given, const char *message) {
    siem_sink *sink;
    siem_export *export_;
    siem_error failure;
    receiver r = {0};
    siem_registry *registry = open_registry();
    assert_ok(siem_sink_open_function(&sink, receive, NULL, &r, &err));
    const siem_export_options options = {.mapping = functions.mapping,
                                         .open_mapping = open_useless,
                                         .close_mapping = close_nothing,
                                         .mapping_context = &given,
                                         .sink = sink,
                                         .jobs = 2};
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_int_equal(siem_export_run(export_, registry, &failure), SIEM_INVALID);
    assert_non_null(strstr(failure.message, message));
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
}

static void test_useless_mappings(void **state) {
    siem_mapping *raw;
    (void)state;
    assert_ok(siem_mapping_open(&raw, "raw", &err));
    assert_useless(NULL, "open_mapping gave no mapping");
    assert_useless(raw, "open_mapping: raw: the mapping is not compiled");
    assert_useless(functions.mapping, "open_mapping gave a mapping that is in use");
    siem_mapping_close(raw);
    assert_useless(rows.mapping,
                   "open_mapping gave a mapping that is in use"); /* the second time */
}

/* The first event that is refused ends it, whichever thread meets one first. */
static void test_first_refusal(void **state) {
    (void)state;
    for (size_t jobs = 1; jobs <= 8; jobs++) {
        receiver r;
        format *f = jobs % 3 == 0 ? &rows : &functions;
        end e = export_once(f, jobs, SIEM_STOP_ON_ERROR, INT32_MAX, -1, &r);
        assert_int_equal(e.code, SIEM_REFUSED);
        assert_non_null(strstr(e.message, "event 2500: ids: file"));
        assert_int_equal(e.counts.exported, 2499);
        assert_memory_equal(r.text, expected, r.size);
        free(r.text);
    }
}

/* Whatever ends it, what is in the sink is the beginning of what would be there, and is counted. */
static void test_random_ends(void **state) {
    unsigned seed = 20261128;
    (void)state;
    functions.opened = functions.closed = 0;
    for (int i = 0; i < 60; i++) {
        receiver r;
        format *f = i % 3 == 0 ? &rows : &functions;
        siem_on_error on_error = rand_r(&seed) % 4 == 0 ? SIEM_STOP_ON_ERROR : SIEM_SKIP_ON_ERROR;
        int calls = rand_r(&seed) % 2 == 0 ? INT32_MAX : 1 + (int)(rand_r(&seed) % 30);
        int batches = rand_r(&seed) % 2 == 0 ? -1 : (int)(rand_r(&seed) % 15);
        end e = export_once(f, (size_t)(2 + rand_r(&seed) % 5), on_error, calls, batches, &r);
        size_t lines = 0;
        for (size_t k = 0; k < r.size; k++) lines += r.text[k] == '\n';
        if (r.size > 0) assert_memory_equal(r.text, expected, r.size);
        assert_int_equal(e.counts.exported, lines);
        if (e.code == SIEM_OK) assert_int_equal(lines, EVENTS - 3);
        else assert_true(e.code == SIEM_REFUSED || e.code == SIEM_IO || e.code == SIEM_CANCELLED);
        free(r.text);
    }
    assert_true(functions.opened > 0);
    assert_int_equal(functions.opened, functions.closed);
}

static siem_registry *source;
static siem_task_queue *parcels;
static siem_jobs *jobs;

static void open_jobs(siem_renderer *renderer, const siem_mapping *mapping, size_t count) {
    source = open_registry();
    *renderer = (siem_renderer){.mapping = mapping};
    assert_ok(siem_task_queue_open(&parcels, &err));
    assert_ok(siem_jobs_open(&jobs, count, siem_registry_source(source)->kind->readers,
                             siem_registry_origin(source), renderer, NULL, parcels, 4000, &err));
}

static void close_jobs(void) {
    siem_jobs_close(jobs);
    siem_task_queue_close(parcels);
    siem_registry_close(source);
}

/* Jobs that are closed while threads render, at any moment. */
static void test_closed_early(void **state) {
    siem_error err;
    (void)state;
    for (int taken = 0; taken < 12; taken++) {
        siem_slice slice;
        siem_renderer renderer;
        open_jobs(&renderer, rows.mapping, 3);
        assert_true(siem_jobs_is_empty(jobs));
        for (int i = 0; i < taken;) {
            siem_rendered rendered;
            while (siem_jobs_has_room(jobs) &&
                   siem_registry_next_slice(source, &slice, &err) == SIEM_OK) {
                siem_batch *batch;
                assert_ok(siem_batch_open(&batch, &err));
                assert_ok(siem_jobs_add(jobs, &slice, batch, &err));
            }
            if (!siem_jobs_take(jobs, 100, &rendered)) continue;
            siem_batch_close(rendered.batch);
            i++;
        }
        close_jobs();
    }
}

/* Batches that threads open for what a slice has beyond its first one are not kept for ever. */
static siem_code look_at_memory(void *context, const siem_batch *batch, siem_outcome *outcomes,
                                siem_error *err) {
    size_t *most = context;
    const struct mallinfo2 memory = mallinfo2();
    size_t size = memory.uordblks + memory.hblkhd;
    (void)batch, (void)outcomes, (void)err;
    if (size > *most) *most = size;
    return SIEM_OK;
}

static void test_memory(void **state) {
    siem_sink *sink;
    siem_export *export_;
    siem_registry *registry;
    size_t most = 0;
    (void)state;
    test_sql("wide.db",
             "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id TEXT, kind TEXT, file_id TEXT, "
             "source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER);"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) "
             "INSERT INTO events (id, token_id, kind, file_id, timestamp) "
             "SELECT i, 't', 'dns', hex(zeroblob(5000)), i FROM n;");
    const siem_registry_options source = {.path = test_path("wide.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &source, &err));
    assert_ok(siem_sink_open_function(&sink, look_at_memory, NULL, &most, &err));
    const siem_export_options options = {.mapping = rows.mapping, .sink = sink, .jobs = 2};
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_ok(siem_export_run(export_, registry, &err));
    assert_int_equal(siem_export_counts(export_)->exported, 6000);
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
    assert_true(most < (size_t)36 << 20); /* of 60 MB; a sanitizer counts none */
}

/* A condition is a function as well. */
static void test_condition(void **state) {
    siem_export *export_;
    siem_sink *sink;
    siem_mapping *mapping;
    siem_error failure;
    receiver r = {0};
    scribble s;
    (void)state;
    assert_ok(siem_sink_open_function(&sink, receive, NULL, &r, &err));
    assert_ok(siem_mapping_open(&mapping, "asks", &err));
    const siem_row row = {"id", .from = id_field, .when = copy, .when_context = &s};
    assert_ok(siem_mapping_add(mapping, &row, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    const siem_export_options options = {.mapping = mapping, .sink = sink, .jobs = 2};
    assert_int_equal(siem_export_open(&export_, &options, &failure), SIEM_INVALID);
    assert_non_null(strstr(failure.message, "jobs is 1 for asks"));
    siem_mapping_close(mapping);
    assert_ok(siem_sink_close(sink, &err));
}

/* Each thread looks for the columns that the mapping reads. */
static void test_missing_column(void **state) {
    static const char *const column[] = {"of_a_site", NULL};
    siem_mapping *of_site;
    siem_renderer renderer;
    siem_slice slice;
    siem_batch *batch;
    siem_rendered rendered;
    (void)state;
    assert_ok(siem_mapping_open(&of_site, "site", &err));
    assert_ok(siem_mapping_add(of_site, &(siem_row){"x", .from = column}, &err));
    assert_ok(siem_mapping_compile(of_site, &err));
    open_jobs(&renderer, of_site, 1);
    assert_ok(siem_registry_next_slice(source, &slice, &err));
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_jobs_add(jobs, &slice, batch, &err));
    while (!siem_jobs_take(jobs, 100, &rendered)) continue;
    assert_true(rendered.is_last);
    assert_int_equal(rendered.failure.code, SIEM_NOT_FOUND);
    assert_non_null(strstr(rendered.failure.message, "of_a_site"));
    siem_batch_close(rendered.batch);
    close_jobs();
    siem_mapping_close(of_site);
}

static void test_wrong_number(void **state) {
    siem_export *export_;
    siem_sink *sink;
    receiver r = {0};
    siem_error failure;
    (void)state;
    assert_ok(siem_sink_open_function(&sink, receive, NULL, &r, &err));
    siem_export_options options = {.mapping = rows.mapping, .sink = sink, .jobs = 65};
    assert_int_equal(siem_export_open(&export_, &options, &failure), SIEM_INVALID);
    assert_string_equal(failure.message, "jobs is a number from 1 to 64");
    assert_null(export_);
    options.mapping = functions.mapping;
    options.jobs = 2;
    assert_int_equal(siem_export_open(&export_, &options, &failure), SIEM_INVALID);
    assert_non_null(strstr(failure.message, "which belong to one thread: give open_mapping"));
    options.jobs = 1;
    assert_ok(siem_export_open(&export_, &options, &err));
    siem_export_close(export_);
    options.jobs = 2;
    options.open_mapping = open_another;
    assert_int_equal(siem_export_open(&export_, &options, &failure), SIEM_INVALID);
    assert_non_null(strstr(failure.message, "close_mapping is NULL"));
    assert_ok(siem_sink_close(sink, &err));
}

static siem_code add_slice(siem_error *err) {
    siem_slice slice;
    siem_batch *batch;
    assert_int_equal(siem_registry_next_slice(source, &slice, err), SIEM_OK);
    assert_int_equal(siem_batch_open(&batch, err), SIEM_OK);
    return siem_jobs_add(jobs, &slice, batch, err);
}

static void take_slice(void) {
    siem_rendered rendered = {0};
    while (!rendered.is_last) {
        if (siem_jobs_take(jobs, 100, &rendered)) siem_batch_close(rendered.batch);
    }
}

static void note_run(void *has_run) {
    atomic_store((atomic_bool *)has_run, true);
}

/* A thread that has no slice prepares parcels. */
static void test_idle(void **state) {
    siem_renderer renderer;
    siem_error err;
    atomic_bool has_run = false;
    siem_task task = {.run = note_run, .context = &has_run};
    (void)state;
    open_jobs(&renderer, rows.mapping, 1);
    assert_int_equal(add_slice(&err), SIEM_OK);
    take_slice();
    siem_task_queue_add(parcels, &task);
    for (int i = 0; i < 60000 && !atomic_load(&has_run); i++) (void)usleep(1000);
    assert_true(atomic_load(&has_run));
    siem_task_queue_take_back(parcels, &task);
    close_jobs();
}

/* New threads ask for a stack of that size. */
static bool set_stack(size_t size) {
    pthread_attr_t attributes;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    bool is_set = pthread_attr_setstacksize(&attributes, size) == 0 &&
                  pthread_setattr_default_np(&attributes) == 0;
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    return is_set;
}

/* Where no other thread can be started, those that there are do all; without any, it is an error.
 */
static void test_no_thread(void **state) {
    const size_t usual = (size_t)8 << 20, too_much = SIZE_MAX / 4 * 3;
    siem_renderer renderer;
    siem_error failure;
    (void)state;
    if (!set_stack(too_much)) skip();
    open_jobs(&renderer, rows.mapping, 3);
    siem_code rc = add_slice(&failure);
    assert_true(set_stack(usual));
    assert_int_equal(rc, SIEM_IO);
    test_has(failure.message, "cannot start a thread to render on");
    assert_true(siem_jobs_is_empty(jobs));
    assert_int_equal(add_slice(&failure), SIEM_OK);
    assert_true(set_stack(too_much));
    rc = add_slice(&failure);
    assert_true(set_stack(usual));
    assert_int_equal(rc, SIEM_OK);
    take_slice();
    take_slice();
    assert_true(siem_jobs_is_empty(jobs));
    close_jobs();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_own_mappings),
        cmocka_unit_test(test_opening_fails),
        cmocka_unit_test(test_opening_fails_for_one_that_follows),
        cmocka_unit_test(test_useless_mappings),
        cmocka_unit_test(test_first_refusal),
        cmocka_unit_test(test_random_ends),
        cmocka_unit_test(test_closed_early),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_condition),
        cmocka_unit_test(test_missing_column),
        cmocka_unit_test(test_wrong_number),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_no_thread),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
