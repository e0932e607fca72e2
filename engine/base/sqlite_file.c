/* sqlite_file.c: the first bytes of SQLite's files, and their names (SQLite, "Database File
 * Format", sections 1.2, 3 and 4.1). */
#include "base/sqlite_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
#define SUFFIXES (sizeof suffixes / sizeof *suffixes)

typedef struct mark {
    const char *bytes;
    size_t size;
} mark;

static const mark database_mark = {"SQLite format 3", 16};
static const mark log_marks[] = {
    {"\x37\x7f\x06\x82", 4}, {"\x37\x7f\x06\x83", 4}, {"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8}};
#define LOG_MARKS (sizeof log_marks / sizeof *log_marks)

static bool begins_with(const char *head, size_t size, const mark *m) {
    return size >= m->size && memcmp(head, m->bytes, m->size) == 0;
}

/* The first bytes of a regular file; 0 for none. */
static size_t read_head(const char *path, char head[16]) {
    struct stat status;
    ssize_t size = 0;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return 0;
    size = pread(fd, head, 16, 0);
    (void)close(fd);
    return size > 0 ? (size_t)size : 0;
}

/* True for "NAME-wal" and the like where NAME is a database. */
static bool is_named_beside(const char *path) {
    char head[16];
    size_t size = strlen(path);
    for (size_t i = 0; i < SUFFIXES; i++) {
        size_t suffix = strlen(suffixes[i]);
        if (size <= suffix || strcmp(path + size - suffix, suffixes[i]) != 0) continue;
        char *name = strndup(path, size - suffix);
        bool is_beside = name != NULL && begins_with(head, read_head(name, head), &database_mark);
        free(name);
        return is_beside;
    }
    return false;
}

bool siem_sqlite_file_is_at(const char *path) {
    char head[16];
    size_t size = read_head(path, head);
    bool is_one = begins_with(head, size, &database_mark);
    for (size_t i = 0; i < LOG_MARKS; i++)
        is_one = is_one || begins_with(head, size, &log_marks[i]);
    return is_one || is_named_beside(path);
}

static bool is_same(const char *path, const char *suffix, const struct stat *status) {
    struct stat there;
    char *name = NULL;
    if (asprintf(&name, "%s%s", path, suffix) < 0) return false;
    bool same =
        stat(name, &there) == 0 && there.st_dev == status->st_dev && there.st_ino == status->st_ino;
    free(name);
    return same;
}

bool siem_sqlite_file_is_of(const char *path, const struct stat *status) {
    char *real = realpath(path, NULL); /* beside which SQLite has the others */
    bool same = is_same(path, "", status);
    for (size_t i = 0; !same && real != NULL && i < SUFFIXES; i++) {
        same = is_same(real, suffixes[i], status);
    }
    free(real);
    return same;
}
