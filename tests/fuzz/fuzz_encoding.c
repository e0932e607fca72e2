/* fuzz_encoding.c: answers of servers under each encoding, which the first byte chooses. What is
 * decoded is within the bound; within a wider one it is the same, and gzip of it leads back to it.
 */
#include "sink/http/compression.h"
#include "sink/http/content_encoding.h"

#include <stdlib.h>

#define MOST  ((size_t)64 << 10)
#define WIDER (4 * MOST)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) abort();
}

static siem_code decode(siem_buffer *out, const void *bytes, size_t size, const char *encoding,
                        size_t most) {
    siem_error err;
    siem_buffer_add(out, bytes, size);
    siem_code rc = siem_content_decode(out, encoding, most, &err);
    require(rc == SIEM_OK ? out->size <= most : rc == SIEM_INVALID && out->size == 0);
    return rc;
}

static void require_same(const siem_buffer *a, const siem_buffer *b) {
    require(a->size == b->size && (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static siem_compressor *compressor;
    static const char *const encodings[] = {"gzip", "deflate", "br"};
    siem_buffer out = {0}, wider = {0}, compressed = {0}, again = {0};
    siem_error err;
    if (compressor == NULL) {
        const siem_compression *gzip = siem_compression_find("gzip");
        require(siem_compressor_open(&compressor, gzip, 1, &err) == SIEM_OK);
    }
    if (size < 2) return 0;
    const char *encoding = encodings[data[0] % 3];
    if (decode(&out, data + 1, size - 1, encoding, MOST) == SIEM_OK && out.size > 0) {
        require(decode(&wider, data + 1, size - 1, encoding, WIDER) == SIEM_OK);
        require_same(&out, &wider);
        require(siem_compressor_run(compressor, &compressed, out.bytes, out.size, &err) == SIEM_OK);
        require(decode(&again, compressed.bytes, compressed.size, "gzip", out.size) == SIEM_OK);
        require_same(&out, &again);
    }
    siem_buffer_free(&out);
    siem_buffer_free(&wider);
    siem_buffer_free(&compressed);
    siem_buffer_free(&again);
    return 0;
}
