/* runs.h: ids in any order, as a table that a statement is joined with: one statement reads all of
 * their rows. */
#ifndef SIEM_RUNS_H
#define SIEM_RUNS_H

#include "source/database.h"

/* Each row of `runs` is a run of ids that grow by one, with its ends. The registry may have a table
 * of any name, but not in `temp`. */
#define SIEM_FROM_RUNS                                                                             \
    "temp.oversight_runs AS runs CROSS JOIN events NOT INDEXED "                                   \
    "WHERE events.id >= runs.first AND events.id <= runs.last"

typedef struct siem_runs {
    const int64_t *ids;
    size_t count;
    size_t first; /* where a statement begins; then the place of the run that it reads, */
    size_t end;   /* and the one after it */
    bool alone;   /* each id is a run */
} siem_runs;

/* Makes it the table of that name for statements that are prepared later. It must outlive the
 * connection, and one statement at a time reads it. Errors: SIEM_NO_MEMORY. */
siem_code siem_runs_open(siem_runs *runs, const siem_database *database, siem_error *err);

#endif
