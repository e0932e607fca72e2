/* test_mmdb_value.c: values of a MaxMind database, byte by byte: every type, size and damage. */
#include "enrich/mmdb_value.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>

/* Reads a copy of exactly that size, so that a byte too many is noticed. */
static siem_code read_value(siem_buffer *json, const char *data, size_t size, size_t at,
                            siem_error *err) {
    uint8_t *section = malloc(size > 0 ? size : 1);
    assert_non_null(section);
    memcpy(section, data, size);
    siem_code rc = siem_mmdb_write_value(json, section, size, at, err);
    free(section);
    return rc;
}

static void assert_value(const char *data, size_t size, size_t at, const char *expected) {
    siem_buffer json = {0};
    siem_error err = {0};
    siem_buffer_add(&json, "before", 6);
    siem_code rc = read_value(&json, data, size, at, &err);
    siem_buffer_add_char(&json, '\0');
    if (rc != SIEM_OK) fail_msg("%s: %s", expected, err.message);
    assert_string_equal(json.bytes + 6, expected);
    siem_buffer_free(&json);
}

static void assert_damaged(const char *data, size_t size, size_t at, const char *problem) {
    siem_buffer json = {0};
    siem_error err = {0};
    siem_buffer_add(&json, "before", 6);
    assert_int_equal(read_value(&json, data, size, at, &err), SIEM_IO);
    if (strstr(err.message, problem) == NULL) fail_msg("'%s' lacks '%s'", err.message, problem);
    assert_int_equal(json.size, 6);
    siem_buffer_free(&json);
}

#define BYTES(text) (text), sizeof(text) - 1

