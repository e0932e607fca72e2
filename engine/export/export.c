/* export.c: the loop from registry to sink. */
#include "export/export.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/misuse.h"
#include "record/batch.h"
#include "source/event.h"
#include "source/registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_BYTES   ((size_t)256 * 1024)
#define LAG_INTERVAL  1.0   /* seconds */
#define MOST_PAGE     10000 /* events that are read in one transaction */
#define BREATH        0.1   /* seconds of reading between two looks around, */
#define BREATH_EVENTS 64    /* and events between two looks at the clock */
#define MOST_WAIT     1.0   /* seconds that a record waits for others to fill its batch */

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
    counts->bytes += size + 1;
    if (siem_batch_part(batch, index) > 0) return; /* its event is counted with the first record */
    counts->exported++;
    counts->existed += outcome->existed;
    counts->kept_aside += outcome->kept_aside;
    count_repairs(counts, siem_batch_repairs(batch, index));
}

/* True for what was refused before, and is only read again as something behind it failed. */
static bool is_known_refusal(const siem_export *export_, const siem_refused *last, int64_t id,
                             unsigned part) {
    if (export_->registry == NULL || !siem_registry_is_followed(export_->registry)) return false;
    return id < last->id || (id == last->id && part < last->parts);
}

/* Counts a refusal that is told, and takes it down unless something before it is not dealt with
 * yet. */
static void count_refused(siem_export *export_, siem_refused *last, int64_t id,
                          const siem_refusal *refusal) {
    char reason[sizeof((siem_error *)0)->message];
    const char *sink = refusal->sink;
    (void)snprintf(reason, sizeof reason, "%s%s%s", sink != NULL ? sink : "",
                   sink != NULL ? " rejects it: " : "", refusal->reason);
    siem_refusals_add(&export_->reasons, reason, refusal->event_id);
    export_->counts.refused++;
    if (!export_->halted) *last = (siem_refused){id, refusal->part + 1};
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
    int64_t id = strtoll(refusal.event_id, NULL, 10);
    if (options->on_error == SIEM_STOP_ON_ERROR) {
        return siem_error_set(err, SIEM_REFUSED, "event %s: %s rejects it: %s", refusal.event_id,
                              kind, refusal.reason);
    }
    refusal.part = siem_batch_part(batch, index);
    if (is_known_refusal(export_, &export_->rejected, id, refusal.part)) return SIEM_OK;
    if (options->on_error == SIEM_DEADLETTER_ON_ERROR) {
        refusal.source = siem_batch_source(batch, index, &refusal.source_size);
        refusal.record = siem_batch_at(batch, index, &refusal.record_size);
        rc = siem_deadletter_write(options->deadletter, NULL, &refusal, err);
    }
    if (rc == SIEM_OK) count_refused(export_, &export_->rejected, id, &refusal);
    return rc;
}

void siem_export_notice(siem_export *export_, const char *text) {
    const siem_export_options *options = &export_->options;
    if (options->notice != NULL) options->notice(options->notice_context, text);
}

siem_outage *siem_export_outage(siem_export *export_) {
    siem_outage *of_target = &export_->options.sink->outage;
    return of_target->since != 0 ? of_target : &export_->outage;
}

/* The delivery reports that its target failed, or works again. */
static void relay_notice(void *context, const char *text) {
    siem_export *export_ = context;
    siem_export_notice(export_, text);
    siem_export_keep_outage(export_);
}

static void take_counts(siem_export *export_) {
    export_->counts.retrying_since = siem_export_outage(export_)->since;
    if (export_->delivery == NULL) return; /* it is being made */
    export_->counts.retries = export_->retries + siem_delivery_retries(export_->delivery);
    export_->counts.cut = export_->cut + siem_delivery_cut(export_->delivery);
}

/* No read transaction is open when progress is reported. */
static void look_up_lag(siem_export *export_) {
    double now = siem_clock();
    if (export_->registry == NULL || now < export_->lag_due) return;
    (void)siem_registry_lag(export_->registry, export_->confirmed.id, &export_->counts.lag, NULL);
    export_->lag_due = now + LAG_INTERVAL;
}

static bool call_progress(siem_export *export_) {
    const siem_export_options *options = &export_->options;
    return options->progress == NULL ||
           options->progress(options->progress_context, &export_->counts);
}

static bool report_progress(void *context) {
    siem_export *export_ = context;
    take_counts(export_);
    look_up_lag(export_);
    return call_progress(export_);
}

/* While the delivery waits: a target that is down does not keep from the disk what was confirmed
 * before. */
