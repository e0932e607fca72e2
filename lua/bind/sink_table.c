/* sink_table.c: sinks that are Lua tables: one that sends by itself, and one that says what a
 * request holds and what an answer means. */
#include "base/error.h"
#include "bind/sink.h"
#include "sink/http/custom.h"
#include "sink/http/header.h"

#include <stdlib.h>
#include <string.h>

typedef struct call {
    const siem_lua_sink *sink;
    const siem_batch *batch;
    siem_outcome *outcomes;
    siem_request *request;
    const siem_response *response;
    siem_answer *answer;
    bool pipe_closed; /* it said so with the code "pipe_closed" */
} call;

/* Pushes table[name] and the table; false, and nothing, without such a function. */
static bool push_method(lua_State *L, const siem_lua_sink *sink, const char *name) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, sink->table);
    if (lua_getfield(L, -1, name) == LUA_TFUNCTION) {
        lua_insert(L, -2);
        return true;
    }
    lua_pop(L, 2);
    return false;
}

/* Pushes the batch, filled until `take_back`. Returns its index. */
static int lend(lua_State *L, const call *c) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->sink->batch);
    siem_lua_lend_batch(L, -1, c->batch);
    return lua_gettop(L);
}

/* Whatever came of the call: a script that kept the batch finds it closed. */
static void take_back(const siem_lua_sink *sink) {
    lua_State *L = sink->caller.L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, sink->batch);
    siem_lua_lend_batch(L, -1, NULL);
    lua_pop(L, 1);
}

/* Pushes a sink that keeps the table at index 1. */
static siem_lua_sink *new_table_sink(lua_State *L) {
    siem_lua_sink *s = siem_lua_new_sink(L);
    lua_pushvalue(L, 1);
    s->table = luaL_ref(L, LUA_REGISTRYINDEX);
    siem_lua_push_lent_batch(L);
    s->batch = luaL_ref(L, LUA_REGISTRYINDEX);
    return s;
}

/* ---- outcomes ---- */

/* The text at `index`, or what is given for nil. Borrowed from Lua. */
static const char *check_reason(lua_State *L, int index, const char *absent) {
    if (lua_isnoneornil(L, index)) return absent;
    if (lua_type(L, index) != LUA_TSTRING) {
        luaL_error(L, "the sink: a reason is a string, not a %s", luaL_typename(L, index));
    }
    return lua_tostring(L, index);
}

/* Reads one outcome at the top of the stack: a verdict, or {verdict, reason}. `reason` is borrowed
 * from Lua. */
static siem_verdict check_outcome(lua_State *L, const char **reason) {
    *reason = NULL;
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, 2);
        *reason = check_reason(L, -1, NULL);
        lua_pop(L, 1);
        lua_rawgeti(L, -1, 1);
        lua_remove(L, -2);
    }
    const char *name = lua_tostring(L, -1);
    siem_verdict verdict = name != NULL ? siem_lua_verdict(name) : SIEM_UNDECIDED;
    if (verdict == SIEM_UNDECIDED) {
        luaL_error(L, "an outcome is delivered, retry, reject or hold, not %s",
                   luaL_tolstring(L, -1, NULL));
    }
    return verdict;
}

/* The list at the top has an outcome for each record. */
static void check_count(lua_State *L, size_t count) {
    if (lua_rawlen(L, -1) == count) return;
    luaL_error(L, "the sink gives %d outcome(s) for %d record(s)", (int)lua_rawlen(L, -1),
               (int)count);
}

/* ---- a table that sends ---- */

static void read_outcomes(lua_State *L, call *c, int list) {
    lua_pushvalue(L, list);
    check_count(L, siem_batch_size(c->batch));
    for (size_t i = 0; i < siem_batch_size(c->batch); i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        c->outcomes[i].verdict = check_outcome(L, &c->outcomes[i].reason);
        lua_pop(L, 1); /* the list keeps the reason, and the stack the list until the copy */
    }
}

/* Raises why the results of send above `batch` are neither true nor a list of outcomes. */
static int fail_send(lua_State *L, int batch) {
    bool failed = lua_isnoneornil(L, batch + 1) || !lua_toboolean(L, batch + 1);
    const char *message = failed ? check_reason(L, batch + 2, NULL) : NULL;
    if (message != NULL) return luaL_error(L, "the sink: %s", message);
    const char *type = luaL_typename(L, batch + 1);
    if (lua_gettop(L) == batch) type = "nothing";
    else if (lua_isboolean(L, batch + 1)) type = "false";
    return luaL_error(L,
                      "the sink: send returned %s: it returns true, a list of outcomes, or nil and "
                      "a message",
                      type);
}

