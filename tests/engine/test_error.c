/* test_error.c: what an error says beside its message, and errors of wrong calls. */
#include "base/error.h"

#include "base/misuse.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

/* What `err` names as its option `index`, as the message has it. */
static void assert_named(const siem_error *err, size_t index, const char *name, int at) {
    assert_string_equal(err->options[index], name);
    assert_int_equal(err->option_at[index], at);
    if (at >= 0) assert_memory_equal(err->message + at, name, strlen(name));
}

static void test_options(void **state) {
    static const char *const both[] = {"user", "password", NULL};
    siem_error err;
    (void)state;
    (void)siem_error_of_options(&err, SIEM_INVALID, both, "user and password belong together");
    assert_named(&err, 0, "user", 0);
    assert_named(&err, 1, "password", 9);
    assert_string_equal(err.options[2], "");
    siem_error_prefix(&err, "%s", "elastic");
    assert_named(&err, 0, "user", 9);
    assert_named(&err, 1, "password", 18);
    /* A kind of sink can have the name of an option. */
    (void)siem_error_of_option(&err, SIEM_INVALID, "kafka", "kafka takes NAME=VALUE");
    siem_error_prefix(&err, "%s", "kafka");
    assert_named(&err, 0, "kafka", 7);
    (void)siem_error_of_option(&err, SIEM_INVALID, "url", "it is empty");
    siem_error_prefix(&err, "%s", "url");
    assert_named(&err, 0, "url", 0);
}

/* Each is found after the one before, which may be missing. */
static void test_order(void **state) {
    siem_error err;
    (void)state;
    (void)siem_error_of_options(&err, SIEM_INVALID, (const char *const[]){"user", "url", NULL},
                                "this url names a user: give a url without one");
    assert_named(&err, 0, "user", 17);
    assert_named(&err, 1, "url", 30);
    (void)siem_error_of_options(&err, SIEM_INVALID, (const char *const[]){"user", "url", NULL},
                                "a name in the url");
    assert_named(&err, 0, "user", -1);
    assert_named(&err, 1, "url", 14);
    (void)siem_error_of_option(&err, SIEM_INVALID, "url", "url is not a url");
    assert_named(&err, 0, "url", 0);
}

/* A word is whole; what the message does not name is nowhere. */
static void test_words(void **state) {
    siem_error err;
    (void)state;
    (void)siem_error_of_option(&err, SIEM_INVALID, "url", "urls, my_url and url2 are not url");
    assert_named(&err, 0, "url", 30);
    (void)siem_error_of_option(&err, SIEM_INVALID, "url", "the address is missing");
    assert_named(&err, 0, "url", -1);
    (void)siem_error_empty(&err, "path", "the path of the registry");
    assert_named(&err, 0, "path", 4);
}

/* Names come from outside: they are one printable line, and fit. */
static void test_event_and_row(void **state) {
    char long_name[200];
    siem_error err;
    (void)state;
    (void)siem_error_set(&err, SIEM_REFUSED, "the value is required, and empty");
    assert_string_equal(err.event_id, "");
    assert_string_equal(err.row, "");
    siem_error_name_event(&err, "42, and more", 2);
    siem_error_name_row(&err, "url.full");
    assert_string_equal(err.event_id, "42");
    assert_string_equal(err.row, "url.full");
    siem_error_prefix(&err, "%s", "event 42");
    assert_string_equal(err.event_id, "42");
    siem_error_name_event(&err, "a\x1b[31m", 6);
    assert_null(strchr(err.event_id, '\x1b'));
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    siem_error_name_event(&err, long_name, sizeof long_name - 1);
    siem_error_name_row(&err, long_name);
    assert_int_equal(strlen(err.event_id), sizeof err.event_id - 1);
    assert_int_equal(strlen(err.row), sizeof err.row - 1);
    err.line = 7;
    (void)siem_error_set(&err, SIEM_IO, "the disk is full");
    assert_string_equal(err.event_id, "");
    assert_string_equal(err.row, "");
    assert_int_equal(err.line, 0);
    siem_error_name_event(NULL, "1", 1);
    siem_error_name_row(NULL, "x");
}

/* ---- wrong calls ---- */

/* Every option has a name and a value: the first that lacks one is named. */
static void test_wrong_options(void **state) {
    static const siem_option options[] = {
        {"url", "u"}, {"token", "t"}, {"index", NULL}, {NULL, "x"}};
    siem_error err = {0};
    (void)state;
    assert_int_equal(siem_misuse_options("open", options, 2, &err), SIEM_OK);
    assert_int_equal(siem_misuse_options("open", options, 4, &err), SIEM_INVALID);
    assert_string_equal(err.message, "open: the option 'index' has no value: give one or omit it");
    assert_named(&err, 0, "index", 18);
    assert_int_equal(siem_misuse_options("open", options + 3, 1, &err), SIEM_INVALID);
    assert_string_equal(err.message, "open: option 1 has no name");
    assert_int_equal(siem_misuse_options("open", NULL, 0, &err), SIEM_OK);
    assert_int_equal(siem_misuse_options("open", NULL, 1, &err), SIEM_INVALID);
    assert_string_equal(err.message, "open: options is NULL: it must be given");
    assert_named(&err, 0, "options", 6);
    assert_int_equal(siem_misuse_options("open", options, (size_t)-1, &err), SIEM_INVALID);
    test_has(err.message, "open: the size of options is ");
}

/* What a function of the caller returned, and left as its error. */
static void test_function(void **state) {
    static const siem_error clean;
    siem_error left = {0}, err = {0};
    (void)state;
    assert_int_equal(siem_misuse_function(SIEM_OK, "send", &left, &err), SIEM_OK);
    assert_int_equal(siem_misuse_function(SIEM_END, "send", &left, &err), SIEM_INVALID);
    assert_string_equal(err.message,
                        "the function 'send' returned 1: give SIEM_OK or the code of a failure");
    assert_int_equal(siem_misuse_function((siem_code)99, "send", &left, &err), SIEM_INVALID);
    test_has(err.message, "the function 'send' returned 99: ");
    assert_int_equal(siem_misuse_function(SIEM_IO, "send", &left, &err), SIEM_IO);
    assert_string_equal(err.message, "the function 'send' failed without a message");
    /* A message that fills its room, and lacks its end. */
    memset(left.message, 'x', sizeof left.message);
    (void)snprintf(left.file, sizeof left.file, "site.lua");
    left.line = 7;
    assert_int_equal(siem_misuse_function(SIEM_HELD, "send", &left, &err), SIEM_HELD);
    assert_int_equal(err.code, SIEM_HELD);
    assert_int_equal(strspn(err.message, "x"), sizeof err.message - 1);
    assert_string_equal(err.file, "site.lua");
    assert_int_equal(err.line, 7);
    assert_memory_equal(&left, &clean, sizeof left);
    left.message[0] = 'x';
    assert_int_equal(siem_misuse_function(SIEM_HELD, "send", &left, NULL), SIEM_HELD);
    assert_memory_equal(&left, &clean, sizeof left);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),       cmocka_unit_test(test_order),
        cmocka_unit_test(test_words),         cmocka_unit_test(test_event_and_row),
        cmocka_unit_test(test_wrong_options), cmocka_unit_test(test_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
