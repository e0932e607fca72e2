/* bind_query.c: rows of a SELECT on a registry. */
#include "bind.h"

typedef struct lua_query {
    siem_query *query; /* NULL: closed */
} lua_query;

static int query_close(lua_State *L) {
    lua_query *q = luaL_checkudata(L, 1, SIEM_LUA_QUERY);
    siem_query_close(q->query);
    q->query = NULL;
    return 0;
}

/* The iterator's step; upvalues: the query, and the registry, which must outlive it. */
static int next_row(lua_State *L) {
    siem_error err;
    lua_query *q = luaL_checkudata(L, lua_upvalueindex(1), SIEM_LUA_QUERY);
    (void)siem_lua_check_registry(L, lua_upvalueindex(2));
    if (q->query == NULL) return 0;
    siem_code rc = siem_query_next(q->query, &err);
    if (rc != SIEM_OK) {
        siem_query_close(q->query);
        q->query = NULL;
        return rc == SIEM_END ? 0 : luaL_error(L, "%s", err.message);
    }
    size_t size = siem_query_size(q->query);
    lua_createtable(L, (int)size, (int)size);
    for (size_t i = 0; i < size; i++) {
        siem_value value = siem_query_at(q->query, i);
        siem_lua_push_value(L, &value);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
        lua_setfield(L, -2, siem_query_name(q->query, i));
    }
    return 1;
}

int siem_lua_open_query(lua_State *L, int index, const char *sql, int first_parameter) {
    siem_error err;
    int last = lua_gettop(L);
    lua_query *q = lua_newuserdatauv(L, sizeof *q, 0);
    q->query = NULL;
    luaL_setmetatable(L, SIEM_LUA_QUERY);
    siem_buffer *json = siem_lua_new_scratch(L);
    siem_code rc = siem_query_open(&q->query, siem_lua_check_registry(L, index), sql, &err);
    for (int i = first_parameter; rc == SIEM_OK && i <= last; i++) {
        siem_value value;
        if (!siem_lua_to_value(L, i, json, &value, &err)) return siem_lua_fail(L, &err);
        rc = siem_query_set(q->query, i - first_parameter + 1, value, &err);
    }
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pop(L, 1); /* the scratch */
    lua_pushvalue(L, index);
    lua_pushcclosure(L, next_row, 2);
    return 1;
}

void siem_lua_bind_query(lua_State *L) {
    static const luaL_Reg methods[] = {{NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_QUERY, methods, query_close);
}
