/* timestamp.c: the calendar. */
#include "base/timestamp.h"

#include "base/error.h"
#include "base/misuse.h"

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

typedef struct reader {
    const char *at, *end;
} reader;

/* Reads `digits` digits, and then `after` unless that is NUL. -1 when they are missing. */
static int read_number(reader *r, int digits, char after) {
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (r->at == r->end || *r->at < '0' || *r->at > '9') return -1;
        number = number * 10 + (*r->at++ - '0');
    }
    if (after == '\0') return number;
    return r->at < r->end && *r->at++ == after ? number : -1;
}

static int64_t days_since_1970(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, year_of_era = y % 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool is_date(int year, int month, int day) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1) return false;
    return day <= days[month - 1] + (month == 2 && leap);
}

static double read_fraction(reader *r) {
    double fraction = 0, weight = 0.1;
    if (r->at == r->end || *r->at != '.') return 0;
    for (r->at++; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        fraction += weight * (*r->at - '0');
        weight /= 10;
    }
    return fraction;
}

/* Reads "Z" or "+hh:mm" as seconds east of UTC; false when neither is there. */
static bool read_offset(reader *r, int64_t *offset) {
    if (r->at == r->end) return false;
    char sign = *r->at++;
    *offset = 0;
    if (sign == 'Z' || sign == 'z') return true;
    if (sign != '+' && sign != '-') return false;
    int hours = read_number(r, 2, ':'), minutes = read_number(r, 2, '\0');
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
    int64_t east = INT64_C(60) * (hours * 60 + minutes);
    *offset = sign == '-' ? -east : east;
    return true;
}

bool siem_timestamp_read(const char *text, size_t size, int64_t *unix_time, double *fraction) {
    reader r = {text, text + size};
    int64_t offset;
    int year = read_number(&r, 4, '-'), month = read_number(&r, 2, '-');
    int day = read_number(&r, 2, '\0');
    if (!is_date(year, month, day) || r.at == r.end) return false;
    char separator = *r.at++;
    if (separator != 'T' && separator != 't' && separator != ' ') return false;
    int hour = read_number(&r, 2, ':'), minute = read_number(&r, 2, ':');
    int second = read_number(&r, 2, '\0');
    bool is_time = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
                   second <= 60; /* 60: a leap second */
    if (!is_time) return false;
    double rest = read_fraction(&r);
    if (!read_offset(&r, &offset) || r.at != r.end) return false;
    *unix_time = days_since_1970(year, month, day) * DAY + INT64_C(60) * (hour * 60 + minute) +
                 second - offset;
    if (fraction != NULL) *fraction = rest;
    return siem_timestamp_in_range(*unix_time);
}

siem_code siem_iso8601(char out[24], double unix_time, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    out[0] = '\0';
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
