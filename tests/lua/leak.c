/* leak.c: a module for stock Lua that leaks. That it fails shows that those of the tests do not. */
#include <lua.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

static void *volatile block;

EXPORT int luaopen_leak(lua_State *L);

EXPORT int luaopen_leak(lua_State *L) {
    block = malloc(4321);
    block = NULL;
    lua_pushboolean(L, 1);
    return 1;
}
