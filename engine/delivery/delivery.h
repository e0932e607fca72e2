/* delivery.h: batches on their way to a sink, until each record has an outcome.
 *
 * The one place that waits and tries again. Up to the sink's `in_flight` requests are under way at
 * once; what becomes of their records is told in the order of the events. */
#ifndef SIEM_DELIVERY_H
#define SIEM_DELIVERY_H

#include "sink/sink.h"
#include "store/checkpoint.h"

typedef struct siem_delivery siem_delivery;

/* A batch that has ended. */
typedef struct siem_settlement {
    const siem_batch *batch;
    const siem_outcome *outcomes; /* one a record; their reasons are borrowed for the call */
    siem_position position;       /* what is dealt with when this batch is, and those before it */
    double seconds;               /* it was under way */
} siem_settlement;

/* Told of each batch, in the order of the events. After a failure some records are undecided. An
 * error ends the delivery. */
typedef siem_code (*siem_settle_function)(void *context, const siem_settlement *settlement,
                                          siem_error *err);

/* Asked while it waits, at least ten times a second. False ends the delivery with SIEM_CANCELLED.
 */
typedef bool (*siem_go_on_function)(void *context);

/* What a delivery calls; `context` is the first argument of all. */
typedef struct siem_delivery_calls {
    siem_settle_function settle;
    siem_go_on_function go_on;
    siem_notice_function notice; /* of attempts that fail, that they no longer do, and remarks */
    void *context;
} siem_delivery_calls;

/* `batch_bytes`: how much a batch holds where the sink's pace leaves it open. */
siem_code siem_delivery_open(siem_delivery **out, siem_sink *sink, size_t batch_bytes,
                             const siem_delivery_calls *calls, siem_error *err);

/* The batch that is being filled. Borrowed until the next commit. */
siem_batch *siem_delivery_batch(siem_delivery *delivery);

/* Makes the record that was just added to it fit the target's fields. True when a commit is due. */
bool siem_delivery_added(siem_delivery *delivery);

/* An event is dealt with as far as the exporter goes: its records are in batches, if it has any. */
void siem_delivery_reach(siem_delivery *delivery, siem_position position);
siem_position siem_delivery_reached(const siem_delivery *delivery);

/* Sends the batch that was filled, with the last records of the event at `position`, and returns
 * when there is another to fill. A last record that
 * makes the request too large for its target begins the next batch; one that is too large by itself
 * is rejected. Errors: SIEM_HELD, SIEM_UNAVAILABLE, SIEM_CANCELLED, those of a local sink, of
 * `settle`. After an error, what was under way has been waited for and settled, and every later
 * call fails likewise. */
siem_code siem_delivery_commit(siem_delivery *delivery, siem_position position, siem_error *err);

/* Sends the batch that was filled and waits until everything is settled. Errors: as above. */
siem_code siem_delivery_finish(siem_delivery *delivery, siem_error *err);

/* Whether it has records for its sink. */
bool siem_delivery_uses_sink(const siem_delivery *delivery);

/* Whether batches that were committed are not settled yet. */
bool siem_delivery_is_under_way(const siem_delivery *delivery);

/* Attempts that had to be made again, and texts that were cut. */
uint64_t siem_delivery_retries(const siem_delivery *delivery);
uint64_t siem_delivery_cut(const siem_delivery *delivery);

/* Breaks off what is under way. NULL is allowed. */
void siem_delivery_close(siem_delivery *delivery);

#endif
