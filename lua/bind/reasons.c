/* reasons.c: why events were refused, as a list of few. */
#include "export/refusals.h"

#include "bind/bind.h"

static void push_reason(lua_State *L, const siem_reason *reason) {
    lua_createtable(L, 0, 3);
    lua_pushstring(L, reason->text);
    lua_setfield(L, -2, "reason");
    lua_pushinteger(L, (lua_Integer)reason->count);
    lua_setfield(L, -2, "events");
    lua_newtable(L);
    for (int i = 0; i < SIEM_REASON_EVENTS && reason->events[i][0] != '\0'; i++) {
        lua_pushstring(L, reason->events[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "first");
}

void siem_lua_push_reasons(lua_State *L, const siem_export *export_) {
    const siem_reason *reason;
    lua_newtable(L);
    for (size_t i = 0; (reason = siem_export_reason(export_, i)) != NULL; i++) {
        push_reason(L, reason);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* core.reasons() -> reasons, of events that Lua refuses */
static int new_reasons(lua_State *L) {
    siem_refusals *reasons = lua_newuserdatauv(L, sizeof *reasons, 0);
    *reasons = (siem_refusals){.count = 0};
    luaL_setmetatable(L, SIEM_LUA_REASONS);
    return 1;
}

/* reasons:add(text, event_id) */
static int reasons_add(lua_State *L) {
    siem_refusals_add(luaL_checkudata(L, 1, SIEM_LUA_REASONS), luaL_checkstring(L, 2),
                      luaL_checkstring(L, 3));
    return 0;
}

/* reasons:list() -> {{reason=, events=, first={id, ...}}, ...} */
static int reasons_list(lua_State *L) {
    const siem_refusals *reasons = luaL_checkudata(L, 1, SIEM_LUA_REASONS);
    lua_createtable(L, (int)reasons->count, 0);
    for (size_t i = 0; i < reasons->count; i++) {
        push_reason(L, &reasons->list[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int reasons_close(lua_State *L) {
    (void)L; /* they hold nothing */
    return 0;
}

void siem_lua_bind_reasons(lua_State *L) {
    static const luaL_Reg methods[] = {{"add", reasons_add}, {"list", reasons_list}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_REASONS, methods, reasons_close);
    lua_pushcfunction(L, new_reasons);
    lua_setfield(L, -2, "reasons");
}
