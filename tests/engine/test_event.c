/* test_event.c: the rules of normalizing, and times. */
#include "source/event.h"
#include "testing.h"

#include <math.h>
#include <string.h>
#include <time.h>

static siem_event *open_event(const siem_column *row, size_t count) {
    siem_event *event;
    assert_ok(siem_event_open(&event, row, count, "reg", &err));
    return event;
}

static void assert_field(siem_event *event, const char *name, const char *text) {
    siem_value value = siem_event_get(event, name);
    if (text == NULL) {
        assert_int_equal(value.type, SIEM_NULL);
        return;
    }
    assert_true(value.type == SIEM_TEXT || value.type == SIEM_JSON);
    assert_int_equal(value.size, strlen(text));
    if (value.size != 0) assert_memory_equal(value.bytes, text, value.size);
}

static void test_empty_row(void **state) {
    (void)state;
    siem_event *event = open_event(NULL, 0);
    assert_int_equal(siem_event_size(event), SIEM_FIELD_COUNT);
    assert_field(event, "event_id", "");
    assert_field(event, "event_kind", "");
    assert_field(event, "occurred_at", "");
    assert_field(event, "registry_id", "reg");
    assert_field(event, "token_id", NULL);
    assert_field(event, "extra", NULL);
    assert_int_equal(siem_event_get(event, "occurred_unix").integer, 0);
    assert_null(siem_event_name(event, SIEM_FIELD_COUNT));
    siem_event_close(event);
}

static void test_whole_row(void **state) {
    const siem_column row[] = {
        {"id", {.type = SIEM_INTEGER, .integer = 7}},
        {"kind", test_text("dns")},
        {"timestamp", {.type = SIEM_INTEGER, .integer = 1735000001}},
        {"token_id", {.type = SIEM_INTEGER, .integer = 5}},
        {"user_agent", test_text("")},
        {"tlog_index", {.type = SIEM_INTEGER, .integer = 0}},
        {"extra", test_text(" {\"b\": 1, \"a\": [1, 2]} ")},
        {"site_column", test_text("kept")},
    };
    (void)state;
    siem_event *event = open_event(row, sizeof row / sizeof *row);
    assert_field(event, "event_id", "7");
    assert_field(event, "occurred_at", "2024-12-24T00:26:41Z");
    assert_int_equal(siem_event_get(event, "token_id").type, SIEM_INTEGER);
    assert_field(event, "user_agent", NULL);
    assert_int_equal(siem_event_get(event, "tlog_index").type, SIEM_INTEGER);
    assert_field(event, "extra", "{\"b\":1,\"a\":[1,2]}");
    assert_field(event, "site_column", "kept");
    assert_string_equal(siem_event_name(event, SIEM_FIELD_COUNT), "site_column");
    siem_event_close(event);
}

