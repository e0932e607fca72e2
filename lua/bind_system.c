/* bind_system.c: what the command needs of the system and Lua's own library lacks. */
#include "bind.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* core.list_folder(path) -> a list of names, empty when there is no such folder */
static int list_folder(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
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

/* core.terminal_width(fd) -> columns, or nil when that is no terminal */
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
    if (realpath(luaL_checkstring(L, 1), absolute) == NULL) return 0;
    lua_pushstring(L, absolute);
    return 1;
}

/* core.file_stamp(path) -> text that changes when the file does, or nil when there is none */
static int file_stamp(lua_State *L) {
    struct stat s;
    if (stat(luaL_checkstring(L, 1), &s) != 0) return 0;
    lua_pushfstring(L, "%I %I %I.%d", (lua_Integer)s.st_ino, (lua_Integer)s.st_size,
                    (lua_Integer)s.st_mtim.tv_sec, (int)s.st_mtim.tv_nsec);
    return 1;
}

/* core.clock() -> seconds that only ever grow */
static int monotonic_clock(lua_State *L) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
    return 1;
}

void siem_lua_bind_system(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"list_folder", list_folder},     {"terminal_width", terminal_width},
        {"clock", monotonic_clock},       {"file_stamp", file_stamp},
        {"absolute_path", absolute_path}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
