/* networks.c: the longest network that holds an address. */
#include "enrich/networks.h"

#include "bind/bind.h"

typedef struct lua_networks {
    siem_networks *networks; /* NULL: closed */
} lua_networks;

static siem_networks *check(lua_State *L) {
    lua_networks *n = luaL_checkudata(L, 1, SIEM_LUA_NETWORKS);
    siem_lua_check_open(L, n->networks != NULL, SIEM_LUA_NETWORKS);
    return n->networks;
}

static int networks_close(lua_State *L) {
    lua_networks *n = luaL_checkudata(L, 1, SIEM_LUA_NETWORKS);
    siem_networks_close(n->networks);
    n->networks = NULL;
    return 0;
}

/* core.networks_open() -> networks */
static int networks_open(lua_State *L) {
    siem_error err;
    lua_networks *n = lua_newuserdatauv(L, sizeof *n, 0);
    n->networks = NULL;
    luaL_setmetatable(L, SIEM_LUA_NETWORKS);
    if (siem_networks_open(&n->networks, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* networks:add(text, id) -> true, or nil, message, code */
static int networks_add(lua_State *L) {
    siem_error err;
    siem_networks *networks = check(L);
    lua_Integer id = luaL_checkinteger(L, 3);
    luaL_argcheck(L, id >= 1 && id <= UINT32_MAX, 3, "an id is 1 or more");
    if (siem_networks_add(networks, luaL_checkstring(L, 2), (uint32_t)id, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* networks:find(address) -> id, or nil */
static int networks_find(lua_State *L) {
    size_t size;
    siem_networks *networks = check(L);
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    const char *address = lua_tolstring(L, 2, &size);
    uint32_t id = siem_networks_find(networks, address, size);
    if (id == 0) return 0;
    lua_pushinteger(L, id);
    return 1;
}

void siem_lua_bind_networks(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"add", networks_add}, {"find", networks_find}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_NETWORKS, methods, networks_close);
    lua_pushcfunction(L, networks_open);
    lua_setfield(L, -2, "networks_open");
}
