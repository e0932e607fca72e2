/* parallel.c: an export whose events are rendered on several threads. */
#include "base/error.h"
#include "export/export.h"
#include "export/jobs.h"
#include "record/batch.h"
#include "source/registry.h"

#include <unistd.h>

#define MOST_JOBS   64
#define USUAL_JOBS  8 /* at most, by default */
#define BATCH_BYTES ((size_t)1 << 20)
#define POLL_MS     1   /* for a batch, while requests are in flight as well, */
#define WAIT_MS     100 /* and while none is */

/* A source, or what of it is not exported yet, with fewer events is read on one thread: the others
 * would begin when it is done. */
#define LEAST_EVENTS (INT64_C(4) * SIEM_SLICE_EVENTS)

siem_code siem_export_choose_jobs(const siem_export_options *options, size_t *jobs,
                                  siem_error *err) {
    bool is_possible = siem_mapping_is_shareable(options->mapping) || options->open_mapping != NULL;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t usual = cores < 1 ? 1 : (size_t)cores;
    *jobs = is_possible ? (usual < USUAL_JOBS ? usual : USUAL_JOBS) : 1;
    if (options->jobs == 0) return SIEM_OK;
    *jobs = options->jobs;
    if (options->jobs > MOST_JOBS) {
        return siem_error_of_option(err, SIEM_INVALID, "jobs", "jobs is a number from 1 to %d",
                                    MOST_JOBS);
    }
    if (options->jobs == 1 || is_possible) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, "jobs",
                                "jobs is 1 for %s: the format, or its filter, has functions, which "
                                "belong to one thread: give open_mapping",
                                siem_mapping_name(options->mapping));
}

/* An unknown lag is not a failure. */
static bool has_much_left(siem_export *export_) {
    siem_lag lag;
    siem_source *source = export_->source;
    int64_t id = export_->confirmed.id;
    siem_code rc = export_->registry != NULL ? siem_registry_lag(export_->registry, id, &lag, NULL)
                                             : source->kind->read_lag(source, id, &lag);
    return rc == SIEM_OK && lag.events >= LEAST_EVENTS;
}

siem_code siem_export_is_worth_jobs(siem_export *export_, bool *is_worth, siem_error *err) {
    siem_ordering ordering;
    const siem_source *source = export_->source;
    *is_worth = false;
    if (export_->registry != NULL) siem_registry_set_threads(export_->registry, export_->jobs);
    if (export_->jobs < 2 || source->kind->readers == NULL) return SIEM_OK;
    if (source->is_followed) {
        *is_worth = has_much_left(export_);
        return SIEM_OK;
    }
    siem_code rc = siem_registry_ordering(export_->registry, &ordering, err);
    *is_worth = rc == SIEM_OK && ordering.count >= LEAST_EVENTS;
    return rc;
}

/* What a topic has left is known when some of it was read. */
uint64_t siem_export_most_alone(const siem_export *export_) {
    bool is_asked_again = export_->registry == NULL && export_->jobs > 1;
    return is_asked_again ? (uint64_t)LEAST_EVENTS : UINT64_MAX;
}

/* What is done with slices, and how many events were read in all. */
typedef struct reading {
    siem_jobs *jobs;
    bool has_ended;     /* there is no further slice */
    siem_error failure; /* of what comes after the slices that were added; SIEM_OK: none */
    int64_t events;
    siem_suspect suspect; /* of the slices that were added */
} reading;

static siem_code open_jobs(siem_export *export_, reading *r, siem_error *err) {
    size_t bytes = export_->options.batch_bytes;
    siem_source *source = export_->source;
    return siem_jobs_open(&r->jobs, export_->jobs, source->kind->readers,
                          source->kind->origin(source), &export_->renderer, &export_->mappings,
                          siem_delivery_parcels(export_->delivery),
                          bytes > BATCH_BYTES ? bytes : BATCH_BYTES, err);
}

static siem_code add_slice(siem_export *export_, reading *r, siem_slice *slice, siem_error *err) {
    siem_batch *batch;
    r->suspect = slice->suspect;
    siem_code rc = siem_delivery_take_batch(export_->delivery, &batch, err);
    if (rc == SIEM_OK) return siem_jobs_add(r->jobs, slice, batch, err);
    const siem_readers *readers = export_->source->kind->readers;
    if (readers->drop != NULL) readers->drop(slice);
    return rc;
}

/* A registry has an end. Of a topic there may be more in the next moment, and what was taken of it
 * is not given again: it is joined before a failure of what comes after it is one. */