static bool goes_on_delivering(void *context) {
    (void)siem_export_save(context, false, NULL);
    return report_progress(context);
}

bool siem_export_goes_on(siem_export *export_) {
    return report_progress(export_);
}

/* Within a statement of SQLite, where no other one can be run: nothing is looked up. */
static bool goes_on_reading(void *context) {
    return call_progress(context);
}

static void count_batch(siem_counts *counts, double seconds) {
    static const double bounds[] = SIEM_LATENCY_BOUNDS;
    counts->batches++;
    counts->latency_seconds += seconds;
    for (size_t i = 0; i < SIEM_LATENCY_COUNT; i++) counts->latency[i] += seconds <= bounds[i];
}

/* The records of a batch before `index` are dealt with, and that one is not: events that are
 * complete are not sent again. */
static void halt_at(siem_export *export_, const siem_batch *batch, size_t index) {
    while (index > 0 && siem_batch_part(batch, index) > 0) index--;
    if (!export_->halted && index > 0 && export_->registry != NULL) {
        const char *id = siem_batch_event_id(batch, index - 1);
        siem_export_set_position(export_, (siem_position){.id = strtoll(id, NULL, 10)});
    }
    export_->halted = true;
}

/* Adds to the message of a rejected event that ends the export what became of the others. */
static void describe_batch(const siem_settlement *settlement, siem_error *err) {
    size_t count = siem_batch_size(settlement->batch), delivered = 0, rejected = 0;
    siem_error event = *err;
    for (size_t i = 0; i < count; i++) {
        delivered += settlement->outcomes[i].verdict == SIEM_DELIVERED;
        rejected += settlement->outcomes[i].verdict == SIEM_REJECT;
    }
    if (count == 1) return;
    (void)siem_error_set(err, SIEM_REFUSED,
                         "%.400s; of its batch of %zu record(s), %zu are in and %zu are rejected",
                         event.message, count, delivered, rejected);
}

/* All outcomes of a batch are taken down, also behind one that ends the export. */
static siem_code settle(void *context, const siem_settlement *settlement, siem_error *err) {
    siem_export *export_ = context;
    const siem_batch *batch = settlement->batch;
    siem_code rc = SIEM_OK;
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        const siem_outcome *outcome = &settlement->outcomes[i];
        if (outcome->verdict == SIEM_DELIVERED) {
            count_delivered(&export_->counts, batch, i, outcome);
        } else if (outcome->verdict == SIEM_REJECT) {
            siem_code rejected = reject(export_, batch, i, outcome, rc == SIEM_OK ? err : NULL);
            if (rejected != SIEM_OK) halt_at(export_, batch, i);
            if (rc == SIEM_OK) rc = rejected;
        } else {
            halt_at(export_, batch, i);
        }
    }
    if (rc == SIEM_REFUSED) describe_batch(settlement, err);
    export_->settled = siem_clock();
    count_batch(&export_->counts, settlement->seconds);
    siem_export_confirm(export_, settlement->position);
    if (rc == SIEM_OK && export_->undone) rc = siem_export_save(export_, false, err);
    if (rc != SIEM_OK || report_progress(export_)) return rc;
    return siem_outage_cancelled(siem_export_outage(export_), err);
}

/* ---- opening ---- */

static siem_code open_delivery(siem_export *export_, siem_error *err) {
    const siem_export_options *options = &export_->options;
    const siem_delivery_calls calls = {settle, goes_on_delivering, relay_notice, export_};
    siem_code rc =
        siem_delivery_open(&export_->delivery, options->sink, options->batch_bytes, &calls, err);
    if (rc == SIEM_OK) siem_delivery_reach(export_->delivery, export_->confirmed);
    return rc;
}

siem_code siem_export_restart(siem_export *export_, siem_error *err) {
    const siem_export_options *options = &export_->options;
    siem_code rc = SIEM_OK;
    take_counts(export_);
    export_->retries = export_->counts.retries;
    export_->cut = export_->counts.cut;
    siem_delivery_close(export_->delivery);
    export_->delivery = NULL;
    export_->halted = false;
    if (options->checkpoint != NULL && (options->sink->kind->resume != NULL || export_->undone)) {
        rc = siem_export_return(export_, err);
    }
    if (rc == SIEM_OK) rc = open_delivery(export_, err);
    if (export_->confirmed.id != 0) {
        siem_registry_seek_event(export_->registry, export_->confirmed.id,
                                 export_->confirmed.print);
    } else {
        siem_registry_rewind(export_->registry);
    }
    return rc;
}

