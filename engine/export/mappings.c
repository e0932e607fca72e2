/* mappings.c: mappings of the caller's functions. */
#include "export/mappings.h"

#include "base/error.h"
#include "base/misuse.h"

#include <stdlib.h>

static const char function[] = "open_mapping";

/* The caller's function may give anything. */
static siem_code check(const siem_export_options *options, const siem_mapping *mapping,
                       siem_error *err) {
    if (mapping == NULL) return siem_error_set(err, SIEM_INVALID, "%s gave no mapping", function);
    if (siem_mapping_encoding(mapping) != siem_mapping_encoding(options->mapping)) {
        return siem_error_set(err, SIEM_INVALID, "%s gave a mapping with another encoding: %s",
                              function, siem_mapping_encoding(mapping)->name);
    }
    siem_code rc = siem_mapping_check_compiled(mapping, err);
    if (rc != SIEM_OK) siem_error_prefix(err, "%s", function);
    return rc;
}

static bool is_open(const siem_mappings *mappings, const siem_export_options *options,
                    const siem_mapping *mapping) {
    bool is_known = mapping == options->mapping;
    for (size_t i = 0; i < mappings->count; i++) {
        is_known = is_known || mappings->list[i].mapping == mapping;
    }
    return is_known;
}

static siem_code open_one(siem_mappings *mappings, const siem_export_options *options,
                          siem_error *err) {
    siem_own_mapping own = {NULL, NULL};
    siem_error left = {0};
    siem_code rc = options->open_mapping(options->mapping_context, &own.mapping, &own.owner, &left);
    rc = siem_misuse_function(rc, function, &left, err);
    if (rc != SIEM_OK) return rc;
    if (is_open(mappings, options, own.mapping)) { /* another user of it closes it */
        return siem_error_set(err, SIEM_INVALID,
                              "%s gave a mapping that is in use: each call opens "
                              "another one",
                              function);
    }
    mappings->list[mappings->count++] = own;
    return check(options, own.mapping, err);
}

siem_code siem_mappings_open(siem_mappings *mappings, const siem_export_options *options,
                             size_t count, siem_error *err) {
    bool is_shared = options->open_mapping == NULL || siem_mapping_is_shareable(options->mapping);
    if (mappings->list != NULL || count < 2 || is_shared) return SIEM_OK;
    mappings->list = calloc(count, sizeof *mappings->list);
    if (mappings->list == NULL) return siem_error_no_memory(err);
    while (mappings->count < count) {
        siem_code rc = open_one(mappings, options, err);
        if (rc == SIEM_OK) continue;
        siem_mappings_close(mappings, options);
        return rc;
    }
    return SIEM_OK;
}

siem_mapping *siem_mappings_at(const siem_mappings *mappings, size_t index) {
    return mappings != NULL && index < mappings->count ? mappings->list[index].mapping : NULL;
}

void siem_mappings_close(siem_mappings *mappings, const siem_export_options *options) {
    for (size_t i = 0; i < mappings->count; i++) {
        const siem_own_mapping *own = &mappings->list[i];
        options->close_mapping(options->mapping_context, own->mapping, own->owner);
    }
    free(mappings->list);
    *mappings = (siem_mappings){.list = NULL};
}
