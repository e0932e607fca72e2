/* blame.h: records that a target fails for good, while it takes others.
 *
 * A 5xx says that the fault is the target's, so the record is sent again. One that always fails so
 * would hold all later events for ever. It is rejected when
 *
 * - the target failed it six times, or as often as may be, and the last time alone or in an answer
 *   that has a verdict for each record;
 * - before three of these failures, since the one before it (or since the record was first sent),
 * or in the same answer, the target took other records;
 * - no more than eight records of its batch fail so.
 *
 * A target that is down takes none, and rejects none. An answer that says when to come again, or
 * that the target is busy or stops, is not about a record. */
#ifndef SIEM_BLAME_H
#define SIEM_BLAME_H

#include "delivery/shipment.h"

/* Takes an answer into account before its outcomes are taken: rejects in it what is at fault.
 * `delivered`: records that the target took until then; `is_last`: there is no further attempt. */
void siem_blame_judge(siem_shipment *shipment, siem_answer *answer, uint64_t delivered,
                      bool is_last);

/* Chooses what is sent next after a request that failed as a whole, so that failures and successes
 * take turns: of the batch of three failures in a row a quarter is sent, then all the rest, and
 * beside a record that fails alone, a part of what has not failed yet. */
void siem_blame_rearrange(siem_shipment *shipment);

#endif
