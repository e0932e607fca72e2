/* replaced_file.c: write beside, force to the disk, rename. */
#include "base/replaced_file.h"

#include "base/checked_file.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static siem_code failed(const char *what, siem_error *err) {
    return siem_error_set(err, SIEM_IO, "%s: %s", what, strerror(errno));
}

static siem_code write_beside(const char *beside, const char *bytes, size_t size, mode_t mode,
                              bool is_durable, siem_error *err) {
    int fd;
    siem_code rc = siem_checked_file_open(&fd, beside, SIEM_FILE_NEW, mode, err);
    if (rc != SIEM_OK) return rc;
    for (size_t written = 0; rc == SIEM_OK && written < size;) {
        ssize_t n = write(fd, bytes + written, size - written);
        if (n > 0) written += (size_t)n;
        else if (n == 0 || errno != EINTR) rc = failed("write", err);
    }
    if (rc == SIEM_OK && is_durable && fsync(fd) != 0) rc = failed("fsync", err);
    if (close(fd) != 0 && rc == SIEM_OK) rc = failed("close", err);
    return rc;
}

siem_code siem_folder_sync(const char *path, siem_error *err) {
    char *copy = strdup(path);
    if (copy == NULL) return siem_error_no_memory(err);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (fd < 0) {
        return siem_error_set(err, SIEM_NOT_FOUND, "open the folder: %s", strerror(errno));
    }
    bool is_done = fsync(fd) == 0 || errno == EINVAL; /* what has no disk cannot be forced to one */
    siem_code rc = is_done ? SIEM_OK : failed("fsync of the folder", err);
    (void)close(fd);
    return rc;
}

/* A device is not replaced by a file. */
static siem_code check_target(const char *path, siem_error *err) {
    struct stat file;
    if (lstat(path, &file) != 0 || S_ISREG(file.st_mode) || S_ISLNK(file.st_mode)) return SIEM_OK;
    return siem_error_set(err, SIEM_HELD, "'%s' is not a regular file: give another file", path);
}

siem_code siem_replaced_file_write(const char *path, const char *bytes, size_t size, mode_t mode,
                                   bool is_durable, siem_error *err) {
    char *beside = NULL;
    if (asprintf(&beside, "%s.new", path) < 0) return siem_error_no_memory(err);
    siem_code rc = check_target(path, err);
    if (rc == SIEM_OK) rc = write_beside(beside, bytes, size, mode, is_durable, err);
    if (rc == SIEM_OK && rename(beside, path) != 0) rc = failed("rename", err);
    if (rc == SIEM_OK && is_durable) rc = siem_folder_sync(path, err);
    free(beside);
    return rc;
}
