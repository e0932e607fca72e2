/* test_moment.c: times as people write them. */
#include "testing.h"

#include <string.h>

#define NOW INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static const struct {
    const char *text;
    int64_t seconds;
} times[] = {
    {"now", NOW},
    {"-1h", NOW - 3600},
    {"1h", NOW - 3600},
    {"90s", NOW - 90},
    {"-5m", NOW - 300},
    {"2d", NOW - 172800},
    {"1w", NOW - 604800},
    {"0s", NOW},
    {"-999999999999w", NOW - INT64_C(999999999999) * 604800},
    {"0", 0},
    {"1700000000", 1700000000},
    {"-1", -1},
    {"+7", 7},
    {"9223372036854775807", INT64_MAX},
    {"-9223372036854775808", INT64_MIN},
    {"2026-01-02", NOW + 86400},
    {"2024-02-29", 1709164800},
    {"1969-12-31", -86400},
    {"2026-01-01T00:00:00Z", NOW},
    {"2026-01-01T01:30:00+01:30", NOW},
    {"2025-12-31 19:00:00-05:00", NOW},
    {"2026-01-01T00:00:00.999Z", NOW},
};

static void reads_each_form(void **state) {
    int64_t seconds;
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_ok(siem_time_read(&seconds, times[i].text, NOW, &err));
        assert_int_equal(seconds, times[i].seconds);
    }
}

static void refuses_others_and_names_the_forms(void **state) {
    static const char *const others[] = {
        "",
        "soon",
        "Now",
        "-",
        "h",
        "-h",
        "--1h",
        "+1h",
        "1.5h",
        "1h30m",
        "1y",
        "1H",
        "1 h",
        " 1h",
        "1h ",
        "0x10",
        "1e9",
        "9223372036854775808",
        "- 1",
        "2026-01",
        "2026-13-01",
        "2026-02-30",
        "2026-1-2",
        "01/02/2026",
        "12:00",
        "now-1h",
        "2026-01-0Z",
        "2026-01-02T00:00Z",
        "1234567890123w",
    };
    siem_error err;
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        int64_t seconds = 5;
        assert_int_equal(siem_time_read(&seconds, others[i], NOW, &err), SIEM_INVALID);
        assert_int_equal(seconds, 0);
        for (const char *const *form = (const char *const[]){"RFC 3339", "2026-01-02 (midnight",
                                                             "now", "-1h or 2d (ago", "1970", NULL};
             *form != NULL; form++) {
            assert_non_null(strstr(err.message, *form));
        }
    }
}

static void names_a_missing_offset(void **state) {
    static const char *const texts[] = {
        "2026-01-02T03:04:05", "2026-01-02 03:04:05.5", "2026-01-02T03:04:05.123456789",
        /* as long as a time can be */
        "2026-01-02T03:04:05.1234567890123456789012345678901234567890123"};
    int64_t seconds;
    siem_error err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(siem_time_read(&seconds, texts[i], NOW, &err), SIEM_INVALID);
        assert_string_equal(err.message,
                            "the time has no offset from UTC: add Z, or one as +01:00");
    }
    char text[301] = "";
    memset(text, 'a', sizeof text - 1);
    assert_int_equal(siem_time_read(&seconds, text, NOW, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "a time is 2026"));
    assert_int_equal(siem_time_read(&seconds, NULL, NOW, &err), SIEM_INVALID);
    assert_int_equal(siem_time_read(NULL, "now", NOW, &err), SIEM_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_form),
        cmocka_unit_test(refuses_others_and_names_the_forms),
        cmocka_unit_test(names_a_missing_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
