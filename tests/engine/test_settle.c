/* test_settle.c: what is counted of records that a sink delivered or rejected, one by one. */
#include "export/export.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static siem_mapping *rows, *lists;
static const char *rejected = ""; /* the ids that the sink rejects, each between spaces */
static size_t bytes;              /* that it took, with the line ends */
static siem_error failure;        /* of the last export */

/* Gives two records of an event. */
static siem_code give(void *context, siem_event *event, const siem_value *value, siem_value *result,
                      siem_error *err) {
    (void)context, (void)event, (void)value, (void)err;
    *result = test_text("[{\"a\":1},{\"a\":22}]");
    result->type = SIEM_JSON;
    return SIEM_OK;
}

static siem_code take(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *err) {
    (void)context, (void)err;
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        size_t size;
        char id[32];
        (void)siem_batch_at(batch, i, &size);
        (void)snprintf(id, sizeof id, " %s ", siem_batch_event_id(batch, i));
        bool is_rejected = strstr(rejected, id) != NULL;
        outcomes[i].verdict = is_rejected ? SIEM_REJECT : SIEM_DELIVERED;
        outcomes[i].existed = strcmp(id, " 2 ") == 0;
        outcomes[i].kept_aside = strcmp(id, " 3 ") == 0 || strcmp(id, " 4 ") == 0;
        if (!is_rejected) bytes += size + 1;
    }
    return SIEM_OK;
}

/* Event 2 has a blob that is not UTF-8, 3 an extra that is not JSON, 4 a number that is infinite, 6
 * a wrong time, 7 both of these: wrong times come last. */
static int open_all(void **state) {
    static const char *const token[] = {"token_id", NULL}, *const extra[] = {"extra", NULL},
                             *const time[] = {"occurred_unix", NULL},
                             *const score[] = {"score", NULL};
    (void)state;
    test_sql("settle.db",
             "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id TEXT, kind TEXT, "
             "extra TEXT, timestamp INTEGER, score REAL);"
             "INSERT INTO events (token_id, extra, timestamp, score) VALUES ('t', '{}', 1, 1),"
             "(X'FF', '{}', 1, 1), ('t', '[NaN]', 1, 1), ('t', '{}', 1, 9e999), ('t', '{}', 1, 1),"
             "('t', '{}', 'soon', 1), ('t', '[NaN]', 'soon', 1);");
    assert_ok(siem_mapping_open(&rows, "rows", &err));
    assert_ok(siem_mapping_add(rows, &(siem_row){"token", .from = token}, &err));
    assert_ok(siem_mapping_add(rows, &(siem_row){"extra", .from = extra}, &err));
    assert_ok(siem_mapping_add(rows, &(siem_row){"time", .from = time}, &err));
    assert_ok(siem_mapping_add(rows, &(siem_row){"score", .from = score}, &err));
    assert_ok(siem_mapping_compile(rows, &err));
    assert_ok(siem_mapping_open(&lists, "lists", &err));
    assert_ok(siem_mapping_set_function(lists, give, NULL, &err));
    assert_ok(siem_mapping_compile(lists, &err));
    return 0;
}

static int close_all(void **state) {
    (void)state;
    siem_mapping_close(lists);
    siem_mapping_close(rows);
    return 0;
}

/* Exports all events in one request, and returns what was counted. */
static siem_counts export_all(siem_mapping *mapping, siem_on_error on_error, siem_code expected) {
    siem_sink *sink;
    siem_export *export_;
    siem_registry *registry;
    failure = (siem_error){0};
    bytes = 0;
    assert_ok(siem_registry_open(
        &registry, &(siem_registry_options){.path = test_path("settle.db"), .registry_id = "reg"},
        &err));
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    const siem_export_options options = {.mapping = mapping, .sink = sink, .on_error = on_error};
    assert_ok(siem_export_open(&export_, &options, &err));
    siem_code rc = siem_export_run(export_, registry, &failure);
    if (rc != expected) fail_msg("%s: %s", siem_code_name(rc), failure.message);
    siem_counts counts = *siem_export_counts(export_);
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
    return counts;
}

