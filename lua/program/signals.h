/* signals.h: requests to stop, and to read formats and scripts again. */
#ifndef SIEM_SIGNALS_H
#define SIEM_SIGNALS_H

#include <lua.h>
#include <stdatomic.h>

/* Makes a closed pipe and a file size limit errors of one write, and SIGINT and SIGTERM requests to
 * end between two batches; a second one ends the process, and 15 seconds do. */
void siem_signals_set(void);

/* Not 0 after a request to stop. */
const atomic_int *siem_signals_stop(void);

/* Adds to the table on top of the stack:
 *   stop_requested()   true after SIGINT or SIGTERM
 *   handle_reload()    from here on SIGHUP is counted, and does not end the process
 *   hangups()          how often SIGHUP came
 *   permit_reload()    what was tried can be loaded by all pipelines
 *   reloads()          how often that was permitted */
void siem_signals_bind(lua_State *L);

#endif
