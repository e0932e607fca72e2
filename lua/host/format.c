/* format.c: a format by name for C programs, with a Lua state of its own. */
#include "host/format.h"
#include "base/error.h"
#include "base/misuse.h"
#include "bind/bind.h"
#include "host/state.h"

#include <stdlib.h>

struct siem_format {
    lua_State *L;      /* NULL: not opened */
    bool owned;        /* the state was made here, and is not a host's */
    lua_State *thread; /* of that state: the format's own stack, with the mapping at the bottom */
    int reference;     /* keeps the thread */
    siem_mapping *mapping;
    siem_lua_caller *caller;
};

typedef struct request {
    const char *name;
    const siem_option *options;
    size_t option_count;
} request;

typedef struct restricted_request {
    const char *file;
    bool is_script;
    const char *const *arguments;
    size_t argument_count;
} restricted_request;

static void push_function(lua_State *L, const char *module, const char *name) {
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

/* A format's compile can be anything: raises unless it gave an open mapping. */
static void check_mapping(lua_State *L, int index) {
    siem_lua_caller *ignored;
    if (luaL_testudata(L, index, SIEM_LUA_MAPPING) == NULL) {
        luaL_error(L, "the format's compile gave no mapping, but a %s", luaL_typename(L, index));
    }
    (void)siem_lua_check_mapping(L, index, &ignored);
}

/* catalog.load(name):compile(options) -> mapping, or nil, message, code */
static int load(lua_State *L) {
    const request *r = lua_touserdata(L, 1);
    push_function(L, "oversight.catalog", "load");
    lua_pushstring(L, r->name);
    lua_call(L, 1, 3);
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
    check_mapping(L, -1);
    return 1;
}

/* restricted.load(file, is_script, argument...) -> mapping or nil, description */
static int load_restricted(lua_State *L) {
    const restricted_request *r = lua_touserdata(L, 1);
    luaL_checkstack(L, (int)r->argument_count + 4, "too many arguments");
    push_function(L, "oversight.restricted", "load");
    lua_pushstring(L, r->file);
    lua_pushboolean(L, r->is_script);
    for (size_t i = 0; i < r->argument_count; i++) lua_pushstring(L, r->arguments[i]);
    lua_call(L, 2 + (int)r->argument_count, 2);
    if (!lua_isnil(L, -2)) check_mapping(L, -2);
    if (!lua_isstring(L, -1)) return luaL_error(L, "the description is not a text");
    return 2;
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

/* Uses the mapping at the bottom of the format's thread. */
static void adopt_mapping(siem_format *format) {
    format->mapping = siem_lua_check_mapping(format->thread, 1, &format->caller);
    /* Functions of the format run on this thread from here on, above the mapping. */
    siem_lua_enter(format->caller, format->thread, "mapping");
}

static siem_code load_mapping(siem_format *format, const request *r, siem_error *err) {
    lua_State *L = format->thread;
    lua_pushcfunction(L, load);
    lua_pushlightuserdata(L, (void *)r);
    if (lua_pcall(L, 1, 3, 0) != LUA_OK) {
        return siem_error_set(err, SIEM_INVALID, "%s", lua_tostring(L, -1));
    }
    if (lua_isnil(L, -3)) {
        const char *code = lua_tostring(L, -1);
        bool unknown = code != NULL && strcmp(code, siem_code_name(SIEM_NOT_FOUND)) == 0;
        return siem_error_set(err, unknown ? SIEM_NOT_FOUND : SIEM_INVALID, "%s",
                              lua_tostring(L, -2));
    }
    lua_pop(L, 2);
    adopt_mapping(format);
    return SIEM_OK;
}

/* `host` is NULL for a state of the format's own. */
static siem_code new_format(siem_format **out, lua_State *host, siem_error *err) {
    *out = NULL;
    siem_format *format = calloc(1, sizeof *format);
    if (format == NULL) return siem_error_no_memory(err);
    format->L = host;
    format->owned = host == NULL;
    format->reference = LUA_NOREF;
    siem_code rc = host == NULL ? siem_state_open(&format->L, err) : SIEM_OK;
    if (rc == SIEM_OK) rc = prepare_format(format, err);
    if (rc == SIEM_OK) *out = format;
    else siem_format_close(format);
    return rc;
}

static siem_code open_format(siem_format **out, lua_State *host, const request *r,
                             siem_error *err) {
    siem_code rc = new_format(out, host, err);
    if (rc == SIEM_OK) rc = load_mapping(*out, r, err);
    if (rc == SIEM_OK) return SIEM_OK;
    siem_format_close(*out);
    *out = NULL;
    return rc;
}

static siem_code check_request(siem_format **out, const request *r, const char *function,
                               siem_error *err) {
    if (out == NULL) return siem_misuse_null(function, "out", err);
    *out = NULL;
    if (r->name == NULL) return siem_misuse_null(function, "name", err);
    return siem_misuse_options(function, r->options, r->option_count, err);
}

SIEM_API siem_code siem_format_open(siem_format **out, const char *name, const siem_option *options,
                                    size_t option_count, siem_error *err) {
    request r = {name, options, option_count};
    siem_code rc = check_request(out, &r, __func__, err);
    return rc == SIEM_OK ? open_format(out, NULL, &r, err) : rc;
}

SIEM_API siem_code siem_format_open_in(siem_format **out, struct lua_State *host, const char *name,
                                       const siem_option *options, size_t option_count,
                                       siem_error *err) {
    request r = {name, options, option_count};
    siem_code rc = check_request(out, &r, __func__, err);
    if (rc == SIEM_OK && host == NULL) rc = siem_misuse_null(__func__, "host", err);
    return rc == SIEM_OK ? open_format(out, host, &r, err) : rc;
}

siem_code siem_format_new_restricted(siem_format **out, atomic_llong *running_since,
                                     siem_error *err) {
    siem_code rc = new_format(out, NULL, err);
    if (rc == SIEM_OK) siem_budget_restrict(siem_budget_of((*out)->L), running_since);
    return rc;
}

siem_code siem_format_load_restricted(siem_format *format, const char *file, bool is_script,
                                      const char *const *arguments, size_t argument_count,
                                      const char **description, siem_error *err) {
    lua_State *L = format->thread;
    siem_budget *budget = siem_budget_of(L);
    restricted_request r = {file, is_script, arguments, argument_count};
    lua_pushcfunction(L, load_restricted);
    lua_pushlightuserdata(L, &r);
    (void)siem_budget_begin(budget, L);
    int status = lua_pcall(L, 1, 2, 0); /* mapping or nil, description */
    siem_budget_end(budget, L, status);
    size_t cap;
    if (siem_budget_hit_memory(budget, &cap)) {
        return siem_error_set(err, SIEM_INVALID,
                              "%s: it needs more memory than the %zu MiB allowed", file, cap >> 20);
    }
    if (status != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        return siem_error_set(err, SIEM_INVALID, "%s",
                              message != NULL ? message : "an error without a message");
    }
    if (siem_budget_is_discarded(budget)) {
        return siem_error_set(err, SIEM_INVALID, "%s: it went over its limits", file);
    }
    *description = lua_tostring(L, 2);
    if (!lua_isnil(L, 1)) adopt_mapping(format);
    return SIEM_OK;
}

lua_State *siem_format_state(siem_format *format) {
    return format->L;
}

SIEM_API siem_mapping *siem_format_mapping(siem_format *format) {
    return format != NULL ? format->mapping : NULL;
}

SIEM_API void siem_format_close(siem_format *format) {
    if (format == NULL) return;
    if (format->caller != NULL) siem_lua_leave(format->caller);
    if (format->L != NULL) luaL_unref(format->L, LUA_REGISTRYINDEX, format->reference);
    if (format->L != NULL && format->owned) siem_state_close(format->L);
    free(format);
}
