/* readers.h: how slices of a source are read on other threads.
 *
 * A reader belongs to one thread at a time, and shares nothing that changes with others. */
#ifndef SIEM_READERS_H
#define SIEM_READERS_H

#include "source/event.h"
#include "source/schema.h"
#include "source/slice.h"

typedef struct siem_readers {
    /* Opens a reader of what `origin` of the source gave. About ten times a second while it reads
     * it asks `go_on`; false ends that with SIEM_CANCELLED. */
    siem_code (*open)(void **out, const void *origin, siem_registry_go_on go_on, void *context,
                      siem_error *err);

    /* The next event is the first one of that slice, which is the reader's until `end`. */
    void (*begin)(void *reader, siem_slice *slice);

    /* As `next` of a source. SIEM_END: the slice has no other. */
    siem_code (*next)(void *reader, siem_event **event, siem_error *err);

    /* The columns that its events have, and a number that is another one whenever they may be
     * others. NULL: events have all fields, and any column. */
    const siem_schema *(*schema)(const void *reader, unsigned *number);

    /* After a slice: the last event that columns were omitted for. NULL: there is none. */
    siem_suspect (*suspect)(const void *reader);

    /* The slice is done, or not wanted. */
    void (*end)(void *reader);

    /* Frees a slice that no reader began. NULL: there is nothing to free. */
    void (*drop)(siem_slice *slice);

    void (*close)(void *reader);
} siem_readers;

#endif
