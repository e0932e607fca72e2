/* sink.c: the sinks of the engine. */
#include "bind/sink.h"

#include "sink/sink.h"

#include <stdlib.h>
#include <string.h>

static siem_lua_sink *check(lua_State *L, int index) {
    siem_lua_sink *s = luaL_checkudata(L, index, SIEM_LUA_SINK);
    siem_lua_check_open(L, s->sink != NULL, SIEM_LUA_SINK);
    return s;
}

siem_sink *siem_lua_check_sink(lua_State *L, int index, siem_lua_caller **caller) {
    siem_lua_sink *s = check(L, index);
    *caller = &s->caller;
    return s->sink;
}

siem_lua_sink *siem_lua_new_sink(lua_State *L) {
    siem_lua_sink *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (siem_lua_sink){.table = LUA_NOREF,
                         .batch = LUA_NOREF,
                         .preview = LUA_NOREF,
                         .go_on = LUA_NOREF,
                         .notice = LUA_NOREF};
    luaL_setmetatable(L, SIEM_LUA_SINK);
    return s;
}

/* core.sink_file(path [, truncate]) -> sink, or nil, message, code */
static int sink_file(lua_State *L) {
    siem_error err;
    const char *path = siem_lua_check_text(L, 1);
    bool truncate = lua_toboolean(L, 2);
    siem_lua_sink *s = siem_lua_new_sink(L);
    if (siem_sink_open_file(&s->sink, path, truncate, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    return 1;
}

/* core.sink_stdout() -> sink */
static int sink_stdout(lua_State *L) {
    siem_error err;
    siem_lua_sink *s = siem_lua_new_sink(L);
    if (siem_sink_open_stdout(&s->sink, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* ---- kinds ---- */

static const char *check_text_of_top(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, -1, &size);
    if (strlen(text) != size) luaL_error(L, "an option holds a NUL character");
    return text;
}

const siem_option *siem_lua_check_options(lua_State *L, int index, size_t *count) {
    luaL_checktype(L, index, LUA_TTABLE);
    *count = siem_lua_list_size(L, index);
    siem_option *options = lua_newuserdatauv(L, (*count + 1) * sizeof *options, 0);
    for (size_t i = 0; i < *count; i++) {
        (void)lua_rawgeti(L, index, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        (void)lua_rawgeti(L, -1, 1);
        options[i].name = check_text_of_top(L);
        lua_pop(L, 1);
        (void)lua_rawgeti(L, -1, 2);
        options[i].value = check_text_of_top(L);
        lua_pop(L, 2);
    }
    return options;
}

/* core.sink_open(kind, {{name, value}, ...}) -> sink, or nil, message, code, fault */
static int sink_open(lua_State *L) {
    siem_error err;
    size_t count;
    const char *kind = siem_lua_check_text(L, 1);
    const siem_option *options = siem_lua_check_options(L, 2, &count);
    siem_lua_sink *s = siem_lua_new_sink(L);
    if (siem_sink_open(&s->sink, kind, options, count, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    return 1;
}

static void set_text(lua_State *L, const char *key, const char *text) {
    lua_pushstring(L, text); /* NULL is nil */
    lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool flag) {
    lua_pushboolean(L, flag);
    lua_setfield(L, -2, key);
}

static const char *const option_kinds[] = {"text",   "texts",   "secret", "flag",
                                           "choice", "integer", "bytes",  "seconds"};

/* Whole numbers as integers. */
static void set_number(lua_State *L, const char *key, double number) {
    lua_Integer whole;
    if (lua_numbertointeger(number, &whole) && (double)whole == number) lua_pushinteger(L, whole);
    else lua_pushnumber(L, number);
    lua_setfield(L, -2, key);
}

static void push_option(lua_State *L, const siem_sink_option *option) {
    bool is_number = option->most > 0;
    lua_createtable(L, 0, 8);
    set_text(L, "name", option->name);
    set_text(L, "kind", option_kinds[option->kind]);
    set_text(L, "value", option->value);
    set_text(L, "help", option->help);
    set_text(L, "default", option->fallback[0] != '\0' ? option->fallback : NULL);
    if (is_number) set_number(L, "least", option->least);
    if (is_number) set_number(L, "most", option->most);
    set_flag(L, "required", option->required);
    set_flag(L, "secret", option->secret);
}

void siem_lua_push_kind_options(lua_State *L, const siem_sink_kind *kind) {
    siem_sink_option option;
    lua_newtable(L);
    for (size_t i = 0; siem_sink_kind_option(kind, i, &option); i++) {
        push_option(L, &option);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Pushes a table of what a kind is and can do. */
static void push_kind(lua_State *L, const siem_sink_kind *kind) {
    lua_createtable(L, 0, 8);
    set_text(L, "name", kind->name);
    set_text(L, "summary", kind->summary);
    set_text(L, "format", kind->format);
    set_text(L, "retired", kind->retired);
    set_text(L, "from_format", kind->from_format);
    set_flag(L, "takes_urls", kind->takes_urls);
    set_flag(L, "counts", kind->can & SIEM_COUNTS);
    siem_lua_push_kind_options(L, kind);
    lua_setfield(L, -2, "options");
}

/* core.sink_kinds() -> a list of {name=, summary=, ..., options={{name=, ...}}} */
static int sink_kinds(lua_State *L) {
    const siem_sink_kind *kind;
    lua_newtable(L);
    for (size_t i = 0; (kind = siem_sink_kind_at(i)) != NULL; i++) {
        push_kind(L, kind);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- methods ---- */

static const char *const verdicts[] = {"undecided", "delivered", "retry", "reject", "hold"};

const char *siem_lua_verdict_name(siem_verdict verdict) {
    return verdicts[verdict];
}

siem_verdict siem_lua_verdict(const char *name) {
    for (size_t i = 1; i < sizeof verdicts / sizeof *verdicts; i++) {
        if (strcmp(verdicts[i], name) == 0) return (siem_verdict)i;
    }
    return SIEM_UNDECIDED;
}

/* Pushes how many records are delivered, and a list of what became of each. */
static int push_outcomes(lua_State *L, const siem_outcome *outcomes, size_t count) {
    lua_Integer delivered = 0;
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        const siem_outcome *o = &outcomes[i];
        delivered += o->verdict == SIEM_DELIVERED;
        lua_createtable(L, 0, 4);
        set_text(L, "verdict", siem_lua_verdict_name(o->verdict));
        set_text(L, "reason", o->reason);
        if (o->http_status != 0) lua_pushinteger(L, o->http_status), lua_setfield(L, -2, "status");
        if (o->code > 0) lua_pushinteger(L, o->code), lua_setfield(L, -2, "code");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, delivered);
    lua_insert(L, -2);
    return 2;
}

/* sink:send(batch) -> number of records delivered, and an outcome of each; or nil, message, code
 * and the outcomes */
static int sink_send(lua_State *L) {
    siem_error err;
    siem_lua_sink *s = check(L, 1);
    siem_lua_use *use;
    const siem_batch *batch = siem_lua_check_batch(L, 2, &use);
    size_t count = siem_batch_size(batch);
    siem_outcome *outcomes = lua_newuserdatauv(L, (count + 1) * sizeof *outcomes, 0);
    siem_lua_enter(&s->caller, L, "sink");
    use->count++;
    siem_code rc = siem_sink_send(s->sink, batch, outcomes, &err);
    use->count--;
    rc = siem_lua_result(&s->caller, rc, &err);
    siem_lua_leave(&s->caller);
    if (rc == SIEM_OK || rc == SIEM_REFUSED) return push_outcomes(L, outcomes, count);
    lua_pop(L, siem_lua_fail(L, &err) - 3); /* the outcomes say which events are at fault */
    (void)push_outcomes(L, outcomes, count);
    lua_remove(L, -2); /* their number */
    return 4;
}

/* sink:ping() -> what the target said, or nil, message, code */
static int sink_ping(lua_State *L) {
    siem_error err;
    char answer[200];
    siem_lua_sink *s = check(L, 1);
    siem_lua_enter(&s->caller, L, "sink");
    siem_code rc = siem_sink_ping(s->sink, answer, &err);
    rc = siem_lua_result(&s->caller, rc, &err);
    siem_lua_leave(&s->caller);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushstring(L, answer);
    return 1;
}

/* Texts of the list at `index`, which keeps them alive; in a userdata on top of the stack. */
static const char **check_texts(lua_State *L, int index, size_t *count) {
    luaL_checktype(L, index, LUA_TTABLE);
    *count = siem_lua_list_size(L, index);
    const char **texts = lua_newuserdatauv(L, (*count + 1) * sizeof *texts, 0);
    for (size_t i = 0; i < *count; i++) {
        /* A number would be converted on the stack alone, and its text lost with it. */
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING) {
            luaL_error(L, "item %d is not a string", (int)i + 1);
        }
        texts[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return texts;
}

/* sink:count(registry_id, event_ids) -> a list of integers, or nil, message, code */
static int sink_count(lua_State *L) {
    siem_error err;
    size_t size;
    siem_lua_sink *s = check(L, 1);
    const char *registry_id = siem_lua_check_text(L, 2);
    const char *const *event_ids = check_texts(L, 3, &size);
    unsigned *counts = lua_newuserdatauv(L, (size + 1) * sizeof *counts, 0);
    siem_lua_enter(&s->caller, L, "sink");
    siem_code rc = siem_sink_count(s->sink, registry_id, event_ids, size, counts, &err);
    rc = siem_lua_result(&s->caller, rc, &err);
    siem_lua_leave(&s->caller);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_createtable(L, (int)size, 0);
    for (size_t i = 0; i < size; i++) {
        lua_pushinteger(L, counts[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

typedef struct go_on_call {
    const siem_lua_sink *sink;
    bool go_on;
} go_on_call;

static int invoke_go_on(lua_State *L) {
    go_on_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->sink->go_on);
    lua_call(L, 0, 1);
    call->go_on = lua_isnil(L, -1) || lua_toboolean(L, -1);
    return 0;
}

/* After a hook has failed, the answer is no. */
static bool call_go_on(void *context) {
    siem_lua_sink *s = context;
    go_on_call call = {s, true};
    if (s->go_on == LUA_NOREF) return s->caller.failure.code == SIEM_OK;
    return siem_lua_call_hook(&s->caller, "go_on", invoke_go_on, &call) && call.go_on;
}

/* sink:set_go_on(function() -> false to end what waits) */
static int sink_set_go_on(lua_State *L) {
    siem_lua_sink *s = check(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    luaL_unref(L, LUA_REGISTRYINDEX, s->go_on);
    lua_settop(L, 2);
    s->go_on = luaL_ref(L, LUA_REGISTRYINDEX);
    siem_sink_set_go_on(s->sink, call_go_on, s);
    return 0;
}

typedef struct preview_call {
    const siem_lua_sink *sink;
    const char *text;
    size_t size;
} preview_call;

static int invoke_preview(lua_State *L) {
    const preview_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->sink->preview);
    lua_pushlstring(L, call->text, call->size);
    lua_call(L, 1, 0);
    return 0;
}

static void call_preview(void *context, const char *text, size_t size) {
    siem_lua_sink *s = context;
    preview_call call = {s, text, size};
    (void)siem_lua_call_hook(&s->caller, "preview", invoke_preview, &call);
}

/* sink:preview(function(request)) -> true, or nil, message, code */
static int sink_preview(lua_State *L) {
    siem_error err;
    siem_lua_sink *s = check(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (siem_sink_set_preview(s->sink, call_preview, s, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    luaL_unref(L, LUA_REGISTRYINDEX, s->preview);
    lua_settop(L, 2);
    s->preview = luaL_ref(L, LUA_REGISTRYINDEX);
    siem_sink_set_go_on(s->sink, call_go_on, s);
    lua_pushboolean(L, true);
    return 1;
}

typedef struct notice_call {
    const siem_lua_sink *sink;
    const char *text;
} notice_call;

static int invoke_notice(lua_State *L) {
    const notice_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->sink->notice);
    lua_pushstring(L, call->text);
    lua_call(L, 1, 0);
    return 0;
}

static void call_notice(void *context, const char *text) {
    siem_lua_sink *s = context;
    notice_call call = {s, text};
    (void)siem_lua_call_hook(&s->caller, "notice", invoke_notice, &call);
}

/* sink:set_notice(function(text)) */
static int sink_set_notice(lua_State *L) {
    siem_lua_sink *s = check(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    luaL_unref(L, LUA_REGISTRYINDEX, s->notice);
    lua_settop(L, 2);
    s->notice = luaL_ref(L, LUA_REGISTRYINDEX);
    siem_sink_set_notice(s->sink, call_notice, s);
    siem_sink_set_go_on(s->sink, call_go_on, s);
    return 0;
}

/* sink:target() -> where it delivers, or nil, and what became of the file there when it began */
static int sink_target(lua_State *L) {
    const siem_sink *sink = check(L, 1)->sink;
    lua_pushstring(L, siem_sink_target(sink)); /* NULL is nil */
    lua_pushstring(L, siem_sink_beginning(sink));
    return 2;
}

/* Of all but the table, which may still have to be closed. */
static void forget_references(lua_State *L, siem_lua_sink *s) {
    luaL_unref(L, LUA_REGISTRYINDEX, s->batch);
    luaL_unref(L, LUA_REGISTRYINDEX, s->preview);
    luaL_unref(L, LUA_REGISTRYINDEX, s->go_on);
    luaL_unref(L, LUA_REGISTRYINDEX, s->notice);
    s->batch = s->preview = s->go_on = s->notice = LUA_NOREF;
}

static int sink_describe(lua_State *L) {
    const siem_lua_sink *s = lua_touserdata(L, 1);
    if (s->sink == NULL) return 0;
    const char *target = siem_sink_target(s->sink);
    if (target == NULL) lua_pushstring(L, siem_sink_name(s->sink));
    else lua_pushfstring(L, "%s at %s", siem_sink_name(s->sink), target);
    return 1;
}

/* Calls table:close(), when the table has one. It fails by raising, or with nil or false and a
 * message. */
static int invoke_close(lua_State *L) {
    const siem_lua_sink *s = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->table);
    if (lua_getfield(L, -1, "close") != LUA_TFUNCTION) return 0;
    lua_insert(L, -2);
    lua_call(L, 1, 2);
    bool failed = !lua_toboolean(L, -2) && (lua_isboolean(L, -2) || !lua_isnil(L, -1));
    if (!failed) return 0;
    const char *message = lua_tostring(L, -1);
    return luaL_error(L, "the sink: close: %s", message != NULL ? message : "it returned false");
}

/* Once. */
static siem_code close_table(lua_State *L, siem_lua_sink *s, siem_error *err) {
    siem_lua_enter(&s->caller, L, "sink");
    siem_code rc = siem_lua_call_back(&s->caller, invoke_close, s, 0, err);
    siem_lua_leave(&s->caller);
    luaL_unref(L, LUA_REGISTRYINDEX, s->table);
    s->table = LUA_NOREF;
    if (rc == SIEM_REFUSED) rc = err->code = SIEM_IO; /* no event is at fault */
    return rc;
}

/* sink:close() -> true, or nil, message, code */
static int sink_close(lua_State *L) {
    siem_error err, late;
    siem_lua_sink *s = luaL_checkudata(L, 1, SIEM_LUA_SINK);
    if (s->caller.L != NULL) return luaL_error(L, "a sink cannot close itself while it sends");
    siem_code rc = siem_sink_close(s->sink, &err);
    if (rc == SIEM_INVALID) return siem_lua_fail(L, &err); /* still open */
    s->sink = NULL;
    forget_references(L, s);
    if (s->table != LUA_NOREF && close_table(L, s, &late) != SIEM_OK && rc == SIEM_OK) {
        return siem_lua_fail(L, &late);
    }
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* A sink that was never closed: a table's own close is for its owner to call, not for the
 * collector, which comes at any time. */
static int sink_gc(lua_State *L) {
    siem_lua_sink *s = luaL_checkudata(L, 1, SIEM_LUA_SINK);
    (void)siem_sink_close(s->sink, NULL);
    s->sink = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, s->table);
    s->table = LUA_NOREF;
    forget_references(L, s);
    return 0;
}

void siem_lua_bind_sink(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"send", sink_send},           {"ping", sink_ping},
        {"count", sink_count},         {"preview", sink_preview},
        {"set_go_on", sink_set_go_on}, {"set_notice", sink_set_notice},
        {"target", sink_target},       {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"sink_file", sink_file},
        {"sink_stdout", sink_stdout},
        {"sink_open", sink_open},
        {"sink_kinds", sink_kinds},
        {"sink_table", siem_lua_sink_table},
        {"sink_transport", siem_lua_sink_transport},
        {"sink_transport_options", siem_lua_sink_transport_options},
        {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_SINK, methods, sink_close);
    siem_lua_set_tostring(L, SIEM_LUA_SINK, sink_describe);
    luaL_getmetatable(L, SIEM_LUA_SINK);
    lua_pushcfunction(L, sink_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
