/* core.h: the Lua module oversight.core, which the program and the library link in. */
#ifndef SIEM_LUA_CORE_H
#define SIEM_LUA_CORE_H

#include <lua.h>

int luaopen_oversight_core(lua_State *L);

#endif
