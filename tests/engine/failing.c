/* failing.c: one planned failure at a time, of one call after the other. */
#include "failing.h"

#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHORT (-1)

/* `name` is the function's: "open" is all its forms, and "stat" not lstat and fstat. With SHORT it
 * reads or writes half. */
typedef struct failing_call {
    const char *name;
    int error;
} failing_call;

static const failing_call calls[] = {
    {"open", EACCES},         {"open", EMFILE},          {"read", EIO},
    {"read", EINTR},          {"read", SHORT},           {"pread", EIO},
    {"pread", SHORT},         {"write", ENOSPC},         {"write", EINTR},
    {"write", EAGAIN},        {"write", SHORT},          {"pwrite", ENOSPC},
    {"pwrite", EINTR},        {"pwrite", SHORT},         {"fsync", EIO},
    {"fsync", EINVAL},        {"ftruncate", EIO},        {"fstat", EIO},
    {"stat", EACCES},         {"lstat", EACCES},         {"statx", EACCES},
    {"close", EIO},           {"readlinkat", EIO},       {"realpath", EACCES},
    {"rename", EIO},          {"unlink", EACCES},        {"fchmod", EPERM},
    {"flock", EWOULDBLOCK},   {"flock", ENOLCK},         {"flock", EINTR},
    {"fcntl", EAGAIN},        {"fcntl", EINVAL},         {"opendir", EMFILE},
    {"memfd_create", EMFILE}, {"inotify_init1", EMFILE}, {"pipe2", EMFILE},
    {"fork", EAGAIN},         {"waitpid", EINTR},        {"waitpid", ECHILD},
    {"poll", EINTR},
};

static failing_call planned; /* without a name: none */
static long until_failure;
static bool has_failed;

static bool is_due(const char *name, bool is_short) {
    if (planned.name == NULL || has_failed || strcmp(planned.name, name) != 0) return false;
    if (is_short != (planned.error == SHORT)) return false;
    has_failed = until_failure-- == 0;
    return has_failed;
}

/* True, with errno, for the call that fails. */
static bool fails(const char *name) {
    if (!is_due(name, false)) return false;
    errno = planned.error;
    return true;
}

static size_t size_of(const char *name, size_t size) {
    return size > 1 && is_due(name, true) ? size / 2 : size;
}

/* The function in front of `call`, which gives `failure` when it is to fail. */
#define WRAP(type, call, name, parameters, arguments, failure)                                     \
    type __real_##call parameters;                                                                 \
    type __wrap_##call parameters;                                                                 \
    type __wrap_##call parameters {                                                                \
        return fails(name) ? failure : __real_##call arguments;                                    \
    }

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return fails("open") ? -1 : __real_open(path, flags, mode);
}

/* Of _FORTIFY_SOURCE, for flags that the compiler does not know. */
WRAP(int, __open_2, "open", (const char *path, int flags), (path, flags), -1)

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);

/* F_SETFL has a number, and everything else here a pointer. */
int __wrap_fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fails("fcntl") ? -1 : __real_fcntl(fd, command, argument);
}

/* What is closed is gone, also after a failure. */
int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_close(int fd) {
    int status = __real_close(fd);
    return fails("close") ? -1 : status;
}

WRAP(ssize_t, read, "read", (int fd, void *bytes, size_t size), (fd, bytes, size_of("read", size)),
     -1)
WRAP(ssize_t, pread, "pread", (int fd, void *bytes, size_t size, off_t at),
     (fd, bytes, size_of("pread", size), at), -1)
WRAP(ssize_t, write, "write", (int fd, const void *bytes, size_t size),
     (fd, bytes, size_of("write", size)), -1)
WRAP(ssize_t, pwrite, "pwrite", (int fd, const void *bytes, size_t size, off_t at),
     (fd, bytes, size_of("pwrite", size), at), -1)

/* Nothing is forced to the disk: no test is about what a computer that goes down leaves there. */
int __wrap_fsync(int fd);

int __wrap_fsync(int fd) {
    (void)fd;
    return fails("fsync") ? -1 : 0;
}

