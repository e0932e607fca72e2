/* registry_source.c: a registry as the source of an export. */
#include "source/registry_state.h"

static siem_registry *registry_of(siem_source *source) {
    return (siem_registry *)source;
}

static siem_code next(siem_source *source, siem_event **event, siem_error *err) {
    return siem_registry_next(registry_of(source), event, err);
}

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
                                      .release = release,
                                      .seek = seek,
                                      .wait = wait_for,
                                      .read_lag = read_lag};

siem_source *siem_registry_source(siem_registry *registry) {
    registry->source =
        (siem_source){.kind = &kind, .is_followed = siem_registry_is_followed(registry)};
    return &registry->source;
}
