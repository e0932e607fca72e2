/* restricted.c: a watchdog beside the state of a restricted format. */
#include "program/restricted.h"

#include "base/clock.h"
#include "base/error.h"
#include "bind/bind.h"
#include "host/format.h"
#include "program/streams.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FAILED 1

/* What the watchdog looks at; one restricted format a process. */
static atomic_llong running_since;
static bool is_watched;
static int most_seconds;
static pthread_t watchdog;
static pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t watch_ended = PTHREAD_COND_INITIALIZER;
static bool ended;                 /* guarded by `watching` */
static atomic_llong exported = -1; /* -1: not set */

static void print_error(const char *text, int size) {
    (void)!write(STDERR_FILENO, text, (size_t)size);
}

/* Waits for a moment. True when there is nothing more to watch. */
static bool pause_watch(void) {
    struct timespec until;
    (void)pthread_mutex_lock(&watching);
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* which is never set back */
    until.tv_nsec += 50000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (!ended) {
        (void)pthread_cond_clockwait(&watch_ended, &watching, CLOCK_MONOTONIC, &until);
    }
    bool is_over = ended;
    (void)pthread_mutex_unlock(&watching);
    return is_over;
}

static bool is_overdue(void) {
    long long since = atomic_load(&running_since);
    return since != 0 && siem_clock() - (double)since / 1e3 > most_seconds;
}

/* Ends the process when a restricted format does not come back: Lua's pattern matching cannot be
 * interrupted, and nothing that it holds is worth more than the others' time. */
static void *watch(void *unused) {
    static const char message[] = "oversight-siem: the restricted format did not come back in time "
                                  "and was stopped; what was sent before is in\n";
    char line[64];
    (void)unused;
    while (!is_overdue()) {
        if (pause_watch()) return NULL;
    }
    long long count = atomic_load(&exported);
    if (count >= 0) {
        print_error(line, snprintf(line, sizeof line, "[failed] exported %lld event(s)\n", count));
    }
    print_error(message, sizeof message - 1);
    _exit(FAILED);
}

/* Closed while it is watched: its finalizers are the format's, too. */
static void release_format(void *format) {
    siem_format_close(format);
    (void)pthread_mutex_lock(&watching);
    ended = true;
    (void)pthread_cond_signal(&watch_ended);
    (void)pthread_mutex_unlock(&watching);
    (void)pthread_join(watchdog, NULL);
    is_watched = false;
}

static lua_Integer integer_field(lua_State *L, int index, const char *name) {
    lua_getfield(L, index, name);
    lua_Integer number = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* Makes an empty format under the limits of the table at `limits`, with the watchdog beside it. */
static siem_format *begin_watch(lua_State *L, int limits) {
    siem_error err;
    siem_format *format;
    lua_Integer instructions = integer_field(L, limits, "instructions");
    lua_Integer mebibytes = integer_field(L, limits, "mebibytes");
    most_seconds = (int)integer_field(L, limits, "seconds");
    if (siem_format_new_restricted(&format, &running_since, &err) != SIEM_OK) {
        luaL_error(L, "%s", err.message);
    }
    lua_State *state = siem_format_state(format);
    siem_budget_set(siem_budget_of(state), instructions, (size_t)mebibytes << 20);
    siem_streams_install(state);
    ended = false;
    is_watched = pthread_create(&watchdog, NULL, watch, NULL) == 0;
    if (!is_watched) {
        siem_format_close(format);
        luaL_error(L, "cannot start the watchdog");
    }
    return format;
}

/* program.restricted(file, {instructions=, mebibytes=, seconds=} [, arguments]) -> description and
 * the mapping, if there is one; or nil, message, code. With arguments, a list, the file is a
 * script. */
static int restricted(lua_State *L) {
    siem_error err;
    const char *description, *file = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    bool is_script = lua_istable(L, 3);
    if (is_watched) return luaL_error(L, "there is a restricted format already");
    size_t count = is_script ? siem_lua_list_size(L, 3) : 0;
    const char **arguments = lua_newuserdatauv(L, (count + 1) * sizeof *arguments, 0);
    for (size_t i = 0; i < count; i++) {
        (void)lua_rawgeti(L, 3, (lua_Integer)i + 1);
        arguments[i] = luaL_checkstring(L, -1); /* the list keeps it */
        lua_pop(L, 1);
    }
    siem_format *format = begin_watch(L, 2);
    if (siem_format_load_restricted(format, file, is_script, arguments, count, &description,
                                    &err) != SIEM_OK) {
        release_format(format);
        return siem_lua_fail(L, &err);
    }
    lua_pushstring(L, description);
    siem_mapping *mapping = siem_format_mapping(format);
    if (mapping != NULL) {
        siem_lua_push_mapping(L, mapping, release_format, format);
    } else {
        release_format(format);
        lua_pushnil(L);
    }
    return 2;
}

/* program.report(count): how many events the export has delivered, for the watchdog's message. */
static int report(lua_State *L) {
    atomic_store(&exported, luaL_checkinteger(L, 1));
    return 0;
}

void siem_restricted_bind(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"restricted", restricted}, {"report", report}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
