/* pages.h: a log over HTTP: /tlog/range, page after page, and /tlog/head. */
#ifndef SIEM_PAGES_H
#define SIEM_PAGES_H

#include "base/buffer.h"

#include <oversight/siem.h>

typedef struct siem_pages siem_pages;

/* Opens the log of the registry at the URL `options->source`, and a file without a name for its
 * lines, for the caller to close. Errors: SIEM_INVALID, SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_pages_open(siem_pages **out, int *fd, const siem_tlog_options *options,
                          siem_error *err);

/* Appends the leaves that were added since to the file, a line each. Errors: SIEM_UNAVAILABLE,
 * SIEM_NOT_FOUND, SIEM_INVALID for an answer that is not a page, SIEM_IO, SIEM_CANCELLED,
 * SIEM_NO_MEMORY. */
siem_code siem_pages_write(siem_pages *pages, int fd, siem_error *err);

/* Appends the answer of /tlog/head to `out`. Errors: as siem_pages_write. */
siem_code siem_pages_read_head(siem_pages *pages, siem_buffer *out, siem_error *err);

void siem_pages_close(siem_pages *pages);

#endif
