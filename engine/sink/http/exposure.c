/* exposure.c: modes of a file and of the folders above it. */
#include "sink/http/exposure.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_below(const char *path, const char *folder) {
    char real[PATH_MAX];
    if (folder == NULL || realpath(folder, real) == NULL) return false;
    size_t size = strlen(real);
    return strncmp(path, real, size) == 0 && path[size] == '/';
}

/* Kubernetes replaces all files of a mount at once, by a link that they are links through. */
static bool is_in_volume(const char *path) {
    struct stat status;
    char link[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int folder = slash != NULL ? (int)(slash - path) + 1 : 0;
    int size = snprintf(link, sizeof link, "%.*s..data", folder, path);
    return size > 0 && (size_t)size < sizeof link && lstat(link, &status) == 0 &&
           S_ISLNK(status.st_mode);
}

/* Whether others may search all folders above. `path` is cut. */
static bool is_reachable(char *path) {
    struct stat status;
    for (char *slash; (slash = strrchr(path, '/')) != NULL && slash != path;) {
        *slash = '\0';
        if (stat(path, &status) != 0 || (status.st_mode & S_IXOTH) == 0) return false;
    }
    return true;
}

bool siem_exposure_of(const char *path) {
    struct stat status;
    char real[PATH_MAX];
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || realpath(path, real) == NULL) {
        return false;
    }
    if ((status.st_mode & (S_IROTH | S_IWOTH)) == 0 || is_in_volume(path)) return false;
    if (is_below(real, getenv("CREDENTIALS_DIRECTORY")) || is_below(real, "/run/credentials") ||
        is_below(real, "/run/secrets")) {
        return false;
    }
    return is_reachable(real);
}
