/* microhttpd.c: the names of its functions. */
#include "program/microhttpd.h"

#include "base/library.h"

#include <stddef.h>

siem_microhttpd_functions siem_microhttpd;

#define AT(member) offsetof(siem_microhttpd_functions, member)
static const siem_symbol symbols[] = {
    {"MHD_add_response_header", AT(add_response_header)},
    {"MHD_create_response_from_buffer", AT(create_response_from_buffer)},
    {"MHD_destroy_response", AT(destroy_response)},
    {"MHD_get_connection_info", AT(get_connection_info)},
    {"MHD_get_daemon_info", AT(get_daemon_info)},
    {"MHD_queue_response", AT(queue_response)},
    {"MHD_run_wait", AT(run_wait)},
    {"MHD_start_daemon", AT(start_daemon)},
    {"MHD_stop_daemon", AT(stop_daemon)},
    {NULL, 0},
};
static siem_library library = {.file = "libmicrohttpd.so.12",
                               .package = "libmicrohttpd12",
                               .symbols = symbols,
                               .table = &siem_microhttpd};

siem_code siem_microhttpd_load(siem_error *err) {
    return siem_library_load(&library, err);
}
