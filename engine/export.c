/* export.c: the loop from registry to sink. */
#include "batch.h"
#include "delivery.h"
#include "error.h"
#include "event.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_BYTES ((size_t)256 * 1024)

struct siem_export {
    siem_export_options options;
    siem_delivery *delivery;
    siem_registry *registry; /* that is being read, or NULL */
    siem_counts counts;
};

/* ---- what the sink answers ---- */

static void count_repairs(siem_counts *counts, unsigned repairs) {
    if (repairs == 0) return;
    counts->repaired++;
    if (repairs & SIEM_REPAIRED_UTF8) counts->utf8++;
    if (repairs & SIEM_REPAIRED_BLOB) counts->blob++;
    if (repairs & SIEM_REPAIRED_TIMESTAMP) counts->timestamp++;
    if (repairs & SIEM_REPAIRED_EXTRA) counts->extra++;
    if (repairs & SIEM_REPAIRED_NUMBER) counts->number++;
}

static void count_delivered(siem_counts *counts, const siem_batch *batch, size_t index,
                            const siem_outcome *outcome) {
    size_t size;
    (void)siem_batch_at(batch, index, &size);
    counts->exported++;
    counts->bytes += size + 1;
    counts->existed += outcome->existed;
    counts->kept_aside += outcome->kept_aside;
    count_repairs(counts, siem_batch_repairs(batch, index));
}

/* A record that the sink rejects: counted, kept aside, or the end. */
static siem_code reject(siem_export *export_, const siem_batch *batch, size_t index,
                        const siem_outcome *outcome, siem_error *err) {
    const siem_export_options *options = &export_->options;
    const char *kind = options->sink->kind->name;
    siem_refusal refusal = {.event_id = siem_batch_event_id(batch, index),
                            .format = siem_mapping_name(options->mapping),
                            .sink = kind,
                            .reason = outcome->reason != NULL ? outcome->reason : "rejected",
                            .http_status = outcome->http_status,
                            .code = outcome->code};
    siem_code rc = SIEM_OK;
    if (options->on_error == SIEM_STOP_ON_ERROR) {
        return siem_error_set(err, SIEM_REFUSED, "event %s: %s rejects it: %s", refusal.event_id,
                              kind, refusal.reason);
    }
    if (options->on_error == SIEM_DEADLETTER_ON_ERROR) {
        refusal.source = siem_batch_source(batch, index, &refusal.source_size);
        refusal.record = siem_batch_at(batch, index, &refusal.record_size);
        rc = siem_deadletter_write(options->deadletter, NULL, &refusal, err);
    }
    if (rc == SIEM_OK) export_->counts.refused++;
    return rc;
}

static void take_counts(siem_export *export_) {
    export_->counts.retries = siem_delivery_retries(export_->delivery);
    export_->counts.cut = siem_delivery_cut(export_->delivery);
}

static bool report_progress(void *context) {
    siem_export *export_ = context;
    const siem_export_options *options = &export_->options;
    /* It may be asked while the delivery is being made. */
    if (export_->delivery != NULL) take_counts(export_);
    return options->progress == NULL ||
           options->progress(options->progress_context, &export_->counts);
}

/* All outcomes of a batch are taken down, also behind one that ends the export. */
static siem_code settle(void *context, const siem_batch *batch, const siem_outcome *outcomes,
                        siem_error *err) {
    siem_export *export_ = context;
    siem_code rc = SIEM_OK;
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        if (outcomes[i].verdict == SIEM_DELIVERED) {
            count_delivered(&export_->counts, batch, i, &outcomes[i]);
        } else if (outcomes[i].verdict == SIEM_REJECT) {
            siem_code rejected =
                reject(export_, batch, i, &outcomes[i], rc == SIEM_OK ? err : NULL);
            if (rc == SIEM_OK) rc = rejected;
        }
    }
    if (rc != SIEM_OK || report_progress(export_)) return rc;
    return siem_error_set(err, SIEM_CANCELLED, "stopped on request");
}

/* ---- opening ---- */

siem_code siem_export_open(siem_export **out, const siem_export_options *options, siem_error *err) {
    *out = NULL;
    if (options->mapping == NULL || options->sink == NULL) {
        return siem_error_set(err, SIEM_INVALID, "an export needs a mapping and a sink");
    }
    if (options->on_error == SIEM_DEADLETTER_ON_ERROR && options->deadletter == NULL) {
        return siem_error_set(err, SIEM_INVALID, "an export needs the dead letter it writes to");
    }
    siem_export *export_ = calloc(1, sizeof *export_);
    if (export_ == NULL) return siem_error_no_memory(err);
    export_->options = *options;
    if (export_->options.batch_bytes == 0) export_->options.batch_bytes = BATCH_BYTES;
    siem_code rc =
        siem_delivery_open(&export_->delivery, options->sink, export_->options.batch_bytes, settle,
                           report_progress, export_, err);
    if (rc == SIEM_OK) *out = export_;
    else siem_export_close(export_);
    return rc;
}

