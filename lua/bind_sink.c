/* bind_sink.c: sinks of the engine, and any Lua table with send and close as one. */
#include "bind.h"
#include "error.h"

#include <string.h>

typedef struct lua_sink {
    siem_sink *sink; /* NULL: closed */
    siem_lua_caller caller;
    int table; /* reference of a sink in Lua, or LUA_NOREF */
} lua_sink;

static lua_sink *check(lua_State *L, int index) {
    lua_sink *s = luaL_checkudata(L, index, SIEM_LUA_SINK);
    siem_lua_check_open(L, s->sink != NULL, SIEM_LUA_SINK);
    return s;
}

siem_sink *siem_lua_check_sink(lua_State *L, int index, siem_lua_caller **caller) {
    lua_sink *s = check(L, index);
    *caller = &s->caller;
    return s->sink;
}

static lua_sink *new_sink(lua_State *L) {
    lua_sink *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (lua_sink){.table = LUA_NOREF};
    luaL_setmetatable(L, SIEM_LUA_SINK);
    return s;
}

/* core.sink_file(path [, truncate]) -> sink, or nil, message, code */
static int sink_file(lua_State *L) {
    siem_error err;
    const char *path = siem_lua_check_text(L, 1);
    bool truncate = lua_toboolean(L, 2);
    lua_sink *s = new_sink(L);
    if (siem_sink_open_file(&s->sink, path, truncate, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    return 1;
}

/* core.sink_stdout() -> sink */
static int sink_stdout(lua_State *L) {
    siem_error err;
    lua_sink *s = new_sink(L);
    if (siem_sink_open_stdout(&s->sink, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* ---- a table as a sink ---- */

typedef struct delivery {
    const lua_sink *sink;
    const siem_batch *batch;
    bool pipe_closed; /* it said so with the code "pipe_closed" */
} delivery;

/* Calls table:send(batch). It fails by raising, or by returning nil or false, a message, and
 * perhaps a code, of which "pipe_closed" counts. */
static int invoke_send(lua_State *L) {
    delivery *d = lua_touserdata(L, 1);
    siem_lua_push_lent_batch(L, d->batch);
    int batch = lua_gettop(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, d->sink->table);
    lua_getfield(L, -1, "send");
    lua_insert(L, -2);
    lua_pushvalue(L, batch);
    lua_call(L, 2, LUA_MULTRET);
    siem_lua_take_back_batch(L, batch);
    const char *code = luaL_optstring(L, batch + 3, "");
    d->pipe_closed = strcmp(code, siem_code_name(SIEM_PIPE_CLOSED)) == 0;
    bool failed = lua_gettop(L) > batch && !lua_toboolean(L, batch + 1);
    if (failed) return luaL_error(L, "the sink: %s", luaL_optstring(L, batch + 2, "refused"));
    return 0;
}

static siem_code send_to_table(void *context, const siem_batch *batch, siem_error *err) {
    lua_sink *s = context;
    delivery d = {s, batch, false};
    siem_code rc = siem_lua_call_back(&s->caller, invoke_send, &d, 0, err);
    /* A sink that fails is no fault of one event. */
    if (rc != SIEM_REFUSED) return rc;
    rc = d.pipe_closed ? SIEM_PIPE_CLOSED : SIEM_IO;
    if (err != NULL) err->code = rc;
    return rc;
}

/* core.sink_table(table) -> sink */
static int sink_table(lua_State *L) {
    siem_error err;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, lua_getfield(L, 1, "send") == LUA_TFUNCTION, 1, "a sink has a function send");
    lua_sink *s = new_sink(L);
    lua_pushvalue(L, 1);
    s->table = luaL_ref(L, LUA_REGISTRYINDEX);
    if (siem_sink_open_function(&s->sink, send_to_table, NULL, s, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    return 1;
}

/* ---- methods ---- */

/* sink:send(batch) -> number of records delivered, or nil, message, code */
static int sink_send(lua_State *L) {
    siem_error err;
    size_t delivered;
    lua_sink *s = check(L, 1);
    siem_lua_use *use;
    const siem_batch *batch = siem_lua_check_batch(L, 2, &use);
    siem_lua_enter(&s->caller, L, "sink");
    use->count++;
    siem_code rc = siem_sink_send(s->sink, batch, &delivered, &err);
    use->count--;
    siem_lua_leave(&s->caller);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushinteger(L, (lua_Integer)delivered);
    return 1;
}

/* Calls table:close(), once, when the table has one. */
static void close_table(lua_State *L, lua_sink *s) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->table);
    luaL_unref(L, LUA_REGISTRYINDEX, s->table);
    s->table = LUA_NOREF;
    if (lua_getfield(L, -1, "close") == LUA_TFUNCTION) {
        lua_insert(L, -2);
        lua_call(L, 1, 0);
    }
}

/* sink:close() -> true, or nil, message, code */
static int sink_close(lua_State *L) {
    siem_error err;
    lua_sink *s = luaL_checkudata(L, 1, SIEM_LUA_SINK);
    if (s->caller.L != NULL) return luaL_error(L, "a sink cannot close itself while it sends");
    siem_sink *sink = s->sink;
    s->sink = NULL;
    siem_code rc = siem_sink_close(sink, &err);
    if (s->table != LUA_NOREF) close_table(L, s);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* A sink that was never closed: a table's own close is for its owner to call, not for the
 * collector, which comes at any time. */
static int sink_gc(lua_State *L) {
    lua_sink *s = luaL_checkudata(L, 1, SIEM_LUA_SINK);
    (void)siem_sink_close(s->sink, NULL);
    s->sink = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, s->table);
    s->table = LUA_NOREF;
    return 0;
}

void siem_lua_bind_sink(lua_State *L) {
    static const luaL_Reg methods[] = {{"send", sink_send}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"sink_file", sink_file},
                                         {"sink_stdout", sink_stdout},
                                         {"sink_table", sink_table},
                                         {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_SINK, methods, sink_close);
    luaL_getmetatable(L, SIEM_LUA_SINK);
    lua_pushcfunction(L, sink_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
