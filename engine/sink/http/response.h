/* response.h: the response to a request: bounded while it arrives, and decoded. */
#ifndef SIEM_RESPONSE_H
#define SIEM_RESPONSE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* The most bytes of an answer, unless its request expects more. */
#define SIEM_ANSWER_BYTES ((size_t)64 << 10)

typedef struct siem_response {
    int status;          /* 0: none came */
    double retry_after;  /* seconds, negative: not told (RFC 9110, 10.2.3) */
    char server[32];     /* its Server header, or what fits of it; "": none */
    siem_buffer body;    /* NUL-terminated beyond its size */
    char fault[256];     /* the fault of the exchange, or "" */
    const char *remedy;  /* of a fault that lasts until the options are fixed, else NULL */
    size_t most;         /* bytes that the body may have, as it comes and decoded */
    size_t head_size;    /* bytes that its headers had */
    bool repeats_secret; /* of its request, escaped: it is masked, and the body is not quoted */
    bool is_cut;         /* the body is longer: only its beginning is kept */
} siem_response;

/* Empties it for an answer of at most `most` bytes. */
void siem_response_begin(siem_response *response, size_t most);

/* Adds bytes of the headers, which are not kept, or of the body. False ends the exchange: they are
 * too many, or there is no memory. */
bool siem_response_add_head(siem_response *response, size_t size);
bool siem_response_add(siem_response *response, const char *bytes, size_t size);

/* Judges a body that is complete or cut, once the status is known. `encoding` is the value of
 * Content-Encoding, or "". A success that is too long, or cannot be decoded, is a fault. Any other
 * status is enough by itself: of a body that is too long the beginning remains, and nothing of one
 * that cannot be decoded.
 *
 * JSON with more values than a 32nd of the bytes that it may have counts as too long: a tree of
 * values takes up to 144 bytes for two bytes of text. */
void siem_response_finish(siem_response *response, const char *encoding);

#endif
