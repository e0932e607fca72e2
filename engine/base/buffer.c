/* buffer.c: growing a buffer. */
#include "base/buffer.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>

void *siem_resize(siem_allocator *allocator, void *block, size_t had, size_t size) {
    if (allocator != NULL) return allocator->resize(allocator, block, had, size);
    if (size != 0) return realloc(block, size);
    free(block);
    return NULL;
}

bool siem_buffer_set_capacity(siem_buffer *buffer, size_t capacity) {
    char *bytes = siem_resize(buffer->allocator, buffer->bytes, buffer->capacity, capacity);
    if (bytes == NULL) return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

bool siem_buffer_grow(siem_buffer *buffer, size_t extra) {
    if (buffer->failed) return false;
    size_t capacity = buffer->capacity < 512 ? 512 : buffer->capacity;
    while (capacity - buffer->size < extra && capacity <= SIZE_MAX / 2) capacity *= 2;
    bool grown = capacity - buffer->size >= extra && siem_buffer_set_capacity(buffer, capacity);
    /* Under a limit, doubling may fail when an eighth more does not. */
    if (!grown && buffer->allocator != NULL && extra < SIZE_MAX / 4) {
        grown = siem_buffer_set_capacity(buffer, buffer->size + buffer->size / 8 + extra);
    }
    buffer->failed = !grown;
    return grown;
}

bool siem_buffer_reserve_secret(siem_buffer *buffer, size_t extra) {
    if (buffer->capacity - buffer->size >= extra) return true;
    siem_buffer larger = {.failed = buffer->failed, .allocator = buffer->allocator};
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
    (void)siem_resize(buffer->allocator, buffer->bytes, buffer->capacity, 0);
    *buffer = (siem_buffer){.allocator = buffer->allocator};
}
