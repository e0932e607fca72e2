/* protection.c: functions that catch errors, except those of a budget that is used up. */
#include "host/protection.h"

#include "limits/budget.h"

#include <lauxlib.h>

/* The first upvalue of every function here. */
static siem_budget *budget_of(lua_State *L) {
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* ---- protected calls ---- */

/* After `below` values: true and results, or a value and a message. */
static int finish(lua_State *L, int status, lua_KContext below) {
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)below;
    if (siem_budget_is_breached(budget_of(L), L)) return lua_error(L);
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

static int guarded_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, true);
    lua_insert(L, 1); /* true, function, arguments... */
    return finish(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish), 0);
}

/* Calls the handler, the second upvalue, unless it would run within a hook, where no other counts.
 */
static int call_handler(lua_State *L) {
    if (siem_budget_is_breached(budget_of(L), L)) return 1;
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int guarded_xpcall(lua_State *L) {
    int arguments = lua_gettop(L) - 2;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushlightuserdata(L, budget_of(L));
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, call_handler, 2);
    lua_replace(L, 2); /* function, handler, arguments... */
    lua_pushboolean(L, true);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* function, handler, true, function, arguments... */
    return finish(L, lua_pcallk(L, arguments, LUA_MULTRET, 2, 2, finish), 2);
}

/* ---- coroutines ---- */

static lua_State *check_coroutine(lua_State *L, int index) {
    lua_State *coroutine = lua_tothread(L, index);
    luaL_argexpected(L, coroutine != NULL, index, "coroutine");
    return coroutine;
}

static int guarded_create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *coroutine = lua_newthread(L);
    siem_budget_watch(budget_of(L), coroutine);
    lua_pushvalue(L, 1);
    lua_xmove(L, coroutine, 1);
    return 1;
}

/* coroutine.resume and coroutine.close, the second upvalue: both catch what the coroutine raises.
 */
static int guarded_catch(lua_State *L) {
    siem_budget_watch(budget_of(L), check_coroutine(L, 1));
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    bool failed = !lua_toboolean(L, 1) && lua_gettop(L) > 1;
    if (failed && siem_budget_is_breached(budget_of(L), L)) return lua_error(L);
    return lua_gettop(L);
}

/* What guarded_wrap gives: the function of coroutine.wrap, the second upvalue, whose coroutine is
 * the third. */
static int call_wrapped(lua_State *L) {
    siem_budget_watch(budget_of(L), lua_tothread(L, lua_upvalueindex(3)));
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int guarded_wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_settop(L, 2);
    lua_call(L, 1, 1); /* the function, which has its coroutine as upvalue */
    lua_pushlightuserdata(L, budget_of(L));
    lua_insert(L, 1);
    if (lua_getupvalue(L, 2, 1) == NULL || !lua_isthread(L, -1)) {
        return luaL_error(L, "coroutine.wrap is not as Lua 5.4 has it");
    }
    lua_pushcclosure(L, call_wrapped, 3); /* budget, function, coroutine */
    return 1;
}

/* ---- installing ---- */

/* Sets field `name` of the table on top to a function that has the budget as first upvalue, and
 * what was there before as second. */
static void replace(lua_State *L, const char *name, lua_CFunction function) {
    lua_pushlightuserdata(L, siem_budget_of(L));
    lua_getfield(L, -2, name);
    lua_pushcclosure(L, function, 2);
    lua_setfield(L, -2, name);
}

void siem_protection_install(lua_State *L) {
    lua_pushglobaltable(L);
    replace(L, "pcall", guarded_pcall);
    replace(L, "xpcall", guarded_xpcall);
    lua_getfield(L, -1, "coroutine");
    replace(L, "create", guarded_create);
    replace(L, "wrap", guarded_wrap);
    replace(L, "resume", guarded_catch);
    replace(L, "close", guarded_catch);
    lua_pop(L, 2);
}
