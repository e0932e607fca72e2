/* compression.c: the compressions there are, and their memory. */
#include "sink/http/compression.h"

#include "base/error.h"
#include "base/feature.h"

#include <stdlib.h>

static const siem_compression *const compressions[] = {&siem_compression_gzip,
                                                       &siem_compression_zstd};

const siem_compression *siem_compression_find(const char *name) {
    for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++) {
        if (strcmp(compressions[i]->name, name) == 0) return compressions[i];
    }
    return NULL;
}

siem_code siem_compressor_open(siem_compressor **out, const siem_compression *compression,
                               int level, siem_error *err) {
    *out = NULL;
    if (compression->open == NULL) return siem_feature_missing(err, compression->name);
    siem_compressor *compressor = malloc(sizeof *compressor);
    if (compressor == NULL) return siem_error_no_memory(err);
    *compressor = (siem_compressor){compression, level, compression->open(level)};
    if (compressor->state == NULL) {
        free(compressor);
        return siem_error_no_memory(err);
    }
    *out = compressor;
    return SIEM_OK;
}

siem_code siem_compressor_run(siem_compressor *compressor, siem_buffer *out, const char *bytes,
                              size_t size, siem_error *err) {
    const siem_compression *compression = compressor->compression;
    size_t bound = compression->bound(compressor->state, size);
    out->size = 0;
    if (!siem_buffer_reserve(out, bound)) return siem_error_no_memory(err);
    out->size = compression->run(compressor->state, out->bytes, bound, bytes, size);
    return out->size > 0 ? SIEM_OK : siem_error_no_memory(err);
}

void siem_compressor_close(siem_compressor *compressor) {
    if (compressor == NULL) return;
    compressor->compression->close(compressor->state);
    free(compressor);
}
