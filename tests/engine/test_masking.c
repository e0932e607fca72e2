/* test_masking.c: an event as JSON in which some values are masked. */
#include "base/path.h"
#include "record/batch.h"
#include "record/masking.h"
#include "testing.h"

#include <string.h>

static siem_conversion email, address, cut;
static siem_masks masks;
static siem_path paths[8];
static size_t path_count;

static int open_all(void **state) {
    (void)state;
    assert_ok(siem_conversion_open(&email, "mask_email", NULL, &err));
    assert_ok(siem_conversion_open(&address, "truncate_ip", NULL, &err));
    assert_ok(siem_conversion_open(&cut, "truncate:1", NULL, &err));
    return 0;
}

static int close_all(void **state) {
    (void)state;
    siem_conversion_close(&email);
    siem_conversion_close(&address);
    siem_conversion_close(&cut);
    return 0;
}

/* `path`: within extra; NULL for a field or a column. */
static void mask(const char *source, const char *path, const siem_conversion *as) {
    siem_path *of = &paths[path_count++];
    *of = (siem_path){0};
    if (path != NULL) assert_ok(siem_path_open(of, path, &err));
    assert_ok(siem_masks_add(&masks, (siem_masked_source){source, of, as}, &err));
}

static int clear(void **state) {
    (void)state;
    siem_masks_free(&masks);
    masks = (siem_masks){0};
    while (path_count > 0) siem_path_close(&paths[--path_count]);
    return 0;
}

#define EXTRA                                                                                      \
    "{\"to\": \"kai@example.com\", \"n\": 1.50, \"in\": {\"ip\": \"192.0.2.9\", \"cc\": "          \
    "\"eve@example.com\"}, \"last\": \"x\"}"

/* Writes an event after a text, which stays. */
static void assert_written(const char *extra, const char *expected) {
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}},
                               {"recipient_id", test_text("mei@example.com")},
                               {"source_ip", test_text("192.0.2.53")},
                               {"extra", test_text(extra)},
                               {"owner", test_text("ann@example.com")}};
    siem_event *event;
    siem_buffer out = {0};
    siem_buffer_add(&out, "before ", 7);
    assert_ok(siem_event_open(&event, row, 5, "r", &err));
    siem_masks_write_event(&masks, event, &out);
    siem_event_close(event);
    siem_buffer_add_char(&out, '\0');
    assert_false(out.failed);
    assert_string_equal(out.bytes, expected);
    siem_buffer_free(&out);
}

#define EVENT(recipient, address, extra, owner)                                                    \
    "before {\"event_id\":\"7\",\"event_kind\":\"\",\"occurred_unix\":0,\"occurred_at\":\"\","     \
    "\"registry_id\":\"r\",\"recipient_id\":\"" recipient "\",\"source_ip\":\"" address            \
    "\",\"extra\":" extra ",\"owner\":\"" owner "\"}"

static void test_nothing(void **state) {
    (void)state;
    assert_null(siem_masks_names(NULL));
    assert_null(siem_masks_names(&masks));
    assert_written(EXTRA,
                   EVENT("mei@example.com", "192.0.2.53",
                         "{\"to\":\"kai@example.com\",\"n\":1.50,\"in\":{\"ip\":\"192.0.2.9\","
                         "\"cc\":\"eve@example.com\"},\"last\":\"x\"}",
                         "ann@example.com"));
}

/* Fields, columns of the site, and members of extra at any depth, each in its place. */
static void test_all(void **state) {
    (void)state;
    mask("recipient_id", NULL, &email);
    mask("source_ip", NULL, &address);
    mask("owner", NULL, &email);
    mask("extra.to", "to", &email);
    mask("extra.in.cc", "in.cc", &email);
    mask("extra.in.ip", "in.ip", &address);
    assert_string_equal(siem_masks_names(&masks), "[\"recipient_id\",\"source_ip\",\"owner\","
                                                  "\"extra.to\",\"extra.in.cc\",\"extra.in.ip\"]");
    assert_written(EXTRA,
                   EVENT("m***@example.com", "192.0.2.0",
                         "{\"to\":\"k***@example.com\",\"n\":1.50,\"in\":{\"ip\":\"192.0.2.0\","
                         "\"cc\":\"e***@example.com\"},\"last\":\"x\"}",
                         "a***@example.com"));
}

/* The first row decides how a source is masked. */
static void test_first(void **state) {
    (void)state;
    mask("recipient_id", NULL, &cut);
    mask("recipient_id", NULL, &email);
    assert_string_equal(siem_masks_names(&masks), "[\"recipient_id\"]");
    assert_int_equal(masks.count, 1);
    assert_written("{\"n\": 1}", EVENT("m", "192.0.2.53", "{\"n\":1}", "ann@example.com"));
}

/* All of extra is one value as well. */
static void test_whole_extra(void **state) {
    (void)state;
    mask("extra", NULL, &cut);
    assert_written(EXTRA, EVENT("mei@example.com", "192.0.2.53", "\"{\"", "ann@example.com"));
}

/* What cannot be masked is not shown; what is not there stays away; extra may be no object. */
static void test_odd_values(void **state) {
    (void)state;
    mask("extra.to", "to", &email);
    mask("extra.none", "none", &email);
    assert_written(
        "{\"to\": \"nobody\", \"none\": null}",
        EVENT("mei@example.com", "192.0.2.53", "{\"to\":null,\"none\":null}", "ann@example.com"));
    assert_written("{\"to\": {\"cc\": \"kai@example.com\"}}",
                   EVENT("mei@example.com", "192.0.2.53", "{\"to\":null}", "ann@example.com"));
    assert_written("{\"to\": 5}",
                   EVENT("mei@example.com", "192.0.2.53", "{\"to\":null}", "ann@example.com"));
    assert_written("[\"kai\"]", EVENT("mei@example.com", "192.0.2.53", "{\"raw\":[\"kai\"]}",
                                      "ann@example.com"));
}

/* A batch keeps events so, beside their records and in place of them. */
static void test_batch(void **state) {
    static const char masked[] = "\"recipient_id\":\"m***@example.com\"";
    static const char *const from[] = {"event_id", NULL};
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}},
                               {"recipient_id", test_text("mei@example.com")}};
    siem_batch *batch;
    siem_mapping *mapping;
    siem_event *event;
    size_t size;
    (void)state;
    mask("recipient_id", NULL, &email);
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = from}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_event_open(&event, row, 2, "r", &err));
    assert_ok(siem_batch_open(&batch, &err));
    siem_batch_keep_sources(batch, true, &masks);
    assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    assert_ok(siem_batch_refuse(batch, event, "wrong", true, &err));
    const char *source = siem_batch_source(batch, 0, &size);
    assert_non_null(memmem(source, size, masked, sizeof masked - 1));
    const siem_unmade unmade = siem_batch_unmade(batch, 0);
    assert_non_null(memmem(unmade.source, unmade.source_size, masked, sizeof masked - 1));
    siem_batch_close(batch);
    siem_event_close(event);
    siem_mapping_close(mapping);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_nothing, clear),
        cmocka_unit_test_teardown(test_all, clear),
        cmocka_unit_test_teardown(test_first, clear),
        cmocka_unit_test_teardown(test_whole_extra, clear),
        cmocka_unit_test_teardown(test_odd_values, clear),
        cmocka_unit_test_teardown(test_batch, clear),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