void siem_export_close(siem_export *export_) {
    if (export_ == NULL) return;
    siem_delivery_close(export_->delivery);
    free(export_);
}

const siem_counts *siem_export_counts(const siem_export *export_) {
    return &export_->counts;
}

siem_code siem_export_finish(siem_export *export_, siem_error *err) {
    siem_code rc = siem_delivery_finish(export_->delivery, err);
    take_counts(export_);
    return rc;
}

/* ---- events ---- */

/* The batch that is being filled. */
static siem_batch *batch_of(siem_export *export_) {
    siem_batch *batch = siem_delivery_batch(export_->delivery);
    const siem_sink *sink = export_->options.sink;
    if (export_->options.deadletter != NULL && (sink->http != NULL || sink->kind->rejects)) {
        siem_batch_keep_sources(batch);
    }
    return batch;
}

/* Hands the batch over. No read transaction stays open while the sink is waited for. */
static siem_code commit(siem_export *export_, siem_error *err) {
    if (export_->registry != NULL) siem_registry_release(export_->registry);
    return siem_delivery_commit(export_->delivery, err);
}

/* An event without a record: counted, kept aside, or the end. */
static siem_code refuse(siem_export *export_, siem_event *event, const siem_error *reason,
                        siem_error *err) {
    const siem_export_options *options = &export_->options;
    const siem_value *id = &event->fields[SIEM_EVENT_ID];
    siem_code rc = SIEM_OK;
    if (options->on_error == SIEM_STOP_ON_ERROR) {
        if (err != NULL) *err = *reason;
        siem_error_prefix(err, "event %.*s", (int)id->size, id->bytes);
        return SIEM_REFUSED;
    }
    if (options->on_error == SIEM_DEADLETTER_ON_ERROR) {
        siem_refusal refusal = {
            .format = siem_mapping_name(options->mapping), .reason = reason->message, .code = -1};
        rc = siem_deadletter_write(options->deadletter, event, &refusal, err);
    }
    if (rc == SIEM_OK) export_->counts.refused++;
    return rc;
}

/* Renders an event into the batch, and sends that when it is full. */
static siem_code add_event(siem_export *export_, siem_event *event, siem_error *err) {
    siem_error reason;
    siem_code rc =
        siem_batch_write(batch_of(export_), export_->options.mapping, event, NULL, &reason);
    if (rc == SIEM_OK)
        return siem_delivery_added(export_->delivery) ? commit(export_, err) : SIEM_OK;
    if (rc == SIEM_DROPPED) {
        export_->counts.dropped++;
        return SIEM_OK;
    }
    if (rc == SIEM_REFUSED) return refuse(export_, event, &reason, err);
    if (err != NULL) *err = reason;
    return rc;
}

/* After a failure elsewhere: sends what is rendered, so that nothing counts as lost. A failure of
 * the sink is worse than the first one and takes its place. */
static siem_code finish_after(siem_export *export_, siem_code failure, siem_error *err) {
    siem_error second;
    siem_code rc = siem_export_finish(export_, &second);
    if (rc == SIEM_OK || rc == SIEM_CANCELLED) return failure;
    if (err != NULL) *err = second;
    return rc;
}

siem_code siem_export_send(siem_export *export_, siem_event *event, siem_error *err) {
    siem_code rc = add_event(export_, event, err);
    return rc == SIEM_OK ? rc : finish_after(export_, rc, err);
}

/* Exports until the registry ends or something fails. */
static siem_code export_all(siem_export *export_, siem_error *err) {
    siem_event *event;
    siem_code rc;
    while ((rc = siem_registry_next(export_->registry, &event, err)) == SIEM_OK) {
        if ((rc = add_event(export_, event, err)) != SIEM_OK) break;
    }
    siem_registry_release(export_->registry);
    return rc;
}

siem_code siem_export_run(siem_export *export_, siem_registry *registry, siem_error *err) {
    siem_code rc = siem_mapping_check(export_->options.mapping, registry, err);
    if (rc != SIEM_OK) return rc;
    siem_registry_rewind(registry);
    export_->registry = registry;
    rc = export_all(export_, err);
    export_->registry = NULL;
    return rc == SIEM_END ? siem_export_finish(export_, err) : finish_after(export_, rc, err);
}
