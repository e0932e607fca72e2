/* curl.c: the names of libcurl's functions, and its start. */
#include "base/curl.h"

#include "base/error.h"
#include "base/library.h"

#include <stddef.h>

siem_curl_functions siem_curl;

#define AT(member) offsetof(siem_curl_functions, member)
static const siem_symbol symbols[] = {
    {"curl_easy_cleanup", AT(easy_cleanup)},
    {"curl_easy_getinfo", AT(easy_getinfo)},
    {"curl_easy_header", AT(easy_header)},
    {"curl_easy_init", AT(easy_init)},
    {"curl_easy_perform", AT(easy_perform)},
    {"curl_easy_reset", AT(easy_reset)},
    {"curl_easy_setopt", AT(easy_setopt)},
    {"curl_easy_strerror", AT(easy_strerror)},
    {"curl_free", AT(free)},
    {"curl_global_cleanup", AT(global_cleanup)},
    {"curl_global_init", AT(global_init)},
    {"curl_global_init_mem", AT(global_init_mem)},
    {"curl_multi_add_handle", AT(multi_add_handle)},
    {"curl_multi_cleanup", AT(multi_cleanup)},
    {"curl_multi_info_read", AT(multi_info_read)},
    {"curl_multi_init", AT(multi_init)},
    {"curl_multi_perform", AT(multi_perform)},
    {"curl_multi_poll", AT(multi_poll)},
    {"curl_multi_remove_handle", AT(multi_remove_handle)},
    {"curl_share_cleanup", AT(share_cleanup)},
    {"curl_share_init", AT(share_init)},
    {"curl_share_setopt", AT(share_setopt)},
    {"curl_slist_append", AT(slist_append)},
    {"curl_slist_free_all", AT(slist_free_all)},
    {"curl_url", AT(url)},
    {"curl_url_cleanup", AT(url_cleanup)},
    {"curl_url_get", AT(url_get)},
    {"curl_url_set", AT(url_set)},
    {NULL, 0},
};
static siem_library library = {
    .file = "libcurl.so.4", .package = "libcurl4", .symbols = symbols, .table = &siem_curl};

static const siem_curl_memory *memory; /* NULL: malloc's */

void siem_curl_use_memory(const siem_curl_memory *functions) {
    memory = functions;
}

siem_code siem_curl_open(siem_error *err) {
    siem_code rc = siem_library_load(&library, err);
    if (rc != SIEM_OK) return rc;
    CURLcode begun = memory == NULL ? siem_curl.global_init(CURL_GLOBAL_DEFAULT)
                                    : siem_curl.global_init_mem(CURL_GLOBAL_DEFAULT, memory->malloc,
                                                                memory->free, memory->realloc,
                                                                memory->strdup, memory->calloc);
    return begun == CURLE_OK ? SIEM_OK : siem_error_no_memory(err);
}

void siem_curl_close(void) {
    siem_curl.global_cleanup();
}
