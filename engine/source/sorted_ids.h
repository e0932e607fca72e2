/* sorted_ids.h: the ids of the events in order, on disk: eight bytes an event, and no statement
 * held open. */
#ifndef SIEM_SORTED_IDS_H
#define SIEM_SORTED_IDS_H

#include "source/ordering.h"

/* Once open it does not change: any thread may read it. */
typedef struct siem_sorted_ids siem_sorted_ids;

/* Sorts by timestamp and id. A negative limit is none. Errors: SIEM_IO, SIEM_LOCKED,
 * SIEM_CANCELLED, SIEM_NO_MEMORY. */
siem_code siem_sorted_ids_open(siem_sorted_ids **out, const siem_database *database,
                               const siem_range *range, int64_t limit, siem_error *err);

/* How many there are. */
int64_t siem_sorted_ids_count(const siem_sorted_ids *ids);

/* Reads `count` ids from place `start` on, which are there. Errors: SIEM_IO. */
siem_code siem_sorted_ids_read(const siem_sorted_ids *ids, int64_t start, int64_t *out,
                               size_t count, siem_error *err);

void siem_sorted_ids_close(siem_sorted_ids *ids);

#endif
