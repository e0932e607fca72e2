/* export.c: the loop from registry to sink, run by the engine. */
#include "base/error.h"
#include "bind/bind.h"
#include "bind/twin.h"
#include "export/turn.h"
#include "record/mapping.h"

#include <oversight/counters.h>
#include <string.h>

/* User values of an export: what the engine's export points to must outlive it. */
enum { MAPPING = 1, SINK, DEADLETTER, CHECKPOINT, TLOG, DIGEST, USER_VALUES = DIGEST, REGISTRY };

typedef struct lua_export {
    siem_export *export_;          /* NULL: closed */
    siem_lua_caller caller, *sink; /* the second is the sink's, during a call */
    int progress, notice;          /* references of functions, or LUA_NOREF */
    siem_lua_use *registry;        /* that it keeps from turn to turn; or NULL */
    siem_lua_recipe recipe;        /* of the mapping, for twins */
} lua_export;

static lua_export *check(lua_State *L, int index) {
    lua_export *e = luaL_checkudata(L, index, SIEM_LUA_EXPORT);
    siem_lua_check_open(L, e->export_ != NULL, SIEM_LUA_EXPORT);
    return e;
}

/* Keeps the registry at `index` open from one turn to the next; 0: releases it. */
static void keep_registry(lua_State *L, lua_export *e, int index, siem_lua_use *use) {
    if (use != NULL) use->count++;
    if (e->registry != NULL) e->registry->count--;
    e->registry = use;
    if (index != 0) lua_pushvalue(L, index);
    else lua_pushnil(L);
    lua_setiuservalue(L, 1, REGISTRY);
}

static int export_close(lua_State *L) {
    lua_export *e = luaL_checkudata(L, 1, SIEM_LUA_EXPORT);
    if (e->caller.L != NULL) return luaL_error(L, "an export cannot be closed while it runs");
    siem_export_close(e->export_);
    e->export_ = NULL;
    keep_registry(L, e, 0, NULL);
    luaL_unref(L, LUA_REGISTRYINDEX, e->progress);
    luaL_unref(L, LUA_REGISTRYINDEX, e->notice);
    e->progress = e->notice = LUA_NOREF;
    return 0;
}

/* Pushes how many batches were in flight for at most so long: a list of {seconds, count}. */
static void push_latency(lua_State *L, const siem_counts *counts) {
    static const double bounds[] = SIEM_LATENCY_BOUNDS;
    lua_createtable(L, SIEM_LATENCY_COUNT, 0);
    for (int i = 0; i < SIEM_LATENCY_COUNT; i++) {
        lua_createtable(L, 2, 0);
        lua_pushnumber(L, bounds[i]);
        lua_rawseti(L, -2, 1);
        lua_pushinteger(L, (lua_Integer)counts->latency[i]);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, i + 1);
    }
}

static void push_counts(lua_State *L, const siem_counts *counts) {
    const siem_counter *counter;
    lua_newtable(L);
    for (size_t i = 0; (counter = siem_counter_at(i)) != NULL; i++) {
        siem_value value = siem_counter_value(i, counts);
        siem_lua_push_value(L, &value);
        lua_setfield(L, -2, counter->name);
    }
    push_latency(L, counts);
    lua_setfield(L, -2, "latency");
}

static void set_text(lua_State *L, const char *key, const char *text) {
    lua_pushstring(L, text); /* NULL is nil */
    lua_setfield(L, -2, key);
}

