/* main.c: the program: runs the command, and gives the shell its exit status. */
#include "program/arguments.h"
#include "program/command.h"
#include "program/curl_wipe.h"
#include "program/signals.h"
#include "program/streams.h"

#include <sqlite3.h>

#define FAILED  1
#define REFUSED 3
#define SQLITE_BYTES                                                                               \
    (512LL << 20) /* of all registries at once: a hostile one computes large values */

int main(int count, char **given) {
    char **arguments = siem_arguments_take(count, given); /* first: until then secrets are shown */
    if (arguments == NULL) return FAILED;
    siem_streams_hold();
    siem_streams_open();
    siem_signals_set();
    siem_curl_wipe_set();
    (void)sqlite3_hard_heap_limit64(SQLITE_BYTES);
    int status = siem_command_run(count, arguments, 0);
    bool written = siem_streams_flush();
    siem_signals_end();
    if (!written && (status == 0 || status == REFUSED)) status = FAILED;
    return status;
}
