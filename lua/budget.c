/* budget.c: a hook that counts instructions, and an allocator that counts bytes. */
#include "budget.h"

#include <lauxlib.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define INSTRUCTIONS  INT64_C(100000000) /* about a second */
#define MEMORY        ((size_t)512 << 20)
#define SECONDS       10.0
#define HOOK_INTERVAL 10000 /* instructions between two looks */

struct siem_budget {
    size_t memory_cap, memory_used;
    bool memory_hit;
    int64_t instructions; /* for one callback */
    int64_t left;
    bool restricted, discarded;
    atomic_llong running_since; /* ms, of a restricted state; 0 between callbacks */
    double deadline;
};

/* The address is the registry's key of a state's budget. */
static const char budget_key = 'l';

static void *allocate(void *context, void *block, size_t old_size, size_t size) {
    siem_budget *budget = context;
    size_t held = block != NULL ? old_size : 0; /* else old_size is a type */
    if (size == 0) {
        budget->memory_used -= held;
        free(block);
        return NULL;
    }
    if (size > held && budget->memory_used + (size - held) > budget->memory_cap) {
        budget->memory_hit = true;
        budget->discarded = budget->restricted;
        return NULL;
    }
    void *moved = realloc(block, size);
    if (moved != NULL) budget->memory_used = budget->memory_used - held + size;
    return moved;
}

lua_State *siem_budget_open(void) {
    siem_budget *budget = calloc(1, sizeof *budget);
    if (budget == NULL) return NULL;
    budget->memory_cap = MEMORY;
    budget->instructions = INSTRUCTIONS;
    lua_State *L = lua_newstate(allocate, budget);
    if (L == NULL) {
        free(budget);
        return NULL;
    }
    lua_pushlightuserdata(L, budget);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &budget_key);
    return L;
}

void siem_budget_close(lua_State *L) {
    siem_budget *budget = siem_budget_of(L);
    lua_close(L);
    free(budget);
}

siem_budget *siem_budget_of(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &budget_key);
    siem_budget *budget = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return budget;
}

void siem_budget_set(siem_budget *budget, int64_t instructions, size_t memory) {
    budget->instructions = instructions;
    budget->memory_cap = memory;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Coroutines inherit the hook and share what is left. Once it is used up, the hook runs at every
 * instruction, so that no pcall in a loop outlives it. */
static void look(lua_State *L, lua_Debug *debug) {
    (void)debug;
    siem_budget *budget = siem_budget_of(L);
    budget->left -= HOOK_INTERVAL;
    if (budget->deadline == 0)
        budget->deadline = now() + SECONDS; /* the clock of long calls only */
    if (budget->left > 0 && now() < budget->deadline) return;
    bool late = budget->left > 0;
    budget->discarded = budget->restricted;
    budget->left = 0;
    lua_sethook(L, look, LUA_MASKCOUNT, 1);
    luaL_where(L, 0); /* in a hook, level 0 is the function at work */
    if (late) {
        lua_pushfstring(L, "the function ran for more than %d seconds", (int)SECONDS);
    } else {
        lua_pushfstring(L, "the function ran more than %I instructions",
                        (LUAI_UACINT)budget->instructions);
    }
    lua_concat(L, 2);
    (void)lua_error(L);
}

void siem_budget_restrict(siem_budget *budget) {
    budget->restricted = true;
}

double siem_budget_running(siem_budget *budget) {
    long long since = atomic_load(&budget->running_since);
    return since != 0 ? now() - (double)since / 1e3 : 0;
}

bool siem_budget_begin(siem_budget *budget, lua_State *L) {
    if (budget == NULL) return true;
    if (budget->discarded) return false;
    if (budget->restricted) atomic_store(&budget->running_since, (long long)(now() * 1e3));
    budget->left = budget->instructions;
    budget->deadline = 0;
    budget->memory_hit = false;
    lua_sethook(L, look, LUA_MASKCOUNT, HOOK_INTERVAL);
    return true;
}

void siem_budget_end(siem_budget *budget, lua_State *L) {
    if (budget == NULL) return;
    lua_sethook(L, NULL, 0, 0);
    if (budget->restricted) atomic_store(&budget->running_since, 0);
}

bool siem_budget_hit_memory(siem_budget *budget, size_t *cap) {
    if (budget == NULL || !budget->memory_hit) return false;
    *cap = budget->memory_cap;
    return true;
}
