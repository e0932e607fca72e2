/* system.c: what the command needs of the system and Lua's own library lacks. */
#include "base/checked_file.h"
#include "base/error.h"
#include "base/patience.h"
#include "base/replaced_file.h"
#include "bind/bind.h"
#include "sink/http/exposure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST_LINKS 40 /* as Linux follows */

/* core.list_folder(path) -> a list of names, empty when there is no such folder */
static int list_folder(lua_State *L) {
    const char *path = siem_lua_check_text(L, 1);
    lua_Integer count = 0;
    lua_newtable(L);
    DIR *folder = opendir(path);
    if (folder == NULL) return 1;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        lua_pushstring(L, entry->d_name);
        lua_rawseti(L, -2, ++count);
    }
    closedir(folder);
    return 1;
}

/* What matches and is not a folder, or is gone by then, has nothing within. */
static int is_fault(const char *path, int reason) {
    (void)path;
    return reason != ENOTDIR && reason != ENOENT;
}

/* core.glob(pattern) -> the paths that match a pattern of the shell's, sorted; nil, message when a
 * folder cannot be read */
static int match_paths(lua_State *L) {
    const char *pattern = siem_lua_check_text(L, 1);
    siem_buffer *paths = siem_lua_new_scratch(L); /* Lua may raise, and leave what glob makes */
    glob_t found;
    int rc = glob(pattern, 0, is_fault, &found);
    if (rc != 0 && rc != GLOB_NOMATCH) {
        lua_pushnil(L);
        lua_pushfstring(L, "cannot look for '%s': %s", pattern,
                        rc == GLOB_NOSPACE ? "out of memory" : strerror(errno));
        return 2;
    }
    for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++) {
        siem_buffer_add(paths, found.gl_pathv[i], strlen(found.gl_pathv[i]) + 1);
    }
    if (rc == 0) globfree(&found);
    if (paths->failed) return luaL_error(L, "out of memory");
    lua_newtable(L);
    const char *at = paths->bytes, *end = at + paths->size;
    for (lua_Integer i = 1; at < end; at += strlen(at) + 1) {
        lua_pushstring(L, at);
        lua_rawseti(L, -2, i++);
    }
    return 1;
}

/* core.terminal_width(fd) -> columns, or nil when that is not a terminal */
static int terminal_width(lua_State *L) {
    struct winsize size = {0};
    int fd = (int)luaL_checkinteger(L, 1);
    if (!isatty(fd)) return 0;
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    lua_pushinteger(L, known ? size.ws_col : 80);
    return 1;
}

/* core.absolute_path(path) -> the path without links and dots, or nil when there is none */
static int absolute_path(lua_State *L) {
    char absolute[PATH_MAX];
    if (realpath(siem_lua_check_text(L, 1), absolute) == NULL) return 0;
    lua_pushstring(L, absolute);
    return 1;
}

/* core.file_stamp(path) -> text that changes when the file does, or nil when there is none */
static int file_stamp(lua_State *L) {
    struct stat s;
    if (stat(siem_lua_check_text(L, 1), &s) != 0) return 0;
    lua_pushfstring(L, "%I %I %I.%d", (lua_Integer)s.st_ino, (lua_Integer)s.st_size,
                    (lua_Integer)s.st_mtim.tv_sec, (int)s.st_mtim.tv_nsec);
    return 1;
}

/* Follows links to where a missing file would be made. The text is PATH_MAX long. */
static void follow_links(char *path) {
    for (int i = 0; i < MOST_LINKS; i++) {
        char target[PATH_MAX];
        ssize_t size = readlink(path, target, sizeof target - 1);
        if (size < 0) return;
        target[size] = '\0';
        char *base = strrchr(path, '/');
        base = base == NULL || target[0] == '/' ? path : base + 1;
        if ((size_t)(base - path) + (size_t)size >= PATH_MAX) return;
        memcpy(base, target, (size_t)size + 1);
    }
}

/* Pushes the identity of the folder in which a file would be made, and the file's name there. */
static int push_future_identity(lua_State *L, const char *given) {
    char path[PATH_MAX];
    struct stat s;
    if (strlen(given) >= sizeof path) return 0;
    memcpy(path, given, strlen(given) + 1);
    follow_links(path);
    char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    lua_pushstring(L, base);
    if (slash != NULL) slash[1] = '\0';
    if (stat(slash != NULL ? path : ".", &s) != 0) return 0;
    lua_pushfstring(L, "%I %I/%s", (lua_Integer)s.st_dev, (lua_Integer)s.st_ino,
                    lua_tostring(L, -1));
    return 1;
}

/* core.file_identity(path) -> text that two paths share when they are one file, or would be made as
 * one; nil when its folder does not exist */
static int file_identity(lua_State *L) {
    struct stat s;
    const char *path = siem_lua_check_text(L, 1);
    if (stat(path, &s) != 0) return push_future_identity(L, path);
    lua_pushfstring(L, "%I %I", (lua_Integer)s.st_dev, (lua_Integer)s.st_ino);
    return 1;
}

/* core.file_place(path) -> text that names of one place share, whether a file is there or not; nil
 * when its folder does not exist */
static int file_place(lua_State *L) {
    return push_future_identity(L, siem_lua_check_text(L, 1));
}

/* core.same_file(path, path) -> whether both name one file at this moment. An inode is not used
 * again while its file is open. */
static int same_file(lua_State *L) {
    struct stat a, b;
    int first = open(siem_lua_check_text(L, 1), O_PATH | O_CLOEXEC);
    int second = open(siem_lua_check_text(L, 2), O_PATH | O_CLOEXEC);
    bool is_one = first >= 0 && second >= 0 && fstat(first, &a) == 0 && fstat(second, &b) == 0 &&
                  a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    if (first >= 0) (void)close(first);
    if (second >= 0) (void)close(second);
    lua_pushboolean(L, is_one);
    return 1;
}

