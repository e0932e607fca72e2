/* buffer.h: bytes that grow. Rendered text is kept in these. */
#ifndef SIEM_BUFFER_H
#define SIEM_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Where memory comes from when it is not malloc's. `resize` is realloc that also gets
 * the old size of the block. It frees for the size 0, and returns NULL without memory. */
typedef struct siem_allocator {
    void *(*resize)(struct siem_allocator *self, void *block, size_t had, size_t size);
} siem_allocator;

/* Resizes a block of an allocator; NULL is malloc's. */
void *siem_resize(siem_allocator *allocator, void *block, size_t had, size_t size);

/* All zero is an empty buffer. After an allocation failed, `failed` stays true and writes do
 * nothing, so that a caller writes a whole record and then checks once. */
typedef struct siem_buffer {
    char *bytes;
    size_t size;
    size_t capacity;
    bool failed;
    siem_allocator *allocator; /* NULL: malloc's */
} siem_buffer;

/* Makes room for `extra` more bytes, by doubling where memory allows it. False, and `failed`,
 * without memory. */
bool siem_buffer_grow(siem_buffer *buffer, size_t extra);

/* As siem_buffer_reserve, for secrets: it wipes the memory that it frees. */
bool siem_buffer_reserve_secret(siem_buffer *buffer, size_t extra);

/* Resizes the memory to exactly this many bytes. False without memory: the buffer is unchanged.
 */
bool siem_buffer_set_capacity(siem_buffer *buffer, size_t capacity);

/* Frees the memory and leaves an empty buffer. */
void siem_buffer_free(siem_buffer *buffer);

/* Wipes the memory before. */
void siem_buffer_free_secret(siem_buffer *buffer);

static inline bool siem_buffer_reserve(siem_buffer *buffer, size_t extra) {
    return buffer->capacity - buffer->size >= extra || siem_buffer_grow(buffer, extra);
}

static inline void siem_buffer_add(siem_buffer *buffer, const char *bytes, size_t size) {
    if (size == 0 || !siem_buffer_reserve(buffer, size)) return;
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

/* As siem_buffer_add, for bytes with SIEM_PADDING readable ones after them: copied in steps of a
 * fixed size, which for short pieces is twice as fast as a call of memcpy. */
#define SIEM_PADDING 16
static inline void siem_buffer_add_padded(siem_buffer *buffer, const char *bytes, size_t size) {
    if (!siem_buffer_reserve(buffer, size + SIEM_PADDING)) return;
    char *to = buffer->bytes + buffer->size, *end = to + size;
    for (; to < end; to += SIEM_PADDING, bytes += SIEM_PADDING) memcpy(to, bytes, SIEM_PADDING);
    buffer->size += size;
}

static inline void siem_buffer_add_char(siem_buffer *buffer, char c) {
    if (!siem_buffer_reserve(buffer, 1)) return;
    buffer->bytes[buffer->size++] = c;
}

#endif
