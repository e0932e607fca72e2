/* patience.h: how often what failed is tried again, and after how long.
 *
 * The one policy: the pause is doubled with each failure in a row. Targets, checkpoints and
 * registries differ in its numbers alone. */
#ifndef SIEM_PATIENCE_H
#define SIEM_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct siem_patience {
    int64_t retries; /* attempts in a row without success, after the first; INT64_MAX: no limit */
    double base;     /* seconds: the bound of a pause is base x 2^failures, */
    double cap;      /* and at most this */
    bool is_steady;  /* a pause is its bound; else random up to it, so that many clients do not come
                        back at once */
} siem_patience;

/* Of an export that follows, for what only this machine waits for: without end. */
extern const siem_patience siem_following_patience;

/* The pause before the next attempt, in seconds, after `failures` in a row before the last one.
 * `asked` is what a server asks for: if it is not negative, it is the pause, but an hour at most.
 */
double siem_patience_pause(const siem_patience *patience, int64_t failures, double asked);

/* What a server asks for beyond all pauses of the policy's own; else negative. */
double siem_patience_beyond(const siem_patience *patience, double asked);

/* Waits, and asks ten times a second whether to go on. False when it is not: it returns at once. */
bool siem_patience_wait(double seconds, bool (*goes_on)(void *context), void *context);

#endif
