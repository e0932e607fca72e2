/* workers.c: one slot for each pipeline of the process. */
#include "program/workers.h"

#include "base/clock.h"
#include "base/thread.h"
#include "program/command.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot {
    pthread_t thread;
    bool started, ended;
    int number, status;
    int count;
    char **arguments;
    char *text; /* what was published last */
    double published;
} slot;

/* By number; guarded by `lock`. A slot is never moved: threads have its address. */
static slot **slots;
static size_t slot_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Makes slots up to that number. NULL without memory. */
static slot *find_slot(size_t number) {
    while (slot_count <= number) {
        slot **more = realloc(slots, (slot_count + 1) * sizeof *more);
        if (more == NULL) return NULL;
        slots = more;
        if ((slots[slot_count] = calloc(1, sizeof **slots)) == NULL) return NULL;
        slot_count++;
    }
    return slots[number];
}

static slot *check_slot(lua_State *L) {
    lua_Integer number = luaL_checkinteger(L, 1);
    luaL_argcheck(L, number >= 0, 1, "there is no such pipeline");
    (void)pthread_mutex_lock(&lock);
    slot *s = find_slot((size_t)number);
    (void)pthread_mutex_unlock(&lock);
    if (s == NULL) luaL_error(L, "not enough memory");
    return s;
}

/* ---- threads ---- */

static void free_arguments(slot *s) {
    for (int i = 0; i < s->count; i++) free(s->arguments[i]);
    free(s->arguments);
    s->arguments = NULL;
    s->count = 0;
}

static void *run(void *argument) {
    slot *s = argument;
    int worker = s->number != 0 ? s->number : SIEM_TRIAL;
    int status = siem_command_run(s->count, s->arguments, worker);
    (void)pthread_mutex_lock(&lock);
    s->status = status;
    s->ended = true;
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

/* Copies the list of texts at index 2, from its element 0 on. */
static bool copy_arguments(lua_State *L, slot *s) {
    s->count = (int)lua_rawlen(L, 2) + 1;
    s->arguments = calloc((size_t)s->count, sizeof *s->arguments);
    bool complete = s->arguments != NULL;
    for (int i = 0; complete && i < s->count; i++) {
        (void)lua_rawgeti(L, 2, i);
        const char *text = lua_tostring(L, -1);
        s->arguments[i] = strdup(text != NULL ? text : "");
        complete = s->arguments[i] != NULL;
        lua_pop(L, 1);
    }
    return complete;
}

static int start_worker(lua_State *L) {
    slot *s = check_slot(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_argcheck(L, !s->started, 1, "it runs already");
    s->number = (int)lua_tointeger(L, 1);
    s->ended = false;
    int reason = copy_arguments(L, s) ? siem_thread_start(&s->thread, run, s) : ENOMEM;
    if (reason != 0) {
        free_arguments(s);
        lua_pushnil(L);
        lua_pushfstring(L, "cannot start a thread: %s", strerror(reason));
        return 2;
    }
    s->started = true;
    lua_pushboolean(L, true);
    return 1;
}

static int worker_status(lua_State *L) {
    slot *s = check_slot(L);
    (void)pthread_mutex_lock(&lock);
    bool ended = s->ended;
    (void)pthread_mutex_unlock(&lock);
    if (!ended) return 0;
    if (s->started) {
        (void)pthread_join(s->thread, NULL);
        free_arguments(s);
        s->started = false;
    }
    lua_pushinteger(L, s->status);
    return 1;
}

/* ---- reports ---- */

static int publish(lua_State *L) {
    slot *s = check_slot(L);
    char *copy = strdup(luaL_checkstring(L, 2));
    if (copy == NULL) return luaL_error(L, "not enough memory");
    (void)pthread_mutex_lock(&lock);
    char *old = s->text;
    s->text = copy;
    s->published = siem_clock();
    (void)pthread_mutex_unlock(&lock);
    free(old);
    return 0;
}

static int published(lua_State *L) {
    slot *s = check_slot(L);
    (void)pthread_mutex_lock(&lock);
    char *copy = s->text != NULL ? strdup(s->text) : NULL;
    double age = siem_clock() - s->published;
    (void)pthread_mutex_unlock(&lock);
    if (copy == NULL) return 0;
    lua_pushstring(L, copy);
    free(copy);
    lua_pushnumber(L, age);
    return 2;
}

void siem_workers_bind(lua_State *L) {
    static const luaL_Reg functions[] = {{"start_worker", start_worker},
                                         {"worker_status", worker_status},
                                         {"publish", publish},
                                         {"published", published},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
