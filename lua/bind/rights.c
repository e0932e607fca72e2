/* rights.c: whose a file is, what a user may do with it, and how much room is left beside it. */
#include "bind/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MOST_GROUPS 256
#define MOST_ENTRY  16384 /* bytes of a user's entry */

/* Rights as those of "others" in a mode. */
static mode_t check_rights(lua_State *L, int index) {
    const char *rights = luaL_checkstring(L, index);
    return (strchr(rights, 'r') != NULL ? S_IROTH : 0U) |
           (strchr(rights, 'w') != NULL ? S_IWOTH : 0U) |
           (strchr(rights, 'x') != NULL ? S_IXOTH : 0U);
}

/* core.access(path, rights) -> true when this user has all of the rights ("rwx") to a file or
 * folder; or nil, the reason */
static int check_access(lua_State *L) {
    mode_t rights = check_rights(L, 2);
    int mode = (rights & S_IROTH ? R_OK : 0) | (rights & S_IWOTH ? W_OK : 0) |
               (rights & S_IXOTH ? X_OK : 0);
    if (faccessat(AT_FDCWD, siem_lua_check_text(L, 1), mode, AT_EACCESS) != 0) {
        return luaL_fileresult(L, 0, NULL);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* The entry of a user, whose texts are in `texts`; false without one. */
static bool find_user(uid_t user, struct passwd *entry, char texts[MOST_ENTRY]) {
    struct passwd *found = NULL;
    return getpwuid_r(user, entry, texts, MOST_ENTRY, &found) == 0 && found != NULL;
}

/* Pushes a user's name; the number, where there is none. */
static void push_user(lua_State *L, uid_t user) {
    struct passwd entry;
    char texts[MOST_ENTRY];
    if (find_user(user, &entry, texts)) lua_pushstring(L, entry.pw_name);
    else lua_pushfstring(L, "%I", (lua_Integer)user);
}

/* core.user() -> the name of the user of this process */
static int user_of_process(lua_State *L) {
    push_user(L, geteuid());
    return 1;
}

/* core.file_owner(path) -> the number and the name of its owner; nil when there is no such file */
static int file_owner(lua_State *L) {
    struct stat s;
    if (stat(siem_lua_check_text(L, 1), &s) != 0) return 0;
    lua_pushinteger(L, s.st_uid);
    push_user(L, s.st_uid);
    return 2;
}

static bool is_member(uid_t user, gid_t group) {
    struct passwd entry;
    char texts[MOST_ENTRY];
    gid_t groups[MOST_GROUPS];
    int count = MOST_GROUPS;
    if (!find_user(user, &entry, texts)) return false;
    if (getgrouplist(entry.pw_name, entry.pw_gid, groups, &count) < 0) count = MOST_GROUPS;
    for (int i = 0; i < count; i++) {
        if (groups[i] == group) return true;
    }
    return false;
}

/* core.user_may(user, path, rights) -> whether the modes of a file or folder, not those of the
 * folders that it is in, give a user all of the rights; nil when there is no such file */
static int user_may(lua_State *L) {
    struct stat s;
    uid_t user = (uid_t)luaL_checkinteger(L, 1);
    mode_t rights = check_rights(L, 3);
    if (stat(siem_lua_check_text(L, 2), &s) != 0) return 0;
    int shift = s.st_uid == user ? 6 : is_member(user, s.st_gid) ? 3 : 0;
    lua_pushboolean(L, user == 0 || ((s.st_mode >> shift) & rights) == rights);
    return 1;
}

/* core.disk_room(path) -> bytes that this user may still write there, bytes in all, and a number of
 * the file system; nil when there is no such place */
static int disk_room(lua_State *L) {
    struct statvfs room;
    struct stat s;
    const char *path = siem_lua_check_text(L, 1);
    if (statvfs(path, &room) != 0 || stat(path, &s) != 0) return 0;
    lua_pushinteger(L, (lua_Integer)room.f_bavail * (lua_Integer)room.f_frsize);
    lua_pushinteger(L, (lua_Integer)room.f_blocks * (lua_Integer)room.f_frsize);
    lua_pushinteger(L, (lua_Integer)s.st_dev);
    return 3;
}

void siem_lua_bind_rights(lua_State *L) {
    static const luaL_Reg functions[] = {{"access", check_access},   {"user", user_of_process},
                                         {"file_owner", file_owner}, {"user_may", user_may},
                                         {"disk_room", disk_room},   {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
