/* jobs.c: threads, and a ring of slices that they render. */
#include "export/jobs.h"

#include "base/error.h"
#include "base/thread.h"
#include "record/batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICES_OF_THREAD 2
#define MOST_READY       2 /* batches of a slice */

/* One slice, from its being added until its last batch is taken. */
typedef struct task {
    siem_slice slice;
    siem_batch *batch; /* for its first events */
    siem_rendered ready[MOST_READY];
    size_t first, count; /* of `ready`, a ring */
} task;

#define CACHE_LINE 64

/* A thread, and its own data, which shares no cache line with another thread's. */
typedef struct worker {
    _Alignas(CACHE_LINE) siem_jobs *jobs;
    pthread_t thread;
    siem_renderer renderer;
    siem_render_state state; /* for a mapping that is shared */
    siem_witness witness;
    void *reader;           /* NULL: it could not be opened yet */
    unsigned schema_number; /* of the reader, when its columns were checked */
} worker;

struct siem_jobs {
    const siem_readers *readers;
    const void *origin; /* of the readers */
    const siem_renderer *renderer;
    const siem_mappings *mappings;
    siem_task_queue *parcels; /* that can be prepared */
    size_t batch_bytes;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;  /* there is a slice to render, a parcel, or room for a batch */
    pthread_cond_t done;  /* a batch is ready */
    task *tasks;          /* a ring: `used` from `first` on, of which `begun` have a thread */
    size_t capacity, first, used, begun;
    worker *workers;
    size_t thread_count, most_threads;
    atomic_bool is_stopping;
};

/* ---- a thread ---- */

static bool goes_on(void *jobs) {
    return !atomic_load(&((siem_jobs *)jobs)->is_stopping);
}

static void wake(void *context) {
    siem_jobs *jobs = context;
    (void)pthread_mutex_lock(&jobs->lock);
    (void)pthread_cond_broadcast(&jobs->work);
    (void)pthread_mutex_unlock(&jobs->lock);
}

