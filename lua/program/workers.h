/* workers.h: threads that run one pipeline each, and what they report about it. */
#ifndef SIEM_WORKERS_H
#define SIEM_WORKERS_H

#include <lua.h>

#define SIEM_TRIAL (-1) /* the worker of siem_command_run that tries what is to be reloaded */

/* Adds to the table on top of the stack, for pipelines that are numbered from 1; number 0 is the
 * trial of a reload, whose state is SIEM_TRIAL:
 *   start_worker(number, arguments)   runs the command in a thread, whose state is worker `number`:
 *                                     true; or nil, message when there is no thread for it
 *   worker_status(number)             its exit status; nil while it runs
 *   publish(number, text)             the report of pipeline `number`
 *   published(number)                 the report and its age in seconds; or nil */
void siem_workers_bind(lua_State *L);

#endif
