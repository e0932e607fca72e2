/* gzip_missing.c: a build without libdeflate. */
#include "sink/http/gzip.h"

#include "sink/http/compression.h"

const siem_compression siem_compression_gzip = {.name = "gzip", .most = 12};

siem_code siem_gzip_decode(siem_buffer *out, siem_gzip_frame frame, const char *bytes, size_t size,
                           size_t most) {
    (void)out, (void)frame, (void)bytes, (void)size, (void)most;
    return SIEM_NOT_FOUND;
}