/* core.counters() -> a list of {name=, metric=, kind=, unit=, help=, summary=, part_of=} */
static int counters(lua_State *L) {
    const siem_counter *counter;
    lua_newtable(L);
    for (size_t i = 0; (counter = siem_counter_at(i)) != NULL; i++) {
        lua_createtable(L, 0, 7);
        set_text(L, "name", counter->name);
        set_text(L, "metric", counter->metric);
        set_text(L, "kind", counter->kind == SIEM_GAUGE ? "gauge" : "counter");
        set_text(L, "unit", counter->unit);
        set_text(L, "help", counter->help);
        set_text(L, "summary", counter->summary);
        set_text(L, "part_of", counter->part_of);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

typedef struct report {
    int progress;
    const siem_counts *counts;
    bool go_on;
} report;

/* Calls progress(counts). Only false stops the export. */
static int invoke_progress(lua_State *L) {
    report *r = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->progress);
    push_counts(L, r->counts);
    lua_call(L, 1, 1);
    r->go_on = lua_isnil(L, -1) || lua_toboolean(L, -1);
    return 0;
}

/* After a hook has failed, of the export or of its sink, the answer is no. */
static bool call_progress(void *context, const siem_counts *counts) {
    lua_export *e = context;
    report r = {e->progress, counts, true};
    if (e->caller.failure.code != SIEM_OK || e->sink->failure.code != SIEM_OK) return false;
    if (e->progress == LUA_NOREF) return true;
    return siem_lua_call_hook(&e->caller, "progress", invoke_progress, &r) && r.go_on;
}

typedef struct notice_call {
    int notice;
    const char *text;
} notice_call;

static int invoke_notice(lua_State *L) {
    const notice_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->notice);
    lua_pushstring(L, call->text);
    lua_call(L, 1, 0);
    return 0;
}

static void call_notice(void *context, const char *text) {
    lua_export *e = context;
    notice_call call = {e->notice, text};
    (void)siem_lua_call_hook(&e->caller, "notice", invoke_notice, &call);
}

static siem_code open_twin(void *context, siem_mapping **mapping, void **owner, siem_error *err) {
    const lua_export *e = context;
    siem_lua_twin *twin;
    siem_code rc = siem_lua_twin_open(&twin, e->caller.L, &e->recipe, err);
    if (rc != SIEM_OK) return rc;
    *mapping = siem_lua_twin_mapping(twin);
    *owner = twin;
    return SIEM_OK;
}

static void close_twin(void *context, siem_mapping *mapping, void *owner) {
    (void)context, (void)mapping;
    siem_lua_twin_close(owner);
}

/* Lets several threads call the functions of the mapping at index 3, when that was asked for, or
 * its recipe says that they may. */
static siem_code choose_twins(lua_State *L, lua_export *e, siem_export_options *options,
                              siem_error *err) {
    e->recipe = siem_lua_mapping_recipe(L, 3);
    bool is_wanted = options->jobs > 1 || (options->jobs == 0 && e->recipe.is_parallel);
    if (!is_wanted || siem_mapping_is_shareable(options->mapping)) return SIEM_OK;
    if (e->recipe.text == NULL) {
        return siem_error_of_option(err, SIEM_INVALID, "jobs", "jobs is 1 for %s: %s",
                                    e->recipe.name, e->recipe.obstacle);
    }
    options->open_mapping = open_twin;
    options->close_mapping = close_twin;
    options->mapping_context = e;
    return SIEM_OK;
}

static siem_on_error read_on_error(lua_State *L) {
    static const char *const names[] = {"stop", "skip", "dead-letter", NULL};
    const char *name = siem_lua_option_text(L, 1, "on_error");
    for (int i = 0; name != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) return (siem_on_error)i;
    }
    if (name != NULL) luaL_error(L, "on_error must be stop, skip or dead-letter, not %s", name);
    return SIEM_STOP_ON_ERROR;
}

static siem_on_unverified read_on_unverified(lua_State *L) {
    static const char *const names[] = {"export", "stop", "refuse", NULL};
    const char *name = siem_lua_option_text(L, 1, "on_unverified");
    for (int i = 0; name != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) return (siem_on_unverified)i;
    }
    if (name != NULL) luaL_error(L, "on_unverified must be export, stop or refuse, not %s", name);
    return SIEM_EXPORT_UNVERIFIED;
}