siem_code siem_export_open(siem_export **out, const siem_export_options *options, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    siem_code rc = siem_export_check_options(options, err);
    if (rc != SIEM_OK) return rc;
    siem_export *export_ = calloc(1, sizeof *export_);
    if (export_ == NULL) return siem_error_no_memory(err);
    export_->options = *options;
    siem_sink_add_export(options->sink, export_);
    export_->lag_due = INFINITY;
    export_->refused = export_->rejected = (siem_refused){.id = INT64_MIN};
    if (export_->options.batch_bytes == 0) export_->options.batch_bytes = BATCH_BYTES;
    export_->confirmed = options->checkpoint != NULL ? siem_checkpoint_position(options->checkpoint)
                                                     : (siem_position){.id = options->after};
    export_->counts.last_id = export_->confirmed.id;
    if (options->checkpoint != NULL) {
        export_->counts.saved = siem_checkpoint_saved(options->checkpoint);
    }
    export_->saved = export_->counts;
    rc = open_delivery(export_, err);
    if (rc == SIEM_OK) *out = export_;
    else siem_export_close(export_);
    return rc;
}

void siem_export_close(siem_export *export_) {
    bool has_sink = export_ != NULL && export_->options.sink != NULL;
    /* A function that it calls cannot close it: it goes on when that returns. */
    if (export_ == NULL || (has_sink && export_->options.sink->runner == export_)) return;
    siem_delivery_close(export_->delivery);
    if (has_sink) siem_sink_remove_export(export_->options.sink, export_);
    free(export_);
}

const siem_counts *siem_export_counts(const siem_export *export_) {
    return export_ != NULL ? &export_->counts : NULL;
}

/* Makes an output file this export's own, and empties it when that was asked for. */
static siem_code claim_sink(const siem_export *export_, siem_error *err) {
    siem_sink *sink = export_->options.sink;
    return sink->kind->claim != NULL ? sink->kind->claim(sink, NULL, NULL, err) : SIEM_OK;
}

const siem_reason *siem_export_reason(const siem_export *export_, size_t index) {
    if (export_ == NULL || index >= export_->reasons.count) return NULL;
    return &export_->reasons.list[index];
}

/* The output file may be another export's next, though the sink stays open. */
static void release_sink(const siem_export *export_) {
    siem_sink *sink = export_->options.sink;
    if (sink->kind->release != NULL) sink->kind->release(sink);
}

/* Sends what waits in the batch. */
static siem_code finish(siem_export *export_, siem_error *err) {
    siem_code rc = siem_delivery_finish(export_->delivery, err);
    take_counts(export_);
    if (export_->registry == NULL) { /* events came one by one */
        if (rc == SIEM_OK) rc = claim_sink(export_, err);
        release_sink(export_);
    }
    return rc;
}

siem_code siem_export_finish(siem_export *export_, siem_error *err) {
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    rc = siem_export_check_begun(export_, __func__, err);
    if (rc == SIEM_OK) rc = finish(export_, err);
    siem_export_leave(export_);
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

static siem_position position_of(const siem_event *event) {
    return (siem_position){event->row_id, event->fields[SIEM_OCCURRED_UNIX].integer, event->print};
}

/* Hands the batch over. No read transaction stays open while the sink is waited for. */
static siem_code commit(siem_export *export_, siem_position position, siem_error *err) {
    if (export_->registry != NULL) siem_registry_release(export_->registry);
    export_->unreleased = 0;
    return siem_delivery_commit(export_->delivery, position, err);
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
    if (is_known_refusal(export_, &export_->refused, event->row_id, 0)) return SIEM_OK;
    siem_refusal refusal = {
        .format = siem_mapping_name(options->mapping), .reason = reason->message, .code = -1};
    if (options->on_error == SIEM_DEADLETTER_ON_ERROR) {
        rc = siem_deadletter_write(options->deadletter, event, &refusal, err);
    }
    if (rc != SIEM_OK) return rc;
    char event_id[32];
    (void)snprintf(event_id, sizeof event_id, "%.*s", (int)id->size, id->bytes);
    refusal.event_id = event_id;
    count_refused(export_, &export_->refused, event->row_id, &refusal);
    return SIEM_OK;
}

/* Adds records one by one, as each may fill a batch. The event is reached with the last one. A file
 * gets all of them at once: its end in the checkpoint is the end of an event. */
static siem_code append_all(siem_export *export_, const siem_batch *records, siem_position position,
                            siem_error *err) {
    siem_position before = siem_delivery_reached(export_->delivery);
    size_t count = siem_batch_size(records);
    bool is_local = export_->options.sink->http == NULL, is_full = false;
    siem_code rc = SIEM_OK;
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        bool is_last = i + 1 == count;
        rc = siem_batch_append(batch_of(export_), records, &i, 1, err);
        if (rc != SIEM_OK) break;
        is_full = siem_delivery_added(export_->delivery) || (is_local && is_full);
        if (is_full && (is_last || !is_local))
            rc = commit(export_, is_last ? position : before, err);
    }
    return rc;
}

