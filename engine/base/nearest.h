/* nearest.h: the known name that is most like one that is not known. */
#ifndef SIEM_NEAREST_H
#define SIEM_NEAREST_H

#include <stddef.h>

/* All zero but the name is none yet. */
typedef struct siem_nearest {
    const char *name; /* that is not known */
    const char *best; /* of those that were offered, or NULL when none is near */
    size_t steps;     /* from the one to the other */
} siem_nearest;

/* Offers a known name, which is borrowed. One letter in three may differ: added, removed, changed,
 * or swapped with the next one. Of those that are as near, the first one is kept. */
void siem_nearest_offer(siem_nearest *nearest, const char *known);

#endif
