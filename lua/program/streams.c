/* streams.c: a stream for scripts before the C library's own two. */
#include "program/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HELD_BYTES                                                                                 \
    ((size_t)64 << 10) /* a script that prints more drives standard output itself                  \
                        */

void siem_streams_hold(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* This one is the lowest free number. */
        if (fcntl(fd, F_GETFD) < 0) (void)!open("/", O_PATH);
    }
}

/* ---- the stream of scripts ---- */

static FILE *scripts; /* or NULL */
static atomic_bool claimed, held;
static atomic_int reason; /* errno of the first write to standard output that failed, or 0 */

/* Writes out what standard output holds. */
static bool flush_output(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    int none = 0;
    (void)atomic_compare_exchange_strong(&reason, &none, errno);
    return false;
}

static ssize_t write_scripts(void *unused, const char *bytes, size_t size) {
    (void)unused;
    if (atomic_load(&claimed)) return (ssize_t)fwrite(bytes, 1, size, stderr);
    size_t written = fwrite(bytes, 1, size, stdout);
    return flush_output() ? (ssize_t)written : 0; /* 0: it failed */
}

void siem_streams_open(void) {
    scripts = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_scripts});
    if (scripts == NULL) return;
    (void)setvbuf(scripts, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, HELD_BYTES);
}

/* Texts are made first, which may raise an error: no other thread prints within the line. */
static void print_to(lua_State *L, FILE *to) {
    int count = lua_gettop(L);
    for (int i = 1; i <= count; i++) {
        (void)luaL_tolstring(L, i, NULL);
        lua_replace(L, i);
    }
    flockfile(to);
    for (int i = 1; i <= count; i++) {
        size_t size;
        const char *text = lua_tolstring(L, i, &size);
        if (i > 1) (void)fputc('\t', to);
        (void)fwrite(text, 1, size, to);
    }
    (void)fputc('\n', to);
    funlockfile(to);
}

/* print of commands: a line is out at once, as in stock Lua. */
static int result_print(lua_State *L) {
    print_to(L, stdout);
    (void)flush_output();
    return 0;
}

/* print of scripts: the same, unless it is held. */
static int script_print(lua_State *L) {
    print_to(L, scripts);
    if (!atomic_load(&held)) (void)fflush(scripts);
    return 0;
}

void siem_streams_prepare(lua_State *L) {
    lua_register(L, "print", result_print);
}

void siem_streams_install(lua_State *L) {
    if (scripts == NULL) return;
    lua_register(L, "print", script_print);
    lua_getglobal(L, "io");
    lua_getfield(L, -1, "stdout"); /* io.write's as well */
    ((luaL_Stream *)luaL_checkudata(L, -1, LUA_FILEHANDLE))->f = scripts;
    lua_pop(L, 2);
}

static void end_hold(void) {
    atomic_store(&held, false);
    if (scripts != NULL) (void)fflush(scripts);
}

static int hold_output(lua_State *L) {
    (void)L;
    atomic_store(&held, !atomic_load(&claimed));
    return 0;
}

/* Standard error has no buffer, and a line is enough of one. */
static int claim_output(lua_State *L) {
    (void)L;
    if (atomic_exchange(&claimed, true)) return 0;
    end_hold();
    if (scripts != NULL) (void)setvbuf(scripts, NULL, _IOLBF, HELD_BYTES);
    return 0;
}

static int release_output(lua_State *L) {
    (void)L;
    end_hold();
    return 0;
}

void siem_streams_bind(lua_State *L) {
    static const luaL_Reg functions[] = {{"hold_output", hold_output},
                                         {"claim_output", claim_output},
                                         {"release_output", release_output},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}

/* ---- the end ---- */

/* True when standard output is a pipe without a reader. */
static bool is_reader_gone(void) {
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

bool siem_streams_flush(void) {
    if (scripts != NULL) (void)fflush(scripts);
    if (flush_output()) return true;
    int number = atomic_load(&reason);
    if (number == EPIPE || is_reader_gone()) return true;
    (void)fprintf(stderr, "oversight-siem: cannot write to standard output: %s\n",
                  number != 0 ? strerror(number) : "a write failed");
    return false;
}
