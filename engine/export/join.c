/* join.c: joins batches in the order of the events: everything that depends on the order happens
 * here. */
#include "base/error.h"
#include "export/export.h"
#include "record/batch.h"

#include <stdio.h>

static void count_refused(siem_export *export_, const siem_refusal *refusal) {
    char reason[sizeof((siem_error *)0)->message];
    const char *sink = refusal->sink;
    (void)snprintf(reason, sizeof reason, "%s%s%s", sink != NULL ? sink : "",
                   sink != NULL ? " rejects it: " : "", refusal->reason);
    siem_refusals_add(&export_->reasons, reason, refusal->event_id);
    export_->counts.refused++;
}

siem_code siem_export_refuse(siem_export *export_, int64_t id, const siem_refusal *refusal,
                             siem_error *err) {
    const siem_export_options *options = &export_->options;
    bool is_read_again = siem_export_reads_again(export_);
    siem_code rc = SIEM_OK;
    if (is_read_again && siem_refused_has(&export_->refused, id, refusal->part)) return SIEM_OK;
    if (options->on_error == SIEM_DEADLETTER_ON_ERROR) {
        rc = siem_deadletter_write(options->deadletter, NULL, refusal, err);
    }
    if (rc == SIEM_OK) count_refused(export_, refusal);
    if (rc == SIEM_OK && is_read_again) {
        rc = siem_refused_add(&export_->refused, id, refusal->part, err);
    }
    return rc;
}

/* An event without a record: counted and kept aside. */
static siem_code keep_aside(siem_export *export_, const siem_unmade *event, siem_error *err) {
    const siem_export_options *options = &export_->options;
    const siem_refusal refusal = {.event_id = event->event_id,
                                  .format = siem_mapping_name(options->mapping),
                                  .reason = event->reason,
                                  .code = -1,
                                  .source = event->source,
                                  .source_size = event->source_size,
                                  .masked = siem_masks_names(siem_mapping_masks(options->mapping))};
    return siem_export_refuse(export_, event->position.id, &refusal, err);
}

void siem_export_add_event_counts(siem_export *export_, siem_batch *batch) {
    siem_event_counts *counts = siem_batch_event_counts(batch);
    export_->counts.events += counts->events;
    export_->counts.rendered += counts->rendered;
    export_->counts.dropped += counts->dropped;
    export_->counts.cut += counts->cut;
    *counts = (siem_event_counts){0};
}

/* The position before event `index` of those without a record. */
static siem_position reached_before(const siem_export *export_, const siem_batch *batch,
                                    size_t index) {
    siem_position reached = siem_delivery_reached(export_->delivery);
    size_t record = siem_batch_unmade(batch, index).record;
    if (record > 0) reached = siem_batch_position(batch, record - 1);
    if (index == 0) return reached;
    const siem_unmade former = siem_batch_unmade(batch, index - 1);
    return former.record == record ? former.position : reached;
}

/* Writes dead letters for events without a record. After a failure, the batch ends before that
 * event. */
static siem_code keep_all_aside(siem_export *export_, siem_batch *batch, siem_error *err) {
    for (size_t i = 0; i < siem_batch_unmade_count(batch); i++) {
        const siem_unmade event = siem_batch_unmade(batch, i);
        siem_code rc = keep_aside(export_, &event, err);
        if (rc == SIEM_OK) continue;
        siem_batch_truncate(batch, event.record, reached_before(export_, batch, i));
        return rc;
    }
    return SIEM_OK;
}

siem_code siem_export_join(siem_export *export_, siem_batch *batch, siem_error *err) {
    siem_error failure;
    siem_export_add_event_counts(export_, batch);
    siem_code rc = keep_all_aside(export_, batch, &failure);
    /* No read transaction stays open while the export waits for the sink. */
    siem_export_release_source(export_);
    siem_code pushed = siem_delivery_push(export_->delivery, batch, err);
    if (pushed != SIEM_OK || rc == SIEM_OK) return pushed;
    if (err != NULL) *err = failure;
    return rc;
}
