/* test_jobs.c: rendering on several threads, stopped, failing and refusing at random. */
#include "export/jobs.h"
#include "record/batch.h"
#include "source/registry.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS 9000

static const char *const id_field[] = {"event_id", NULL};
static const char *const file_field[] = {"file_id", NULL};
static siem_mapping *mapping;
static char *expected; /* what one job writes, with the refused events skipped */

static int open_all(void **state) {
    (void)state;
    test_sql("jobs.db",
             "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id TEXT, kind TEXT, file_id TEXT, "
             "source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER);"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
             "INSERT INTO events (id, token_id, kind, file_id, timestamp) "
             "SELECT i, 't', 'dns', CASE WHEN i % 2500 = 0 THEN NULL ELSE 'f' || i END, i FROM n;");
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id_field}, &err));
    assert_ok(
        siem_mapping_add(mapping, &(siem_row){"file", .from = file_field, .required = true}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return 0;
}

static int close_all(void **state) {
    (void)state;
    siem_mapping_close(mapping);
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
static end export_once(size_t jobs, siem_on_error on_error, int calls, int batches, receiver *r) {
    siem_sink *sink;
    siem_export *export_;
    siem_error failure = {0};
    end result;
    *r = (receiver){.batches_left = batches};
    siem_registry *registry = open_registry();
    assert_ok(siem_sink_open_function(&sink, receive, NULL, r, &err));
    const siem_export_options options = {.mapping = mapping,
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
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        receiver r;
        end e = export_once(jobs[i], SIEM_SKIP_ON_ERROR, INT32_MAX, -1, &r);
        assert_int_equal(e.code, SIEM_OK);
        assert_int_equal(e.counts.events, EVENTS);
        assert_int_equal(e.counts.exported, EVENTS - 3);
        assert_int_equal(e.counts.refused, 3);
        if (expected == NULL) expected = r.text;
        else assert_string_equal(r.text, expected);
        if (expected != r.text) free(r.text);
    }
}

/* The first event that is refused ends it, whichever thread meets one first. */
static void test_first_refusal(void **state) {
    (void)state;
    for (size_t jobs = 1; jobs <= 8; jobs++) {
        receiver r;
        end e = export_once(jobs, SIEM_STOP_ON_ERROR, INT32_MAX, -1, &r);
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
    for (int i = 0; i < 40; i++) {
        receiver r;
        siem_on_error on_error = rand_r(&seed) % 4 == 0 ? SIEM_STOP_ON_ERROR : SIEM_SKIP_ON_ERROR;
        int calls = rand_r(&seed) % 2 == 0 ? INT32_MAX : 1 + (int)(rand_r(&seed) % 30);
        int batches = rand_r(&seed) % 2 == 0 ? -1 : (int)(rand_r(&seed) % 15);
        end e = export_once((size_t)(2 + rand_r(&seed) % 5), on_error, calls, batches, &r);
        size_t lines = 0;
        for (size_t k = 0; k < r.size; k++) lines += r.text[k] == '\n';
        if (r.size > 0) assert_memory_equal(r.text, expected, r.size);
        assert_int_equal(e.counts.exported, lines);
        if (e.code == SIEM_OK) assert_int_equal(lines, EVENTS - 3);
        else assert_true(e.code == SIEM_REFUSED || e.code == SIEM_IO || e.code == SIEM_CANCELLED);
        free(r.text);
    }
}

/* Jobs that are closed while threads render, at any moment. */
static void test_closed_early(void **state) {
    siem_error err;
    (void)state;
    for (int taken = 0; taken < 12; taken++) {
        siem_jobs *jobs;
        siem_slice slice;
        siem_registry *registry = open_registry();
        siem_renderer renderer = {.mapping = mapping};
        assert_ok(siem_jobs_open(&jobs, 3, siem_registry_origin(registry), &renderer, 4000, &err));
        assert_true(siem_jobs_is_empty(jobs));
        for (int i = 0; i < taken;) {
            siem_rendered rendered;
            while (siem_jobs_has_room(jobs) &&
                   siem_registry_next_slice(registry, &slice, &err) == SIEM_OK) {
                siem_batch *batch;
                assert_ok(siem_batch_open(&batch, &err));
                assert_ok(siem_jobs_add(jobs, &slice, batch, &err));
            }
            if (!siem_jobs_take(jobs, 100, &rendered)) continue;
            siem_batch_close(rendered.batch);
            i++;
        }
        siem_jobs_close(jobs);
        siem_registry_close(registry);
    }
}

static void test_wrong_number(void **state) {
    siem_export *export_;
    siem_sink *sink;
    receiver r = {0};
    siem_error failure;
    (void)state;
    assert_ok(siem_sink_open_function(&sink, receive, NULL, &r, &err));
    const siem_export_options options = {.mapping = mapping, .sink = sink, .jobs = 65};
    assert_int_equal(siem_export_open(&export_, &options, &failure), SIEM_INVALID);
    assert_string_equal(failure.message, "jobs is a number from 1 to 64");
    assert_null(export_);
    assert_ok(siem_sink_close(sink, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),   cmocka_unit_test(test_first_refusal),
        cmocka_unit_test(test_random_ends),  cmocka_unit_test(test_closed_early),
        cmocka_unit_test(test_wrong_number),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
