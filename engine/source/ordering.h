/* ordering.h: the order (timestamp, id) of the events, without sorting where ids have it already.
 */
#ifndef SIEM_ORDERING_H
#define SIEM_ORDERING_H

#include "source/database.h"

/* Which events are looked at. NULL: there is no such bound. */
typedef struct siem_range {
    const int64_t *since; /* their timestamp, */
    const int64_t *after; /* and their ids: those behind this one, */
    const int64_t *last;  /* up to this one */
} siem_range;

/* Finds out in one scan, by id, whether timestamps follow. Errors: SIEM_IO as well when the ids do
 * not grow: the file is damaged. */
siem_code siem_ordering_read(siem_ordering *out, const siem_database *database,
                             const siem_range *range, siem_error *err);

/* Sets parameter 1 of a statement over "id > ?1"; NULL: before all events. */
void siem_ordering_bind_after(sqlite3_stmt *statement, const int64_t *after);

/* The ids of the events in order, on disk: eight bytes an event, and no statement held open. */
typedef struct siem_sorted_ids siem_sorted_ids;

/* A negative limit is none. */
siem_code siem_sorted_ids_open(siem_sorted_ids **out, const siem_database *database,
                               const siem_range *range, int64_t limit, siem_error *err);

/* The next id, or SIEM_END. */
siem_code siem_sorted_ids_next(siem_sorted_ids *ids, int64_t *id, siem_error *err);

void siem_sorted_ids_close(siem_sorted_ids *ids);

#endif
