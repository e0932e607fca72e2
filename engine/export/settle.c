/* settle.c: applies the outcomes of a request that has ended. */
#include "base/clock.h"
#include "base/error.h"
#include "evidence/digest.h"
#include "export/export.h"
#include "record/batch.h"

#include <string.h>

static void count_repairs(siem_counts *counts, unsigned repairs) {
    if (repairs == 0) return;
    counts->repaired++;
    if (repairs & SIEM_REPAIRED_UTF8) counts->utf8++;
    if (repairs & SIEM_REPAIRED_BLOB) counts->blob++;
    if (repairs & SIEM_REPAIRED_TIMESTAMP) counts->timestamp++;
    if (repairs & SIEM_REPAIRED_EXTRA) counts->extra++;
    if (repairs & SIEM_REPAIRED_NUMBER) counts->number++;
}

static void count_delivered(siem_counts *counts, const siem_item *item,
                            const siem_outcome *outcome) {
    size_t size;
    (void)siem_batch_at(item->batch, item->record, &size);
    counts->bytes += size + 1;
    if (siem_batch_part(item->batch, item->record) > 0)
        return; /* its event is counted with the first record */
    counts->exported++;
    counts->existed += outcome->existed;
    counts->kept_aside += outcome->kept_aside;
    count_repairs(counts, siem_batch_repairs(item->batch, item->record));
}

static void add_to_digest(siem_digest *digest, const siem_item *item) {
    size_t size;
    if (digest == NULL) return;
    const char *record = siem_batch_at(item->batch, item->record, &size);
    siem_digest_add_record(digest, siem_batch_event_id(item->batch, item->record), record, size);
}

/* A record that the sink rejects is refused, or the end of the export. After one that is not
 * settled it is sent again, so that it is refused then. */
static siem_code reject(siem_export *export_, const siem_item *item, const siem_outcome *outcome,
                        siem_error *err) {
    const siem_batch *batch = item->batch;
    size_t index = item->record;
    const siem_export_options *options = &export_->options;
    const char *kind = options->sink->kind->name;
    if (export_->halted && siem_export_reads_again(export_)) return SIEM_OK;
    siem_refusal refusal = {.event_id = siem_batch_event_id(batch, index),
                            .format = siem_mapping_name(options->mapping),
                            .sink = kind,
                            .reason = outcome->reason != NULL ? outcome->reason : "rejected",
                            .http_status = outcome->http_status,
                            .code = outcome->code};
    if (options->on_error == SIEM_STOP_ON_ERROR) {
        (void)siem_error_set(err, SIEM_REFUSED, "event %s: %s rejects it: %s", refusal.event_id,
                             kind, refusal.reason);
        siem_error_name_event(err, refusal.event_id, strlen(refusal.event_id));
        return SIEM_REFUSED;
    }
    refusal.part = siem_batch_part(batch, index);
    if (options->on_error == SIEM_DEADLETTER_ON_ERROR) {
        refusal.masked = siem_masks_names(siem_mapping_masks(options->mapping));
        refusal.source = siem_batch_source(batch, index, &refusal.source_size);
        refusal.record = siem_batch_at(batch, index, &refusal.record_size);
    }
    return siem_export_refuse(export_, siem_batch_position(batch, index).id, &refusal, err);
}

static void count_batch(siem_counts *counts, double seconds) {
    static const double bounds[] = SIEM_LATENCY_BOUNDS;
    counts->batches++;
    counts->latency_seconds += seconds;
    for (size_t i = 0; i < SIEM_LATENCY_COUNT; i++) counts->latency[i] += seconds <= bounds[i];
}

/* The records before `index` are done, and that one is not: events that are complete are not sent
 * again. */
static void halt_at(siem_export *export_, const siem_item *items, size_t index) {
    while (index > 0 && siem_batch_part(items[index].batch, items[index].record) > 0) index--;
    if (!export_->halted && index > 0 && export_->source != NULL) {
        const siem_item *last = &items[index - 1];
        siem_export_set_position(export_, siem_batch_position(last->batch, last->record));
    }
    export_->halted = true;
}

/* Adds the outcomes of the other events to the message about a rejected event that ends the export.
 */
static void describe_request(const siem_settlement *settlement, siem_error *err) {
    size_t count = settlement->count, delivered = 0, rejected = 0;
    siem_error event = *err;
    for (size_t i = 0; i < count; i++) {
        delivered += settlement->outcomes[i].verdict == SIEM_DELIVERED;
        rejected += settlement->outcomes[i].verdict == SIEM_REJECT;
    }
    if (count == 1) return;
    (void)siem_error_set(err, SIEM_REFUSED,
                         "%.400s; of its batch of %zu record(s), %zu are in and %zu are rejected",
                         event.message, count, delivered, rejected);
    siem_error_name_event(err, event.event_id, strlen(event.event_id));
}

/* All outcomes are recorded, also after one that ends the export. */
siem_code siem_export_settle(void *context, const siem_settlement *settlement, siem_error *err) {
    siem_export *export_ = context;
    const siem_item *items = settlement->items;
    siem_code rc = SIEM_OK;
    for (size_t i = 0; i < settlement->count; i++) {
        const siem_outcome *outcome = &settlement->outcomes[i];
        if (outcome->verdict == SIEM_DELIVERED) {
            count_delivered(&export_->counts, &items[i], outcome);
            add_to_digest(export_->options.digest, &items[i]);
        } else if (outcome->verdict == SIEM_REJECT) {
            siem_code rejected = reject(export_, &items[i], outcome, rc == SIEM_OK ? err : NULL);
            if (rejected != SIEM_OK) halt_at(export_, items, i);
            if (rc == SIEM_OK) rc = rejected;
        } else {
            halt_at(export_, items, i);
        }
    }
    if (rc == SIEM_REFUSED) describe_request(settlement, err);
    export_->settled = siem_clock();
    count_batch(&export_->counts, settlement->seconds);
    siem_export_confirm(export_, settlement->position);
    if (rc == SIEM_OK && export_->undone) rc = siem_export_save(export_, false, err);
    if (rc != SIEM_OK || siem_export_goes_on(export_)) return rc;
    return siem_outage_cancelled(siem_export_outage(export_), err);
}
