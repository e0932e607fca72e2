/* export.h: what following needs of an export. */
#ifndef SIEM_EXPORT_H
#define SIEM_EXPORT_H

#include "delivery/delivery.h"
#include "export/mappings.h"
#include "export/refusals.h"
#include "export/refused.h"
#include "record/renderer.h"
#include "source/database.h"
#include "source/source.h"
#include "store/checkpoint.h"

struct siem_export {
    siem_export_options options; /* without a sink when that was closed */
    siem_sink_holder holder;     /* of that sink */
    siem_renderer renderer;
    siem_witness witness; /* of events that are rendered on the caller's thread */
    size_t jobs;          /* threads that render */
    siem_mappings mappings;
    siem_delivery *delivery;
    siem_batch *batch;       /* that is being filled; NULL: none */
    siem_source *source;     /* that is being read, or NULL */
    siem_registry *registry; /* the same, where it is one */
    unsigned schema_number;  /* siem_registry_schema_number, when its columns were checked */
    siem_counts counts;
    siem_inquiry inquiry;    /* the registry's own, put back at the end */
    siem_position confirmed; /* all events up to it are done */
    bool halted;             /* a record was not confirmed: nothing after it is */
    bool unsaved;            /* the checkpoint, or what the source keeps, is older than it */
    bool undone;             /* lines since it was saved may not be on the disk */
    double save_due;         /* of siem_clock: not to be saved before */
    siem_counts saved;       /* the counts of what the checkpoint has */
    uint64_t retries;        /* of deliveries before this one */
    double lag_due;          /* of siem_clock: when the lag is looked up; infinite: never */
    uint64_t unreleased;     /* events that were read since no read transaction was open */
    double yield_due;        /* of siem_clock: when reading yields */
    double settled;          /* of siem_clock: when a batch had its outcomes last */
    uint64_t most;           /* events of a turn, after which it ends; 0: no limit */
    bool has_more;           /* the turn ended there */
    siem_refused refused;    /* of a source that may go back: what is counted already, */
    siem_refusals reasons;   /* and why, of all that is counted */
    siem_outage outage;     /* of the registry, the disk, or a folder; the target's is its sink's */
    siem_outage unsaveable; /* of the checkpoint */
};

/* ---- how it may be called ---- */

/* Errors: SIEM_INVALID, as the next ones. */
siem_code siem_export_check_options(const siem_export_options *options, siem_error *err);

/* Begins a call of the public function of that name: checks that the sink is open and not in use.
 * Ended by siem_export_leave. */
siem_code siem_export_enter(siem_export *export_, const char *function, siem_error *err);
void siem_export_leave(siem_export *export_);

/* Whether there is a delivery; a restart that failed leaves none. */
siem_code siem_export_check_begun(const siem_export *export_, const char *function,
                                  siem_error *err);

/* Whether the event, or the registry, is one of the checkpoint's; and whether the sink does not
 * write to the registry itself. */
siem_code siem_export_check_event(const siem_export *export_, const siem_event *event,
                                  siem_error *err);
siem_code siem_export_check_registry(const siem_export *export_, const siem_registry *registry,
                                     const char *function, siem_error *err);

siem_code siem_export_check_source(const siem_export *export_, const siem_source *source,
                                   const char *function, siem_error *err);

/* ---- batches ---- */

/* Takes over a batch, in the order of the events, also when it fails. Counts what happened while it
 * was filled, writes dead letters for events without a record, and sends the records. Errors: those
 * of the dead letter and of siem_delivery_push. */
siem_code siem_export_join(siem_export *export_, siem_batch *batch, siem_error *err);

/* Adds what happened to the counts, before the batch is handed over. */
void siem_export_add_event_counts(siem_export *export_, siem_batch *batch);

/* As siem_settle_function, for an export. */
siem_code siem_export_settle(void *context, const siem_settlement *settlement, siem_error *err);

/* Refuses an event, or a record of it: writes the dead letter if there is one, and counts it. One
 * that was refused before it was read again is not refused twice.
 * Errors: those of the dead letter, SIEM_NO_MEMORY. */
siem_code siem_export_refuse(siem_export *export_, int64_t id, const siem_refusal *refusal,
                             siem_error *err);

/* ---- several threads ---- */

/* The number of threads that render. Errors: SIEM_INVALID for a number that the mapping does not
 * allow. */
siem_code siem_export_choose_jobs(const siem_export_options *options, size_t *jobs,
                                  siem_error *err);