static siem_code end_slices(const siem_export *export_, reading *r, siem_code rc,
                            const siem_error *err) {
    bool is_registry = export_->registry != NULL;
    if (rc == SIEM_END) {
        r->has_ended = is_registry;
        return SIEM_OK;
    }
    if (is_registry) return rc;
    r->has_ended = true;
    r->failure = *err;
    return SIEM_OK;
}

/* Adds slices as long as there is room. */
static siem_code add_slices(siem_export *export_, reading *r, siem_error *err) {
    while (!r->has_ended && siem_jobs_has_room(r->jobs)) {
        siem_slice slice;
        siem_code rc = export_->source->kind->next_slice(export_->source, &slice, err);
        if (rc != SIEM_OK) return end_slices(export_, r, rc, err);
        rc = add_slice(export_, r, &slice, err);
        if (rc != SIEM_OK) return rc;
    }
    return SIEM_OK;
}

/* A column failed for an event of that slice: all later ones are read again without it. */
static siem_code start_after(siem_export *export_, reading *r, const siem_rendered *rendered,
                             siem_error *err) {
    siem_jobs_close(r->jobs);
    r->jobs = NULL;
    siem_registry_seek_slice(export_->registry, rendered->slice + 1, rendered->suspect);
    r->has_ended = false;
    return open_jobs(export_, r, err);
}

static bool is_same(siem_suspect a, siem_suspect b) {
    return a.is_set == b.is_set && (!a.is_set || a.id == b.id);
}

/* Joins a batch, and returns whether its slice, or the export, ends with a failure. */
static siem_code join(siem_export *export_, reading *r, const siem_rendered *rendered,
                      bool *is_reading, siem_error *err) {
    siem_code rc = SIEM_OK;
    *is_reading = false;
    if (rendered->batch != NULL) {
        r->events += (int64_t)siem_batch_event_counts(rendered->batch)->events;
        rc = siem_export_join(export_, rendered->batch, err);
    }
    if (rc != SIEM_OK) return rc;
    if (rendered->failure.code != SIEM_OK) {
        *is_reading = rendered->is_reading;
        if (err != NULL) *err = rendered->failure;
        return rendered->failure.code;
    }
    if (!rendered->is_last || is_same(rendered->suspect, r->suspect)) return SIEM_OK;
    return start_after(export_, r, rendered, err);
}

/* Runs the requests in flight until a batch is ready. */
static siem_code wait_for(siem_export *export_, reading *r, siem_rendered *rendered, bool *is_ready,
                          siem_error *err) {
    bool is_busy = siem_delivery_is_in_flight(export_->delivery);
    *is_ready = siem_jobs_take(r->jobs, is_busy ? 0 : WAIT_MS, rendered);
    if (*is_ready || !is_busy) return SIEM_OK;
    return siem_delivery_poll(export_->delivery, POLL_MS, err);
}

/* All slices are joined. */
static siem_code conclude(const siem_export *export_, const reading *r, siem_error *err) {
    if (r->failure.code != SIEM_OK) {
        *err = r->failure;
        return r->failure.code;
    }
    if (export_->registry == NULL) return SIEM_END;
    siem_code rc = siem_registry_check_complete(export_->registry, r->events, err);
    return rc == SIEM_OK ? SIEM_END : rc;
}

static siem_code go_through(siem_export *export_, reading *r, bool *is_reading, siem_error *err) {
    for (;;) {
        siem_rendered rendered;
        bool is_ready;
        *is_reading = true;
        siem_code rc = add_slices(export_, r, err);
        if (rc != SIEM_OK) return rc;
        if (siem_jobs_is_empty(r->jobs)) return conclude(export_, r, err);
        *is_reading = false;
        rc = wait_for(export_, r, &rendered, &is_ready, err);
        if (rc == SIEM_OK && is_ready) rc = join(export_, r, &rendered, is_reading, err);
        if (rc == SIEM_OK) rc = siem_export_yield(export_, err);
        if (rc != SIEM_OK) return rc;
    }
}

siem_code siem_export_in_parallel(siem_export *export_, bool *is_reading, siem_error *err) {
    reading r = {.events = 0};
    *is_reading = false;
    siem_code rc = siem_mappings_open(&export_->mappings, &export_->options, export_->jobs, err);
    if (rc == SIEM_OK) rc = open_jobs(export_, &r, err);
    if (rc == SIEM_OK) rc = go_through(export_, &r, is_reading, err);
    siem_jobs_close(r.jobs);
    if (rc == SIEM_END && export_->registry != NULL && export_->source->is_followed) {
        const siem_position reached = siem_delivery_reached(export_->delivery);
        siem_registry_seek_event(export_->registry, reached.id, reached.fingerprint);
    }
    return rc;
}
