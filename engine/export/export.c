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

#define BATCH_BYTES    ((size_t)256 * 1024)
#define LAG_INTERVAL   1.0   /* seconds */
#define MOST_PAGE      10000 /* events that are read in one transaction */
#define YIELD_INTERVAL 0.1   /* seconds of reading between two yields, */
#define YIELD_EVENTS   64    /* and events between two looks at the clock */
#define MOST_WAIT      1.0   /* seconds that a record waits for others to fill its batch */

/* ---- progress ---- */

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

static void update_counts(siem_export *export_) {
    export_->counts.retrying_since = siem_export_outage(export_)->since;
    if (export_->batch != NULL) siem_export_add_event_counts(export_, export_->batch);
    if (export_->delivery == NULL) return; /* it is being made */
    export_->counts.retries = export_->retries + siem_delivery_retries(export_->delivery);
}

/* No read transaction is open when progress is reported. */
static void look_up_lag(siem_export *export_) {
    double now = siem_clock();
    siem_source *source = export_->source;
    if (source == NULL || now < export_->lag_due) return;
    (void)source->kind->read_lag(source, export_->confirmed.id, &export_->counts.lag);
    export_->lag_due = now + LAG_INTERVAL;
}

static bool call_progress(siem_export *export_) {
    const siem_export_options *options = &export_->options;
    return options->progress == NULL ||
           options->progress(options->progress_context, &export_->counts);
}

static bool report_progress(void *context) {
    siem_export *export_ = context;
    update_counts(export_);
    look_up_lag(export_);
    return call_progress(export_);
}

/* While the delivery waits: confirmed events are saved also while a target is down. */
static bool goes_on_delivering(void *context) {
    siem_export_tend_source(context);
    (void)siem_export_save(context, false, NULL);
    return report_progress(context);
}

void siem_export_tend_source(siem_export *export_) {
    siem_source *source = export_->source;
    if (source != NULL && source->kind->tend != NULL) source->kind->tend(source);
}

bool siem_export_goes_on(siem_export *export_) {
    return report_progress(export_);
}

/* Within a statement of SQLite, where no other one can be run: nothing is looked up. */
static bool goes_on_reading(void *context) {
    return call_progress(context);
}

/* ---- opening ---- */

static siem_code open_delivery(siem_export *export_, siem_error *err) {
    const siem_export_options *options = &export_->options;
    const siem_delivery_calls calls = {siem_export_settle, goes_on_delivering, relay_notice,
                                       export_};
    return siem_delivery_open(&export_->delivery, options->sink, options->batch_bytes,
                              export_->confirmed, &calls, err);
}

/* Events that were rendered and not handed over are rendered again, or end with the export. */
static void drop_delivery(siem_export *export_) {
    siem_batch_close(export_->batch);
    export_->batch = NULL;
    siem_delivery_close(export_->delivery);
    export_->delivery = NULL;
}

static siem_renderer renderer_of(const siem_export_options *options) {
    bool rejects = options->sink->kind->can & SIEM_REJECTS;
    return (siem_renderer){.mapping = options->mapping,
                           .state = siem_mapping_own_state(options->mapping),
                           .field_bytes = options->sink->pace.field_bytes,
                           .keeps_sources = options->deadletter != NULL && rejects,
                           .tlog = options->tlog,
                           .on_unverified = options->on_unverified,
                           .stops = options->on_error == SIEM_STOP_ON_ERROR,
                           .keeps_refused = options->on_error == SIEM_DEADLETTER_ON_ERROR};
}

void siem_export_rest(siem_export *export_) {
    update_counts(export_);
    export_->retries = export_->counts.retries;
    drop_delivery(export_);
}

siem_code siem_export_wake(siem_export *export_, siem_error *err) {
    return export_->delivery == NULL ? open_delivery(export_, err) : SIEM_OK;
}

siem_code siem_export_restart(siem_export *export_, siem_error *err) {
    const siem_export_options *options = &export_->options;
    siem_code rc = SIEM_OK;
    siem_export_rest(export_);
    export_->halted = false;
    bool is_file = options->sink->kind->filing != NULL;
    if (export_->undone || (options->checkpoint != NULL && is_file)) {
        rc = siem_export_return(export_, err);
    }
    if (rc == SIEM_OK) rc = open_delivery(export_, err);
    export_->source->kind->seek(export_->source, export_->confirmed);
    return rc;
}

