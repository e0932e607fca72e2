/* batch.c: records that wait for a sink. */
#include "bind/bind.h"

typedef struct lua_batch {
    siem_batch *batch; /* NULL: closed, or lent and taken back */
    bool owned;
    siem_lua_use use;
} lua_batch;

static lua_batch *new_batch(lua_State *L) {
    lua_batch *b = lua_newuserdatauv(L, sizeof *b, 0);
    *b = (lua_batch){.batch = NULL};
    luaL_setmetatable(L, SIEM_LUA_BATCH);
    return b;
}

siem_batch *siem_lua_check_batch(lua_State *L, int index, siem_lua_use **use) {
    lua_batch *b = luaL_checkudata(L, index, SIEM_LUA_BATCH);
    siem_lua_check_open(L, b->batch != NULL, SIEM_LUA_BATCH);
    if (use != NULL) *use = &b->use;
    return b->batch;
}

/* A batch to change: not one that a sink was lent, nor one that a call is reading or writing. */
static siem_batch *check_own(lua_State *L, int index) {
    siem_batch *batch = siem_lua_check_batch(L, index, NULL);
    lua_batch *b = lua_touserdata(L, index);
    siem_lua_check_unused(L, &b->use, SIEM_LUA_BATCH);
    luaL_argcheck(L, b->owned, index, "a sink cannot change the batch it is given");
    return batch;
}

void siem_lua_push_lent_batch(lua_State *L) {
    (void)new_batch(L);
}

void siem_lua_lend_batch(lua_State *L, int index, const siem_batch *batch) {
    /* Only read: check_own guards the rest. */
    ((lua_batch *)lua_touserdata(L, index))->batch = (siem_batch *)batch;
}

static int batch_close(lua_State *L) {
    lua_batch *b = luaL_checkudata(L, 1, SIEM_LUA_BATCH);
    siem_lua_check_unused(L, &b->use, SIEM_LUA_BATCH);
    if (b->owned) siem_batch_close(b->batch);
    b->batch = NULL;
    return 0;
}

/* core.batch_open() -> batch */
static int batch_open(lua_State *L) {
    siem_error err;
    lua_batch *b = new_batch(L);
    if (siem_batch_open(&b->batch, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    b->owned = true;
    return 1;
}

/* batch:write(mapping, event) -> true, or nil, message, code */
static int batch_write(lua_State *L) {
    siem_error err;
    siem_lua_caller *caller;
    siem_batch *batch = check_own(L, 1);
    siem_mapping *mapping = siem_lua_check_mapping(L, 2, &caller);
    siem_lua_use *event_use, *batch_use = &((lua_batch *)lua_touserdata(L, 1))->use;
    siem_event *event = siem_lua_check_event(L, 3, &event_use);
    siem_lua_enter(caller, L, "mapping");
    event_use->count++;
    batch_use->count++;
    siem_code rc = siem_batch_write(batch, mapping, event, NULL, &err);
    batch_use->count--;
    event_use->count--;
    siem_lua_leave(caller);
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* batch:add(record, event_id, registry_id [, part]) -> true, or nil, message, code */
static int batch_add(lua_State *L) {
    siem_error err;
    size_t size;
    siem_batch *batch = check_own(L, 1);
    const char *record = luaL_checklstring(L, 2, &size);
    const char *event_id = siem_lua_check_text(L, 3), *registry_id = siem_lua_check_text(L, 4);
    lua_Integer part = luaL_optinteger(L, 5, 0);
    luaL_argcheck(L, part >= 0 && part <= INT32_MAX, 5, "is out of range");
    if (siem_batch_add(batch, record, size, event_id, registry_id, (unsigned)part, &err) !=
        SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* batch:bytes() -> all lines */
static int batch_bytes(lua_State *L) {
    size_t size;
    const char *bytes = siem_batch_bytes(siem_lua_check_batch(L, 1, NULL), &size);
    lua_pushlstring(L, bytes, size);
    return 1;
}

static int push_record(lua_State *L, const siem_batch *batch, lua_Integer index) {
    size_t size;
    const char *record = index > 0 ? siem_batch_at(batch, (size_t)index - 1, &size) : NULL;
    if (record == NULL) return 0;
    lua_pushlstring(L, record, size);
    lua_pushstring(L, siem_batch_event_id(batch, (size_t)index - 1));
    return 2;
}

/* batch:at(index) -> record, event_id, or nothing beyond the last */
static int batch_at(lua_State *L) {
    return push_record(L, siem_lua_check_batch(L, 1, NULL), luaL_checkinteger(L, 2));
}

static int next_record(lua_State *L) {
    lua_Integer index = luaL_checkinteger(L, 2);
    luaL_argcheck(L, index < LUA_MAXINTEGER, 2, "out of range");
    index++;
    lua_pushinteger(L, index);
    int pushed = push_record(L, siem_lua_check_batch(L, 1, NULL), index);
    return pushed == 0 ? 0 : 1 + pushed;
}

/* batch:records() -> an iterator of index, record, event_id */
static int batch_records(lua_State *L) {
    siem_lua_check_batch(L, 1, NULL);
    lua_pushcfunction(L, next_record);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int batch_size(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)siem_batch_size(siem_lua_check_batch(L, 1, NULL)));
    return 1;
}

static int batch_describe(lua_State *L) {
    const lua_batch *b = lua_touserdata(L, 1);
    if (b->batch == NULL) return 0;
    lua_pushfstring(L, "of %I record(s)", (lua_Integer)siem_batch_size(b->batch));
    return 1;
}

static int batch_clear(lua_State *L) {
    siem_batch_clear(check_own(L, 1));
    return 0;
}

void siem_lua_bind_batch(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"write", batch_write},     {"add", batch_add},   {"bytes", batch_bytes}, {"at", batch_at},
        {"records", batch_records}, {"size", batch_size}, {"clear", batch_clear}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_BATCH, methods, batch_close);
    siem_lua_set_tostring(L, SIEM_LUA_BATCH, batch_describe);
    luaL_getmetatable(L, SIEM_LUA_BATCH);
    lua_pushcfunction(L, batch_size);
    lua_setfield(L, -2, "__len");
    lua_pop(L, 1);
    lua_pushcfunction(L, batch_open);
    lua_setfield(L, -2, "batch_open");
}
