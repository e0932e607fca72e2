/* moment.c: a time as people write it. */
#include "base/error.h"
#include "base/misuse.h"
#include "base/timestamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TEXT 64 /* bytes of a time */

/* Reads "7d": a number of digits and a unit, as seconds. */
static bool read_duration(const char *text, int64_t *seconds) {
    static const struct {
        char name;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 12 || text[digits] == '\0' || text[digits + 1] != '\0')
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].name != text[digits]) continue;
        *seconds = strtoll(text, NULL, 10) * units[i].seconds;
        return true;
    }
    return false;
}

/* Reads "1700000000". */
static bool read_seconds(const char *text, int64_t *seconds) {
    const char *digits = text + (*text == '-' || *text == '+');
    char *end;
    if (digits[strspn(digits, "0123456789")] != '\0' || *digits == '\0') return false;
    errno = 0;
    *seconds = strtoll(text, &end, 10);
    return errno == 0;
}

/* Reads "2026-01-02". */
static bool read_date(const char *text, int64_t *seconds) {
    char midnight[] = "YYYY-MM-DDT00:00:00Z";
    size_t size = sizeof "YYYY-MM-DD" - 1;
    if (strlen(text) != size) return false;
    memcpy(midnight, text, size);
    return siem_timestamp_read(midnight, sizeof midnight - 1, seconds, NULL);
}

/* Whether "Z" is all that it lacks. */
static bool lacks_offset(const char *text) {
    char with_offset[MOST_TEXT + 1];
    int64_t ignored;
    size_t size = strlen(text);
    if (size >= MOST_TEXT) return false;
    memcpy(with_offset, text, size);
    with_offset[size] = 'Z';
    return siem_timestamp_read(with_offset, size + 1, &ignored, NULL);
}

/* No message repeats the text: it may be a secret in a wrong place. */
static siem_code refuse(const char *text, siem_error *err) {
    if (lacks_offset(text)) {
        return siem_error_set(err, SIEM_INVALID,
                              "the time has no offset from UTC: add Z, or one as +01:00");
    }
    return siem_error_set(
        err, SIEM_INVALID,
        "a time is 2026-01-02T03:04:05Z (RFC 3339), 2026-01-02 (midnight in UTC), "
        "now, -1h or 2d (ago; s, m, h, d, w), or seconds since 1970");
}

siem_code siem_time_read(int64_t *out, const char *text, int64_t now, siem_error *err) {
    int64_t ago;
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = 0;
    if (text == NULL) return siem_misuse_null(__func__, "text", err);
    if (strcmp(text, "now") == 0) {
        *out = now;
    } else if (read_duration(text + (*text == '-'), &ago)) {
        *out = now - ago;
    } else if (!read_seconds(text, out) && !read_date(text, out) &&
               !siem_timestamp_read(text, strlen(text), out, NULL)) {
        *out = 0;
        return refuse(text, err);
    }
    return SIEM_OK;
}
