/* microhttpd.h: libmicrohttpd, which is loaded for the first server: TLS comes with it, which takes
 * time at each start, and is not used. */
#ifndef SIEM_MICROHTTPD_H
#define SIEM_MICROHTTPD_H

#include <microhttpd.h>
#include <oversight/siem.h>

/* What is used of it, without "MHD_". */
typedef struct siem_microhttpd_functions {
    __typeof__(MHD_add_response_header) *add_response_header;
    __typeof__(MHD_create_response_from_buffer) *create_response_from_buffer;
    __typeof__(MHD_destroy_response) *destroy_response;
    __typeof__(MHD_get_connection_info) *get_connection_info;
    __typeof__(MHD_get_daemon_info) *get_daemon_info;
    __typeof__(MHD_queue_response) *queue_response;
    __typeof__(MHD_run_wait) *run_wait;
    __typeof__(MHD_start_daemon) *start_daemon;
    __typeof__(MHD_stop_daemon) *stop_daemon;
} siem_microhttpd_functions;

/* Valid once it is loaded. */
extern siem_microhttpd_functions siem_microhttpd;

/* Errors: SIEM_IO without the library. */
siem_code siem_microhttpd_load(siem_error *err);

#endif
