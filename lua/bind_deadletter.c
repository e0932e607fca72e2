/* bind_deadletter.c: the file of refused events. */
#include "bind.h"

typedef struct lua_deadletter {
    siem_deadletter *deadletter; /* NULL: closed */
    siem_lua_use use;
} lua_deadletter;

siem_deadletter *siem_lua_check_deadletter(lua_State *L, int index, siem_lua_use **use) {
    lua_deadletter *d = luaL_checkudata(L, index, SIEM_LUA_DEADLETTER);
    siem_lua_check_open(L, d->deadletter != NULL, SIEM_LUA_DEADLETTER);
    if (use != NULL) *use = &d->use;
    return d->deadletter;
}

/* core.deadletter_open(path) -> deadletter, or nil, message, code */
static int deadletter_open(lua_State *L) {
    siem_error err;
    const char *path = siem_lua_check_text(L, 1);
    lua_deadletter *d = lua_newuserdatauv(L, sizeof *d, 0);
    *d = (lua_deadletter){.deadletter = NULL};
    luaL_setmetatable(L, SIEM_LUA_DEADLETTER);
    if (siem_deadletter_open(&d->deadletter, path, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* deadletter:write(event, format, reason) -> true, or nil, message, code */
static int deadletter_write(lua_State *L) {
    siem_error err;
    siem_deadletter *deadletter = siem_lua_check_deadletter(L, 1, NULL);
    siem_event *event = siem_lua_check_event(L, 2, NULL);
    const char *format = luaL_checkstring(L, 3), *reason = luaL_checkstring(L, 4);
    if (siem_deadletter_write(deadletter, event, format, reason, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* deadletter:close() -> true, or nil, message, code */
static int deadletter_close(lua_State *L) {
    siem_error err;
    lua_deadletter *d = luaL_checkudata(L, 1, SIEM_LUA_DEADLETTER);
    siem_lua_check_unused(L, &d->use, SIEM_LUA_DEADLETTER);
    siem_deadletter *deadletter = d->deadletter;
    d->deadletter = NULL;
    if (siem_deadletter_close(deadletter, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

void siem_lua_bind_deadletter(lua_State *L) {
    static const luaL_Reg methods[] = {{"write", deadletter_write}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_DEADLETTER, methods, deadletter_close);
    lua_pushcfunction(L, deadletter_open);
    lua_setfield(L, -2, "deadletter_open");
}
