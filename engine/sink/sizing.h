/* sizing.h: how many records a target takes at once, as its answers show.
 *
 * A node of OpenSearch answers 429 to a request that is larger than its limit on indexing pressure,
 * as often as it is sent; one that is only busy takes less at once sooner, too. */
#ifndef SIEM_SIZING_H
#define SIEM_SIZING_H

#include "sink/answer.h"

typedef struct siem_sizing {
    size_t most;    /* records in a request; 0: no limit is known */
    unsigned taken; /* requests in a row since */
} siem_sizing;

/* SIZE_MAX where no limit is known. */
size_t siem_sizing_most(const siem_sizing *sizing);

/* Takes an answer into account. From the third 429 in a row on, which `*refused` counts for the
 * batch, half as much is asked at once; after 64 other answers, twice as much again, until that is
 * a whole batch of `batch_size` records. A 429 that says when to come again is not about the size.
 */
void siem_sizing_learn(siem_sizing *sizing, const siem_answer *answer, unsigned *refused,
                       size_t batch_size);

#endif
