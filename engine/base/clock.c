/* clock.c: the system's monotonic clock. */
#include "base/clock.h"

#include <time.h>

double siem_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
