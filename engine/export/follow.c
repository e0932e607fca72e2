/* follow.c: an export that continues, and retries after faults that pass. */
#include "base/error.h"
#include "base/patience.h"
#include "export/export.h"
#include "source/registry.h"

#include <math.h>

#define TICK_MS 100 /* of waiting for news, between two questions whether to go on */

static siem_code cancelled(siem_export *export_, siem_error *err) {
    return siem_outage_cancelled(siem_export_outage(export_), err);
}

/* These faults can pass: a lock, a full disk, a target that is down, a missing folder. A registry
 * that is gone is not one: a new file in its place is another registry. */
static bool passes(siem_code code, bool reading) {
    return code == SIEM_LOCKED || code == SIEM_IO || code == SIEM_UNAVAILABLE ||
           (code == SIEM_NOT_FOUND && !reading);
}

/* Waits until something is committed, or a source that ends is over. `*reading` tells whether a
 * failure is the registry's. */
static siem_code wait_for_news(siem_export *export_, bool *reading, siem_error *err) {
    siem_code rc;
    *reading = true;
    do {
        rc = siem_export_save(export_, false, err);
        if (export_->undone) {
            *reading = false;
            return rc;
        }
        if (!siem_export_goes_on(export_)) return cancelled(export_, err);
        rc = export_->source->kind->wait(export_->source, TICK_MS, err);
    } while (rc == SIEM_END && !export_->source->is_over);
    return rc == SIEM_END ? SIEM_OK : rc;
}

/* Confirmed events are saved while the export waits for something else. */
static bool save_and_go_on(void *context) {
    siem_export_tend_source(context);
    (void)siem_export_save(context, false, NULL);
    return siem_export_goes_on(context);
}

/* Waits, after the `failures`-th failure in a row, until it makes sense to try again. */
static siem_code wait_out(siem_export *export_, const siem_error *failure, int failures,
                          siem_error *err) {
    char text[SIEM_REPORT_SIZE];
    siem_outage *of_target = &export_->options.sink->outage, *outage = &export_->outage;
    double pause = siem_patience_pause(&siem_following_patience, failures - 1, -1);
    if (failure->code == SIEM_UNAVAILABLE && of_target->since != 0) {
        outage = of_target; /* which knows of the attempt */
    } else {
        siem_outage_add(outage, failure->message);
    }
    if (siem_outage_report(outage, pause, -1, text)) {
        siem_export_notice(export_, text);
        siem_export_keep_outage(export_);
    }
    return siem_patience_wait(pause, save_and_go_on, export_) ? SIEM_OK : cancelled(export_, err);
}

/* Recovers from a failure that passes; returns when it is time to continue. */
static siem_code recover(siem_export *export_, siem_code rc, bool reading, int failures,
                         siem_error *err) {
    siem_error failure = *err;
    /* Events that were read before a failure of the registry are sent without waiting for it. */
    if (reading && (rc = siem_export_flush(export_, err)) == SIEM_OK) {
        return wait_out(export_, &failure, failures, err);
    }
    if (!passes(rc, false)) return rc;
    if (reading) failure = *err;
    do {
        rc = wait_out(export_, &failure, failures++, err);
        if (rc != SIEM_OK) return rc;
        rc = siem_export_restart(export_, &failure);
    } while (passes(rc, false));
    if (rc != SIEM_OK) *err = failure;
    return rc;
}

/* Reports that what failed works again; the delivery does so for its target. */
static void go_on(siem_export *export_) {
    char text[SIEM_REPORT_SIZE];
    if (!siem_outage_end(&export_->outage, "going on", text)) return;
    siem_export_notice(export_, text);
    siem_export_keep_outage(export_);
}

/* Reads the events that exist. While no program has the registry open, there are none: that is not
 * a failure, and is reported once. */
