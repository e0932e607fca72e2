/* table_file.c: opening without waiting, and reading to the end. */
#include "table_file.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP 65536

static siem_code fail(const char *path, int reason, siem_error *err) {
    siem_code code = reason == ENOENT ? SIEM_NOT_FOUND : SIEM_IO;
    return siem_error_set(err, code, "cannot open the table '%s': %s", path, strerror(reason));
}

siem_code siem_table_file_open(int *fd, const char *path, siem_error *err) {
    struct stat s;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) return fail(path, errno, err);
    if (fstat(*fd, &s) == 0 && S_ISREG(s.st_mode)) return SIEM_OK;
    (void)close(*fd);
    *fd = -1;
    if (S_ISDIR(s.st_mode)) return fail(path, EISDIR, err);
    return siem_error_set(
        err, SIEM_INVALID,
        "cannot open the table '%s': it is not a regular file, but a pipe or a device", path);
}

siem_code siem_table_file_read(siem_buffer *content, const char *path, siem_error *err) {
    int fd;
    ssize_t size;
    siem_code rc = siem_table_file_open(&fd, path, err);
    if (rc != SIEM_OK) return rc;
    do {
        if (!siem_buffer_reserve(content, STEP)) {
            rc = siem_error_no_memory(err);
            break;
        }
        size = read(fd, content->bytes + content->size, STEP);
        if (size > 0) content->size += (size_t)size;
        if (size < 0 && errno != EINTR) {
            rc = siem_error_set(err, SIEM_IO, "cannot read the table '%s': %s", path,
                                strerror(errno));
        }
    } while (rc == SIEM_OK && size != 0);
    (void)close(fd);
    return rc;
}
