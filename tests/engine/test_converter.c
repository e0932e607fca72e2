/* test_converter.c: every converter over every kind of value, and numbers of extra through a row's
 * stations. */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The record {"v":...} of a row, or "" when it is empty. */
static void render(const siem_row *row, const siem_column *columns, size_t count, char *out,
                   size_t capacity) {
    siem_event *event;
    siem_mapping *mapping;
    siem_batch *batch;
    size_t size;
    assert_ok(siem_event_open(&event, columns, count, "reg", &err));
    assert_ok(siem_mapping_open(&mapping, "test", &err));
    assert_ok(siem_mapping_add(mapping, row, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    const char *record = siem_batch_at(batch, 0, &size);
    assert_true(size < capacity);
    memcpy(out, record, size);
    out[size] = '\0';
    siem_batch_close(batch);
    siem_mapping_close(mapping);
    siem_event_close(event);
}

/* What a converter makes of a site's column; NULL: the row is omitted. */
static void assert_converted(const char *as, siem_value value, const char *expected) {
    const siem_column columns[] = {{"id", {.type = SIEM_INTEGER, .integer = 1}}, {"site", value}};
    const char *from[] = {"site", NULL};
    char record[512], wanted[512] = "{}";
    render(&(siem_row){.destination = "v", .from = from, .as = as}, columns, 2, record,
           sizeof record);
    if (expected != NULL) (void)snprintf(wanted, sizeof wanted, "{\"v\":%s}", expected);
    if (strcmp(record, wanted) != 0) fail_msg("%s: %s instead of %s", as, record, wanted);
}

static void assert_text(const char *as, const char *text, const char *expected) {
    assert_converted(as, test_text(text), expected);
}

static void assert_integer(const char *as, int64_t integer, const char *expected) {
    assert_converted(as, (siem_value){.type = SIEM_INTEGER, .integer = integer}, expected);
}

static void assert_real(const char *as, double real, const char *expected) {
    assert_converted(as, (siem_value){.type = SIEM_REAL, .real = real}, expected);
}

static void converts_to_numbers(void **state) {
    (void)state;
    assert_integer("float", 1735000001, "1735000001.0");
    assert_real("float", 0.75, "0.75");
    assert_text("float", "1e3", "1000.0");
    assert_text("float", "0.1", "0.1");
    assert_text("float", "nan", NULL);
    assert_text("float", "1e999", NULL);
    assert_text("float", "1.5 ", NULL);
    assert_text("float", "1,5", NULL);
    assert_integer("integer", INT64_MIN, "-9223372036854775808");
    assert_real("integer", 3.9, "3");
    assert_real("integer", -3.9, "-3");
    assert_real("integer", 9223372036854775808.0, NULL);
    assert_real("integer", -9223372036854775808.0, "-9223372036854775808");
    assert_text("integer", "3.9", "3");
    assert_text("integer", "-7", "-7");
    assert_text("integer", "9223372036854775807", "9223372036854775807");
    assert_text("integer", "9223372036854775808", NULL);
    assert_text("integer", "seven", NULL);
    assert_real("integer", -1e300, NULL);
    assert_text("integer", "1e3", "1000");
    assert_text("integer", "0000000000000000000000000000000000000000000000000000000000000007",
                NULL);
    assert_text("integer", "000000000000000000000000000000000000007", "7");
    assert_text("float", "0000000000000000000000000000000000000000000000000000000000000007", NULL);
    assert_text("float", "000000000000000000000000000000000000000000000000000000000000007", "7.0");
    assert_text("float", "", NULL);
    assert_text("integer", "", NULL);
}

static void converts_times(void **state) {
    (void)state;
    assert_integer("rfc3339", 1735000001, "\"2024-12-24T00:26:41Z\"");
    assert_real("rfc3339", 1735000001.75, "\"2024-12-24T00:26:41Z\"");
    assert_text("rfc3339", "2024-12-24T05:56:41.999+05:30", "\"2024-12-24T00:26:41Z\"");
    assert_text("rfc3339", "1735000001", "\"2024-12-24T00:26:41Z\"");
    assert_text("rfc3339", "yesterday", NULL);
    assert_text("rfc3339", "2026-02-29T00:00:00Z", NULL);
    assert_integer("rfc3339", INT64_MAX, NULL);
    assert_integer("epoch", 5, "5");
    assert_real("epoch", -0.5, "-1");
    assert_text("epoch", "2024-12-24T00:26:41.999Z", "1735000001");
    assert_text("epoch", "2024-12-24T00:26:41-01:00", "1735003601");
    assert_text("epoch", "1735000001.25", "1735000001");
    assert_text("epoch", "soon", NULL);
    assert_integer("epoch", INT64_C(2000000000000), NULL);
    assert_integer("epoch", INT64_C(1000000000001), NULL);
    assert_integer("epoch", INT64_C(1000000000000), "1000000000000");
    assert_integer("epoch_ms", INT64_C(-1000000000000), "-1000000000000000");
    assert_real("epoch", (double)NAN, NULL);
    assert_real("rfc3339", (double)INFINITY, NULL);
    assert_integer("epoch_ms", 5, "5000");
    assert_real("epoch_ms", 1735000001.25, "1735000001250");
    assert_text("epoch_ms", "2024-12-24T00:26:41.007Z", "1735000001007");
    assert_text("epoch_ms", "2024-12-24T00:26:41.9999Z", "1735000001999");
    assert_text("epoch_ms", "1969-12-31T23:59:59.5Z", "-500");
    assert_real("epoch_ms", 1e13, NULL);
}

static void converts_text(void **state) {
    (void)state;
    assert_text("lower", "ABC \xc3\x89z", "\"abc \\u00c9z\"");
    assert_text("upper", "abz@[`{", "\"ABZ@[`{\"");
    assert_real("upper", 1e100, "\"1E+100\"");
    assert_integer("text", -7, "\"-7\"");
    assert_real("text", 0.5, "\"0.5\"");
    assert_integer("json_text", 7, "\"7\"");
    assert_text("json_text", "a\"b", "\"\\\"a\\\\\\\"b\\\"\"");
    assert_text("ip", "192.0.2.1", "\"192.0.2.1\"");
    assert_text("ip", "2001:db8::1", "\"2001:db8::1\"");
    assert_text("ip", "192.0.2.256", NULL);
    assert_text("ip", "192.0.2.1 ", NULL);
    assert_text("ip", "2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001",
                NULL);
    assert_converted("ip", (siem_value){.type = SIEM_TEXT, .bytes = "192.0.2.1\0x", .size = 11},
                     NULL);
    assert_integer("ip", 3221225985, NULL);
    assert_text("sha256", "abc",
                "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"");
    assert_integer("sha256", 7,
                   "\"7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451\"");
    assert_real("sha256", 1.5,
                "\"9f29a130438b81170b92a42650f9a94291ecad60bd47af2a3886e75f7f728725\"");
    assert_text("sha256", "caf\xc3\xa9",
                "\"850f7dc43910ff890f8879c0ed26fe697c93a067ad93a7d50f466a7028a9bf4e\"");
}

/* A cut within a character leaves the whole character out; bytes that are no UTF-8 are cut as they
 * are. */
static void truncates_at_a_character(void **state) {
    static const char *const cuts[] = {
        NULL,           "\"a\"",        "\"a\"",        "\"a\\u00e9\"",
        "\"a\\u00e9\"", "\"a\\u00e9\"", "\"a\\u00e9\"", "\"a\\u00e9\\ud83d\\ude00\""};
    char as[32];
    (void)state;
    for (size_t bytes = 0; bytes < sizeof cuts / sizeof *cuts; bytes++) {
        (void)snprintf(as, sizeof as, "truncate:%zu", bytes);
        assert_text(as, "a\xc3\xa9\xf0\x9f\x98\x80", cuts[bytes]);
    }
    assert_text("truncate:100", "short", "\"short\"");
    assert_text("truncate:18446744073709551615", "short", "\"short\"");
    assert_converted("truncate:5", (siem_value){.type = SIEM_TEXT, .bytes = "short\x80", .size = 5},
                     "\"short\"");
    assert_integer("truncate:3", 123456, "\"123\"");
    assert_text("truncate:5", "\x80\x80\x80\x80\x80\x80\x80", "\"\\ufffd\"");
}

/* A converter is named as the list of converters has it, with its parameter or without. */
static void is_named_as_it_is_written(void **state) {
    static const char *const wrong[][2] = {
        {"truncate", "as: \"truncate\" is written as \"truncate:N\""},
        {"truncate:", "is written as \"truncate:N\""},
        {"truncate:x", "is written as \"truncate:N\""},
        {"truncate:-1", "is written as \"truncate:N\""},
        {"truncate: 5", "is written as \"truncate:N\""},
        {"truncate:5x", "is written as \"truncate:N\""},
        {"truncate:18446744073709551616", "is written as \"truncate:N\""},
        {"lower:5", "as: \"lower:5\" is written as \"lower\""},
        {"lower:", "is written as \"lower\""},
        {"lowe", "as: there is no converter \"lowe\""},
        {"lowerr", "there is no converter"},
        {"Lower", "there is no converter"},
        {"", "there is no converter"},
        {":5", "there is no converter"},
    };
    const char *from[] = {"site", NULL};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        siem_error err = {0};
        siem_mapping *mapping;
        assert_ok(siem_mapping_open(&mapping, "test", &err));
        const siem_row row = {.destination = "v", .from = from, .as = wrong[i][0]};
        assert_int_equal(siem_mapping_add(mapping, &row, &err), SIEM_INVALID);
        if (strstr(err.message, wrong[i][1]) == NULL) fail_msg("%s", err.message);
        siem_mapping_close(mapping);
    }
}

/* ---- numbers of extra ---- */

static siem_code shows_value(void *context, siem_event *event, const siem_value *value,
                             siem_value *result, siem_error *err) {
    static const char *const names[] = {"null", "integer", "real", "text", "json"};
    static char text[128];
    (void)context, (void)event, (void)err;
    int size = value->type == SIEM_INTEGER
                   ? snprintf(text, sizeof text, "integer %lld", (long long)value->integer)
                   : snprintf(text, sizeof text, "%s %.*s", names[value->type], (int)value->size,
                              value->bytes);
    *result = (siem_value){.type = SIEM_TEXT, .bytes = text, .size = (size_t)size};
    return SIEM_OK;
}

static void assert_extra(const char *number, siem_row row, const char *expected) {
    char extra[128], record[512], wanted[512] = "{}";
    const char *from[] = {"extra.n", NULL};
    (void)snprintf(extra, sizeof extra, "{\"n\":%s}", number);
    const siem_column columns[] = {{"id", {.type = SIEM_INTEGER, .integer = 1}},
                                   {"extra", test_text(extra)}};
    row.destination = "v";
    row.from = from;
    render(&row, columns, 2, record, sizeof record);
    if (expected != NULL) (void)snprintf(wanted, sizeof wanted, "{\"v\":%s}", expected);
    if (strcmp(record, wanted) != 0) fail_msg("%s: %s instead of %s", number, record, wanted);
}

/* What the stations of a row make of a number as it is written in extra. */
static const struct {
    const char *number, *as_integer, *as_float, *with;
} numbers[] = {
    {"0", "0", "0.0", "\"integer 0\""},
    {"-0", "0", "-0.0", "\"json -0\""},
    {"7", "7", "7.0", "\"integer 7\""},
    {"-7", "-7", "-7.0", "\"integer -7\""},
    {"42", "42", "42.0", "\"integer 42\""},
    {"10", "10", "10.0", "\"integer 10\""},
    {"1.5", "1", "1.5", "\"json 1.5\""},
    {"-1.5", "-1", "-1.5", "\"json -1.5\""},
    {"1.10", "1", "1.1", "\"json 1.10\""},
    {"1e3", "1000", "1000.0", "\"json 1e3\""},
    {"1E+3", "1000", "1000.0", "\"json 1E+3\""},
    {"9007199254740993", "9007199254740993", "9007199254740992.0", "\"integer 9007199254740993\""},
    {"9223372036854775807", "9223372036854775807", "9.223372036854776e+18",
     "\"integer 9223372036854775807\""},
    {"-9223372036854775808", "-9223372036854775808", "-9.223372036854776e+18",
     "\"integer -9223372036854775808\""},
    {"9223372036854775808", NULL, "9.223372036854776e+18", "\"json 9223372036854775808\""},
    {"18446744073709551615", NULL, "1.8446744073709552e+19", "\"json 18446744073709551615\""},
    {"99999999999999999999999", NULL, "1e+23", "\"json 99999999999999999999999\""},
    {"123456789012345678901234", NULL, "1.2345678901234569e+23",
     "\"json 123456789012345678901234\""},
    {"1234567890123456789012345678901234567890", NULL, "1.2345678901234568e+39",
     "\"json 1234567890123456789012345678901234567890\""},
};

static void keeps_numbers_of_extra(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *number = numbers[i].number;
        char quoted[64];
        (void)snprintf(quoted, sizeof quoted, "\"%s\"", number);
        assert_extra(number, (siem_row){0}, number);
        assert_extra(number, (siem_row){.as = "integer"}, numbers[i].as_integer);
        assert_extra(number, (siem_row){.as = "float"}, numbers[i].as_float);
        assert_extra(number, (siem_row){.as = "text"}, quoted);
        assert_extra(number, (siem_row){.with = shows_value}, numbers[i].with);
        const siem_pair pair = {number, "\"found\""};
        assert_extra(number,
                     (siem_row){.lookup = &pair, .lookup_size = 1, .fallback = "\"missed\""},
                     "\"found\"");
        assert_extra(number, (siem_row){.lookup = &pair, .lookup_size = 1, .fallback_prefix = "x"},
                     "\"found\"");
        const siem_pair other = {"other", "1"};
        (void)snprintf(quoted, sizeof quoted, "\"x%s\"", number);
        assert_extra(number, (siem_row){.lookup = &other, .lookup_size = 1, .fallback_prefix = "x"},
                     quoted);
    }
}

static void masks_addresses(void **state) {
    (void)state;
    assert_text("mask_email", "mei.tanaka@example.com", "\"m***@example.com\"");
    assert_text("mask_email", "a@b", "\"***@b\""); /* nothing of it is left to show */
    assert_text("mask_email", "ab@b", "\"a***@b\"");
    assert_text("mask_email", "\xc3\xa9lodie@\xc3\xa9.fr", "\"\\u00e9***@\\u00e9.fr\"");
    assert_text("mask_email", "\xc3\xa9@x.fr", "\"***@x.fr\"");
    assert_text("mask_email", "\"a@b\"@c-1.D", "\"\\\"***@c-1.D\"");
    assert_text("mask_email", "m***@example.com", "\"m***@example.com\"");
    const char *const others[] = {"",     "@", "a@", "@b", "mei.tanaka", "a@b c", "Mei <mei@x.fr>",
                                  "a@b/c"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_text("mask_email", others[i], NULL);
    }
    assert_integer("mask_email", 5, NULL);
}

static void truncates_networks(void **state) {
    (void)state;
    assert_text("truncate_ip", "192.0.2.53", "\"192.0.2.0\"");
    assert_text("truncate_ip", "255.255.255.255", "\"255.255.255.0\"");
    assert_text("truncate_ip", "2001:db8:abcd:12:1::1", "\"2001:db8:abcd::\"");
    assert_text("truncate_ip", "::1", "\"::\"");
    assert_text("truncate_ip", "::ffff:192.0.2.53", "\"::ffff:192.0.2.0\"");
    assert_text("truncate_ip", "2001:db8::", "\"2001:db8::\"");
    const char *const others[] = {"", "192.0.2", "192.0.2.53:80", "fe80::1%eth0", "192.0.2.0/24",
                                  "x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_text("truncate_ip", others[i], NULL);
    }
    assert_integer("truncate_ip", 5, NULL);
}

/* RFC 4231, test case 2; and the digest of the same text. */
static void digests_with_a_key(void **state) {
    const siem_column columns[] = {{"id", {.type = SIEM_INTEGER, .integer = 1}},
                                   {"site", test_text("what do ya want for nothing?")}};
    const char *from[] = {"site", NULL};
    char record[512];
    (void)state;
    assert_int_equal(setenv("MASK_KEY", "Jefe", 1), 0);
    render(&(siem_row){.destination = "v", .from = from, .as = "sha256", .key = "env:MASK_KEY"},
           columns, 2, record, sizeof record);
    assert_string_equal(record, "{\"v\":\"5bdcc146bf60754e6a042426089575c7"
                                "5a003f089d2739839dec58b964ec3843\"}");
    assert_text("sha256", "what do ya want for nothing?",
                "\"b381e7fec653fc3ab9b178272366b8ac87fed8d31cb25ed1d0e1f3318644c89c\"");
}

/* A message names the row and what to do, and never a key. */
static void assert_wrong_key(const char *as, const char *key, const char *part) {
    siem_mapping *mapping;
    siem_error err;
    const char *from[] = {"site", NULL};
    assert_ok(siem_mapping_open(&mapping, "test", &err));
    assert_int_not_equal(
        siem_mapping_add(mapping,
                         &(siem_row){.destination = "v", .from = from, .as = as, .key = key}, &err),
        SIEM_OK);
    test_has(err.message, part);
    assert_null(strstr(err.message, "hunter2"));
    siem_mapping_close(mapping);
}

static void refuses_wrong_keys(void **state) {
    (void)state;
    assert_wrong_key("sha256", "hunter2",
                     "test: v: key: say where it is: file:PATH, env:NAME or cmd:COMMAND");
    assert_wrong_key("sha256", "env:NO_SUCH_KEY", "test: v: key: cannot read NO_SUCH_KEY");
    assert_wrong_key("sha256", "file:/none/key", "/none/key");
    assert_wrong_key("lower", "env:MASK_KEY", "as: \"lower\" takes no key");
    assert_wrong_key(NULL, "env:MASK_KEY", "key needs as");
    assert_int_equal(setenv("EMPTY_KEY", "", 1), 0);
    assert_wrong_key("sha256", "env:EMPTY_KEY", "key");
}

/* Which ones hide what the value is. */
static void says_which_mask(void **state) {
    char names[256] = "";
    const siem_converter *converter;
    (void)state;
    for (size_t i = 0; (converter = siem_converter_at(i)) != NULL; i++) {
        if (!siem_converter_masks(converter)) continue;
        (void)strcat(strcat(names, siem_converter_name(converter)), " ");
    }
    assert_string_equal(names, "mask_email sha256 truncate_ip ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_addresses),          cmocka_unit_test(truncates_networks),
        cmocka_unit_test(digests_with_a_key),       cmocka_unit_test(refuses_wrong_keys),
        cmocka_unit_test(says_which_mask),          cmocka_unit_test(converts_to_numbers),
        cmocka_unit_test(converts_times),           cmocka_unit_test(converts_text),
        cmocka_unit_test(truncates_at_a_character), cmocka_unit_test(is_named_as_it_is_written),
        cmocka_unit_test(keeps_numbers_of_extra),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
