/* ordering.h: whether the events have the order (timestamp, id) along their ids, found in one scan.
 */
#ifndef SIEM_ORDERING_H
#define SIEM_ORDERING_H

#include "source/database.h"

/* The range of events. NULL: no bound. */
typedef struct siem_range {
    const char *filter;   /* a condition (filter.h), */
    const int64_t *after; /* and their ids: those after this one, */
    const int64_t *last;  /* up to this one */
    const int64_t
        *most; /* at most this many, from the smallest id on: only for siem_ordering_read */
} siem_range;

/* Prepares "HEAD FROM events ... TAIL" over the rows of a range, whose ids are parameters 1 and 2.
 * NOT INDEXED keeps the scan in the order of the table, which is that of the ids. An index of a
 * damaged file can have others, and one with a collation that only the registry's program has
 * cannot be used. */
siem_code siem_range_prepare(sqlite3_stmt **out, const siem_database *database,
                             const siem_range *range, const char *head, const char *tail,
                             siem_error *err);

/* Sets parameter 1 of a statement over "id > ?1"; NULL: before all events. */
void siem_ordering_bind_after(sqlite3_stmt *statement, const int64_t *after);

/* An event, and how many there are up to it. */
typedef struct siem_bound {
    int64_t id, events;
} siem_bound;

/* Events that divide all of them: no part has more than `every`, and the limit ends one. Free it
 * after use, also after a failure. */
typedef struct siem_bounds {
    int64_t every;
    int64_t limit; /* negative: none */
    siem_bound *list;
    size_t count, room;
} siem_bounds;

/* False without memory. */
bool siem_bounds_add(siem_bounds *bounds, siem_bound bound);
void siem_bounds_free(siem_bounds *bounds);

/* What the rows of a scan have shown so far. */
typedef struct siem_scan {
    siem_ordering *ordering;
    siem_bounds *bounds; /* NULL: none are wanted */
    bool joins;          /* the first row is the last one of the rows before: it is not counted */
    bool has_begun;
    bool last_is_real;
    int64_t last_integer;
    double last_real;
} siem_scan;

siem_scan siem_scan_begin(siem_ordering *ordering, siem_bounds *bounds);

/* Adds a row within an aggregate of SQLite. False, with the aggregate's error, when ids do not
 * grow or memory runs out. */
bool siem_scan_see(siem_scan *scan, sqlite3_context *context, sqlite3_value *id,
                   sqlite3_value *timestamp);

/* A step of an aggregate; its context is sqlite3_user_data. */
typedef void (*siem_step)(sqlite3_context *context, int count, sqlite3_value **values);

/* Steps over the rows of a range: `columns` are the step's `count` values. */
siem_code siem_scan_run(const siem_database *database, const siem_range *range, const char *columns,
                        int count, siem_step step, void *context, siem_error *err);

/* Finds out in one scan, by id, whether timestamps follow, and fills `bounds`, unless it is NULL.
 * Errors: SIEM_IO as well when the ids do not grow: the file is damaged. */
siem_code siem_ordering_read(siem_ordering *out, siem_bounds *bounds, const siem_database *database,
                             const siem_range *range, siem_error *err);

/* The same for a part of a range, from the last row of the part before on. That one is `first_id`,
 * and is not counted; timestamps follow it, or not. */
siem_code siem_ordering_read_part(siem_ordering *out, siem_bounds *bounds,
                                  const siem_database *database, const siem_range *range,
                                  siem_error *err);

#endif
