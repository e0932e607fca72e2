/* gzip.h: what DEFLATE and its frames (RFC 1950 to 1952) hold, in whole buffers. */
#ifndef SIEM_GZIP_H
#define SIEM_GZIP_H

#include "base/buffer.h"

#include <oversight/siem.h>

/* The frame of compressed data. */
typedef enum siem_gzip_frame { SIEM_FRAME_GZIP, SIEM_FRAME_ZLIB, SIEM_FRAME_NONE } siem_gzip_frame;

/* Appends what the bytes hold, one stream or several, to a buffer of at most `most` bytes, whose
 * memory is wiped when it is given up. Errors: SIEM_INVALID when they are damaged or end within
 * a stream, SIEM_END when there is more than `most`, SIEM_NO_MEMORY, SIEM_NOT_FOUND in a build
 * without the feature gzip. */
siem_code siem_gzip_decode(siem_buffer *out, siem_gzip_frame frame, const char *bytes, size_t size,
                           size_t most);

#endif
