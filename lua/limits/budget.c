/* budget.c: a hook that counts instructions, and an allocator that counts bytes. */
#include "limits/budget.h"

#include "base/clock.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define INSTRUCTIONS INT64_C(100000000) /* about a second */
#define MEMORY       ((size_t)512 << 20)
#define SECONDS      10

/* What a call apart from the budget may take: a table of millions of lines takes a few. */
#define SECONDS_APART 60

/* Instructions of a thread between two checks. */
#define HOOK_INTERVAL      10000
#define COROUTINE_INTERVAL 100

struct siem_budget {
    size_t memory_cap, memory_used;
    bool memory_hit;      /* some allocation found no room; collecting may have made it */
    int64_t instructions; /* for one callback */
    int64_t left;
    int depth;     /* callbacks that run: a function may render another format */
    bool breached; /* it went over a limit: nothing of it may continue */
    bool late;     /* that of time */
    bool starved;  /* that of memory */
    bool restricted, discarded;
    atomic_llong *running_since; /* ms, of a restricted state, 0 between callbacks; or NULL */
    double deadline;
    int seconds;            /* that it has from the first check on */
    const atomic_int *stop; /* not 0: it must end at once; NULL: none */
};

/* Lua's own message. */
static const char no_memory[] = "not enough memory";

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

/* Closing runs finalizers, which no hook counts: the watchdog is for them, too. */
void siem_budget_close(lua_State *L) {
    siem_budget *budget = siem_budget_of(L);
    atomic_llong *running_since = budget != NULL ? budget->running_since : NULL;
    if (running_since != NULL) atomic_store(running_since, (long long)(siem_clock() * 1e3));
    lua_close(L);
    if (running_since != NULL) atomic_store(running_since, 0);
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

void siem_budget_copy(siem_budget *to, const siem_budget *from) {
    if (to != NULL && from != NULL) siem_budget_set(to, from->instructions, from->memory_cap);
}

static void breach(siem_budget *budget) {
    budget->breached = true;
    budget->discarded = budget->restricted;
}

/* Runs after so many instructions of a thread; all threads share what is left. Once it is used up,
 * it runs at every instruction. */
static void look(lua_State *L, lua_Debug *debug) {
    (void)debug;
    siem_budget *budget = siem_budget_of(L);
    budget->left -= lua_gethookcount(L);
    if (budget->deadline == 0)
        budget->deadline = siem_clock() + budget->seconds; /* the clock of long calls only */
    bool stopped = budget->stop != NULL && atomic_load(budget->stop) != 0;
    if (!budget->breached) {
        if (budget->left > 0 && siem_clock() < budget->deadline && !stopped) return;
        budget->late = budget->left > 0;
        breach(budget);
    }
    lua_sethook(L, look, LUA_MASKCOUNT, 1);
    luaL_where(L, 0); /* in a hook, level 0 is the function that runs */
    if (stopped) {
        lua_pushliteral(L, "stopped on request");
    } else if (budget->late) {
        lua_pushfstring(L, "the function ran for more than %d seconds", budget->seconds);
    } else {
        lua_pushfstring(L, "the function ran more than %I instructions",
                        (LUAI_UACINT)budget->instructions);
    }
    lua_concat(L, 2);
    (void)lua_error(L);
}

void siem_budget_restrict(siem_budget *budget, atomic_llong *running_since) {
    budget->restricted = true;
    budget->running_since = running_since;
}

bool siem_budget_is_restricted(const siem_budget *budget) {
    return budget != NULL && budget->restricted;
}

bool siem_budget_begin(siem_budget *budget, lua_State *L) {
    if (budget == NULL) return true;
    if (budget->depth == 0 && budget->discarded) return false;
    /* Setting it again would restart the count. */
    if (lua_gethook(L) != look) lua_sethook(L, look, LUA_MASKCOUNT, HOOK_INTERVAL);
    if (budget->depth++ > 0) return true; /* it spends what the outer one has left */
    if (budget->running_since != NULL) {
        atomic_store(budget->running_since, (long long)(siem_clock() * 1e3));
    }
    budget->left = budget->instructions;
    budget->seconds = SECONDS;
    budget->stop = NULL;
    budget->deadline = 0;
    budget->memory_hit = budget->breached = budget->late = budget->starved = false;
    return true;
}

void siem_budget_begin_long(siem_budget *budget, lua_State *L, int seconds,
                            const atomic_int *stop) {
    if (!siem_budget_begin(budget, L) || budget->depth > 1) return;
    budget->left = INT64_MAX;
    budget->seconds = seconds;
    budget->stop = stop;
}

static void starve(siem_budget *budget) {
    if (!budget->memory_hit) return; /* it is the machine that has no more */
    budget->starved = true;
    breach(budget);
}

void siem_budget_end(siem_budget *budget, lua_State *L, int status) {
    if (budget == NULL) return;
    if (status != LUA_OK) (void)siem_budget_is_breached(budget, L);
    if (--budget->depth > 0) return;
    lua_sethook(L, NULL, 0, 0);
    if (budget->running_since != NULL) atomic_store(budget->running_since, 0);
}

void siem_budget_watch(siem_budget *budget, lua_State *coroutine) {
    if (budget->depth == 0) return;
    if (lua_gethook(coroutine) == look && lua_gethookcount(coroutine) <= COROUTINE_INTERVAL) return;
    budget->left -= COROUTINE_INTERVAL; /* one that ends before the first check costs as much */
    lua_sethook(coroutine, look, LUA_MASKCOUNT, budget->breached ? 1 : COROUTINE_INTERVAL);
}

bool siem_budget_is_breached(siem_budget *budget, lua_State *L) {
    if (budget->depth == 0) return false;
    const char *message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    if (message != NULL && strcmp(message, no_memory) == 0) starve(budget);
    return budget->breached;
}

int siem_budget_no_memory(lua_State *L) {
    lua_pushstring(L, no_memory);
    return lua_error(L);
}

void siem_budget_charge(siem_budget *budget, lua_State *L, size_t size) {
    if (budget == NULL) return;
    if (budget->memory_used + size > budget->memory_cap) lua_gc(L, LUA_GCCOLLECT);
    if (budget->memory_used + size > budget->memory_cap) {
        budget->memory_hit = true;
        (void)siem_budget_no_memory(L);
    }
    budget->memory_used += size;
}

void siem_budget_discharge(siem_budget *budget, size_t size) {
    if (budget != NULL) budget->memory_used -= size;
}

int siem_budget_call_apart(siem_budget *budget, lua_State *L, int arguments, int results) {
    if (budget == NULL || budget->depth == 0) return lua_pcall(L, arguments, results, 0);
    siem_budget before = *budget;
    int interval = lua_gethookcount(L);
    double start = siem_clock();
    budget->left = INT64_MAX;
    budget->seconds = SECONDS_APART;
    budget->deadline = 0;
    int status = lua_pcall(L, arguments, results, 0);
    before.memory_used = budget->memory_used;
    *budget = before;
    if (budget->deadline != 0) budget->deadline += siem_clock() - start;
    lua_sethook(L, look, LUA_MASKCOUNT, interval);
    return status;
}

bool siem_budget_is_discarded(const siem_budget *budget) {
    return budget->discarded;
}

bool siem_budget_hit_memory(const siem_budget *budget, size_t *cap) {
    if (budget == NULL || !budget->starved) return false;
    *cap = budget->memory_cap;
    return true;
}
