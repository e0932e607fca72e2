/* signals.c: what a signal asks for is noted, and done between two batches. */
#include "program/signals.h"

#include <lauxlib.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define FAILED      1
#define INTERRUPTED (128 + SIGINT) /* as a shell has it */

static atomic_int stop_signal, reload_signals, reload_count;

/* What the engine waits for by itself ends within 5 seconds; this is for what it cannot interrupt,
 * such as a pipe without a reader. */
#define LAST_SECONDS 15

/* The first signal asks the current work to end between two batches, the second one, or the alarm,
 * ends it. */
static void request_stop(int number) {
    atomic_store(&stop_signal, number);
    (void)signal(number, SIG_DFL);
    (void)alarm(LAST_SECONDS);
}

/* A shell ends its loop when a program dies of SIGINT, and not when that exits with a status. */
static void die(int number) {
    sigset_t one;
    (void)signal(number, SIG_DFL);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, number);
    (void)pthread_sigmask(SIG_UNBLOCK, &one, NULL); /* it is blocked in a handler of its own */
    (void)raise(number);
    _exit(INTERRUPTED); /* of a container, the first process is not killed by default */
}

static void give_up(int number) {
    static const char message[] =
        "oversight-siem: it did not end in time after a request to stop\n";
    (void)number;
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    if (atomic_load(&stop_signal) == SIGINT) die(SIGINT);
    _exit(FAILED);
}

static void request_reload(int number) {
    (void)number;
    atomic_fetch_add(&reload_signals, 1);
}

void siem_signals_set(void) {
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of one write */
    (void)signal(SIGXFSZ, SIG_IGN); /* so is a file size limit */
    (void)signal(SIGINT, die);
    (void)signal(SIGTERM, request_stop);
    (void)signal(SIGALRM, give_up);
}

void siem_signals_end(void) {
    if (atomic_load(&stop_signal) == SIGINT) die(SIGINT);
}

/* program.handle_interrupt(): from here on SIGINT is a request to stop. Before that there is
 * nothing to end in order. */
static int handle_interrupt(lua_State *L) {
    (void)L;
    if (atomic_load(&stop_signal) != SIGINT) (void)signal(SIGINT, request_stop);
    return 0;
}

/* program.handle_reload(): from here on SIGHUP is counted, and does not end the process. */
static int handle_reload(lua_State *L) {
    (void)L;
    (void)signal(SIGHUP, request_reload);
    return 0;
}

/* program.hangups() -> how often SIGHUP came */
static int hangups(lua_State *L) {
    lua_pushinteger(L, atomic_load(&reload_signals));
    return 1;
}

/* program.permit_reload(): what was tried can be loaded by all pipelines */
static int permit_reload(lua_State *L) {
    (void)L;
    atomic_fetch_add(&reload_count, 1);
    return 0;
}

/* program.reloads() -> how often that was permitted */
static int reloads(lua_State *L) {
    lua_pushinteger(L, atomic_load(&reload_count));
    return 1;
}

const atomic_int *siem_signals_stop(void) {
    return &stop_signal;
}

/* program.stop_requested() -> true after SIGINT or SIGTERM */
static int stop_requested(lua_State *L) {
    lua_pushboolean(L, atomic_load(&stop_signal) != 0);
    return 1;
}

void siem_signals_bind(lua_State *L) {
    static const luaL_Reg functions[] = {{"stop_requested", stop_requested},
                                         {"handle_interrupt", handle_interrupt},
                                         {"handle_reload", handle_reload},
                                         {"hangups", hangups},
                                         {"permit_reload", permit_reload},
                                         {"reloads", reloads},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
