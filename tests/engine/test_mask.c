/* test_mask.c: a secret in texts of servers, as it is and escaped. */
#include "sink/http/mask.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "aB/c=d+E&f"

static void mask(const char *secret, const char *text, const char *expected, bool escaped) {
    char *copy = strdup(text);
    assert_non_null(copy);
    assert_int_equal(siem_mask(secret, copy, strlen(copy)), escaped);
    assert_string_equal(copy, expected);
    free(copy);
}

/* The text is masked from its first "<" to its last ">". */
static void hides(const char *text, bool escaped) {
    char *expected = strdup(text);
    assert_non_null(expected);
    char *end = strrchr(expected, '>');
    for (char *at = strchr(expected, '<') + 1; at < end; at++) {
        if (strchr(" \t\r\n", *at) == NULL) *at = '*';
    }
    mask(SECRET, text, expected, escaped);
    free(expected);
}

static void test_plain(void **state) {
    (void)state;
    hides("<" SECRET ">", false);
    hides("token <aB/c=d+E&f>, and more", false);
    hides("other case: <Ab/C=D+e&F>", false);
    hides("base64url: <aB_c=d-E&f>", false);
    hides("broken: <aB/c=\r\n d+E\t&f>", false);
    mask(SECRET, "aB/c=d+E&f aB/c=d+E&faB/c=d+E&f", "********** ********************", false);
    mask(SECRET, "aB/c=d+E", "aB/c=d+E", false);
    mask("short", "short", "short", false);
    mask("", "text", "text", false);
    mask(SECRET, "", "", false);
}

static void test_escaped(void **state) {
    (void)state;
    hides("{\"text\": \"<aB\\/c=d+E&f>\"}", true);
    hides("{\"text\": \"<aB\\u002fc\\u003Dd\\u002bE\\u0026f>\"}", true);
    hides("<\\u0061\\u0042\\u002f\\u0063\\u003d\\u0064\\u002b\\u0045\\u0026\\u0066>", true);
    hides("'<aB\\x2fc\\x3dd+E&f>'", true);
    hides("<aB&#x2F;c&#61;d&#43;E&amp;f>", true);
    hides("<aB&sol;c&equals;d&plus;E&AMP;f>", true);
    hides("<aB%2Fc%3Dd%2BE%26f>", true);
    hides("<aB%2fc=d%2bE%26f>", true);
    mask("p\xc3\xa4ss word", "p\\u00e4ss word p&#228;ssword p%C3%A4ss+word",
         "********* **** ************* **************", true);
}

/* A character beyond the first 65,536 is two escapes of JSON. */
static void test_pairs(void **state) {
    static const char *const others[] = {
        "p\\ud83dsswo",        "p\\ud83d\\ud83dsswo", "p\\ude00\\ud83dsswo", "p\\ud83d\\xdesswo",
        "p\\ud83d\\ude0",      "p\\ud83d\\u",         "p\\ud83d\\",          "p\\ud83d",
        "p\\ud83d\\ue000sswo",
    };
    const char *secret = "p\xf0\x9f\x98\x80sswo";
    (void)state;
    mask(secret, "\"p\\ud83d\\ude00sswo\"", "\"*****************\"", true);
    mask(secret, "\"p\\uD83D\\uDE00sswo\"", "\"*****************\"", true);
    mask(secret, "'p\\\\ud83d\\\\ude00sswo'", "'*******************'", true);
    mask(secret, "p%5cud83d%5cude00sswo", "*********************", true);
    mask("\xf0\x90\x80\x80"
         "abcdef\xf4\x8f\xbf\xbf",
         "\\ud800\\udc00abcdef\\udbff\\udfff", "******************************", true);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        mask(secret, others[i], others[i], false);
    }
}

static void test_escaped_again(void **state) {
    (void)state;
    hides("\"{\\\"text\\\": \\\"<aB\\\\/c=d+E&f>\\\"}\"", true); /* JSON in JSON */
    hides("\"<aB\\u0026#x2F;c=d+E\\u0026amp;f>\"", true);        /* HTML in JSON */
    hides("<aB%252Fc%253Dd%252BE%2526f>", true);                 /* a URL in a URL */
    hides("\"<aB%5Cu002fc%3dd%2BE%26f>\"", true);                /* JSON in a URL */
}

/* Base64 of it, alone and at each place within other text; characters that it shares stay. */
static void test_base64(void **state) {
    (void)state;
    mask(SECRET, "[YUIvYz1kK0UmZg==]", "[*************g==]", true);
    mask(SECRET, "[YUIv\r\nYz1kK0UmZg]", "[****\r\n*********g]", true);
    mask(SECRET, "[yuIvyZ1kK0UmZg]", "[*************g]",
         true); /* without case, as it is compared */
    mask(SECRET, "[eGFCL2M9ZCtFJmZ5]", "[eG************Z5]", true); /* "x" SECRET "y" */
    mask(SECRET, "[eHhhQi9jPWQrRSZm]", "[eHh*************]", true); /* "xx" SECRET */
    mask(SECRET, "[eHhhQi9jPWQrRSZmeQ]", "[eHh*************eQ]", true);
    mask(SECRET, "{\"t\": \"eHhhQi9j\\u0050WQrRSZm\"}", "{\"t\": \"eHh******************\"}", true);
    mask(SECRET, "[eHhhQi9jPWQrRSZn]", "[eHhhQi9jPWQrRSZn]",
         false); /* another character at the end */
    mask("\xff\xfe\xfd\xfc\xfb\xfa", "//79/Pv6 __79_Pv6", "******** ********", true);
    mask("short", "c2hvcnQ=", "c2hvcnQ=", false);
}

