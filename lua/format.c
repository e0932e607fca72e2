/* format.c: a format by name for C programs, with a Lua state of its own. */
#include "format.h"
#include "bind.h"
#include "error.h"
#include "state.h"

#include <stdlib.h>

struct siem_format {
    lua_State *L;      /* NULL: not opened */
    bool owned;        /* the state was made here, and is no host's */
    lua_State *thread; /* of that state: the format's own stack, with the mapping at the bottom */
    int reference;     /* keeps the thread */
    siem_mapping *mapping;
    siem_lua_caller *caller;
};

typedef struct request {
    const char *name;
    const siem_option *options;
    size_t option_count;
    bool restricted; /* `name` is a file, to be loaded by oversight.restricted */
} request;

/* Pushes format.load(name), or restricted.load(file): format, or nil, message, code. */
static void push_format(lua_State *L, const request *r) {
    lua_getglobal(L, "require");
    lua_pushstring(L, r->restricted ? "oversight.restricted" : "oversight.catalog");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "load");
    lua_pushstring(L, r->name);
    lua_call(L, 1, 3);
}

/* Loads and compiles -> mapping, or nil, message, code */
static int load(lua_State *L) {
    const request *r = lua_touserdata(L, 1);
    push_format(L, r);
    if (lua_isnil(L, -3)) return 3;
    lua_pop(L, 2);
    lua_getfield(L, -1, "compile");
    lua_insert(L, -2);
    lua_newtable(L);
    for (size_t i = 0; i < r->option_count; i++) {
        lua_pushstring(L, r->options[i].value);
        lua_setfield(L, -2, r->options[i].name);
    }
    lua_call(L, 2, 1);
    return 1;
}

/* Makes the format's thread; a host's state gets the modules that it cannot find. */
static int prepare(lua_State *L) {
    siem_format *format = lua_touserdata(L, 1);
    if (!format->owned) siem_state_add_modules(L);
    format->thread = lua_newthread(L);
    format->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static siem_code prepare_format(siem_format *format, siem_error *err) {
    lua_State *L = format->L;
    if (!lua_checkstack(L, 3)) return siem_error_no_memory(err);
    lua_pushcfunction(L, prepare);
    lua_pushlightuserdata(L, format);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK) return SIEM_OK;
    siem_error_set(err, SIEM_INVALID, "cannot prepare the Lua state: %s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return SIEM_INVALID;
}

static siem_code load_mapping(siem_format *format, const request *r, siem_error *err) {
    lua_State *L = format->thread;
    lua_pushcfunction(L, load);
    lua_pushlightuserdata(L, (void *)r);
    siem_budget *guard = r->restricted ? siem_budget_of(L) : NULL;
    (void)siem_budget_begin(guard, L);
    int status = lua_pcall(L, 1, 3, 0);
    siem_budget_end(guard, L);
    if (status != LUA_OK) {
        return siem_error_set(err, SIEM_INVALID, "%s", lua_tostring(L, -1));
    }
    if (lua_isnil(L, -3)) {
        const char *code = lua_tostring(L, -1);
        bool unknown = code != NULL && strcmp(code, siem_code_name(SIEM_NOT_FOUND)) == 0;
        return siem_error_set(err, unknown ? SIEM_NOT_FOUND : SIEM_INVALID, "%s",
                              lua_tostring(L, -2));
    }
    lua_pop(L, 2);
    format->mapping = siem_lua_check_mapping(L, -1, &format->caller);
    /* Functions of the format run on this thread from here on, above the mapping. */
    siem_lua_enter(format->caller, L, "mapping");
    return SIEM_OK;
}

/* `host` is NULL for a state of the format's own. */
static siem_code open_format(siem_format **out, lua_State *host, const request *r,
                             siem_error *err) {
    *out = NULL;
    siem_format *format = calloc(1, sizeof *format);
    if (format == NULL) return siem_error_no_memory(err);
    format->L = host;
    format->owned = host == NULL;
    format->reference = LUA_NOREF;
    siem_code rc = host == NULL ? siem_state_open(&format->L, err) : SIEM_OK;
    if (rc == SIEM_OK) rc = prepare_format(format, err);
    if (rc == SIEM_OK && r->restricted) siem_budget_restrict(siem_budget_of(format->L));
    if (rc == SIEM_OK) rc = load_mapping(format, r, err);
    if (rc == SIEM_OK) *out = format;
    else siem_format_close(format);
    return rc;
}

SIEM_API siem_code siem_format_open(siem_format **out, const char *name, const siem_option *options,
                                    size_t option_count, siem_error *err) {
    return open_format(out, NULL, &(request){name, options, option_count, false}, err);
}

SIEM_API siem_code siem_format_open_in(siem_format **out, struct lua_State *host, const char *name,
                                       const siem_option *options, size_t option_count,
                                       siem_error *err) {
    return open_format(out, host, &(request){name, options, option_count, false}, err);
}

siem_code siem_format_open_restricted(siem_format **out, const char *file, siem_error *err) {
    return open_format(out, NULL, &(request){.name = file, .restricted = true}, err);
}

siem_budget *siem_format_budget(siem_format *format) {
    return siem_budget_of(format->L);
}

SIEM_API siem_mapping *siem_format_mapping(siem_format *format) {
    return format->mapping;
}

SIEM_API void siem_format_close(siem_format *format) {
    if (format == NULL) return;
    if (format->caller != NULL) siem_lua_leave(format->caller);
    if (format->L != NULL) luaL_unref(format->L, LUA_REGISTRYINDEX, format->reference);
    if (format->L != NULL && format->owned) siem_state_close(format->L);
    free(format);
}
