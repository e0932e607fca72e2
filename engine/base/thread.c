/* thread.c: a new thread blocks the signals that its creator blocks. */
#include "base/thread.h"

#include <signal.h>

int siem_thread_start(pthread_t *thread, void *(*work)(void *), void *argument) {
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int reason = pthread_create(thread, NULL, work, argument);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return reason;
}
