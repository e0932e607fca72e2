/* state.c: search path, protected calls with traceback. */
#include "host/state.h"

#include "base/error.h"
#include "bind/core.h"
#include "bind/twin.h"
#include "host/embedded.h"
#include "host/installed.h"
#include "host/protection.h"
#include "limits/budget.h"

#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#define SITE_FOLDER "/etc/oversight/lua"

/* ---- searchers ---- */

/* Finds a module on package.path and loads it as text: a compiled chunk could break out of Lua. An
 * installed file that is the embedded one is loaded as that, which is compiled already. */
static int search_path(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchpath");
    lua_pushstring(L, name);
    lua_getfield(L, -3, "path");
    lua_call(L, 2, 2); /* file or nil, message */
    if (lua_isnil(L, -2)) return 1;
    const char *file = lua_tostring(L, -2);
    const siem_embedded *module = siem_embedded_find(name);
    bool is_embedded = module != NULL && siem_embedded_is_text_of(module, file);
    int status = is_embedded ? siem_embedded_load(L, module) : luaL_loadfilex(L, file, "t");
    if (status != LUA_OK) {
        return luaL_error(L, "cannot load '%s': %s", file, lua_tostring(L, -1));
    }
    lua_pushstring(L, file);
    return 2;
}

static int search_embedded(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    const siem_embedded *module = siem_embedded_find(name);
    if (module == NULL) {
        lua_pushfstring(L, "no built-in module '%s'", name);
        return 1;
    }
    if (siem_embedded_load(L, module) != LUA_OK) return lua_error(L);
    lua_pushfstring(L, "%s (built in)", module->file);
    return 2;
}

/* Modules in C come last: each is looked for in many places. */
static void set_searchers(lua_State *L) { /* package */
    lua_getfield(L, -1, "searchers");
    lua_pushcfunction(L, search_path);
    lua_rawseti(L, -2, 2);
    for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i > 2; i--) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushcfunction(L, search_embedded);
    lua_rawseti(L, -2, 3);
    lua_pop(L, 1);
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_oversight_core);
    lua_setfield(L, -2, "oversight.core");
    lua_pushcfunction(L, siem_embedded_open);
    lua_setfield(L, -2, "oversight.embedded");
    lua_pop(L, 1);
}

static siem_code open_host_state(lua_State **out, siem_error *err);

void siem_state_add_modules(lua_State *L) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    if (lua_getfield(L, -1, "oversight.embedded") == LUA_TNIL) {
        lua_pushcfunction(L, siem_embedded_open);
        lua_setfield(L, -3, "oversight.embedded");
        lua_pushcfunction(L, luaopen_oversight_core);
        lua_setfield(L, -3, "oversight.core");
        lua_getglobal(L, "package");
        lua_getfield(L, -1, "searchers");
        lua_pushcfunction(L, search_embedded);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_pop(L, 2);
        siem_lua_set_state_opener(L, open_host_state);
    }
    lua_pop(L, 2);
}

static int prepare_host_state(lua_State *L) {
    luaL_openlibs(L);
    siem_state_add_modules(L);
    return 0;
}

/* For a thread that renders with a host's format: the host's own state has one thread. */
static siem_code open_host_state(lua_State **out, siem_error *err) {
    lua_State *L = *out = luaL_newstate();
    if (L == NULL) return siem_error_no_memory(err);
    lua_pushcfunction(L, prepare_host_state);
    return lua_pcall(L, 0, 0, 0) == LUA_OK ? SIEM_OK : siem_error_no_memory(err);
}

/* ---- loaders ---- */

/* The name of what is loaded, for messages: a file's, or the one that a chunk was given. */
static const char *chunk_name(lua_State *L, int index) {
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "a chunk";
    return name[0] == '@' || name[0] == '=' ? name + 1 : name;
}

/* load or loadfile, the first upvalue, of text alone. The second upvalue is the argument with the
 * mode, the third which one names it. */
static int load_text(lua_State *L) {
    int mode = (int)lua_tointeger(L, lua_upvalueindex(2));
    int name = (int)lua_tointeger(L, lua_upvalueindex(3));
    if (lua_gettop(L) < mode) lua_settop(L, mode);
    lua_pushliteral(L, "t");
    lua_replace(L, mode);
    lua_pushstring(L, chunk_name(L, name));
    lua_insert(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 2); /* name, function, arguments... */
    lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
    if (!lua_isnil(L, 2)) return lua_gettop(L) - 1;
    const char *message = lua_tostring(L, 3);
    if (message != NULL && strstr(message, "binary chunk") != NULL) {
        lua_pushfstring(L, "cannot load '%s': %s", lua_tostring(L, 1), message);
        lua_replace(L, 3);
    }
    return lua_gettop(L) - 1;
}

