/* mapping.h: how a batch renders an event. */
#ifndef SIEM_MAPPING_H
#define SIEM_MAPPING_H

#include "base/buffer.h"

#include <oversight/siem.h>

/* The most bytes that a format may make of one event. */
#define SIEM_MOST_MADE ((size_t)64 << 20)

/* Declares that all functions of the mapping give JSON as json_writer writes it. */
void siem_mapping_set_canonical(siem_mapping *mapping);

/* Takes memory whose size a format decides from an allocator, which must outlive the mapping. Set
 * before the first row. */
void siem_mapping_set_allocator(siem_mapping *mapping, siem_allocator *allocator);

/* Frees the memory that is kept for the next event. */
void siem_mapping_trim(siem_mapping *mapping);

/* Errors: SIEM_INVALID for a mapping that is not compiled. */
siem_code siem_mapping_check_compiled(const siem_mapping *mapping, siem_error *err);

/* Appends the record of an event. On failure `out` may hold part of it: the caller removes it.
 * `repairs` collects SIEM_REPAIRED_ bits. */
siem_code siem_mapping_render(siem_mapping *mapping, siem_event *event, siem_buffer *out,
                              unsigned *repairs, siem_error *err);

#endif
