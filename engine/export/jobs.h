/* jobs.h: slices of a source, rendered on several threads; their batches come in the order of the
 * events.
 *
 * Each thread has a reader, an event and memory of its own, and shares the mapping, unless that
 * has functions: then it has one of its own, too. Batches that are ready are bounded: two slices a
 * thread, and two batches of each. */
#ifndef SIEM_JOBS_H
#define SIEM_JOBS_H

#include "base/task_queue.h"
#include "export/mappings.h"
#include "record/renderer.h"
#include "source/readers.h"

typedef struct siem_jobs siem_jobs;

/* A batch that a thread has filled. */
typedef struct siem_rendered {
    siem_batch *batch; /* the caller's from here on */
    bool is_last;      /* of its slice, whose number is `slice` */
    int64_t slice;
    siem_suspect suspect; /* of its reader, after the last batch of a slice */
    siem_error failure;   /* what ended the slice; SIEM_OK: its end */
    bool is_reading;      /* the failure is the source's */
} siem_rendered;

/* `count` threads, each of which starts when there is a slice for it. A batch with `batch_bytes` is
 * handed over before the end of its slice. `mappings` has one for each thread, or none: then they
 * share that of `renderer`. Parcels are prepared before slices are rendered. What the pointers
 * point to must outlive the jobs. Errors: SIEM_NO_MEMORY. */
siem_code siem_jobs_open(siem_jobs **out, size_t count, const siem_readers *readers,
                         const void *origin, const siem_renderer *renderer,
                         const siem_mappings *mappings, siem_task_queue *parcels,
                         size_t batch_bytes, siem_error *err);

/* Whether another slice can be added. */
bool siem_jobs_has_room(const siem_jobs *jobs);

/* Adds the next slice, and an empty batch for it; both are taken over also when it fails. Errors:
 * SIEM_IO when no thread can be started. */
siem_code siem_jobs_add(siem_jobs *jobs, siem_slice *slice, siem_batch *batch, siem_error *err);

/* Whether all slices have been taken. */
bool siem_jobs_is_empty(const siem_jobs *jobs);

/* The next batch, in the order of the slices. Waits for at most `milliseconds`; false when it is
 * not ready by then. */
bool siem_jobs_take(siem_jobs *jobs, int milliseconds, siem_rendered *out);

/* Ends the threads, and frees batches that were not taken. NULL is allowed. */
void siem_jobs_close(siem_jobs *jobs);

#endif
