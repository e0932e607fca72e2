/* geoip.c: a MaxMind database in Lua. */
#include "enrich/geoip.h"
#include "bind/bind.h"

typedef struct lua_geoip {
    siem_geoip *geoip; /* NULL: closed */
    siem_buffer json;
} lua_geoip;

static int geoip_close(lua_State *L) {
    lua_geoip *g = luaL_checkudata(L, 1, SIEM_LUA_GEOIP);
    siem_geoip_close(g->geoip);
    g->geoip = NULL;
    siem_buffer_free(&g->json);
    return 0;
}

/* core.geoip_open(path) -> geoip, or nil, message, code */
static int geoip_open(lua_State *L) {
    siem_error err;
    const char *path = siem_lua_check_text(L, 1);
    lua_geoip *g = lua_newuserdatauv(L, sizeof *g, 0);
    *g = (lua_geoip){0};
    luaL_setmetatable(L, SIEM_LUA_GEOIP);
    if (siem_geoip_open(&g->geoip, path, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* geoip:find(address) -> table, or nil; raises when the database is damaged */
static int geoip_find(lua_State *L) {
    siem_error err;
    lua_geoip *g = luaL_checkudata(L, 1, SIEM_LUA_GEOIP);
    siem_lua_check_open(L, g->geoip != NULL, SIEM_LUA_GEOIP);
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    if (siem_geoip_find(g->geoip, lua_tostring(L, 2), &g->json, &err) != SIEM_OK) {
        return luaL_error(L, "%s", err.message);
    }
    if (g->json.size == 0) return 0;
    siem_lua_push_json(L, g->json.bytes, g->json.size, false);
    return 1;
}

void siem_lua_bind_geoip(lua_State *L) {
    static const luaL_Reg methods[] = {{"find", geoip_find}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_GEOIP, methods, geoip_close);
    lua_pushcfunction(L, geoip_open);
    lua_setfield(L, -2, "geoip_open");
}
