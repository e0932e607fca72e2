/* mappings.h: the mappings of threads that render, when the export's own mapping has functions and
 * cannot be shared. */
#ifndef SIEM_MAPPINGS_H
#define SIEM_MAPPINGS_H

#include "record/mapping.h"

/* One that the caller opened, and what its close function is given. */
typedef struct siem_own_mapping {
    siem_mapping *mapping;
    void *owner;
} siem_own_mapping;

/* Zeroed: none. */
typedef struct siem_mappings {
    siem_own_mapping *list;
    size_t count;
} siem_mappings;

/* Opens one for each thread, unless they are open or the export's own mapping can be shared.
 * Errors: those of the caller's function, SIEM_INVALID for a mapping that differs from the
 * export's, SIEM_NO_MEMORY. */
siem_code siem_mappings_open(siem_mappings *mappings, const siem_export_options *options,
                             size_t count, siem_error *err);

/* The mapping of thread `index`; NULL: it shares the export's own. */
siem_mapping *siem_mappings_at(const siem_mappings *mappings, size_t index);

void siem_mappings_close(siem_mappings *mappings, const siem_export_options *options);

#endif
