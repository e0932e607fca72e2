/* bind.c: classes, failures, option tables and protected calls. */
#include "bind/bind.h"

#include "base/error.h"
#include "base/number.h"

#include <stdio.h>
#include <string.h>

#define MOST_IN_LIST (1 << 24)

void siem_lua_new_class(lua_State *L, const char *name, const luaL_Reg *methods,
                        lua_CFunction close) {
    luaL_newmetatable(L, name); /* metatable */
    lua_newtable(L);            /* metatable, methods */
    luaL_setfuncs(L, methods, 0);
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "close");
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "__close");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable"); /* scripts can neither read nor change it */
    lua_pop(L, 1);
}

static int noun_tostring(lua_State *L) {
    const char *name = lua_tostring(L, lua_upvalueindex(1)), *noun = strchr(name, '.') + 1;
    lua_CFunction describe = lua_tocfunction(L, lua_upvalueindex(2));
    luaL_checkudata(L, 1, name);
    if (describe(L) == 0) lua_pushfstring(L, "%s (closed)", noun);
    else lua_pushfstring(L, "%s %s", noun, lua_tostring(L, -1));
    return 1;
}

void siem_lua_set_tostring(lua_State *L, const char *name, lua_CFunction describe) {
    luaL_getmetatable(L, name);
    lua_pushstring(L, name);
    lua_pushcfunction(L, describe);
    lua_pushcclosure(L, noun_tostring, 2);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
}

