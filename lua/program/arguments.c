/* arguments.c: what the kernel shows of a process is its memory, which can be overwritten. */
#include "program/arguments.h"

#include <oversight/siem.h>
#include <stdlib.h>
#include <string.h>

/* Whether "--api-key", so many bytes, is the option "api_key". */
static bool is_flag(const char *flag, size_t size, const char *name) {
    if (size != strlen(name) + 2 || strncmp(flag, "--", 2) != 0) return false;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (flag[i + 2] != (name[i] == '_' ? '-' : name[i])) return false;
    }
    return true;
}

/* Whether a secret follows. `sign` takes a key as well, which is refused as it is. */
static bool is_secret(const char *flag, size_t size) {
    const siem_sink_kind *kind;
    siem_sink_option option;
    for (size_t i = 0; (kind = siem_sink_kind_at(i)) != NULL; i++) {
        for (size_t j = 0; siem_sink_kind_option(kind, j, &option); j++) {
            if (option.secret && is_flag(flag, size, option.name)) return true;
        }
    }
    return is_flag(flag, size, "key");
}

/* The secret in an argument, or NULL. `before` is the one before it, or NULL. */
static char *find_secret(char *argument, const char *before) {
    size_t size = strcspn(argument, "=");
    if (argument[size] == '=' && is_secret(argument, size)) return argument + size + 1;
    return before != NULL && is_secret(before, strlen(before)) ? argument : NULL;
}

char **siem_arguments_take(int count, char **arguments) {
    static char **copy; /* until the process ends, which leak checkers are to see */
    copy = calloc((size_t)count + 1, sizeof *copy);
    for (int i = 0; copy != NULL && i < count; i++) {
        char *secret = find_secret(arguments[i], i > 0 ? copy[i - 1] : NULL);
        if ((copy[i] = strdup(arguments[i])) == NULL) return NULL;
        if (secret != NULL) memset(secret, '*', strlen(secret));
    }
    return copy;
}
