/* registry.c: the event source in Lua. */
#include "source/registry.h"
#include "bind/bind.h"
#include "source/identity_file.h"
#include "source/registry_id.h"

#include <time.h>

struct siem_lua_reading {
    siem_lua_use use;
    siem_lua_caller caller;
    int go_on; /* reference of a function that says whether to go on, or LUA_NOREF */
};

typedef struct lua_registry {
    siem_registry *registry; /* NULL: closed */
    siem_lua_reading reading;
} lua_registry;

static lua_registry *check(lua_State *L, int index) {
    lua_registry *r = luaL_checkudata(L, index, SIEM_LUA_REGISTRY);
    siem_lua_check_open(L, r->registry != NULL, SIEM_LUA_REGISTRY);
    return r;
}

siem_registry *siem_lua_check_registry(lua_State *L, int index, siem_lua_use **use) {
    lua_registry *r = check(L, index);
    if (use != NULL) *use = &r->reading.use;
    return r->registry;
}

siem_lua_reading *siem_lua_begin_reading(lua_State *L, int index) {
    siem_lua_reading *reading = &check(L, index)->reading;
    siem_lua_enter(&reading->caller, L, "registry");
    reading->use.count++;
    return reading;
}

siem_code siem_lua_end_reading(siem_lua_reading *reading, siem_code rc, siem_error *err) {
    reading->use.count--;
    siem_lua_leave(&reading->caller);
    return siem_lua_result(&reading->caller, rc, err);
}

typedef struct go_on_call {
    int go_on;
    bool answer;
} go_on_call;

static int invoke_go_on(lua_State *L) {
    go_on_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->go_on);
    lua_call(L, 0, 1);
    call->answer = lua_isnil(L, -1) || lua_toboolean(L, -1);
    return 0;
}

/* Only calls of a registry itself wait long: opening something on it calls no function. */
static bool call_go_on(void *context) {
    siem_lua_reading *reading = context;
    go_on_call call = {.go_on = reading->go_on};
    if (reading->caller.L == NULL) return true;
    return siem_lua_call_hook(&reading->caller, "go_on", invoke_go_on, &call) && call.answer;
}

/* registry:set_go_on(function() -> false to end what reads) */
static int registry_set_go_on(lua_State *L) {
    lua_registry *r = check(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    siem_lua_check_unused(L, &r->reading.use, SIEM_LUA_REGISTRY);
    luaL_unref(L, LUA_REGISTRYINDEX, r->reading.go_on);
    lua_settop(L, 2);
    r->reading.go_on = luaL_ref(L, LUA_REGISTRYINDEX);
    siem_registry_set_go_on(r->registry, call_go_on, &r->reading);
    return 0;
}

static int registry_close(lua_State *L) {
    lua_registry *r = luaL_checkudata(L, 1, SIEM_LUA_REGISTRY);
    siem_lua_check_unused(L, &r->reading.use, SIEM_LUA_REGISTRY);
    siem_registry_close(r->registry);
    r->registry = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, r->reading.go_on);
    r->reading.go_on = LUA_NOREF;
    return 0;
}