/* Quoted-printable, with lines that go on; and around what is escaped otherwise. */
static void test_quoted(void **state) {
    (void)state;
    hides("<aB=2Fc=3Dd=2BE=26f>", true);
    hides("<aB=2fc=3dd+E&f>", true);
    mask(SECRET, "[aB/c=3D=\r\nd+=\nE&f]", "[********\r\n***\n***]", true);
    hides("<aB/c=3Dd+E=26amp;f>", true);
    mask(SECRET, "aB/c=3=d+E&f", "aB/c=3=d+E&f", false);
    mask(SECRET, "aB=2Fc=\r", "aB=2Fc=\r", false);
    mask(SECRET, "aB=2Fc=", "aB=2Fc=", false);
}

/* Escapes that are none, or of other characters: the text stays as it is. */
static void test_not_the_secret(void **state) {
    static const char *const texts[] = {
        "aB\\u002gc=d+E&f",
        "aB\\u2fc=d+E&f",
        "aB\\x2gc=d+E&f",
        "aB\\qc=d+E&f",
        "aB\\",
        "aB\\u00",
        "aB\\\xc3/c=d+E&f",
        "aB&#x;c=d+E&f",
        "aB&#47x;c=d+E&f",
        "aB&#4g7;c=d+E&f",
        "aB&#",
        "aB&",
        "aB&solidus;c=d+E&f",
        "aB&longerthaneight;",
        "aB&nosuch;c=d+E&f",
        "aB%2gc=d+E&f",
        "aB%2",
        "aB%",
        "aB&#8260;c=d+E&f",
        "aB\\u2215c=d+E&f",
        "aB&#x100002f;c=d+E&f",
        "aB&#00000047;c=d+E&f",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mask(SECRET, texts[i], texts[i], false);
    }
}

/* Marks without what ends them, digits of either case, white space that is escaped. */
static void test_loose_escapes(void **state) {
    (void)state;
    hides("<aB&#47c=d+E&amp;f>", true);
    hides("<aB&#X2F;c=d+E&f>", true);
    hides("<aB&sol c=d+E&f>", true);
    hides("<aB\\/c=d\\n+\\tE\\r\\n&f>", true);
    hides("<aB&#10;/c=d&nbsp;+E&Tab;&f>", true);
    hides("<aB&#9;/c=d+E&f>", true);
    hides("<aB&#xa/c=d+E&f>", true);
    hides("<aB%20%0D%0a/c=d+E%26f>", true);
    hides("<aB++/c=d+E%26f>", true);
}

/* A secret that other text breaks is another text; white space may break it, up to a bound. */
static void test_blanks(void **state) {
    char text[128], masked[128];
    (void)state;
    (void)snprintf(text, sizeof text, "aB/c%64s=d+E&f", "");
    (void)snprintf(masked, sizeof masked, "****%64s******", "");
    mask(SECRET, text, masked, false);
    (void)snprintf(text, sizeof text, "aB/c%65s=d+E&f", "");
    mask(SECRET, text, text, false);
    mask(SECRET, "aB/c.=d+E&f", "aB/c.=d+E&f", false);
    mask("  ab cd ef", "abcdef ab c def", "****** ** * ***", false);
    mask("ab cd e", "abcde", "abcde", false); /* too short, however it is written */
    mask(" \t ", "   ", "   ", false);
}

/* What was JSON is JSON after it. */
static void test_whole_escapes(void **state) {
    (void)state;
    mask("nabcde", "\"x\\nabcde\"", "\"x*******\"", false);
    mask("/bcdef", "\"\\/bcdef\"", "\"*******\"", false);
}

/* A large text is read in one layer, and within a bound of time whatever it holds. */
static void test_large(void **state) {
    size_t size = (size_t)4 << 20;
    char *text = malloc(size + 1);
    (void)state;
    assert_non_null(text);
    memset(text, '\\', size);
    text[size] = '\0';
    memcpy(text + size - 13, "_aB\\/c=d+E&f_", 13);
    assert_true(siem_mask(SECRET, text, size));
    assert_null(strstr(text, "d+E"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),         cmocka_unit_test(test_escaped),
        cmocka_unit_test(test_escaped_again), cmocka_unit_test(test_whole_escapes),
        cmocka_unit_test(test_large),         cmocka_unit_test(test_not_the_secret),
        cmocka_unit_test(test_loose_escapes), cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_pairs),         cmocka_unit_test(test_base64),
        cmocka_unit_test(test_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
