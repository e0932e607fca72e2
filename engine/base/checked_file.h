/* checked_file.h: opening files in folders to which other users may write.
 *
 * A file that the program writes, or keeps its state in, belongs to its own user or to root.
 * Another user's file is an error (SIEM_HELD), and so is a pipe where a file is expected. The
 * program never waits for it. A link at the end of a path is followed when one of the two made it.
 * A file that the process was given open ("/dev/stdout", "/dev/fd/3") is used without these checks,
 * for an output and a credential.
 */
#ifndef SIEM_CHECKED_FILE_H
#define SIEM_CHECKED_FILE_H

#include "base/buffer.h"

#include <oversight/siem.h>
#include <sys/types.h>

typedef enum siem_file_use {
    SIEM_FILE_INPUT,  /* read: a credential. Another user's is refused only in a folder to which
                         all may write */
    SIEM_FILE_TABLE,  /* read: a table, likewise */
    SIEM_FILE_STATE,  /* read: what this program wrote */
    SIEM_FILE_CHANGE, /* read and written in place; no link is followed */
    SIEM_FILE_APPEND, /* made or added to: a pipe or a device as well */
    SIEM_FILE_RESUME, /* added to where it is there */
    SIEM_FILE_LOCK,   /* made, and kept for its lock; no link is followed */
    SIEM_FILE_NEW     /* made; what has the name is removed before */
} siem_file_use;

/* Opens a file. A new file gets this mode, whatever the umask is. Errors: SIEM_NOT_FOUND,
 * SIEM_HELD for a file that is another user's or is not a regular one, SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_checked_file_open(int *fd, const char *path, siem_file_use use, mode_t mode,
                                 siem_error *err);

/* Appends all of a file to `content`. Errors: as above. */
siem_code siem_checked_file_read(siem_buffer *content, const char *path, siem_file_use use,
                                 siem_error *err);

/* Reads at most `capacity` bytes of an open file. Returns the number, or -1 with errno. */
ssize_t siem_checked_file_fill(int fd, char *bytes, size_t capacity);

/* Follows the links at the end of a path, as far as `use` does. The caller frees the result. The
 * file may be missing. Errors: SIEM_HELD, SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_checked_file_resolve(char **real, const char *path, siem_file_use use,
                                    siem_error *err);

/* True for the name of a file that the process was given open: its opener decides who shares
 * it. NULL is standard output. */
bool siem_is_given_open(const char *path);

#endif
