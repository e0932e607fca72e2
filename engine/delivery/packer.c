/* packer.c: a list of batches, and a cursor that cuts requests off them. */
#include "delivery/packer.h"

#include "base/error.h"
#include "record/batch.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES ((size_t)1 << 20)  /* at most: a request is made of as many as it takes */
#define RECORD_ROOM ((size_t)64 << 10) /* for the record that fills a batch */

/* A batch that has records which are not settled. */
typedef struct cargo {
    struct cargo *next;
    const siem_batch *batch;
    siem_batch *owned;      /* the same, or NULL: it is the caller's */
    size_t packed, settled; /* of its records, the first ones */
} cargo;

struct siem_packer {
    const siem_sink *sink;
    size_t batch_bytes;
    cargo *first, *last, *packing;  /* `packing` has the next record; NULL: there is none */
    cargo *spare;                   /* empty ones, whose batches keep their memory: a list */
    size_t spare_count, most_spare; /* as many as were wanted at once */
    siem_item *items;               /* of the request that is being packed */
    size_t count, capacity, bytes;
    bool is_full;          /* it is complete where the next event begins */
    siem_position reached; /* with all events whose records are packed, */
    siem_position before;  /* and without the event of the last record */
};

siem_code siem_packer_open(siem_packer **out, const siem_sink *sink, size_t batch_bytes,
                           siem_error *err) {
    siem_packer *packer = *out = calloc(1, sizeof *packer);
    if (packer == NULL) return siem_error_no_memory(err);
    packer->sink = sink;
    packer->batch_bytes = sink->pace.batch_bytes != 0 ? sink->pace.batch_bytes : batch_bytes;
    return SIEM_OK;
}

static void close_list(cargo *list) {
    while (list != NULL) {
        cargo *next = list->next;
        siem_batch_close(list->owned);
        free(list);
        list = next;
    }
}

void siem_packer_close(siem_packer *packer) {
    if (packer == NULL) return;
    close_list(packer->first);
    close_list(packer->spare);
    free(packer->items);
    free(packer);
}

/* ---- batches ---- */

/* What a batch holds when it is to be added. */
static size_t due_bytes(const siem_packer *packer) {
    return packer->batch_bytes < BATCH_BYTES ? packer->batch_bytes : BATCH_BYTES;
}

siem_code siem_packer_take_batch(siem_packer *packer, siem_batch **out, siem_error *err) {
    cargo *spare = packer->spare;
    if (spare != NULL) {
        *out = spare->owned;
        packer->spare = spare->next;
        packer->spare_count--;
        free(spare);
        return SIEM_OK;
    }
    siem_code rc = siem_batch_open(out, err);
    packer->most_spare++;
    if (rc == SIEM_OK) siem_batch_reserve(*out, due_bytes(packer) + RECORD_ROOM);
    return rc;
}

siem_code siem_packer_add(siem_packer *packer, const siem_batch *batch, siem_batch *owned,
                          siem_error *err) {
    cargo *added = calloc(1, sizeof *added);
    if (added == NULL) {
        siem_batch_close(owned);
        return siem_error_no_memory(err);
    }
    *added = (cargo){.batch = batch, .owned = owned};
    if (packer->last != NULL) packer->last->next = added;
    else packer->first = added;
    packer->last = added;
    if (packer->packing == NULL) packer->packing = added;
    return SIEM_OK;
}

/* Takes the first cargo off the list. Its batch serves again. */
static void drop_first(siem_packer *packer) {
    cargo *done = packer->first;
    packer->first = done->next;
    if (packer->first == NULL) packer->last = NULL;
    if (packer->packing == done) packer->packing = done->next;
    done->next = NULL;
    if (done->owned == NULL || packer->spare_count == packer->most_spare) {
        siem_batch_close(done->owned);
        free(done);
        return;
    }
    siem_batch_clear(done->owned);
    done->packed = done->settled = 0;
    done->next = packer->spare;
    packer->spare = done;
    packer->spare_count++;
}

/* Batches of which nothing is left, also those that had no record. */
static void drop_settled(siem_packer *packer) {
    const cargo *at;
    while ((at = packer->first) != NULL && at->settled == siem_batch_size(at->batch) &&
           packer->packing != at) {
        drop_first(packer);
    }
}

void siem_packer_settle(siem_packer *packer, size_t count) {
    for (cargo *at = packer->first; at != NULL && count > 0; at = at->next) {
        size_t left = siem_batch_size(at->batch) - at->settled;
        size_t settled = left < count ? left : count;
        at->settled += settled;
        count -= settled;
    }
    drop_settled(packer);
}

void siem_packer_clear(siem_packer *packer) {
    while (packer->first != NULL) drop_first(packer);
    packer->count = packer->bytes = 0;
    packer->is_full = false;
}

