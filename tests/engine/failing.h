/* failing.h: system calls of the engine that fail as a test asks. The linker puts the functions of
 * failing.c in front of the C library's (--wrap); libraries call theirs as ever. */
#ifndef SIEM_FAILING_H
#define SIEM_FAILING_H

#include <stdbool.h>

typedef struct failing_call {
    const char *name; /* of the function; "open" is all its forms, "stat" not lstat and fstat */
    int error;        /* SHORT: it writes or reads half */
} failing_call;

#define SHORT (-1)

/* The call after `passed` others fails, once; all others work. */
void failing_begin(const failing_call *call, long passed);

/* From here on none fails. True when one has. */
bool failing_end(void);

#endif
