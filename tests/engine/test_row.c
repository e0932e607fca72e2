/* test_row.c: when the function of a row is asked, and what a null gives without it. */
#include "record/mapping.h"
#include "testing.h"

#include <string.h>

#define FROM(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define PAIRS(...) ((const siem_pair[]){__VA_ARGS__}), .lookup_size = 1

/* Renders an event that has a token, and no recipient, through one row. */
static siem_code render(const siem_row *row, siem_buffer *out, siem_error *err) {
    const siem_column columns[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}},
                                   {"token_id", test_text("T0k")}};
    siem_event *event;
    siem_mapping *mapping;
    unsigned repairs = 0;
    siem_code rc = siem_event_open(&event, columns, 2, "reg", err);
    if (rc != SIEM_OK) return rc;
    rc = siem_mapping_open(&mapping, "test", err);
    if (rc == SIEM_OK) rc = siem_mapping_add(mapping, row, err);
    if (rc == SIEM_OK) rc = siem_mapping_compile(mapping, err);
    if (rc == SIEM_OK) {
        rc = siem_mapping_render(mapping, siem_mapping_own_state(mapping), event, out, &repairs,
                                 err);
    }
    siem_mapping_close(mapping);
    siem_event_close(event);
    return rc;
}

static void assert_record(siem_row row, const char *record) {
    siem_error err = {0};
    siem_buffer out = {0};
    row.destination = "r";
    if (render(&row, &out, &err) != SIEM_OK) fail_msg("%s", err.message);
    assert_true(siem_buffer_reserve(&out, 1));
    out.bytes[out.size] = '\0';
    assert_string_equal(out.bytes, record);
    siem_buffer_free(&out);
}

static void assert_wrong(siem_row row, siem_code code, const char *part) {
    siem_error err = {0};
    siem_buffer out = {0};
    row.destination = "r";
    assert_int_equal(render(&row, &out, &err), code);
    test_has(err.message, part);
    siem_buffer_free(&out);
}

/* What a function was called with. */
static int calls;
static siem_type seen;

static siem_code answer(void *context, siem_event *event, const siem_value *value,
                        siem_value *result, siem_error *err) {
    (void)event, (void)err;
    calls++;
    seen = value->type;
    *result = test_text(context);
    return SIEM_OK;
}

#define ANSWER .with = answer, .with_context = "called"

static void test_value(void **state) {
    (void)state;
    calls = 0;
    assert_record((siem_row){.from = FROM("token_id"), ANSWER}, "{\"r\":\"called\"}");
    assert_record((siem_row){.value = "1", ANSWER}, "{\"r\":\"called\"}");
    assert_record((siem_row){.from = FROM("event_kind"), ANSWER}, "{\"r\":\"called\"}"); /* "" */
    assert_int_equal(calls, 3);
    assert_int_equal(seen, SIEM_TEXT);
}

static void test_null(void **state) {
    (void)state;
    calls = 0;
    assert_record((siem_row){.from = FROM("recipient_id"), ANSWER}, "{}");
    assert_record((siem_row){.from = FROM("recipient_id", "user_agent"), ANSWER}, "{}");
    assert_record((siem_row){.from = FROM("extra.qname"), ANSWER}, "{}");
    assert_record((siem_row){.from = FROM("token_id"), .as = "ip", ANSWER}, "{}");
    assert_record((siem_row){.value = "null", ANSWER}, "{}");
    assert_record((siem_row){.from = FROM("recipient_id"), .keep = true, ANSWER}, "{\"r\":null}");
    assert_record((siem_row){.from = FROM("token_id"), .lookup = PAIRS({"x", "1"}), ANSWER}, "{}");
    assert_record((siem_row){.from = FROM("token_id"), .lookup = PAIRS({"T0k", "null"}), ANSWER},
                  "{}");
    assert_wrong((siem_row){.from = FROM("recipient_id"), .required = true, ANSWER}, SIEM_REFUSED,
                 "test: r: the value is required, and empty");
    assert_int_equal(calls, 0);
}

/* A default is a value, also that of a null. */
static void test_default(void **state) {
    (void)state;
    calls = 0;
    assert_record(
        (siem_row){
            .from = FROM("recipient_id"), .lookup = PAIRS({"x", "1"}), .fallback = "\"d\"", ANSWER},
        "{\"r\":\"called\"}");
    assert_int_equal(calls, 1);
}

