/* access.c: SQLite makes -wal and -shm with the mode of the database, as files of the user who
 * opens it first. When that is a reader of another user, the registry may not be able to write to
 * them. */
#include "source/access.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what files of this process would do ---- */

/* A database, where links lead: SQLite has the log beside that file. */
typedef struct place {
    char *file;
    char folder[PATH_MAX];
    struct stat database, around;
} place;

static bool find_place(place *p, const char *path) {
    p->file = realpath(path, NULL);
    if (p->file == NULL) return false;
    int size = (int)(strrchr(p->file, '/') + 1 - p->file); /* "/" is a folder as well */
    (void)snprintf(p->folder, sizeof p->folder, "%.*s", size, p->file);
    return stat(p->file, &p->database) == 0 && stat(p->folder, &p->around) == 0;
}

/* SQLite gives the files to the database's owner where root makes them. */
static bool gives_files_away(void) {
    return geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0) == 1;
}

static gid_t group_of_new_files(const place *p) {
    return p->around.st_mode & S_ISGID ? p->around.st_gid : getegid();
}

/* In a sticky folder that others may write to, the kernel lets nobody open another user's file to
 * write as SQLite does, whatever the file's mode is (proc_sys_fs(5), protected_regular). */
static bool is_sticky(const place *p) {
    mode_t mode = p->around.st_mode;
    return mode & S_ISVTX && mode & (S_IWGRP | S_IWOTH) && p->around.st_uid != geteuid();
}

/* True when the registry, as the database's owner or by the database's group, could write to a log
 * that this process makes. */
static bool is_harmless(const place *p) {
    mode_t mode = p->database.st_mode;
    if (p->database.st_uid == geteuid() || gives_files_away()) return true;
    if (is_sticky(p)) return false;
    return mode & S_IWOTH || (mode & S_IWGRP && group_of_new_files(p) == p->database.st_gid);
}

/* ---- a file system of SQLite's that makes no files ---- */

static sqlite3_vfs reader_vfs;
static pthread_mutex_t registering = PTHREAD_MUTEX_INITIALIZER;

/* A guest, marked by readonly_shm, opens a log that exists, and makes none. */
static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    sqlite3_vfs *base = vfs->pAppData;
    if (flags & SQLITE_OPEN_WAL && sqlite3_uri_boolean(name, "readonly_shm", 0)) {
        flags &= ~SQLITE_OPEN_CREATE;
    }
    return base->xOpen(base, name, file, flags, out);
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync_folder) {
    (void)vfs, (void)name, (void)sync_folder;
    return SQLITE_IOERR_DELETE;
}

/* "file:" and the path, in which '%', '?' and '#' have a meaning. Relative paths begin with "./",
 * absolute ones follow an empty host. */
static char *uri_of(const char *path, const char *parameters) {
    char *uri = malloc(3 * strlen(path) + strlen(parameters) + sizeof "file:./");
    if (uri == NULL) return NULL;
    char *at = uri + sprintf(uri, "file:%s", path[0] == '/' ? "//" : "./");
    for (; *path != '\0'; path++) {
        if (strchr("%?#", *path) != NULL) at += sprintf(at, "%%%02X", (unsigned)*path);
        else *at++ = *path;
    }
    memcpy(at, parameters, strlen(parameters) + 1);
    return uri;
}

/* The file system is known to SQLite for this call alone: the library may be unloaded before
 * SQLite is, which would look for it then. */
static int open_uri(sqlite3 **out, const char *uri, sqlite3_vfs *base) {
    static const char name[] = "oversight-siem-reader";
    (void)pthread_mutex_lock(&registering);
    if (reader_vfs.pAppData == NULL) {
        reader_vfs = *base;
        reader_vfs.zName = name;
        reader_vfs.pAppData = base;
        reader_vfs.xOpen = open_file;
        reader_vfs.xDelete = delete_file;
    }
    int rc = sqlite3_vfs_register(&reader_vfs, 0);
    if (rc == SQLITE_OK) {
        int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
        rc = sqlite3_open_v2(uri, out, flags, name);
        (void)sqlite3_vfs_unregister(&reader_vfs);
    }
    (void)pthread_mutex_unlock(&registering);
    return rc;
}

