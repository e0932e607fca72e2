/* sizing.h: adapts the number of records in a request to the target's answers. A node of OpenSearch
 * answers 429 to every request that is larger than its limit on indexing pressure. A node that is
 * only busy accepts smaller requests sooner, too. */
#ifndef SIEM_SIZING_H
#define SIEM_SIZING_H

#include "sink/answer.h"

typedef struct siem_sizing {
    size_t most;    /* records in a request; 0: no limit is known */
    unsigned taken; /* requests in a row since */
} siem_sizing;

/* SIZE_MAX where no limit is known. */
size_t siem_sizing_most(const siem_sizing *sizing);

/* Evaluates an answer. From the third 429 in a row on, which `*refused` counts for the batch,
 * requests have half as many records; after 64 other answers, twice as many again, up to a whole
 * batch of `batch_size` records. A 429 with a pause is not about the size.
 */
void siem_sizing_learn(siem_sizing *sizing, const siem_answer *answer, unsigned *refused,
                       size_t batch_size);

#endif
