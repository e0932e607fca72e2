/* failing.h: system calls of the engine that fail as a test asks. The linker puts the functions of
 * failing.c in front of the C library's (--wrap); libraries call theirs as ever. */
#ifndef SIEM_FAILING_H
#define SIEM_FAILING_H

#include <oversight/siem.h>

typedef struct failing_operation {
    void (*prepare)(void);
    siem_code (*run)(siem_error *err);
    void (*check)(siem_code rc); /* of what a run left behind that ended so */
    const char *named;           /* by every error; NULL: the folder of the test */
} failing_operation;

/* Runs an operation again and again, and each time another call fails, once: it succeeds, or its
 * error has the cause and the name. Then it is run without a failure, which succeeds. No file stays
 * open. */
void failing_each(const failing_operation *operation);

#endif