/* Takes the last `count` records, which are of one event, out of the batch and adds them anew. */
static siem_code split_event(siem_export *export_, size_t count, siem_position position,
                             siem_error *err) {
    siem_batch *batch = batch_of(export_), *records;
    size_t *indices = calloc(count, sizeof *indices);
    if (indices == NULL) return siem_error_no_memory(err);
    for (size_t i = 0; i < count; i++) indices[i] = siem_batch_size(batch) - count + i;
    siem_code rc = siem_batch_copy(&records, batch, indices, count, err);
    free(indices);
    if (rc != SIEM_OK) return rc;
    for (size_t i = 0; i < count; i++) siem_batch_drop_last(batch);
    rc = append_all(export_, records, position, err);
    siem_batch_close(records);
    return rc;
}

/* Renders an event into the batch, and sends that when it is full. */
static siem_code render_event(siem_export *export_, siem_event *event, siem_position position,
                              siem_error *err) {
    siem_error reason;
    siem_batch *batch = batch_of(export_);
    size_t before = siem_batch_size(batch);
    siem_code rc = siem_batch_write(batch, export_->options.mapping, event, NULL, &reason);
    if (rc == SIEM_OK) {
        size_t added = siem_batch_size(batch) - before;
        export_->counts.rendered++;
        if (added > 1) return split_event(export_, added, position, err);
        return siem_delivery_added(export_->delivery) ? commit(export_, position, err) : SIEM_OK;
    }
    if (rc == SIEM_DROPPED) {
        export_->counts.dropped++;
        return SIEM_OK;
    }
    if (rc == SIEM_REFUSED) return refuse(export_, event, &reason, err);
    if (err != NULL) *err = reason;
    return rc;
}

static siem_code add_event(siem_export *export_, siem_event *event, siem_error *err) {
    siem_position position = position_of(event); /* a commit may end the event's life */
    export_->counts.events++;
    siem_code rc = render_event(export_, event, position, err);
    if (rc == SIEM_OK) siem_delivery_reach(export_->delivery, position);
    return rc;
}

/* After the last event, all of which are settled: also those that have no record. */
siem_code siem_export_flush(siem_export *export_, siem_error *err) {
    siem_code rc = finish(export_, err);
    if (rc == SIEM_OK) siem_export_confirm(export_, siem_delivery_reached(export_->delivery));
    return rc;
}

siem_code siem_export_finish_after(siem_export *export_, siem_code failure, siem_error *err) {
    siem_error second;
    if (export_->delivery == NULL) return failure; /* it had not begun */
    siem_code rc = siem_export_flush(export_, &second);
    if (rc == SIEM_OK || rc == SIEM_CANCELLED) return failure;
    if (err != NULL) *err = second;
    return rc;
}

siem_code siem_export_send(siem_export *export_, siem_event *event, siem_error *err) {
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    rc = siem_export_check_event(export_, event, err);
    if (rc == SIEM_OK && (rc = add_event(export_, event, err)) != SIEM_OK) {
        rc = siem_export_finish_after(export_, rc, err);
    }
    siem_export_leave(export_);
    return rc;
}

/* With nothing on its way, what was read so far is dealt with, also when it made no record; a lone
 * record does not wait for a batch that fills slowly. */
static siem_code settle_what_waits(siem_export *export_, double now, siem_error *err) {
    if (siem_delivery_is_under_way(export_->delivery)) return SIEM_OK;
    if (siem_batch_size(siem_delivery_batch(export_->delivery)) == 0) {
        siem_export_confirm(export_, siem_delivery_reached(export_->delivery));
        return SIEM_OK;
    }
    return now - export_->settled > MOST_WAIT ? siem_export_flush(export_, err) : SIEM_OK;
}

/* Looks around while events are read: a read transaction keeps the registry's log from being reset,
 * and whoever watches wants to know, also where a filter leaves out all events. */
