/* news.c: inotify says which of many registries to check; SQLite's data_version says whether there
 * is news. */
#include "source/news.h"

#include "base/clock.h"
#include "base/error.h"
#include "source/registry.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SETTLE  0.002 /* seconds from a write to the log until its commit shows, on a fast disk, */
#define UNSEEN  0.2   /* and on a slow one: the pauses double up to this, */
#define SLOWEST 5.0   /* for so long after a write */
#define DEAF    0.2   /* how often a registry is checked without notifications, */
#define SURE    1.0   /* and with notifications, which writes through a mapping do not cause */

typedef struct listener {
    siem_registry *registry; /* NULL: a place that is free */
    int file, log;           /* watches of the notifier; -1: none */
    bool is_deaf;            /* it could not listen to what is there */
    double pause, due;       /* seconds; of siem_clock: when it is asked next, */
    double written;          /* and when it was written to last */
} listener;

struct siem_news {
    int notifier; /* -1: there is none */
    listener *list;
    size_t count; /* places */
    size_t next;  /* whose turn it is */
};

siem_code siem_news_open(siem_news **out, siem_error *err) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return siem_error_no_memory(err);
    (*out)->notifier = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return SIEM_OK;
}

/* ---- what is heard ---- */

static const char *path_of(const listener *l) {
    return siem_registry_database(l->registry)->path;
}

/* False when an existing file cannot be watched. */
static bool hear(const siem_news *news, int *watch, const char *path) {
    const uint32_t changes = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;
    if (*watch < 0) *watch = inotify_add_watch(news->notifier, path, changes);
    return *watch >= 0 || errno == ENOENT;
}

/* The log comes and goes with the connections that use it. SQLite has it beside the real file. */
static bool hear_log(const siem_news *news, listener *l) {
    char *path = NULL;
    if (l->log >= 0) return true;
    char *file = realpath(path_of(l), NULL);
    bool is_heard =
        file != NULL && asprintf(&path, "%s-wal", file) >= 0 && hear(news, &l->log, path);
    if (file != NULL) free(path);
    free(file);
    return is_heard;
}

static void listen_to(const siem_news *news, listener *l) {
    l->is_deaf = !hear(news, &l->file, path_of(l)) || !hear_log(news, l);
}

static void forget(const siem_news *news, int *watch) {
    if (*watch >= 0) (void)inotify_rm_watch(news->notifier, *watch);
    *watch = -1;
}

/* After a write, the registry is checked soon. A watch that ended is made again then. */
static void take(siem_news *news, const struct inotify_event *event, double now) {
    bool ended = (event->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0;
    bool lost = (event->mask & IN_Q_OVERFLOW) != 0; /* of any of them */
    for (size_t i = 0; i < news->count; i++) {
        listener *l = &news->list[i];
        bool is_log = l->log == event->wd, is_file = l->file == event->wd;
        if (l->registry == NULL || !(is_log || is_file || lost)) continue;
        if (ended && event->mask & IN_MOVE_SELF) forget(news, is_log ? &l->log : &l->file);
        else if (ended) *(is_log ? &l->log : &l->file) = -1;
        l->pause = SETTLE;
        l->written = now;
        l->due = fmin(l->due, now + SETTLE);
    }
}

static void drain(siem_news *news) {
    _Alignas(struct inotify_event) char bytes[16384];
    ssize_t size;
    double now = siem_clock();
    while ((size = read(news->notifier, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const struct inotify_event *)(bytes + at);
            take(news, event, now);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
}

/* ---- the registries ---- */

/* A place that is free, or a new one. */
static listener *find_place(siem_news *news) {
    for (size_t i = 0; i < news->count; i++) {
        if (news->list[i].registry == NULL) return &news->list[i];
    }
    size_t count = news->count + news->count / 2 + 16;
    listener *more = realloc(news->list, count * sizeof *more);
    if (more == NULL) return NULL;
    for (size_t i = news->count; i < count; i++) more[i] = (listener){.registry = NULL};
    listener *place = &more[news->count];
    news->list = more;
    news->count = count;
    return place;
}

siem_code siem_news_add(siem_news *news, siem_registry *registry, siem_error *err) {
    listener *l = find_place(news);
    if (l == NULL) return siem_error_no_memory(err);
    *l = (listener){.registry = registry, .file = -1, .log = -1, .pause = SETTLE};
    return SIEM_OK;
}

void siem_news_remove(siem_news *news, const siem_registry *registry) {
    for (size_t i = 0; news != NULL && registry != NULL && i < news->count; i++) {
        listener *l = &news->list[i];
        if (l->registry != registry) continue;
        forget(news, &l->file);
        forget(news, &l->log);
        *l = (listener){.registry = NULL};
    }
}

/* When one is asked again that had no news. */
static void put_off(listener *l, double now) {
    bool settles = now - l->written < SLOWEST;
    l->due = now + (settles ? l->pause : l->is_deaf ? DEAF : SURE);
    l->pause = fmin(l->pause * 2, UNSEEN);
}

/* It is watched before it is checked, so that no commit is missed in between. */
static bool has_news(const siem_news *news, listener *l) {
    listen_to(news, l);
    return siem_registry_wait(l->registry, 0, NULL) != SIEM_END;
}

/* Checks the registries that are due, in turn: NULL when none has news. */
static siem_registry *ask(siem_news *news, double now) {
    for (size_t i = 0; i < news->count; i++) {
        listener *l = &news->list[(news->next + i) % news->count];
        if (l->registry == NULL || l->due > now) continue;
        if (!has_news(news, l)) {
            put_off(l, now);
            continue;
        }
        l->pause = SETTLE; /* it is active: it is checked soon after it was read */
        l->due = now;
        news->next = (size_t)(l - news->list) + 1;
        return l->registry;
    }
    return NULL;
}

/* Sleeps until one is due or written to, or until then. */
static void sleep_until(siem_news *news, double deadline) {
    struct pollfd ready = {.fd = news->notifier, .events = POLLIN};
    for (size_t i = 0; i < news->count; i++) {
        if (news->list[i].registry != NULL) deadline = fmin(deadline, news->list[i].due);
    }
    double left = deadline - siem_clock();
    (void)poll(&ready, 1, left > 0 ? (int)ceil(left * 1e3) : 0);
}

siem_registry *siem_news_wait(siem_news *news, int milliseconds) {
    double now = siem_clock(), deadline = now + milliseconds / 1e3;
    for (;;) {
        drain(news);
        siem_registry *registry = ask(news, now);
        if (registry != NULL || now >= deadline) return registry;
        sleep_until(news, deadline);
        now = siem_clock();
    }
}

void siem_news_close(siem_news *news) {
    if (news == NULL) return;
    if (news->notifier >= 0) (void)close(news->notifier);
    free(news->list);
    free(news);
}
