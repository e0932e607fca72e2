/* arguments.h: the arguments of the process, without the secrets that a list of processes shows. */
#ifndef SIEM_LUA_ARGUMENTS_H
#define SIEM_LUA_ARGUMENTS_H

/* Copies the arguments, and overwrites by "*" those of an option of a sink that is secret, also
 * where a file or a variable is named. The copy lives as long as the process; NULL without memory.
 */
char **siem_arguments_take(int count, char **arguments);

#endif
