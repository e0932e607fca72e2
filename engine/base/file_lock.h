/* file_lock.h: one writer a file, whatever its readers lock.
 *
 * There are two locks. One is on a hidden file beside, ".NAME.lock", which only its owner can open:
 * no reader takes it. It is removed when it is released; one that a crash left is used again. The
 * other one is on the file itself, for other names of it and for folders in which nothing can be
 * made. It needs the right to write, and is independent of a reader's lock on the same bytes. */
#ifndef SIEM_FILE_LOCK_H
#define SIEM_FILE_LOCK_H

#include <oversight/siem.h>

typedef struct siem_file_lock { /* not taken when it is all zero */
    bool is_taken;
    bool is_shared; /* with others that append as well, each line by one write */
    char *path;     /* of the file beside; NULL: there can be none */
    int fd;         /* of that; -1: there is none */
} siem_file_lock;

/* Takes the lock for the file at `path`, which is open as `file`. Another writer is waited for, for
 * half a second: it may be ending. Errors: SIEM_HELD when it still writes then, or when the file
 * beside is another user's; SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_file_lock_take(siem_file_lock *lock, const char *path, int file, bool is_shared,
                              siem_error *err);

/* Extends a lock that is held to another file, to which the writer changes. Closing a file
 * releases its lock. Errors: as above. */
siem_code siem_file_lock_extend(siem_file_lock *lock, const char *path, int file, siem_error *err);

/* Releases it, if it is held. `file` is still open. */
void siem_file_lock_release(siem_file_lock *lock, int file);

#endif
