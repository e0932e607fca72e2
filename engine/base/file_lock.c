/* file_lock.c: flock on a file beside, and a lock of Linux's open file descriptions (fcntl(2)) on
 * the file itself. */
#include "base/file_lock.h"

#include "base/checked_file.h"
#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 0.5 /* seconds that a lock is waited for: its owner may be ending */

/* The byte that a writer locks: after all that a file can hold. */
static const struct flock writers_byte = {
    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_MAX - 1, .l_len = 1};

static siem_code lock_failed(const char *path, siem_error *err) {
    return siem_error_set(err, SIEM_IO, "cannot lock '%s': %s", path, strerror(errno));
}

/* ---- the file beside ---- */

/* Beside the file itself, also when a link leads to it. */
static siem_code find_beside(siem_file_lock *lock, const char *path, siem_error *err) {
    char *real;
    siem_code rc = siem_checked_file_resolve(&real, path, SIEM_FILE_APPEND, err);
    if (rc != SIEM_OK) return rc;
    const char *slash = strrchr(real, '/');
    int folder = slash != NULL ? (int)(slash - real) + 1 : 0;
    if (asprintf(&lock->path, "%.*s.%s.lock", folder, real, real + folder) < 0) lock->path = NULL;
    free(real);
    return lock->path != NULL ? SIEM_OK : siem_error_no_memory(err);
}

/* SIEM_LOCKED: another writer has it. In a folder that takes no file, this lock is omitted. */
static siem_code lock_beside(siem_file_lock *lock, siem_error *err) {
    struct stat file;
    if (lock->path == NULL) return SIEM_OK;
    siem_code rc = siem_checked_file_open(&lock->fd, lock->path, SIEM_FILE_LOCK, 0600, err);
    if (rc == SIEM_IO || rc == SIEM_NOT_FOUND) return SIEM_OK;
    if (rc != SIEM_OK) return rc;
    if (flock(lock->fd, (lock->is_shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        rc = errno == EWOULDBLOCK || errno == EINTR ? SIEM_LOCKED : lock_failed(lock->path, err);
    } else if (fstat(lock->fd, &file) != 0 || file.st_nlink == 0) {
        rc = SIEM_LOCKED; /* its owner has just removed it: the next attempt makes another one */
    }
    if (rc == SIEM_OK) return SIEM_OK;
    (void)close(lock->fd);
    lock->fd = -1;
    return rc;
}

/* ---- the file itself ---- */

/* SIEM_LOCKED: another writer has it. */
static siem_code lock_itself(const siem_file_lock *lock, const char *path, int file,
                             siem_error *err) {
    struct flock wanted = writers_byte, there = writers_byte;
    if (!lock->is_shared && fcntl(file, F_OFD_SETLK, &wanted) == 0) return SIEM_OK;
    if (lock->is_shared || errno == EAGAIN || errno == EACCES) {
        there.l_type = lock->is_shared ? F_RDLCK : F_WRLCK;
        if (fcntl(file, F_OFD_GETLK, &there) == 0) {
            return there.l_type == F_WRLCK ? SIEM_LOCKED : SIEM_OK;
        }
    }
    return lock->fd >= 0 ? SIEM_OK : lock_failed(path, err);
}

static siem_code lock_both(siem_file_lock *lock, const char *path, int file, siem_error *err) {
    siem_code rc = lock->fd < 0 ? lock_beside(lock, err) : SIEM_OK;
    return rc == SIEM_OK ? lock_itself(lock, path, file, err) : rc;
}

/* ---- both ---- */

/* True for a file that can have a writer of its own. */
static bool can_be_locked(const char *path, int file) {
    struct stat status;
    return !siem_is_given_open(path) && fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

siem_code siem_file_lock_extend(siem_file_lock *lock, const char *path, int file, siem_error *err) {
    const struct timespec tick = {0, 10000000L};
    double until = siem_clock() + PATIENCE;
    siem_code rc;
    if (!can_be_locked(path, file)) return SIEM_OK;
    while ((rc = lock_both(lock, path, file, err)) == SIEM_LOCKED) {
        if (siem_clock() >= until) {
            return siem_error_set(err, SIEM_HELD,
                                  "'%s' is written by another export: stop that one, or give this "
                                  "one a file of its own",
                                  path);
        }
        (void)nanosleep(&tick, NULL);
    }
    return rc;
}

siem_code siem_file_lock_take(siem_file_lock *lock, const char *path, int file, bool is_shared,
                              siem_error *err) {
    siem_code rc = SIEM_OK;
    *lock = (siem_file_lock){.fd = -1, .is_shared = is_shared, .is_taken = true};
    if (can_be_locked(path, file)) rc = find_beside(lock, path, err);
    if (rc == SIEM_OK) rc = siem_file_lock_extend(lock, path, file, err);
    if (rc != SIEM_OK) siem_file_lock_release(lock, file);
    return rc;
}

void siem_file_lock_release(siem_file_lock *lock, int file) {
    struct flock none = writers_byte;
    if (!lock->is_taken) return;
    none.l_type = F_UNLCK;
    if (!lock->is_shared) (void)fcntl(file, F_OFD_SETLK, &none);
    if (lock->fd >= 0) {
        /* The last of the writers that share it removes it. */
        bool is_last = lock->path != NULL && flock(lock->fd, LOCK_EX | LOCK_NB) == 0;
        if (is_last) (void)unlink(lock->path);
        (void)close(lock->fd);
    }
    free(lock->path);
    *lock = (siem_file_lock){0};
}
