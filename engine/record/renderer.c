/* renderer.c: one event at a time. */
#include "record/renderer.h"

#include "base/error.h"
#include "record/batch.h"
#include "source/event.h"

static siem_code refuse(const siem_renderer *renderer, siem_batch *batch, siem_event *event,
                        const siem_error *reason, siem_error *err) {
    const siem_value *id = &event->fields[SIEM_EVENT_ID];
    if (!renderer->stops) {
        return siem_batch_refuse(batch, event, reason->message, renderer->keeps_refused, err);
    }
    if (err != NULL) *err = *reason;
    siem_error_prefix(err, "event %.*s", (int)id->size, id->bytes);
    siem_error_name_event(err, id->bytes, id->size);
    return SIEM_REFUSED;
}

/* Compares an event with the log, and decides what happens to one that differs. */
static siem_code ask_log(const siem_renderer *renderer, siem_event *event, siem_error *err) {
    if (renderer->tlog == NULL) return SIEM_OK;
    siem_code rc = siem_witness_testify(renderer->witness, renderer->tlog, event, err);
    if (rc != SIEM_UNPROVED) return rc;
    switch (renderer->on_unverified) {
    case SIEM_EXPORT_UNVERIFIED: return SIEM_OK;
    case SIEM_REFUSE_UNVERIFIED: return SIEM_REFUSED;
    case SIEM_STOP_UNVERIFIED: break;
    }
    const siem_value *id = &event->fields[SIEM_EVENT_ID];
    siem_error_prefix(err, "event %.*s", (int)id->size, id->bytes);
    siem_error_name_event(err, id->bytes, id->size);
    return rc;
}

siem_code siem_renderer_add(const siem_renderer *renderer, siem_batch *batch, siem_event *event,
                            siem_error *err) {
    siem_error reason = {0};
    siem_event_counts *counts = siem_batch_event_counts(batch);
    size_t before = siem_batch_size(batch);
    siem_batch_keep_sources(batch, renderer->keeps_sources, siem_mapping_masks(renderer->mapping));
    counts->events++;
    siem_code rc = ask_log(renderer, event, &reason);
    if (rc == SIEM_OK) {
        rc = siem_batch_render(batch, renderer->mapping, renderer->state, event, NULL, &reason);
    }
    if (rc == SIEM_OK) {
        counts->rendered++;
        if (renderer->field_bytes != 0) {
            rc = siem_batch_cut_fields(batch, before, renderer->field_bytes, &reason);
        }
    } else if (rc == SIEM_DROPPED) {
        counts->dropped++;
        rc = SIEM_OK;
    } else if (rc == SIEM_REFUSED) {
        rc = refuse(renderer, batch, event, &reason, &reason);
    }
    if (renderer->tlog != NULL) memset(event->tlog, 0, sizeof event->tlog); /* all are borrowed */
    if (rc == SIEM_OK) siem_batch_reach(batch, siem_event_position(event));
    else if (err != NULL) *err = reason;
    return rc;
}

siem_code siem_renderer_refuse(const siem_renderer *renderer, siem_batch *batch, siem_event *event,
                               const siem_error *reason, siem_error *err) {
    siem_batch_keep_sources(batch, renderer->keeps_sources, siem_mapping_masks(renderer->mapping));
    siem_batch_event_counts(batch)->events++;
    siem_code rc = refuse(renderer, batch, event, reason, err);
    if (rc == SIEM_OK) siem_batch_reach(batch, siem_event_position(event));
    return rc;
}
