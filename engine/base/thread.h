/* thread.h: threads that get no signals: the program's main thread does. */
#ifndef SIEM_THREAD_H
#define SIEM_THREAD_H

#include <pthread.h>

/* Returns 0, or the error's number. */
int siem_thread_start(pthread_t *thread, void *(*work)(void *), void *argument);

#endif
