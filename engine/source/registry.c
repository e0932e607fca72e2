/* registry.c: the event source: one scan finds the slices, and a reader reads them. */
#include "source/registry.h"

#include "base/error.h"
#include "base/misuse.h"
#include "source/filter.h"
#include "source/registry_id.h"
#include "source/registry_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static siem_code check_options(const siem_registry_options *options, siem_error *err) {
    static const char function[] = "siem_registry_open";
    if (options == NULL) return siem_misuse_null(function, "options", err);
    if (options->path == NULL) return siem_misuse_null(function, "path", err);
    if (*options->path == '\0') return siem_error_empty(err, "path", "the path of the registry");
    if (options->has_limit && options->limit < 0) {
        return siem_error_set(err, SIEM_INVALID, "limit is negative: give 0 events or more");
    }
    if (options->busy_timeout_ms < 0) {
        return siem_error_set(err, SIEM_INVALID, "busy_timeout_ms is negative: give 0 or more");
    }
    return siem_registry_id_check(options->registry_id, err);
}

/* Copies what the options say. */
static siem_code set_up(siem_registry *registry, const siem_registry_options *options,
                        siem_error *err) {
    siem_origin *origin = &registry->origin;
    registry->watch = siem_watch_closed;
    registry->limit = options->has_limit || options->limit > 0 ? options->limit : -1;
    registry->by_id = options->by_id;
    origin->follow = options->follow;
    origin->busy_timeout_ms = options->busy_timeout_ms;
    origin->path = strdup(options->path);
    origin->registry_id = strdup(options->registry_id);
    if (origin->path == NULL || origin->registry_id == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_filter_compose(&origin->filter, options, err);
    if (rc != SIEM_OK || !options->follow) return rc;
    return siem_finish_open(&registry->finish, options, err);
}

static siem_code connect(siem_registry *registry, siem_error *err) {
    siem_origin *origin = &registry->origin;
    siem_code rc = siem_database_open(&registry->database, origin->path, origin->busy_timeout_ms,
                                      &registry->inquiry, err);
    if (rc == SIEM_OK && !siem_identity_read(&origin->file, AT_FDCWD, origin->path, false)) {
        rc = siem_error_set(err, SIEM_NOT_FOUND, "cannot open '%s': %s", origin->path,
                            strerror(errno));
    }
    if (rc == SIEM_OK) {
        rc = siem_reader_open_on(&registry->reader, origin, &registry->database, err);
    }
    if (rc != SIEM_OK || !origin->follow) return rc;
    return siem_watch_open(&registry->watch, &registry->database, &origin->file, err);
}

siem_code siem_registry_open(siem_registry **out, const siem_registry_options *options,
                             siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    siem_code rc = check_options(options, err);
    if (rc != SIEM_OK) return rc;
    siem_registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL) return siem_error_no_memory(err);
    rc = set_up(registry, options, err);
    if (rc == SIEM_OK) rc = connect(registry, err);
    if (rc == SIEM_OK) *out = registry;
    else siem_registry_close(registry);
    return rc;
}

void siem_registry_close(siem_registry *registry) {
    if (registry == NULL) return;
    siem_query_lose_registry(registry->queries);
    siem_slices_close(registry->slices);
    siem_reader_close(registry->reader);
    siem_watch_close(&registry->watch);
    siem_database_close(&registry->database);
    siem_finish_close(&registry->finish);
    sqlite3_free(registry->origin.filter);
    free(registry->origin.path);
    free(registry->origin.registry_id);
    free(registry);
}

const char *const *siem_registry_columns(const siem_registry *registry) {
    if (registry == NULL) return NULL;
    return (const char *const *)siem_reader_schema(registry->reader)->columns;
}

siem_query **siem_registry_queries(siem_registry *registry) {
    return &registry->queries;
}

const siem_unreadable *siem_registry_unreadable(const siem_registry *registry) {
    return siem_reader_schema(registry->reader)->unreadable;
}

unsigned siem_registry_schema_number(const siem_registry *registry) {
    return siem_reader_schema_number(registry->reader);
}

const siem_origin *siem_registry_origin(const siem_registry *registry) {
    return &registry->origin;
}

const siem_database *siem_registry_database(const siem_registry *registry) {
    return &registry->database;
}

const char *siem_registry_filter(const siem_registry *registry) {
    return registry->origin.filter;
}

const char *siem_registry_id(const siem_registry *registry) {
    return registry->origin.registry_id;
}

siem_inquiry *siem_registry_inquiry(siem_registry *registry) {
    return &registry->inquiry;
}

void siem_registry_set_go_on(siem_registry *registry, siem_registry_go_on go_on, void *context) {
    if (registry != NULL) registry->inquiry = (siem_inquiry){.go_on = go_on, .context = context};
}

/* ---- slices ---- */

void siem_registry_set_threads(siem_registry *registry, size_t threads) {
    registry->threads = threads;
}

/* Counts the events, and finds out how they lie. */
static siem_code scan(siem_registry *registry, siem_error *err) {
    bool is_sample = registry->by_id && registry->limit >= 0;
    const siem_range range = {.filter = registry->origin.filter,
                              .most = is_sample ? &registry->limit : NULL};
    if (registry->slices != NULL) return SIEM_OK;
    return siem_slices_open(&registry->slices, &registry->origin, &registry->database, &range,
                            registry->limit, registry->threads, err);
}

