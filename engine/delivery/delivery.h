/* delivery.h: batches on their way to a sink, until each record has an outcome.
 *
 * It owns a batch from push on, and is the one place that waits and retries. Up to the sink's
 * `in_flight` parcels are in flight at once. Outcomes are reported in the order of the events. */
#ifndef SIEM_DELIVERY_H
#define SIEM_DELIVERY_H

#include "base/position.h"
#include "base/task_queue.h"
#include "sink/sink.h"

typedef struct siem_delivery siem_delivery;

/* A request that has ended. */
typedef struct siem_settlement {
    const siem_item *items; /* its records */
    size_t count;
    const siem_outcome *outcomes; /* one a record; their reasons are borrowed for the call */
    siem_position position; /* the position that is reached when this request and those before it
                               are settled */
    double seconds;         /* it was in flight */
} siem_settlement;

/* Called for each request, in the order of the events. After a failure some records are undecided.
 * An error ends the delivery. */
typedef siem_code (*siem_settle_function)(void *context, const siem_settlement *settlement,
                                          siem_error *err);

/* Called at least ten times a second while the delivery waits. False ends it with SIEM_CANCELLED.
 */
typedef bool (*siem_go_on_function)(void *context);

/* The functions that a delivery calls; `context` is the first argument of each. */
typedef struct siem_delivery_calls {
    siem_settle_function settle;
    siem_go_on_function go_on;
    siem_notice_function
        notice; /* reports attempts that fail, that they succeed again, and remarks */
    void *context;
} siem_delivery_calls;

/* `batch_bytes`: the size of a request when the sink's pace has none; `reached`: the position
 * before the first record. */
siem_code siem_delivery_open(siem_delivery **out, siem_sink *sink, size_t batch_bytes,
                             siem_position reached, const siem_delivery_calls *calls,
                             siem_error *err);

/* An empty batch, to be filled and pushed. Owned. Errors: SIEM_NO_MEMORY. */
siem_code siem_delivery_take_batch(siem_delivery *delivery, siem_batch **out, siem_error *err);

/* Whether there is a batch with records for the sink, which must stay open. */
void siem_delivery_use_sink(siem_delivery *delivery);

/* Whether a batch that is being filled holds enough to be pushed. */
bool siem_delivery_is_due(const siem_delivery *delivery, const siem_batch *batch);

/* Takes over a batch, also when it fails; or borrows one, which must not change until the delivery
 * has ended. Sends all requests that are complete with it, and returns when it can take more.
 * Records that do not fill a request wait for the next batch. One record that is too large by
 * itself is rejected. Errors: SIEM_HELD, SIEM_UNAVAILABLE, SIEM_CANCELLED, those of a sink, of
 * `settle`. After an error, the requests that were in flight have ended and are settled, and every
 * later call fails in the same way.
 */
siem_code siem_delivery_push(siem_delivery *delivery, siem_batch *batch, siem_error *err);
siem_code siem_delivery_push_borrowed(siem_delivery *delivery, const siem_batch *batch,
                                      siem_error *err);

/* Runs the requests in flight for at most `milliseconds`. Errors: as
 * siem_delivery_push. */
siem_code siem_delivery_poll(siem_delivery *delivery, int milliseconds, siem_error *err);

/* Sends the records that wait, and returns when everything is settled. Errors: as above. */
siem_code siem_delivery_finish(siem_delivery *delivery, siem_error *err);

/* With all batches that were pushed. */
siem_position siem_delivery_reached(const siem_delivery *delivery);

/* The parcels that other threads can prepare. Borrowed. */
siem_task_queue *siem_delivery_parcels(const siem_delivery *delivery);

/* Whether it has records for its sink. */
bool siem_delivery_uses_sink(const siem_delivery *delivery);

/* Whether requests are in flight; and whether records wait to fill one. */
bool siem_delivery_is_in_flight(const siem_delivery *delivery);
bool siem_delivery_has_waiting(const siem_delivery *delivery);

/* Attempts that had to be made again. */
uint64_t siem_delivery_retries(const siem_delivery *delivery);

/* Cancels what is in flight. NULL is allowed. */
void siem_delivery_close(siem_delivery *delivery);

#endif