static void set_text(lua_State *L, const char *key, const char *text) {
    if (text[0] == '\0') return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

/* Pushes what is at fault, as lists of the options and of where the message names them, and texts.
 */
static void push_fault(lua_State *L, const siem_error *err) {
    lua_createtable(L, 0, 2); /* fault */
    lua_newtable(L);
    lua_newtable(L); /* fault, options, places */
    for (int i = 0; i < SIEM_ERROR_OPTIONS && err->options[i][0] != '\0'; i++) {
        lua_pushstring(L, err->options[i]);
        lua_rawseti(L, -3, i + 1);
        lua_pushinteger(L, err->option_at[i] + 1);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -3, "option_at");
    lua_setfield(L, -2, "options");
    set_text(L, "event_id", err->event_id);
    set_text(L, "row", err->row);
    set_text(L, "file", err->file);
    if (err->file[0] == '\0') return;
    lua_pushinteger(L, err->line);
    lua_setfield(L, -2, "line");
}

int siem_lua_fail(lua_State *L, const siem_error *err) {
    luaL_pushfail(L);
    lua_pushstring(L, err->message);
    lua_pushstring(L, siem_code_name(err->code));
    if (err->options[0][0] == '\0' && err->event_id[0] == '\0' && err->row[0] == '\0' &&
        err->file[0] == '\0') {
        return 3;
    }
    push_fault(L, err);
    return 4;
}

void siem_lua_check_open(lua_State *L, bool open, const char *class_name) {
    const char *noun = strchr(class_name, '.') + 1;
    if (!open) luaL_error(L, "this %s is closed", noun);
}

void siem_lua_check_unused(lua_State *L, const siem_lua_use *use, const char *class_name) {
    const char *noun = strchr(class_name, '.') + 1;
    if (use->count != 0) luaL_error(L, "this %s is in use by a call further out", noun);
}

void siem_lua_push_number_text(lua_State *L, int index) {
    char text[64];
    if (lua_isinteger(L, index)) {
        lua_pushfstring(L, "%I", lua_tointeger(L, index));
        return;
    }
    (void)siem_number_print(text, sizeof text, LUA_NUMBER_FMT, lua_tonumber(L, index));
    bool looks_whole = text[strspn(text, "-0123456789")] == '\0';
    lua_pushfstring(L, "%s%s", text, looks_whole ? ".0" : "");
}

const char *siem_lua_check_text(lua_State *L, int index) {
    size_t size;
    const char *text = luaL_checklstring(L, index, &size);
    luaL_argcheck(L, strlen(text) == size, index, "the text holds a NUL character");
    return text;
}

size_t siem_lua_list_size(lua_State *L, int index) {
    lua_Unsigned size = lua_rawlen(L, index);
    if (size > MOST_IN_LIST) luaL_error(L, "a list has more than %d values", MOST_IN_LIST);
    return (size_t)size;
}

/* Pushes a field of an option table and returns its type. Raw, so that the table, and no function
 * of it, keeps the field alive. */
static int get_option(lua_State *L, int index, const char *key, int type, const char *wanted) {
    index = lua_absindex(L, index);
    lua_pushstring(L, key);
    int found = lua_rawget(L, index);
    if (found != LUA_TNIL && found != type) {
        luaL_error(L, "%s must be %s, not %s", key, wanted, luaL_typename(L, -1));
    }
    return found;
}

const char *siem_lua_option_text(lua_State *L, int index, const char *key) {
    index = lua_absindex(L, index);
    get_option(L, index, key, LUA_TSTRING, "a string");
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    if (text != NULL && strlen(text) != size) luaL_error(L, "%s holds a NUL character", key);
    lua_pop(L, 1); /* the table keeps it alive */
    return text;
}

bool siem_lua_option_flag(lua_State *L, int index, const char *key) {
    get_option(L, index, key, LUA_TBOOLEAN, "true or false");
    bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

int64_t siem_lua_option_integer(lua_State *L, int index, const char *key, int64_t absent) {
    int whole;
    int64_t integer = absent;
    if (get_option(L, index, key, LUA_TNUMBER, "a whole number") != LUA_TNIL) {
        integer = lua_tointegerx(L, -1, &whole);
        if (!whole) luaL_error(L, "%s must be a whole number", key);
    }
    lua_pop(L, 1);
    return integer;
}

void siem_lua_enter(siem_lua_caller *caller, lua_State *L, const char *what) {
    if (caller->L != NULL) luaL_error(L, "this %s is in use: a function of it calls it", what);
    luaL_checkstack(L, LUA_MINSTACK, what);
    caller->L = L;
    caller->base = lua_gettop(L);
    caller->budget = siem_budget_of(L);
    caller->exit_guard = siem_exit_guard_of(L);
    caller->failure.code = SIEM_OK;
}

void siem_lua_leave(siem_lua_caller *caller) {
    lua_settop(caller->L, caller->base);
    caller->L = NULL;
}

void siem_lua_push_error_text(lua_State *L, int index) {
    int type = lua_type(L, index);
    bool has_text = type == LUA_TSTRING || type == LUA_TNUMBER;
    if (!has_text && luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
        lua_pop(L, 1);
        has_text = true;
    }
    if (has_text) (void)luaL_tolstring(L, index, NULL);
    else lua_pushfstring(L, "an error of type %s was raised: raise a text", lua_typename(L, type));
}

/* Sets the source and line that run, in the table on top: those of the innermost Lua function. */
static void set_place(lua_State *L) {
    lua_Debug at;
    for (int level = 1; lua_getstack(L, level, &at); level++) {
        if (lua_getinfo(L, "Sl", &at) == 0 || at.currentline <= 0) continue;
        lua_pushstring(L, at.short_src);
        lua_setfield(L, -2, "file");
        lua_pushinteger(L, at.currentline);
        lua_setfield(L, -2, "line");
        return;
    }
}

/* Makes {message=, file=, line=} of an error, while that can still fail without harm. */
static int describe_error(lua_State *L) {
    lua_createtable(L, 0, 3);
    siem_lua_push_error_text(L, 1);
    lua_setfield(L, -2, "message");
    set_place(L);
    return 1;
}

/* Reads what describe_error made, at the top; or a text, of an error that it was not asked of. */
static siem_code read_error(lua_State *L, siem_error *err) {
    bool is_described = lua_istable(L, -1);
    if (is_described) (void)lua_getfield(L, -1, "message");
    const char *message = lua_tostring(L, -1);
    (void)siem_error_set(err, SIEM_REFUSED, "%s",
                         message != NULL ? message : "an error without a message");
    if (!is_described) return SIEM_REFUSED;
    (void)lua_getfield(L, -2, "file");
    (void)lua_getfield(L, -3, "line");
    const char *file = lua_tostring(L, -2);
    (void)snprintf(err->file, sizeof err->file, "%s", file != NULL ? file : "");
    err->line = (int)lua_tointeger(L, -1);
    return SIEM_REFUSED;
}

/* A script that reaches its own cap is at fault for one event; the machine's lack is not. */
static siem_code describe_failure(const siem_lua_caller *caller, int status, siem_error *err) {
    size_t cap;
    if (siem_budget_hit_memory(caller->budget, &cap)) {
        lua_gc(caller->L, LUA_GCCOLLECT);
        return siem_error_set(err, SIEM_REFUSED,
                              "the function needs more memory than the %zu MiB allowed", cap >> 20);
    }
    if (status == LUA_ERRMEM) return siem_error_no_memory(err);
    return read_error(caller->L, err);
}

siem_code siem_lua_call_back(siem_lua_caller *caller, lua_CFunction function, void *argument,
                             int results, siem_error *err) {
    lua_State *L = caller->L;
    /* The slot above the base may hold the text that `argument` points to: it stays until then. */
    int top = lua_gettop(L);
    if (!siem_budget_begin(caller->budget, L)) {
        return siem_error_set(err, SIEM_REFUSED,
                              "the format went over its limits before: its state is discarded");
    }
    lua_pushcfunction(L, describe_error);
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, argument);
    bool begun = siem_exit_guard_begin(caller->exit_guard);
    int status = lua_pcall(L, 1, results, top + 1);
    bool exits = siem_exit_guard_end(caller->exit_guard, begun);
    siem_budget_end(caller->budget, L, status);
    if (exits && status == LUA_OK) {
        lua_settop(L, caller->base);
        return siem_error_set(err, SIEM_REFUSED, "the function called os.exit");
    }
    if (status == LUA_OK) {
        if (results > 0) lua_copy(L, -1, caller->base + 1);
        lua_settop(L, caller->base + results);
        return SIEM_OK;
    }
    siem_code rc = describe_failure(caller, status, err);
    lua_settop(L, caller->base);
    return rc;
}

bool siem_lua_call_hook(siem_lua_caller *caller, const char *name, lua_CFunction function,
                        void *argument) {
    siem_error *failure = &caller->failure;
    if (failure->code != SIEM_OK) return false;
    siem_code rc = siem_lua_call_back(caller, function, argument, 0, failure);
    if (rc == SIEM_OK) return true;
    siem_error_prefix(failure, "%s", name);
    if (rc == SIEM_REFUSED) failure->code = SIEM_INVALID; /* it is not of one event */
    return false;
}

siem_code siem_lua_result(const siem_lua_caller *caller, siem_code rc, siem_error *err) {
    if (caller->failure.code == SIEM_OK || (rc != SIEM_OK && rc != SIEM_CANCELLED)) return rc;
    *err = caller->failure;
    return err->code;
}
