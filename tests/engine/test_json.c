/* test_json.c: escaping, numbers, canonical form; cJSON reads back what is written. */
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "testing.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_text(const char *bytes, size_t size, const char *json, size_t replaced) {
    siem_buffer out = {0};
    assert_int_equal(siem_json_write_text(&out, bytes, size), replaced);
    siem_buffer_add_char(&out, '\0');
    assert_string_equal(out.bytes, json);
    siem_buffer_free(&out);
}

static void test_write_text(void **state) {
    (void)state;
    assert_text("", 0, "\"\"", 0);
    assert_text("plain ASCII, longer than eight bytes", 36,
                "\"plain ASCII, longer than eight bytes\"", 0);
    assert_text("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"", 0);
    assert_text("\b\f\n\r\t\x01\x1f\x7f", 8, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"", 0);
    assert_text("nul\0in", 6, "\"nul\\u0000in\"", 0);
    assert_text("\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x8a", 9, "\"\\u00e9\\u20ac\\ud83e\\udd8a\"", 0);
    assert_text("\xef\xbf\xbd", 3, "\"\\ufffd\"", 0); /* U+FFFD itself is no replacement */
    assert_text("\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 11,
                "\"\\uffff\\ud800\\udc00\\udbff\\udfff\"", 0);
}

static void test_write_ill_formed(void **state) {
    (void)state;
    assert_text("\xff", 1, "\"\\ufffd\"", 1);
    assert_text("\xc0\xaf", 2, "\"\\ufffd\\ufffd\"", 2);            /* a longer form of '/' */
    assert_text("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"", 3); /* a surrogate */
    assert_text("\xe2\x82", 2, "\"\\ufffd\"", 1);                   /* cut off */
    assert_text("\xf0\x9f\xa6", 3, "\"\\ufffd\"", 1);
    assert_text("\xe2\x82z", 3, "\"\\ufffdz\"", 1);
    assert_text("\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", 4); /* > U+10FFFF */
}

/* Every byte at every place of the eight that are read at once. */
static void test_write_each_byte_at_each_place(void **state) {
    (void)state;
    for (int c = 0; c < 128; c++) {
        for (int place = 0; place < 19; place++) {
            char text[20] = "0123456789abcdefghi";
            siem_buffer out = {0};
            text[place] = (char)c;
            siem_json_write_text(&out, text, 19);
            siem_buffer_add_char(&out, '\0');
            cJSON *read = cJSON_Parse(out.bytes);
            if (c != 0) {
                assert_non_null(read);
                assert_string_equal(read->valuestring, text);
            } else {
                assert_non_null(strstr(out.bytes, "\\u0000"));
            }
            cJSON_Delete(read);
            siem_buffer_free(&out);
        }
    }
}

/* Plain texts of every length; no character is where it was in the text before. */
static void test_write_each_length(void **state) {
    char text[64], expected[68];
    (void)state;
    for (size_t size = 0; size <= 50; size++) {
        for (size_t i = 0; i < size; i++) text[i] = (char)('0' + (i + 7 * size) % 42); /* to Y */
        (void)snprintf(expected, sizeof expected, "\"%.*s\"", (int)size, text);
        assert_text(text, size, expected, 0);
    }
}

static void assert_real(double real, const char *json) {
    siem_buffer out = {0};
    assert_true(siem_json_write_real(&out, real));
    siem_buffer_add_char(&out, '\0');
    assert_string_equal(out.bytes, json);
    assert_true(strtod(out.bytes, NULL) == real);
    siem_buffer_free(&out);
}

static void test_write_real(void **state) {
    (void)state;
    assert_real(1735000000, "1735000000.0");
    assert_real(0, "0.0");
    assert_real(-0.0, "-0.0");
    assert_real(-5, "-5.0");
    assert_real(0.1, "0.1");
    assert_real(1.0 / 3, "0.3333333333333333");
    assert_real(0.0001, "0.0001");
    assert_real(0.00001, "1e-05");
    assert_real(1.5e-8, "1.5e-08");
    assert_real(1e-9, "1e-09");
    assert_real(1.25e-10, "1.25e-10");
    assert_real(1e15, "1000000000000000.0");
    assert_real(9007199254740993.0, "9007199254740992.0");
    assert_real(1e16, "1e+16");
    assert_real(1.5e300, "1.5e+300");
    assert_real(5e-324, "5e-324");
    assert_real(1.7976931348623157e308, "1.7976931348623157e+308");
    siem_buffer out = {0};
    assert_false(siem_json_write_real(&out, INFINITY));
    assert_int_equal(out.size, strlen("\"Infinity\""));
    siem_buffer_free(&out);
}

static void test_write_integer(void **state) {
    (void)state;
    siem_buffer out = {0};
    siem_json_write_integer(&out, INT64_MIN);
    siem_buffer_add_char(&out, ' ');
    siem_json_write_integer(&out, INT64_MAX);
    siem_buffer_add_char(&out, ' ');
    siem_json_write_integer(&out, 0);
    siem_buffer_add_char(&out, '\0');
    assert_string_equal(out.bytes, "-9223372036854775808 9223372036854775807 0");
    siem_buffer_free(&out);
}

/* What a value is in a record. */
static void test_write_value(void **state) {
    static const struct {
        siem_value value;
        const char *json;
    } cases[] = {
        {{.type = SIEM_NULL}, "null"},
        {{.type = SIEM_INTEGER, .integer = -7}, "-7"},
        {{.type = SIEM_REAL, .real = 0.5}, "0.5"},
        {{.type = SIEM_TEXT, .bytes = "a\"b", .size = 3}, "\"a\\\"b\""},
        {{.type = SIEM_JSON, .bytes = "[1]", .size = 3}, "[1]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_buffer out = {0};
        unsigned repairs = 0;
        siem_json_write_value(&out, &cases[i].value, &repairs);
        assert_int_equal(out.size, strlen(cases[i].json));
        assert_memory_equal(out.bytes, cases[i].json, out.size);
        assert_int_equal(repairs, 0);
        assert_true(siem_json_value_size(&cases[i].value) >= out.size);
        siem_buffer_free(&out);
    }
}

/* The size of a text is known before it is written: exactly, or with short escapes counted as long.
 */
static void test_value_size(void **state) {
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {
        {"", 2},          {"abc", 5},           {"a\"b\\\n", 22},    {"\x7f", 8},
        {"\xc3\xa9", 8},  {"\xe2\x82\xac.", 9}, {"\xef\xbf\xbf", 8}, {"\xf0\x90\x80\x80!", 15},
        {"\xff\xff", 14}, {"\xe2\x82", 8}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_value value = test_text(cases[i].text);
        assert_int_equal(siem_json_value_size(&value), cases[i].size);
    }
}

/* Reads a text of `size` bytes and compares the canonical form; NULL when it must be refused. */
static void assert_read(const char *text, siem_json_result result, const char *canonical) {
    siem_json_reader reader = {0};
    siem_buffer out = {0};
    siem_buffer_add(&out, "before", 6);
    assert_int_equal(siem_json_read(&reader, text, strlen(text), &out), result);
    siem_buffer_add_char(&out, '\0');
    assert_string_equal(out.bytes + 6, canonical != NULL ? canonical : "");
    siem_buffer_free(&out);
    siem_json_reader_free(&reader);
}

static void test_read_canonical(void **state) {
    (void)state;
    assert_read(" { \"a\" : [ 1 , true , null , \"x\" ] } \n", SIEM_JSON_READ,
                "{\"a\":[1,true,null,\"x\"]}");
    assert_read("[12345678901234567890123,1.10,1e400,-0,-0.0,1E+5]", SIEM_JSON_READ,
                "[12345678901234567890123,1.10,1e400,-0,-0.0,1E+5]");
    assert_read("\"\\u00e9\\/\\ud83e\\uDD8A\\u0041\"", SIEM_JSON_READ,
                "\"\\u00e9/\\ud83e\\udd8aA\"");
    assert_read("{}", SIEM_JSON_READ, "{}");
    assert_read("[]", SIEM_JSON_READ, "[]");
    assert_read("[{},[[]]]", SIEM_JSON_READ, "[{},[[]]]");
}

static void test_read_double_keys(void **state) {
    (void)state;
    assert_read("{\"a\":1,\"b\":2,\"a\":3}", SIEM_JSON_READ, "{\"a\":3,\"b\":2}");
    assert_read("{\"a\":1,\"\\u0061\":2}", SIEM_JSON_READ, "{\"a\":2}");
    assert_read("{\"x\":{\"a\":1,\"a\":{\"b\":1,\"b\":2}},\"x2\":0}", SIEM_JSON_READ,
                "{\"x\":{\"a\":{\"b\":2}},\"x2\":0}");
    assert_read(
        "{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"2\":[1]}",
        SIEM_JSON_READ,
        "{\"1\":0,\"2\":[1],\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0}");
}

/* An object of many members, which are sorted to find those that come twice. */
static void test_read_many_double_keys(void **state) {
    char text[2048] = "{", canonical[2048] = "{";
    (void)state;
    for (int i = 0; i < 40; i++) {
        char member[32];
        (void)snprintf(member, sizeof member, "%s\"k%d\":%d", i > 0 ? "," : "", i % 30, i);
        strcat(text, member);
        if (i >= 30) continue;
        (void)snprintf(member, sizeof member, "%s\"k%d\":%d", i > 0 ? "," : "", i,
                       i < 10 ? i + 30 : i);
        strcat(canonical, member);
    }
    assert_read(strcat(text, "}"), SIEM_JSON_READ, strcat(canonical, "}"));
}

/* A reader is used again and again: each text has a count of its own. */
static void test_read_again(void **state) {
    siem_json_reader reader = {0};
    siem_buffer out = {0};
    (void)state;
    assert_int_equal(siem_json_read(&reader, "{\"a\":\"\xff\"", 8, &out), SIEM_JSON_MALFORMED);
    assert_int_equal(siem_json_read(&reader, "[\"\xff\xfe\"]", 6, &out), SIEM_JSON_READ);
    assert_int_equal(reader.replaced, 2);
    assert_int_equal(siem_json_read(&reader, "{\"b\":1}", 7, &out), SIEM_JSON_READ);
    assert_int_equal(reader.replaced, 0);
    assert_memory_equal(out.bytes, "[\"\\ufffd\\ufffd\"]{\"b\":1}", out.size);
    siem_buffer_free(&out);
    siem_json_reader_free(&reader);
}

static void test_read_malformed(void **state) {
    static const char *const texts[] = {
        "",     " ",       "{",         "}",     "[1,]", "{\"a\":1,}", "{\"a\"}",  "{a:1}",
        "'a'",  "01",      "1.",        ".5",    "+1",   "1e",         "tru",      "nul",
        "\"a",  "\"\\x\"", "\"\\u12\"", "[1 2]", "1 2",  "[1]]",       "{\"a\":}", "{,}",
        "[,1]", "-",       "\"\n\"",    "0x10",  "[1}",  "{\"a\":1]",  "\"\\"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_read(texts[i], SIEM_JSON_MALFORMED, NULL);
    }
    assert_read("NaN", SIEM_JSON_NOT_A_NUMBER, NULL);
    assert_read("{\"a\":[Infinity]}", SIEM_JSON_NOT_A_NUMBER, NULL);
    assert_read("[-Infinity]", SIEM_JSON_NOT_A_NUMBER, NULL);
}

static void test_read_depth(void **state) {
    char text[2 * (SIEM_JSON_DEPTH + 1) + 1] = "";
    (void)state;
    for (int depth = SIEM_JSON_DEPTH; depth <= SIEM_JSON_DEPTH + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        bool fits = depth == SIEM_JSON_DEPTH;
        assert_read(text, fits ? SIEM_JSON_READ : SIEM_JSON_TOO_DEEP, fits ? text : NULL);
    }
}

static void test_find(void **state) {
    static const char object[] =
        "{\"a\":{\"a\":1},\"b\":[1,{\"c\":\"]}\"}],\"\\u00e9\":\"\\\"\",\"d\":null}";
    const char *value;
    size_t size;
    (void)state;
    assert_true(siem_json_find(object, sizeof object - 1, "b", 1, &value, &size));
    assert_memory_equal(value, "[1,{\"c\":\"]}\"}]", size);
    assert_true(siem_json_find(object, sizeof object - 1, "\xc3\xa9", 2, &value, &size));
    assert_memory_equal(value, "\"\\\"\"", size);
    assert_true(siem_json_find(object, sizeof object - 1, "d", 1, &value, &size));
    assert_memory_equal(value, "null", size);
    assert_false(siem_json_find(object, sizeof object - 1, "c", 1, &value, &size));
    assert_false(siem_json_find("{}", 2, "c", 1, &value, &size));
    assert_false(siem_json_find("[1]", 3, "c", 1, &value, &size));
}

static void test_decode_text(void **state) {
    static const struct {
        const char *string, *text;
    } cases[] = {
        {"\"\"", ""},
        {"\"a\\n\\t\\\"\\\\\"", "a\n\t\"\\"},
        {"\"\\u0041\\u007f\\u0080\"", "A\x7f\xc2\x80"},
        {"\"\\u07ff\\u0800\"", "\xdf\xbf\xe0\xa0\x80"},
        {"\"\\ud7ff\\ue000\\uffff\"", "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
        {"\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"\"\\ud83e.\"", "\xef\xbf\xbd."}, /* half a pair */
        {"\"\\udd8a.\"", "\xef\xbf\xbd."},
        {"\"\\ud83e\\ue000\"", "\xef\xbf\xbd\xee\x80\x80"},
        {"\"\\ud83e\\n\"", "\xef\xbf\xbd\n"},
        {"\"\\ud83e\\\\dc00!\"", "\xef\xbf\xbd\\dc00!"},
        {"\"\\ud83ezzdc00\"", "\xef\xbf\xbdzzdc00"},
        {"\"\\ue000\\udc00\"", "\xee\x80\x80\xef\xbf\xbd"}, /* no half before it */
    };
    siem_buffer out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        out.size = 0;
        siem_json_decode_text(cases[i].string, strlen(cases[i].string), &out);
        siem_buffer_add_char(&out, '\0');
        assert_string_equal(out.bytes, cases[i].text);
    }
    out.size = 0;
    siem_json_decode_text("\"a\\u0000b\"", 10, &out);
    assert_int_equal(out.size, 3);
    assert_memory_equal(out.bytes, "a\0b", 3);
    siem_buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_text),
        cmocka_unit_test(test_write_ill_formed),
        cmocka_unit_test(test_write_each_byte_at_each_place),
        cmocka_unit_test(test_write_each_length),
        cmocka_unit_test(test_write_real),
        cmocka_unit_test(test_write_integer),
        cmocka_unit_test(test_write_value),
        cmocka_unit_test(test_value_size),
        cmocka_unit_test(test_read_canonical),
        cmocka_unit_test(test_read_double_keys),
        cmocka_unit_test(test_read_many_double_keys),
        cmocka_unit_test(test_read_again),
        cmocka_unit_test(test_read_malformed),
        cmocka_unit_test(test_read_depth),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_decode_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