int siem_access_open(sqlite3 **out, const char *path) {
    place p;
    bool is_guest = !find_place(&p, path) || !is_harmless(&p);
    free(p.file);
    char *uri = uri_of(path, is_guest ? "?readonly_shm=1" : "");
    sqlite3_vfs *base = sqlite3_vfs_find(NULL);
    *out = NULL;
    int rc = uri != NULL && base != NULL ? open_uri(out, uri, base) : SQLITE_NOMEM;
    free(uri);
    return rc;
}

/* ---- why there is no log ---- */

#define REMEDY                                                                                     \
    "give both users a common group, the folder that group and mode 2770, the database that "      \
    "group and mode 0660"

typedef enum log_file { LOG_MISSING, LOG_FORBIDDEN, LOG_READABLE } log_file;

static log_file look_at(const place *p, const char *suffix) {
    char path[PATH_MAX + 8];
    (void)snprintf(path, sizeof path, "%s%s", p->file, suffix);
    if (euidaccess(path, R_OK) == 0) return LOG_READABLE;
    return errno == ENOENT ? LOG_MISSING : LOG_FORBIDDEN;
}

static siem_code is_idle(const place *p, const char *path, siem_error *err) {
    bool may_write = euidaccess(p->folder, W_OK | X_OK) == 0;
    if (!may_write) {
        return siem_error_set(err, SIEM_IDLE,
                              "the registry '%s' is idle: no program has it open, and user %u may "
                              "not make its write-ahead log. Wait for its program, or " REMEDY,
                              path, geteuid());
    }
    return siem_error_set(err, SIEM_IDLE,
                          "the registry '%s' is idle: no program has it open. A write-ahead log "
                          "made by user %u would keep user %u, its owner, from writing (the "
                          "database has mode %04o and group %u, the folder mode %04o, new files "
                          "get group %u), so none was made. Wait for its program, or " REMEDY,
                          path, geteuid(), p->database.st_uid, p->database.st_mode & 07777,
                          p->database.st_gid, p->around.st_mode & 07777, group_of_new_files(p));
}

siem_code siem_access_explain(const char *path, siem_error *err) {
    static const char *const suffixes[] = {"-wal", "-shm"};
    place p;
    siem_code rc = SIEM_OK;
    bool is_missing = false;
    if (!find_place(&p, path)) goto out;
    for (size_t i = 0; rc == SIEM_OK && i < sizeof suffixes / sizeof *suffixes; i++) {
        log_file file = look_at(&p, suffixes[i]);
        is_missing = is_missing || file == LOG_MISSING;
        if (file != LOG_FORBIDDEN) continue;
        rc = siem_error_set(err, SIEM_IO, "user %u may not read '%s%s': " REMEDY, geteuid(), path,
                            suffixes[i]);
    }
    bool makes_them = is_harmless(&p) && euidaccess(p.folder, W_OK | X_OK) == 0;
    if (rc == SIEM_OK && is_missing && !makes_them) rc = is_idle(&p, path, err);
out:
    free(p.file);
    return rc;
}

/* ---- until there is one ---- */

/* A registry that opens and closes its database for each request has the log for some milliseconds:
 * the folder is watched, as asking now and then would hardly ever meet them. */
bool siem_access_await(const char *path, int milliseconds) {
    place p;
    double deadline = siem_clock() + milliseconds / 1e3, left = 0;
    int notifier = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    struct pollfd ready = {.fd = notifier, .events = POLLIN};
    bool is_there = find_place(&p, path), is_open = false;
    if (is_there && notifier >= 0) (void)inotify_add_watch(notifier, p.folder, IN_CREATE);
    while (!is_open) {
        char bytes[4096];
        is_open =
            is_there && look_at(&p, "-wal") == LOG_READABLE && look_at(&p, "-shm") == LOG_READABLE;
        if (is_open || (left = (deadline - siem_clock()) * 1e3) <= 0) break;
        (void)poll(&ready, 1, (int)ceil(left));
        (void)!read(notifier, bytes, sizeof bytes); /* which never waits */
    }
    if (notifier >= 0) (void)close(notifier);
    free(p.file);
    return is_open;
}
