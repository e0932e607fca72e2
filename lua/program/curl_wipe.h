/* curl_wipe.h: memory of the transport that is wiped when it is freed. */
#ifndef SIEM_CURL_WIPE_H
#define SIEM_CURL_WIPE_H

/* Makes libcurl wipe what it frees: its buffers hold copies of every header. It is the choice of a
 * whole process, so that it is the program's, and neither the library's nor the module's; before
 * anything else uses libcurl. Without memory, libcurl is as it is. */
void siem_curl_wipe_set(void);

#endif
