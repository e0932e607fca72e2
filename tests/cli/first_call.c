/* first_call.c: preloaded into the program, keeps what the list of processes shows when main() has
 * done its first thing: at the first call of each of these functions, in the file FIRST_CALL. They
 * open the first files and streams that are the program's own. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static void keep_arguments(const char *function) {
    char bytes[8192];
    const char *path = getenv("FIRST_CALL");
    int from = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    int to = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    ssize_t size = from >= 0 ? read(from, bytes, sizeof bytes) : 0;
    for (ssize_t i = 0; i < size; i++) {
        if (bytes[i] == '\0') bytes[i] = ' ';
    }
    (void)dprintf(to, "%s: %.*s\n", function, (int)size, bytes);
    if (from >= 0) (void)close(from);
    if (to >= 0) (void)close(to);
}

EXPORT FILE *fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions) {
    FILE *(*next)(void *, const char *, cookie_io_functions_t);
    *(void **)&next = dlsym(RTLD_NEXT, "fopencookie");
    keep_arguments("fopencookie");
    return next(cookie, mode, functions);
}

/* Of standard input, before anything is opened. */
EXPORT int fcntl64(int fd, int command, ...) {
    static int seen;
    va_list arguments;
    int (*next)(int, int, ...);
    *(void **)&next = dlsym(RTLD_NEXT, "fcntl64");
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (fd == STDIN_FILENO && command == F_GETFD && !seen++) keep_arguments("fcntl");
    return next(fd, command, argument);
}

EXPORT int fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return fcntl64(fd, command, argument);
}
