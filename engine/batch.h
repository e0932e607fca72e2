/* batch.h: what export needs of a batch beyond the public functions. */
#ifndef SIEM_BATCH_H
#define SIEM_BATCH_H

#include <oversight/siem.h>

/* The SIEM_REPAIRED_ bits of record `index`, which must exist. */
unsigned siem_batch_repairs(const siem_batch *batch, size_t index);

/* Forgets the first `count` records. */
void siem_batch_drop(siem_batch *batch, size_t count);

#endif