static void test_scalars(void **state) {
    static const struct {
        const char *data;
        size_t size;
        const char *json;
    } cases[] = {
        {BYTES("\x40"), "\"\""},
        {BYTES("\x43"
               "a\"\xc3"),
         "\"a\\\"\\ufffd\""},
        {BYTES("\x82\x0f\xa0"), "\"0fa0\""},
        {BYTES("\xa0"), "0"},
        {BYTES("\xa1\x07"), "7"},
        {BYTES("\xa2\x01\x02"), "258"},
        {BYTES("\xc4\xff\xff\xff\xff"), "4294967295"},
        {BYTES("\x04\x01\xff\xff\xff\xfe"), "-2"},
        {BYTES("\x01\x01\xff"), "255"},
        {BYTES("\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615"},
        {BYTES("\x10\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
         "340282366920938463463374607431768211455"},
        {BYTES("\x09\x03\x01\x00\x00\x00\x00\x00\x00\x00\x00"), "18446744073709551616"},
        {BYTES("\x68\x3f\xf8\x00\x00\x00\x00\x00\x00"), "1.5"},
        {BYTES("\x04\x08\xbf\x00\x00\x00"), "-0.5"},
        {BYTES("\x00\x07"), "false"},
        {BYTES("\x01\x07"), "true"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_value(cases[i].data, cases[i].size, 0, cases[i].json);
        for (size_t size = 0; size < cases[i].size; size++) {
            assert_damaged(cases[i].data, size, 0, "a value ends after the data");
        }
    }
}

static void test_lists_and_maps(void **state) {
    (void)state;
    assert_value(BYTES("\x00\x04"), 0, "[]");
    assert_value(BYTES("\xe0"), 0, "{}");
    assert_value(BYTES("\x02\x04\xa1\x01\xe1\x41"
                       "k\x00\x07"),
                 0, "[1,{\"k\":false}]");
    assert_value(BYTES("\xe2\x41"
                       "a\xa1\x01\x41"
                       "b\x00\x04"),
                 0, "{\"a\":1,\"b\":[]}");
    assert_damaged(BYTES("\xe1\xa1\x01\xa1\x02"), 0, "a key of a map is not text");
    assert_damaged(BYTES("\xe1\x41"
                         "k"),
                   0, "a value ends after the data");
}

/* Sizes of 29 bytes and more stand in one to three bytes of their own. */
static void test_sizes(void **state) {
    static const struct {
        const char *control;
        size_t size, length;
    } cases[] = {{BYTES("\x5c"), 28},
                 {BYTES("\x5d\x00"), 29},
                 {BYTES("\x5d\xff"), 284},
                 {BYTES("\x5e\x00\x00"), 285},
                 {BYTES("\x5e\xff\xff"), 65820},
                 {BYTES("\x5f\x00\x00\x00"), 65821},
                 {BYTES("\x5f\x00\x01\x02"), 66079}};
    static char data[70000], expected[70000];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = cases[i].size, length = cases[i].length;
        memcpy(data, cases[i].control, size);
        memset(data + size, 'x', length);
        memset(expected + 1, 'x', length);
        expected[0] = expected[length + 1] = '"';
        expected[length + 2] = '\0';
        assert_value(data, size + length, 0, expected);
        assert_damaged(data, size + length - 1, 0, "a value ends after the data");
    }
}

/* Pointers of one to four bytes, each from its own base; after one, reading goes on behind it. */
static void test_pointers(void **state) {
    static char data[600000];
    (void)state;
    assert_value(BYTES("\xa1\x07\x20\x00"), 2, "7");
    assert_value(BYTES("\x41"
                       "k\xe2\x20\x00\x20\x00\x41"
                       "m\xa1\x05"),
                 2, "{\"k\":\"k\",\"m\":5}");
    static const struct {
        const char *pointer;
        size_t size, place;
    } cases[] = {{BYTES("\x27\xff"), 2047},
                 {BYTES("\x28\x00\x00"), 2048},
                 {BYTES("\x29\x00\x01"), 65536 + 2049},
                 {BYTES("\x2f\xff\xff"), 526335},
                 {BYTES("\x30\x00\x00\x00"), 526336},
                 {BYTES("\x30\x00\x01\x01"), 526593},
                 {BYTES("\x38\x00\x00\x01\x02"), 258},
                 {BYTES("\x3f\x00\x00\x01\x02"), 258}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(data, 0, sizeof data);
        memcpy(data, cases[i].pointer, cases[i].size);
        memcpy(data + cases[i].place, "\xa1\x09", 2);
        assert_value(data, sizeof data, 0, "9");
        assert_damaged(data, cases[i].place, 0, "a pointer leads out of the data");
    }
    assert_damaged(BYTES("\x20\x02\x20\x00"), 2, "a pointer leads to a pointer");
    assert_damaged(BYTES("\x20\x00"), 0, "a pointer leads to a pointer");
}

static void test_damage(void **state) {
    (void)state;
    assert_damaged(BYTES("\x00\x00"), 0, "a value has an unknown type");
    assert_damaged(BYTES("\x00\x05"), 0, "a value has an unknown type");
    assert_damaged(BYTES("\x00\x06"), 0, "a value has an unknown type");
    assert_damaged(BYTES("\x00\x09"), 0, "a value has an unknown type");
    assert_damaged(BYTES("\xa3\x01\x02\x03"), 0, "a number has a wrong size");
    assert_damaged(BYTES("\xc5\x01\x02\x03\x04\x05"), 0, "a number has a wrong size");
    assert_damaged(BYTES("\x05\x01\x01\x02\x03\x04\x05"), 0, "a number has a wrong size");
    assert_damaged(BYTES("\x09\x02\x01\x02\x03\x04\x05\x06\x07\x08\x09"), 0,
                   "a number has a wrong size");
    assert_damaged(BYTES("\x67\x3f\xf8\x00\x00\x00\x00\x00"), 0, "a number has a wrong size");
    assert_damaged(BYTES("\x03\x08\xbf\x00\x00"), 0, "a number has a wrong size");
    assert_damaged(BYTES("\xa0"), 1, "a value ends after the data");
    assert_damaged(BYTES("\xa0"), 7, "a value ends after the data");
}

/* So many levels, values and bytes of text, and not one more. */
/* Whatever is cut off a value, nothing after it is read, and it is damaged. */
static void test_cut(void **state) {
    static const struct {
        const char *data;
        size_t size;
    } cases[] = {
        {BYTES("\x43"
               "abc")},
        {BYTES("\x82\x0f\xa0")},
        {BYTES("\xa2\x01\x02")},
        {BYTES("\x04\x01\xff\xff\xff\xfe")},
        {BYTES("\x68\x3f\xf0\x00\x00\x00\x00\x00\x00")},
        {BYTES("\x04\x08\x3f\x80\x00\x00")},
        {BYTES("\x5d\x00"
               "abcdefghijklmnopqrstuvwxyzabc")},
        {BYTES("\xe2\x41"
               "a\xa1\x07\x41"
               "b\x42"
               "xy")},
        {BYTES("\x02\x04\xa1\x01\xa1\x02")},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_buffer json = {0};
        assert_ok(read_value(&json, cases[i].data, cases[i].size, 0, &err));
        siem_buffer_free(&json);
        for (size_t size = 0; size < cases[i].size; size++) {
            assert_damaged(cases[i].data, size, 0, "the data");
        }
    }
    /* Pointers of each size, cut short, out of the data, to a cut value, and to a pointer. */
    assert_damaged(BYTES("\x20"), 0, "the data");
    assert_damaged(BYTES("\x28\x00"), 0, "the data");
    assert_damaged(BYTES("\x30\x00\x00"), 0, "the data");
    assert_damaged(BYTES("\x38\x00\x00\x00"), 0, "the data");
    assert_damaged(BYTES("\x20\x02"), 0, "a pointer leads out of the data");
    assert_damaged(BYTES("\x20\x02\x5d"), 0, "the data");
    assert_damaged(BYTES("\x20\x02\x20\x04\xa0"), 0, "a pointer leads to a pointer");
    /* The first of two problems is reported, also within a map. */
    assert_damaged(BYTES("\xe1\x20\x09"), 0, "a pointer leads out of the data");
    assert_damaged(BYTES("\xe2\x41"
                         "a"),
                   0, "the data");
}

static void test_bounds(void **state) {
    static char data[20010], expected[80];
    static const char nested[] = "\x01\x04";
    (void)state;
    for (size_t level = 0; level < 33; level++) memcpy(data + 2 * level, nested, 2);
    memcpy(data + 64, "\xa0", 1);
    memset(expected, '[', 32);
    expected[32] = '0';
    memset(expected + 33, ']', 32);
    assert_value(data, 65, 0, expected);
    memcpy(data + 64, nested, 2);
    data[66] = '\xa0';
    assert_damaged(data, 67, 0, "a value has more than 32 levels");

    siem_buffer json = {0};
    siem_error err;
    memset(data, '\xa0', sizeof data); /* a list of 9999 numbers, and of 10000 */
    memcpy(data, "\x1e\x04\x25\xf2", 4);
    assert_ok(read_value(&json, data, sizeof data, 0, &err));
    assert_int_equal(json.size, 2 * 9999 + 1);
    memcpy(data, "\x1e\x04\x25\xf3", 4);
    assert_int_equal(read_value(&json, data, sizeof data, 0, &err), SIEM_IO);
    assert_non_null(strstr(err.message, "it has more than 10000 values"));

    /* A list of pointers to a text of 10000 bytes: bytes that are escaped count in six. */
    json.size = 0;
    memset(data, 'x', 10003);
    memcpy(data, "\x5e\x25\xf3", 3);
    for (int i = 0; i < 200; i++) memcpy(data + 10003 + 4 + 2 * i, "\x20\x00", 2);
    memcpy(data + 10003, "\x0a\x04", 2);
    memmove(data + 10005, data + 10007, 400);
    assert_ok(read_value(&json, data, 10005 + 400, 10003, &err));
    assert_int_equal(json.size, 10 * 10002 + 9 + 2);
    memcpy(data + 10003, "\x1d\x04\x83", 3); /* 160 of them */
    for (int i = 0; i < 200; i++) memcpy(data + 10006 + 2 * i, "\x20\x00", 2);
    assert_int_equal(read_value(&json, data, 10006 + 400, 10003, &err), SIEM_IO);
    assert_non_null(strstr(err.message, "a value is longer than 1 MiB of JSON"));
    siem_buffer_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars), cmocka_unit_test(test_lists_and_maps),
        cmocka_unit_test(test_sizes),   cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_damage),  cmocka_unit_test(test_cut),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
