/* test_utf8.c: text from outside as it is shown: nothing in it moves a cursor, hides, or turns. */
#include "base/utf8.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static const char *line_of(const char *text, size_t room) {
    static char out[512];
    memset(out, 'z', sizeof out);
    siem_utf8_line(out, room, text);
    assert_true(strlen(out) < room);
    return out;
}

static void test_what_stays(void **state) {
    static const char *const texts[] = {"",
                                        "plain",
                                        "größte \"日本\" ✓",
                                        "\xef\xbf\xbd", /* U+FFFD itself */
                                        "\xc2\xa0",     /* after C1 */
                                        "\xe2\x80\x8d", /* a joiner, as emoji need it */
                                        "\xf3\xa0\x82\x80"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_string_equal(line_of(texts[i], 64), texts[i]);
    }
}

static void test_escapes(void **state) {
    static const char *const pairs[][2] = {
        {"a\x1b[2Jb\x7f", "a\\x1b[2Jb\\x7f"},
        {"a\nb\tc\r\nd", "a b c  d"},
        {"\xc2\x9b", "\\u{9b}"},
        {"\xd8\x9c", "\\u{61c}"},
        {"\xe2\x80\x8b", "\\u{200b}"},
        {"\xe2\x80\x8e\xe2\x80\x8f", "\\u{200e}\\u{200f}"},
        {"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},
        {"\xe2\x80\xaa\xe2\x80\xae", "\\u{202a}\\u{202e}"},
        {"\xe2\x81\xa0", "\\u{2060}"},
        {"\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}"},
        {"\xef\xbb\xbf", "\\u{feff}"},
        {"\xef\xbf\xb9", "\\u{fff9}"},
        {"\xf3\xa0\x80\x80\xf3\xa0\x81\xbf", "\\u{e0000}\\u{e007f}"},
        {"\xff!", "\\xff!"},
        {"\xed\xa0\x80!", "\\xed\\xa0\\x80!"}, /* a surrogate */
        {"\xe2\x82!", "\\xe2\\x82!"},
        {"\x80\x80\x80\x80!", "\\x80\\x80\\x80\\x80!"}, /* nothing begins like this */
        {"\xc1\xbf!", "\\xc1\\xbf!"},
        {"\xf5\x80\x80\x80!", "\\xf5\\x80\\x80\\x80!"},
        {"\xe0\x9f\xbf!", "\\xe0\\x9f\\xbf!"}, /* longer than need be */
        {"\xf0\x8f\xbf\xbf!", "\\xf0\\x8f\\xbf\\xbf!"},
        {"\xf4\x90\x80\x80!", "\\xf4\\x90\\x80\\x80!"}, /* beyond U+10FFFF */
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_string_equal(line_of(pairs[i][0], 64), pairs[i][1]);
    }
}

/* A text that fills its room ends after a whole character, or a whole escape. */
static void test_room(void **state) {
    (void)state;
    assert_string_equal(line_of("abcdef", 4), "abc");
    assert_string_equal(line_of("a\x1b", 5), "a");
    assert_string_equal(line_of("a\x1b", 6), "a\\x1b");
    assert_string_equal(line_of("a日", 4), "a");
    assert_string_equal(line_of("a日", 5), "a日");
    assert_string_equal(line_of("a", 1), "");
    assert_string_equal(line_of("a\xe2\x82", 64), "a"); /* it was cut before */
    assert_string_equal(line_of("a\xc3", 64), "a");
    assert_string_equal(line_of("a\xf0\x9f\xa6", 64), "a");
    assert_string_equal(line_of("a\xf4\x8f\xbf", 64), "a");
    assert_string_equal(line_of("a\xf5\x8f\xbf", 64), "a\\xf5\\x8f\\xbf");
    assert_string_equal(line_of("a\xff", 64), "a\\xff");
}

/* However often it is done. */
static void test_again(void **state) {
    char once[512];
    (void)state;
    (void)snprintf(once, sizeof once, "%s", line_of("\x1b\xe2\x80\xae\xff x", 64));
    assert_string_equal(line_of(once, 64), once);
}

/* Every code point: what is shown holds nothing unsafe, and only that is changed. */
static void test_every_character(void **state) {
    (void)state;
    for (uint32_t c = 1; c < 0x110000; c++) {
        char text[8], shown[SIEM_UTF8_SHOWN];
        size_t length, size = 0;
        uint32_t decoded;
        if (c >= 0xd800 && c < 0xe000) continue;
        if (c < 0x80) {
            text[size++] = (char)c;
        } else {
            unsigned tail = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
            unsigned lead = tail == 1 ? 0xc0 : tail == 2 ? 0xe0 : 0xf0;
            text[size++] = (char)(lead | c >> (6 * tail));
            while (tail-- > 0) text[size++] = (char)(0x80 | (c >> (6 * tail) & 0x3f));
        }
        size_t written = siem_utf8_show(shown, text, size, &length);
        assert_int_equal(length, size);
        assert_true(written < sizeof shown);
        (void)siem_utf8_decode(shown, written, &decoded);
        assert_int_equal(decoded, siem_utf8_is_unsafe(c) ? '\\' : c);
    }
}

static void test_well_formed(void **state) {
    static const char text[] = "seven b\xc3\xa9yond eight, and more";
    (void)state;
    for (size_t size = 0; size < sizeof text; size++) {
        /* The sequence that begins at 7 is whole from 9 bytes on. */
        assert_int_equal(siem_utf8_is_well_formed(text, size), size != 8);
    }
    assert_true(siem_utf8_is_well_formed("\xef\xbf\xbd", 3)); /* U+FFFD itself */
    assert_false(siem_utf8_is_well_formed("12345678\xff", 9));
    assert_false(siem_utf8_is_well_formed("\xff"
                                          "2345678",
                                          8));
    assert_false(siem_utf8_is_well_formed("\xed\xa0\x80", 3));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_stays),
                                       cmocka_unit_test(test_escapes),
                                       cmocka_unit_test(test_room),
                                       cmocka_unit_test(test_again),
                                       cmocka_unit_test(test_every_character),
                                       cmocka_unit_test(test_well_formed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
