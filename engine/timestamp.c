/* timestamp.c: the calendar. */
#include "timestamp.h"

#include "error.h"

#include <math.h>
#include <string.h>

#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND  INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define DAY          86400

bool siem_timestamp_in_range(int64_t unix_time) {
    return unix_time >= FIRST_SECOND && unix_time <= LAST_SECOND;
}

static void put_two(char *to, int64_t number) {
    to[0] = (char)('0' + number / 10 % 10);
    to[1] = (char)('0' + number % 10);
}

void siem_timestamp_write(char out[SIEM_TIMESTAMP_SIZE], int64_t unix_time) {
    int64_t since_year_1 = unix_time - FIRST_SECOND;
    int64_t second = since_year_1 % DAY;
    /* Days are counted from 0000-03-01, so that a leap day ends its year: 400 years have 146097
     * days, and month lengths from March on follow (153 m + 2) / 5. */
    int64_t days = since_year_1 / DAY + 306;
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    int64_t year = era * 400 + year_of_era + (month >= 10);
    memcpy(out, "YYYY-MM-DDThh:mm:ssZ", SIEM_TIMESTAMP_SIZE);
    put_two(out, year / 100);
    put_two(out + 2, year % 100);
    put_two(out + 5, month < 10 ? month + 3 : month - 9);
    put_two(out + 8, day);
    put_two(out + 11, second / 3600);
    put_two(out + 14, second / 60 % 60);
    put_two(out + 17, second % 60);
}

siem_code siem_iso8601(char out[24], double unix_time, siem_error *err) {
    /* Microseconds first, half to even, as the reference's clock type does. */
    double microseconds = nearbyint((unix_time - floor(unix_time)) * 1e6);
    double seconds = floor(unix_time) + (microseconds >= 1e6 ? 1 : 0);
    if (!(seconds >= (double)FIRST_SECOND && seconds <= (double)LAST_SECOND)) {
        return siem_error_set(err, SIEM_INVALID,
                              "time %g is outside the years 1 to 9999: give seconds since 1970",
                              unix_time);
    }
    siem_timestamp_write(out, (int64_t)seconds);
    out[SIEM_TIMESTAMP_SIZE] = '\0';
    return SIEM_OK;
}
