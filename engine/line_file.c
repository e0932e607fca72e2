/* line_file.c: appending beside log rotation, other writers and full disks. */
#include "line_file.h"

#include "error.h"

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

/* True when the file holds something and its last byte ends no line: a writer died within one. */
static bool ends_within_line(const char *path) {
    struct stat status;
    char last = '\n';
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        (void)!pread(fd, &last, 1, status.st_size - 1);
    }
    close(fd);
    return last != '\n';
}

static siem_code open_path(siem_line_file *file, int flags, siem_error *err) {
    file->fd = open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, file->mode);
    if (file->fd < 0) {
        return siem_error_set(err, errno == ENOENT ? SIEM_NOT_FOUND : SIEM_IO,
                              "cannot open '%s' for writing: %s", file->path, strerror(errno));
    }
    file->torn = ends_within_line(file->path);
    return SIEM_OK;
}

siem_code siem_line_file_open(siem_line_file *file, const char *path, mode_t mode, bool truncate,
                              siem_error *err) {
    *file =
        (siem_line_file){.fd = -1, .mode = mode, .path = strdup(path), .reader = -1, .safe = -1};
    if (file->path == NULL) return siem_error_no_memory(err);
    siem_code rc = open_path(file, truncate ? O_TRUNC : 0, err);
    if (rc != SIEM_OK) {
        free(file->path);
        file->path = NULL;
    }
    return rc;
}

void siem_line_file_open_stdout(siem_line_file *file) {
    *file = (siem_line_file){.fd = STDOUT_FILENO, .reader = -1, .safe = -1};
}

/* True when the path names another file than the one that is open, or none. */
static bool was_rotated(const siem_line_file *file) {
    struct stat there, here;
    if (file->path == NULL || fstat(file->fd, &here) != 0 || !S_ISREG(here.st_mode)) return false;
    if (stat(file->path, &there) != 0) return errno == ENOENT;
    return there.st_dev != here.st_dev || there.st_ino != here.st_ino;
}

static siem_code close_failed(const siem_line_file *file, int reason, siem_error *err) {
    return siem_error_set(err, SIEM_IO, "cannot finish writing '%s': %s", name_of(file),
                          strerror(reason));
}

static siem_extent extent_of(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return (siem_extent){0};
    return (siem_extent){(uint64_t)status.st_dev, (uint64_t)status.st_ino, status.st_size};
}

static void end_skipping(siem_line_file *file) {
    if (file->reader >= 0) (void)close(file->reader);
    file->reader = -1;
    file->known = file->end = 0;
}

/* Forces what was written to the disk. After a failure the system takes it for written, and the
 * next attempt would succeed without it (PostgreSQL wiki, "Fsync Errors"): it is cut off, so that
 * whoever writes it anew finds nothing that only looks like it. */
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

/* Goes over to the file that the path names now. The old one is on the disk before. */
static siem_code reopen(siem_line_file *file, siem_error *err) {
    int old = file->fd;
    siem_code rc = file->moved == NULL ? SIEM_OK : force(file, err);
    if (rc == SIEM_OK) rc = open_path(file, 0, err);
    siem_extent extent = extent_of(file->fd);
    if (rc == SIEM_OK && file->moved != NULL) {
        rc = file->moved(file->moved_context, &extent, err);
        if (rc == SIEM_OK) file->safe = extent.size;
        else (void)close(file->fd);
    }
    if (rc != SIEM_OK) {
        file->fd = old; /* the next write tries again */
        return rc;
    }
    return close(old) == 0 ? SIEM_OK : close_failed(file, errno, err);
}

/* Writes until all is in or the file refuses; *written tells how far it came. */
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

/* Takes `excess` bytes off the end, unless someone else wrote behind them. */
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

/* Someone's line that was never ended does not become the beginning of the next one. */
static siem_code end_torn_line(siem_line_file *file, siem_error *err) {
    size_t written;
    int reason = file->torn ? write_all(file->fd, "\n", 1, &written) : 0;
    if (reason != 0) return write_failed(file, reason, err);
    file->torn = false;
    return SIEM_OK;
}

/* ---- going on after an interrupted attempt ---- */

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

/* Passes over what is there. Where that differs, the file is cut: it was never confirmed. */
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