/* A column alone feeds its field, and no other one. */
static void test_single_columns(void **state) {
    static const struct {
        const char *column, *field;
    } cases[] = {{"id", "event_id"},           {"kind", "event_kind"},     {"token_id", "token_id"},
                 {"user_agent", "user_agent"}, {"source_ip", "source_ip"}, {"site", "site"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const siem_column row[] = {{cases[i].column, test_text("x")}};
        siem_event *event = open_event(row, 1);
        size_t found = 0;
        assert_field(event, cases[i].field, "x");
        assert_field(event, "extra", NULL);
        for (size_t k = 0; k < siem_event_size(event); k++) {
            siem_value value = siem_event_at(event, k);
            found += value.type == SIEM_TEXT && value.size == 1;
        }
        assert_int_equal(found, 1);
        siem_event_close(event);
    }
}

static void test_extra(void **state) {
    static const struct {
        const char *stored, *extra;
    } cases[] = {
        {"", NULL},
        {"{}", NULL},
        {"not json", "{\"raw\":\"not json\"}"},
        {"[1,2]", "{\"raw\":[1,2]}"},
        {"\"s\"", "{\"raw\":\"s\"}"},
        {"null", "{\"raw\":null}"},
        {"0", "{\"raw\":0}"},
        {"{\"a\":NaN}", "{\"raw\":\"{\\\"a\\\":NaN}\"}"},
        {"{\"n\":12345678901234567890123,\"f\":1.10}",
         "{\"n\":12345678901234567890123,\"f\":1.10}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_column row = {"extra", test_text(cases[i].stored)};
        siem_event *event = open_event(&row, 1);
        assert_field(event, "extra", cases[i].extra);
        siem_event_close(event);
    }
}

/* JSON of a caller becomes compact ASCII, so that a record stays one line; `extra` is as its text.
 */
static void test_json(void **state) {
    siem_value json = test_text(" { \"a\": [1,\n 2],\"\xc3\xa9\":\"x\" } ");
    json.type = SIEM_JSON;
    const siem_column row[] = {{"extra", json}, {"site", json}};
    (void)state;
    siem_event *event = open_event(row, 2);
    assert_field(event, "extra", "{\"a\":[1,2],\"\\u00e9\":\"x\"}");
    assert_field(event, "site", "{\"a\":[1,2],\"\\u00e9\":\"x\"}");
    siem_event_close(event);
}

static void test_timestamps(void **state) {
    const struct {
        siem_value stored;
        int64_t seconds;
        const char *text;
    } cases[] = {
        {{.type = SIEM_INTEGER, .integer = 0}, 0, ""},
        {{.type = SIEM_INTEGER, .integer = -5}, -5, "1969-12-31T23:59:55Z"},
        {{.type = SIEM_REAL, .real = 1735000123.9}, 1735000123, "2024-12-24T00:28:43Z"},
        {{.type = SIEM_INTEGER, .integer = 253402300799}, 253402300799, "9999-12-31T23:59:59Z"},
        {{.type = SIEM_INTEGER, .integer = 253402300800}, 0, ""},
        {{.type = SIEM_INTEGER, .integer = -62135596800}, -62135596800, "0001-01-01T00:00:00Z"},
        {{.type = SIEM_INTEGER, .integer = -62135596801}, 0, ""},
        {{.type = SIEM_INTEGER, .integer = INT64_MIN}, 0, ""},
        {{.type = SIEM_REAL, .real = 1e300}, 0, ""},
        {test_text("1735000001"), 1735000001, "2024-12-24T00:26:41Z"},
        {test_text(" \t1735000001\r\n"), 1735000001, "2024-12-24T00:26:41Z"},
        {test_text("+60"), 60, "1970-01-01T00:01:00Z"},
        {test_text("-60"), -60, "1969-12-31T23:59:00Z"},
        {test_text("1_735_000_001"), 1735000001, "2024-12-24T00:26:41Z"},
        {test_text("1__7"), 0, ""},
        {test_text("_17"), 0, ""},
        {test_text("17_"), 0, ""},
        {test_text("1 7"), 0, ""},
        {test_text("1.7"), 0, ""},
        {test_text("-"), 0, ""},
        {test_text("+-1"), 0, ""},
        {test_text(" "), 0, ""},
        {test_text(""), 0, ""},
        {test_text("soon"), 0, ""},
        {test_text("\x0e"
                   "5"),
         0, ""}, /* no white space */
        {test_text("\v5\f"), 5, "1970-01-01T00:00:05Z"},
        {{.type = SIEM_REAL, .real = (double)NAN}, 0, ""},
        {{.type = SIEM_REAL, .real = -1e12}, 0, ""},
        {{.type = SIEM_REAL, .real = 0.9}, 0, ""},
        {{.type = SIEM_JSON, .bytes = "17", .size = 2}, 17, "1970-01-01T00:00:17Z"},
        {{.type = SIEM_JSON, .bytes = "[]", .size = 2}, 0, ""},
        {{.type = SIEM_NULL}, 0, ""},
        {test_text("99999999999999999999"), 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_column row = {"timestamp", cases[i].stored};
        siem_event *event = open_event(&row, 1);
        assert_int_equal(siem_event_get(event, "occurred_unix").integer, cases[i].seconds);
        assert_field(event, "occurred_at", cases[i].text);
        siem_event_close(event);
    }
}

/* Ids and kinds are texts, whatever the registry stores; what is false is no kind. */
static void test_ids_and_kinds(void **state) {
    static const struct {
        siem_value stored;
        const char *id, *kind;
    } cases[] = {
        {{.type = SIEM_NULL}, "", ""},
        {{.type = SIEM_INTEGER, .integer = INT64_MIN},
         "-9223372036854775808",
         "-9223372036854775808"},
        {{.type = SIEM_INTEGER, .integer = 0}, "0", ""},
        {{.type = SIEM_REAL, .real = 1.5}, "1.5", "1.5"},
        {{.type = SIEM_REAL, .real = -0.0}, "-0.0", ""},
        {{.type = SIEM_TEXT, .bytes = "", .size = 0}, "", ""},
        {{.type = SIEM_TEXT, .bytes = "x", .size = 1}, "x", "x"},
        {{.type = SIEM_JSON, .bytes = "[1]", .size = 3}, "[1]", "[1]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const siem_column row[] = {{"id", cases[i].stored}, {"kind", cases[i].stored}};
        siem_event *event = open_event(row, 2);
        assert_field(event, "event_id", cases[i].id);
        assert_field(event, "event_kind", cases[i].kind);
        siem_event_close(event);
    }
}

/* A blob is read as text; a byte order mark is no part of it, unless it is all there is. */
static void test_blobs(void **state) {
    static const char *const extras[] = {
        "{\"a\":1}",       "{\"a\":1}",   "{\"raw\":\"\\ufeff\\ufeff{}\"}",
        "{\"raw\":\"{\"}", "{\"raw\":7}", NULL};
    siem_registry *registry;
    siem_event *event;
    (void)state;
    test_sql("blob.db", TABLE
             "INSERT INTO events (token_id, kind, timestamp, extra) VALUES "
             "('t', 'dns', 5, x'7b2261223a317d'), ('t', 'dns', 5, x'efbbbf7b2261223a317d'), "
             "('t', 'dns', 5, x'efbbbfefbbbf7b7d'), ('t', 'dns', 5, x'7b'), ('t', 'dns', 5, 7), "
             "('t', 'dns', 5, x'');");
    const siem_registry_options options = {.path = test_path("blob.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &options, &err));
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
        assert_ok(siem_registry_next(registry, &event, &err));
        assert_field(event, "extra", extras[i]);
        assert_int_equal((event->repairs & SIEM_REPAIRED_BLOB) != 0, i != 4);
    }
    siem_registry_close(registry);
}

/* What had to be changed about a row is known of the event. */
static void test_repairs(void **state) {
    static const struct {
        const char *column, *text;
        unsigned repairs;
    } cases[] = {
        {"extra", "{\"a\":1}", 0},
        {"extra", "not json", 0},
        {"extra", "[NaN]", SIEM_REPAIRED_EXTRA},
        {"extra", "{\"a\":\"\xff\"}", SIEM_REPAIRED_UTF8},
        {"timestamp", "7", 0},
        {"timestamp", "", 0},
        {"timestamp", "soon", SIEM_REPAIRED_TIMESTAMP},
        {"timestamp", "253402300800", SIEM_REPAIRED_TIMESTAMP},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_column row = {cases[i].column, test_text(cases[i].text)};
        siem_event *event = open_event(&row, 1);
        (void)siem_event_get(event, "extra");
        if (event->repairs != cases[i].repairs) fail_msg("%s: %u", row.value.bytes, event->repairs);
        siem_event_close(event);
    }
}

#define TEXT(text)                                                                                 \
    { .type = SIEM_TEXT, .bytes = (text), .size = sizeof(text) - 1 }

static const siem_column site_row[] = {
    {"first", TEXT("one")},
    {"id", {.type = SIEM_INTEGER, .integer = 7}},
    {"number", {.type = SIEM_INTEGER, .integer = -5}},
    {"occurred_at", TEXT("hidden")}, /* named like a field that comes from elsewhere */
    {"EXTRA", TEXT("{\"a\":1}")},
    {"none", {.type = SIEM_NULL}},
    {"last", TEXT("")},
};
#define SITE_ROW_SIZE (sizeof site_row / sizeof *site_row)

/* A value of JSON text, where a string, null or a number of 64 bits is one. */
static void test_decode(void **state) {
    static const struct {
        const char *json;
        siem_type type;
        int64_t integer;
    } cases[] = {
        {"null", SIEM_NULL, 0},
        {"0", SIEM_INTEGER, 0},
        {"-5", SIEM_INTEGER, -5},
        {"10", SIEM_INTEGER, 10},
        {"-10", SIEM_INTEGER, -10},
        {"-0", SIEM_JSON, 0},
        {"1.0", SIEM_JSON, 0},
        {"9223372036854775807", SIEM_INTEGER, INT64_MAX},
        {"-9223372036854775808", SIEM_INTEGER, INT64_MIN},
        {"9223372036854775808", SIEM_JSON, 0},
        {"11111111111111111111111", SIEM_JSON, 0},
        {"111111111111111111111111", SIEM_JSON, 0},
        {"true", SIEM_JSON, 0},
        {"[1]", SIEM_JSON, 0},
    };
    siem_buffer decoded = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_value json = test_text(cases[i].json);
        json.type = SIEM_JSON;
        const siem_value value = siem_value_decode(json, &decoded);
        if (value.type != cases[i].type) fail_msg("%s: %d", cases[i].json, (int)value.type);
        if (value.type == SIEM_INTEGER) assert_int_equal(value.integer, cases[i].integer);
        if (value.type == SIEM_JSON) assert_ptr_equal(value.bytes, cases[i].json);
    }
    siem_value text = test_text("\"a\\n\"");
    text.type = SIEM_JSON;
    text = siem_value_decode(text, &decoded);
    assert_int_equal(text.type, SIEM_TEXT);
    assert_int_equal(text.size, 2);
    assert_memory_equal(text.bytes, "a\n", 2);
    siem_buffer_free(&decoded);
}

/* A copy has all of its own. */
static void test_copy(void **state) {
    siem_event *copy;
    (void)state;
    siem_event *event = open_event(site_row, SITE_ROW_SIZE);
    assert_true(siem_event_weight(event) > sizeof *event);
    assert_ok(siem_event_copy(&copy, event, &err));
    assert_int_equal(siem_event_weight(copy), siem_event_weight(event));
    siem_event_close(event);
    assert_int_equal(siem_event_size(copy), SIEM_FIELD_COUNT + 4);
    assert_field(copy, "first", "one");
    assert_int_equal(siem_event_get(copy, "number").integer, -5);
    assert_field(copy, "none", NULL);
    assert_field(copy, "last", "");
    assert_field(copy, "extra", "{\"a\":1}");
    assert_field(copy, "occurred_at", "");
    assert_string_equal(siem_event_name(copy, SIEM_FIELD_COUNT + 3), "last");
    assert_null(siem_event_name(copy, SIEM_FIELD_COUNT + 4));
    assert_int_equal(siem_event_at(copy, SIEM_FIELD_COUNT + 1).integer, -5);
    assert_int_equal(siem_event_at(copy, SIEM_FIELD_COUNT + 4).type, SIEM_NULL);
    assert_field(copy, "no_such", NULL);
    siem_event_close(copy);
}

/* As a dead letter has it: all that is not null. */
static void test_write_json(void **state) {
    static const char expected[] =
        "{\"event_id\":\"7\",\"event_kind\":\"\",\"occurred_unix\":0,\"occurred_at\":\"\","
        "\"registry_id\":\"reg\",\"extra\":{\"a\":1},\"first\":\"one\",\"number\":-5,\"last\":"
        "\"\"}";
    siem_buffer out = {0};
    (void)state;
    siem_event *event = open_event(site_row, SITE_ROW_SIZE);
    siem_buffer_add(&out, "before", 6);
    siem_event_write_json(event, &out);
    siem_buffer_add_char(&out, '\0');
    assert_string_equal(out.bytes + 6, expected);
    siem_buffer_free(&out);
    siem_event_close(event);
}

static uint64_t fingerprint_of(int64_t time, siem_value kind, siem_value token, const char *file) {
    const siem_column row[] = {{"timestamp", {.type = SIEM_INTEGER, .integer = time}},
                               {"kind", kind},
                               {"token_id", token},
                               {"file_id", test_text(file)}};
    siem_event *event = open_event(row, 4);
    uint64_t fingerprint = siem_event_fingerprint(event);
    siem_event_close(event);
    return fingerprint;
}

/* An event is known again by its time, its kind and its token, whatever else changes. */
static void test_print(void **state) {
    const siem_value kind = test_text("dns"), token = test_text("0123456789abcdef-1");
    const uint64_t fingerprint = fingerprint_of(1735000001, kind, token, "f");
    (void)state;
    assert_true(fingerprint != 0);
    assert_true(fingerprint == fingerprint_of(1735000001, kind, token, "g"));
    const uint64_t others[] = {
        fingerprint_of(1735000002, kind, token, "f"),
        fingerprint_of(1735000001, test_text("ocsp"), token, "f"),
        fingerprint_of(1735000001, kind, test_text("0123456789abcdef-2"), "f"),
        fingerprint_of(1735000001, kind, test_text("1123456789abcdef-1"), "f"),
        fingerprint_of(1735000001, kind, test_text("01234567"), "f"),
        fingerprint_of(1735000001, kind, (siem_value){.type = SIEM_INTEGER, .integer = 7}, "f"),
        fingerprint_of(1735000001, kind, (siem_value){.type = SIEM_INTEGER, .integer = 8}, "f"),
        fingerprint_of(1735000001, kind, (siem_value){0}, "f"),
        fingerprint_of(1735000001, test_text("dns0"), test_text("123456789abcdef-1"), "f"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_true(others[i] != fingerprint);
        for (size_t j = 0; j < i; j++) assert_true(others[i] != others[j]);
    }
    /* Checkpoints have them, so that they stay the same. */
    assert_true(fingerprint == 0x82dcabc9d7bbf874);
    assert_true(others[5] == 0xa2e4d3e91f859e70);
    assert_true(others[7] == 0xc6f92cad17c5fe17);
}

/* The C library's calendar agrees, over 400 years and leap days. */
static void test_calendar(void **state) {
    (void)state;
    for (int64_t t = -13 * INT64_C(1000000000); t < 13 * INT64_C(1000000000); t += 7654321) {
        char expected[32], text[24];
        time_t seconds = (time_t)t;
        struct tm parts;
        assert_non_null(gmtime_r(&seconds, &parts));
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &parts);
        assert_ok(siem_iso8601(text, (double)t, &err));
        assert_string_equal(text, expected);
    }
}

static void test_iso8601(void **state) {
    char text[24];
    siem_error err;
    (void)state;
    assert_ok(siem_iso8601(text, 1735000000.9999996, &err));
    assert_string_equal(text, "2024-12-24T00:26:41Z"); /* rounds to the microsecond first */
    assert_ok(siem_iso8601(text, -0.5, &err));
    assert_string_equal(text, "1969-12-31T23:59:59Z");
    assert_int_equal(siem_iso8601(text, 1e18, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "years 1 to 9999"));
}

/* An identity that cannot be meant. Neither an event, a record nor a registry gets one. */
static void test_registry_ids(void **state) {
    static const struct {
        const char *id, *part;
    } wrong[] = {{NULL, "registry_id is missing"},
                 {"", "registry_id is empty: is the variable"},
                 {" \t\r\n", "registry_id is empty: is the variable"},
                 {"acme\r", "registry_id holds a control character"},
                 {"ac\x1bme", "registry_id holds a control character"},
                 {"ac\x7fme", "registry_id holds a control character"},
                 {"\xef\xbb\xbf"
                  "acme",
                  "registry_id holds a control character"},
                 {" acme", "begins or ends with a space"},
                 {"acme ", "begins or ends with a space"}};
    siem_batch *batch;
    siem_event *event;
    siem_registry *registry;
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        siem_error err = {0};
        siem_registry_options options = {.path = test_path("none.db"), .registry_id = wrong[i].id};
        assert_int_equal(siem_event_open(&event, NULL, 0, wrong[i].id, &err), SIEM_INVALID);
        assert_null(event);
        if (strstr(err.message, wrong[i].part) == NULL) fail_msg("%s", err.message);
        assert_int_equal(siem_registry_open(&registry, &options, &err), SIEM_INVALID);
        assert_null(registry);
        if (strstr(err.message, wrong[i].part) == NULL) fail_msg("%s", err.message);
        assert_int_equal(siem_batch_add(batch, "{}", 2, "1", wrong[i].id, 0, &err), SIEM_INVALID);
    }
    assert_int_equal(siem_batch_size(batch), 0);
    siem_batch_close(batch);
    assert_ok(siem_event_open(&event, NULL, 0, "Zweigstelle Köln: 1/2", &err));
    siem_event_close(event);
}

static void test_actions(void **state) {
    (void)state;
    assert_string_equal(siem_action_of("dns"), "beacon-dns-callback");
    assert_string_equal(siem_action_of("http_img"), "beacon-http-pixel");
    assert_string_equal(siem_action_of("ocsp"), "beacon-ocsp-callback");
    assert_string_equal(siem_action_of("license"), "beacon-license-check");
    assert_null(siem_action_of(NULL));
    assert_null(siem_action_of("other"));
    assert_string_equal(siem_beacon_kinds()[3], "license");
    assert_null(siem_beacon_kinds()[4]);
}

/* Columns that feed a field are none of a site's own, and the first field is one. */
static void test_columns_of_site(void **state) {
    (void)state;
    assert_true(siem_layout_is_of_site("region"));
    assert_false(siem_layout_is_of_site("id"));
    assert_false(siem_layout_is_of_site("kind"));
    assert_false(siem_layout_is_of_site("extra"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_row),      cmocka_unit_test(test_whole_row),
        cmocka_unit_test(test_single_columns), cmocka_unit_test(test_extra),
        cmocka_unit_test(test_json),           cmocka_unit_test(test_timestamps),
        cmocka_unit_test(test_calendar),       cmocka_unit_test(test_repairs),
        cmocka_unit_test(test_copy),           cmocka_unit_test(test_write_json),
        cmocka_unit_test(test_print),          cmocka_unit_test(test_iso8601),
        cmocka_unit_test(test_registry_ids),   cmocka_unit_test(test_columns_of_site),
        cmocka_unit_test(test_actions),        cmocka_unit_test(test_ids_and_kinds),
        cmocka_unit_test(test_blobs),          cmocka_unit_test(test_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
