/* content_encoding.h: answers that come compressed (RFC 9110, 8.4). */
#ifndef SIEM_CONTENT_ENCODING_H
#define SIEM_CONTENT_ENCODING_H

#include "base/buffer.h"

#include <oversight/siem.h>

/* Replaces a body by what it holds, which may be secret and has at most `most` bytes. `encoding` is
 * the value of Content-Encoding: gzip, deflate, identity, or "". An empty body stays so. Errors:
 * SIEM_INVALID for another encoding, and for a body that is not of its encoding, ends too early or
 * is longer; SIEM_NO_MEMORY. The body is empty then. */
siem_code siem_content_decode(siem_buffer *body, const char *encoding, size_t most,
                              siem_error *err);

#endif