/* The name of a file of that identity in the folder of the path, or NULL. */
static char *find_renamed(const char *path, const siem_extent *extent) {
    char *copy = strdup(path), *found = NULL;
    const char *folder = copy != NULL ? dirname(copy) : ".";
    DIR *stream = opendir(folder);
    struct dirent *entry;
    struct stat status;
    while (stream != NULL && found == NULL && (entry = readdir(stream)) != NULL) {
        bool is_it = fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                     S_ISREG(status.st_mode) && (uint64_t)status.st_dev == extent->device &&
                     (uint64_t)status.st_ino == extent->inode;
        if (is_it && asprintf(&found, "%s/%s", folder, entry->d_name) < 0) found = NULL;
    }
    if (stream != NULL) (void)closedir(stream);
    free(copy);
    return found;
}

/* Opens the file of that name instead of the one that the path names. */
static siem_code open_name(siem_line_file *file, const char *name, siem_error *err) {
    int fd = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0) {
        return siem_error_set(err, SIEM_IO, "cannot go on in '%s': %s", name, strerror(errno));
    }
    (void)close(file->fd);
    file->fd = fd;
    return SIEM_OK;
}

/* Makes the bytes behind the extent those that are compared. */
static siem_code begin_skipping(siem_line_file *file, const char *name, off_t known, off_t end,
                                siem_error *err) {
    file->reader = open(name, O_RDONLY | O_CLOEXEC);
    if (file->reader < 0) {
        return siem_error_set(err, SIEM_IO, "cannot read '%s', to go on behind what is there: %s",
                              name, strerror(errno));
    }
    file->known = known;
    file->end = end;
    return SIEM_OK;
}

static bool is_file_of(const siem_extent *a, const siem_extent *b) {
    return a->device == b->device && a->inode == b->inode;
}

siem_code siem_line_file_resume(siem_line_file *file, const siem_extent *extent, bool *found,
                                siem_error *err) {
    siem_code rc = SIEM_OK;
    siem_extent here = extent_of(file->fd);
    bool is_here = is_file_of(&here, extent);
    char *renamed = is_here || file->path == NULL ? NULL : find_renamed(file->path, extent);
    const char *name = renamed != NULL ? renamed : file->path;
    end_skipping(file);
    *found = is_here || renamed != NULL;
    if (renamed != NULL) rc = open_name(file, renamed, err);
    if (rc == SIEM_OK && *found) here = extent_of(file->fd);
    *found = *found && here.size >= extent->size;
    if (rc == SIEM_OK && *found) {
        file->torn = false; /* a line is torn only in what is compared, and completed then */
        file->safe = extent->size;
        if (here.size > extent->size) {
            rc = begin_skipping(file, name, extent->size, here.size, err);
        }
    }
    free(renamed);
    return rc;
}

siem_code siem_line_file_sync(siem_line_file *file, siem_extent *extent, siem_error *err) {
    siem_code rc = end_torn_line(file, err);
    *extent = extent_of(file->fd);
    if (rc != SIEM_OK || extent->inode == 0) return rc;
    if (file->end != 0) extent->size = file->known; /* what is behind may still be cut */
    rc = force(file, err);
    if (rc == SIEM_OK && file->moved != NULL) file->safe = extent->size;
    return rc;
}

/* ---- writing ---- */

siem_code siem_line_file_write(siem_line_file *file, const char *lines, size_t size, size_t *kept,
                               siem_error *err) {
    struct stat before = {.st_size = 0};
    siem_code rc;
    size_t known = 0, written;
    *kept = 0;
    if (size == 0) return SIEM_OK;
    if (file->end != 0) {
        if ((rc = skip_known(file, lines, size, &known, err)) != SIEM_OK) return rc;
    } else if (was_rotated(file) && (rc = reopen(file, err)) != SIEM_OK) {
        return rc;
    }
    if ((rc = end_torn_line(file, err)) != SIEM_OK) return rc;
    (void)fstat(file->fd, &before);
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
    if (file->path != NULL && close(file->fd) != 0) rc = close_failed(file, errno, err);
    free(file->path);
    *file = (siem_line_file){.fd = -1};
    return rc;
}
