/* test_renderer.c: what becomes of an event: records, a refusal, nothing, or the end of the export.
 */
#include "record/batch.h"
#include "record/renderer.h"
#include "source/event.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

#define LONG "0123456789 and more"

static siem_mapping *mapping;
static siem_batch *batch;
static siem_error failure;

/* Drops events of the file "drop". */
static siem_code filter(void *context, siem_event *event, const siem_value *value,
                        siem_value *result, siem_error *err) {
    const siem_value *file = &event->fields[SIEM_FILE_ID];
    (void)context, (void)value, (void)err;
    bool is_dropped = file->size == 4 && memcmp(file->bytes, "drop", 4) == 0;
    *result = (siem_value){.type = SIEM_JSON, .bytes = is_dropped ? "false" : "true"};
    result->size = strlen(result->bytes);
    return SIEM_OK;
}

static int open_all(void **state) {
    static const char *const id[] = {"event_id", NULL}, *const file[] = {"file_id", NULL};
    static const char *const verified[] = {"tlog.verified", NULL};
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_mapping_open(&mapping, "m", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"file", .from = file, .required = true}, &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"verified", .from = verified}, &err));
    assert_ok(siem_mapping_set_filter(mapping, filter, NULL, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return 0;
}

static int close_all(void **state) {
    (void)state;
    siem_batch_close(batch);
    siem_mapping_close(mapping);
    return 0;
}

static int clear(void **state) {
    (void)state;
    siem_batch_clear(batch);
    failure = (siem_error){0};
    return 0;
}

static siem_event *make_event(int64_t id, const char *file) {
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = id}},
                               {"token_id", test_text("t")},
                               {"kind", test_text("http_img")},
                               {"file_id", test_text(file)},
                               {"timestamp", {.type = SIEM_INTEGER, .integer = 1}},
                               {"qualified_timestamp", test_text("2026-01-01T00:00:01Z")},
                               {"tlog_index", {.type = SIEM_INTEGER, .integer = id - 1}}};
    siem_event *event;
    assert_ok(siem_event_open(&event, row, 7, "reg", &err));
    return event;
}

/* Adds an event by a mapping of its own state. */
static siem_code add(siem_renderer renderer, int64_t id, const char *file) {
    siem_event *event = make_event(id, file);
    renderer.mapping = mapping;
    renderer.state = siem_mapping_own_state(mapping);
    siem_code rc = siem_renderer_add(&renderer, batch, event, &failure);
    for (int i = 0; i < SIEM_TLOG_FIELDS; i++) assert_int_equal(event->tlog[i].type, SIEM_NULL);
    siem_event_close(event);
    return rc;
}

#define ADD(id, file, ...) add((siem_renderer){__VA_ARGS__}, id, file)

static void assert_batch(const char *lines, int64_t reached, siem_event_counts expected) {
    size_t size;
    const char *bytes = siem_batch_bytes(batch, &size);
    const siem_event_counts *counts = siem_batch_event_counts(batch);
    assert_int_equal(size, strlen(lines));
    if (size > 0) assert_memory_equal(bytes, lines, size);
    assert_int_equal(siem_batch_reached(batch).id, reached);
    assert_int_equal(counts->events, expected.events);
    assert_int_equal(counts->rendered, expected.rendered);
    assert_int_equal(counts->dropped, expected.dropped);
    assert_int_equal(counts->cut, expected.cut);
}

#define COUNTS(...) ((siem_event_counts){__VA_ARGS__})

static void test_records(void **state) {
    size_t size = 7;
    (void)state;
    assert_int_equal(ADD(1, "f", .keeps_sources = false), SIEM_OK);
    assert_int_equal(ADD(2, LONG, .keeps_sources = true), SIEM_OK);
    assert_batch("{\"id\":\"1\",\"file\":\"f\"}\n{\"id\":\"2\",\"file\":\"" LONG "\"}\n", 2,
                 COUNTS(.events = 2, .rendered = 2));
    assert_null(siem_batch_source(batch, 0, &size));
    test_has(siem_batch_source(batch, 1, &size), "{\"event_id\":\"2\",");
    for (size_t i = 0; i < 2; i++) assert_int_equal(siem_batch_repairs(batch, i), 0);
}

static void test_dropped(void **state) {
    (void)state;
    assert_int_equal(ADD(5, "drop", .stops = true), SIEM_OK);
    assert_batch("", 5, COUNTS(.events = 1, .dropped = 1));
    assert_int_equal(siem_batch_unmade_count(batch), 0);
}

/* Texts are cut in the records of the event alone. */
static void test_cut(void **state) {
    (void)state;
    assert_int_equal(ADD(1, LONG, .field_bytes = 0), SIEM_OK);
    assert_int_equal(ADD(2, LONG, .field_bytes = 12), SIEM_OK);
    assert_int_equal(ADD(3, "f", .field_bytes = 12), SIEM_OK);
    assert_batch("{\"id\":\"1\",\"file\":\"" LONG "\"}\n{\"id\":\"2\",\"file\":\"0123...[cut]\"}\n"
                 "{\"id\":\"3\",\"file\":\"f\"}\n",
                 3, COUNTS(.events = 3, .rendered = 3, .cut = 1));
}

