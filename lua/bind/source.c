/* source.c: where events come from besides registries, in Lua. */
#include "bind/bind.h"

#define MOST_OPTIONS 64

typedef struct lua_source {
    siem_source *source; /* NULL: closed */
    siem_lua_use use;
} lua_source;

siem_source *siem_lua_check_source(lua_State *L, int index, siem_lua_use **use) {
    lua_source *s = luaL_checkudata(L, index, SIEM_LUA_SOURCE);
    siem_lua_check_open(L, s->source != NULL, SIEM_LUA_SOURCE);
    *use = &s->use;
    return s->source;
}

static int source_close(lua_State *L) {
    lua_source *s = luaL_checkudata(L, 1, SIEM_LUA_SOURCE);
    siem_lua_check_unused(L, &s->use, SIEM_LUA_SOURCE);
    siem_source_close(s->source);
    s->source = NULL;
    return 0;
}

static int source_describe(lua_State *L) {
    const lua_source *s = lua_touserdata(L, 1);
    if (s->source == NULL) return 0;
    lua_getiuservalue(L, 1, 1);
    return 1;
}

static siem_source *check(lua_State *L, siem_lua_use **use) {
    return siem_lua_check_source(L, 1, use);
}

/* source:ask() -> true, or nil, message, code */
static int source_ask(lua_State *L) {
    siem_error err;
    siem_lua_use *use;
    siem_source *source = check(L, &use);
    siem_lua_check_unused(L, use, SIEM_LUA_SOURCE);
    if (siem_source_ask(source, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* What is unknown is omitted. */
static void set_number(lua_State *L, const char *name, int64_t number) {
    if (number < 0) return;
    lua_pushinteger(L, number);
    lua_setfield(L, -2, name);
}

/* source:partitions() -> a list of {partition=, offset=, end_offset=, lag=} */
static int source_partitions(lua_State *L) {
    siem_lua_use *use;
    siem_source *source = check(L, &use);
    const siem_partition *partition;
    lua_newtable(L);
    for (size_t i = 0; (partition = siem_source_partition(source, i)) != NULL; i++) {
        lua_createtable(L, 0, 4);
        set_number(L, "partition", partition->number);
        set_number(L, "offset", partition->offset);
        set_number(L, "end_offset", partition->end);
        set_number(L, "lag", partition->lag);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* core.source_open(kind, {{name, text}, ...}) -> source, or nil, message, code, fault */
static int source_open(lua_State *L) {
    siem_error err;
    siem_option options[MOST_OPTIONS];
    const char *kind = siem_lua_check_text(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Unsigned count = lua_rawlen(L, 2);
    luaL_argcheck(L, count <= MOST_OPTIONS, 2, "has too many options");
    luaL_checkstack(L, 2 * (int)count + 4, NULL);
    lua_source *s = lua_newuserdatauv(L, sizeof *s, 1);
    *s = (lua_source){.source = NULL};
    luaL_setmetatable(L, SIEM_LUA_SOURCE);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    for (lua_Unsigned i = 0; i < count; i++) { /* the texts stay on the stack */
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        lua_remove(L, -3);
        options[i] = (siem_option){siem_lua_check_text(L, -2), siem_lua_check_text(L, -1)};
    }
    siem_code rc = siem_source_open(&s->source, kind, options, (size_t)count, &err);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_settop(L, 3);
    return 1;
}

void siem_lua_bind_source(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"ask", source_ask}, {"partitions", source_partitions}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_SOURCE, methods, source_close);
    siem_lua_set_tostring(L, SIEM_LUA_SOURCE, source_describe);
    lua_pushcfunction(L, source_open);
    lua_setfield(L, -2, "source_open");
}
