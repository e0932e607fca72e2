/* protection.h: pcall, xpcall and coroutines that let a breach of the budget through.
 *
 * In stock Lua a function that catches errors outlives the one that a budget raises, an error
 * within a hook runs xpcall's handler without hooks, and each coroutine counts its instructions
 * anew. */
#ifndef SIEM_PROTECTION_H
#define SIEM_PROTECTION_H

#include <lua.h>

/* Puts them in the place of the globals of a state that has a budget. */
void siem_protection_install(lua_State *L);

#endif