/* A reference of the function that option `name` is, or LUA_NOREF. */
static int refer_to_function(lua_State *L, const char *name) {
    int type = lua_getfield(L, 1, name);
    if (type == LUA_TFUNCTION) return luaL_ref(L, LUA_REGISTRYINDEX);
    if (type != LUA_TNIL) luaL_error(L, "%s must be a function", name);
    lua_pop(L, 1);
    return LUA_NOREF;
}

/* core.export_open{mapping=, sink=, on_error=, deadletter=, checkpoint=, after=, batch_bytes=,
 * jobs=, tlog=, on_unverified=, digest=, progress=, notice=} -> export */
static int export_open(lua_State *L) {
    siem_error err;
    siem_lua_caller *ignored;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_export *e = lua_newuserdatauv(L, sizeof *e, REGISTRY);
    *e = (lua_export){.progress = LUA_NOREF, .notice = LUA_NOREF};
    luaL_setmetatable(L, SIEM_LUA_EXPORT);
    static const char *const keys[] = {"mapping",    "sink", "deadletter",
                                       "checkpoint", "tlog", "digest"};
    for (int i = 0; i < USER_VALUES; i++) {
        lua_getfield(L, 1, keys[i]);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 2, i + 1);
    } /* options, export, mapping, sink, deadletter, checkpoint, tlog, digest */
    e->progress = refer_to_function(L, "progress");
    e->notice = refer_to_function(L, "notice");
    int64_t batch_bytes = siem_lua_option_integer(L, 1, "batch_bytes", 0);
    luaL_argcheck(L, batch_bytes >= 0 && batch_bytes <= 1 << 30, 1, "batch_bytes is out of range");
    int64_t jobs = siem_lua_option_integer(L, 1, "jobs", 0);
    luaL_argcheck(L, jobs >= 0 && jobs <= INT32_MAX, 1, "jobs is out of range");
    siem_export_options options = {
        .mapping = siem_lua_check_mapping(L, 3, &ignored),
        .sink = siem_lua_check_sink(L, 4, &ignored),
        .on_error = read_on_error(L),
        .deadletter = lua_isnil(L, 5) ? NULL : siem_lua_check_deadletter(L, 5, NULL),
        .checkpoint = lua_isnil(L, 6) ? NULL : siem_lua_check_checkpoint(L, 6, NULL),
        .tlog = lua_isnil(L, 7) ? NULL : siem_lua_check_tlog(L, 7, NULL),
        .digest = lua_isnil(L, 8) ? NULL : siem_lua_check_digest(L, 8, NULL),
        .on_unverified = read_on_unverified(L),
        .after = siem_lua_option_integer(L, 1, "after", 0),
        .batch_bytes = (size_t)batch_bytes,
        .jobs = (size_t)jobs,
        .progress = call_progress,
        .progress_context = e,
        .notice = e->notice == LUA_NOREF ? NULL : call_notice,
        .notice_context = e,
    };
    siem_code rc = choose_twins(L, e, &options, &err);
    if (rc == SIEM_OK) rc = siem_export_open(&e->export_, &options, &err);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_settop(L, 2);
    return 1;
}

/* The nouns that a call of an export brings in; all of them must still be open. */
typedef struct session {
    lua_export *export_;
    siem_lua_caller *mapping, *sink;
    siem_lua_use *deadletter, *checkpoint, *tlog, *digest; /* NULL: there is none */
    siem_lua_use *source;                                  /* of the registry or event; or NULL */
} session;