siem_code siem_export_open(siem_export **out, const siem_export_options *options, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    size_t jobs;
    siem_code rc = siem_export_check_options(options, err);
    if (rc == SIEM_OK) rc = siem_export_choose_jobs(options, &jobs, err);
    if (rc != SIEM_OK) return rc;
    siem_export *export_ = calloc(1, sizeof *export_);
    if (export_ == NULL) return siem_error_no_memory(err);
    export_->options = *options;
    export_->jobs = jobs;
    export_->renderer = renderer_of(options);
    export_->renderer.witness = &export_->witness;
    export_->holder.sink = &export_->options.sink;
    siem_sink_add_holder(options->sink, &export_->holder);
    export_->lag_due = INFINITY;
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

/* It may be another export's next. */
static void release_source(siem_export *export_) {
    siem_source *source = export_->source;
    if (export_->registry != NULL) *siem_registry_inquiry(export_->registry) = export_->inquiry;
    if (source != NULL && source->kind->end != NULL) source->kind->end(source);
    if (source != NULL) source->notice = NULL;
    export_->source = NULL;
    export_->registry = NULL;
}

void siem_export_close(siem_export *export_) {
    bool has_sink = export_ != NULL && export_->options.sink != NULL;
    /* A function that the export calls cannot close it: the export continues when that returns. */
    if (export_ == NULL || (has_sink && export_->options.sink->runner == export_)) return;
    drop_delivery(export_);
    release_source(export_);
    if (has_sink) siem_sink_remove_holder(export_->options.sink, &export_->holder);
    siem_mappings_close(&export_->mappings, &export_->options);
    siem_refused_clear(&export_->refused);
    siem_witness_close(&export_->witness);
    free(export_);
}

const siem_counts *siem_export_counts(const siem_export *export_) {
    return export_ != NULL ? &export_->counts : NULL;
}

/* Makes an output file this export's own, and empties it when that was asked for. */
static siem_code claim_sink(const siem_export *export_, siem_error *err) {
    const siem_filing *filing = export_->options.sink->kind->filing;
    if (filing == NULL) return SIEM_OK;
    return filing->claim(export_->options.sink, NULL, NULL, err);
}

const siem_reason *siem_export_reason(const siem_export *export_, size_t index) {
    if (export_ == NULL || index >= export_->reasons.count) return NULL;
    return &export_->reasons.list[index];
}

/* Another export may use the output file next, although the sink stays open. */
static void release_sink(const siem_export *export_) {
    const siem_filing *filing = export_->options.sink->kind->filing;
    if (filing != NULL) filing->release(export_->options.sink);
}

/* Hands over the batch that is being filled. */
static siem_code push(siem_export *export_, siem_error *err) {
    siem_batch *batch = export_->batch;
    export_->batch = NULL;
    return batch != NULL ? siem_export_join(export_, batch, err) : SIEM_OK;
}

/* Sends what waits. */
static siem_code finish(siem_export *export_, siem_error *err) {
    siem_code rc = push(export_, err);
    if (rc == SIEM_OK) rc = siem_delivery_finish(export_->delivery, err);
    update_counts(export_);
    if (export_->source == NULL) { /* events came one by one */
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

/* Renders an event, or refuses it for a reason, and hands the batch over when it is full. */
static siem_code add_event(siem_export *export_, siem_event *event, const siem_error *reason,
                           siem_error *err) {
    siem_code rc = SIEM_OK;
    if (export_->batch == NULL) {
        rc = siem_delivery_take_batch(export_->delivery, &export_->batch, err);
    }
    const siem_renderer *renderer = &export_->renderer;
    if (rc == SIEM_OK && reason != NULL) {
        rc = siem_renderer_refuse(renderer, export_->batch, event, reason, err);
    } else if (rc == SIEM_OK) {
        rc = siem_renderer_add(renderer, export_->batch, event, err);
    }
    if (rc != SIEM_OK) return rc;
    if (siem_batch_size(export_->batch) > 0) siem_delivery_use_sink(export_->delivery);
    return siem_delivery_is_due(export_->delivery, export_->batch) ? push(export_, err) : SIEM_OK;
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
    if (rc == SIEM_OK && (rc = add_event(export_, event, NULL, err)) != SIEM_OK) {
        rc = siem_export_finish_after(export_, rc, err);
    }
    siem_export_leave(export_);
    return rc;
}

void siem_export_release_source(siem_export *export_) {
    siem_source *source = export_->source;
    if (source != NULL && source->kind->release != NULL) source->kind->release(source);
    export_->unreleased = 0;
}

/* With nothing in flight, the events read so far are done, also those without a record. A single
 * record does not wait for a batch that fills slowly. */
static siem_code settle_what_waits(siem_export *export_, double now, siem_error *err) {
    if (siem_delivery_is_in_flight(export_->delivery)) return SIEM_OK;
    bool has_records = export_->batch != NULL && siem_batch_size(export_->batch) > 0;
    if (!has_records && !siem_delivery_has_waiting(export_->delivery)) {
        siem_code rc = push(export_, err);
        if (rc != SIEM_OK) return rc;
        siem_export_confirm(export_, siem_delivery_reached(export_->delivery));
        return SIEM_OK;
    }
    return now - export_->settled > MOST_WAIT ? siem_export_flush(export_, err) : SIEM_OK;
}

static siem_code yield_now(siem_export *export_, double now, siem_error *err) {
    siem_export_release_source(export_);
    export_->yield_due = now + YIELD_INTERVAL;
    siem_code rc = settle_what_waits(export_, now, err);
    if (rc != SIEM_OK || siem_export_goes_on(export_)) return rc;
    return siem_outage_cancelled(siem_export_outage(export_), err);
}

siem_code siem_export_yield(siem_export *export_, siem_error *err) {
    double now = siem_clock();
    return now < export_->yield_due ? SIEM_OK : yield_now(export_, now, err);
}

/* While events are read: a read transaction keeps the registry's log from being reset, and progress
 * is reported also when a filter drops all events. */
static siem_code yield_at_times(siem_export *export_, siem_error *err) {
    bool is_long = ++export_->unreleased >= MOST_PAGE;
    if (is_long) return yield_now(export_, siem_clock(), err);
    return export_->unreleased % YIELD_EVENTS == 0 ? siem_export_yield(export_, err) : SIEM_OK;
}

/* Whenever the columns were looked at: the mapping must find those that it reads. Others that
 * cannot be read are reported, and are not a failure. */
static siem_code check_columns(siem_export *export_, siem_registry *registry, siem_error *err) {
    unsigned schema_number = registry != NULL ? siem_registry_schema_number(registry) : 0;
    if (export_->schema_number == schema_number) return SIEM_OK;
    siem_code rc = siem_mapping_check(export_->options.mapping, registry, err);
    const siem_unreadable *at = siem_registry_unreadable(registry);
    for (; rc == SIEM_OK && at != NULL && at->column != NULL; at++) {
        siem_error text;
        (void)siem_error_set(&text, SIEM_OK,
                             "column '%s' of the registry cannot be read, and is omitted: %s",
                             at->column, at->reason);
        siem_export_notice(export_, text.message);
    }
    export_->schema_number = schema_number;
    return rc;
}

/* The source's next event, as part of a batch; or what is in its place. */
static siem_code add_next(siem_export *export_, bool *reading, siem_error *err) {
    siem_event *event;
    siem_error failure;
    siem_source *source = export_->source;
    siem_code rc = source->kind->next(source, &event, &failure);
    bool is_event = rc == SIEM_OK, is_other = rc == SIEM_REFUSED && event != NULL;
    if (is_event) rc = check_columns(export_, export_->registry, &failure);
    *reading = rc != SIEM_OK && !is_other;
    if (!*reading) return add_event(export_, event, is_event ? NULL : &failure, err);
    if (err != NULL && rc != SIEM_END) *err = failure;
    return rc;
}

/* Exports until the source ends or something fails. */
static siem_code export_all(siem_export *export_, bool *reading, siem_error *err) {
    siem_code rc = SIEM_OK;
    export_->settled = siem_clock();
    export_->has_more = false;
    const uint64_t most = siem_export_most_alone(export_);
    for (uint64_t count = 0; rc == SIEM_OK; count++) {
        export_->has_more = export_->most != 0 && count == export_->most;
        rc = export_->has_more || count == most ? SIEM_END : add_next(export_, reading, err);
        if (rc == SIEM_OK) rc = yield_at_times(export_, err);
    }
    siem_export_release_source(export_);
    return rc;
}

/* Several threads bring an export near the end of what a registry has; this one does the rest. */
siem_code siem_export_round(siem_export *export_, bool *reading, siem_error *err) {
    bool has_rest = export_->registry != NULL && export_->source->is_followed;
    bool in_parallel;
    *reading = true;
    siem_code rc = siem_export_is_worth_jobs(export_, &in_parallel, err);
    if (rc == SIEM_OK) rc = SIEM_END;
    if (rc == SIEM_END && in_parallel) rc = siem_export_in_parallel(export_, reading, err);
    if (rc == SIEM_END && (has_rest || !in_parallel)) rc = export_all(export_, reading, err);
    if (rc != SIEM_END) return rc;
    *reading = false;
    return siem_export_flush(export_, err);
}

/* At the start, because their files may have changed when the export has to catch up. After a
 * failure it continues without them. */
static void open_mappings(siem_export *export_) {
    siem_error failure;
    if (siem_mappings_open(&export_->mappings, &export_->options, export_->jobs, &failure) ==
        SIEM_OK) {
        return;
    }
    siem_error_prefix(&failure, "rendering on one thread");
    siem_export_notice(export_, failure.message);
    export_->jobs = 1;
}

siem_code siem_export_begin(siem_export *export_, siem_registry *registry, siem_error *err) {
    export_->schema_number = 0;
    bool is_followed = siem_registry_is_followed(registry);
    siem_code rc = check_columns(export_, registry, err);
    if (rc == SIEM_OK && is_followed) open_mappings(export_);
    if (rc == SIEM_OK && export_->options.checkpoint == NULL) rc = claim_sink(export_, err);
    if (rc != SIEM_OK) return rc;
    export_->registry = registry;
    export_->source = siem_registry_source(registry);
    siem_inquiry *inquiry = siem_registry_inquiry(registry);
    export_->inquiry = *inquiry;
    *inquiry = (siem_inquiry){.go_on = goes_on_reading, .context = export_};
    if (is_followed) return siem_export_restart(export_, err);
    siem_registry_rewind(registry);
    return SIEM_OK;
}

static void relay_source(void *context, const char *text) {
    siem_export_notice(context, text);
}

siem_code siem_export_begin_source(siem_export *export_, siem_source *source, bool ends,
                                   siem_error *err) {
    export_->schema_number = 0;
    open_mappings(export_);
    siem_code rc = claim_sink(export_, err);
    if (rc != SIEM_OK) return rc;
    export_->source = source;
    siem_refused_clear(&export_->refused); /* its positions are numbers of its own */
    source->ends = ends;
    source->notice = relay_source;
    source->notice_context = export_;
    if (source->kind->begin != NULL) source->kind->begin(source);
    return siem_export_restart(export_, err);
}

siem_code siem_export_end(siem_export *export_, siem_code rc, siem_error *err) {
    siem_error failure;
    bool is_good = rc == SIEM_OK || rc == SIEM_CANCELLED || rc == SIEM_PIPE_CLOSED;
    if (siem_export_keeps_position(export_)) {
        siem_code saved = siem_export_save_last(export_, &failure);
        if (is_good && saved != SIEM_OK) {
            rc = saved;
            if (err != NULL) *err = failure;
        }
        siem_export_forget_outage(export_);
    }
    release_source(export_);
    release_sink(export_);
    return rc;
}

static siem_code run(siem_export *export_, siem_registry *registry, siem_error *err) {
    bool reading = false;
    siem_code rc = siem_export_begin(export_, registry, err);
    if (rc == SIEM_OK) rc = siem_export_round(export_, &reading, err);
    if (rc != SIEM_OK && export_->source != NULL) rc = siem_export_finish_after(export_, rc, err);
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
