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

siem_code siem_renderer_add(const siem_renderer *renderer, siem_batch *batch, siem_event *event,
                            siem_error *err) {
    siem_error reason;
    siem_tally *tally = siem_batch_tally(batch);
    size_t before = siem_batch_size(batch);
    siem_batch_keep_sources(batch, renderer->keeps_sources);
    tally->events++;
    siem_code rc =
        siem_batch_render(batch, renderer->mapping, renderer->state, event, NULL, &reason);
    if (rc == SIEM_OK) {
        tally->rendered++;
        if (renderer->field_bytes != 0) {
            rc = siem_batch_cut_fields(batch, before, renderer->field_bytes, &reason);
        }
    } else if (rc == SIEM_DROPPED) {
        tally->dropped++;
        rc = SIEM_OK;
    } else if (rc == SIEM_REFUSED) {
        rc = refuse(renderer, batch, event, &reason, &reason);
    }
    if (rc == SIEM_OK) siem_batch_reach(batch, siem_event_position(event));
    else if (err != NULL) *err = reason;
    return rc;
}
