/* task_queue.h: tasks that other threads can do.
 *
 * One thread, the owner, adds tasks and gets them back. Helping threads do them. Without helping
 * threads, the owner does its tasks itself. */
#ifndef SIEM_TASK_QUEUE_H
#define SIEM_TASK_QUEUE_H

#include <oversight/siem.h>

typedef enum siem_task_phase {
    SIEM_TASK_IDLE,
    SIEM_TASK_WAITING,
    SIEM_TASK_RUNNING
} siem_task_phase;

/* Belongs to the owner, and keeps its address while the queue has it. */
typedef struct siem_task {
    void (*run)(void *context);
    void *context;
    /* The queue's. */
    siem_task_phase phase;
    struct siem_task *next;
} siem_task;

typedef struct siem_task_queue siem_task_queue;

/* Errors: SIEM_NO_MEMORY. */
siem_code siem_task_queue_open(siem_task_queue **out, siem_error *err);

/* Frees a queue without tasks and helping threads. NULL is allowed. */
void siem_task_queue_close(siem_task_queue *queue);

/* ---- for the owner ---- */

/* Whether threads help. */
bool siem_task_queue_is_helped(siem_task_queue *queue);

/* Adds a task that the queue does not have. */
void siem_task_queue_add(siem_task_queue *queue, siem_task *task);

/* Whether the queue has a task, which is then not done. */
bool siem_task_queue_has(siem_task_queue *queue, const siem_task *task);

/* Removes a task. If a thread has begun it, waits until it is done. */
void siem_task_queue_take_back(siem_task_queue *queue, siem_task *task);

/* ---- for threads that help ---- */

/* From here on threads help, and the owner, which calls this, calls `wake` for each task that it
 * adds. NULL: no thread helps any more. */
void siem_task_queue_set_helpers(siem_task_queue *queue, void (*wake)(void *context),
                                 void *context);

/* Whether a task waits for a thread. */
bool siem_task_queue_is_waiting(siem_task_queue *queue);

/* Does the first task, if there is one. */
void siem_task_queue_help(siem_task_queue *queue);

#endif
