/* registry_state.h: what the files of a registry share: registry.c, and tail.c. */
#ifndef SIEM_REGISTRY_STATE_H
#define SIEM_REGISTRY_STATE_H

#include "source/ordering.h"
#include "source/registry.h"
#include "source/schema.h"

/* Where reading is among the ids, which are any of 64 bits. */
typedef struct siem_cursor {
    bool is_set;    /* false: before all events */
    int64_t id;     /* of the event that was read last */
    uint64_t print; /* its own, of a registry that is followed; or 0 */
} siem_cursor;

struct siem_registry {
    siem_inquiry inquiry;
    siem_database database;
    siem_query *queries; /* a list */
    char *registry_id;
    int64_t since_value;
    const int64_t *since; /* &since_value, or NULL for all events */
    int64_t limit;        /* negative: all */
    siem_schema shape;
    unsigned shapes; /* that were read so far */
    bool has_suspect;
    int64_t suspect; /* the last event for which a computed column failed */
    siem_value *row; /* a value a column */
    siem_event event;
    bool ordered; /* ordering is known */
    siem_ordering ordering;
    siem_sorted_ids *sorted; /* when timestamps do not follow ids */
    int64_t sorted_id;       /* that was read last */
    bool again;              /* that one is read again */
    sqlite3_stmt *statement; /* over a range of ids, or over one id when `sorted` */
    bool stepping;           /* the statement holds a read transaction */
    siem_cursor cursor;      /* unless `sorted` */
    int64_t returned;        /* events so far */
    bool ended;
    /* ---- of a registry that is followed ---- */
    bool follow;
    bool broken;     /* reading failed: the connection is opened again */
    bool idle;       /* it could not be, as no program has the registry open */
    bool is_checked; /* the ids behind the cursor grow, as far as this connection has seen */
    siem_watch watch;
    int64_t schema_version; /* SQLite's number of the schema that the shape was read from */
};

/* Reads what the table looks like, and makes room for its rows. */
siem_code siem_registry_read_shape(siem_registry *registry, siem_error *err);
void siem_registry_forget_shape(siem_registry *registry);

/* Prepares a SELECT of columns as the shape lists them, from `events` on as `rest` says. */
siem_code siem_registry_prepare(const siem_registry *registry, sqlite3_stmt **out,
                                const char *columns, const char *rest, siem_error *err);

/* The id behind which reading goes on; NULL: before all events. */
const int64_t *siem_registry_cursor(const siem_registry *registry);

/* Makes the statement's row the event. Errors: SIEM_SCHEMA when it is too large, SIEM_NO_MEMORY. */
siem_code siem_registry_load(siem_registry *registry, sqlite3_stmt *statement, siem_error *err);

/* The same for the event behind the cursor, which moves on to it. Errors: SIEM_IO as well, when
 * that is not behind it: the file is damaged. */
siem_code siem_registry_advance(siem_registry *registry, siem_error *err);

/* After a step that failed with `rc`: a computed column of the site can fail for one row alone, as
 * json_extract does for what is not JSON. True when the columns are to be looked at again, with
 * that row. */
bool siem_registry_find_suspect(siem_registry *registry, siem_code rc);

/* ---- of one that is followed ---- */

siem_code siem_registry_next_of_followed(siem_registry *registry, siem_event **event,
                                         siem_error *err);

/* Ends the read transaction of a round. */
void siem_registry_end_round(siem_registry *registry);

#endif
