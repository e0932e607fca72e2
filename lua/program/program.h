/* program.h: what belongs to the whole process: the module oversight.program. */
#ifndef SIEM_PROGRAM_H
#define SIEM_PROGRAM_H

#include <lua.h>

/* Makes a closed pipe and a file size limit errors of one write, and SIGINT and SIGTERM requests to
 * end between two batches; a second one ends the process, and 15 seconds do. */
void siem_program_set_signals(void);

/* Opens the module: what is defined here, in streams.h, in workers.h and in metrics_server.h. Its
 * upvalue is the number of the worker whose state it is, or 0. */
int siem_program_open(lua_State *L);

#endif
