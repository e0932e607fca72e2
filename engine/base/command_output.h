/* command_output.h: the output of a command that prints a credential. */
#ifndef SIEM_COMMAND_OUTPUT_H
#define SIEM_COMMAND_OUTPUT_H

#include <oversight/siem.h>

/* Runs a command by /bin/sh, and reads what it prints into `text`, NUL-terminated; nothing is
 * buffered elsewhere. It has 30 seconds, or one second after a signal to this process. Then it is
 * killed, as it is when this process dies. Errors: SIEM_IO, which names the command's program and
 * neither its arguments nor what it printed. */
siem_code siem_command_read(const char *command, char *text, size_t capacity, siem_error *err);

#endif
