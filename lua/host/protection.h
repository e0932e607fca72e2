/* protection.h: pcall, xpcall and coroutines that let a breach of the budget through.
 *
 * In stock Lua a function that catches errors survives the one that a budget raises, an error
 * within a hook runs xpcall's handler without hooks, and each coroutine counts its instructions
 * from 0. */
#ifndef SIEM_PROTECTION_H
#define SIEM_PROTECTION_H

#include <lua.h>

/* Replaces the globals of a state that has a budget by them. */
void siem_protection_install(lua_State *L);

#endif