/* Calls table:send(batch). It fails by raising, or by returning nil or false, a message, and
 * perhaps a code, of which "pipe_closed" counts. A list gives the outcome of each record. */
static int invoke_send(lua_State *L) {
    call *c = lua_touserdata(L, 1);
    int batch = lend(L, c);
    if (!push_method(L, c->sink, "send")) return luaL_error(L, "the sink: send is gone");
    lua_pushvalue(L, batch);
    lua_call(L, 2, LUA_MULTRET);
    if (lua_istable(L, batch + 1)) {
        lua_settop(L, batch + 1);
        read_outcomes(L, c, batch + 1);
        lua_settop(L, batch + 1);
        return 1;
    }
    const char *code = check_reason(L, batch + 3, "");
    c->pipe_closed = strcmp(code, siem_code_name(SIEM_PIPE_CLOSED)) == 0;
    bool is_true = lua_isboolean(L, batch + 1) && lua_toboolean(L, batch + 1);
    if (!is_true) return fail_send(L, batch);
    lua_pushnil(L);
    return 1;
}

static siem_code send_to_table(void *context, const siem_batch *batch, siem_outcome *outcomes,
                               siem_error *err) {
    siem_lua_sink *s = context;
    call c = {.sink = s, .batch = batch, .outcomes = outcomes};
    /* The result, the list, stays in its slot until the next callback: so do the reasons. */
    siem_code rc = siem_lua_call_back(&s->caller, invoke_send, &c, 1, err);
    take_back(s);
    /* A sink that fails is not the fault of one event. */
    if (rc != SIEM_REFUSED) return rc;
    rc = c.pipe_closed ? SIEM_PIPE_CLOSED : SIEM_IO;
    if (err != NULL) err->code = rc;
    return rc;
}

int siem_lua_sink_table(lua_State *L) {
    siem_error err;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, lua_getfield(L, 1, "send") == LUA_TFUNCTION, 1, "a sink has a function send");
    siem_lua_sink *s = new_table_sink(L);
    if (siem_sink_open_function(&s->sink, send_to_table, NULL, s, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    return 1;
}

/* ---- a table that says what to send ---- */

/* Pushes the header of the name and the value at the top. Errors: SIEM_INVALID. */
static siem_code push_header(lua_State *L, siem_error *err) {
    lua_pushvalue(L, -2);
    lua_pushliteral(L, ": ");
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -3)) {
        lua_pop(L, 1);
        return siem_error_set(err, SIEM_INVALID, "headers are names and texts");
    }
    if (lua_type(L, -3) == LUA_TNUMBER) siem_lua_push_number_text(L, -3);
    else lua_pushvalue(L, -3);
    lua_concat(L, 3);
    size_t size;
    const char *header = lua_tolstring(L, -1, &size);
    if (strlen(header) == size) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID, "a header holds a NUL character");
}

/* Adds the headers of the table at the top. */
static void add_headers(lua_State *L, siem_request *request) {
    siem_error err;
    int headers = lua_gettop(L);
    if (!lua_istable(L, headers)) {
        luaL_error(L, "headers returned %s, not a table of headers", luaL_typename(L, headers));
    }
    for (lua_pushnil(L); lua_next(L, headers) != 0; lua_pop(L, 2)) {
        siem_code rc = push_header(L, &err);
        if (rc == SIEM_OK) rc = siem_header_add(request, lua_tostring(L, -1), &err);
        if (rc != SIEM_OK) luaL_error(L, "%s", err.message);
    }
}

/* Checks the headers of the sink at index 1; those that a function makes, when they are added. */
static siem_code check_headers(lua_State *L, siem_error *err) {
    siem_code rc = SIEM_OK;
    int top = lua_gettop(L);
    bool is_table = lua_getfield(L, 1, "headers") == LUA_TTABLE;
    for (lua_pushnil(L); is_table && rc == SIEM_OK && lua_next(L, top + 1) != 0; lua_pop(L, 2)) {
        rc = push_header(L, err);
        if (rc == SIEM_OK) rc = siem_header_check(lua_tostring(L, -1), err);
    }
    lua_settop(L, top);
    return rc;
}

