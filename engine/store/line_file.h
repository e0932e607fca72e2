/* line_file.h: a file of whole lines: of a line that does not fit, no part stays. */
#ifndef SIEM_LINE_FILE_H
#define SIEM_LINE_FILE_H

#include "base/file_lock.h"
#include "base/identity.h"

#include <oversight/siem.h>
#include <sys/stat.h>

/* A file, and where it ended at some time. */
typedef struct siem_extent {
    siem_identity file; /* none: it is not a regular file */
    int64_t size;
} siem_extent;

/* Called before the first line goes to another file. After an error no line is written. */
typedef siem_code (*siem_moved_function)(void *context, const siem_extent *extent, siem_error *err);

typedef struct siem_line_file {
    int fd;
    char *path;  /* NULL for standard output, which is never reopened */
    mode_t mode; /* of a file that is made; a private one (0600) is kept private */
    siem_file_lock lock;
    bool truncate;         /* it is to be emptied once it is locked */
    const char *beginning; /* how the file was when it was locked first: "new", "appended",
                              "emptied"; NULL: it was not locked, or is not a regular file */
    bool torn;             /* the file ends within a line: a line end is written first */
    off_t known, end;      /* an interrupted attempt wrote the bytes between them; `end` 0: none */
    int reader;            /* of these bytes, or -1 */
    off_t safe;            /* the bytes before it are on the disk; -1: not forced */
    siem_moved_function moved; /* NULL: none */
    void *moved_context;
} siem_line_file;

/* Opens for appending; `truncate` empties the file when it is claimed. Errors: SIEM_NOT_FOUND for a
 * folder that does not exist, SIEM_HELD for another user's file and for one that cannot be made
 * private, SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_line_file_open(siem_line_file *file, const char *path, mode_t mode, bool truncate,
                              siem_error *err);

/* The open file, and the file that the path names; the first for both when there is none. False
 * when the first one cannot be read. */
bool siem_line_file_status(const siem_line_file *file, struct stat *open, struct stat *named);

/* Wraps standard output. */
void siem_line_file_open_stdout(siem_line_file *file);

/* Locks the file for this writer until it is released or closed. The first line does so as well.
 * `moved`, unless it is NULL, is called when lines go to another file. Pipes, devices and
 * /dev/stdout are not locked. Errors: SIEM_HELD when another writer keeps the file for longer than
 * a moment, SIEM_IO. */
siem_code siem_line_file_claim(siem_line_file *file, siem_moved_function moved, void *context,
                               siem_error *err);

void siem_line_file_release(siem_line_file *file);

/* Shares the file until it is closed: others may append as well, each line by one write. Errors:
 * SIEM_HELD when a writer has locked it, SIEM_IO. */
siem_code siem_line_file_share(siem_line_file *file, siem_error *err);

/* Continues after an extent that an earlier process saved, in that file, which may have been
 * renamed since. Bytes of an interrupted attempt after it stay as far as the same is written again,
 * and are cut where it differs. *found is false when that file is gone: lines then go to the end of
 * the file that the path names. Errors: SIEM_IO, SIEM_HELD, also when the file is shorter. */
siem_code siem_line_file_resume(siem_line_file *file, const siem_extent *extent, bool *found,
                                siem_error *err);

/* Ends a torn line, forces the lines to the disk, and returns where the file ends. A file that is
 * not regular is not forced. Errors: SIEM_HELD when somebody has cut it short; SIEM_IO: the file is
 * cut after the last success, and the writer has to write the lines since then again. */
siem_code siem_line_file_sync(siem_line_file *file, siem_extent *extent, siem_error *err);

/* Appends lines, to a new file when the old one was renamed or removed. `kept` receives the number
 * of bytes that are in the file, in whole lines, also on failure. Errors: SIEM_IO,
 * SIEM_PIPE_CLOSED; SIEM_HELD when another writer has it, or somebody has cut it short. */
siem_code siem_line_file_write(siem_line_file *file, const char *lines, size_t size, size_t *kept,
                               siem_error *err);

/* Reports a late write error. Errors: SIEM_IO. */
siem_code siem_line_file_close(siem_line_file *file, siem_error *err);

#endif