static session begin(lua_State *L, siem_lua_use *source) {
    session s = {.export_ = check(L, 1), .source = source};
    lua_getiuservalue(L, 1, DEADLETTER);
    if (!lua_isnil(L, -1)) (void)siem_lua_check_deadletter(L, -1, &s.deadletter);
    lua_getiuservalue(L, 1, CHECKPOINT);
    if (!lua_isnil(L, -1)) (void)siem_lua_check_checkpoint(L, -1, &s.checkpoint);
    lua_getiuservalue(L, 1, TLOG);
    if (!lua_isnil(L, -1)) (void)siem_lua_check_tlog(L, -1, &s.tlog);
    lua_getiuservalue(L, 1, DIGEST);
    if (!lua_isnil(L, -1)) (void)siem_lua_check_digest(L, -1, &s.digest);
    lua_getiuservalue(L, 1, MAPPING);
    (void)siem_lua_check_mapping(L, -1, &s.mapping);
    lua_getiuservalue(L, 1, SINK);
    (void)siem_lua_check_sink(L, -1, &s.sink);
    lua_pop(L, USER_VALUES);
    if (s.mapping->L != NULL || s.sink->L != NULL) {
        luaL_error(L, "this export's mapping or sink is in use by a call further out");
    }
    siem_lua_enter(&s.export_->caller, L, "export");
    siem_lua_enter(s.mapping, L, "mapping");
    siem_lua_enter(s.sink, L, "sink");
    s.export_->sink = s.sink;
    if (s.deadletter != NULL) s.deadletter->count++;
    if (s.checkpoint != NULL) s.checkpoint->count++;
    if (s.tlog != NULL) s.tlog->count++;
    if (s.digest != NULL) s.digest->count++;
    if (s.source != NULL) s.source->count++;
    return s;
}

static int end(lua_State *L, const session *s, siem_code rc, siem_error *err) {
    if (s->source != NULL) s->source->count--;
    if (s->digest != NULL) s->digest->count--;
    if (s->tlog != NULL) s->tlog->count--;
    if (s->checkpoint != NULL) s->checkpoint->count--;
    if (s->deadletter != NULL) s->deadletter->count--;
    rc = siem_lua_result(&s->export_->caller, rc, err);
    rc = siem_lua_result(s->sink, rc, err);
    siem_lua_leave(s->sink);
    siem_lua_leave(s->mapping);
    siem_lua_leave(&s->export_->caller);
    if (rc != SIEM_OK) return siem_lua_fail(L, err);
    lua_pushboolean(L, true);
    return 1;
}

/* export:send(event) -> true, or nil, message, code */
static int export_send(lua_State *L) {
    siem_error err;
    siem_lua_use *use;
    siem_event *event = siem_lua_check_event(L, 2, &use);
    session s = begin(L, use);
    siem_code rc = siem_export_send(s.export_->export_, event, &err);
    return end(L, &s, rc, &err);
}

static int run_on(lua_State *L, siem_code (*run)(siem_export *, siem_registry *, siem_error *)) {
    siem_error err;
    siem_lua_use *use;
    siem_registry *registry = siem_lua_check_registry(L, 2, &use);
    siem_lua_check_unused(L, use, SIEM_LUA_REGISTRY);
    session s = begin(L, use);
    siem_code rc = run(s.export_->export_, registry, &err);
    return end(L, &s, rc, &err);
}

/* export:run(registry) -> true, or nil, message, code */
static int export_run(lua_State *L) {
    return run_on(L, siem_export_run);
}

/* export:follow(registry) -> nil, message, code */
static int export_follow(lua_State *L) {
    return run_on(L, siem_export_follow);
}

static int read_source(lua_State *L,
                       siem_code (*read)(siem_export *, siem_source *, siem_error *)) {
    siem_error err;
    siem_lua_use *use;
    siem_source *source = siem_lua_check_source(L, 2, &use);
    siem_lua_check_unused(L, use, SIEM_LUA_SOURCE);
    session s = begin(L, use);
    siem_code rc = read(s.export_->export_, source, &err);
    return end(L, &s, rc, &err);
}

/* export:consume(source) -> nil, message, code */
static int export_consume(lua_State *L) {
    return read_source(L, siem_export_consume);
}

/* export:drain(source) -> true, or nil, message, code */
static int export_drain(lua_State *L) {
    return read_source(L, siem_export_drain);
}

