/* content_encoding.c: zlib, within limits. */
#include "sink/http/content_encoding.h"

#include "base/error.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

/* Level 1 takes a third of the time of 6, for a body about a tenth longer. */
#define GZIP_LEVEL  1
#define GZIP_WINDOW (15 + 16) /* zlib: 16 more is a gzip header */
#define ZLIB_WINDOW 15
#define RAW_WINDOW  (-15)

#define PIECE ((size_t)65536) /* is decoded at once */

siem_code siem_content_compress(siem_buffer *out, const char *body, size_t size, siem_error *err) {
    z_stream stream = {.next_in = (Bytef *)body, .avail_in = (uInt)size};
    if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return siem_error_no_memory(err);
    }
    out->size = 0;
    size_t bound = deflateBound(&stream, (uLong)size);
    if (siem_buffer_reserve(out, bound)) {
        stream.next_out = (Bytef *)out->bytes;
        stream.avail_out = (uInt)bound;
        (void)deflate(&stream, Z_FINISH); /* deflateBound makes room for all of it */
        out->size = bound - stream.avail_out;
    }
    (void)deflateEnd(&stream);
    return out->failed ? siem_error_no_memory(err) : SIEM_OK;
}

/* ---- decoding ---- */

static void *allocate(void *unused, unsigned count, unsigned size) {
    (void)unused;
    return calloc(count, size);
}

/* zlib's window holds what was decoded, which may be a token. */
static void wipe_and_free(void *unused, void *memory) {
    (void)unused;
    if (memory == NULL) return;
    OPENSSL_cleanse(memory, malloc_usable_size(memory));
    free(memory);
}

/* The window that zlib reads an encoding with, or 0 for one that it does not read. What is called
 * deflate has a zlib header by the standard, and from some servers none. */
static int window_of(const char *encoding, const siem_buffer *body) {
    if (strcasecmp(encoding, "gzip") == 0 || strcasecmp(encoding, "x-gzip") == 0) {
        return GZIP_WINDOW;
    }
    if (strcasecmp(encoding, "deflate") != 0) return 0;
    const unsigned char *head = (const unsigned char *)body->bytes;
    bool has_header =
        body->size >= 2 && (head[0] & 15) == Z_DEFLATED && (head[0] * 256 + head[1]) % 31 == 0;
    return has_header ? ZLIB_WINDOW : RAW_WINDOW;
}

/* Decodes all of the stream's input; a gzip body may have several members. */
static int inflate_all(z_stream *stream, siem_buffer *out, size_t most) {
    int result = Z_OK;
    while (result == Z_OK || (result == Z_STREAM_END && stream->avail_in > 0)) {
        if (out->size > most) return Z_BUF_ERROR;
        if (!siem_buffer_reserve_secret(out, PIECE)) return Z_MEM_ERROR;
        if (result == Z_STREAM_END && inflateReset(stream) != Z_OK) return Z_DATA_ERROR;
        stream->next_out = (Bytef *)out->bytes + out->size;
        stream->avail_out = (uInt)PIECE;
        result = inflate(stream, Z_NO_FLUSH);
        out->size += PIECE - stream->avail_out;
    }
    return out->size > most ? Z_BUF_ERROR : result;
}

static siem_code explain(int result, bool too_long, const char *encoding, size_t most,
                         siem_error *err) {
    if (result == Z_STREAM_END) return SIEM_OK;
    if (result == Z_MEM_ERROR) return siem_error_no_memory(err);
    if (too_long) {
        return siem_error_set(err, SIEM_INVALID, "the answer is longer than %zu KiB", most >> 10);
    }
    return siem_error_set(err, SIEM_INVALID,
                          result == Z_BUF_ERROR ? "the answer ends within its %.40s"
                                                : "the answer is not the %.40s that its "
                                                  "Content-Encoding says",
                          encoding);
}

siem_code siem_content_decode(siem_buffer *body, const char *encoding, size_t most,
                              siem_error *err) {
    if (*encoding == '\0' || strcasecmp(encoding, "identity") == 0 || body->size == 0) {
        return SIEM_OK;
    }
    siem_buffer out = {0};
    z_stream stream = {.zalloc = allocate,
                       .zfree = wipe_and_free,
                       .next_in = (Bytef *)body->bytes,
                       .avail_in = (uInt)body->size};
    siem_code rc;
    int window = window_of(encoding, body);
    if (window == 0) {
        rc = siem_error_set(err, SIEM_INVALID,
                            "the answer is encoded as '%.40s': only gzip and deflate can be read",
                            encoding);
    } else if (inflateInit2(&stream, window) != Z_OK) {
        rc = siem_error_no_memory(err);
    } else {
        int result = inflate_all(&stream, &out, most);
        rc = explain(result, out.size > most, encoding, most, err);
        (void)inflateEnd(&stream);
    }
    siem_buffer_free_secret(body);
    if (rc == SIEM_OK) *body = out;
    else siem_buffer_free_secret(&out);
    return rc;
}
