/* registry_source.c: a registry as the source of an export. */
#include "source/registry_state.h"

static siem_registry *registry_of(siem_source *source) {
    return (siem_registry *)source;
}

static siem_code next(siem_source *source, siem_event **event, siem_error *err) {
    return siem_registry_next(registry_of(source), event, err);
}

/* ---- slices ---- */

static siem_code open_reader(void **out, const void *origin, siem_registry_go_on go_on,
                             void *context, siem_error *err) {
    siem_reader *reader;
    siem_code rc = siem_reader_open(&reader, origin, err);
    if (rc == SIEM_OK) siem_reader_set_go_on(reader, go_on, context);
    *out = reader;
    return rc;
}

static void begin_slice(void *reader, siem_slice *slice) {
    siem_reader_begin(reader, slice);
}

static siem_code next_of_slice(void *reader, siem_event **event, siem_error *err) {
    return siem_reader_next(reader, event, err);
}

static const siem_schema *schema_of(const void *reader, unsigned *number) {
    *number = siem_reader_schema_number(reader);
    return siem_reader_schema(reader);
}

static siem_suspect suspect_of(const void *reader) {
    return siem_reader_suspect(reader);
}

static void end_slice(void *reader) {
    siem_reader_release(reader);
}

static void close_reader(void *reader) {
    siem_reader_close(reader);
}

static const siem_readers readers = {.open = open_reader,
                                     .begin = begin_slice,
                                     .next = next_of_slice,
                                     .schema = schema_of,
                                     .suspect = suspect_of,
                                     .end = end_slice,
                                     .close = close_reader};

static const void *origin_of(siem_source *source) {
    return siem_registry_origin(registry_of(source));
}

static siem_code next_slice(siem_source *source, siem_slice *slice, siem_error *err) {
    return siem_registry_next_slice(registry_of(source), slice, err);
}

/* ---- position ---- */

static void release(siem_source *source) {
    siem_registry_release(registry_of(source));
}

static void seek(siem_source *source, siem_position position) {
    siem_registry *registry = registry_of(source);
    if (position.id != 0) siem_registry_seek_event(registry, position.id, position.fingerprint);
    else siem_registry_rewind(registry);
}

static siem_code wait_for(siem_source *source, int milliseconds, siem_error *err) {
    return siem_registry_wait(registry_of(source), milliseconds, err);
}

static siem_code read_lag(siem_source *source, int64_t id, siem_lag *lag) {
    return siem_registry_lag_at_once(registry_of(source), id, lag);
}

static const siem_source_kind kind = {.name = "registry",
                                      .next = next,
                                      .readers = &readers,
                                      .origin = origin_of,
                                      .next_slice = next_slice,
                                      .release = release,
                                      .seek = seek,
                                      .wait = wait_for,
                                      .read_lag = read_lag};

siem_source *siem_registry_source(siem_registry *registry) {
    registry->source =
        (siem_source){.kind = &kind, .is_followed = siem_registry_is_followed(registry)};
    return &registry->source;
}
