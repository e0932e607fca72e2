/* exit_guard.c: a function in place of os.exit, which refuses where it may not end the process. */
#include "limits/exit_guard.h"

#include "limits/budget.h"

#include <lauxlib.h>

/* The address is the registry's key of a state's guard. */
static const char guard_key = 'x';

#define MESSAGE "os.exit is called, which would end the whole export: return nil, or raise an error"

siem_exit_guard *siem_exit_guard_of(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &guard_key);
    siem_exit_guard *guard = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return guard;
}

bool siem_exit_guard_begin(siem_exit_guard *guard) {
    bool before = guard->called;
    guard->called = false;
    guard->depth++;
    return before;
}

bool siem_exit_guard_end(siem_exit_guard *guard, bool begun) {
    bool called = guard->called;
    guard->depth--;
    guard->called = begun;
    return called;
}

/* os.exit(...): the original is the second upvalue. */
static int guarded_exit(lua_State *L) {
    siem_exit_guard *guard = lua_touserdata(L, lua_upvalueindex(1));
    if (guard->depth > 0) {
        guard->called = true;
        return luaL_error(L, MESSAGE);
    }
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* core.without_exit(function, ...): pcall, for which os.exit is an error as well */
static int without_exit(lua_State *L) {
    siem_exit_guard *guard = siem_exit_guard_of(L);
    luaL_checkany(L, 1);
    bool begun = siem_exit_guard_begin(guard);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (siem_exit_guard_end(guard, begun) && status == LUA_OK) {
        lua_settop(L, 0);
        lua_pushliteral(L, MESSAGE);
        status = LUA_ERRRUN;
    }
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

/* core.permit_exit(flag): whether os.exit may end the process, in a state of the program. */
static int permit_exit(lua_State *L) {
    if (siem_budget_of(L) != NULL) siem_exit_guard_of(L)->depth = lua_toboolean(L, 1) ? 0 : 1;
    return 0;
}

/* A host may have taken os, or os.exit, from its scripts. */
static void replace_exit(lua_State *L) { /* ..., guard */
    if (lua_getglobal(L, "os") == LUA_TTABLE) {
        lua_pushliteral(L, "exit");
        if (lua_rawget(L, -2) == LUA_TFUNCTION) {
            lua_pushvalue(L, -3);
            lua_insert(L, -2); /* ..., guard, os, guard, exit */
            lua_pushcclosure(L, guarded_exit, 2);
            lua_pushliteral(L, "exit");
            lua_insert(L, -2);
            lua_rawset(L, -3);
        } else {
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

void siem_exit_guard_bind(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"without_exit", without_exit}, {"permit_exit", permit_exit}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    if (siem_exit_guard_of(L) != NULL) return;
    siem_exit_guard *guard = lua_newuserdatauv(L, sizeof *guard, 0);
    *guard = (siem_exit_guard){.depth = siem_budget_of(L) != NULL};
    replace_exit(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &guard_key);
}
