/* curl.h: libcurl, loaded for the first transport. Loading it and the thirty libraries that it
 * needs takes as long as everything else that an export to a file does before its first record. */
#ifndef SIEM_CURL_H
#define SIEM_CURL_H

#define CURL_DISABLE_TYPECHECK /* its macros are for calls by name */
#include <curl/curl.h>
#include <oversight/siem.h>

/* What is used of it, without "curl_". */
typedef struct siem_curl_functions {
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_header) *easy_header;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_reset) *easy_reset;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_free) *free;
    __typeof__(curl_global_cleanup) *global_cleanup;
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_global_init_mem) *global_init_mem;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(curl_multi_info_read) *multi_info_read;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_perform) *multi_perform;
    __typeof__(curl_multi_poll) *multi_poll;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_share_cleanup) *share_cleanup;
    __typeof__(curl_share_init) *share_init;
    __typeof__(curl_share_setopt) *share_setopt;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    __typeof__(curl_url) *url;
    __typeof__(curl_url_cleanup) *url_cleanup;
    __typeof__(curl_url_get) *url_get;
    __typeof__(curl_url_set) *url_set;
} siem_curl_functions;

/* Valid once siem_curl_open has succeeded. */
extern siem_curl_functions siem_curl;

/* Before and after a use of the functions, on any thread. Errors: SIEM_IO without the library,
 * SIEM_NO_MEMORY. */
siem_code siem_curl_open(siem_error *err);
void siem_curl_close(void);

/* Functions for its memory. */
typedef struct siem_curl_memory {
    curl_malloc_callback malloc;
    curl_free_callback free;
    curl_realloc_callback realloc;
    curl_strdup_callback strdup;
    curl_calloc_callback calloc;
} siem_curl_memory;

/* Sets the allocator that libcurl uses in place of malloc's. Called before the first open. */
void siem_curl_use_memory(const siem_curl_memory *memory);

#endif
