/* command.h: one run of the command, in a Lua state of its own. */
#ifndef SIEM_COMMAND_H
#define SIEM_COMMAND_H

/* Runs oversight.cli on the arguments, the first of which names the program, and returns the exit
 * status. `worker` is 0 for the process itself, else the number of a thread that was started for
 * one of its pipelines. */
int siem_command_run(int count, char *const *arguments, int worker);

#endif
