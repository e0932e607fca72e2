/* outage.c: reports of an outage, at intervals that grow with it. */
#include "base/outage.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define INTERVAL 60.0 /* seconds between two reports, at least, */
#define SLACK    1.0  /* tolerance: attempts are not made to the second */

/* ", until 2026-01-02T03:04:05Z": a time that is `seconds` from now; "" when no year has it. */
static void clock_time(char out[40], const char *word, double seconds) {
    char text[24];
    out[0] = '\0';
    if (siem_iso8601(text, (double)time(NULL) + seconds, NULL) != SIEM_OK) return;
    (void)snprintf(out, 40, ", %s %s", word, text);
}

void siem_outage_add(siem_outage *outage, const char *cause) {
    if (outage->since == 0) {
        outage->since = (double)time(NULL);
        outage->begun = siem_clock();
        outage->attempts = 0;
        outage->longest = 0;
        outage->is_known = false;
    }
    outage->attempts++;
    (void)snprintf(outage->cause, sizeof outage->cause, "%s", cause);
}

/* The time from one report to the next is as long as the outage was by the former. */
static bool is_due(const siem_outage *outage, double now) {
    double lasted = outage->reported - outage->begun;
    return outage->reported == 0 || now - outage->reported >= fmax(INTERVAL, lasted) - SLACK;
}

/* "; 12 failed attempts since 2026-01-02T03:04:05Z", or "" for the first one. */
static void describe_past(const siem_outage *outage, char out[96]) {
    char since[24];
    out[0] = '\0';
    if (outage->attempts < 2 || siem_iso8601(since, outage->since, NULL) != SIEM_OK) return;
    (void)siem_number_print(out, 96, "; %" PRIu64 " failed attempts since %s", outage->attempts,
                            since);
}

void siem_outage_describe_pause(double asked, char out[96]) {
    char until[40];
    out[0] = '\0';
    if (asked <= 0) return;
    clock_time(until, "until", asked);
    (void)siem_number_print(out, 96, "; it asks for a pause of %.0f s%s", asked, until);
}

bool siem_outage_report(siem_outage *outage, double pause, double asked,
                        char text[SIEM_REPORT_SIZE]) {
    double now = siem_clock();
    char past[96], asked_for[96], at[40] = "";
    bool is_longer = asked > 0 && pause > outage->longest + 1;
    if (!is_longer && !is_due(outage, now)) return false;
    describe_past(outage, past);
    siem_outage_describe_pause(asked, asked_for);
    if (pause >= INTERVAL) clock_time(at, "at", pause);
    (void)siem_number_print(text, SIEM_REPORT_SIZE, "%s%s%s; trying again in %.*f s%s",
                            outage->cause, past, asked_for, pause < 10, pause, at);
    outage->reported = now;
    outage->longest = fmax(outage->longest, pause);
    outage->is_known = true;
    return true;
}

bool siem_outage_end(siem_outage *outage, const char *what, char text[SIEM_REPORT_SIZE]) {
    bool is_known = outage->since != 0 && outage->is_known;
    if (is_known) {
        (void)siem_number_print(text, SIEM_REPORT_SIZE,
                                "%s, after %" PRIu64 " failed attempt(s) in %.0f s", what,
                                outage->attempts, siem_clock() - outage->begun);
    }
    outage->since = 0;
    return is_known;
}

siem_code siem_outage_cancelled(const siem_outage *outage, siem_error *err) {
    char since[24];
    if (outage->since == 0 || siem_iso8601(since, outage->since, NULL) != SIEM_OK) {
        return siem_error_set(err, SIEM_CANCELLED, "stopped on request");
    }
    return siem_error_set(err, SIEM_CANCELLED,
                          "stopped on request, with %" PRIu64
                          " attempt(s) failed since %s; the last one: %s",
                          outage->attempts, since, outage->cause);
}
