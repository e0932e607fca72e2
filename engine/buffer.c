/* buffer.c: growing, the rare part of a buffer's life. */
#include "buffer.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>

bool siem_buffer_grow(siem_buffer *buffer, size_t extra) {
    if (buffer->failed) return false;
    size_t capacity = buffer->capacity < 512 ? 512 : buffer->capacity;
    while (capacity - buffer->size < extra && capacity <= SIZE_MAX / 2) capacity *= 2;
    char *bytes = capacity - buffer->size < extra ? NULL : realloc(buffer->bytes, capacity);
    if (bytes == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

bool siem_buffer_reserve_secret(siem_buffer *buffer, size_t extra) {
    if (buffer->capacity - buffer->size >= extra) return true;
    siem_buffer larger = {.failed = buffer->failed};
    if (!siem_buffer_grow(&larger, buffer->size + extra)) {
        buffer->failed = true;
        return false;
    }
    siem_buffer_add(&larger, buffer->bytes, buffer->size);
    siem_buffer_free_secret(buffer);
    *buffer = larger;
    return true;
}

void siem_buffer_free_secret(siem_buffer *buffer) {
    OPENSSL_cleanse(buffer->bytes, buffer->capacity);
    siem_buffer_free(buffer);
}

void siem_buffer_free(siem_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (siem_buffer){0};
}