static siem_code read_round(siem_export *export_, bool *idle, bool *reading, siem_error *err) {
    siem_code rc = siem_export_round(export_, reading, err);
    if (rc == SIEM_IDLE && *reading) {
        if (!*idle) siem_export_notice(export_, err->message);
        *idle = true;
        *reading = false;
        return siem_export_flush(export_, err);
    }
    if (rc != SIEM_OK) return rc;
    if (*idle) siem_export_notice(export_, "the registry is open again: going on");
    *idle = false;
    go_on(export_);
    return SIEM_OK;
}

static siem_code follow(siem_export *export_, siem_error *err) {
    int failures = 0;
    bool idle = false;
    for (;;) {
        bool reading;
        siem_code rc = read_round(export_, &idle, &reading, err);
        if (rc == SIEM_OK) {
            failures = 0;
            if (export_->source->is_over) return SIEM_OK;
            rc = wait_for_news(export_, &reading, err);
        }
        if (rc == SIEM_OK) continue;
        if (!passes(rc, reading)) return siem_export_finish_after(export_, rc, err);
        if ((rc = recover(export_, rc, reading, ++failures, err)) != SIEM_OK) return rc;
    }
}

/* Goes on after what has begun. */
static siem_code go_on_following(siem_export *export_, siem_code rc, siem_error *err) {
    export_->lag_due = 0;
    if (passes(rc, false) && export_->source != NULL) rc = recover(export_, rc, false, 1, err);
    if (rc == SIEM_OK && !siem_export_goes_on(export_)) rc = cancelled(export_, err);
    if (rc == SIEM_OK) rc = follow(export_, err);
    export_->lag_due = INFINITY;
    return siem_export_end(export_, rc, err);
}

siem_code siem_export_follow(siem_export *export_, siem_registry *registry, siem_error *err) {
    siem_error own;
    if (err == NULL) err = &own;
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    if (registry != NULL && !siem_registry_is_followed(registry)) {
        rc = siem_error_set(err, SIEM_INVALID,
                            "%s: the registry is not followed: open it with follow = true",
                            __func__);
    }
    if (rc == SIEM_OK) rc = siem_export_check_registry(export_, registry, __func__, err);
    if (rc == SIEM_OK) {
        rc = siem_export_begin(export_, registry, err);
        rc = go_on_following(export_, rc, err);
    }
    siem_export_leave(export_);
    return rc;
}

/* Up to the source's end, without retries. When the position is not taken as the group
 * changes, the source is not over. */
static siem_code drain(siem_export *export_, siem_error *err) {
    const siem_source *source = export_->source;
    siem_code rc;
    do {
        bool reading;
        rc = siem_export_round(export_, &reading, err);
        if (rc == SIEM_OK && source->is_over) {
            rc = siem_export_save(export_, true, err);
            if (source->is_over || export_->undone) return rc;
            rc = SIEM_OK;
        }
        if (rc == SIEM_OK) rc = wait_for_news(export_, &reading, err);
    } while (rc == SIEM_OK);
    return siem_export_finish_after(export_, rc, err);
}

siem_code siem_export_drain(siem_export *export_, siem_source *source, siem_error *err) {
    siem_error own;
    if (err == NULL) err = &own;
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    rc = siem_export_check_source(export_, source, __func__, err);
    if (rc == SIEM_OK) {
        rc = siem_export_begin_source(export_, source, true, err);
        if (rc == SIEM_OK) {
            export_->lag_due = 0;
            rc = drain(export_, err);
            export_->lag_due = INFINITY;
        }
        rc = siem_export_end(export_, rc, err);
    }
    siem_export_leave(export_);
    return rc;
}

siem_code siem_export_consume(siem_export *export_, siem_source *source, siem_error *err) {
    siem_error own;
    if (err == NULL) err = &own;
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    rc = siem_export_check_source(export_, source, __func__, err);
    if (rc == SIEM_OK) {
        rc = siem_export_begin_source(export_, source, false, err);
        rc = go_on_following(export_, rc, err);
    }
    siem_export_leave(export_);
    return rc;
}