WRAP(int, ftruncate, "ftruncate", (int fd, off_t size), (fd, size), -1)
WRAP(int, fstat, "fstat", (int fd, struct stat *status), (fd, status), -1)
WRAP(int, stat, "stat", (const char *path, struct stat *status), (path, status), -1)
WRAP(int, lstat, "lstat", (const char *path, struct stat *status), (path, status), -1)
WRAP(int, statx, "statx", (int folder, const char *path, int flags, unsigned mask, struct statx *s),
     (folder, path, flags, mask, s), -1)
WRAP(ssize_t, readlinkat, "readlinkat", (int folder, const char *path, char *out, size_t size),
     (folder, path, out, size), -1)
WRAP(char *, realpath, "realpath", (const char *path, char *out), (path, out), NULL)
WRAP(int, rename, "rename", (const char *from, const char *to), (from, to), -1)
WRAP(int, unlink, "unlink", (const char *path), (path), -1)
WRAP(int, fchmod, "fchmod", (int fd, mode_t mode), (fd, mode), -1)
WRAP(int, flock, "flock", (int fd, int operation), (fd, operation), -1)
WRAP(DIR *, opendir, "opendir", (const char *path), (path), NULL)
WRAP(int, memfd_create, "memfd_create", (const char *name, unsigned flags), (name, flags), -1)
WRAP(int, inotify_init1, "inotify_init1", (int flags), (flags), -1)
WRAP(int, pipe2, "pipe2", (int ends[2], int flags), (ends, flags), -1)
WRAP(pid_t, fork, "fork", (void), (), -1)
WRAP(pid_t, waitpid, "waitpid", (pid_t child, int *status, int options), (child, status, options),
     -1)
WRAP(int, poll, "poll", (struct pollfd * fds, nfds_t count, int milliseconds),
     (fds, count, milliseconds), -1)

/* ---- each call in turn ---- */

static void check_error(const failing_operation *o, const failing_call *call, long n, siem_code rc,
                        const siem_error *err) {
    const char *named = o->named != NULL ? o->named : test_folder();
    const char *cause = rc == SIEM_NO_MEMORY ? "out of memory"
                        : rc == SIEM_LOCKED  ? "in use"
                                             : strerror(call->error);
    if (strstr(err->message, cause) == NULL || strstr(err->message, named) == NULL) {
        fail_msg("%s, number %ld fails: '%s' lacks '%s' or '%s'", call->name, n, err->message,
                 cause, named);
    }
}

/* The number that the next file gets. */
static int next_number(void) {
    int fd = __real_open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(__real_close(fd), 0);
    return fd;
}

/* True for what is no failure: a call that is made again, or that went half the way. */
static bool passes(const failing_call *call) {
    return call->error == SHORT || (call->error == EINTR && strcmp(call->name, "flock") != 0);
}

static void fail_call(const failing_operation *o, const failing_call *call) {
    const int number = next_number();
    for (long n = 0; n < 2000; n++) {
        siem_error err = {0};
        if (next_number() != number) fail_msg("%s leaves a file open", call->name);
        o->prepare();
        planned = *call;
        until_failure = n;
        has_failed = false;
        siem_code rc = o->run(&err);
        planned.name = NULL;
        if (!has_failed) {
            if (rc != SIEM_OK) fail_msg("%s: %s", siem_code_name(rc), err.message);
            o->check(rc);
            return;
        }
        if (rc != SIEM_OK && passes(call))
            fail_msg("%s, number %ld: %s", call->name, n, err.message);
        if (rc != SIEM_OK) check_error(o, call, n, rc, &err);
        o->check(rc);
        if (rc != SIEM_OK && (rc = o->run(&err)) != SIEM_OK) {
            fail_msg("after %s, number %ld: %s", call->name, n, err.message);
        }
        o->check(SIEM_OK);
    }
    fail_msg("%s never ends", call->name);
}

void failing_each(const failing_operation *operation) {
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) fail_call(operation, &calls[i]);
}
