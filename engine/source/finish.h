/* finish.h: where reading of a registry that is followed ends for good. */
#ifndef SIEM_FINISH_H
#define SIEM_FINISH_H

#include "source/ordering.h"
#include "source/slice.h"

/* Its end is found by ids alone, so that it stays where it is when reading goes back. */
typedef struct siem_finish {
    int64_t left;     /* events until the limit, of those after `seen`; negative: no limit */
    char *beyond;     /* a condition of the first event that is not read (`until`), or NULL */
    bool has_begun;   /* `seen` is where reading began, or later */
    siem_cursor seen; /* up to where events are counted */
    bool is_found;    /* there is a last event: */
    int64_t last;     /* its id, or one between it and the next event */
} siem_finish;

/* Sets what ends reading. Close it after use, also after a failure. Errors: SIEM_NO_MEMORY. */
siem_code siem_finish_open(siem_finish *finish, const siem_registry_options *options,
                           siem_error *err);
void siem_finish_close(siem_finish *finish);

/* Reading starts over: at the first event, or where it is looked for next. */
void siem_finish_rewind(siem_finish *finish, int64_t limit);

/* Looks for the end among events up to id `*end`, before any after `start` is read, and moves
 * `*end` there. Errors: as siem_database_step. */
siem_code siem_finish_look(siem_finish *finish, const siem_database *database, const char *filter,
                           const siem_cursor *start, int64_t *end, siem_error *err);

#endif
