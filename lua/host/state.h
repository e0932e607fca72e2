/* state.h: a Lua state as the program and the library use it. */
#ifndef SIEM_STATE_H
#define SIEM_STATE_H

#include <lua.h>
#include <oversight/siem.h>

/* Makes a state with Lua's libraries, oversight.core, and a search path of absolute folders:
 * $OVERSIGHT_LUA_PATH (folders between ":"), /etc/oversight/lua, the installed files, and last the
 * embedded ones. Text only: a compiled chunk is refused. LUA_PATH and LUA_CPATH are not read.
 * Errors: SIEM_NOT_FOUND for a folder of $OVERSIGHT_LUA_PATH that does not exist, SIEM_NO_MEMORY.
 */
siem_code siem_state_open(lua_State **out, siem_error *err);

void siem_state_close(lua_State *L);

/* Gives a host's state the modules of the library that it cannot find by itself: oversight.core,
 * and the embedded files after everything else on its search path. Raises Lua errors. */
void siem_state_add_modules(lua_State *L);

/* Calls the function below its arguments; an error becomes a message with a traceback.
 * Errors: SIEM_INVALID. */
siem_code siem_state_call(lua_State *L, int arguments, int results, siem_error *err);

#endif
