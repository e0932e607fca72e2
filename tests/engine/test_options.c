/* test_options.c: options of a sink by name, their values, and what is wrong with them. */
#include "sink/options.h"
#include "testing.h"

#include <string.h>

static const siem_sink_option declared[] = {
    {.name = "url", .value = "URL", .required = true},
    {.name = "header", .value = "'Name: value'", .many = true},
    {.name = "field", .value = "NAME, or ''"},
    {0},
};
static const siem_sink_option common[] = {{.name = "timeout", .value = "SECONDS"}, {0}};

static void assert_checked(const siem_option *options, size_t count, const char *message) {
    siem_options settings = {options, count};
    siem_error err = {0};
    siem_code rc = siem_options_check(&settings, declared, common, &err);
    if (message == NULL) {
        if (rc != SIEM_OK) fail_msg("%s", err.message);
        return;
    }
    assert_int_equal(rc, SIEM_INVALID);
    if (strstr(err.message, message) == NULL) fail_msg("'%s' lacks '%s'", err.message, message);
}

#define CHECK(message, ...)                                                                        \
    do {                                                                                           \
        const siem_option given[] = {__VA_ARGS__};                                                 \
        assert_checked(given, sizeof given / sizeof *given, message);                              \
    } while (0)

static void test_names(void **state) {
    (void)state;
    CHECK(NULL, {"url", "u"});
    CHECK(NULL, {"timeout", "1"}, {"url", "u"}, {"field", ""});
    CHECK(NULL, {"header", "A: 1"}, {"url", "u"}, {"header", "B: 2"}, {"header", "C: 3"});
    CHECK("there is no option 'colour' for this sink", {"url", "u"}, {"colour", "red"});
    CHECK("the option 'url' comes twice: give it once", {"url", "u"}, {"url", "v"});
    CHECK("the option 'timeout' comes twice", {"url", "u"}, {"timeout", "1"}, {"timeout", "1"});
    CHECK("url is missing", {"timeout", "1"});
    CHECK("url is empty", {"url", ""});
    CHECK("header is empty", {"url", "u"}, {"header", "A: 1"}, {"header", ""});
    CHECK("timeout is empty", {"url", "u"}, {"timeout", ""});
    assert_checked(NULL, 0, "url is missing");
}

static void test_texts(void **state) {
    const siem_option options[] = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
    const siem_options settings = {options, 3};
    (void)state;
    assert_string_equal(siem_options_text(&settings, "a"), "3"); /* the last one */
    assert_string_equal(siem_options_text(&settings, "b"), "2");
    assert_null(siem_options_text(&settings, "c"));
    assert_string_equal(siem_options_at(&settings, "a", 0), "1");
    assert_string_equal(siem_options_at(&settings, "a", 1), "3");
    assert_null(siem_options_at(&settings, "a", 2));
    assert_null(siem_options_at(&settings, "c", 0));
}

static void test_flags(void **state) {
    const siem_option options[] = {{"yes", "true"}, {"no", "false"}, {"wrong", "True"}};
    const siem_options settings = {options, 3};
    bool flag = true;
    siem_error err;
    (void)state;
    assert_ok(siem_options_flag(&settings, "absent", &flag, &err));
    assert_false(flag);
    assert_ok(siem_options_flag(&settings, "yes", &flag, &err));
    assert_true(flag);
    assert_ok(siem_options_flag(&settings, "no", &flag, &err));
    assert_false(flag);
    assert_int_equal(siem_options_flag(&settings, "wrong", &flag, &err), SIEM_INVALID);
    assert_string_equal(err.message, "wrong is true or false");
}

static void test_integers(void **state) {
    static const struct {
        const char *text;
        int64_t least, most, integer; /* -7: it is wrong */
    } cases[] = {
        {"1", 1, 64, 1},
        {"64", 1, 64, 64},
        {"0", 1, 64, -7},
        {"65", 1, 64, -7},
        {"-1", 1, 64, -7},
        {"", 0, 64, -7},
        {"x", 0, 64, -7},
        {"1x", 1, 64, -7},
        {"1 ", 1, 64, -7},
        {"1.5", 1, 64, -7},
        {"0x10", 0, 64, -7},
        {"010", 0, 64, 10},
        {"9223372036854775807", 0, INT64_MAX, INT64_MAX},
        {"9223372036854775808", 0, INT64_MAX, -7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const siem_option option = {"n", cases[i].text};
        const siem_options settings = {&option, 1};
        siem_error err = {0};
        int64_t integer;
        siem_code rc =
            siem_options_integer(&settings, "n", cases[i].least, cases[i].most, 5, &integer, &err);
        if (rc == SIEM_OK ? integer != cases[i].integer : cases[i].integer != -7) {
            fail_msg("'%s' is %lld, %s", cases[i].text, (long long)integer, err.message);
        }
        assert_ok(siem_options_integer(&settings, "absent", 1, 64, 5, &integer, &err));
        assert_int_equal(integer, 5);
    }
}

static void test_seconds(void **state) {
    static const struct {
        const char *text;
        double seconds; /* -7: it is wrong */
    } cases[] = {{"0", 0},        {"0.25", 0.25}, {"1e3", 1000}, {"86400", 86400},
                 {"86400.5", -7}, {"-0.5", -7},   {"inf", -7},   {"nan", -7},
                 {"", -7},        {"soon", -7},   {"1 s", -7},   {"1e999", -7}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const siem_option option = {"t", cases[i].text};
        const siem_options settings = {&option, 1};
        siem_error err = {0};
        double seconds;
        siem_code rc = siem_options_seconds(&settings, "t", 2.5, &seconds, &err);
        if (rc == SIEM_OK ? seconds != cases[i].seconds : cases[i].seconds != -7) {
            fail_msg("'%s' is %g, %s", cases[i].text, seconds, err.message);
        }
        assert_ok(siem_options_seconds(&settings, "absent", 2.5, &seconds, &err));
        assert_true(seconds == 2.5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_texts),
        cmocka_unit_test(test_flags),   cmocka_unit_test(test_integers),
        cmocka_unit_test(test_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