static siem_code breathe(siem_export *export_, siem_error *err) {
    bool is_long = ++export_->unreleased >= MOST_PAGE;
    if (!is_long && export_->unreleased % BREATH_EVENTS != 0) return SIEM_OK;
    double now = siem_clock();
    if (!is_long && now < export_->breath_due) return SIEM_OK;
    siem_registry_release(export_->registry);
    export_->unreleased = 0;
    export_->breath_due = now + BREATH;
    siem_code rc = settle_what_waits(export_, now, err);
    if (rc != SIEM_OK || siem_export_goes_on(export_)) return rc;
    return siem_outage_cancelled(siem_export_outage(export_), err);
}

/* Whenever the columns were looked at: the mapping must find those that it reads. Others that
 * cannot be read are reported, and are no failure. */
static siem_code check_columns(siem_export *export_, siem_registry *registry, siem_error *err) {
    unsigned shapes = siem_registry_shapes(registry);
    if (export_->shapes == shapes) return SIEM_OK;
    siem_code rc = siem_mapping_check(export_->options.mapping, registry, err);
    const siem_unreadable *at = siem_registry_unreadable(registry);
    for (; rc == SIEM_OK && at != NULL && at->column != NULL; at++) {
        siem_error text;
        (void)siem_error_set(&text, SIEM_OK,
                             "column '%s' of the registry cannot be read, and is omitted: %s",
                             at->column, at->reason);
        siem_export_notice(export_, text.message);
    }
    export_->shapes = shapes;
    return rc;
}

/* Exports until the registry ends or something fails. */
static siem_code export_all(siem_export *export_, bool *reading, siem_error *err) {
    siem_event *event;
    siem_code rc;
    export_->settled = siem_clock();
    for (;;) {
        *reading = true;
        rc = siem_registry_next(export_->registry, &event, err);
        if (rc == SIEM_OK) rc = check_columns(export_, export_->registry, err);
        if (rc != SIEM_OK) break;
        *reading = false;
        if ((rc = add_event(export_, event, err)) != SIEM_OK) break;
        if ((rc = breathe(export_, err)) != SIEM_OK) break;
    }
    siem_registry_release(export_->registry);
    return rc;
}

siem_code siem_export_round(siem_export *export_, bool *reading, siem_error *err) {
    siem_code rc = export_all(export_, reading, err);
    if (rc != SIEM_END) return rc;
    *reading = false;
    return siem_export_flush(export_, err);
}

siem_code siem_export_begin(siem_export *export_, siem_registry *registry, siem_error *err) {
    export_->shapes = 0;
    siem_code rc = check_columns(export_, registry, err);
    if (rc == SIEM_OK && export_->options.checkpoint == NULL) rc = claim_sink(export_, err);
    if (rc != SIEM_OK) return rc;
    export_->registry = registry;
    siem_inquiry *inquiry = siem_registry_inquiry(registry);
    export_->inquiry = *inquiry;
    *inquiry = (siem_inquiry){.go_on = goes_on_reading, .context = export_};
    if (siem_registry_is_followed(registry)) return siem_export_restart(export_, err);
    siem_registry_rewind(registry);
    return SIEM_OK;
}

siem_code siem_export_end(siem_export *export_, siem_code rc, siem_error *err) {
    siem_error failure;
    bool is_good = rc == SIEM_OK || rc == SIEM_CANCELLED || rc == SIEM_PIPE_CLOSED;
    if (export_->registry != NULL) *siem_registry_inquiry(export_->registry) = export_->inquiry;
    export_->registry = NULL;
    if (export_->options.checkpoint != NULL) {
        siem_code saved = siem_export_save_last(export_, &failure);
        if (is_good && saved != SIEM_OK) {
            rc = saved;
            if (err != NULL) *err = failure;
        }
        siem_export_forget_outage(export_);
    }
    release_sink(export_);
    return rc;
}

static siem_code run(siem_export *export_, siem_registry *registry, siem_error *err) {
    bool reading = false;
    siem_code rc = siem_export_begin(export_, registry, err);
    if (rc == SIEM_OK) rc = siem_export_round(export_, &reading, err);
    if (rc != SIEM_OK && export_->registry != NULL) rc = siem_export_finish_after(export_, rc, err);
    return siem_export_end(export_, rc, err);
}

siem_code siem_export_run(siem_export *export_, siem_registry *registry, siem_error *err) {
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    rc = siem_export_check_registry(export_, registry, __func__, err);
    if (rc == SIEM_OK) rc = run(export_, registry, err);
    siem_export_leave(export_);
    return rc;
}
