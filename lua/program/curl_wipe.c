/* curl_wipe.c: malloc's functions, for libcurl, with the content gone when they free. */
#include "program/curl_wipe.h"

#include "base/curl.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static void wiping_free(void *memory) {
    if (memory == NULL) return;
    OPENSSL_cleanse(memory, malloc_usable_size(memory));
    free(memory);
}

static void *wiping_realloc(void *memory, size_t size) {
    size_t had = memory != NULL ? malloc_usable_size(memory) : 0;
    void *other = malloc(size);
    if (other == NULL || memory == NULL) return other;
    memcpy(other, memory, had < size ? had : size);
    wiping_free(memory);
    return other;
}

void siem_curl_wipe_set(void) {
    static const siem_curl_memory wiping = {.malloc = malloc,
                                            .free = wiping_free,
                                            .realloc = wiping_realloc,
                                            .strdup = strdup,
                                            .calloc = calloc};
    siem_curl_use_memory(&wiping);
}
