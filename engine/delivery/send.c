/* send.c: one batch of the caller's, delivered by itself. */
#include "base/error.h"
#include "base/misuse.h"
#include "delivery/delivery.h"
#include "record/batch.h"

#include <string.h>

typedef struct send_state {
    siem_sink *sink;
    siem_outcome *outcomes; /* of the records that are not settled yet; NULL: not wanted */
    siem_error rejected;    /* the first record that was, or SIEM_OK */
} send_state;

static siem_code settle(void *context, const siem_settlement *settlement, siem_error *err) {
    send_state *s = context;
    (void)err;
    for (size_t i = 0; i < settlement->count; i++) {
        const siem_item *item = &settlement->items[i];
        const siem_outcome *outcome = &settlement->outcomes[i];
        const char *reason = outcome->reason != NULL ? outcome->reason : "rejected";
        if (outcome->verdict == SIEM_REJECT && s->rejected.code == SIEM_OK) {
            (void)siem_error_set(&s->rejected, SIEM_REFUSED, "event %s: %s",
                                 siem_batch_event_id(item->batch, item->record), reason);
        }
        if (s->outcomes == NULL) continue;
        *s->outcomes = *outcome;
        if (outcome->reason != NULL) s->outcomes->reason = siem_sink_keep_reason(s->sink, reason);
        s->outcomes++;
    }
    return SIEM_OK;
}

static bool go_on(void *context) {
    const siem_sink *sink = ((const send_state *)context)->sink;
    return sink->go_on == NULL || sink->go_on(sink->go_on_context);
}

static void notice(void *context, const char *text) {
    const siem_sink *sink = ((const send_state *)context)->sink;
    if (sink->notice != NULL) sink->notice(sink->notice_context, text);
}

/* A copy whose texts are as long as the target stores. */
static siem_code copy_cut(siem_batch **out, const siem_batch *batch, size_t field_bytes,
                          siem_error *err) {
    siem_code rc = siem_batch_open(out, err);
    for (size_t i = 0; rc == SIEM_OK && i < siem_batch_size(batch); i++) {
        rc = siem_batch_append(*out, batch, i, err);
        if (rc == SIEM_OK) rc = siem_batch_cut_fields(*out, i, field_bytes, err);
    }
    return rc;
}

/* Sends a batch in as many requests as its target's limits make of it. */
static siem_code send_all(siem_delivery *delivery, const siem_sink *sink, const siem_batch *batch,
                          siem_error *err) {
    siem_batch *copy = NULL;
    siem_code rc = SIEM_OK;
    if (sink->pace.field_bytes != 0) rc = copy_cut(&copy, batch, sink->pace.field_bytes, err);
    if (rc == SIEM_OK) {
        rc = siem_delivery_push_borrowed(delivery, copy != NULL ? copy : batch, err);
    }
    if (rc == SIEM_OK) rc = siem_delivery_finish(delivery, err);
    siem_batch_close(copy);
    return rc;
}

siem_code siem_sink_send(siem_sink *sink, const siem_batch *batch, siem_outcome *outcomes,
                         siem_error *err) {
    siem_delivery *delivery;
    if (sink == NULL) return siem_misuse_null(__func__, "sink", err);
    if (batch == NULL) return siem_misuse_null(__func__, "batch", err);
    siem_code rc = siem_sink_check_free(sink, false, __func__, err);
    if (rc != SIEM_OK) return rc;
    send_state s = {.sink = sink, .outcomes = outcomes};
    size_t count = siem_batch_size(batch);
    siem_sink_forget_reasons(sink);
    if (outcomes != NULL) memset(outcomes, 0, count * sizeof *outcomes);
    const siem_delivery_calls calls = {settle, go_on, notice, &s};
    rc = siem_delivery_open(&delivery, sink, SIZE_MAX, (siem_position){0}, &calls, err);
    if (rc == SIEM_OK) rc = send_all(delivery, sink, batch, err);
    siem_delivery_close(delivery);
    if (rc != SIEM_OK || s.rejected.code == SIEM_OK) return rc;
    if (err != NULL) *err = s.rejected;
    return SIEM_REFUSED;
}
