/* slices.c: the scan that finds the order of events also divides them. */
#include "source/slices.h"

#include "base/error.h"
#include "source/parts.h"
#include "source/sorted_ids.h"

#include <inttypes.h>
#include <stdlib.h>

struct siem_slices {
    siem_range range;
    int64_t limit;
    siem_ordering ordering;
    siem_bounds bounds; /* the last id of each slice */
    siem_sorted_ids *sorted;
};

/* In parts where that is possible and finds nothing wrong; else in one. */
static siem_code scan(siem_slices *slices, const siem_origin *origin, const siem_database *database,
                      size_t threads, siem_error *err) {
    siem_code rc = threads < 2 ? SIEM_END
                               : siem_parts_read(&slices->ordering, &slices->bounds, origin,
                                                 database, &slices->range, threads, err);
    if (rc != SIEM_END) return rc;
    return siem_ordering_read(&slices->ordering, &slices->bounds, database, &slices->range, err);
}

siem_code siem_slices_open(siem_slices **out, const siem_origin *origin,
                           const siem_database *database, const siem_range *range, int64_t limit,
                           size_t threads, siem_error *err) {
    *out = NULL;
    siem_slices *slices = calloc(1, sizeof *slices);
    if (slices == NULL) return siem_error_no_memory(err);
    slices->range = *range;
    slices->limit = limit;
    slices->bounds = (siem_bounds){.every = SIEM_SLICE_EVENTS, .limit = limit};
    siem_code rc = scan(slices, origin, database, threads, err);
    if (rc == SIEM_OK) *out = slices;
    else siem_slices_close(slices);
    return rc;
}

const siem_ordering *siem_slices_ordering(const siem_slices *slices) {
    return &slices->ordering;
}

static int64_t wanted(const siem_slices *slices, int64_t count) {
    return slices->limit >= 0 && slices->limit < count ? slices->limit : count;
}

/* All events that were counted. */
static siem_range range_of(const siem_slices *slices) {
    siem_range range = slices->range;
    range.last = &slices->ordering.last_id;
    return range;
}

siem_code siem_slices_sort(siem_slices *slices, const siem_database *database, siem_error *err) {
    if (slices->sorted != NULL) return SIEM_OK;
    const siem_range range = range_of(slices);
    return siem_sorted_ids_open(&slices->sorted, database, &range, slices->limit, err);
}

static bool get_sorted(const siem_slices *slices, int64_t number, siem_slice *slice) {
    int64_t start = number * SIEM_SLICE_EVENTS;
    int64_t left = siem_sorted_ids_count(slices->sorted) - start;
    if (left <= 0) return false;
    *slice = (siem_slice){.number = number, .sorted = slices->sorted, .start = start};
    slice->count = left < SIEM_SLICE_EVENTS ? left : SIEM_SLICE_EVENTS;
    return true;
}

bool siem_slices_get(const siem_slices *slices, int64_t number, siem_slice *slice) {
    const siem_bounds *bounds = &slices->bounds;
    const siem_ordering *ordering = &slices->ordering;
    size_t at = (size_t)number;
    if (slices->sorted != NULL) return get_sorted(slices, number, slice);
    if (at > bounds->count) return false;
    siem_bound before = {.events = 0};
    if (at > 0) before = bounds->list[at - 1];
    if (before.events >= wanted(slices, ordering->count)) return false;
    *slice = (siem_slice){.number = number, .last = ordering->last_id};
    if (at < bounds->count) slice->last = bounds->list[at].id;
    if (at > 0) {
        slice->after = (siem_cursor){.is_set = true, .id = before.id};
    } else if (slices->range.after != NULL) {
        slice->after = (siem_cursor){.is_set = true, .id = *slices->range.after};
    }
    return true;
}

siem_code siem_slices_check_complete(const siem_slices *slices, const siem_database *database,
                                     int64_t count, siem_error *err) {
    const siem_range range = range_of(slices);
    int64_t counted = slices->ordering.count;
    int64_t missing = wanted(slices, counted) - count;
    siem_ordering left;
    if (missing <= 0) return SIEM_OK;
    siem_code rc = siem_ordering_read(&left, NULL, database, &range, err);
    if (rc != SIEM_OK || missing <= counted - left.count) return rc;
    return siem_database_damaged(database, err,
                                 "only %" PRId64 " of %" PRId64 " events can be found by their ids",
                                 count, wanted(slices, left.count));
}

void siem_slices_close(siem_slices *slices) {
    if (slices == NULL) return;
    siem_sorted_ids_close(slices->sorted);
    siem_bounds_free(&slices->bounds);
    free(slices);
}
