/* faults.c: preloaded into the program, makes system calls on some files fail as a test asks.
 *
 * FAULTS is a list, divided by ';', of "CALL PATH ERROR FIRST COUNT [short]": calls number FIRST
 * (from 1) to FIRST + COUNT - 1 of CALL on a file whose path ends in PATH fail with ERROR; `short`
 * lets a write take half first. "~N" for FIRST makes about one call in N fail, at random. CALL is
 * open, write, fsync, rename, ftruncate, pread (read as well) or close.
 *
 * With DEAF set, a wait for one descriptor that is to end by itself takes 300 times as long:
 * what is seen in time was heard. */
#undef _FORTIFY_SOURCE /* checked functions are inline ones of the names that are defined here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_FAULTS 16
#define EXPORT      __attribute__((visibility("default")))

typedef struct fault {
    char call[16], path[64], error[16], kind[8];
    long first, count, seen;
    bool random;
    bool halved; /* the call before this one took half */
} fault;

static fault faults[MOST_FAULTS];
static size_t fault_count;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int number_of(const char *error) {
    static const struct {
        const char *name;
        int number;
    } known[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EACCES", EACCES},
                 {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE}, {"EINTR", EINTR}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, error) == 0) return known[i].number;
    }
    (void)fprintf(stderr, "faults: no error %s\n", error);
    abort();
}

static void read_faults(void) {
    const char *text = getenv("FAULTS");
    char *copy = strdup(text != NULL ? text : ""), *place = copy;
    for (char *item; (item = strsep(&place, ";")) != NULL && fault_count < MOST_FAULTS;) {
        char first[16];
        fault *f = &faults[fault_count];
        if (*item == '\0') continue;
        if (sscanf(item, "%15s %63s %15s %15s %ld %7s", f->call, f->path, f->error, first,
                   &f->count, f->kind) < 5) {
            (void)fprintf(stderr, "faults: cannot read '%s'\n", item);
            abort();
        }
        f->random = first[0] == '~';
        f->first = strtol(first + f->random, NULL, 10);
        (void)number_of(f->error);
        fault_count++;
    }
    free(copy);
}

static bool is_due(fault *f) {
    unsigned dice = 0;
    if (f->halved) return true;
    if (!f->random) return ++f->seen >= f->first && f->seen < f->first + f->count;
    return getrandom(&dice, sizeof dice, 0) == (ssize_t)sizeof dice &&
           dice % (unsigned)f->first == 0;
}

/* The fault of this call, or NULL. */
static fault *find(const char *call, const char *path) {
    fault *found = NULL;
    (void)pthread_once(&once, read_faults);
    (void)pthread_mutex_lock(&guard);
    for (size_t i = 0; i < fault_count && found == NULL; i++) {
        size_t size = strlen(path), end = strlen(faults[i].path);
        bool fits = strcmp(faults[i].call, call) == 0 && size >= end &&
                    strcmp(path + size - end, faults[i].path) == 0;
        if (fits && is_due(&faults[i])) found = &faults[i];
    }
    (void)pthread_mutex_unlock(&guard);
    return found;
}

static fault *find_of(const char *call, int fd) {
    char link[32], path[4096];
    int before = errno;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = before;
    if (size < 0) return NULL;
    path[size] = '\0';
    return find(call, path);
}

static int fail(const fault *f) {
    errno = number_of(f->error);
    return -1;
}

/* The function that stands behind the one of that name here. */
#define NEXT(type, name) (__extension__((type)dlsym(RTLD_NEXT, name)))

EXPORT ssize_t write(int fd, const void *bytes, size_t size) {
    ssize_t (*next)(int, const void *, size_t) =
        NEXT(ssize_t(*)(int, const void *, size_t), "write");
    fault *f = find_of("write", fd);
    if (f == NULL) return next(fd, bytes, size);
    if (strcmp(f->kind, "short") == 0 && size > 1) {
        f->halved = !f->halved;
        if (f->halved) return next(fd, bytes, size / 2);
    }
    return fail(f);
}

/* Where the file ended that has a `lost` fault, when it was last forced to the disk. */
static off_t forced;

/* Overwrites what is behind `forced`, as a failing disk does. */
static void lose(int fd) {
    char link[32];
    struct stat status;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int other = NEXT(int (*)(const char *, int, ...), "open")(link, O_WRONLY | O_CLOEXEC);
    if (other < 0 || fstat(fd, &status) != 0) abort();
    for (off_t at = forced; at < status.st_size; at++) {
        if (pwrite(other, "", 1, at) != 1) abort();
    }
    (void)close(other);
}

EXPORT int fsync(int fd) {
    struct stat status;
    const fault *f = find_of("fsync", fd);
    if (f != NULL && strcmp(f->kind, "lost") == 0) lose(fd);
    if (f != NULL) return fail(f);
    if (fault_count > 0 && strcmp(faults[0].kind, "lost") == 0 && fstat(fd, &status) == 0 &&
        status.st_size > forced) {
        forced = status.st_size;
    }
    return NEXT(int (*)(int), "fsync")(fd);
}

EXPORT int poll(struct pollfd *descriptors, nfds_t count, int milliseconds) {
    bool deaf = count == 1 && milliseconds > 0 && getenv("DEAF") != NULL;
    return NEXT(int (*)(struct pollfd *, nfds_t, int),
                "poll")(descriptors, count, deaf ? milliseconds * 300 : milliseconds);
}

EXPORT int ftruncate(int fd, off_t size) {
    const fault *f = find_of("ftruncate", fd);
    return f != NULL ? fail(f) : NEXT(int (*)(int, off_t), "ftruncate")(fd, size);
}

EXPORT int rename(const char *from, const char *to) {
    const fault *f = find("rename", to);
    return f != NULL ? fail(f) : NEXT(int (*)(const char *, const char *), "rename")(from, to);
}

static int open_or_fail(const char *name, const char *path, int flags, mode_t mode) {
    const fault *f = (flags & O_PATH) == 0 ? find("open", path) : NULL; /* that only looks */
    if (f != NULL) return fail(f);
    return NEXT(int (*)(const char *, int, ...), name)(path, flags, mode);
}

#define DEFINE_OPEN(name)                                                                          \
    EXPORT int name(const char *path, int flags, ...) {                                            \
        mode_t mode = 0;                                                                           \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                       \
            va_list rest;                                                                          \
            va_start(rest, flags);                                                                 \
            mode = va_arg(rest, mode_t);                                                           \
            va_end(rest);                                                                          \
        }                                                                                          \
        return open_or_fail(#name, path, flags, mode);                                             \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_PREAD(name, offset_type)                                                            \
    EXPORT ssize_t name(int fd, void *bytes, size_t size, offset_type offset) {                    \
        const fault *f = find_of("pread", fd);                                                     \
        if (f != NULL) return fail(f);                                                             \
        return NEXT(ssize_t(*)(int, void *, size_t, offset_type), #name)(fd, bytes, size, offset); \
    }
DEFINE_PREAD(pread, off_t)
DEFINE_PREAD(pread64, off64_t)

EXPORT ssize_t read(int fd, void *bytes, size_t size) {
    const fault *f = find_of("pread", fd);
    if (f != NULL) return fail(f);
    return NEXT(ssize_t(*)(int, void *, size_t), "read")(fd, bytes, size);
}

EXPORT int close(int fd) {
    const fault *f = find_of("close", fd);
    int status = NEXT(int (*)(int), "close")(fd);
    return f != NULL ? fail(f) : status;
}
