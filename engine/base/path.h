/* path.h: dotted paths, "labels.file", where "\." is a dot in a key. */
#ifndef SIEM_PATH_H
#define SIEM_PATH_H

#include <oversight/siem.h>

typedef struct siem_path {
    char **keys; /* NUL-terminated; one allocation with their text */
    size_t count;
} siem_path;

/* Errors: SIEM_INVALID for an empty key or a lone backslash, SIEM_NO_MEMORY. */
siem_code siem_path_open(siem_path *path, const char *text, siem_error *err);

void siem_path_close(siem_path *path);

#endif