/* Whether the source has so many events to be exported that threads are worth their start.
 * Errors: as siem_registry_ordering. */
siem_code siem_export_is_worth_jobs(siem_export *export_, bool *is_worth, siem_error *err);

/* How many events this thread reads before it is asked again whether others are worth it. */
uint64_t siem_export_most_alone(const siem_export *export_);

/* Exports what the source has now, but does not wait until it is settled: SIEM_END. Errors and
 * `*is_reading` as siem_export_round. */
siem_code siem_export_in_parallel(siem_export *export_, bool *is_reading, siem_error *err);

/* At most ten times a second: ends the read transaction, settles what is confirmed, and calls the
 * progress function. Errors: those of delivery, SIEM_CANCELLED. */
siem_code siem_export_yield(siem_export *export_, siem_error *err);

/* ---- how it continues ---- */

/* Begins a registry, to be read from the first event on, or after the checkpoint; or another
 * source, which is read on where it is, for ever unless it `ends`. */
siem_code siem_export_begin(siem_export *export_, siem_registry *registry, siem_error *err);
siem_code siem_export_begin_source(siem_export *export_, siem_source *source, bool ends,
                                   siem_error *err);

/* Releases it, and saves the checkpoint. Returns `rc`; when that is not a failure, why the
 * position could not be saved. */
siem_code siem_export_end(siem_export *export_, siem_code rc, siem_error *err);

/* After a failure: opens a new delivery, for the events after the confirmed ones. When it fails,
 * the export must be ended. */
siem_code siem_export_restart(siem_export *export_, siem_error *err);

/* The same without going back: after siem_export_rest. */
siem_code siem_export_wake(siem_export *export_, siem_error *err);

/* Frees the memory for records while none are in flight. */
void siem_export_rest(siem_export *export_);

/* Sends the rendered records, and waits until they are settled. */
siem_code siem_export_flush(siem_export *export_, siem_error *err);

/* After a failure elsewhere: sends the rendered records, so that none counts as lost. Returns
 * `failure`, or a failure of the sink, which is worse. */
siem_code siem_export_finish_after(siem_export *export_, siem_code failure, siem_error *err);

/* Exports what the registry has now, and waits until all is settled. `*reading`: whether a failure
 * is the registry's. */
siem_code siem_export_round(siem_export *export_, bool *reading, siem_error *err);

/* Whether a later export continues after the position: there is a checkpoint, or the source keeps
 * it. */
bool siem_export_keeps_position(const siem_export *export_);

/* Whether the events after the position are read again when one of them fails. */
bool siem_export_reads_again(const siem_export *export_);

/* Saves the checkpoint, or makes the source keep the position, when that has changed. Unless `now`,
 * it saves as often as costs little time, but five times a second and after 5,000 events. A failure
 * is reported once and retried. Confirmed events stay confirmed, unless `undone`: then the export
 * must be restarted. Errors: SIEM_IO. */
siem_code siem_export_save(siem_export *export_, bool now, siem_error *err);

/* Saves at the end, without another attempt. The position in the counts is the one on the disk.
 * Errors: SIEM_IO, SIEM_HELD, naming that. */
siem_code siem_export_save_last(siem_export *export_, siem_error *err);

/* Records that all events up to a position are done, unless an earlier one was not, and saves the
 * checkpoint when that is due. A failure to save does not undo a delivery. */
void siem_export_confirm(siem_export *export_, siem_position position);

/* The same without checking earlier events, and without saving. */
void siem_export_set_position(siem_export *export_, siem_position position);

/* Goes back to the checkpoint, or to the position that the source has kept. The output file and the
 * counts continue there. Errors: SIEM_IO, SIEM_HELD. */
siem_code siem_export_return(siem_export *export_, siem_error *err);

/* Called before the export waits for something else, and ten times a second meanwhile. */
void siem_export_release_source(siem_export *export_);
void siem_export_tend_source(siem_export *export_);

/* Reports to the notice function. */
void siem_export_notice(siem_export *export_, const char *text);

/* The current outage: the target's, or one of the export's own. */
siem_outage *siem_export_outage(siem_export *export_);

/* Saves the outage in the checkpoint, for `status`; and removes it, when there are no further
 * attempts. */
void siem_export_keep_outage(siem_export *export_);
void siem_export_forget_outage(siem_export *export_);

/* Calls the progress function: whether to continue. */
bool siem_export_goes_on(siem_export *export_);

#endif