/* An event without a record is kept with its reason, and with its JSON when that is asked for. */
static void test_refused(void **state) {
    (void)state;
    assert_int_equal(ADD(3, "", .keeps_refused = true), SIEM_OK);
    assert_int_equal(ADD(4, "", .keeps_refused = false), SIEM_OK);
    assert_batch("", 4, COUNTS(.events = 2));
    assert_int_equal(siem_batch_unmade_count(batch), 2);
    siem_unmade kept = siem_batch_unmade(batch, 0), bare = siem_batch_unmade(batch, 1);
    assert_string_equal(kept.event_id, "3");
    test_has(kept.reason, "m: file: ");
    test_has(kept.source, "{\"event_id\":\"3\",");
    assert_string_equal(bare.event_id, "4");
    assert_null(bare.source);
}

/* Or it ends the export, which is then before it. */
static void test_stops(void **state) {
    (void)state;
    assert_int_equal(ADD(7, "f", .stops = true), SIEM_OK);
    assert_int_equal(ADD(8, "", .stops = true), SIEM_REFUSED);
    assert_int_equal(failure.code, SIEM_REFUSED);
    test_has(failure.message, "event 8: m: file: ");
    assert_string_equal(failure.event_id, "8");
    assert_string_equal(failure.row, "file");
    assert_batch("{\"id\":\"7\",\"file\":\"f\"}\n", 7, COUNTS(.events = 2, .rendered = 1));
    assert_int_equal(siem_batch_unmade_count(batch), 0);
}

/* An event that has no record for another reason: its message could not be read, for example. */
static void test_unread(void **state) {
    const siem_error reason = {.code = SIEM_REFUSED, .message = "not JSON"};
    siem_renderer renderer = {.mapping = mapping, .keeps_refused = true};
    siem_event *event = make_event(9, "f");
    (void)state;
    assert_ok(siem_renderer_refuse(&renderer, batch, event, &reason, &err));
    assert_batch("", 9, COUNTS(.events = 1));
    siem_unmade unmade = siem_batch_unmade(batch, 0);
    assert_string_equal(unmade.reason, "not JSON");
    test_has(unmade.source, "{\"event_id\":\"9\",");
    renderer.stops = true;
    assert_int_equal(siem_renderer_refuse(&renderer, batch, event, &reason, &failure),
                     SIEM_REFUSED);
    assert_string_equal(failure.message, "event 9: not JSON");
    assert_string_equal(failure.event_id, "9");
    siem_event_close(event);
}

/* ---- events that are compared with a log ---- */

static siem_witness witness;

/* Opens a log that has the leaf of event 1 of the file "f". */
static siem_tlog *open_log(void) {
    static const char leaf[] =
        "{\"event\":\"beacon\",\"file_id\":\"f\",\"kind\":\"http_img\",\"recipient_id\":null,"
        "\"source_ip\":null,\"timestamp\":\"2026-01-01T00:00:01Z\",\"token_id\":\"t\","
        "\"user_agent\":null}";
    const siem_tlog_options options = {.source = test_path("leaves.jsonl")};
    siem_tlog *log;
    FILE *file = fopen(options.source, "w");
    assert_non_null(file);
    test_write_leaf(file, 0, leaf, leaf);
    assert_int_equal(fclose(file), 0);
    assert_ok(siem_tlog_open(&log, &options, &err));
    return log;
}

static void test_log(void **state) {
    static const char altered[] = "the event differs from leaf 0: file_id";
    siem_tlog *log = open_log();
    (void)state;
#define LOG .tlog = log, .witness = &witness
    assert_int_equal(ADD(1, "f", LOG, .on_unverified = SIEM_STOP_UNVERIFIED), SIEM_OK);
    assert_int_equal(ADD(1, "x", LOG, .on_unverified = SIEM_EXPORT_UNVERIFIED), SIEM_OK);
    assert_batch("{\"id\":\"1\",\"file\":\"f\",\"verified\":true}\n"
                 "{\"id\":\"1\",\"file\":\"x\",\"verified\":false}\n",
                 1, COUNTS(.events = 2, .rendered = 2));
    assert_int_equal(ADD(1, "x", LOG, .on_unverified = SIEM_REFUSE_UNVERIFIED), SIEM_OK);
    assert_int_equal(siem_batch_unmade_count(batch), 1);
    assert_string_equal(siem_batch_unmade(batch, 0).reason, altered);
    assert_int_equal(ADD(1, "x", LOG, .on_unverified = SIEM_REFUSE_UNVERIFIED, .stops = true),
                     SIEM_REFUSED);
    test_has(failure.message, "event 1: the event differs from leaf 0: file_id");
    failure = (siem_error){0};
    assert_int_equal(ADD(1, "x", LOG, .on_unverified = SIEM_STOP_UNVERIFIED), SIEM_UNPROVED);
    assert_string_equal(failure.message, "event 1: the event differs from leaf 0: file_id");
    assert_string_equal(failure.event_id, "1");
    assert_batch("{\"id\":\"1\",\"file\":\"f\",\"verified\":true}\n"
                 "{\"id\":\"1\",\"file\":\"x\",\"verified\":false}\n",
                 1, COUNTS(.events = 5, .rendered = 2));
    siem_witness_close(&witness);
    siem_tlog_close(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_records, clear), cmocka_unit_test_setup(test_dropped, clear),
        cmocka_unit_test_setup(test_cut, clear),     cmocka_unit_test_setup(test_refused, clear),
        cmocka_unit_test_setup(test_stops, clear),   cmocka_unit_test_setup(test_unread, clear),
        cmocka_unit_test_setup(test_log, clear),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
