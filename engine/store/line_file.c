/* line_file.c: appending beside log rotation, other writers and full disks. */
#include "store/line_file.h"

#include "base/checked_file.h"
#include "base/error.h"
#include "base/replaced_file.h"
#include "base/sqlite_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *name_of(const siem_line_file *file) {
    return file->path != NULL ? file->path : "standard output";
}

static bool is_regular(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* Opens the path for reading if it still names the file that is open. */
static int open_same(const char *path, int fd) {
    struct stat named, open_;
    int reader = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (reader < 0) return -1;
    if (fstat(reader, &named) == 0 && fstat(fd, &open_) == 0 && named.st_dev == open_.st_dev &&
        named.st_ino == open_.st_ino) {
        return reader;
    }
    (void)close(reader);
    errno = ENOENT;
    return -1;
}

/* Opens for reading what is open for writing. With /proc, its name may have changed. */
static int open_to_read(const siem_line_file *file, int fd) {
    char name[40];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int reader = open(name, O_RDONLY | O_CLOEXEC);
    bool has_proc = reader >= 0 || errno != ENOENT;
    return has_proc || file->path == NULL ? reader : open_same(file->path, fd);
}

/* True when the file holds something and its last byte does not end a line: a writer died within
 * one. */
static bool ends_within_line(const siem_line_file *file, int fd) {
    struct stat status;
    char last = '\n';
    int reader = is_regular(fd) ? open_to_read(file, fd) : -1;
    if (reader < 0) return false;
    if (fstat(reader, &status) == 0 && status.st_size > 0) {
        (void)!pread(reader, &last, 1, status.st_size - 1);
    }
    (void)close(reader);
    return last != '\n';
}

/* An existing private file may have another mode, as after rotation. */
static siem_code make_private(const siem_line_file *file, siem_error *err) {
    struct stat status;
    if (file->mode & 077) return SIEM_OK;
    bool is_private =
        fstat(file->fd, &status) == 0 && (!S_ISREG(status.st_mode) || (status.st_mode & 077) == 0);
    if (is_private || fchmod(file->fd, file->mode) == 0) return SIEM_OK;
    return siem_error_set(err, SIEM_HELD,
                          "other users can read '%s', and its mode cannot be changed (%s): make it "
                          "with mode 0600 as a file of user %u",
                          file->path, strerror(errno), (unsigned)geteuid());
}

static siem_code open_path(siem_line_file *file, siem_error *err) {
    siem_code rc = siem_checked_file_open(&file->fd, file->path, SIEM_FILE_APPEND, file->mode, err);
    if (rc == SIEM_OK && (rc = make_private(file, err)) != SIEM_OK) (void)close(file->fd);
    return rc;
}

siem_code siem_line_file_open(siem_line_file *file, const char *path, mode_t mode, bool truncate,
                              siem_error *err) {
    if (*path == '\0') return siem_error_empty(err, "path", "the path of the file");
    *file = (siem_line_file){.fd = -1,
                             .mode = mode,
                             .path = strdup(path),
                             .truncate = truncate,
                             .reader = -1,
                             .safe = -1};
    if (file->path == NULL) return siem_error_no_memory(err);
    siem_code rc = SIEM_OK;
    if (siem_sqlite_file_is_at(path)) {
        rc = siem_error_set(err, SIEM_INVALID,
                            "cannot write to '%s': it is a database of SQLite: give another file",
                            path);
    }
    if (rc == SIEM_OK) rc = open_path(file, err);
    if (rc != SIEM_OK) {
        free(file->path);
        file->path = NULL;
    }
    return rc;
}

bool siem_line_file_status(const siem_line_file *file, struct stat *open, struct stat *named) {
    if (fstat(file->fd, open) != 0) return false;
    if (file->path == NULL || stat(file->path, named) != 0) *named = *open;
    return true;
}

void siem_line_file_open_stdout(siem_line_file *file) {
    *file = (siem_line_file){.fd = STDOUT_FILENO, .reader = -1, .safe = -1};
}

static siem_code read_extent(const siem_line_file *file, int fd, siem_extent *extent,
                             siem_error *err) {
    struct stat status;
    *extent = (siem_extent){.size = 0};
    bool is_known = fstat(fd, &status) == 0;
    if (is_known && !S_ISREG(status.st_mode)) return SIEM_OK;
    if (is_known && siem_identity_of(&extent->file, fd)) {
        extent->size = status.st_size;
        return SIEM_OK;
    }
    return siem_error_set(err, SIEM_IO, "cannot stat '%s': %s", name_of(file), strerror(errno));
}

static bool is_none(const siem_extent *extent) {
    return extent->file.inode == 0;
}

/* True when the path names another file than the one that is open, or none. It counts as well when
 * the file is to be emptied and it is unknown whether it was renamed. */
static bool was_rotated(const siem_line_file *file) {
    struct stat there, here;
    if (file->path == NULL) return false;
    if (fstat(file->fd, &here) != 0) return file->truncate;
    if (!S_ISREG(here.st_mode)) return false;
    if (stat(file->path, &there) != 0) return errno == ENOENT || file->truncate;
    return there.st_dev != here.st_dev || there.st_ino != here.st_ino;
}

static siem_code close_failed(const siem_line_file *file, int reason, siem_error *err) {
    return siem_error_set(err, SIEM_IO, "cannot finish writing '%s': %s", name_of(file),
                          strerror(reason));
}

static void end_skipping(siem_line_file *file) {
    if (file->reader >= 0) (void)close(file->reader);
    file->reader = -1;
    file->known = file->end = 0;
}

/* Forces what was written to the disk. After a failure the system considers it written,
 * and the next attempt would succeed without it (PostgreSQL wiki, "Fsync Errors"): it is cut off,
 * so that it is written again. */
static siem_code force(siem_line_file *file, siem_error *err) {
    if (fsync(file->fd) == 0) return SIEM_OK;
    int reason = errno;
    if (file->safe >= 0) {
        end_skipping(file);
        if (ftruncate(file->fd, file->safe) != 0) reason = errno;
        file->torn = false;
    }
    return siem_error_set(err, SIEM_IO, "cannot force '%s' to the disk: %s", name_of(file),
                          strerror(reason));
}

/* ---- one writer's own ---- */

/* The path may name another file than when it was opened. */
static siem_code open_again(siem_line_file *file, siem_error *err) {
    int old = file->fd;
    siem_code rc = open_path(file, err);
    if (rc == SIEM_OK) (void)close(old);
    else file->fd = old;
    return rc;
}

static siem_code empty(const siem_line_file *file, siem_error *err) {
    if (ftruncate(file->fd, 0) == 0 || errno == EINVAL) return SIEM_OK; /* a pipe has no length */
    return siem_error_set(err, SIEM_IO, "cannot empty '%s': %s", name_of(file), strerror(errno));
}

static void note_beginning(siem_line_file *file) {
    struct stat status;
    if (file->beginning != NULL || file->path == NULL || fstat(file->fd, &status) != 0 ||
        !S_ISREG(status.st_mode))
        return;
    file->beginning = status.st_size == 0 ? "new" : file->truncate ? "emptied" : "appended";
}

/* Makes the file this writer's own. It is emptied only after that. */
static siem_code own(siem_line_file *file, siem_error *err) {
    if (file->lock.is_taken) return SIEM_OK;
    siem_code rc = was_rotated(file) ? open_again(file, err) : SIEM_OK;
    if (rc == SIEM_OK) rc = siem_file_lock_take(&file->lock, file->path, file->fd, false, err);
    if (rc != SIEM_OK) return rc;
    note_beginning(file);
    if (file->truncate && (rc = empty(file, err)) != SIEM_OK) {
        siem_file_lock_release(&file->lock, file->fd);
        return rc;
    }
    file->truncate = false;
    file->torn = ends_within_line(file, file->fd);
    return SIEM_OK;
}

/* Forces the name of a file that may be new to the disk. */
static siem_code sync_name(const siem_line_file *file, siem_error *err) {
    siem_code rc = file->path != NULL ? siem_folder_sync(file->path, err) : SIEM_OK;
    if (rc == SIEM_NOT_FOUND) return SIEM_OK; /* its folder cannot be read */
    if (rc != SIEM_OK) {
        siem_error_prefix(err, "cannot force the name of '%s' to the disk", file->path);
    }
    return rc;
}

siem_code siem_line_file_claim(siem_line_file *file, siem_moved_function moved, void *context,
                               siem_error *err) {
    siem_code rc = own(file, err);
    if (rc == SIEM_OK && moved != NULL) rc = sync_name(file, err);
    file->moved = rc == SIEM_OK ? moved : NULL;
    file->moved_context = context;
    if (file->moved == NULL) file->safe = -1;
    return rc;
}

void siem_line_file_release(siem_line_file *file) {
    siem_file_lock_release(&file->lock, file->fd);
    file->moved = NULL;
    file->safe = -1;
}

siem_code siem_line_file_share(siem_line_file *file, siem_error *err) {
    siem_code rc = siem_file_lock_take(&file->lock, file->path, file->fd, true, err);
    if (rc != SIEM_OK) return rc;
    file->torn = ends_within_line(file, file->fd);
    return SIEM_OK;
}

/* Before the first line of another file: locks it, forces its name to the disk, reports it. */
static siem_code take_over(siem_line_file *file, siem_error *err) {
    siem_extent extent;
    siem_code rc = siem_file_lock_extend(&file->lock, file->path, file->fd, err);
    if (rc == SIEM_OK && file->moved == NULL) file->safe = -1;
    if (rc != SIEM_OK || file->moved == NULL) return rc;
    rc = read_extent(file, file->fd, &extent, err);
    if (rc == SIEM_OK) rc = sync_name(file, err);
    if (rc == SIEM_OK) rc = file->moved(file->moved_context, &extent, err);
    if (rc == SIEM_OK) file->safe = extent.size;
    return rc;
}

/* Changes to the file that the path names now, after the old one is on the disk. */
static siem_code reopen(siem_line_file *file, siem_error *err) {
    int old = file->fd;
    siem_code rc = file->moved == NULL ? SIEM_OK : force(file, err);
    if (rc == SIEM_OK) rc = open_path(file, err);
    if (rc == SIEM_OK && (rc = take_over(file, err)) != SIEM_OK) (void)close(file->fd);
    if (rc != SIEM_OK) {
        file->fd = old; /* the next write tries again */
        return rc;
    }
    file->torn = ends_within_line(file, file->fd);
    return close(old) == 0 ? SIEM_OK : close_failed(file, errno, err);
}

/* Writes until all is in or the file refuses; *written is how much was written. */
static int write_all(int fd, const char *bytes, size_t size, size_t *written) {
    *written = 0;
    while (*written < size) {
        ssize_t n = write(fd, bytes + *written, size - *written);
        if (n >= 0) {
            *written += (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            (void)poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static size_t whole_lines(const char *lines, size_t size) {
    while (size > 0 && lines[size - 1] != '\n') size--;
    return size;
}

/* Cuts off the line that is not complete, unless someone else wrote after it. */
static bool cut_tail(const siem_line_file *file, off_t size_before, size_t written, size_t kept) {
    struct stat status;
    if (written == kept) return true;
    bool ours = fstat(file->fd, &status) == 0 && S_ISREG(status.st_mode) &&
                status.st_size == size_before + (off_t)written;
    if (!ours || ftruncate(file->fd, size_before + (off_t)kept) != 0) return false;
    if (file->path == NULL) (void)lseek(file->fd, 0, SEEK_END);
    return true;
}

static siem_code write_failed(const siem_line_file *file, int reason, siem_error *err) {
    if (reason == EPIPE) {
        return siem_error_set(err, SIEM_PIPE_CLOSED, "the reader of '%s' went away", name_of(file));
    }
    return siem_error_set(err, SIEM_IO, "cannot write to '%s': %s%s", name_of(file),
                          strerror(reason), file->torn ? "; its last line is incomplete" : "");
}

/* Ends a line that another writer left incomplete, so that the next one begins a line. */
static siem_code end_torn_line(siem_line_file *file, siem_error *err) {
    size_t written;
    int reason = file->torn ? write_all(file->fd, "\n", 1, &written) : 0;
    if (reason != 0) return write_failed(file, reason, err);
    file->torn = false;
    return SIEM_OK;
}

/* ---- continuing after an interrupted attempt ---- */

/* How many of the bytes are in the file already, at the place where they belong. */
static size_t count_known(const siem_line_file *file, const char *bytes, size_t size) {
    char there[16384];
    size_t same = 0;
    while (same < size) {
        size_t wanted = size - same < sizeof there ? size - same : sizeof there, n = 0;
        ssize_t got = pread(file->reader, there, wanted, file->known + (off_t)same);
        while (got > 0 && n < (size_t)got && there[n] == bytes[same + n]) n++;
        same += n;
        if (n < wanted) break;
    }
    return same;
}

/* Skips what is in the file already. Where that differs, the file is cut: it was never confirmed.
 */
static siem_code skip_known(siem_line_file *file, const char *lines, size_t size, size_t *known,
                            siem_error *err) {
    *known = count_known(file, lines, size);
    file->known += (off_t)*known;
    if (*known < size && file->known < file->end && ftruncate(file->fd, file->known) != 0) {
        return write_failed(file, errno, err);
    }
    if (*known < size || file->known == file->end) end_skipping(file);
    return SIEM_OK;
}

/* The name of that file in the folder of the path: NULL without one, or when it may not be read. */
static siem_code find_renamed(char **found, const char *path, const siem_identity *wanted,
                              siem_error *err) {
    char *copy = strdup(path);
    *found = NULL;
    if (copy == NULL) return siem_error_no_memory(err);
    const char *folder = dirname(copy);
    DIR *stream = opendir(folder);
    int reason = stream == NULL && errno != EACCES ? errno : 0;
    struct dirent *entry;
    siem_identity identity;
    while (stream != NULL && reason == 0 && *found == NULL && (entry = readdir(stream)) != NULL) {
        if (!siem_identity_read(&identity, dirfd(stream), entry->d_name, true)) {
            reason = errno != ENOENT ? errno : 0; /* it went away meanwhile */
        } else if (siem_identity_equals(&identity, wanted) &&
                   asprintf(found, "%s/%s", folder, entry->d_name) < 0) {
            reason = ENOMEM;
        }
    }
    if (stream != NULL) (void)closedir(stream);
    free(copy);
    if (reason == 0) return SIEM_OK;
    *found = NULL;
    return siem_error_set(err, SIEM_IO, "cannot look for the file that '%s' was: %s", path,
                          strerror(reason));
}

/* Opens the file of that extent under the name that it has now; *fd is -1 when it has none. */
static siem_code open_renamed(siem_line_file *file, const siem_extent *extent, int *fd,
                              siem_error *err) {
    char *name = NULL;
    siem_code rc =
        file->path != NULL ? find_renamed(&name, file->path, &extent->file, err) : SIEM_OK;
    *fd = -1;
    if (rc == SIEM_OK && name != NULL) {
        rc = siem_checked_file_open(fd, name, SIEM_FILE_RESUME, 0, err);
    }
    free(name);
    if (rc == SIEM_OK && *fd >= 0) rc = siem_file_lock_extend(&file->lock, file->path, *fd, err);
    if (rc != SIEM_OK && *fd >= 0) (void)close(*fd);
    return rc;
}

/* Makes the bytes after the extent those that are compared. */
static siem_code begin_skipping(siem_line_file *file, off_t known, off_t end, siem_error *err) {
    file->reader = open_to_read(file, file->fd);
    if (file->reader < 0 && errno == ENOENT) {
        return siem_error_set(
            err, SIEM_IO,
            "cannot read '%s', to continue after what is there: it was renamed, and "
            "there is no /proc, by which its open file can be found: mount /proc",
            name_of(file));
    }
    if (file->reader < 0) {
        return siem_error_set(err, SIEM_IO, "cannot read '%s', to continue after what is there: %s",
                              name_of(file), strerror(errno));
    }
    file->known = known;
    file->end = end;
    return SIEM_OK;
}

/* Exported lines must still be in the file: they are not written again. */
static siem_code check_size(const siem_line_file *file, off_t size, off_t least, siem_error *err) {
    if (size >= least) return SIEM_OK;
    return siem_error_set(err, SIEM_HELD,
                          "'%s' was cut short by somebody: of %lld bytes that were exported, %lld "
                          "are there. Say from where on events are to be exported again with "
                          "'checkpoint set', or export all again with 'checkpoint reset'",
                          name_of(file), (long long)least, (long long)size);
}

siem_code siem_line_file_resume(siem_line_file *file, const siem_extent *extent, bool *found,
                                siem_error *err) {
    int renamed = -1;
    siem_extent here;
    siem_code rc = own(file, err);
    *found = false;
    if (rc == SIEM_OK) rc = read_extent(file, file->fd, &here, err);
    if (rc != SIEM_OK) return rc;
    end_skipping(file);
    if (!siem_identity_equals(&here.file, &extent->file)) {
        rc = open_renamed(file, extent, &renamed, err);
        if (rc != SIEM_OK || renamed < 0) return rc;
        rc = read_extent(file, renamed, &here, err);
    }
    if (rc != SIEM_OK || (rc = check_size(file, here.size, extent->size, err)) != SIEM_OK) {
        if (renamed >= 0) (void)close(renamed);
        return rc;
    }
    if (renamed >= 0) {
        (void)close(file->fd);
        file->fd = renamed;
    }
    *found = true;
    file->torn = false; /* a line is torn only in what is compared, and completed then */
    file->safe = extent->size;
    return here.size > extent->size ? begin_skipping(file, extent->size, here.size, err) : SIEM_OK;
}

siem_code siem_line_file_sync(siem_line_file *file, siem_extent *extent, siem_error *err) {
    siem_code rc = end_torn_line(file, err);
    if (rc == SIEM_OK) rc = read_extent(file, file->fd, extent, err);
    if (rc != SIEM_OK || is_none(extent)) return rc;
    if ((rc = check_size(file, extent->size, file->safe, err)) != SIEM_OK) return rc;
    if (file->end != 0) extent->size = file->known; /* what follows may still be cut */
    rc = force(file, err);
    if (rc == SIEM_OK && file->moved != NULL) file->safe = extent->size;
    return rc;
}

/* ---- writing ---- */

siem_code siem_line_file_write(siem_line_file *file, const char *lines, size_t size, size_t *kept,
                               siem_error *err) {
    struct stat before;
    siem_code rc;
    size_t known = 0, written;
    *kept = 0;
    if (size == 0) return SIEM_OK;
    if ((rc = own(file, err)) != SIEM_OK) return rc;
    if (file->end != 0) {
        if ((rc = skip_known(file, lines, size, &known, err)) != SIEM_OK) return rc;
    } else if (was_rotated(file) && (rc = reopen(file, err)) != SIEM_OK) {
        return rc;
    }
    if ((rc = end_torn_line(file, err)) != SIEM_OK) return rc;
    if (fstat(file->fd, &before) != 0) return write_failed(file, errno, err);
    if ((rc = check_size(file, before.st_size, file->safe, err)) != SIEM_OK) return rc;
    int reason = write_all(file->fd, lines + known, size - known, &written);
    written += known;
    if (reason == 0) {
        *kept = size;
        return SIEM_OK;
    }
    *kept = whole_lines(lines, written);
    file->torn = *kept != written && !cut_tail(file, before.st_size - (off_t)known, written, *kept);
    return write_failed(file, reason, err);
}

siem_code siem_line_file_close(siem_line_file *file, siem_error *err) {
    siem_code rc = SIEM_OK;
    end_skipping(file);
    siem_file_lock_release(&file->lock, file->fd);
    if (file->path != NULL && close(file->fd) != 0) rc = close_failed(file, errno, err);
    free(file->path);
    *file = (siem_line_file){.fd = -1};
    return rc;
}
