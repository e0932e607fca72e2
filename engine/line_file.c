/* line_file.c: appending beside log rotation, other writers and full disks. */
#include "line_file.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
    *file = (siem_line_file){.fd = -1, .mode = mode, .path = strdup(path)};
    if (file->path == NULL) return siem_error_no_memory(err);
    siem_code rc = open_path(file, truncate ? O_TRUNC : 0, err);
    if (rc != SIEM_OK) {
        free(file->path);
        file->path = NULL;
    }
    return rc;
}

void siem_line_file_open_stdout(siem_line_file *file) {
    *file = (siem_line_file){.fd = STDOUT_FILENO};
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

static siem_code reopen(siem_line_file *file, siem_error *err) {
    int old = file->fd;
    siem_code rc = open_path(file, 0, err);
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

siem_code siem_line_file_write(siem_line_file *file, const char *lines, size_t size, size_t *kept,
                               siem_error *err) {
    struct stat before = {.st_size = 0};
    siem_code rc;
    size_t written;
    *kept = 0;
    if (size == 0) return SIEM_OK;
    if (was_rotated(file) && (rc = reopen(file, err)) != SIEM_OK) return rc;
    int reason = file->torn ? write_all(file->fd, "\n", 1, &written) : 0;
    if (reason != 0) return write_failed(file, reason, err);
    file->torn = false;
    (void)fstat(file->fd, &before);
    reason = write_all(file->fd, lines, size, &written);
    if (reason == 0) {
        *kept = size;
        return SIEM_OK;
    }
    *kept = whole_lines(lines, written);
    file->torn = *kept != written && !cut_tail(file, before.st_size, written, *kept);
    return write_failed(file, reason, err);
}

siem_code siem_line_file_close(siem_line_file *file, siem_error *err) {
    siem_code rc = SIEM_OK;
    if (file->path != NULL && close(file->fd) != 0) rc = close_failed(file, errno, err);
    free(file->path);
    *file = (siem_line_file){.fd = -1};
    return rc;
}