siem_code siem_registry_ordering(siem_registry *registry, siem_ordering *ordering,
                                 siem_error *err) {
    if (registry == NULL) return siem_misuse_null(__func__, "registry", err);
    if (ordering == NULL) return siem_misuse_null(__func__, "ordering", err);
    siem_code rc = siem_database_check_free(&registry->database, __func__, err);
    if (rc != SIEM_OK) return rc;
    if (registry->origin.follow) { /* its slices are of what comes next */
        const siem_range range = {.filter = registry->origin.filter};
        return siem_ordering_read(ordering, NULL, &registry->database, &range, err);
    }
    if ((rc = scan(registry, err)) == SIEM_OK) *ordering = *siem_slices_ordering(registry->slices);
    return rc;
}

siem_code siem_registry_survey(siem_registry *registry, siem_survey *survey, int64_t now,
                               siem_error *err) {
    const siem_range range = {.filter = registry->origin.filter};
    *survey = (siem_survey){.days = NULL};
    siem_code rc = siem_database_check_free(&registry->database, __func__, err);
    if (rc != SIEM_OK) return rc;
    return siem_survey_read(survey, &registry->database, &range, siem_registry_columns(registry),
                            now, err);
}

static siem_code begin_slices(siem_registry *registry, siem_error *err) {
    siem_code rc;
    if (registry->origin.follow) {
        rc = siem_registry_slice_followed(registry, err);
    } else {
        rc = scan(registry, err);
        bool sorts = !registry->by_id && rc == SIEM_OK;
        if (sorts && !siem_slices_ordering(registry->slices)->follows) {
            rc = siem_slices_sort(registry->slices, &registry->database, err);
        }
    }
    registry->is_begun = rc == SIEM_OK;
    return rc;
}

siem_code siem_registry_next_slice(siem_registry *registry, siem_slice *slice, siem_error *err) {
    siem_code rc = siem_database_check_free(&registry->database, __func__, err);
    if (rc == SIEM_OK && !registry->is_begun) rc = begin_slices(registry, err);
    if (rc != SIEM_OK) return rc;
    if (!siem_slices_get(registry->slices, registry->next_slice, slice)) return SIEM_END;
    slice->suspect = registry->suspect;
    registry->next_slice++;
    return SIEM_OK;
}

void siem_registry_seek_slice(siem_registry *registry, int64_t number, siem_suspect suspect) {
    registry->next_slice = number;
    registry->suspect = suspect;
}

siem_code siem_registry_check_complete(siem_registry *registry, int64_t count, siem_error *err) {
    if (registry->slices == NULL) return SIEM_OK;
    return siem_slices_check_complete(registry->slices, &registry->database, count, err);
}

void siem_registry_drop_slices(siem_registry *registry) {
    siem_slices_close(registry->slices);
    registry->slices = NULL;
    registry->is_begun = false;
    registry->next_slice = 0;
}

/* ---- reading on the calling thread ---- */

/* Continues with the next slice; the end of the last one is the end. */
static siem_code begin_next_slice(siem_registry *registry, siem_error *err) {
    siem_slice slice;
    siem_code rc = siem_registry_next_slice(registry, &slice, err);
    if (rc == SIEM_OK) siem_reader_begin(registry->reader, &slice);
    if (rc != SIEM_END) return rc;
    rc = siem_registry_check_complete(registry, registry->returned, err);
    registry->ended = rc == SIEM_OK;
    return rc == SIEM_OK ? SIEM_END : rc;
}

static siem_code next_of_all(siem_registry *registry, siem_event **event, siem_error *err) {
    siem_code rc;
    if (registry->ended) return SIEM_END;
    while ((rc = siem_reader_next(registry->reader, event, err)) == SIEM_END) {
        rc = begin_next_slice(registry, err);
        if (rc != SIEM_OK) return rc;
    }
    registry->suspect = siem_reader_suspect(registry->reader);
    if (rc == SIEM_OK) registry->returned++;
    return rc;
}

siem_code siem_registry_next(siem_registry *registry, siem_event **event, siem_error *err) {
    if (event == NULL) return siem_misuse_null(__func__, "event", err);
    *event = NULL;
    if (registry == NULL) return siem_misuse_null(__func__, "registry", err);
    siem_code rc = siem_database_check_free(&registry->database, __func__, err);
    if (rc != SIEM_OK) return rc;
    return registry->origin.follow ? siem_registry_next_of_followed(registry, event, err)
                                   : next_of_all(registry, event, err);
}

void siem_registry_rewind(siem_registry *registry) {
    if (registry == NULL) return;
    siem_registry_release(registry);
    registry->cursor = (siem_cursor){.is_set = false};
    registry->has_passed = false;
    siem_finish_rewind(&registry->finish, registry->limit);
    registry->suspect = (siem_suspect){.is_set = false};
    if (!registry->is_begun) return; /* what was scanned is still fresh */
    siem_registry_drop_slices(registry);
    siem_reader_end(registry->reader);
    registry->ended = false;
    registry->returned = 0;
}

void siem_registry_release(siem_registry *registry) {
    if (registry == NULL) return;
    siem_reader_release(registry->reader);
    registry->in_round = false;
}
