/* program.c: signals, and the watchdog of restricted formats. */
#include "program.h"

#include "bind.h"
#include "format.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define FAILED 1

static volatile sig_atomic_t stop_signal;

/* The first signal asks the work at hand to end between two batches, the second one ends it. */
static void request_stop(int number) {
    stop_signal = number;
    (void)signal(number, SIG_DFL);
}

void siem_program_set_signals(void) {
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of one write */
    (void)signal(SIGXFSZ, SIG_IGN); /* so is a file size limit */
    (void)signal(SIGINT, request_stop);
    (void)signal(SIGTERM, request_stop);
}

/* program.stop_requested() -> true after SIGINT or SIGTERM */
static int stop_requested(lua_State *L) {
    lua_pushboolean(L, stop_signal != 0);
    return 1;
}

/* What the watchdog looks at; one restricted format a process. */
static siem_budget *watched;
static int most_seconds;
static pthread_t watchdog;

/* Ends the process when a restricted format does not come back: Lua's pattern matching cannot be
 * interrupted, and nothing that it holds is worth more than the others' time. */
static void *watch(void *unused) {
    static const char message[] = "oversight-siem: the restricted format did not come back in time "
                                  "and was stopped; what was sent before is in\n";
    const struct timespec pause = {0, 50000000};
    (void)unused;
    while (siem_budget_running(watched) <= most_seconds) (void)nanosleep(&pause, NULL);
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(FAILED);
}

static void release_format(void *format) {
    (void)pthread_cancel(watchdog); /* it sleeps, or looks at a budget that is still there */
    (void)pthread_join(watchdog, NULL);
    watched = NULL;
    siem_format_close(format);
}

/* program.restricted(file, instructions, mebibytes, seconds) -> mapping, or nil, message, code */
static int restricted(lua_State *L) {
    siem_error err;
    siem_format *format;
    const char *file = luaL_checkstring(L, 1);
    if (watched != NULL) return luaL_error(L, "there is a restricted format already");
    if (siem_format_open_restricted(&format, file, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    watched = siem_format_budget(format);
    siem_budget_set(watched, luaL_checkinteger(L, 2), (size_t)luaL_checkinteger(L, 3) << 20);
    most_seconds = (int)luaL_checkinteger(L, 4);
    if (pthread_create(&watchdog, NULL, watch, NULL) != 0) {
        watched = NULL;
        siem_format_close(format);
        return luaL_error(L, "cannot start the watchdog");
    }
    siem_lua_push_mapping(L, siem_format_mapping(format), release_format, format);
    return 1;
}

int siem_program_open(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"stop_requested", stop_requested}, {"restricted", restricted}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
