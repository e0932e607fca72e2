/* task_queue.c: a list of tasks, and a lock. */
#include "base/task_queue.h"

#include "base/error.h"

#include <pthread.h>
#include <stdlib.h>

struct siem_task_queue {
    pthread_mutex_t lock; /* of all below, and of what tasks have for the queue */
    pthread_cond_t done;  /* a task is */
    siem_task *first;     /* of those that wait */
    void (*wake)(void *context);
    void *context;
};

siem_code siem_task_queue_open(siem_task_queue **out, siem_error *err) {
    siem_task_queue *queue = *out = calloc(1, sizeof *queue);
    if (queue == NULL) return siem_error_no_memory(err);
    (void)pthread_mutex_init(&queue->lock, NULL);
    (void)pthread_cond_init(&queue->done, NULL);
    return SIEM_OK;
}

void siem_task_queue_close(siem_task_queue *queue) {
    if (queue == NULL) return;
    (void)pthread_cond_destroy(&queue->done);
    (void)pthread_mutex_destroy(&queue->lock);
    free(queue);
}

static void lock(siem_task_queue *queue) {
    (void)pthread_mutex_lock(&queue->lock);
}

static void unlock(siem_task_queue *queue) {
    (void)pthread_mutex_unlock(&queue->lock);
}

/* ---- the owner ---- */

bool siem_task_queue_is_helped(siem_task_queue *queue) {
    lock(queue);
    bool is_helped = queue->wake != NULL;
    unlock(queue);
    return is_helped;
}

void siem_task_queue_add(siem_task_queue *queue, siem_task *task) {
    lock(queue);
    siem_task **at = &queue->first;
    while (*at != NULL) at = &(*at)->next;
    *at = task;
    task->next = NULL;
    task->phase = SIEM_TASK_WAITING;
    void (*wake)(void *) = queue->wake;
    void *context = queue->context;
    unlock(queue);
    if (wake != NULL) wake(context);
}

bool siem_task_queue_has(siem_task_queue *queue, const siem_task *task) {
    lock(queue);
    bool has = task->phase != SIEM_TASK_IDLE;
    unlock(queue);
    return has;
}

void siem_task_queue_take_back(siem_task_queue *queue, siem_task *task) {
    lock(queue);
    if (task->phase == SIEM_TASK_WAITING) {
        siem_task **at = &queue->first;
        while (*at != task) at = &(*at)->next;
        *at = task->next;
        task->phase = SIEM_TASK_IDLE;
    }
    while (task->phase == SIEM_TASK_RUNNING) (void)pthread_cond_wait(&queue->done, &queue->lock);
    unlock(queue);
}

/* ---- threads that help ---- */

void siem_task_queue_set_helpers(siem_task_queue *queue, void (*wake)(void *context),
                                 void *context) {
    lock(queue);
    queue->wake = wake;
    queue->context = context;
    unlock(queue);
}

bool siem_task_queue_is_waiting(siem_task_queue *queue) {
    lock(queue);
    bool is_waiting = queue->first != NULL;
    unlock(queue);
    return is_waiting;
}

void siem_task_queue_help(siem_task_queue *queue) {
    lock(queue);
    siem_task *task = queue->first;
    if (task != NULL) {
        queue->first = task->next;
        task->phase = SIEM_TASK_RUNNING;
        unlock(queue);
        task->run(task->context);
        lock(queue);
        task->phase = SIEM_TASK_IDLE;
        (void)pthread_cond_broadcast(&queue->done);
    }
    unlock(queue);
}
