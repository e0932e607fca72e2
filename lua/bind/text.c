/* text.c: values as text, and text as it can be shown. */
#include "base/nearest.h"
#include "base/utf8.h"
#include "bind/bind.h"

/* core.tostring(value) -> text, as Lua's tostring gives it in the locale "C" */
static int to_string(lua_State *L) {
    luaL_checkany(L, 1);
    if (lua_type(L, 1) == LUA_TNUMBER) siem_lua_push_number_text(L, 1);
    else (void)luaL_tolstring(L, 1, NULL);
    return 1;
}

/* core.error_text(raised) -> what an error says, which may be any value */
static int error_text(lua_State *L) {
    luaL_checkany(L, 1);
    siem_lua_push_error_text(L, 1);
    return 1;
}

/* core.printable(text) -> the text with an escape for everything that is unsafe to show (utf8.h) */
static int printable(lua_State *L) {
    size_t left, length;
    const char *text = luaL_checklstring(L, 1, &left);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    for (; left > 0; text += length, left -= length) {
        char *shown = luaL_prepbuffsize(&out, SIEM_UTF8_SHOWN);
        luaL_addsize(&out, siem_utf8_show(shown, text, left, &length));
    }
    luaL_pushresult(&out);
    return 1;
}

/* core.nearest(name, list) -> the name of the list that is nearest, or nil (nearest.h) */
static int nearest(lua_State *L) {
    siem_nearest found = {.name = luaL_checkstring(L, 1)};
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) == LUA_TSTRING; i++, lua_pop(L, 1)) {
        siem_nearest_offer(&found, lua_tostring(L, -1)); /* the list keeps it */
    }
    lua_pushstring(L, found.best);
    return 1;
}

void siem_lua_bind_text(lua_State *L) {
    static const luaL_Reg functions[] = {{"tostring", to_string},
                                         {"error_text", error_text},
                                         {"printable", printable},
                                         {"nearest", nearest},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