/* The function of the default is called for what the lookup does not have. */
static void test_default_function(void **state) {
    siem_row row = {.from = FROM("token_id"), .lookup = PAIRS({"x", "1"}), .fallback_with = answer};
    (void)state;
    calls = 0;
    row.fallback_with_context = "other";
    assert_record(row, "{\"r\":\"other\"}");
    assert_int_equal(calls, 1);
    assert_int_equal(seen, SIEM_TEXT);
    row.from = FROM("recipient_id");
    assert_record(row, "{\"r\":\"other\"}");
    assert_int_equal(calls, 2);
    row.from = FROM("token_id");
    row.lookup = (const siem_pair[]){{"T0k", "1"}};
    assert_record(row, "{\"r\":1}");
    assert_int_equal(calls, 2);
}

static void test_asked_for(void **state) {
    (void)state;
    calls = 0;
    assert_record((siem_row){.from = FROM("recipient_id"), .with_null = true, ANSWER},
                  "{\"r\":\"called\"}");
    assert_int_equal(seen, SIEM_NULL);
    assert_record((siem_row){ANSWER}, "{\"r\":\"called\"}"); /* no source to have a value */
    assert_int_equal(seen, SIEM_NULL);
    assert_int_equal(calls, 2);
    assert_wrong((siem_row){.with_null = true, ANSWER}, SIEM_INVALID,
                 "with_null needs from or value");
    assert_wrong((siem_row){.from = FROM("token_id"), .with_null = true}, SIEM_INVALID,
                 "with_null needs with");
}

/* ---- masks of a dead letter ---- */

/* The event as a dead letter keeps it, of a mapping with these rows, ended by one that is empty. */
static void assert_kept(const siem_row *rows, const char *json, const char *names) {
    const siem_column columns[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}},
                                   {"recipient_id", test_text("mei@x.fr")},
                                   {"source_ip", test_text("none")},
                                   {"site", test_text("kai@x.fr")},
                                   {"extra", test_text("{\"a\":{\"b\":\"192.0.2.1\"},\"n\":1.50,"
                                                       "\"list\":[1]}")}};
    siem_event *event;
    siem_mapping *mapping;
    siem_error err = {0};
    siem_buffer out = {0};
    assert_ok(siem_event_open(&event, columns, 5, "reg", &err));
    assert_ok(siem_mapping_open(&mapping, "test", &err));
    assert_ok(siem_mapping_mask_dead_letter(mapping, &err));
    for (; rows->destination != NULL; rows++) assert_ok(siem_mapping_add(mapping, rows, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    const siem_masks *masks = siem_mapping_masks(mapping);
    siem_masks_write_event(masks, event, &out);
    assert_true(siem_buffer_reserve(&out, 1));
    out.bytes[out.size] = '\0';
    test_has(out.bytes, json);
    assert_null(strstr(out.bytes, "mei@"));
    if (names == NULL) assert_null(siem_masks_names(masks));
    else assert_string_equal(siem_masks_names(masks), names);
    assert_int_equal(siem_mapping_mask_dead_letter(mapping, &err), SIEM_INVALID);
    siem_buffer_free(&out);
    siem_mapping_close(mapping);
    siem_event_close(event);
}

#define ROWS(...) ((const siem_row[]){__VA_ARGS__, {0}})

static void test_masks(void **state) {
    (void)state;
    assert_kept(ROWS({"a", .from = FROM("recipient_id"), .as = "mask_email"},
                     {"b", .from = FROM("recipient_id", "site"), .as = "mask_email"},
                     {"o.c", .from = FROM("extra.a.b"), .as = "truncate_ip"},
                     {"d", .from = FROM("extra.none"), .as = "sha256"},
                     {"e", .from = FROM("extra.list"), .as = "mask_email"},
                     {"f", .from = FROM("event_id"), .as = "lower"}),
                "\"recipient_id\":\"m***@x.fr\",\"source_ip\":\"none\",\"extra\":{\"a\":{\"b\":"
                "\"192.0.2.0\"},\"n\":1.50,\"list\":null},\"site\":\"k***@x.fr\"}",
                "[\"recipient_id\",\"site\",\"extra.a.b\",\"extra.none\",\"extra.list\"]");
    /* What cannot be masked is omitted, and extra as a whole is its digest. */
    assert_kept(ROWS({"a", .from = FROM("recipient_id"), .as = "truncate_ip"},
                     {"b", .from = FROM("source_ip"), .as = "truncate_ip"},
                     {"c", .from = FROM("extra"), .as = "sha256"}),
                "\"registry_id\":\"reg\",\"extra\":\"",
                "[\"recipient_id\",\"source_ip\",\"extra\"]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value),     cmocka_unit_test(test_null),
        cmocka_unit_test(test_default),   cmocka_unit_test(test_default_function),
        cmocka_unit_test(test_asked_for), cmocka_unit_test(test_masks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
