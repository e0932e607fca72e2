/* streams.h: the standard streams of the process, and what of them scripts get.
 *
 * Standard output is for records and results. While there are none of either, scripts print there
 * as well; else they print to standard error. All states of the process share one stream for that.
 */
#ifndef SIEM_STREAMS_H
#define SIEM_STREAMS_H

#include <lua.h>
#include <stdbool.h>

/* Opens those of standard input, output and error that are closed: a file that is opened later
 * would get their number, and what is meant for them. Reading and writing there fails, with EBADF.
 */
void siem_streams_hold(void);

/* Makes the stream of scripts. Without memory they print to standard output as it is. */
void siem_streams_open(void);

/* Gives a state the print of commands, which output.lua keeps. */
void siem_streams_prepare(lua_State *L);

/* Replaces print, io.stdout and io.write of a state: they use the stream of scripts. */
void siem_streams_install(lua_State *L);

/* Adds to the table on top of the stack:
 *   hold_output()      keeps what scripts print until it is known what standard output is for
 *   claim_output()     for records or results: scripts print to standard error from here on
 *   release_output()   ends the hold: what was printed goes to standard output */
void siem_streams_bind(lua_State *L);

/* Writes out what is printed. False, with a message, when that or an earlier write failed; a closed
 * pipe is the reader's choice, and not a failure. */
bool siem_streams_flush(void);

#endif
