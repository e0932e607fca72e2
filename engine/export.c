/* export.c: the loop from registry to sink. */
#include "batch.h"
#include "error.h"
#include "event.h"

#include <stdlib.h>

#define BATCH_BYTES ((size_t)256 * 1024)

struct siem_export {
    siem_export_options options;
    siem_batch *batch;
    siem_counts counts;
};

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
    siem_code rc = siem_batch_open(&export_->batch, err);
    if (rc == SIEM_OK) *out = export_;
    else siem_export_close(export_);
    return rc;
}

void siem_export_close(siem_export *export_) {
    if (export_ == NULL) return;
    siem_batch_close(export_->batch);
    free(export_);
}

const siem_counts *siem_export_counts(const siem_export *export_) {
    return &export_->counts;
}

static void count_repairs(siem_counts *counts, unsigned repairs) {
    if (repairs == 0) return;
    counts->repaired++;
    if (repairs & SIEM_REPAIRED_UTF8) counts->utf8++;
    if (repairs & SIEM_REPAIRED_BLOB) counts->blob++;
    if (repairs & SIEM_REPAIRED_TIMESTAMP) counts->timestamp++;
    if (repairs & SIEM_REPAIRED_EXTRA) counts->extra++;
    if (repairs & SIEM_REPAIRED_NUMBER) counts->number++;
}

/* Counts what the sink confirmed, and forgets it. */
static void confirm(siem_export *export_, size_t delivered) {
    siem_counts *counts = &export_->counts;
    for (size_t i = 0; i < delivered; i++) {
        size_t size;
        (void)siem_batch_at(export_->batch, i, &size);
        counts->bytes += size + 1;
        count_repairs(counts, siem_batch_repairs(export_->batch, i));
    }
    counts->exported += delivered;
    siem_batch_drop(export_->batch, delivered);
}

siem_code siem_export_finish(siem_export *export_, siem_error *err) {
    size_t delivered;
    siem_code rc = siem_sink_send(export_->options.sink, export_->batch, &delivered, err);
    confirm(export_, delivered);
    if (rc != SIEM_OK || export_->options.progress == NULL) return rc;
    if (export_->options.progress(export_->options.progress_context, &export_->counts)) {
        return SIEM_OK;
    }
    return siem_error_set(err, SIEM_CANCELLED, "stopped on request");
}

static bool is_full(const siem_export *export_) {
    size_t size;
    (void)siem_batch_bytes(export_->batch, &size);
    return size >= export_->options.batch_bytes;
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
        rc = siem_deadletter_write(options->deadletter, event, siem_mapping_name(options->mapping),
                                   reason->message, err);
    }
    if (rc == SIEM_OK) export_->counts.refused++;
    return rc;
}

/* Renders an event into the batch. */
static siem_code add_event(siem_export *export_, siem_event *event, siem_error *err) {
    siem_error reason;
    siem_code rc = siem_batch_write(export_->batch, export_->options.mapping, event, NULL, &reason);
    if (rc == SIEM_DROPPED) {
        export_->counts.dropped++;
        return SIEM_OK;
    }
    if (rc == SIEM_REFUSED) return refuse(export_, event, &reason, err);
    if (rc != SIEM_OK && err != NULL) *err = reason;
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
    if (rc != SIEM_OK) return finish_after(export_, rc, err);
    return is_full(export_) ? siem_export_finish(export_, err) : SIEM_OK;
}

siem_code siem_export_run(siem_export *export_, siem_registry *registry, siem_error *err) {
    siem_event *event;
    siem_code rc = siem_mapping_check(export_->options.mapping, registry, err);
    if (rc != SIEM_OK) return rc;
    siem_registry_rewind(registry);
    while ((rc = siem_registry_next(registry, &event, err)) == SIEM_OK) {
        rc = add_event(export_, event, err);
        if (rc == SIEM_OK && !is_full(export_)) continue;
        siem_registry_release(registry);
        if (rc != SIEM_OK) return finish_after(export_, rc, err);
        if ((rc = siem_export_finish(export_, err)) != SIEM_OK) return rc;
    }
    siem_registry_release(registry);
    if (rc != SIEM_END) return finish_after(export_, rc, err);
    return siem_export_finish(export_, err);
}
