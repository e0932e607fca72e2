/* patience.h: how often a failed attempt is retried, and after which pauses. There is one policy:
 * the pause doubles with each failure in a row. Targets, checkpoints and registries differ only in
 * its numbers. */
#ifndef SIEM_PATIENCE_H
#define SIEM_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct siem_patience {
    int64_t retries; /* attempts in a row without success, after the first; INT64_MAX: no limit */
    double base;     /* seconds: the bound of a pause is base x 2^failures, */
    double cap;      /* and at most this */
    bool is_steady;  /* every pause is its bound; else random up to it, so that many clients do not
                        return at once */
} siem_patience;

/* Of an export that follows, for faults of this machine: without end. */
extern const siem_patience siem_following_patience;

/* The pause before the next attempt, in seconds, after `failures` in a row before the last one.
 * `asked` is the pause that a server asks for: if it is not negative, it counts, up to an hour.
 */
double siem_patience_pause(const siem_patience *patience, int64_t failures, double asked);

/* The pause that a server asks for, when it is longer than the policy's longest; else negative. */
double siem_patience_beyond(const siem_patience *patience, double asked);

/* Waits, and calls `go_on` ten times a second. Returns false at once when that does. */
bool siem_patience_wait(double seconds, bool (*goes_on)(void *context), void *context);

#endif
