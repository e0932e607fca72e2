/* slices.h: the events of a range in the order of an export, as slices. */
#ifndef SIEM_SLICES_H
#define SIEM_SLICES_H

#include "source/ordering.h"
#include "source/reader.h"
#include "source/slice.h"

typedef struct siem_slices siem_slices;

/* Scans the range once, with so many threads where it can be done in parts. What the range points
 * to must outlive the slices. A negative limit is none. Errors: as siem_ordering_read. */
siem_code siem_slices_open(siem_slices **out, const siem_origin *origin,
                           const siem_database *database, const siem_range *range, int64_t limit,
                           size_t threads, siem_error *err);

const siem_ordering *siem_slices_ordering(const siem_slices *slices);

/* Makes the slices spans of sorted ids. Errors: as siem_sorted_ids_open. */
siem_code siem_slices_sort(siem_slices *slices, const siem_database *database, siem_error *err);

/* Slice `number`; false when there are not so many. It is valid until the slices are closed. */
bool siem_slices_get(const siem_slices *slices, int64_t number, siem_slice *slice);

/* After the last slice, of which `count` events were read in all: whether those that are missing
 * were deleted meanwhile. Errors: SIEM_IO when a scan finds more of them, as seeks in a damaged
 * file pass over events, which a scan does not. */
siem_code siem_slices_check_complete(const siem_slices *slices, const siem_database *database,
                                     int64_t count, siem_error *err);

void siem_slices_close(siem_slices *slices);

#endif
