/* program.h: what only a whole process can offer to Lua: the module oversight.program. */
#ifndef SIEM_PROGRAM_H
#define SIEM_PROGRAM_H

#include <lua.h>

/* Makes a closed pipe and a file size limit errors of one write, and SIGINT and SIGTERM requests to
 * end between two batches; a second one ends the process. */
void siem_program_set_signals(void);

/* Says where the arguments of the process lie, which Lua has copies of: hide overwrites them. */
void siem_program_set_arguments(int count, char **arguments);

/* Opens the module: stop_requested, restricted, report, hide. */
int siem_program_open(lua_State *L);

#endif
