/* reader.h: reads slices of a registry, one after another. */
#ifndef SIEM_READER_H
#define SIEM_READER_H

#include "source/schema.h"
#include "source/slice.h"

/* A connection, a statement, a row and an event of its own: readers of one registry share nothing
 * that changes. A reader belongs to one thread at a time. */
typedef struct siem_reader siem_reader;

/* Opens a reader with a connection of its own, on any thread, while others read. The registry must
 * outlive it. Errors: as siem_registry_open; SIEM_HELD when the path names another file than the
 * one that the registry opened. */
siem_code siem_reader_open(siem_reader **out, const siem_registry *registry, siem_error *err);

/* From here on asks `go_on` about ten times a second while the reader reads, on its thread; false
 * ends that with SIEM_CANCELLED. NULL: never. The registry's own function is not asked. */
void siem_reader_set_go_on(siem_reader *reader, siem_registry_go_on go_on, void *context);

/* Begins a slice of the same registry, which is copied; one that was begun before ends here.
 * Columns are looked at again when the slice has another suspect than the reader. Errors: as
 * siem_reader_next. */
siem_code siem_reader_begin(siem_reader *reader, const siem_slice *slice, siem_error *err);

/* The slice's next event, or SIEM_END. It is borrowed until the next call on the reader. Errors:
 * SIEM_IO, also for ids that do not grow, as the file is damaged then; SIEM_SCHEMA for an event
 * with more than 16 MiB, and for a table that is none of a registry any more; SIEM_LOCKED,
 * SIEM_CANCELLED, SIEM_NO_MEMORY. After SIEM_LOCKED or SIEM_CANCELLED the next call goes on where
 * it was. */
siem_code siem_reader_next(siem_reader *reader, siem_event **event, siem_error *err);

/* Ends the read transaction, so that the registry's log can be reset while the caller waits for
 * something else. The next siem_reader_next goes on where it was. */
void siem_reader_release(siem_reader *reader);

/* What the table looks like to it; the columns that events have. It changes within siem_reader_next
 * alone, and siem_reader_shapes gives another number then. Borrowed until it changes. */
const siem_schema *siem_reader_schema(const siem_reader *reader);
unsigned siem_reader_shapes(const siem_reader *reader);

/* The event that columns were omitted for, when there is one. A joiner that finds another one than
 * the slice had reads all later slices again: siem_registry_seek_slice. */
siem_suspect siem_reader_suspect(const siem_reader *reader);

/* Closes a reader. Its event must not be used after. NULL is allowed. */
void siem_reader_close(siem_reader *reader);

#endif
