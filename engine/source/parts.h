/* parts.h: a scan of many events in parts, on several threads. */
#ifndef SIEM_PARTS_H
#define SIEM_PARTS_H

#include "source/ordering.h"
#include "source/reader.h"

/* As siem_ordering_read, with so many threads, of which the caller's is one. The others open
 * connections of their own. `out` and the empty list of `bounds` are set only if it succeeds: then
 * each part began with the row that the one before ended with. SIEM_END: the range is too small, or
 * has bounds other than ids, or something failed, and siem_ordering_read finds what. Errors:
 * SIEM_CANCELLED. */
siem_code siem_parts_read(siem_ordering *out, siem_bounds *bounds, const siem_origin *origin,
                          const siem_database *database, const siem_range *range, size_t threads,
                          siem_error *err);

#endif