static int do_text_file(lua_State *L) {
    lua_settop(L, 1);
    lua_getglobal(L, "loadfile");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 2);
    if (lua_isnil(L, -2)) return lua_error(L);
    lua_pop(L, 1);
    lua_call(L, 0, LUA_MULTRET);
    return lua_gettop(L) - 1;
}

static void set_loader(lua_State *L, const char *name, int mode, int chunk) {
    lua_getglobal(L, name);
    lua_pushinteger(L, mode);
    lua_pushinteger(L, chunk);
    lua_pushcclosure(L, load_text, 3);
    lua_setglobal(L, name);
}

/* A compiled chunk could break out of Lua. */
static void set_loaders(lua_State *L) {
    set_loader(L, "load", 3, 2);
    set_loader(L, "loadfile", 2, 1);
    lua_register(L, "dofile", do_text_file);
}

/* ---- search path ---- */

static void add_folder(luaL_Buffer *path, const char *folder) {
    if (luaL_bufflen(path) != 0) luaL_addchar(path, ';');
    luaL_addstring(path, folder);
    luaL_addstring(path, "/?.lua;");
    luaL_addstring(path, folder);
    luaL_addstring(path, "/?/init.lua");
}

/* Adds the folders between the colons of `list`, made absolute: a relative entry would follow the
 * working directory. */
static void add_folders(lua_State *L, luaL_Buffer *path, const char *list) {
    char name[PATH_MAX], absolute[PATH_MAX];
    while (*list != '\0') {
        size_t size = strcspn(list, ":");
        if (size >= sizeof name) {
            luaL_error(L, "OVERSIGHT_LUA_PATH: a folder's name is too long");
            return;
        }
        memcpy(name, list, size);
        name[size] = '\0';
        if (size > 0 && realpath(name, absolute) == NULL) {
            luaL_error(L, "OVERSIGHT_LUA_PATH: cannot find the folder '%s'", name);
        }
        if (size > 0) add_folder(path, absolute);
        list += size + (list[size] == ':');
    }
}

static void set_path(lua_State *L) { /* package */
    luaL_Buffer path;
    char installed[PATH_MAX];
    const char *site = getenv("OVERSIGHT_LUA_PATH");
    siem_installed_folder(installed);
    luaL_buffinit(L, &path);
    add_folders(L, &path, site != NULL ? site : "");
    add_folder(&path, SITE_FOLDER);
    add_folder(&path, installed);
    luaL_pushresult(&path);
    lua_setfield(L, -2, "path");
}

/* Removes the entries that depend on the working directory from package.cpath. */
static void set_cpath(lua_State *L) { /* package */
    luaL_Buffer kept;
    lua_getfield(L, -1, "cpath");
    const char *at = lua_tostring(L, -1);
    luaL_buffinit(L, &kept);
    while (at != NULL && *at != '\0') {
        size_t size = strcspn(at, ";");
        if (*at == '/') {
            if (luaL_bufflen(&kept) != 0) luaL_addchar(&kept, ';');
            luaL_addlstring(&kept, at, size);
        }
        at += size + (at[size] == ';');
    }
    luaL_pushresult(&kept); /* package, old, new */
    lua_setfield(L, -3, "cpath");
    lua_pop(L, 1);
}

/* ---- state ---- */

static int prepare(lua_State *L) {
    lua_pushboolean(L, true); /* before the libraries look: LUA_PATH is for stock Lua */
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    luaL_openlibs(L);
    siem_protection_install(L);
    set_loaders(L);
    lua_getglobal(L, "package");
    set_path(L);
    set_cpath(L);
    set_searchers(L);
    siem_lua_set_state_opener(L, siem_state_open);
    return 0;
}

siem_code siem_state_open(lua_State **out, siem_error *err) {
    *out = NULL;
    lua_State *L = siem_budget_open();
    if (L == NULL) return siem_error_no_memory(err);
    lua_pushcfunction(L, prepare);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        siem_error_set(err, SIEM_NOT_FOUND, "%s", lua_tostring(L, -1));
        siem_budget_close(L);
        return SIEM_NOT_FOUND;
    }
    *out = L;
    return SIEM_OK;
}

void siem_state_close(lua_State *L) {
    siem_budget_close(L);
}

static int add_traceback(lua_State *L) {
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

siem_code siem_state_call(lua_State *L, int arguments, int results, siem_error *err) {
    int function = lua_gettop(L) - arguments;
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, function); /* handler, function, arguments... */
    int status = lua_pcall(L, arguments, results, function);
    lua_remove(L, function);
    if (status == LUA_OK) return SIEM_OK;
    siem_error_set(err, SIEM_INVALID, "%s", lua_tostring(L, -1));
    return SIEM_INVALID;
}
