/* reader.h: reads slices of a registry, one after another. */
#ifndef SIEM_READER_H
#define SIEM_READER_H

#include "base/identity.h"
#include "source/schema.h"
#include "source/slice.h"

/* What the readers of a registry share and do not change: siem_registry_origin. */
typedef struct siem_origin {
    char *path, *registry_id;
    int busy_timeout_ms;
    char *filter; /* a condition (filter.h); NULL: all events */
    bool follow;
    siem_identity file; /* that the path named when the registry was opened */
} siem_origin;

/* A connection, a statement, a row and an event of its own: readers of one registry share nothing
 * that changes. A reader belongs to one thread at a time. */
typedef struct siem_reader siem_reader;

/* Opens a reader with a connection of its own, on any thread, while others read. The origin must
 * outlive it. Errors: as siem_registry_open; SIEM_HELD when the path names another file than the
 * one that the registry opened. */
siem_code siem_reader_open(siem_reader **out, const siem_origin *origin, siem_error *err);

/* Sets a function that is called about ten times a second while the reader reads, on its thread.
 * False ends that with SIEM_CANCELLED. NULL: none. The registry's own function is not called. */
void siem_reader_set_go_on(siem_reader *reader, siem_registry_go_on go_on, void *context);

/* The next event is the first one of that slice of the registry. The slice is copied. */
void siem_reader_begin(siem_reader *reader, const siem_slice *slice);

/* There is no next event until a slice is begun. */
void siem_reader_end(siem_reader *reader);

/* The slice's next event, or SIEM_END. It is borrowed until the next call on the reader. The read
 * transaction lasts until the end, a failure, or siem_reader_release. Errors: SIEM_IO, also for ids
 * that do not grow, as the file is damaged then; SIEM_SCHEMA for an event with more than 16 MiB,
 * and when the table is not a registry's; SIEM_LOCKED, SIEM_CANCELLED, SIEM_NO_MEMORY.
 * The next call continues there. */
siem_code siem_reader_next(siem_reader *reader, siem_event **event, siem_error *err);

/* Ends the read transaction, so that the registry's log can be reset while the caller waits for
 * something else. The next siem_reader_next continues where it was. */
void siem_reader_release(siem_reader *reader);

/* The table as the reader sees it: the columns that events have. It changes only within
 * siem_reader_next, and siem_reader_schema_number then returns another number. Borrowed until it
 * changes. */
const siem_schema *siem_reader_schema(const siem_reader *reader);
unsigned siem_reader_schema_number(const siem_reader *reader);

/* The last event that columns were omitted for. When it differs from the slice's, later slices are
 * read again where slices are joined: siem_registry_seek_slice. */
siem_suspect siem_reader_suspect(const siem_reader *reader);

/* Closes a reader. Its event must not be used after. NULL is allowed. */
void siem_reader_close(siem_reader *reader);

/* ---- within this room ---- */

/* Opens the registry's own reader, on its connection. Both outlive it. */
siem_code siem_reader_open_on(siem_reader **out, const siem_origin *origin,
                              const siem_database *database, siem_error *err);

/* Begins a read transaction, unless there is one, in which table, ids and rows belong together:
 * looks at the table again when it is another one. */
siem_code siem_reader_hold(siem_reader *reader, siem_error *err);

/* Finds event `id`, and what siem_event_fingerprint says of it. SIEM_END: there is none. */
siem_code siem_reader_find(siem_reader *reader, int64_t id, uint64_t *fingerprint, siem_error *err);

/* Before its connection is closed, to be opened again. */
void siem_reader_disconnect(siem_reader *reader);

#endif