/* Calls table:headers(batch), or takes the table headers; calls table:body(batch). */
static int invoke_write(lua_State *L) {
    call *c = lua_touserdata(L, 1);
    int batch = lend(L, c);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->sink->table);
    int type = lua_getfield(L, -1, "headers");
    if (type == LUA_TFUNCTION) {
        lua_insert(L, -2);
        lua_pushvalue(L, batch);
        lua_call(L, 2, 1);
    }
    if (type != LUA_TNIL) add_headers(L, c->request);
    if (push_method(L, c->sink, "body")) {
        size_t size;
        lua_pushvalue(L, batch);
        lua_call(L, 2, 1);
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "the sink: body must give a string");
        const char *body = lua_tolstring(L, -1, &size);
        siem_buffer_add(&c->request->content, body, size);
        siem_request_use_content(c->request);
    }
    return 0;
}

static siem_code write_custom(void *context, const siem_batch *batch, siem_request *request,
                              siem_error *err) {
    siem_lua_sink *s = context;
    call c = {.sink = s, .batch = batch, .request = request};
    siem_code rc = siem_lua_call_back(&s->caller, invoke_write, &c, 0, err);
    take_back(s);
    if (rc != SIEM_REFUSED) return rc;
    if (err != NULL) err->code = SIEM_HELD;
    return SIEM_HELD;
}

static void push_response(lua_State *L, const siem_response *response) {
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, response->status);
    lua_setfield(L, -2, "status");
    lua_pushlstring(L, response->body.bytes, response->body.size);
    lua_setfield(L, -2, "body");
    if (response->retry_after >= 0) {
        lua_pushnumber(L, response->retry_after);
        lua_setfield(L, -2, "retry_after");
    }
}

static void apply_list(lua_State *L, siem_answer *answer) {
    int list = lua_gettop(L);
    const char *reason;
    check_count(L, answer->count);
    answer->is_itemwise = true;
    for (size_t i = 0; i < answer->count; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        siem_verdict verdict = check_outcome(L, &reason);
        siem_answer_one(answer, i, verdict, answer->http_status, "%s",
                        reason != NULL ? reason : "the sink gave no reason");
        lua_settop(L, list);
    }
}

/* Calls table:outcome(response): a verdict or "split", with a reason; or a list, one a record.
 * Nil leaves what the HTTP status says. */
static int invoke_read(lua_State *L) {
    call *c = lua_touserdata(L, 1);
    if (!push_method(L, c->sink, "outcome")) return 0;
    push_response(L, c->response);
    lua_call(L, 2, 2);
    const char *reason = check_reason(L, -1, "the sink gave no reason");
    lua_pushvalue(L, -2);
    if (lua_isnil(L, -1)) return 0;
    c->answer->next = SIEM_TAKE_OUTCOMES;
    if (lua_istable(L, -1)) {
        apply_list(L, c->answer);
        return 0;
    }
    if (lua_isstring(L, -1) && strcmp(lua_tostring(L, -1), "split") == 0) {
        siem_answer_halve(c->answer, "%s", reason);
        return 0;
    }
    const char *ignored;
    siem_verdict verdict = check_outcome(L, &ignored);
    siem_answer_all(c->answer, verdict, "%s", reason);
    return 0;
}

static siem_code read_custom(void *context, const siem_response *response, siem_answer *answer,
                             siem_error *err) {
    siem_lua_sink *s = context;
    call c = {.sink = s, .response = response, .answer = answer};
    return siem_lua_call_back(&s->caller, invoke_read, &c, 0, err);
}

int siem_lua_sink_transport_options(lua_State *L) {
    siem_lua_push_kind_options(L, &siem_kind_custom);
    return 1;
}

int siem_lua_sink_transport(lua_State *L) {
    siem_error err;
    size_t count;
    luaL_checktype(L, 1, LUA_TTABLE);
    const siem_option *options = siem_lua_check_options(L, 2, &count);
    if (check_headers(L, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    siem_lua_sink *s = new_table_sink(L);
    siem_custom custom = {s, write_custom, read_custom};
    if (siem_sink_open_custom(&s->sink, &custom, options, count, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    return 1;
}
