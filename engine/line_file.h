/* line_file.h: a file that takes whole lines, or leaves no part of one behind. */
#ifndef SIEM_LINE_FILE_H
#define SIEM_LINE_FILE_H

#include <oversight/siem.h>
#include <sys/types.h>

typedef struct siem_line_file {
    int fd;
    char *path;  /* NULL for standard output, which is never reopened */
    mode_t mode; /* of a file that is made */
    bool torn;   /* the file ends within a line: a line end is due first */
} siem_line_file;

/* Opens for appending; `truncate` empties the file first. Errors: SIEM_NOT_FOUND for a folder that
 * is not there, SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_line_file_open(siem_line_file *file, const char *path, mode_t mode, bool truncate,
                              siem_error *err);

/* Wraps standard output. */
void siem_line_file_open_stdout(siem_line_file *file);

/* Appends lines, to a new file when the old one was renamed or removed. `kept` receives how many
 * bytes are in, which is a number of whole lines, also on failure. Errors: SIEM_IO,
 * SIEM_PIPE_CLOSED. */
siem_code siem_line_file_write(siem_line_file *file, const char *lines, size_t size, size_t *kept,
                               siem_error *err);

/* Reports a late write error. Errors: SIEM_IO. */
siem_code siem_line_file_close(siem_line_file *file, siem_error *err);

#endif
