/* batch.h: what the way to a sink needs of a batch beyond the public functions. */
#ifndef SIEM_BATCH_H
#define SIEM_BATCH_H

#include <oversight/siem.h>

/* Keeps the JSON of each event beside its record from here on: for dead letters, as by the time of
 * an answer the event is gone. */
void siem_batch_keep_sources(siem_batch *batch);

/* Makes room for so many bytes of lines, so that they are not moved while they grow. Without memory
 * the room is made later. */
void siem_batch_reserve(siem_batch *batch, size_t bytes);

/* The SIEM_REPAIRED_ bits of record `index`, which must exist, and which of its event's records it
 * is, from 0. The bits are those of the event, with its first record. */
unsigned siem_batch_repairs(const siem_batch *batch, size_t index);
unsigned siem_batch_part(const siem_batch *batch, size_t index);

/* Of record `index`, which must exist: the id of its event's registry, and the JSON of the event,
 * NULL when it is not kept. */
const char *siem_batch_registry_id(const siem_batch *batch, size_t index);
const char *siem_batch_source(const siem_batch *batch, size_t index, size_t *size);

/* Adds copies of some records of `from`. On failure the batch is as before.
 * Errors: SIEM_NO_MEMORY. */
siem_code siem_batch_append(siem_batch *batch, const siem_batch *from, const size_t *records,
                            size_t count, siem_error *err);

/* A new batch of some records of `from`. Errors: SIEM_NO_MEMORY. */
siem_code siem_batch_copy(siem_batch **out, const siem_batch *from, const size_t *records,
                          size_t count, siem_error *err);

/* Forgets the last record. */
void siem_batch_drop_last(siem_batch *batch);

/* Cuts texts of the last record, a flat object, that are longer than `most` bytes of UTF-8 once
 * decoded; each ends with a marker then. Returns how many. Errors leave `failed` memory to the next
 * write. */
size_t siem_batch_cut_fields(siem_batch *batch, size_t most);

#endif
