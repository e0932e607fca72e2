/* continuity.c: file, largest id and last event, compared in that order. */
#include "source/continuity.h"

#include "base/error.h"
#include "source/registry_state.h"

#include <inttypes.h>

/* SQLite keeps the largest id that was ever given. A table that is not AUTOINCREMENT has its
 * largest one. */
static siem_code read_largest(const siem_database *database, int64_t *largest, siem_error *err) {
    siem_code rc = siem_database_read_number(
        database, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'", largest, err);
    if (rc == SIEM_OK) {
        rc = siem_database_read_number(
            database, "SELECT seq FROM sqlite_sequence WHERE name = 'events' COLLATE NOCASE",
            largest, err);
    }
    if (rc != SIEM_END) return rc;
    return siem_database_read_number(database, "SELECT max(id) FROM events", largest, err);
}

/* An event that a seek does not find may have been deleted. When a scan finds it, the file is
 * damaged, and seeks pass over later events as well. */
static siem_code check_deleted(const siem_registry *registry, int64_t id, siem_error *err) {
    siem_ordering there;
    const siem_range range = {.last = &id};
    siem_code rc = siem_ordering_read(&there, NULL, &registry->database, &range, err);
    if (rc != SIEM_OK || there.count == 0 || there.last_id != id) return rc;
    return siem_database_damaged(&registry->database, err,
                                 "event %" PRId64 " cannot be found by its id", id);
}

static siem_code compare_event(siem_registry *registry, const siem_position *position,
                               siem_continuity *continuity, siem_error *err) {
    uint64_t fingerprint;
    siem_code rc = siem_reader_find(registry->reader, position->id, &fingerprint, err);
    if (rc == SIEM_END) return check_deleted(registry, position->id, err);
    if (rc == SIEM_OK && fingerprint != position->fingerprint) *continuity = SIEM_OTHER_EVENT;
    return rc;
}

siem_code siem_registry_compare(siem_registry *registry, const siem_identity *file,
                                const siem_position *position, siem_continuity *continuity,
                                int64_t *largest, siem_error *err) {
    *continuity = SIEM_OTHER_FILE;
    if (file->inode != 0 && !siem_identity_equals(file, &registry->origin.file)) return SIEM_OK;
    siem_code rc = read_largest(&registry->database, largest, err);
    if (rc != SIEM_OK) return rc;
    *continuity = position->id > 0 && *largest < position->id ? SIEM_IDS_BACK : SIEM_CONTINUES;
    if (*continuity != SIEM_CONTINUES || position->fingerprint == 0) return SIEM_OK;
    return compare_event(registry, position, continuity, err);
}

siem_code siem_registry_check_position(siem_registry *registry, const siem_identity *file,
                                       const siem_position *position, const char *checkpoint,
                                       siem_error *err) {
    siem_continuity continuity;
    int64_t largest;
    siem_code rc = siem_registry_compare(registry, file, position, &continuity, &largest, err);
    if (rc != SIEM_OK) return rc;
    switch (continuity) {
    case SIEM_CONTINUES: break;
    case SIEM_OTHER_FILE:
        return siem_error_set(
            err, SIEM_HELD,
            "the registry is another file than the one that the checkpoint '%s' was made for: "
            "when it has the same events (a copy), say so with 'checkpoint set'; else start over "
            "with 'checkpoint reset'",
            checkpoint);
    case SIEM_IDS_BACK:
        return siem_error_set(
            err, SIEM_HELD,
            "the ids of the registry '%s' went back: it has given %" PRId64 ", and event %" PRId64
            " was read before (was it restored from a backup?). Say from where on its events are "
            "new with 'checkpoint set', or start over with 'checkpoint reset'",
            registry->origin.path, largest, position->id);
    case SIEM_OTHER_EVENT:
        return siem_error_set(
            err, SIEM_HELD,
            "event %" PRId64 " of the registry '%s' is not the one that was read before: the "
            "registry was restored or made again. Say from where on its events are new with "
            "'checkpoint set', or start over with 'checkpoint reset'",
            position->id, registry->origin.path);
    }
    return SIEM_OK;
}
