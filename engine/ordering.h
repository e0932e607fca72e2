/* ordering.h: the order (timestamp, id) of the events, without sorting where ids have it already.
 */
#ifndef SIEM_ORDERING_H
#define SIEM_ORDERING_H

#include "database.h"

/* Finds out in one scan, by id, whether timestamps follow. `since` is NULL for all events. */
siem_code siem_ordering_read(siem_ordering *out, const siem_database *database,
                             const int64_t *since, siem_error *err);

/* The ids of the events in order, on disk: eight bytes an event, and no statement held open. */
typedef struct siem_sorted_ids siem_sorted_ids;

siem_code siem_sorted_ids_open(siem_sorted_ids **out, const siem_database *database,
                               const int64_t *since, int64_t limit, siem_error *err);

/* The next id, or SIEM_END. */
siem_code siem_sorted_ids_next(siem_sorted_ids *ids, int64_t *id, siem_error *err);

void siem_sorted_ids_close(siem_sorted_ids *ids);

#endif
