/* registry.h: what other rooms of the engine need of a registry. */
#ifndef SIEM_REGISTRY_H
#define SIEM_REGISTRY_H

#include "source/database.h"
#include "source/event.h"
#include "source/reader.h"
#include "source/source.h"
#include "source/survey.h"
#include "source/watch.h"

/* As an export reads it. Borrowed until close. */
siem_source *siem_registry_source(siem_registry *registry);

/* What its readers have in common (reader.h). Borrowed until close. */
const siem_origin *siem_registry_origin(const siem_registry *registry);

const siem_database *siem_registry_database(const siem_registry *registry);

/* The queries that are open on it, a list that query.c keeps; and the end of these queries when the
 * registry closes. */
siem_query **siem_registry_queries(siem_registry *registry);
void siem_query_lose_registry(siem_query *queries);

/* The columns that cannot be read, ended by one without a name, or NULL. Borrowed, as columns are.
 */
const siem_unreadable *siem_registry_unreadable(const siem_registry *registry);

/* How many times the columns were looked at: another number means that they may be others. */
unsigned siem_registry_schema_number(const siem_registry *registry);

/* The condition of SQL that its events fulfil, or NULL for all (filter.h). Borrowed until close. */
const char *siem_registry_filter(const siem_registry *registry);

/* Its public identity. Borrowed until close. */
const char *siem_registry_id(const siem_registry *registry);

/* The function that is called to know whether a statement continues. Borrowed until close. */
siem_inquiry *siem_registry_inquiry(siem_registry *registry);

bool siem_registry_is_followed(const siem_registry *registry);

/* Surveys the events that it selects; free the survey after use, also after a failure. Errors: as
 * siem_registry_next. */
siem_code siem_registry_survey(siem_registry *registry, siem_survey *survey, int64_t now,
                               siem_error *err);

/* ---- slices: reading with several readers (reader.h) ---- */

/* How many threads may scan it at once, to find the slices; without a call, one. */
void siem_registry_set_threads(siem_registry *registry, size_t threads);

/* The next slice, or SIEM_END. All slices together are the events that siem_registry_next gives
 * from the first one on, in its order; the set of events is fixed at the first call. Of a registry
 * that is followed, they are the events after the one that was read last, up to the last one of
 * that moment; that stays the last one until a seek, which begins other slices. Errors: as
 * siem_registry_next. */
siem_code siem_registry_next_slice(siem_registry *registry, siem_slice *slice, siem_error *err);

/* The next slice is `number` again, and columns that fail for `suspect` are omitted from there on.
 */
void siem_registry_seek_slice(siem_registry *registry, int64_t number, siem_suspect suspect);

/* After the last slice, of which `count` events were read in all: whether those that are missing
 * were deleted meanwhile. Errors: SIEM_IO when a scan finds more of them, as seeks in a damaged
 * file pass over events; SIEM_LOCKED, SIEM_CANCELLED, SIEM_NO_MEMORY. */
siem_code siem_registry_check_complete(siem_registry *registry, int64_t count, siem_error *err);

/* ---- of one that is followed ---- */

/* As siem_registry_lag, without waiting for a lock: the export's own reads come first. */
siem_code siem_registry_lag_at_once(siem_registry *registry, int64_t id, siem_lag *lag);

/* Where reading continues: after event `id` with that fingerprint; 0: unknown. */
void siem_registry_seek_event(siem_registry *registry, int64_t id, uint64_t fingerprint);

#endif
