/* installed.c: PREFIX/share/lua/5.4 from PREFIX/bin/oversight-siem or
 * PREFIX/lib/liboversight-siem.so. */
#include "host/installed.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file that this code is in: the program, or a shared library that it loaded. */
static bool find_file(char file[PATH_MAX]) {
    static const char here;
    Dl_info object;
    struct link_map *map = NULL;
    bool is_known = dladdr1(&here, &object, (void **)&map, RTLD_DL_LINKMAP) != 0 && map != NULL;
    const char *name = is_known && map->l_name[0] != '\0' ? map->l_name : "/proc/self/exe";
    return realpath(name, file) != NULL;
}

/* Cuts "/folder/name" from the end of a path, or does nothing. */
static bool cut_end(char *path, const char *folder) {
    char *name = strrchr(path, '/');
    size_t size = strlen(folder);
    if (name == NULL || (size_t)(name - path) < size + 1) return false;
    char *at = name - size - 1;
    if (*at != '/' || strncmp(at + 1, folder, size) != 0) return false;
    *at = '\0';
    return true;
}

/* Where everyone can make folders, as in /tmp, the Lua files beside the program may be somebody
 * else's. */
static bool is_private(const char *prefix) {
    struct stat folder;
    return stat(prefix, &folder) == 0 && (folder.st_mode & S_IWOTH) == 0;
}

/* Lua gives these characters a meaning in a search path. */
static bool can_be_searched(const char *folder) {
    return strpbrk(folder, ";?") == NULL;
}

static bool find_beside(char folder[PATH_MAX]) {
    char prefix[PATH_MAX], probe[PATH_MAX];
    if (!find_file(prefix)) return false;
    if (!cut_end(prefix, SIEM_PROGRAM_BELOW) && !cut_end(prefix, SIEM_LIBRARY_BELOW)) return false;
    if (!is_private(prefix) || !can_be_searched(prefix)) return false;
    int size = snprintf(probe, sizeof probe, "%s/%s/oversight/siem.lua", prefix, SIEM_LUA_BELOW);
    if (size < 0 || (size_t)size >= sizeof probe || access(probe, R_OK) != 0) return false;
    return snprintf(folder, PATH_MAX, "%s/%s", prefix, SIEM_LUA_BELOW) < PATH_MAX;
}

void siem_installed_folder(char folder[PATH_MAX]) {
    if (!find_beside(folder)) snprintf(folder, PATH_MAX, "%s", SIEM_LUA_FOLDER);
}
