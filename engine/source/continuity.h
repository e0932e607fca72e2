/* continuity.h: whether a registry continues after a position that was reached in it. */
#ifndef SIEM_CONTINUITY_H
#define SIEM_CONTINUITY_H

#include "base/identity.h"
#include "base/position.h"

#include <oversight/siem.h>

typedef enum siem_continuity {
    SIEM_CONTINUES = 0,
    SIEM_OTHER_FILE, /* the registry is another file */
    SIEM_IDS_BACK,   /* it has not given the position's id: it was restored from an older copy */
    SIEM_OTHER_EVENT /* its event of that id is another one: it was restored, or made again */
} siem_continuity;

/* Compares a registry, open for reading, with a position that was reached: `file` is that of the
 * registry then (none when its inode is 0). `*largest` is the largest id that it ever gave, unless
 * the file is another one. A read transaction may be open after. Errors: SIEM_IO, also for an event
 * that a damaged file hides; SIEM_LOCKED, SIEM_CANCELLED, SIEM_NO_MEMORY. */
siem_code siem_registry_compare(siem_registry *registry, const siem_identity *file,
                                const siem_position *position, siem_continuity *continuity,
                                int64_t *largest, siem_error *err);

/* The same as an error: SIEM_HELD, with the remedy, for a registry that does not continue.
 * `checkpoint` is the file that the position is from, for SIEM_OTHER_FILE. */
siem_code siem_registry_check_position(siem_registry *registry, const siem_identity *file,
                                       const siem_position *position, const char *checkpoint,
                                       siem_error *err);

#endif
