/* confirm.c: the position of an export: confirmed, saved, and how to go back.
 */
#include "base/clock.h"
#include "base/error.h"
#include "export/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#define SAVE_SHARE    10.0 /* saving takes at most a tenth of the time, */
#define SAVE_INTERVAL 0.2  /* but is not put off for longer than so many seconds */
#define MOST_UNSAVED  5000 /* events that a crash may have to repeat, besides those of one batch */

/* Of a source that keeps positions, they are numbers without a meaning elsewhere. */
static bool source_keeps(const siem_export *export_) {
    return export_->source != NULL && export_->source->kind->keep != NULL;
}

bool siem_export_keeps_position(const siem_export *export_) {
    return export_->options.checkpoint != NULL || source_keeps(export_);
}

bool siem_export_reads_again(const siem_export *export_) {
    return export_->source != NULL && export_->source->is_followed;
}

void siem_export_set_position(siem_export *export_, siem_position position) {
    export_->confirmed = position;
    export_->unsaved = siem_export_keeps_position(export_);
    if (!source_keeps(export_)) export_->counts.last_id = position.id;
    if (!export_->unsaved) siem_refused_forget(&export_->refused, position.id);
}

void siem_export_confirm(siem_export *export_, siem_position position) {
    if (export_->halted || position.id == export_->confirmed.id) return;
    siem_export_set_position(export_, position);
    (void)siem_export_save(export_, false, NULL);
}

/* Forces what the position depends on to the disk before it: files, and dead letters. `waits`: as
 * for a source. */
static siem_code save(siem_export *export_, bool waits, siem_error *err) {
    const siem_export_options *options = &export_->options;
    siem_extent extent = {0};
    siem_code rc = SIEM_OK;
    const siem_filing *filing = options->sink->kind->filing;
    if (filing != NULL) rc = filing->sync(options->sink, &extent, err);
    if (rc == SIEM_OK && options->deadletter != NULL) {
        rc = siem_deadletter_sync(options->deadletter, err);
    }
    export_->undone = rc != SIEM_OK;
    if (rc != SIEM_OK) return rc;
    siem_source *source = export_->source;
    if (source_keeps(export_)) return source->kind->keep(source, export_->confirmed, waits, err);
    siem_checkpoint_set_outage(options->checkpoint, siem_export_outage(export_));
    return siem_checkpoint_save(options->checkpoint, export_->confirmed, &extent, err);
}

/* Saves the last position again, with the outage. A failure does no harm. */
static void save_again(siem_export *export_, const siem_outage *outage) {
    siem_checkpoint *checkpoint = export_->options.checkpoint;
    const siem_extent extent = *siem_checkpoint_extent(checkpoint);
    siem_checkpoint_set_outage(checkpoint, outage);
    (void)siem_checkpoint_save(checkpoint, siem_checkpoint_position(checkpoint), &extent, NULL);
}

void siem_export_keep_outage(siem_export *export_) {
    if (export_->options.checkpoint == NULL) return;
    save_again(export_, siem_export_outage(export_));
}

void siem_export_forget_outage(siem_export *export_) {
    const siem_outage none = {0};
    if (export_->options.checkpoint == NULL) return;
    if (!siem_checkpoint_has_outage(export_->options.checkpoint)) return;
    save_again(export_, &none);
}

/* After a failure a file may end with unconfirmed lines: its end must not go into the checkpoint.
 * These lines are compared when the export continues. Ids that SQLite never gives by itself are not
 * saved, either. */
static bool is_no_position(const siem_export *export_) {
    const siem_export_options *options = &export_->options;
    bool ends_beside =
        options->checkpoint != NULL && export_->halted && options->sink->kind->filing != NULL;
    return ends_beside || export_->confirmed.id <= 0;
}

static void report_unsaved(siem_export *export_, const char *cause) {
    char text[SIEM_REPORT_SIZE];
    siem_outage_add(&export_->unsaveable, cause);
    if (siem_outage_report(&export_->unsaveable, export_->save_due - siem_clock(), -1, text)) {
        siem_export_notice(export_, text);
    }
}

static void report_saved(siem_export *export_) {
    char text[SIEM_REPORT_SIZE];
    if (siem_outage_end(&export_->unsaveable, "the checkpoint is saved again", text)) {
        siem_export_notice(export_, text);
    }
}

/* Whether the source is about to release what was read. */
static bool is_awaited(const siem_export *export_) {
    return export_->source != NULL && export_->source->is_due;
}

