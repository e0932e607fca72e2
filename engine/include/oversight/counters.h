/* counters.h: what an export counts, as one table: for hosts that show or publish all of
 * siem_counts.
 *
 * The conventions of siem.h hold here as well. Since 0.2.0. */
#ifndef OVERSIGHT_COUNTERS_H
#define OVERSIGHT_COUNTERS_H

#include <oversight/siem.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum siem_counter_kind {
    SIEM_COUNTER, /* only grows while an export runs */
    SIEM_GAUGE    /* goes up and down */
} siem_counter_kind;

/* A member of siem_counts. Texts are static. */
typedef struct siem_counter {
    const char *name;   /* "exported": of the member, in Lua and in the closing line as JSON */
    const char *metric; /* "events_delivered_total": its name for Prometheus, after a prefix of the
                           program; NULL: it is not published as it is */
    siem_counter_kind kind;
    const char *unit;    /* "events", "bytes", "seconds" ... */
    const char *help;    /* what is counted, as a phrase */
    const char *summary; /* "event(s) dropped by a filter": the closing line's words after the
                            number, when it is not 0; NULL: it has none */
    const char *part_of; /* the name of the counter whose sentence names this one; NULL: none */
} siem_counter;

/* Counter `index` (from 0), or NULL beyond the last. Static. */
SIEM_API const siem_counter *siem_counter_at(size_t index);

/* The value of counter `index`: SIEM_INTEGER, or SIEM_REAL; null beyond the last. */
SIEM_API siem_value siem_counter_value(size_t index, const siem_counts *counts);

#ifdef __cplusplus
}
#endif

#endif
