/* mapping.h: how a batch renders an event. */
#ifndef SIEM_MAPPING_H
#define SIEM_MAPPING_H

#include "record/encoding.h"
#include "record/row.h"

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

/* What an export masks in its dead letter, or NULL. */
const siem_masks *siem_mapping_masks(const siem_mapping *mapping);

/* Errors: SIEM_INVALID for a mapping that is not compiled. */
siem_code siem_mapping_check_compiled(const siem_mapping *mapping, siem_error *err);

/* What rendering needs for one event at a time. A mapping that is compiled does not change, so
 * several threads may render through it, each with a state of its own, if it is shareable. */
typedef struct siem_render_state {
    siem_scratch scratch;
    bool is_rendering; /* a function of the mapping may be running */
} siem_render_state;

/* How its records are written. */
const siem_encoding *siem_mapping_encoding(const siem_mapping *mapping);

/* True when it has no function, whose context is for one thread alone. */
bool siem_mapping_is_shareable(const siem_mapping *mapping);

/* The mapping's own state, for the thread that it belongs to. */
siem_render_state *siem_mapping_own_state(siem_mapping *mapping);

/* As siem_mapping_check, for the columns of a reader. Both lists are those of siem_schema. */
siem_code siem_mapping_check_columns(const siem_mapping *mapping, const char *const *columns,
                                     const siem_unreadable *unreadable, siem_error *err);

/* Appends the record of an event. On failure `out` may hold part of it: the caller removes it.
 * `repairs` collects SIEM_REPAIRED_ bits. */
siem_code siem_mapping_render(const siem_mapping *mapping, siem_render_state *state,
                              siem_event *event, siem_buffer *out, unsigned *repairs,
                              siem_error *err);

#endif
