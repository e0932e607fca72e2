/* zstd.c: Zstandard (RFC 8878) by libzstd. */
#include "sink/http/compression.h"

#include <zstd.h>

/* The levels above ask of a receiver more than the 8 MiB of memory that RFC 9659 allows. */
#define MOST_LEVEL 19

static void *open_zstd(int level) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (context != NULL) (void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    return context;
}

static void close_zstd(void *state) {
    (void)ZSTD_freeCCtx(state);
}

static size_t bound_zstd(void *state, size_t size) {
    (void)state;
    return ZSTD_compressBound(size);
}

static size_t run_zstd(void *state, char *out, size_t room, const char *bytes, size_t size) {
    size_t written = ZSTD_compress2(state, out, room, bytes, size);
    return ZSTD_isError(written) != 0 ? 0 : written;
}

const siem_compression siem_compression_zstd = {"zstd",     MOST_LEVEL, open_zstd,
                                                close_zstd, bound_zstd, run_zstd};