/* Prepares a parcel, as that frees memory soon, or waits for work. */
static void help_or_wait(siem_jobs *jobs) {
    if (!siem_task_queue_is_waiting(jobs->parcels)) {
        (void)pthread_cond_wait(&jobs->work, &jobs->lock);
        return;
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    siem_task_queue_help(jobs->parcels);
    (void)pthread_mutex_lock(&jobs->lock);
}

/* Hands a batch over. False when it is not wanted any more; it is closed then. */
static bool hand_over(siem_jobs *jobs, task *at, const siem_rendered *rendered) {
    (void)pthread_mutex_lock(&jobs->lock);
    while (at->count == MOST_READY && goes_on(jobs)) help_or_wait(jobs);
    bool is_wanted = goes_on(jobs);
    if (is_wanted) at->ready[(at->first + at->count++) % MOST_READY] = *rendered;
    (void)pthread_cond_signal(&jobs->done);
    (void)pthread_mutex_unlock(&jobs->lock);
    if (!is_wanted) siem_batch_close(rendered->batch);
    return is_wanted;
}

/* The mapping must find the columns that it reads, whenever they were looked at. */
static siem_code check_columns(worker *w, siem_error *err) {
    const siem_readers *readers = w->jobs->readers;
    unsigned schema_number = w->schema_number;
    const siem_schema *schema =
        readers->schema != NULL ? readers->schema(w->reader, &schema_number) : NULL;
    if (w->schema_number == schema_number) return SIEM_OK;
    w->schema_number = schema_number;
    return siem_mapping_check_columns(w->renderer.mapping, (const char *const *)schema->columns,
                                      schema->unreadable, err);
}

/* The reader's next event, as part of a batch; or what is there in its place. */
static siem_code add_next(worker *w, siem_rendered *rendered) {
    siem_event *event;
    siem_error *err = &rendered->failure;
    rendered->is_reading = true;
    siem_code rc = w->jobs->readers->next(w->reader, &event, err);
    bool is_other = rc == SIEM_REFUSED && event != NULL;
    if (rc == SIEM_OK) rc = check_columns(w, err);
    if (rc != SIEM_OK && !is_other) return rc;
    rendered->is_reading = false;
    if (!is_other) return siem_renderer_add(&w->renderer, rendered->batch, event, err);
    const siem_error reason = *err;
    return siem_renderer_refuse(&w->renderer, rendered->batch, event, &reason, err);
}

/* Fills a batch. SIEM_OK: it is full, and the slice continues; or it is not wanted any more. */
static siem_code fill(worker *w, siem_rendered *rendered) {
    while (goes_on(w->jobs)) {
        siem_code rc = add_next(w, rendered);
        if (rc != SIEM_OK) return rc;
        if (siem_batch_weight(rendered->batch) >= w->jobs->batch_bytes) return SIEM_OK;
    }
    return SIEM_OK;
}

static void drop(const siem_jobs *jobs, siem_slice *slice) {
    if (jobs->readers->drop != NULL) jobs->readers->drop(slice);
}

/* Begins the slice of a task, or frees it. */
static siem_code begin(worker *w, task *at, siem_error *err) {
    const siem_jobs *jobs = w->jobs;
    siem_code rc = SIEM_OK;
    if (w->reader == NULL) {
        rc = jobs->readers->open(&w->reader, jobs->origin, goes_on, w->jobs, err);
    }
    if (rc == SIEM_OK) jobs->readers->begin(w->reader, &at->slice);
    else drop(jobs, &at->slice);
    return rc;
}

static void end(worker *w, siem_rendered *rendered) {
    const siem_readers *readers = w->jobs->readers;
    if (w->reader == NULL) return;
    if (readers->suspect != NULL) rendered->suspect = readers->suspect(w->reader);
    readers->end(w->reader);
}

static void render(worker *w, task *at) {
    siem_rendered rendered = {.batch = at->batch, .slice = at->slice.number, .is_reading = true};
    siem_code rc = begin(w, at, &rendered.failure);
    at->batch = NULL;
    while (rc == SIEM_OK) {
        rendered.failure.code = SIEM_OK;
        rc = fill(w, &rendered);
        if (rc != SIEM_OK) break;
        if (!hand_over(w->jobs, at, &rendered)) {
            end(w, &rendered);
            return;
        }
        rc = siem_batch_open(&rendered.batch, &rendered.failure);
    }
    rendered.failure.code = rc == SIEM_END ? SIEM_OK : rc;
    rendered.is_last = true;
    end(w, &rendered);
    (void)hand_over(w->jobs, at, &rendered);
}

/* The next slice that has no thread, or NULL at the end. */
static task *next_task(siem_jobs *jobs) {
    task *at = NULL;
    (void)pthread_mutex_lock(&jobs->lock);
    while (goes_on(jobs) &&
           (jobs->begun == jobs->used || siem_task_queue_is_waiting(jobs->parcels))) {
        help_or_wait(jobs);
    }
    if (goes_on(jobs)) at = &jobs->tasks[(jobs->first + jobs->begun++) % jobs->capacity];
    (void)pthread_mutex_unlock(&jobs->lock);
    return at;
}

static void *work(void *context) {
    worker *w = context;
    task *at;
    while ((at = next_task(w->jobs)) != NULL) render(w, at);
    if (w->reader != NULL) w->jobs->readers->close(w->reader);
    siem_scratch_free(&w->state.scratch);
    siem_witness_close(&w->witness);
    return NULL;
}

static void prepare(siem_jobs *jobs, worker *w, size_t index) {
    siem_mapping *own = siem_mappings_at(jobs->mappings, index);
    *w = (worker){.jobs = jobs, .renderer = *jobs->renderer};
    w->renderer.witness = &w->witness;
    w->renderer.state = own != NULL ? siem_mapping_own_state(own) : &w->state;
    if (own != NULL) w->renderer.mapping = own;
}

static siem_code start_thread(siem_jobs *jobs, siem_error *err) {
    worker *w = &jobs->workers[jobs->thread_count];
    prepare(jobs, w, jobs->thread_count);
    int rc = siem_thread_start(&w->thread, work, w);
    if (rc != 0) {
        return siem_error_set(err, SIEM_IO, "cannot start a thread to render on: %s", strerror(rc));
    }
    jobs->thread_count++;
    siem_task_queue_set_helpers(jobs->parcels, wake, jobs);
    return SIEM_OK;
}

/* ---- the caller's side ---- */

siem_code siem_jobs_open(siem_jobs **out, size_t count, const siem_readers *readers,
                         const void *origin, const siem_renderer *renderer,
                         const siem_mappings *mappings, siem_task_queue *parcels,
                         size_t batch_bytes, siem_error *err) {
    pthread_condattr_t monotonic;
    *out = NULL;
    siem_jobs *jobs = calloc(1, sizeof *jobs);
    if (jobs == NULL) return siem_error_no_memory(err);
    jobs->readers = readers;
    jobs->origin = origin;
    jobs->renderer = renderer;
    jobs->mappings = mappings;
    jobs->parcels = parcels;
    jobs->batch_bytes = batch_bytes;
    jobs->most_threads = count;
    jobs->capacity = count * SLICES_OF_THREAD;
    jobs->tasks = calloc(jobs->capacity, sizeof *jobs->tasks);
    jobs->workers = aligned_alloc(CACHE_LINE, count * sizeof *jobs->workers);
    (void)pthread_mutex_init(&jobs->lock, NULL);
    (void)pthread_cond_init(&jobs->work, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&jobs->done, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (jobs->tasks == NULL || jobs->workers == NULL) {
        siem_jobs_close(jobs);
        return siem_error_no_memory(err);
    }
    *out = jobs;
    return SIEM_OK;
}

bool siem_jobs_has_room(const siem_jobs *jobs) {
    return jobs->used < jobs->capacity;
}

bool siem_jobs_is_empty(const siem_jobs *jobs) {
    return jobs->used == 0;
}

siem_code siem_jobs_add(siem_jobs *jobs, siem_slice *slice, siem_batch *batch, siem_error *err) {
    siem_code rc = SIEM_OK;
    if (jobs->thread_count < jobs->most_threads) rc = start_thread(jobs, err);
    if (rc != SIEM_OK && jobs->thread_count > 0) rc = SIEM_OK; /* fewer do as well */
    if (rc != SIEM_OK) {
        drop(jobs, slice);
        siem_batch_close(batch);
        return rc;
    }
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->tasks[(jobs->first + jobs->used++) % jobs->capacity] =
        (task){.slice = *slice, .batch = batch};
    (void)pthread_cond_broadcast(&jobs->work);
    (void)pthread_mutex_unlock(&jobs->lock);
    return SIEM_OK;
}

static void wait_done(siem_jobs *jobs, int milliseconds) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += milliseconds * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_cond_timedwait(&jobs->done, &jobs->lock, &until);
}

bool siem_jobs_take(siem_jobs *jobs, int milliseconds, siem_rendered *out) {
    (void)pthread_mutex_lock(&jobs->lock);
    task *at = &jobs->tasks[jobs->first];
    if (at->count == 0 && milliseconds > 0) wait_done(jobs, milliseconds);
    bool is_ready = at->count > 0;
    if (is_ready) {
        *out = at->ready[at->first];
        at->first = (at->first + 1) % MOST_READY;
        at->count--;
        if (out->is_last) {
            jobs->first = (jobs->first + 1) % jobs->capacity;
            jobs->used--;
            jobs->begun--;
        }
        (void)pthread_cond_broadcast(&jobs->work);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return is_ready;
}

void siem_jobs_close(siem_jobs *jobs) {
    if (jobs == NULL) return;
    siem_task_queue_set_helpers(jobs->parcels, NULL, NULL);
    (void)pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->is_stopping, true);
    (void)pthread_cond_broadcast(&jobs->work);
    (void)pthread_mutex_unlock(&jobs->lock);
    for (size_t i = 0; i < jobs->thread_count; i++)
        (void)pthread_join(jobs->workers[i].thread, NULL);
    for (size_t i = 0; i < jobs->used; i++) {
        task *at = &jobs->tasks[(jobs->first + i) % jobs->capacity];
        siem_batch_close(at->batch);
        if (i >= jobs->begun) drop(jobs, &at->slice);
        for (size_t k = 0; k < at->count; k++) {
            siem_batch_close(at->ready[(at->first + k) % MOST_READY].batch);
        }
    }
    (void)pthread_cond_destroy(&jobs->work);
    (void)pthread_cond_destroy(&jobs->done);
    (void)pthread_mutex_destroy(&jobs->lock);
    free(jobs->workers);
    free(jobs->tasks);
    free(jobs);
}