static void test_repairs(void **state) {
    (void)state;
    rejected = "";
    siem_counts counts = export_all(rows, SIEM_STOP_ON_ERROR, SIEM_OK);
    assert_int_equal(counts.exported, 7);
    assert_int_equal(counts.bytes, bytes);
    assert_int_equal(counts.batches, 1);
    assert_int_equal(counts.repaired, 5);
    assert_int_equal(counts.utf8, 1);
    assert_int_equal(counts.blob, 1);
    assert_int_equal(counts.extra, 2);
    assert_int_equal(counts.timestamp, 2);
    assert_int_equal(counts.number, 1);
    assert_int_equal(counts.existed, 1);
    assert_int_equal(counts.kept_aside, 2);
    rejected = " 2 5 ";
    counts = export_all(rows, SIEM_SKIP_ON_ERROR, SIEM_OK);
    assert_int_equal(counts.exported, 5);
    assert_int_equal(counts.refused, 2);
    assert_int_equal(counts.bytes, bytes);
    assert_int_equal(counts.repaired, 4);
    assert_int_equal(counts.existed, 0);
    assert_int_equal(counts.utf8, 0);
    assert_int_equal(counts.last_id, 7);
}

/* An event counts once, whatever the number of its records. */
static void test_lists(void **state) {
    (void)state;
    rejected = "";
    siem_counts counts = export_all(lists, SIEM_STOP_ON_ERROR, SIEM_OK);
    assert_int_equal(counts.exported, 7);
    assert_int_equal(counts.bytes, bytes);
    assert_int_equal(counts.last_id, 7);
    rejected = " 3 ";
    counts = export_all(lists, SIEM_SKIP_ON_ERROR, SIEM_OK);
    assert_int_equal(counts.exported, 6);
    assert_int_equal(counts.refused, 2); /* of records */
    assert_int_equal(counts.bytes, bytes);
}

/* What precedes the event that ends an export is done, if it is complete. The error says what has
 * become of all that were sent with it. */
static void assert_end(siem_mapping *mapping, const char *ids, int64_t last_id, const char *text) {
    rejected = ids;
    assert_int_equal(export_all(mapping, SIEM_STOP_ON_ERROR, SIEM_REFUSED).last_id, last_id);
    assert_string_equal(failure.message, text);
}

static void test_end(void **state) {
    (void)state;
    assert_end(rows, " 1 ", 0,
               "event 1: function rejects it: the sink gave no reason; of its batch of 7 "
               "record(s), 6 are in and "
               "1 are rejected");
    assert_end(rows, " 4 ", 3,
               "event 4: function rejects it: the sink gave no reason; of its batch of 7 "
               "record(s), 6 are in and "
               "1 are rejected");
    assert_end(lists, " 1 ", 0,
               "event 1: function rejects it: the sink gave no reason; of its batch of 14 "
               "record(s), 12 are in "
               "and 2 are rejected");
    assert_end(lists, " 4 ", 3,
               "event 4: function rejects it: the sink gave no reason; of its batch of 14 "
               "record(s), 12 are in "
               "and 2 are rejected");
    assert_end(rows, " 2 6 ", 1,
               "event 2: function rejects it: the sink gave no reason; of its batch of 7 "
               "record(s), 5 are in and "
               "2 are rejected");
}

/* How long requests were in flight: each bound counts what was not longer. */
static void test_latency(void **state) {
    static const struct {
        double seconds;
        size_t first; /* bound that counts it */
    } cases[] = {{0, 0}, {0.005, 0}, {0.0051, 1}, {0.025, 1}, {0.1, 2}, {0.2, 3},
                 {1, 4}, {2, 5},     {10, 6},     {11, 7},    {60, 7},  {61, 8}};
    siem_sink *sink;
    siem_export *export_;
    double sum = 0;
    uint64_t expected[SIEM_LATENCY_COUNT] = {0};
    (void)state;
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    const siem_export_options options = {.mapping = rows, .sink = sink};
    assert_ok(siem_export_open(&export_, &options, &err));
    const siem_counts *counts = siem_export_counts(export_);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const siem_settlement settlement = {.seconds = cases[i].seconds};
        assert_ok(siem_export_settle(export_, &settlement, &err));
        sum += cases[i].seconds;
        assert_int_equal(counts->batches, i + 1);
        assert_true(counts->latency_seconds == sum);
        for (size_t k = cases[i].first; k < SIEM_LATENCY_COUNT; k++) expected[k]++;
        assert_memory_equal(counts->latency, expected, sizeof expected);
    }
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repairs),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_latency),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
