/* blame.h: finds records that a target always fails, while it takes others. A 5xx means that the
 * fault is the target's, so the record is sent again. A record that always fails would hold all
 * later events for ever. It is rejected when
 *
 * - the target failed it six times, or as often as is allowed, and the last time it was alone or
 * the answer has a verdict for each record;
 * - before three of these failures, since the one before it (or since the record was first sent),
 * or in the same answer, the target took other records;
 * - no more than eight records of its batch fail so.
 *
 * A target that is down takes no record, and so rejects none. An answer with a pause, or one that
 * says that the target is busy or stops, is not about a record. */
#ifndef SIEM_BLAME_H
#define SIEM_BLAME_H

#include "delivery/shipment.h"

/* Evaluates an answer before its outcomes are applied, and rejects the record at fault in it.
 * `delivered`: records that the target took until then; `is_last`: there is no further attempt. */
void siem_blame_judge(siem_shipment *shipment, siem_answer *answer, uint64_t delivered,
                      bool is_last);

/* Chooses the next records after a request that failed as a whole, so that failures and successes
 * take turns. After three failures in a row, a quarter of the batch is sent, then the rest. With a
 * record that fails alone goes a part of the records that have not failed yet. */
void siem_blame_rearrange(siem_shipment *shipment);

#endif
