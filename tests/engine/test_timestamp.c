/* test_timestamp.c: RFC 3339 text and seconds since 1970, read and written. */
#include "testing.h"

#include "base/timestamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *text;
    int64_t seconds;
    double fraction;
} valid[] = {
    {"1970-01-01T00:00:00Z", 0, 0},
    {"1970-01-01t00:00:01z", 1, 0},
    {"1970-01-01 00:00:00Z", 0, 0},
    {"1969-12-31T23:59:59Z", -1, 0},
    {"1969-12-31T23:59:59.75Z", -1, 0.75},
    {"2000-02-29T12:00:00Z", 951825600, 0},
    {"1900-02-28T23:59:59Z", -2203891201, 0},
    {"1900-03-01T00:00:00Z", -2203891200, 0},
    {"2024-02-29T23:59:59.999999999Z", 1709251199, 0.999999999},
    {"2023-12-31T23:59:59.0Z", 1704067199, 0},
    {"2026-01-31T00:00:00.125Z", 1769817600, 0.125},
    {"2026-04-30T23:59:59+00:00", 1777593599, 0},
    {"2026-04-30T23:59:59-00:00", 1777593599, 0},
    {"2026-06-30T12:30:15-11:45", 1782864915, 0},
    {"2026-09-30T01:02:03.5+14:00", 1790679723, 0.5},
    {"2026-11-30T00:00:00+05:30", 1795977000, 0},
    {"2026-11-30T23:59:00+23:59", 1795996800, 0},
    {"2016-12-31T23:59:60Z", 1483228800, 0}, /* a leap second is the next second */
    {"2038-01-19T03:14:08Z", 2147483648, 0},
    {"0001-01-01T00:00:00Z", INT64_C(-62135596800), 0},
    {"9999-12-31T23:59:59Z", INT64_C(253402300799), 0},
};

static const char *const malformed[] = {
    "",
    "Z",
    "2026",
    "2026-01-02",
    "2026-01-02T",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05z ",
    " 2026-01-02T03:04:05Z",
    "2026-01-02_03:04:05Z",
    "2026-01-02T03:04Z",
    "2026-01-02T3:04:05Z",
    "2026-01-02T03:04:05 Z",
    "2026-1-02T03:04:05Z",
    "02026-01-02T03:04:05Z",
    "26-01-02T03:04:05Z",
    "+026-01-02T03:04:05Z",
    "2026/01/02T03:04:05Z",
    "0000-01-01T00:00:00Z",
    "2026-00-02T03:04:05Z",
    "2026-13-02T03:04:05Z",
    "2026-01-00T03:04:05Z",
    "2026-01-32T03:04:05Z",
    "2026-03-32T03:04:05Z",
    "2026-05-32T03:04:05Z",
    "2026-07-32T03:04:05Z",
    "2026-08-32T03:04:05Z",
    "2026-10-32T03:04:05Z",
    "2026-12-32T03:04:05Z",
    "2026-02-29T03:04:05Z",
    "2024-02-30T03:04:05Z",
    "1900-02-29T03:04:05Z",
    "2100-02-29T03:04:05Z",
    "2026-04-31T03:04:05Z",
    "2026-06-31T03:04:05Z",
    "2026-09-31T03:04:05Z",
    "2026-11-31T03:04:05Z",
    "2026-01-02T24:00:00Z",
    "2026-01-02T03:60:05Z",
    "2026-01-02T03:04:61Z",
    "2026-01-02T03:04:05+",
    "2026-01-02T03:04:05+1",
    "2026-01-02T03:04:05+01",
    "2026-01-02T03:04:05+0100",
    "2026-01-02T03:04:05+24:00",
    "2026-01-02T03:04:05+01:60",
    "2026-01-02T03:04:05*01:00",
    "2026-01-02T03:04:05ZZ",
    "2026-01-02T03:04:05Z\n",
    "0001-01-01T00:00:00+00:01", /* in the year 0 of UTC */
    "9999-12-31T23:59:59-00:01", /* in the year 10000 of UTC */
};

static void reads_every_form(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        int64_t seconds = -7;
        double fraction = -7;
        const char *text = valid[i].text;
        if (!siem_timestamp_read(text, strlen(text), &seconds, &fraction)) fail_msg("%s", text);
        if (seconds != valid[i].seconds || fabs(fraction - valid[i].fraction) > 1e-12) {
            fail_msg("%s: %lld and %.12f", text, (long long)seconds, fraction);
        }
        assert_true(siem_timestamp_read(text, strlen(text), &seconds, NULL));
    }
}

static void refuses_what_is_no_time(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        int64_t seconds;
        double fraction;
        const char *text = malformed[i];
        if (siem_timestamp_read(text, strlen(text), &seconds, &fraction)) {
            fail_msg("\"%s\" is read as %lld", text, (long long)seconds);
        }
    }
}

/* Text is given with its size: what lies behind it is not looked at. */
static void reads_no_byte_behind_the_text(void **state) {
    static const char text[] = "2026-11-30T00:00:00.25+05:30";
    int64_t seconds;
    (void)state;
    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, text, size);
        assert_false(siem_timestamp_read(copy, size, &seconds, NULL));
        free(copy);
    }
}

static void assert_written(int64_t seconds) {
    char ours[SIEM_TIMESTAMP_SIZE + 1] = {0}, theirs[96];
    struct tm tm;
    int64_t back = 0;
    time_t time = (time_t)seconds;
    siem_timestamp_write(ours, seconds);
    assert_non_null(gmtime_r(&time, &tm));
    (void)snprintf(theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    assert_string_equal(ours, theirs);
    assert_true(siem_timestamp_read(ours, SIEM_TIMESTAMP_SIZE, &back, NULL));
    assert_int_equal(back, seconds);
}

/* Each day of four centuries around every kind of leap year, and the ends of the range. */
static void writes_what_it_reads(void **state) {
    (void)state;
    for (int64_t day = -146097; day <= 146097; day++)
        assert_written(day * 86400 + 86399 * (day & 1));
    for (int64_t i = 0; i < 400; i++) {
        assert_written(INT64_C(-62135596800) + i * 86400);
        assert_written(INT64_C(253402300799) - i * 86400);
    }
    for (int64_t seconds = 1700000000; seconds < 1700000000 + 7200; seconds++)
        assert_written(seconds);
}

static void rounds_to_a_microsecond(void **state) {
    static const struct {
        double time;
        const char *text;
    } cases[] = {{0.0, "1970-01-01T00:00:00Z"},          {0.9999994, "1970-01-01T00:00:00Z"},
                 {0.9999996, "1970-01-01T00:00:01Z"},    {-0.25, "1969-12-31T23:59:59Z"},
                 {-0.0000001, "1970-01-01T00:00:00Z"},   {1735000001.5, "2024-12-24T00:26:41Z"},
                 {253402300799, "9999-12-31T23:59:59Z"}, {-62135596800, "0001-01-01T00:00:00Z"}};
    static const double outside[] = {253402300800, -62135596801, 1e300, -INFINITY, INFINITY, NAN};
    char text[24];
    siem_error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(siem_iso8601(text, cases[i].time, &err));
        assert_string_equal(text, cases[i].text);
    }
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        assert_int_equal(siem_iso8601(text, outside[i], &err), SIEM_INVALID);
        assert_non_null(strstr(err.message, "years 1 to 9999"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(reads_no_byte_behind_the_text),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(rounds_to_a_microsecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
