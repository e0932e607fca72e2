/* checkpoint.c: the position of an export that outlives it. */
#include "store/checkpoint.h"
#include "bind/bind.h"

#include <stdlib.h>

typedef struct lua_checkpoint {
    siem_checkpoint *checkpoint; /* NULL: closed */
    siem_lua_use use;
} lua_checkpoint;

siem_checkpoint *siem_lua_check_checkpoint(lua_State *L, int index, siem_lua_use **use) {
    lua_checkpoint *c = luaL_checkudata(L, index, SIEM_LUA_CHECKPOINT);
    siem_lua_check_open(L, c->checkpoint != NULL, SIEM_LUA_CHECKPOINT);
    if (use != NULL) *use = &c->use;
    return c->checkpoint;
}

/* core.checkpoint_open{path=, registry=, mapping=, sink=, rehearse=, sink_name=} -> checkpoint, or
 * nil, message, code; `sink_name` is the kind that a rehearsal has a sink of its own for */
static int checkpoint_open(lua_State *L) {
    siem_error err;
    siem_lua_caller *ignored;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    (void)lua_getfield(L, 1, "registry");
    (void)lua_getfield(L, 1, "mapping");
    (void)lua_getfield(L, 1, "sink");
    siem_checkpoint_options options = {
        .path = siem_lua_option_text(L, 1, "path"),
        .registry = siem_lua_check_registry(L, 2, NULL),
        .format = siem_mapping_name(siem_lua_check_mapping(L, 3, &ignored)),
        .sink = siem_lua_option_text(L, 1, "sink_name"),
        .rehearse = siem_lua_option_flag(L, 1, "rehearse"),
    };
    const siem_sink *sink = siem_lua_check_sink(L, 4, &ignored);
    if (options.sink == NULL) options.sink = siem_sink_name(sink);
    luaL_argcheck(L, options.path != NULL, 1, "path is missing");
    lua_checkpoint *c = lua_newuserdatauv(L, sizeof *c, 1);
    *c = (lua_checkpoint){.checkpoint = NULL};
    luaL_setmetatable(L, SIEM_LUA_CHECKPOINT);
    lua_pushstring(L, options.path);
    lua_setiuservalue(L, -2, 1);
    if (siem_checkpoint_open(&c->checkpoint, &options, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    return 1;
}

/* checkpoint:last_id() -> integer */
static int checkpoint_last_id(lua_State *L) {
    lua_pushinteger(L, siem_checkpoint_last_id(siem_lua_check_checkpoint(L, 1, NULL)));
    return 1;
}

static int checkpoint_describe(lua_State *L) {
    const lua_checkpoint *c = lua_touserdata(L, 1);
    if (c->checkpoint == NULL) return 0;
    lua_getiuservalue(L, 1, 1);
    lua_pushfstring(L, "%s after event %I", lua_tostring(L, -1),
                    (lua_Integer)siem_checkpoint_last_id(c->checkpoint));
    return 1;
}

static int checkpoint_close(lua_State *L) {
    lua_checkpoint *c = luaL_checkudata(L, 1, SIEM_LUA_CHECKPOINT);
    siem_lua_check_unused(L, &c->use, SIEM_LUA_CHECKPOINT);
    siem_checkpoint_close(c->checkpoint);
    c->checkpoint = NULL;
    return 0;
}

/* core.checkpoint_read(path) -> JSON text, or nil, message, code */
static int checkpoint_read(lua_State *L) {
    siem_error err;
    char *json;
    if (siem_checkpoint_read(&json, siem_lua_check_text(L, 1), &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushstring(L, json);
    free(json);
    return 1;
}

/* core.checkpoint_compare(path, registry) -> "continues", "other_file", "ids_back" or
 * "other_event", and except for "other_file" the largest id that the registry gave; or nil,
 * message, code */
static int checkpoint_compare(lua_State *L) {
    static const char *const names[] = {[SIEM_CONTINUES] = "continues",
                                        [SIEM_OTHER_FILE] = "other_file",
                                        [SIEM_IDS_BACK] = "ids_back",
                                        [SIEM_OTHER_EVENT] = "other_event"};
    siem_error err;
    siem_continuity continuity;
    int64_t largest;
    const char *path = siem_lua_check_text(L, 1);
    siem_registry *registry = siem_lua_check_registry(L, 2, NULL);
    siem_lua_reading *reading = siem_lua_begin_reading(L, 2);
    siem_code rc = siem_checkpoint_compare(path, registry, &continuity, &largest, &err);
    if (siem_lua_end_reading(reading, rc, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushstring(L, names[continuity]);
    if (continuity == SIEM_OTHER_FILE) return 1;
    lua_pushinteger(L, largest);
    return 2;
}

/* core.checkpoint_set(path, last_id) -> true, or nil, message, code */
static int checkpoint_set(lua_State *L) {
    siem_error err;
    const char *path = siem_lua_check_text(L, 1);
    lua_Integer last_id = luaL_checkinteger(L, 2);
    luaL_argcheck(L, last_id >= 0, 2, "is negative");
    if (siem_checkpoint_set(path, last_id, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* core.checkpoint_reset(path) -> true, or nil, message, code */
static int checkpoint_reset(lua_State *L) {
    siem_error err;
    if (siem_checkpoint_reset(siem_lua_check_text(L, 1), &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

void siem_lua_bind_checkpoint(lua_State *L) {
    static const luaL_Reg methods[] = {{"last_id", checkpoint_last_id}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"checkpoint_open", checkpoint_open},       {"checkpoint_read", checkpoint_read},
        {"checkpoint_compare", checkpoint_compare}, {"checkpoint_set", checkpoint_set},
        {"checkpoint_reset", checkpoint_reset},     {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_CHECKPOINT, methods, checkpoint_close);
    siem_lua_set_tostring(L, SIEM_LUA_CHECKPOINT, checkpoint_describe);
    luaL_setfuncs(L, functions, 0);
}
