/* restricted.h: a format or a script from elsewhere, in a state of its own that is watched. */
#ifndef SIEM_RESTRICTED_H
#define SIEM_RESTRICTED_H

#include <lua.h>

/* Adds to the table on top of the stack:
 *   restricted(file, {instructions=, mebibytes=, seconds=} [, arguments])
 *                   description and the mapping, if there is one; or nil, message, code. With
 *                   arguments, a list, the file is a script. One at a time
 *   report(count)   how many events the export has delivered, for the watchdog's message */
void siem_restricted_bind(lua_State *L);

#endif
