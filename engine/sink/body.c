/* body.c: a list of pieces, and a buffer for the body's own ones. */
#include "sink/body.h"

#include <stdlib.h>

void siem_body_reserve(siem_body *body, size_t bytes) {
    if (bytes > 0 && !siem_buffer_set_capacity(&body->own, bytes)) body->failed = true;
}

static bool reserve_piece(siem_body *body) {
    if (body->pieces != NULL && body->count < body->capacity) return true;
    size_t capacity = body->capacity == 0 ? 8 : body->capacity * 2;
    siem_piece *pieces = realloc(body->pieces, capacity * sizeof *pieces);
    body->failed |= pieces == NULL;
    if (pieces == NULL) return false;
    body->pieces = pieces;
    body->capacity = capacity;
    return true;
}

void siem_body_add(siem_body *body, const char *bytes, size_t size) {
    siem_piece *last = body->count > 0 ? &body->pieces[body->count - 1] : NULL;
    if (size == 0) return;
    if (last != NULL && last->bytes + last->size == bytes) {
        last->size += size;
    } else {
        if (!reserve_piece(body)) return;
        body->pieces[body->count++] = (siem_piece){bytes, size};
    }
    body->size += size;
    body->plain_size += size;
}

void siem_body_add_own(siem_body *body, const char *bytes, size_t size) {
    if (body->failed) return;
    const char *copy = body->own.bytes + body->own.size;
    siem_buffer_add(&body->own, bytes, size);
    siem_body_add(body, copy, size);
}

void siem_body_replace(siem_body *body, siem_buffer *bytes, const char *encoding) {
    siem_body former = *body;
    *body = (siem_body){.own = *bytes, .encoding = encoding};
    *bytes = (siem_buffer){0};
    siem_body_add(body, body->own.bytes, body->own.size);
    body->plain_size = former.plain_size;
    siem_body_free(&former);
}

void siem_body_free(siem_body *body) {
    free(body->pieces);
    siem_buffer_free(&body->own);
    *body = (siem_body){0};
}

size_t siem_piece_read(siem_piece_reader *reader, char *to, size_t room) {
    size_t copied = 0;
    while (reader->next < reader->end) {
        size_t left = reader->next->size - reader->offset, space = room - copied;
        size_t size = left < space ? left : space;
        memcpy(to + copied, reader->next->bytes + reader->offset, size);
        copied += size;
        reader->offset += size;
        if (size < left) break;
        reader->next++;
        reader->offset = 0;
    }
    return copied;
}
