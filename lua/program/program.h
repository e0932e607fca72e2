/* program.h: what belongs to the whole process: the module oversight.program. */
#ifndef SIEM_PROGRAM_H
#define SIEM_PROGRAM_H

#include <lua.h>

/* Opens the module: what is defined here, and in signals.h, restricted.h, streams.h, workers.h and
 * metrics_server.h. Its upvalue is the number of the worker whose state it is, or 0. */
int siem_program_open(lua_State *L);

#endif
