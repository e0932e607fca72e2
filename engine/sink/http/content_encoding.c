/* content_encoding.c: which encodings are read, within which bounds. */
#include "sink/http/content_encoding.h"

#include "base/error.h"
#include "base/feature.h"
#include "sink/http/gzip.h"

#include <strings.h>

/* Finds the frame of a body's encoding. False for an encoding that is not read. What is called
 * deflate has a zlib header by the standard, and from some servers none. */
static bool find_frame(siem_gzip_frame *frame, const char *encoding, const siem_buffer *body) {
    *frame = SIEM_FRAME_GZIP;
    if (strcasecmp(encoding, "gzip") == 0 || strcasecmp(encoding, "x-gzip") == 0) return true;
    if (strcasecmp(encoding, "deflate") != 0) return false;
    const unsigned char *head = (const unsigned char *)body->bytes;
    bool has_header = body->size >= 2 && (head[0] & 15) == 8 && (head[0] * 256 + head[1]) % 31 == 0;
    *frame = has_header ? SIEM_FRAME_ZLIB : SIEM_FRAME_NONE;
    return true;
}

static siem_code decode(siem_buffer *out, const siem_buffer *body, const char *encoding,
                        size_t most, siem_error *err) {
    siem_gzip_frame frame;
    if (!find_frame(&frame, encoding, body)) {
        return siem_error_set(err, SIEM_INVALID,
                              "the answer is encoded as '%.40s': only gzip and deflate can be read",
                              encoding);
    }
    switch (siem_gzip_decode(out, frame, body->bytes, body->size, most)) {
    case SIEM_OK: return SIEM_OK;
    case SIEM_END:
        return siem_error_set(err, SIEM_INVALID, "the answer is longer than %zu KiB", most >> 10);
    case SIEM_INVALID:
        return siem_error_set(err, SIEM_INVALID,
                              "the answer is not the %.40s that its Content-Encoding says, or ends "
                              "within it",
                              encoding);
    case SIEM_NOT_FOUND:
        (void)siem_feature_missing(err, "gzip");
        siem_error_prefix(err, "the answer is encoded as '%.40s'", encoding);
        return SIEM_INVALID;
    default: return siem_error_no_memory(err);
    }
}

siem_code siem_content_decode(siem_buffer *body, const char *encoding, size_t most,
                              siem_error *err) {
    if (*encoding == '\0' || strcasecmp(encoding, "identity") == 0 || body->size == 0) {
        return SIEM_OK;
    }
    siem_buffer out = {0};
    siem_code rc = decode(&out, body, encoding, most, err);
    siem_buffer_free_secret(body);
    if (rc == SIEM_OK) *body = out;
    else siem_buffer_free_secret(&out);
    return rc;
}
