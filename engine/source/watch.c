/* watch.c: SQLite's data_version says whether there is news; inotify says when to ask. */
#include "source/watch.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define POLL_MS   200 /* how often to ask where nothing is notified */
#define SETTLE_MS 2   /* from a write to the log until its commit shows, on a fast disk */

const siem_watch siem_watch_closed = {.notifier = -1, .pause = POLL_MS};

static siem_code read_version(const siem_watch *watch, int64_t *version, siem_error *err) {
    siem_code rc = siem_database_step(watch->database, watch->version_query, err);
    if (rc == SIEM_OK) *version = sqlite3_column_int64(watch->version_query, 0);
    sqlite3_reset(watch->version_query);
    return rc;
}

siem_code siem_watch_open(siem_watch *watch, const siem_database *database,
                          const siem_identity *file, siem_error *err) {
    *watch = siem_watch_closed;
    watch->database = database;
    watch->file = file;
    return siem_database_prepare(database, &watch->version_query, "PRAGMA data_version", err);
}

siem_code siem_watch_mark(siem_watch *watch, siem_error *err) {
    return read_version(watch, &watch->version, err);
}

/* From the first wait on: one that is waited for with others (news.h) needs no notifier of its own,
 * of which a user may have few. Without one it asks often enough. */
static void hear_file(siem_watch *watch) {
    if (watch->tried) return;
    watch->tried = true;
    watch->notifier = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->notifier < 0) return;
    (void)inotify_add_watch(watch->notifier, watch->database->path, IN_MODIFY | IN_MOVE_SELF);
}

/* The log comes and goes with the connections that use it. */
static void hear_log(siem_watch *watch) {
    char *file, *path = NULL;
    if (watch->notifier < 0 || watch->hears_log) return;
    file = realpath(watch->database->path, NULL); /* beside which SQLite has it */
    if (file == NULL || asprintf(&path, "%s-wal", file) < 0) path = NULL;
    free(file);
    if (path == NULL) return;
    watch->hears_log =
        inotify_add_watch(watch->notifier, path, IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF) >= 0;
    free(path);
}

/* Reads the notifications. A file that was removed sends no more. */
static void drain(siem_watch *watch) {
    _Alignas(struct inotify_event) char bytes[4096];
    ssize_t size;
    while ((size = read(watch->notifier, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const struct inotify_event *)(bytes + at);
            if (event->mask & (IN_IGNORED | IN_MOVE_SELF)) watch->hears_log = false;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
}

/* Sleeps until something is written, or for so long. After a write, the log may be forced to the
 * disk before its commit shows, without a notification: the pauses double from there on. */
static void sleep_until_write(siem_watch *watch, int milliseconds) {
    struct pollfd ready = {.fd = watch->notifier, .events = POLLIN};
    int pause = watch->pause < milliseconds ? watch->pause : milliseconds;
    hear_log(watch);
    if (poll(&ready, 1, pause) > 0) {
        drain(watch);
        (void)poll(NULL, 0, SETTLE_MS);
        watch->pause = SETTLE_MS;
    } else if (watch->pause < POLL_MS) {
        watch->pause *= 2;
    }
}

siem_code siem_watch_wait(siem_watch *watch, int milliseconds, siem_error *err) {
    double deadline = siem_clock() + milliseconds / 1e3;
    if (milliseconds > 0) hear_file(watch);
    for (;;) {
        int64_t version;
        double left = (deadline - siem_clock()) * 1e3;
        siem_code rc = read_version(watch, &version, err);
        if (rc != SIEM_OK || version != watch->version) return rc;
        /* What was written to a file before it was replaced is read first. */
        if ((rc = siem_database_check_file(watch->database, watch->file, err)) != SIEM_OK)
            return rc;
        if (left <= 0) return SIEM_END;
        sleep_until_write(watch, left < POLL_MS ? (int)ceil(left) : POLL_MS);
    }
}

void siem_watch_close(siem_watch *watch) {
    sqlite3_finalize(watch->version_query);
    if (watch->notifier >= 0) (void)close(watch->notifier);
    *watch = siem_watch_closed;
}