/* core.is_regular_file(path) -> true or false; nil, message when there is none */
static int is_regular_file(lua_State *L) {
    struct stat s;
    if (stat(siem_lua_check_text(L, 1), &s) != 0) {
        lua_pushnil(L);
        lua_pushstring(L, strerror(errno));
        return 2;
    }
    lua_pushboolean(L, S_ISREG(s.st_mode));
    return 1;
}

/* core.print(text) -> true, or nil, message, code. Standard output without a buffer of its own. */
static int print_text(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    (void)fflush(stdout);
    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, text, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            siem_error err;
            siem_error_set(&err, errno == EPIPE ? SIEM_PIPE_CLOSED : SIEM_IO,
                           "cannot write to standard output: %s", strerror(errno));
            return siem_lua_fail(L, &err);
        }
        text += written;
        size -= (size_t)written;
    }
    lua_pushboolean(L, true);
    return 1;
}

/* core.clock() -> seconds that only ever grow */
static int monotonic_clock(lua_State *L) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
    return 1;
}

/* core.pause(seconds), or until a signal comes */
static int pause_for(lua_State *L) {
    double seconds = luaL_checknumber(L, 1);
    const struct timespec time = {(time_t)seconds,
                                  (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&time, NULL);
    return 0;
}

/* core.retry_pause(failures) -> seconds until what failed is tried again, after so many failures in
 * a row before the last one; without a number, the longest pause */
static int retry_pause(lua_State *L) {
    lua_Integer failures = luaL_optinteger(L, 1, INT64_MAX);
    luaL_argcheck(L, failures >= 0, 1, "is negative");
    lua_pushnumber(L, siem_patience_pause(&siem_following_patience, failures, -1));
    return 1;
}

/* core.is_exposed(path) -> whether users other than its owner and group may read or write a file */
static int is_exposed(lua_State *L) {
    lua_pushboolean(L, siem_exposure_of(siem_lua_check_text(L, 1)));
    return 1;
}

static int read_whole(lua_State *L, siem_file_use use) {
    siem_error err;
    const char *path = siem_lua_check_text(L, 1);
    siem_buffer *content = siem_lua_new_scratch(L);
    if (siem_checked_file_read(content, path, use, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushlstring(L, content->bytes, content->size);
    return 1;
}

/* core.read_file(path) -> all of a file with a credential; or nil, message, code */
static int read_file(lua_State *L) {
    return read_whole(L, SIEM_FILE_INPUT);
}

/* core.read_table_file(path) -> all of a table; or nil, message, code */
static int read_table_file(lua_State *L) {
    return read_whole(L, SIEM_FILE_TABLE);
}

/* core.replace_file(path, bytes[, is_private]) -> true, or nil, message, code. All users may read
 * the file, unless it is private. */
static int replace_file(lua_State *L) {
    siem_error err;
    size_t size;
    const char *path = siem_lua_check_text(L, 1), *bytes = luaL_checklstring(L, 2, &size);
    if (siem_replaced_file_write(path, bytes, size, lua_toboolean(L, 3) ? 0600 : 0644, false,
                                 &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* core.resolve(path) -> the path of a file to write, with the links at its end followed; or nil,
 * message, code */
static int resolve(lua_State *L) {
    siem_error err;
    char *real;
    const char *path = siem_lua_check_text(L, 1);
    siem_buffer *copy = siem_lua_new_scratch(L);
    if (siem_checked_file_resolve(&real, path, SIEM_FILE_STATE, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    siem_buffer_add(copy, real, strlen(real));
    free(real);
    if (copy->failed) return luaL_error(L, "out of memory");
    lua_pushlstring(L, copy->bytes, copy->size);
    return 1;
}

/* core.call_apart(function, ...) -> true, result, result; or false, message: called outside of the
 * budget of the callback at work */
static int call_apart(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    int status = siem_budget_call_apart(siem_budget_of(L), L, lua_gettop(L) - 1, 2);
    if (status != LUA_OK) (void)luaL_tolstring(L, -1, NULL);
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    if (status != LUA_OK) lua_replace(L, 2); /* false, message */
    return lua_gettop(L);
}

/* core.set_budget(instructions, mebibytes): what a format's functions may cost for one event. In a
 * host's state it does nothing. */
static int set_budget(lua_State *L) {
    lua_Integer instructions = luaL_checkinteger(L, 1), memory = luaL_checkinteger(L, 2);
    luaL_argcheck(L, instructions >= 1, 1, "must be 1 or more");
    luaL_argcheck(L, memory >= 1 && memory <= 1 << 20, 2, "must be 1 to 1048576");
    siem_budget *budget = siem_budget_of(L);
    if (budget != NULL) siem_budget_set(budget, instructions, (size_t)memory << 20);
    return 0;
}

void siem_lua_bind_system(lua_State *L) {
    static const luaL_Reg functions[] = {{"list_folder", list_folder},
                                         {"glob", match_paths},
                                         {"terminal_width", terminal_width},
                                         {"clock", monotonic_clock},
                                         {"pause", pause_for},
                                         {"retry_pause", retry_pause},
                                         {"file_stamp", file_stamp},
                                         {"absolute_path", absolute_path},
                                         {"file_identity", file_identity},
                                         {"file_place", file_place},
                                         {"same_file", same_file},
                                         {"is_regular_file", is_regular_file},
                                         {"print", print_text},
                                         {"is_exposed", is_exposed},
                                         {"read_file", read_file},
                                         {"read_table_file", read_table_file},
                                         {"replace_file", replace_file},
                                         {"resolve", resolve},
                                         {"call_apart", call_apart},
                                         {"set_budget", set_budget},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
