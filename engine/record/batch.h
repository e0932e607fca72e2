/* batch.h: what travels from the events to the sink: records, and what happened while they were
 * made.
 *
 * One thread fills a batch, with whole events. The batch belongs to the function that it was passed
 * to. What depends on the order of events is done where batches are joined in order. */
#ifndef SIEM_BATCH_H
#define SIEM_BATCH_H

#include "base/position.h"
#include "record/mapping.h"

#include <oversight/siem.h>

/* What happened while the batch was filled, besides its refusals. */
typedef struct siem_event_counts {
    uint64_t events;   /* read */
    uint64_t rendered; /* of them, to one record or more */
    uint64_t dropped;  /* of them, by a filter or a function */
    uint64_t cut;      /* texts that were longer than the target stores */
} siem_event_counts;

/* An event that has no record, and why. Borrowed until the batch changes. */
typedef struct siem_unmade {
    siem_position position; /* of the event */
    size_t record;          /* the first record of a later event */
    const char *event_id, *reason;
    const char *source; /* the event as JSON; NULL: it is not kept */
    size_t source_size;
} siem_unmade;

/* Sets whether the JSON of each event is kept beside its record from here on. Dead letters need it:
 * the event is gone when the answer comes. `masks`, which are borrowed, are those of its JSON, also
 * of a refused event; NULL: none. */
void siem_batch_keep_sources(siem_batch *batch, bool keeps, const siem_masks *masks);

/* Reserves this many bytes for lines, so that they are not moved while they grow. Without memory
 * they are reserved later. */
void siem_batch_reserve(siem_batch *batch, size_t bytes);

/* The SIEM_REPAIRED_ bits of record `index`, which must exist, and which of its event's records it
 * is, from 0. The bits are those of the event, with its first record. */
unsigned siem_batch_repairs(const siem_batch *batch, size_t index);
unsigned siem_batch_part(const siem_batch *batch, size_t index);

/* Of record `index`, which must exist: the id of its event's registry, and the JSON of the event,
 * NULL when it is not kept. */
const char *siem_batch_registry_id(const siem_batch *batch, size_t index);
const char *siem_batch_source(const siem_batch *batch, size_t index, size_t *size);

/* The encoding of the records, and the name of the mapping that rendered last; "" for none. */
const siem_encoding *siem_batch_encoding(const siem_batch *batch);
const char *siem_batch_format(const siem_batch *batch);

/* The position after the event of record `index`, which must exist, and after all events that were
 * read for the batch; id 0: not set. */
siem_position siem_batch_position(const siem_batch *batch, size_t index);
siem_position siem_batch_reached(const siem_batch *batch);
void siem_batch_reach(siem_batch *batch, siem_position position);

siem_event_counts *siem_batch_event_counts(siem_batch *batch);

/* As siem_batch_write, with the memory of a renderer. */
siem_code siem_batch_render(siem_batch *batch, const siem_mapping *mapping,
                            siem_render_state *state, siem_event *event, unsigned *repairs,
                            siem_error *err);

/* Records that an event has no record; `keeps`: with the event as JSON. Errors: SIEM_NO_MEMORY. */
siem_code siem_batch_refuse(siem_batch *batch, siem_event *event, const char *reason, bool keeps,
                            siem_error *err);
size_t siem_batch_unmade_count(const siem_batch *batch);
siem_unmade siem_batch_unmade(const siem_batch *batch, size_t index);

/* How many bytes its records and refusals have. */
size_t siem_batch_weight(const siem_batch *batch);

/* Removes all records from `count` on, and sets the position that is then reached. */
void siem_batch_truncate(siem_batch *batch, size_t count, siem_position reached);

/* Adds a copy of record `index` of another batch. On failure the batch is as before.
 * Errors: SIEM_NO_MEMORY. */
siem_code siem_batch_append(siem_batch *batch, const siem_batch *from, size_t index,
                            siem_error *err);

/* Cuts texts of the records from `first` on, which are flat objects, that are longer than `most`
 * bytes of UTF-8 once decoded; each ends with a marker then, and is counted. Errors:
 * SIEM_NO_MEMORY. */
siem_code siem_batch_cut_fields(siem_batch *batch, size_t first, size_t most, siem_error *err);

#endif
