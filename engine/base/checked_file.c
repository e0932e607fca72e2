/* checked_file.c: one way to open a file, by rules for each use. */
#include "base/checked_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP       65536
#define MOST_LINKS 40 /* as Linux follows */
#define ALWAYS     (O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)

typedef struct rules {
    int flags;
    bool is_own;  /* the program's own in any folder */
    bool links;   /* they are followed */
    bool streams; /* a pipe or a device is allowed */
    bool makes, replaces;
    bool takes_given; /* what was given open, whatever it is */
    bool is_table;
} rules;

static const rules uses[] = {
    [SIEM_FILE_INPUT] = {.flags = O_RDONLY, .links = true, .takes_given = true},
    [SIEM_FILE_TABLE] = {.flags = O_RDONLY, .links = true, .is_table = true},
    [SIEM_FILE_STATE] = {.flags = O_RDONLY, .is_own = true, .links = true},
    [SIEM_FILE_CHANGE] = {.flags = O_RDWR, .is_own = true},
    [SIEM_FILE_APPEND] = {.flags = O_WRONLY | O_APPEND,
                          .is_own = true,
                          .links = true,
                          .streams = true,
                          .makes = true,
                          .takes_given = true},
    [SIEM_FILE_RESUME] = {.flags = O_WRONLY | O_APPEND, .is_own = true},
    [SIEM_FILE_LOCK] = {.flags = O_RDWR, .is_own = true, .makes = true},
    [SIEM_FILE_NEW] = {.flags = O_WRONLY, .is_own = true, .makes = true, .replaces = true},
};

bool siem_is_given_open(const char *path) {
    return path == NULL || strcmp(path, "/dev/stdin") == 0 || strcmp(path, "/dev/stdout") == 0 ||
           strcmp(path, "/dev/stderr") == 0 || strncmp(path, "/dev/fd/", 8) == 0 ||
           (strncmp(path, "/proc/", 6) == 0 && strstr(path, "/fd/") != NULL);
}

static const char *the(const rules *r) {
    return r->is_table ? "the table " : "";
}

static siem_code open_failed(const char *path, const rules *r, int reason, siem_error *err) {
    return siem_error_set(
        err, reason == ENOENT ? SIEM_NOT_FOUND : SIEM_IO, "cannot open %s'%s'%s: %s", the(r), path,
        (r->flags & O_ACCMODE) == O_WRONLY ? " for writing" : "", strerror(reason));
}

/* ---- whose a file is ---- */

