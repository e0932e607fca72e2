/* table_file.h: a file of a site's own that is read as a whole: a table of enrichment. */
#ifndef SIEM_TABLE_FILE_H
#define SIEM_TABLE_FILE_H

#include "buffer.h"

#include <oversight/siem.h>

/* Opens a regular file to read. Anything else is an error at once: a FIFO would be waited for.
 * Errors: SIEM_NOT_FOUND, SIEM_INVALID for what is not a regular file, SIEM_IO. */
siem_code siem_table_file_open(int *fd, const char *path, siem_error *err);

/* Appends all of such a file to `content`. Errors: as above, and SIEM_NO_MEMORY. */
siem_code siem_table_file_read(siem_buffer *content, const char *path, siem_error *err);

#endif
