/* line_file.h: a file of whole lines: one that does not fit leaves no part in it. */
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

/* Called before the first line goes to another file, which it is given. After an error no line is
 * written. */
typedef siem_code (*siem_moved_function)(void *context, const siem_extent *extent, siem_error *err);

typedef struct siem_line_file {
    int fd;
    char *path;  /* NULL for standard output, which is never reopened */
    mode_t mode; /* of a file that is made; a private one (0600) is kept private */
    siem_file_lock lock;
    bool truncate;         /* it is to be emptied once it is locked */
    const char *beginning; /* what was done with the file when it was locked first: "new",
                              "appended", "emptied"; NULL: it was not, or is not a regular file */
    bool torn;             /* the file ends within a line: a line end is due first */
    off_t known, end;      /* between them is what an interrupted attempt wrote; `end` 0: nothing */
    int reader;            /* of these bytes, or -1 */
    off_t safe;            /* what is before it is on the disk; -1: nobody asked for that */
    siem_moved_function moved; /* NULL: nobody asked for that */
    void *moved_context;
} siem_line_file;

/* Opens for appending; `truncate` empties the file when it is claimed. Errors: SIEM_NOT_FOUND for a
 * folder that does not exist, SIEM_HELD for another user's file and for one that cannot be made
 * private, SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_line_file_open(siem_line_file *file, const char *path, mode_t mode, bool truncate,
                              siem_error *err);

/* The file that is open, and the one that the path names by now; the first for both where there is
 * none. False when the first one cannot be read. */
bool siem_line_file_status(const siem_line_file *file, struct stat *open, struct stat *named);

/* Wraps standard output. */
void siem_line_file_open_stdout(siem_line_file *file);

/* Makes the file this writer's own until it is released or closed; the first line does so as well.
 * `moved`, unless it is NULL, is called when lines go to another file. Pipes, devices and what is
 * named by /dev/stdout are not locked. Errors: SIEM_HELD when another writer keeps the file for
 * longer than a moment, SIEM_IO. */
siem_code siem_line_file_claim(siem_line_file *file, siem_moved_function moved, void *context,
                               siem_error *err);

void siem_line_file_release(siem_line_file *file);

/* Instead of a claim, until it is closed: others may append as well, each line by one write.
 * Errors: SIEM_HELD when the file is a writer's own, SIEM_IO. */
siem_code siem_line_file_share(siem_line_file *file, siem_error *err);

/* Continues after an extent that an earlier process saved, in that file, which may have been
 * renamed since. What an interrupted attempt wrote after it stays as far as it is written again,
 * and is cut where it differs. *found is false when that file is gone: then it continues at the end
 * of the one that the path names. Errors: SIEM_IO, SIEM_HELD, also when the file is shorter. */
siem_code siem_line_file_resume(siem_line_file *file, const siem_extent *extent, bool *found,
                                siem_error *err);

/* Ends a torn line, forces what was written to the disk, and gives where the file ends; of a file
 * that is not regular nothing is forced. Errors: SIEM_HELD when somebody has cut it short; SIEM_IO:
 * whoever claimed the file has to write again what was written since the last success, as it is cut
 * off. */
siem_code siem_line_file_sync(siem_line_file *file, siem_extent *extent, siem_error *err);

/* Appends lines, to a new file when the old one was renamed or removed. `kept` receives how many
 * bytes are in, which is a number of whole lines, also on failure. Errors: SIEM_IO,
 * SIEM_PIPE_CLOSED; SIEM_HELD when another writer has it, or somebody has cut it short. */
siem_code siem_line_file_write(siem_line_file *file, const char *lines, size_t size, size_t *kept,
                               siem_error *err);

/* Reports a late write error. Errors: SIEM_IO. */
siem_code siem_line_file_close(siem_line_file *file, siem_error *err);

#endif
