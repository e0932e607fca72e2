/* timestamp.h: seconds since 1970 as RFC 3339 text. */
#ifndef SIEM_TIMESTAMP_H
#define SIEM_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "0001-01-01T00:00:00Z" has this many characters, as every other. */
#define SIEM_TIMESTAMP_SIZE 20

/* True inside the years 1 to 9999, the range that RFC 3339's four digits and the SIEMs share. */
bool siem_timestamp_in_range(int64_t unix_time);

/* Writes the text (no NUL) of a time in range. */
void siem_timestamp_write(char out[SIEM_TIMESTAMP_SIZE], int64_t unix_time);

/* Reads RFC 3339 text ("2026-01-02T03:04:05.678+01:00", a space for the T is fine) as seconds since
 * 1970 and, when `fraction` is not NULL, the part of a second beside them. False for any other
 * text.
 */
bool siem_timestamp_read(const char *text, size_t size, int64_t *unix_time, double *fraction);

#endif
