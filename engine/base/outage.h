/* outage.h: failures in a row of attempts that are retried: since when, why, and which of them are
 * reported.
 *
 * The first one is reported, then one after a minute, after two, four, eight and so on, and the
 * success that ends them. Two outages within a minute are reported as one. */
#ifndef SIEM_OUTAGE_H
#define SIEM_OUTAGE_H

#include <oversight/siem.h>

/* The text of a report, and of a cause. */
#define SIEM_REPORT_SIZE 768
#define SIEM_CAUSE_SIZE  512

/* All 0: there is none. */
typedef struct siem_outage {
    double since;      /* seconds since 1970; 0: nothing fails */
    double begun;      /* the same, of siem_clock */
    double reported;   /* of siem_clock: when it, or the one before, was reported last; 0: never */
    double longest;    /* pause that was reported */
    uint64_t attempts; /* that failed since it began */
    bool is_known;     /* it has been reported */
    char cause[SIEM_CAUSE_SIZE]; /* of the last failed attempt */
} siem_outage;

/* Records a failed attempt. */
void siem_outage_add(siem_outage *outage, const char *cause);

/* Records that the next attempt comes after `pause` seconds. `asked` is a longer pause that a
 * server asked for, or negative. True when `text` must be reported. */
bool siem_outage_report(siem_outage *outage, double pause, double asked,
                        char text[SIEM_REPORT_SIZE]);

/* Ends the outage. True when `text` must be reported: "<what>, after 3 failed attempt(s) in 7 s".
 */
bool siem_outage_end(siem_outage *outage, const char *what, char text[SIEM_REPORT_SIZE]);

/* "stopped on request", with the cause of the outage. Returns SIEM_CANCELLED. */
siem_code siem_outage_cancelled(const siem_outage *outage, siem_error *err);

/* "; it asks for a pause of 86400 s, until 2026-01-02T03:04:05Z", or "" without such a pause. */
void siem_outage_describe_pause(double asked, char out[96]);

#endif
