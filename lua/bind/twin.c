/* twin.c: a Lua state, and in its stack the mapping that was loaded there. */
#include "bind/twin.h"

#include "base/error.h"
#include "bind/bind.h"
#include "bind/core.h"

#include <lualib.h>
#include <stdlib.h>

struct siem_lua_twin {
    lua_State *L;
    siem_mapping *mapping;
    siem_lua_caller *caller; /* of the mapping, which is at the bottom of the stack */
};

/* ---- states ---- */

/* The address is the registry's key of a state's opener. */
static const char opener_key = 'o';

void siem_lua_set_state_opener(lua_State *L, siem_lua_state_opener opener) {
    siem_lua_state_opener *kept = lua_newuserdatauv(L, sizeof opener, 0);
    *kept = opener;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &opener_key);
}

static siem_lua_state_opener opener_of(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &opener_key);
    const siem_lua_state_opener *kept = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return kept != NULL ? *kept : NULL;
}

/* Stock Lua's libraries, and this module, wherever its file is. */
static int prepare_stock(lua_State *L) {
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_oversight_core);
    lua_setfield(L, -2, "oversight.core");
    return 0;
}

static siem_code open_stock(lua_State **out, siem_error *err) {
    lua_State *L = luaL_newstate();
    *out = L;
    if (L == NULL) return siem_error_no_memory(err);
    lua_pushcfunction(L, prepare_stock);
    return lua_pcall(L, 0, 0, 0) == LUA_OK ? SIEM_OK : siem_error_no_memory(err);
}

static siem_code open_state(lua_State **out, lua_State *like, siem_error *err) {
    siem_lua_state_opener opener = opener_of(like);
    siem_code rc = opener != NULL ? opener(out, err) : open_stock(out, err);
    if (rc == SIEM_OK) siem_budget_copy(siem_budget_of(*out), siem_budget_of(like));
    return rc;
}

/* ---- loading ---- */

static void set_path(lua_State *L, const char *name, const char *path) { /* package */
    lua_pushstring(L, path);
    lua_setfield(L, -2, name);
}

/* oversight.twin.load(text) -> mapping */
static int load(lua_State *L) {
    const siem_lua_recipe *recipe = lua_touserdata(L, 1);
    siem_lua_caller *ignored;
    lua_getglobal(L, "package");
    set_path(L, "path", recipe->path);
    set_path(L, "cpath", recipe->cpath);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "oversight.twin");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "load");
    lua_pushstring(L, recipe->text);
    lua_call(L, 1, 1);
    (void)siem_lua_check_mapping(L, lua_gettop(L), &ignored);
    return 1;
}

static int to_message(lua_State *L) {
    siem_lua_push_error_text(L, 1);
    return 1;
}

static siem_code load_mapping(siem_lua_twin *twin, const siem_lua_recipe *recipe, siem_error *err) {
    lua_State *L = twin->L;
    lua_pushcfunction(L, to_message);
    lua_pushcfunction(L, load);
    lua_pushlightuserdata(L, (void *)recipe);
    int status = lua_pcall(L, 1, 1, 1);
    lua_remove(L, 1); /* mapping or message */
    if (status == LUA_ERRMEM) return siem_error_no_memory(err);
    if (status != LUA_OK) {
        const char *message = lua_tostring(L, 1);
        return siem_error_set(err, SIEM_INVALID, "%s cannot be loaded for another thread: %s",
                              recipe->name,
                              message != NULL ? message : "an error without a message");
    }
    twin->mapping = siem_lua_check_mapping(L, 1, &twin->caller);
    siem_lua_enter(twin->caller, L, "mapping"); /* its functions run above the mapping */
    return SIEM_OK;
}

siem_code siem_lua_twin_open(siem_lua_twin **out, lua_State *L, const siem_lua_recipe *recipe,
                             siem_error *err) {
    *out = NULL;
    if (recipe->text == NULL) {
        return siem_error_set(err, SIEM_INVALID, "%s: %s", recipe->name, recipe->obstacle);
    }
    siem_lua_twin *twin = calloc(1, sizeof *twin);
    if (twin == NULL) return siem_error_no_memory(err);
    siem_code rc = open_state(&twin->L, L, err);
    if (rc == SIEM_OK) rc = load_mapping(twin, recipe, err);
    if (rc == SIEM_OK) *out = twin;
    else siem_lua_twin_close(twin);
    return rc;
}

siem_mapping *siem_lua_twin_mapping(const siem_lua_twin *twin) {
    return twin->mapping;
}

void siem_lua_twin_close(siem_lua_twin *twin) {
    if (twin == NULL) return;
    if (twin->caller != NULL) siem_lua_leave(twin->caller);
    if (twin->L != NULL) siem_budget_close(twin->L);
    free(twin);
}