/* ---- requests ---- */

/* Whether the request has the size that the sink wants. */
static bool is_due(const siem_packer *packer) {
    const siem_pace *pace = &packer->sink->pace;
    size_t size = siem_sink_body_size(packer->sink, packer->count, packer->bytes);
    return (pace->batch_events != 0 && packer->count >= pace->batch_events) ||
           size >= packer->batch_bytes || (pace->body_bytes != 0 && size > pace->body_bytes);
}

bool siem_packer_is_due(const siem_packer *packer, const siem_batch *batch) {
    size_t most = packer->sink->pace.batch_events;
    return siem_batch_weight(batch) >= due_bytes(packer) ||
           (most != 0 && siem_batch_size(batch) >= most);
}

void siem_packer_set_reached(siem_packer *packer, siem_position position) {
    packer->reached = packer->before = position;
}

bool siem_packer_has_waiting(const siem_packer *packer) {
    return packer->count > 0 || packer->packing != NULL;
}

static siem_code reserve(siem_packer *packer, siem_error *err) {
    if (packer->count < packer->capacity) return SIEM_OK;
    size_t capacity = packer->capacity == 0 ? 256 : packer->capacity * 2;
    siem_item *items = realloc(packer->items, capacity * sizeof *items);
    if (items == NULL) return siem_error_no_memory(err);
    packer->items = items;
    packer->capacity = capacity;
    return SIEM_OK;
}

/* Moves to the next batch once all records of this one are packed: events after them without a
 * record are reached as well. */
static void leave_cargo(siem_packer *packer) {
    cargo *at = packer->packing;
    if (at == NULL || at->packed < siem_batch_size(at->batch)) return;
    siem_position reached = siem_batch_reached(at->batch);
    if (reached.id != 0) packer->reached = reached;
    packer->packing = at->next;
}

/* Whether the request is complete before a record of that size and part. */
static bool ends_before(const siem_packer *packer, unsigned part, size_t size) {
    if (packer->is_full && part == 0) return true;
    bool is_whole = packer->sink->kind->can & SIEM_WHOLE_EVENTS;
    return packer->count > 0 && !is_whole &&
           siem_sink_is_too_large(packer->sink, packer->count + 1, packer->bytes + size);
}

static void add_item(siem_packer *packer, size_t size) {
    cargo *at = packer->packing;
    packer->items[packer->count++] = (siem_item){at->batch, at->packed};
    if (siem_batch_part(at->batch, at->packed) == 0) packer->before = packer->reached;
    packer->reached = siem_batch_position(at->batch, at->packed);
    packer->bytes += size;
    at->packed++;
}

/* Adds records until the request is complete. Returns whether it is. */
static siem_code pack(siem_packer *packer, bool *complete, siem_error *err) {
    bool is_whole = packer->sink->kind->can & SIEM_WHOLE_EVENTS;
    *complete = false;
    for (; packer->packing != NULL; leave_cargo(packer)) {
        const cargo *at = packer->packing;
        size_t size;
        if (at->packed == siem_batch_size(at->batch)) continue;
        (void)siem_batch_at(at->batch, at->packed, &size);
        *complete = ends_before(packer, siem_batch_part(at->batch, at->packed), size + 1);
        if (*complete) return SIEM_OK;
        siem_code rc = reserve(packer, err);
        if (rc != SIEM_OK) return rc;
        add_item(packer, size + 1);
        if (!is_due(packer)) continue;
        packer->is_full = true;
        if (is_whole) continue;
        leave_cargo(packer);
        *complete = true;
        return SIEM_OK;
    }
    *complete = packer->is_full; /* a batch ends with an event */
    return SIEM_OK;
}

/* Whether the last record's event continues in the next request. */
static bool is_mid_event(const siem_packer *packer) {
    const cargo *at = packer->packing;
    return at != NULL && at->packed < siem_batch_size(at->batch) &&
           siem_batch_part(at->batch, at->packed) > 0;
}

siem_code siem_packer_next(siem_packer *packer, bool all, siem_request_items *request,
                           siem_error *err) {
    bool complete;
    *request = (siem_request_items){.count = 0};
    siem_code rc = pack(packer, &complete, err);
    drop_settled(packer);
    if (rc != SIEM_OK || !(complete || all)) return rc;
    *request = (siem_request_items){
        .items = packer->items,
        .count = packer->count,
        .position = is_mid_event(packer) ? packer->before : packer->reached,
        .is_too_large = packer->count == 1 &&
                        siem_sink_is_too_large(packer->sink, packer->count, packer->bytes)};
    packer->count = packer->bytes = 0;
    packer->is_full = false;
    return SIEM_OK;
}
