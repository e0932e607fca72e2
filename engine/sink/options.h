/* options.h: what a sink is told, as names and texts, read and checked. */
#ifndef SIEM_OPTIONS_H
#define SIEM_OPTIONS_H

#include <oversight/siem.h>

typedef struct siem_options {
    const siem_option *list;
    size_t count;
} siem_options;

/* Checks that every name is declared in `declared` or `common` (both ended by a NULL name), and
 * comes once unless it may come several times, that every required one is given, and that only
 * those are empty whose declared value shows '' as a choice. Errors: SIEM_INVALID, naming the
 * option and never its value. */
siem_code siem_options_check(const siem_options *options, const siem_sink_option *declared,
                             const siem_sink_option *common, siem_error *err);

/* The last value of that name, or NULL. */
const char *siem_options_text(const siem_options *options, const char *name);

/* Value number `index` (from 0) of a name that may come several times, or NULL. */
const char *siem_options_at(const siem_options *options, const char *name, size_t index);

/* True for "true"; absent and "false" are false. Errors: SIEM_INVALID. */
siem_code siem_options_flag(const siem_options *options, const char *name, bool *out,
                            siem_error *err);

/* A whole number between `least` and `most`. Errors: SIEM_INVALID. */
siem_code siem_options_integer(const siem_options *options, const char *name, int64_t least,
                               int64_t most, int64_t absent, int64_t *out, siem_error *err);

/* Seconds, which may have a fraction, up to a day. Errors: SIEM_INVALID. */
siem_code siem_options_seconds(const siem_options *options, const char *name, double absent,
                               double *out, siem_error *err);

#endif
