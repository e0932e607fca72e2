/* patience.c: pauses that double, and waiting for them. */
#include "base/patience.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#define LONGEST_PAUSE 3600.0 /* that a server can ask for */
#define TICK_MS       100    /* between two questions whether to go on */

const siem_patience siem_following_patience = {
    .retries = INT64_MAX, .base = 1, .cap = 30, .is_steady = true};

double siem_patience_pause(const siem_patience *patience, int64_t failures, double asked) {
    if (asked >= 0) return fmin(asked, LONGEST_PAUSE);
    double bound = fmin(ldexp(patience->base, failures < 60 ? (int)failures : 60), patience->cap);
    return patience->is_steady ? bound : bound * ((double)arc4random() / (double)UINT32_MAX);
}

double siem_patience_beyond(const siem_patience *patience, double asked) {
    return asked > patience->cap ? asked : -1;
}

bool siem_patience_wait(double seconds, bool (*goes_on)(void *context), void *context) {
    const struct timespec tick = {0, TICK_MS * 1000000L};
    double until = siem_clock() + seconds;
    while (siem_clock() < until) {
        if (!goes_on(context)) return false;
        (void)nanosleep(&tick, NULL);
    }
    return true;
}
