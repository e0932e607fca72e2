/* signals.h: requests to stop, and to read formats and scripts again. */
#ifndef SIEM_SIGNALS_H
#define SIEM_SIGNALS_H

#include <lua.h>
#include <stdatomic.h>

/* Makes a closed pipe and a file size limit errors of one write, and SIGTERM a request to end
 * between two batches; a second one ends the process, and 15 seconds do. SIGINT ends it at once,
 * until a command asks for such requests. */
void siem_signals_set(void);

/* Ends the process by SIGINT when that was a request to stop. Call it when all is written. */
void siem_signals_end(void);

/* Not 0 after a request to stop. */
const atomic_int *siem_signals_stop(void);

/* Adds to the table on top of the stack:
 *   stop_requested()   true after SIGINT or SIGTERM
 *   handle_interrupt() from here on SIGINT is a request to stop, too
 *   handle_reload()    from here on SIGHUP is counted, and does not end the process
 *   hangups()          how often SIGHUP came
 *   permit_reload()    what was tried can be loaded by all pipelines
 *   reloads()          how often that was permitted */
void siem_signals_bind(lua_State *L);

#endif