siem_code siem_export_save(siem_export *export_, bool now, siem_error *err) {
    siem_error failure;
    if (export_->undone) {
        return siem_error_set(err, SIEM_IO, "what was written last may not be on the disk: %s",
                              export_->unsaveable.cause);
    }
    double clock = siem_clock();
    bool is_due = now || clock >= export_->save_due || is_awaited(export_) ||
                  (export_->counts.save_failures == 0 &&
                   export_->counts.events - export_->saved.events >= MOST_UNSAVED);
    bool is_new = export_->unsaved || (now && source_keeps(export_)); /* which may still be at it */
    if (!is_new || !is_due || is_no_position(export_)) return SIEM_OK;
    siem_code rc = save(export_, now, &failure);
    double end = siem_clock();
    export_->save_due = end + fmin((end - clock) * SAVE_SHARE, SAVE_INTERVAL);
    if (rc == SIEM_OK) {
        report_saved(export_);
        export_->unsaved = false;
        export_->counts.saved = (double)time(NULL);
        export_->counts.save_failures = 0;
        export_->saved = export_->counts;
        siem_refused_forget(&export_->refused, export_->confirmed.id);
    } else {
        export_->counts.save_failures++;
        report_unsaved(export_, failure.message);
        if (err != NULL) *err = failure;
    }
    return rc;
}

/* Lines go to another file from here on: the checkpoint must be saved before the first of them.
 * Confirmed lines are in the old file. */
static siem_code take_moved(void *context, const siem_extent *extent, siem_error *err) {
    siem_export *export_ = context;
    return siem_checkpoint_save(export_->options.checkpoint, export_->confirmed, extent, err);
}

/* Continues in the file of the checkpoint, or makes the open file that one. Called before the first
 * line, so that no line is ever written to a file that the checkpoint does not name. */
static siem_code resume_sink(siem_export *export_, siem_error *err) {
    siem_sink *sink = export_->options.sink;
    const siem_filing *filing = sink->kind->filing;
    siem_checkpoint *checkpoint = export_->options.checkpoint;
    siem_extent extent = *siem_checkpoint_extent(checkpoint);
    bool is_known = extent.file.inode != 0, found = true;
    siem_code rc = SIEM_OK;
    rc = filing->claim(sink, take_moved, export_, err);
    if (rc == SIEM_OK && is_known) rc = filing->resume(sink, &extent, &found, err);
    if (rc != SIEM_OK || (is_known && found)) return rc;
    if (!found) {
        siem_export_notice(export_, "the output file of the checkpoint is not in its folder: when "
                                    "it was rotated, events that were written last may be there "
                                    "twice; when it was removed, what it held is gone");
    }
    rc = filing->sync(sink, &extent, err);
    return rc == SIEM_OK && extent.file.inode != 0
               ? siem_checkpoint_save(checkpoint, export_->confirmed, &extent, err)
               : rc;
}

siem_code siem_export_save_last(siem_export *export_, siem_error *err) {
    siem_code rc = siem_export_save(export_, true, err);
    if (export_->options.checkpoint == NULL) return rc;
    int64_t id = siem_checkpoint_position(export_->options.checkpoint).id;
    export_->counts.last_id = id;
    if (rc == SIEM_OK) return rc;
    char text[sizeof err->message];
    (void)snprintf(text, sizeof text, "%s", err->message);
    return siem_error_set(err, rc,
                          "%s; the position on the disk is %s%" PRId64
                          ": the next export sends later events again",
                          text, id != 0 ? "event " : "", id);
}

siem_code siem_export_return(siem_export *export_, siem_error *err) {
    const siem_checkpoint *checkpoint = export_->options.checkpoint;
    export_->confirmed = (siem_position){0}; /* of a source: what it has kept */
    if (checkpoint != NULL) export_->confirmed = siem_checkpoint_position(checkpoint);
    uint64_t refused = export_->counts.refused;
    export_->counts = export_->saved;
    export_->counts.refused = refused; /* they are not refused again */
    if (export_->undone) {             /* but that the dead letter may have lost them */
        export_->counts.refused = export_->saved.refused;
        siem_refused_clear(&export_->refused);
        export_->reasons = (siem_refusals){.count = 0};
    }
    export_->unsaved = export_->undone = false;
    bool is_file = export_->options.sink->kind->filing != NULL;
    return checkpoint != NULL && is_file ? resume_sink(export_, err) : SIEM_OK;
}
