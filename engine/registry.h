/* registry.h: what other rooms of the engine need of a registry. */
#ifndef SIEM_REGISTRY_H
#define SIEM_REGISTRY_H

#include "database.h"
#include "watch.h"

const siem_database *siem_registry_database(const siem_registry *registry);

/* Its public identity. Borrowed until close. */
const char *siem_registry_id(const siem_registry *registry);

bool siem_registry_is_followed(const siem_registry *registry);

/* ---- of one that is followed ---- */

/* The file that is open. */
siem_identity siem_registry_identity(const siem_registry *registry);

/* When event `id` occurred, in whole seconds since 1970. SIEM_END: it is gone, or has no time.
 * Errors: SIEM_IO, SIEM_LOCKED. */
siem_code siem_registry_find_time(siem_registry *registry, int64_t id, int64_t *seconds,
                                  siem_error *err);

#endif
