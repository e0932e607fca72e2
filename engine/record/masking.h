/* masking.h: an event as JSON for a dead letter, with what rows mask masked in it as well. */
#ifndef SIEM_MASKING_H
#define SIEM_MASKING_H

#include "record/converter.h"
#include "source/event.h"

/* What is masked, and how; all borrowed from a row. */
typedef struct siem_masked_source {
    const char *source;    /* as a row names it: a field, a column, or a path into extra */
    const siem_path *path; /* into extra; empty for the others */
    const siem_conversion *as;
} siem_masked_source;

/* All zero is none. */
typedef struct siem_masks {
    siem_masked_source *list;
    size_t count;
    siem_buffer names; /* of the sources: a JSON list, NUL-terminated */
} siem_masks;

/* Adds a mask, unless its source has one: the first row decides. */
siem_code siem_masks_add(siem_masks *masks, siem_masked_source mask, siem_error *err);

/* The names as JSON, or NULL when nothing is masked. NULL is allowed. */
const char *siem_masks_names(const siem_masks *masks);

/* Appends the event as siem_event_write_json does, with masked values; a value that cannot be
 * masked is omitted. `masks` NULL: as it is. */
void siem_masks_write_event(const siem_masks *masks, siem_event *event, siem_buffer *out);

void siem_masks_free(siem_masks *masks);

#endif
