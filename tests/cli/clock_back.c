/* clock_back.c: preloaded into the program, shows it a wall clock that is set back by an hour right
 * after somebody has asked for the time. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now) {
    static atomic_int calls;
    static int (*original)(clockid_t, struct timespec *);
    if (original == NULL) *(void **)&original = dlsym(RTLD_NEXT, "clock_gettime");
    int rc = original(clock, now);
    if (clock == CLOCK_REALTIME && atomic_fetch_add(&calls, 1) == 0) now->tv_sec += 3600;
    return rc;
}