/* True when all users may make files beside that one. */
static bool is_in_open_folder(const char *path) {
    struct stat folder;
    char name[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = slash == NULL ? 0 : slash == path ? 1 : (int)(slash - path);
    (void)snprintf(name, sizeof name, "%.*s", slash != NULL ? size : 1, slash != NULL ? path : ".");
    return stat(name, &folder) != 0 || (folder.st_mode & S_IWOTH) != 0;
}

static siem_code check_owner(const char *path, const rules *r, const struct stat *file,
                             siem_error *err) {
    bool is_link = S_ISLNK(file->st_mode), is_open = is_in_open_folder(path);
    bool is_ours = file->st_uid == geteuid() || file->st_uid == 0;
    if (!is_ours && (r->is_own || is_open)) {
        return siem_error_set(err, SIEM_HELD,
                              "'%s' is a %s of user %u, and this program runs as user %u: run it "
                              "as that user, or give another file",
                              path, is_link ? "link" : "file", (unsigned)file->st_uid,
                              (unsigned)geteuid());
    }
    if (r->is_own && is_open && S_ISREG(file->st_mode) && file->st_nlink > 1) {
        return siem_error_set(err, SIEM_HELD,
                              "'%s' is a file with another name as well, in a folder to which all "
                              "users may write: give a file with one name",
                              path);
    }
    return SIEM_OK;
}

static siem_code check_kind(const char *path, const rules *r, const struct stat *file,
                            siem_error *err) {
    if (S_ISREG(file->st_mode) || (r->streams && !S_ISDIR(file->st_mode))) return SIEM_OK;
    if (S_ISDIR(file->st_mode)) return open_failed(path, r, EISDIR, err);
    return siem_error_set(err, r->is_own ? SIEM_HELD : SIEM_INVALID,
                          "cannot open %s'%s': it is not a regular file, but a pipe, a device "
                          "or a link: give another file",
                          the(r), path);
}

static siem_code check(const char *path, const rules *r, const struct stat *file, siem_error *err) {
    siem_code rc = check_owner(path, r, file, err);
    return rc == SIEM_OK ? check_kind(path, r, file, err) : rc;
}

/* ---- links ---- */

/* Replaces a path of PATH_MAX bytes by the target of the link at its end. False, with errno, when
 * that is too long. */
static bool take_target(char *path, int link) {
    char target[PATH_MAX];
    ssize_t size = readlinkat(link, "", target, sizeof target);
    char *base = strrchr(path, '/');
    if (size < 0) return false;
    base = base == NULL || target[0] == '/' ? path : base + 1;
    if (base - path + size >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(base, target, (size_t)size);
    base[size] = '\0';
    return true;
}

/* Follows the link that `path` may be. *more is false when it is not a link. */
static siem_code follow_one(char *path, const rules *r, bool *more, siem_error *err) {
    struct stat file;
    siem_code rc = SIEM_OK;
    int fd = open(path, O_PATH | ALWAYS);
    *more = false;
    if (fd < 0 && errno == ENOENT) return SIEM_OK;
    if (fd < 0 || fstat(fd, &file) != 0) rc = open_failed(path, r, errno, err);
    else *more = S_ISLNK(file.st_mode);
    if (*more) rc = check_owner(path, r, &file, err);
    if (rc == SIEM_OK && *more && !take_target(path, fd)) rc = open_failed(path, r, errno, err);
    if (fd >= 0) (void)close(fd);
    return rc;
}

static siem_code follow(char *path, const rules *r, siem_error *err) {
    bool more = r->links;
    siem_code rc = SIEM_OK;
    for (int i = 0; rc == SIEM_OK && more; i++) {
        if (i == MOST_LINKS) return open_failed(path, r, ELOOP, err);
        rc = follow_one(path, r, &more, err);
    }
    return rc;
}

siem_code siem_checked_file_resolve(char **real, const char *path, siem_file_use use,
                                    siem_error *err) {
    char place[PATH_MAX];
    *real = NULL;
    if (strlen(path) >= sizeof place) return open_failed(path, &uses[use], ENAMETOOLONG, err);
    (void)stpcpy(place, path);
    siem_code rc = follow(place, &uses[use], err);
    if (rc != SIEM_OK) return rc;
    *real = strdup(place);
    return *real != NULL ? SIEM_OK : siem_error_no_memory(err);
}

/* ---- opening ---- */

/* Opens an existing file. Waits for a pipe of the own user, where pipes are allowed. */
static siem_code open_existing(int *fd, const char *path, const rules *r, siem_error *err) {
    struct stat file;
    siem_code rc = SIEM_OK;
    bool waits = r->streams && lstat(path, &file) == 0 && S_ISFIFO(file.st_mode);
    if (waits) rc = check(path, r, &file, err);
    if (rc != SIEM_OK) return rc;
    *fd = open(path, r->flags | ALWAYS | (waits ? 0 : O_NONBLOCK));
    if (*fd < 0) {
        int reason = errno;
        /* For a link or a pipe, its type explains more than the error. */
        if ((reason == ELOOP || reason == ENXIO) && lstat(path, &file) == 0) {
            rc = check(path, r, &file, err);
        }
        return rc != SIEM_OK ? rc : open_failed(path, r, reason, err);
    }
    rc = fstat(*fd, &file) == 0 ? check(path, r, &file, err) : open_failed(path, r, errno, err);
    if (rc == SIEM_OK && !waits) (void)fcntl(*fd, F_SETFL, r->flags & ~O_NONBLOCK);
    if (rc != SIEM_OK) (void)close(*fd);
    return rc;
}

/* Makes the file. On a file system without modes, it gets the mode of all its files. */
static int make(const char *path, const rules *r, mode_t mode) {
    int fd = open(path, r->flags | ALWAYS | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    if (fd >= 0) (void)fchmod(fd, mode);
    return fd;
}

static siem_code open_or_make(int *fd, const char *path, const rules *r, mode_t mode,
                              siem_error *err) {
    struct stat file;
    siem_code rc = SIEM_NOT_FOUND;
    if (r->replaces) (void)unlink(path); /* left by a crash; or somebody's link */
    *fd = r->makes ? make(path, r, mode) : -1;
    if (*fd >= 0) return SIEM_OK;
    int reason = r->makes ? errno : ENOENT;
    if (!r->replaces) rc = open_existing(fd, path, r, err);
    else if (lstat(path, &file) == 0) rc = check(path, r, &file, err);
    if (rc != SIEM_NOT_FOUND && !(rc == SIEM_OK && r->replaces)) return rc;
    return open_failed(path, r, reason, err);
}

siem_code siem_checked_file_open(int *fd, const char *path, siem_file_use use, mode_t mode,
                                 siem_error *err) {
    const rules *r = &uses[use];
    char *real;
    *fd = -1;
    if (r->takes_given && siem_is_given_open(path)) {
        *fd = open(path, r->flags | O_CLOEXEC);
        return *fd >= 0 ? SIEM_OK : open_failed(path, r, errno, err);
    }
    siem_code rc = siem_checked_file_resolve(&real, path, use, err);
    if (rc == SIEM_OK && (rc = open_or_make(fd, real, r, mode, err)) != SIEM_OK) {
        *fd = -1;
        if (strcmp(real, path) != 0) siem_error_prefix(err, "%s", path);
    }
    free(real);
    return rc;
}

ssize_t siem_checked_file_fill(int fd, char *bytes, size_t capacity) {
    size_t size = 0;
    ssize_t more;
    while ((more = read(fd, bytes + size, capacity - size)) != 0) {
        if (more > 0) size += (size_t)more;
        else if (errno != EINTR) return -1;
    }
    return (ssize_t)size;
}

siem_code siem_checked_file_read(siem_buffer *content, const char *path, siem_file_use use,
                                 siem_error *err) {
    int fd;
    ssize_t size;
    siem_code rc = siem_checked_file_open(&fd, path, use, 0, err);
    if (rc != SIEM_OK) return rc;
    do {
        if (!siem_buffer_reserve(content, STEP)) {
            rc = siem_error_no_memory(err);
            break;
        }
        size = siem_checked_file_fill(fd, content->bytes + content->size, STEP);
        if (size >= 0) content->size += (size_t)size;
        else rc = siem_error_set(err, SIEM_IO, "cannot read '%s': %s", path, strerror(errno));
    } while (size == STEP);
    (void)close(fd);
    return rc;
}
