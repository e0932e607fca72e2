/* command_output.c: a child with its output in a pipe, and an end to waiting for it. */
#include "base/command_output.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 30.0 /* seconds */
#define GRACE    1.0  /* after a signal, which may be the request to stop */

typedef struct child {
    pid_t pid;
    int output;
    bool is_group; /* it is the first of a process group of its own */
    double deadline;
} child;

/* Between fork and exec: only what a signal handler may do. */
static void become(const char *command, int output, bool is_group) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (is_group) (void)setpgid(0, 0);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    if (dup2(output, STDOUT_FILENO) >= 0) {
        closefrom(STDERR_FILENO + 1); /* the host's, too, which may lack O_CLOEXEC */
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    }
    _exit(127);
}

/* On a terminal it stays in the group that may read from there: it may ask for a passphrase. */
static siem_code start(child *c, const char *command, siem_error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return siem_error_set(err, SIEM_IO, "%s", strerror(errno));
    *c = (child){.output = ends[0],
                 .is_group = isatty(STDIN_FILENO) == 0,
                 .deadline = siem_clock() + PATIENCE};
    c->pid = fork();
    if (c->pid == 0) become(command, ends[1], c->is_group);
    if (c->pid > 0 && c->is_group) (void)setpgid(c->pid, c->pid);
    (void)close(ends[1]);
    if (c->pid > 0) return SIEM_OK;
    (void)close(ends[0]);
    return siem_error_set(err, SIEM_IO, "%s", strerror(errno));
}

/* The program of a command: its first word, unless that may be something else. */
static void name_program(const char *command, char out[64]) {
    size_t size = strcspn(command, " \t");
    bool is_plain = size > 0 && size < 64 &&
                    strspn(command, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "/._+-") >= size;
    (void)snprintf(out, 64, "%.*s", is_plain ? (int)size : 7, is_plain ? command : "command");
}

static siem_code too_late(const char *command, siem_error *err) {
    char name[64];
    name_program(command, name);
    return siem_error_set(err, SIEM_IO, "%s did not end in time", name);
}

/* Waits for a moment at most. False when time is up. */
static bool wait_a_moment(child *c, bool for_output) {
    struct pollfd ready = {.fd = for_output ? c->output : -1, .events = POLLIN};
    double left = c->deadline - siem_clock();
    if (left <= 0) return false;
    int moment = for_output ? (int)ceil(left * 1e3) : 10;
    if (poll(&ready, 1, moment) < 0 && errno == EINTR) {
        c->deadline = fmin(c->deadline, siem_clock() + GRACE);
    }
    return true;
}

static siem_code read_output(child *c, const char *command, char *text, size_t capacity,
                             siem_error *err) {
    size_t size = 0;
    for (;;) {
        if (!wait_a_moment(c, true)) return too_late(command, err);
        ssize_t got = read(c->output, text + size, capacity - 1 - size);
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            return siem_error_set(err, SIEM_IO, "%s", strerror(errno));
        }
        if (got == 0) break;
        if (got > 0) size += (size_t)got;
        if (size == capacity - 1) return siem_error_set(err, SIEM_IO, "it is longer than 16 KiB");
    }
    if (memchr(text, '\0', size) != NULL)
        return siem_error_set(err, SIEM_IO, "it holds a NUL byte");
    text[size] = '\0';
    return SIEM_OK;
}

static siem_code wait_for_end(child *c, const char *command, siem_error *err) {
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(c->pid, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (!wait_a_moment(c, false)) return too_late(command, err);
    }
    c->pid = 0;
    if (ended < 0) return siem_error_set(err, SIEM_IO, "%s", strerror(errno));
    if (status == 0) return SIEM_OK;
    return siem_error_set(err, SIEM_IO, "it ended with status %d",
                          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

siem_code siem_command_read(const char *command, char *text, size_t capacity, siem_error *err) {
    child c;
    siem_code rc = start(&c, command, err);
    if (rc != SIEM_OK) return rc;
    (void)fcntl(c.output, F_SETFL, O_NONBLOCK);
    rc = read_output(&c, command, text, capacity, err);
    if (rc == SIEM_OK) rc = wait_for_end(&c, command, err);
    (void)close(c.output);
    if (c.pid > 0) {
        (void)kill(c.is_group ? -c.pid : c.pid, SIGKILL);
        while (waitpid(c.pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return rc;
}
