/* entry.c: the functions that scripts call. */
#include "bind/bind.h"

/* Calls the function, the first upvalue. An error is what the second one, a function of the place
 * of the caller and the error, makes of it. It is a C function as that leaves the frame of its
 * caller where it is: `return siem.pipeline{...}` of a script would end the script's before it is
 * called.
 */
static int call_entry(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    if (lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0) == LUA_OK) return lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(2));
    luaL_where(L, 1);
    lua_rotate(L, -3, -1); /* blame, place, error */
    lua_call(L, 2, 1);
    return lua_error(L);
}

/* core.entry(function, blame) -> a function that scripts call */
static int entry(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_pushcclosure(L, call_entry, 2);
    return 1;
}

void siem_lua_bind_entry(lua_State *L) {
    lua_pushcfunction(L, entry);
    lua_setfield(L, -2, "entry");
}
