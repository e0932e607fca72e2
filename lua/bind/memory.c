/* memory.c: the state's allocator for the engine's buffers. */
#include "bind/memory.h"

#include <lauxlib.h>

#define SCRATCH "oversight.scratch"

typedef struct lua_scratch {
    siem_buffer buffer;
    siem_lua_memory memory;
} lua_scratch;

static void *resize(siem_allocator *self, void *block, size_t had, size_t size) {
    void *context;
    lua_State *L = ((siem_lua_memory *)self)->L;
    lua_Alloc allocate = lua_getallocf(L, &context);
    void *moved = allocate(context, block, block != NULL ? had : 0, size);
    if (moved != NULL || size == 0) return moved;
    lua_gc(L, LUA_GCCOLLECT);
    return allocate(context, block, block != NULL ? had : 0, size);
}

/* The main thread stays as long as the state does. */
void siem_lua_memory_open(siem_lua_memory *memory, lua_State *L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    *memory = (siem_lua_memory){{resize}, lua_tothread(L, -1)};
    lua_pop(L, 1);
}

static int close_scratch(lua_State *L) {
    lua_scratch *scratch = luaL_checkudata(L, 1, SCRATCH);
    siem_buffer_free(&scratch->buffer);
    return 0;
}

siem_buffer *siem_lua_new_scratch(lua_State *L) {
    lua_scratch *scratch = lua_newuserdatauv(L, sizeof *scratch, 0);
    *scratch = (lua_scratch){.buffer = {0}};
    siem_lua_memory_open(&scratch->memory, L);
    scratch->buffer.allocator = &scratch->memory.allocator;
    if (luaL_newmetatable(L, SCRATCH)) {
        lua_pushcfunction(L, close_scratch);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, close_scratch);
        lua_setfield(L, -2, "__close");
    }
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    return &scratch->buffer;
}
