/* main.c: the program: runs the command, and gives the shell its exit status. */
#include "command.h"
#include "program.h"
#include "wiping.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FAILED 1

/* True when standard output is a pipe that nobody reads any more. */
static bool is_reader_gone(void) {
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/* What was printed may still be in the buffer; a closed pipe is the reader's choice. Lua's print
 * keeps to itself why a write failed. */
static bool flush_output(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    if (errno == EPIPE || is_reader_gone()) return true;
    (void)fprintf(stderr, "oversight-siem: cannot write to standard output: %s\n",
                  errno != 0 ? strerror(errno) : "a write failed before");
    return false;
}

int main(int count, char **arguments) {
    siem_program_hold_streams();
    siem_program_set_signals();
    siem_program_set_arguments(count, arguments);
    siem_wiping_set();
    int status = siem_command_run(count, arguments, 0);
    if (!flush_output() && status == 0) status = FAILED;
    return status;
}
