/* memory.h: memory of the engine that Lua pays for: it comes from the state's own allocator,
 * so that limits on the state hold for it. */
#ifndef SIEM_BIND_MEMORY_H
#define SIEM_BIND_MEMORY_H

#include "base/buffer.h"

#include <lua.h>

/* An allocator for buffers that a userdata holds. Garbage is collected before it gives up. */
typedef struct siem_lua_memory {
    siem_allocator allocator;
    lua_State *L;
} siem_lua_memory;

void siem_lua_memory_open(siem_lua_memory *memory, lua_State *L);

/* A buffer for a C function's own use, left on the stack. It is freed when the function returns,
 * and when an error passes over it: it never waits for the collector. It is not to be popped
 * before, as lua_settop of Lua 5.4.4 sets a wrong top when closing a slot moves the stack.
 */
siem_buffer *siem_lua_new_scratch(lua_State *L);

#endif