static int registry_describe(lua_State *L) {
    const lua_registry *r = lua_touserdata(L, 1);
    if (r->registry == NULL) return 0;
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/* core.registry_id_check(registry_id) -> true, or nil, message, code */
static int registry_id_check(lua_State *L) {
    siem_error err;
    if (siem_registry_id_check(siem_lua_check_text(L, 1), &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* core.registry_identity(path) -> the identity that is kept beside a database, or nil, message,
 * code
 */
static int registry_identity(lua_State *L) {
    siem_error err;
    char identity[SIEM_IDENTITY_SIZE];
    if (siem_identity_file_read(identity, siem_lua_check_text(L, 1), &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushstring(L, identity);
    return 1;
}

/* core.time(text or seconds[, now]) -> seconds, or nil, message, code */
static int read_time(lua_State *L) {
    siem_error err;
    int64_t seconds;
    int is_number = 0;
    if (lua_type(L, 1) == LUA_TNUMBER) seconds = lua_tointegerx(L, 1, &is_number);
    if (!is_number && siem_time_read(&seconds, siem_lua_check_text(L, 1),
                                     luaL_optinteger(L, 2, time(NULL)), &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushinteger(L, seconds);
    return 1;
}

/* A time of the options, as a number or a text. Returns whether there is one. */
static bool read_time_option(lua_State *L, const char *key, int64_t *seconds) {
    lua_pushcfunction(L, read_time);
    lua_pushstring(L, key);
    int type = lua_rawget(L, 1), is_whole = 0;
    bool is_given = type != LUA_TNIL;
    (void)lua_tointegerx(L, -1, &is_whole);
    if (type == LUA_TNUMBER && !is_whole) luaL_error(L, "%s must be a whole number", key);
    if (is_given) {
        lua_call(L, 1, 2);
        if (lua_isnil(L, -2)) luaL_error(L, "%s: %s", key, lua_tostring(L, -1));
        *seconds = lua_tointeger(L, -2);
        lua_pop(L, 1);
    } else {
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return is_given;
}

/* The kinds of the options, a text or a list of them; NULL: none is given. Borrowed: what is on the
 * stack and the table at 1 keep them. */
static const char *const *read_kinds_option(lua_State *L) {
    lua_pushstring(L, "kind");
    int type = lua_rawget(L, 1);
    if (type == LUA_TNIL) return NULL;
    bool is_list = type == LUA_TTABLE;
    lua_Integer count = is_list ? (lua_Integer)lua_rawlen(L, -1) : 1;
    int given = lua_gettop(L);
    const char **kinds = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *kinds, 0);
    for (lua_Integer i = 0; i < count; i++) {
        if (is_list) lua_rawgeti(L, given, i + 1);
        else lua_pushvalue(L, given);
        if (lua_type(L, -1) != LUA_TSTRING) {
            luaL_error(L, "kind must be a string or a list of strings, not a %s",
                       luaL_typename(L, -1));
        }
        kinds[i] = siem_lua_check_text(L, -1);
        lua_pop(L, 1); /* its table keeps it */
    }
    kinds[count] = NULL;
    return kinds;
}

/* core.registry_open{path=, registry_id=, since=, before=, kind=, limit=, busy_timeout_ms=,
 * follow=, by_id=} -> registry, or nil, message, code */
static int registry_open(lua_State *L) {
    siem_error err;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    siem_registry_options options = {
        .path = siem_lua_option_text(L, 1, "path"),
        .registry_id = siem_lua_option_text(L, 1, "registry_id"),
        .limit = siem_lua_option_integer(L, 1, "limit", -1),
        .follow = siem_lua_option_flag(L, 1, "follow"),
        .by_id = siem_lua_option_flag(L, 1, "by_id"),
    };
    int64_t busy_timeout = siem_lua_option_integer(L, 1, "busy_timeout_ms", 0);
    luaL_argcheck(L, busy_timeout >= 0 && busy_timeout <= INT32_MAX, 1,
                  "busy_timeout_ms is out of range");
    options.busy_timeout_ms = (int)busy_timeout;
    options.has_limit = options.limit >= 0;
    luaL_argcheck(L, options.path != NULL, 1, "path is missing");
    luaL_argcheck(L, options.registry_id != NULL, 1, "registry_id is missing");
    options.has_since = read_time_option(L, "since", &options.since);
    options.has_until = read_time_option(L, "before", &options.until);
    options.kinds = read_kinds_option(L);
    lua_registry *r = lua_newuserdatauv(L, sizeof *r, 1);
    *r = (lua_registry){.reading = {.go_on = LUA_NOREF}};
    luaL_setmetatable(L, SIEM_LUA_REGISTRY);
    lua_pushstring(L, options.path);
    lua_setiuservalue(L, -2, 1);
    if (siem_registry_open(&r->registry, &options, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* core.registry_await(path, milliseconds) -> whether a program has opened it: after "idle" */
static int registry_await(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    lua_Integer milliseconds = luaL_checkinteger(L, 2);
    luaL_argcheck(L, milliseconds >= 0 && milliseconds <= INT32_MAX, 2, "is out of range");
    lua_pushboolean(L, siem_registry_await(path, (int)milliseconds));
    return 1;
}

/* The step of registry:events(). A failure is raised: a loop has no place for it. */
static int next_event(lua_State *L) {
    siem_error err;
    siem_event *event, *copy;
    lua_registry *r = check(L, lua_upvalueindex(1));
    siem_lua_check_unused(L, &r->reading.use, SIEM_LUA_REGISTRY);
    siem_lua_reading *reading = siem_lua_begin_reading(L, lua_upvalueindex(1));
    siem_code rc = siem_registry_next(r->registry, &event, &err);
    rc = siem_lua_end_reading(reading, rc, &err);
    if (rc == SIEM_END) return 0;
    if (rc == SIEM_OK) rc = siem_event_copy(&copy, event, &err);
    if (rc != SIEM_OK) return luaL_error(L, "%s", err.message);
    siem_lua_push_event(L, copy);
    return 1;
}

/* registry:events() -> an iterator of events, from the first one on, each of which stays */
static int registry_events(lua_State *L) {
    lua_registry *r = check(L, 1);
    siem_lua_check_unused(L, &r->reading.use, SIEM_LUA_REGISTRY);
    siem_registry_rewind(r->registry);
    lua_settop(L, 1);
    lua_pushcclosure(L, next_event, 1);
    return 1;
}

static int registry_release(lua_State *L) {
    lua_registry *r = check(L, 1);
    siem_lua_check_unused(L, &r->reading.use, SIEM_LUA_REGISTRY);
    siem_registry_release(r->registry);
    return 0;
}

/* registry:seek(id): the next event is the one after `id`, of a registry that is followed */
static int registry_seek(lua_State *L) {
    lua_registry *r = check(L, 1);
    lua_Integer id = luaL_checkinteger(L, 2);
    siem_lua_check_unused(L, &r->reading.use, SIEM_LUA_REGISTRY);
    if (!siem_registry_is_followed(r->registry)) {
        return luaL_error(L, "seek is for a registry that is opened with follow = true");
    }
    siem_registry_seek(r->registry, id);
    return 0;
}

/* registry:wait(milliseconds) -> true when something was committed, false when nothing was; or nil,
 * message, code */
static int registry_wait(lua_State *L) {
    siem_error err;
    lua_registry *r = check(L, 1);
    lua_Integer milliseconds = luaL_checkinteger(L, 2);
    luaL_argcheck(L, milliseconds >= 0 && milliseconds <= INT32_MAX, 2, "is out of range");
    siem_lua_check_unused(L, &r->reading.use, SIEM_LUA_REGISTRY);
    siem_code rc = siem_registry_wait(r->registry, (int)milliseconds, &err);
    if (rc != SIEM_OK && rc != SIEM_END) return siem_lua_fail(L, &err);
    lua_pushboolean(L, rc == SIEM_OK);
    return 1;
}

/* registry:lag(id) -> {events=, seconds=}, or nil, message, code */
static int registry_lag(lua_State *L) {
    siem_error err;
    siem_lag lag;
    lua_registry *r = check(L, 1);
    lua_Integer id = luaL_checkinteger(L, 2);
    siem_lua_check_unused(L, &r->reading.use, SIEM_LUA_REGISTRY);
    siem_lua_reading *reading = siem_lua_begin_reading(L, 1);
    siem_code rc = siem_registry_lag(r->registry, id, &lag, &err);
    rc = siem_lua_end_reading(reading, rc, &err);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, lag.events);
    lua_setfield(L, -2, "events");
    lua_pushnumber(L, lag.seconds);
    lua_setfield(L, -2, "seconds");
    return 1;
}

static void push_ordering(lua_State *L, const siem_ordering *ordering) {
    lua_createtable(L, 0, 8);
    lua_pushboolean(L, ordering->follows);
    lua_setfield(L, -2, "follows");
    lua_pushinteger(L, ordering->count);
    lua_setfield(L, -2, "count");
    if (ordering->count > 0) {
        lua_pushinteger(L, ordering->first_id);
        lua_setfield(L, -2, "first_id");
        lua_pushinteger(L, ordering->last_id);
        lua_setfield(L, -2, "last_id");
    }
    if (!ordering->follows) {
        lua_pushinteger(L, ordering->first_break);
        lua_setfield(L, -2, "first_break");
    }
}

/* registry:ordering() -> {follows=, first_break=, count=, first_id=, last_id=} */
static int registry_ordering(lua_State *L) {
    siem_error err;
    siem_ordering ordering;
    siem_registry *registry = check(L, 1)->registry;
    siem_lua_reading *reading = siem_lua_begin_reading(L, 1);
    siem_code rc = siem_registry_ordering(registry, &ordering, &err);
    rc = siem_lua_end_reading(reading, rc, &err);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    push_ordering(L, &ordering);
    return 1;
}

/* Appends {label=, count=}, with the label on top of the stack, to the list below it. */
static void add_count(lua_State *L, lua_Integer count) {
    lua_createtable(L, 0, 2); /* list, label, entry */
    lua_insert(L, -2);
    lua_setfield(L, -2, "label"); /* list, entry */
    lua_pushinteger(L, count);
    lua_setfield(L, -2, "count");
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

static void push_times(lua_State *L, const siem_survey *survey) {
    if (survey->first.type != SIEM_NULL) {
        siem_lua_push_value(L, &survey->first);
        lua_setfield(L, -2, "first");
        siem_lua_push_value(L, &survey->last);
        lua_setfield(L, -2, "last");
    }
    lua_pushinteger(L, survey->timeless);
    lua_setfield(L, -2, "timeless");
    lua_pushinteger(L, survey->first_timeless);
    lua_setfield(L, -2, "first_timeless");
    lua_pushinteger(L, survey->old);
    lua_setfield(L, -2, "old");
    lua_pushinteger(L, survey->ahead);
    lua_setfield(L, -2, "ahead");
    lua_newtable(L);
    for (size_t i = 0; i < SIEM_DAYS; i++) {
        char day[24];
        if (survey->days[i] == 0) continue;
        (void)siem_iso8601(day, (double)siem_survey_day(i), NULL);
        lua_pushlstring(L, day, sizeof "2026-01-01" - 1);
        add_count(L, survey->days[i]);
    }
    lua_setfield(L, -2, "days");
}

/* Called protected, with the survey as a light userdata: memory can run out. */
static int push_survey(lua_State *L) {
    const siem_survey *survey = lua_touserdata(L, 1);
    push_ordering(L, &survey->ordering);
    push_times(L, survey);
    lua_newtable(L);
    for (size_t i = 0; i < survey->kind_count; i++) {
        siem_lua_push_value(L, &survey->kinds[i].kind);
        add_count(L, survey->kinds[i].count);
    }
    lua_setfield(L, -2, "kinds");
    return 1;
}

/* registry:survey(now) -> a table of counts, or nil, message, code */
static int registry_survey(lua_State *L) {
    siem_error err;
    siem_survey survey;
    siem_registry *registry = check(L, 1)->registry;
    lua_Integer now = luaL_checkinteger(L, 2);
    lua_pushcfunction(L, push_survey);
    lua_pushlightuserdata(L, &survey);
    siem_lua_reading *reading = siem_lua_begin_reading(L, 1);
    siem_code rc = siem_registry_survey(registry, &survey, now, &err);
    rc = siem_lua_end_reading(reading, rc, &err);
    int status = rc == SIEM_OK ? lua_pcall(L, 1, 1, 0) : LUA_OK;
    siem_survey_free(&survey);
    if (status != LUA_OK) return lua_error(L);
    return rc == SIEM_OK ? 1 : siem_lua_fail(L, &err);
}

/* registry:condition() -> the condition of SQL that its events fulfil */
static int registry_condition(lua_State *L) {
    const char *filter = siem_registry_filter(check(L, 1)->registry);
    lua_pushstring(L, filter != NULL ? filter : "1");
    return 1;
}

/* registry:columns() -> a list of names */
static int registry_columns(lua_State *L) {
    const char *const *columns = siem_registry_columns(check(L, 1)->registry);
    lua_newtable(L);
    for (lua_Integer i = 0; columns[i] != NULL; i++) {
        lua_pushstring(L, columns[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* registry:prepare(sql) -> query, or nil, message, code */
static int registry_prepare(lua_State *L) {
    check(L, 1);
    return siem_lua_open_query(L, 1, luaL_checkstring(L, 2));
}

/* registry:query(sql, ...) -> an iterator of rows: row[1], row.name; or nil, message, code */
static int registry_query(lua_State *L) {
    check(L, 1);
    int parameters = lua_gettop(L) - 2;
    int results = siem_lua_open_query(L, 1, luaL_checkstring(L, 2));
    if (results != 1) return results;
    lua_insert(L, 3); /* registry, sql, query, ... */
    lua_getfield(L, 3, "rows");
    lua_insert(L, 3); /* registry, sql, rows, query, ... */
    lua_call(L, parameters + 1, LUA_MULTRET);
    return lua_gettop(L) - 2;
}

void siem_lua_bind_registry(lua_State *L) {
    static const luaL_Reg methods[] = {{"events", registry_events},
                                       {"release", registry_release},
                                       {"seek", registry_seek},
                                       {"wait", registry_wait},
                                       {"lag", registry_lag},
                                       {"ordering", registry_ordering},
                                       {"survey", registry_survey},
                                       {"columns", registry_columns},
                                       {"condition", registry_condition},
                                       {"query", registry_query},
                                       {"prepare", registry_prepare},
                                       {"set_go_on", registry_set_go_on},
                                       {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_REGISTRY, methods, registry_close);
    siem_lua_set_tostring(L, SIEM_LUA_REGISTRY, registry_describe);
    lua_pushcfunction(L, registry_open);
    lua_setfield(L, -2, "registry_open");
    lua_pushcfunction(L, registry_await);
    lua_setfield(L, -2, "registry_await");
    lua_pushcfunction(L, registry_identity);
    lua_setfield(L, -2, "registry_identity");
    lua_pushcfunction(L, registry_id_check);
    lua_setfield(L, -2, "registry_id_check");
    lua_pushcfunction(L, read_time);
    lua_setfield(L, -2, "time");
}
