/* compression.h: compression of bodies (Content-Encoding; RFC 9110, 8.4). */
#ifndef SIEM_COMPRESSION_H
#define SIEM_COMPRESSION_H

#include "base/buffer.h"

#include <oversight/siem.h>

/* A way to compress whole buffers, by one library. The functions get the state that `open` made. */
typedef struct siem_compression {
    const char *name;         /* as Content-Encoding has it: "gzip" */
    int most;                 /* levels are 1 (fast) to this (small) */
    void *(*open)(int level); /* NULL: this build omits the feature of that name */
    void (*close)(void *state);
    size_t (*bound)(void *state, size_t size); /* what so many bytes have at most, compressed */
    /* How many bytes were written, or 0 without memory, and without room for all. */
    size_t (*run)(void *state, char *out, size_t room, const char *bytes, size_t size);
} siem_compression;

extern const siem_compression siem_compression_gzip; /* gzip.c */
extern const siem_compression siem_compression_zstd; /* zstd.c */

/* The compression of a name, or NULL. */
const siem_compression *siem_compression_find(const char *name);

/* A compression at a level, and the memory that it works in: opened once for a sink, or for each
 * thread that compresses for one, and used by one thread at a time. */
typedef struct siem_compressor {
    const siem_compression *compression;
    int level;
    void *state;
} siem_compressor;

/* Errors: SIEM_INVALID for a compression that this build omits, SIEM_NO_MEMORY. */
siem_code siem_compressor_open(siem_compressor **out, const siem_compression *compression,
                               int level, siem_error *err);

/* Sets `out` to the bytes, compressed. It depends only on its arguments, and changes only the
 * compressor's memory and `out`, which may be reused. Errors: SIEM_NO_MEMORY. */
siem_code siem_compressor_run(siem_compressor *compressor, siem_buffer *out, const char *bytes,
                              size_t size, siem_error *err);

void siem_compressor_close(siem_compressor *compressor);

#endif
