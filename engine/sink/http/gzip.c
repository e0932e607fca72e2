/* gzip.c: gzip by libdeflate, to and fro. */
#include "sink/http/gzip.h"

#include "sink/http/compression.h"

#include <libdeflate.h>

/* ---- compressing ---- */

static void *open_gzip(int level) {
    return libdeflate_alloc_compressor(level);
}

static void close_gzip(void *state) {
    libdeflate_free_compressor(state);
}

static size_t bound_gzip(void *state, size_t size) {
    return libdeflate_gzip_compress_bound(state, size);
}

static size_t run_gzip(void *state, char *out, size_t room, const char *bytes, size_t size) {
    return libdeflate_gzip_compress(state, bytes, size, out, room);
}

const siem_compression siem_compression_gzip = {"gzip",     12,         open_gzip,
                                                close_gzip, bound_gzip, run_gzip};

/* ---- decoding ---- */

#define FIRST_ROOM ((size_t)65536) /* for what is decoded, doubled where it is not enough */

/* One stream of bytes into `room`. */
typedef enum libdeflate_result (*decode_function)(struct libdeflate_decompressor *, const void *,
                                                  size_t, void *, size_t, size_t *, size_t *);

static decode_function function_of(siem_gzip_frame frame) {
    switch (frame) {
    case SIEM_FRAME_GZIP: return libdeflate_gzip_decompress_ex;
    case SIEM_FRAME_ZLIB: return libdeflate_zlib_decompress_ex;
    default: return libdeflate_deflate_decompress_ex;
    }
}

/* Decodes the stream that the bytes begin with; `used` is its size. */
static siem_code decode_stream(siem_buffer *out, struct libdeflate_decompressor *decompressor,
                               decode_function decode, const char *bytes, size_t size, size_t *used,
                               size_t most) {
    for (size_t room = FIRST_ROOM;; room *= 2) {
        size_t left = most - out->size, written;
        if (room > left) room = left;
        if (!siem_buffer_reserve_secret(out, room)) return SIEM_NO_MEMORY;
        switch (decode(decompressor, bytes, size, out->bytes + out->size, room, used, &written)) {
        case LIBDEFLATE_SUCCESS: out->size += written; return SIEM_OK;
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            if (room == left) return SIEM_END;
            break;
        default: return SIEM_INVALID;
        }
    }
}

/* Nothing that was decoded stays in the decompressor: `out` is its window. */
siem_code siem_gzip_decode(siem_buffer *out, siem_gzip_frame frame, const char *bytes, size_t size,
                           size_t most) {
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    siem_code rc = decompressor != NULL ? SIEM_OK : SIEM_NO_MEMORY;
    for (size_t used; rc == SIEM_OK && size > 0; bytes += used, size -= used) {
        rc = decode_stream(out, decompressor, function_of(frame), bytes, size, &used, most);
        if (rc != SIEM_OK) break;
    }
    libdeflate_free_decompressor(decompressor);
    return rc;
}
