/* packer.h: the records of batches, in their order, as requests that fit a target.
 *
 * A request is complete when it has the bytes or the records that the sink wants. A record that
 * would make it larger than the target's limit begins the next one. Nothing is copied: a request is
 * a list of items, and a batch stays until all of its records are settled. */
#ifndef SIEM_PACKER_H
#define SIEM_PACKER_H

#include "base/position.h"
#include "sink/sink.h"

typedef struct siem_packer siem_packer;

/* `batch_bytes`: the size of a request when the sink's pace has none. */
siem_code siem_packer_open(siem_packer **out, const siem_sink *sink, size_t batch_bytes,
                           siem_error *err);
void siem_packer_close(siem_packer *packer);

/* An empty batch to fill and add: one whose records are settled, or a new one. Owned. Errors:
 * SIEM_NO_MEMORY. */
siem_code siem_packer_take_batch(siem_packer *packer, siem_batch **out, siem_error *err);

/* Adds the records of a batch, which must not change until they are settled. `owned` is the same
 * batch when the packer takes it over, also after an error; else NULL. Errors: SIEM_NO_MEMORY. */
siem_code siem_packer_add(siem_packer *packer, const siem_batch *batch, siem_batch *owned,
                          siem_error *err);

/* A request: borrowed until the next call, except the batches. */
typedef struct siem_request_items {
    const siem_item *items;
    size_t count;
    siem_position position; /* the position that is reached with it and all before it */
    bool is_too_large;      /* one record, which the target does not take */
} siem_request_items;

/* The next complete request, or with `all` the rest. `request->count` is 0 when there is none.
 * Errors: SIEM_NO_MEMORY. */
siem_code siem_packer_next(siem_packer *packer, bool all, siem_request_items *request,
                           siem_error *err);

/* The oldest `count` records are settled. */
void siem_packer_settle(siem_packer *packer, size_t count);

/* Forgets all batches. */
void siem_packer_clear(siem_packer *packer);

/* Whether a batch holds enough to be added. */
bool siem_packer_is_due(const siem_packer *packer, const siem_batch *batch);

/* What is reached before the first record. */
void siem_packer_set_reached(siem_packer *packer, siem_position position);

/* Whether there are records that are in no request yet. */
bool siem_packer_has_waiting(const siem_packer *packer);

#endif
