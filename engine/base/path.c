/* path.c: splitting. */
#include "base/path.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

siem_code siem_path_open(siem_path *path, const char *text, siem_error *err) {
    size_t size = strlen(text) + 1, most = size / 2; /* of one character and their ends */
    *path = (siem_path){0};
    path->keys = malloc(most * sizeof *path->keys + size);
    if (path->keys == NULL) return siem_error_no_memory(err);
    char *to = (char *)(path->keys + most), *key = to;
    for (const char *c = text;; c++) {
        if (*c == '\\' && (c[1] == '.' || c[1] == '\\')) {
            *to++ = *++c;
        } else if (*c == '\\') {
            siem_path_close(path);
            return siem_error_set(err, SIEM_INVALID,
                                  "\"%s\": a backslash is allowed only before a dot or a backslash",
                                  text);
        } else if (*c != '.' && *c != '\0') {
            *to++ = *c;
        } else {
            if (to == key) {
                siem_path_close(path);
                return siem_error_set(err, SIEM_INVALID, "\"%s\" has an empty key", text);
            }
            *to++ = '\0';
            path->keys[path->count++] = key;
            key = to;
            if (*c == '\0') return SIEM_OK;
        }
    }
}

void siem_path_close(siem_path *path) {
    free(path->keys);
    *path = (siem_path){0};
}
