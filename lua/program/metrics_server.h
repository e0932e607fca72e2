/* metrics_server.h: the numbers of the program over HTTP, for a monitor that polls them. */
#ifndef SIEM_METRICS_SERVER_H
#define SIEM_METRICS_SERVER_H

#include <lua.h>

/* Adds to the table on top of the stack:
 *   listen(address, port)   answers GET /metrics from here on, in a thread of its own -> true, or
 *                           nil, message. The address is a number; port 0 takes a free one
 *   serve(text)             what is answered
 *   listening()             the port, or nil */
void siem_metrics_server_bind(lua_State *L);

#endif
