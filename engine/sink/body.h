/* body.h: the bytes of a parcel: pieces of memory, one after another. Records stay in their
 * batches. The body owns the bytes between them, or the compressed bytes. */
#ifndef SIEM_BODY_H
#define SIEM_BODY_H

#include "base/buffer.h"

typedef struct siem_piece {
    const char *bytes;
    size_t size;
} siem_piece;

/* All zero is an empty body. After an allocation failed, `failed` stays true, as of a buffer. */
typedef struct siem_body {
    siem_piece *pieces;
    size_t count, capacity;
    siem_buffer own;
    size_t size;          /* of all pieces */
    size_t plain_size;    /* the same before they were compressed */
    const char *encoding; /* as Content-Encoding has it; NULL: none */
    bool failed;
} siem_body;

/* Reserves this many bytes of the body's own, which are then not moved. Called once, before any are
 * added. */
void siem_body_reserve(siem_body *body, size_t bytes);

/* Adds a piece, which is borrowed. */
void siem_body_add(siem_body *body, const char *bytes, size_t size);

/* Adds a copy, for which room was made. */
void siem_body_add_own(siem_body *body, const char *bytes, size_t size);

/* Replaces all of it by one piece, which the body takes over from a buffer. */
void siem_body_replace(siem_body *body, siem_buffer *bytes, const char *encoding);

/* Frees what it holds, and leaves an empty body. */
void siem_body_free(siem_body *body);

/* A place in pieces that are read from their beginning. */
typedef struct siem_piece_reader {
    const siem_piece *next, *end;
    size_t offset; /* in the next one */
} siem_piece_reader;

/* Copies what comes next, at most `room` bytes; returns how many, 0 at the end. */
size_t siem_piece_read(siem_piece_reader *reader, char *to, size_t room);

#endif
