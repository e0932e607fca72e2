/* file_lock.h: one writer a file, independent of locks of readers.
 *
 * There are two locks. One is on a hidden file beside, ".NAME.lock", which only its owner can open:
 * no reader takes it. It is removed when it is released; one that a crash left is used again. The
 * other one is on the file itself: for other names of it, and for folders in which no file can be
 * made. It needs the right to write, and is independent of a reader's lock on the same bytes. */
#ifndef SIEM_FILE_LOCK_H
#define SIEM_FILE_LOCK_H

#include <oversight/siem.h>

typedef struct siem_file_lock { /* not taken when it is all zero */
    bool is_taken;
    bool is_shared; /* shared with other writers that append, each line by one write */
    char *path;     /* of the file beside; NULL: there can be none */
    int fd;         /* of that; -1: there is none */
} siem_file_lock;

/* Takes the lock for the file at `path`, which is open as `file`. Waits half a second for another
 * writer, which may be ending. Errors: SIEM_HELD when it still writes then, or when the file beside
 * is another user's; SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_file_lock_take(siem_file_lock *lock, const char *path, int file, bool is_shared,
                              siem_error *err);

/* Extends the lock to another file, when the writer changes to it. Closing a file
 * releases its lock. Errors: as above. */
siem_code siem_file_lock_extend(siem_file_lock *lock, const char *path, int file, siem_error *err);

/* Releases it, if it is held. `file` is still open. */
void siem_file_lock_release(siem_file_lock *lock, int file);

#endif
