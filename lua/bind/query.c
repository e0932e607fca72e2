/* query.c: rows of a SELECT on a registry. */
#include "bind/bind.h"

/* User values of a query. */
enum { REGISTRY = 1, SQL, USER_VALUES = SQL };

typedef struct lua_query {
    siem_query *query; /* NULL: closed */
    bool is_stepping;
} lua_query;

/* Raises when a function that the query's own step calls would change it. */
static void check_still(lua_State *L, const lua_query *q) {
    if (q->is_stepping) luaL_error(L, "this query is in use: a function of its registry calls it");
}

static int query_close(lua_State *L) {
    lua_query *q = luaL_checkudata(L, 1, SIEM_LUA_QUERY);
    check_still(L, q);
    siem_query_close(q->query);
    q->query = NULL;
    return 0;
}

static int query_describe(lua_State *L) {
    const lua_query *q = lua_touserdata(L, 1);
    if (q->query == NULL) return 0;
    lua_getiuservalue(L, 1, SQL);
    return 1;
}

/* The query at `index`, with its registry still open. */
static lua_query *check(lua_State *L, int index) {
    lua_query *q = luaL_checkudata(L, index, SIEM_LUA_QUERY);
    siem_lua_check_open(L, q->query != NULL, SIEM_LUA_QUERY);
    lua_getiuservalue(L, index, REGISTRY);
    (void)siem_lua_check_registry(L, -1, NULL);
    lua_pop(L, 1);
    return q;
}

/* The next row of the query at `index`; the registry's go_on function may end it. */
static siem_code next_row(lua_State *L, int index, lua_query *q, siem_error *err) {
    lua_getiuservalue(L, index, REGISTRY);
    siem_lua_reading *reading = siem_lua_begin_reading(L, -1);
    q->is_stepping = true;
    siem_code rc = siem_query_next(q->query, err);
    q->is_stepping = false;
    rc = siem_lua_end_reading(reading, rc, err);
    lua_pop(L, 1);
    return rc;
}

/* Pushes the row as a table: row[1], row.name. */
static void push_row(lua_State *L, const siem_query *query) {
    size_t size = siem_query_size(query);
    lua_createtable(L, (int)size, (int)size);
    for (size_t i = 0; i < size; i++) {
        siem_value value = siem_query_at(query, i);
        siem_lua_push_value(L, &value);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
        lua_setfield(L, -2, siem_query_name(query, i));
    }
}

/* Sets the query's parameters to the values from `first` on. Leaves a scratch on the stack. */
static siem_code set_parameters(lua_State *L, siem_query *query, int first, siem_error *err) {
    int last = lua_gettop(L);
    siem_buffer *json = siem_lua_new_scratch(L);
    siem_code rc = SIEM_OK;
    for (int i = first; rc == SIEM_OK && i <= last; i++) {
        siem_value value;
        if (!siem_lua_to_value(L, i, json, &value, err)) return err->code;
        rc = siem_query_set(query, i - first + 1, value, err);
    }
    return rc;
}

/* The iterator's step; its upvalue is the query. A failure is raised. */
static int iterate(lua_State *L) {
    siem_error err;
    lua_query *q = check(L, lua_upvalueindex(1));
    siem_code rc = next_row(L, lua_upvalueindex(1), q, &err);
    if (rc == SIEM_END) return 0;
    if (rc != SIEM_OK) return luaL_error(L, "%s", err.message);
    push_row(L, q->query);
    return 1;
}

/* query:rows(...) -> an iterator of rows, or nil, message, code */
static int query_rows(lua_State *L) {
    siem_error err;
    lua_query *q = check(L, 1);
    check_still(L, q);
    siem_query_reset(q->query);
    if (set_parameters(L, q->query, 2, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, iterate, 1);
    return 1;
}

/* query:first(...) -> the first row or nil, and nothing is held open; a failure is raised */
static int query_first(lua_State *L) {
    siem_error err;
    lua_query *q = check(L, 1);
    check_still(L, q);
    siem_query_reset(q->query);
    siem_code rc = set_parameters(L, q->query, 2, &err);
    if (rc == SIEM_OK) rc = next_row(L, 1, q, &err);
    if (rc == SIEM_OK) push_row(L, q->query);
    siem_query_reset(q->query);
    if (rc != SIEM_OK && rc != SIEM_END) return luaL_error(L, "%s", err.message);
    return rc == SIEM_OK ? 1 : 0;
}

/* query:parameters() -> how many it has */
static int query_parameters(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)siem_query_parameters(check(L, 1)->query));
    return 1;
}

int siem_lua_open_query(lua_State *L, int index, const char *sql) {
    siem_error err;
    siem_registry *registry = siem_lua_check_registry(L, index, NULL);
    lua_query *q = lua_newuserdatauv(L, sizeof *q, USER_VALUES);
    *q = (lua_query){.query = NULL};
    luaL_setmetatable(L, SIEM_LUA_QUERY);
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, REGISTRY);
    lua_pushstring(L, sql);
    lua_setiuservalue(L, -2, SQL);
    if (siem_query_open(&q->query, registry, sql, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

void siem_lua_bind_query(lua_State *L) {
    static const luaL_Reg methods[] = {{"rows", query_rows},
                                       {"first", query_first},
                                       {"parameters", query_parameters},
                                       {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_QUERY, methods, query_close);
    siem_lua_set_tostring(L, SIEM_LUA_QUERY, query_describe);
}