/* export:finish() -> true, or nil, message, code */
static int export_finish(lua_State *L) {
    siem_error err;
    session s = begin(L, NULL);
    siem_code rc = siem_export_finish(s.export_->export_, &err);
    return end(L, &s, rc, &err);
}

/* core.export_turn(export, registry, most) -> whether there is more, or nil, message, code, and
 * whether that is the registry's fault */
static int export_turn(lua_State *L) {
    siem_error err;
    siem_lua_use *use;
    siem_turn turn = {0};
    siem_registry *registry = siem_lua_check_registry(L, 2, &use);
    lua_Integer most = luaL_checkinteger(L, 3);
    luaL_argcheck(L, most >= 1, 3, "must be 1 or more");
    session s = begin(L, use);
    siem_code rc = SIEM_OK;
    if (s.export_->registry != NULL && s.export_->registry != use) {
        rc = siem_error_set(&err, SIEM_INVALID, "this export has turns of another registry");
    } else {
        rc = siem_export_turn(s.export_->export_, registry, (uint64_t)most, &turn, &err);
        keep_registry(L, s.export_, rc == SIEM_OK ? 2 : 0, rc == SIEM_OK ? use : NULL);
    }
    int results = end(L, &s, rc, &err);
    if (results == 1) {
        lua_pushboolean(L, turn.has_more);
        return 1;
    }
    lua_settop(L, lua_gettop(L) - results + 3); /* nil, message, code */
    lua_pushboolean(L, turn.is_registrys_fault);
    return 4;
}

/* core.export_tend(export) -> true, or nil, message, code */
static int export_tend(lua_State *L) {
    siem_error err;
    session s = begin(L, NULL);
    siem_code rc = siem_export_tend(s.export_->export_, &err);
    if (rc != SIEM_OK) keep_registry(L, s.export_, 0, NULL);
    return end(L, &s, rc, &err);
}

/* core.export_stop(export) -> true, or nil, message, code */
static int export_stop(lua_State *L) {
    siem_error err;
    session s = begin(L, NULL);
    siem_code rc = siem_export_stop(s.export_->export_, &err);
    keep_registry(L, s.export_, 0, NULL);
    return end(L, &s, rc, &err);
}

static int export_counts(lua_State *L) {
    push_counts(L, siem_export_counts(check(L, 1)->export_));
    return 1;
}

/* export:reasons() -> why events were refused */
static int export_reasons(lua_State *L) {
    siem_lua_push_reasons(L, check(L, 1)->export_);
    return 1;
}

static int export_describe(lua_State *L) {
    const lua_export *e = lua_touserdata(L, 1);
    if (e->export_ == NULL) return 0;
    lua_pushfstring(L, "of %I event(s)", (lua_Integer)siem_export_counts(e->export_)->exported);
    return 1;
}

/* core.no_counts() -> the counts of an export that has not begun */
static int no_counts(lua_State *L) {
    push_counts(L, &(siem_counts){0});
    return 1;
}

void siem_lua_bind_export(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"send", export_send},       {"run", export_run},         {"follow", export_follow},
        {"consume", export_consume}, {"drain", export_drain},     {"finish", export_finish},
        {"counts", export_counts},   {"reasons", export_reasons}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_EXPORT, methods, export_close);
    siem_lua_set_tostring(L, SIEM_LUA_EXPORT, export_describe);
    lua_pushcfunction(L, export_open);
    lua_setfield(L, -2, "export_open");
    lua_pushcfunction(L, export_turn);
    lua_setfield(L, -2, "export_turn");
    lua_pushcfunction(L, export_tend);
    lua_setfield(L, -2, "export_tend");
    lua_pushcfunction(L, export_stop);
    lua_setfield(L, -2, "export_stop");
    lua_pushcfunction(L, no_counts);
    lua_setfield(L, -2, "no_counts");
    lua_pushcfunction(L, counters);
    lua_setfield(L, -2, "counters");
}
