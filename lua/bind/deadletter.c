/* deadletter.c: the file of refused events. */
#include "bind/bind.h"

#include <string.h>

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
    lua_deadletter *d = lua_newuserdatauv(L, sizeof *d, 1);
    *d = (lua_deadletter){.deadletter = NULL};
    luaL_setmetatable(L, SIEM_LUA_DEADLETTER);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    if (siem_deadletter_open(&d->deadletter, path, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* Raises for a key of the details at `index` that deadletter:write does not know. */
static void check_details(lua_State *L, int index) {
    static const char *const keys[] = {"sink", "http_status", "code", "part", "record", NULL};
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        int i = 0;
        while (keys[i] != NULL && strcmp(keys[i], key) != 0) i++;
        if (keys[i] != NULL) continue;
        luaL_error(L,
                   "deadletter:write: there is no key '%s'; choices: code, http_status, part, "
                   "record, sink",
                   luaL_tolstring(L, -2, NULL));
    }
}

/* A number of the details at `index`, from `least` on. */
static int read_number(lua_State *L, int index, const char *key, int least, int absent) {
    int64_t number = siem_lua_option_integer(L, index, key, absent);
    if (number < least || number > INT32_MAX) luaL_error(L, "%s is out of range", key);
    return (int)number;
}

/* deadletter:write(event, format, reason [, {sink=, http_status=, code=, record=, part=}]) ->
 * true, or nil, message, code */
static int deadletter_write(lua_State *L) {
    siem_error err;
    siem_deadletter *deadletter = siem_lua_check_deadletter(L, 1, NULL);
    siem_event *event = siem_lua_check_event(L, 2, NULL);
    siem_refusal refusal = {
        .format = siem_lua_check_text(L, 3), .reason = siem_lua_check_text(L, 4), .code = -1};
    if (!lua_isnoneornil(L, 5)) {
        check_details(L, 5);
        refusal.sink = siem_lua_option_text(L, 5, "sink");
        refusal.http_status = read_number(L, 5, "http_status", 0, 0);
        refusal.code = read_number(L, 5, "code", -1, -1);
        refusal.part = (unsigned)read_number(L, 5, "part", 0, 0);
        refusal.record = siem_lua_option_text(L, 5, "record");
        refusal.record_size = refusal.record != NULL ? strlen(refusal.record) : 0;
    }
    if (siem_deadletter_write(deadletter, event, &refusal, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* deadletter:append(line) -> true, or nil, message, code */
static int deadletter_append(lua_State *L) {
    siem_error err;
    size_t size;
    siem_deadletter *deadletter = siem_lua_check_deadletter(L, 1, NULL);
    const char *line = luaL_checklstring(L, 2, &size);
    luaL_argcheck(L, memchr(line, '\n', size) == NULL, 2, "holds a line end");
    if (siem_deadletter_append(deadletter, line, size, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* deadletter:copy(path, offset, size) -> true, or nil, message, code */
static int deadletter_copy(lua_State *L) {
    siem_error err;
    siem_deadletter *deadletter = siem_lua_check_deadletter(L, 1, NULL);
    const char *path = siem_lua_check_text(L, 2);
    lua_Integer offset = luaL_checkinteger(L, 3), size = luaL_checkinteger(L, 4);
    luaL_argcheck(L, offset >= 0, 3, "is negative");
    luaL_argcheck(L, size > 0, 4, "is not positive");
    const siem_deadletter_place place = {offset, (size_t)size};
    if (siem_deadletter_copy(deadletter, path, place, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* deadletter:sync() -> true, or nil, message, code */
static int deadletter_sync(lua_State *L) {
    siem_error err;
    siem_deadletter *deadletter = siem_lua_check_deadletter(L, 1, NULL);
    if (siem_deadletter_sync(deadletter, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* core.deadletter_blank(path, {{offset, size}, ...}) -> true, or nil, message, code */
static int deadletter_blank(lua_State *L) {
    siem_error err;
    const char *path = siem_lua_check_text(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t count = siem_lua_list_size(L, 2);
    siem_deadletter_place *places = lua_newuserdatauv(L, (count + 1) * sizeof *places, 0);
    for (size_t i = 0; i < count; i++) {
        (void)lua_rawgeti(L, 2, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        (void)lua_rawgeti(L, -1, 1);
        (void)lua_rawgeti(L, -2, 2);
        lua_Integer offset = luaL_checkinteger(L, -2), size = luaL_checkinteger(L, -1);
        luaL_argcheck(L, offset >= 0 && size >= 0, 2, "has a negative number");
        places[i] = (siem_deadletter_place){offset, (size_t)size};
        lua_pop(L, 3);
    }
    if (siem_deadletter_blank(path, places, count, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* deadletter:close() -> true, or nil, message, code */
static int deadletter_describe(lua_State *L) {
    const lua_deadletter *d = lua_touserdata(L, 1);
    if (d->deadletter == NULL) return 0;
    lua_getiuservalue(L, 1, 1);
    return 1;
}

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
    static const luaL_Reg methods[] = {{"write", deadletter_write},
                                       {"append", deadletter_append},
                                       {"copy", deadletter_copy},
                                       {"sync", deadletter_sync},
                                       {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_DEADLETTER, methods, deadletter_close);
    siem_lua_set_tostring(L, SIEM_LUA_DEADLETTER, deadletter_describe);
    lua_pushcfunction(L, deadletter_open);
    lua_setfield(L, -2, "deadletter_open");
    lua_pushcfunction(L, deadletter_blank);
    lua_setfield(L, -2, "deadletter_blank");
}
