/* kinds.c: the table of kinds, and how one of its kinds is opened. */
#include "sink/kinds.h"

#include "base/error.h"
#include "base/misuse.h"

#include <string.h>

static const siem_sink_kind *const kinds[] = {&siem_kind_http,
                                              &siem_kind_splunk,
                                              &siem_kind_elastic,
                                              &siem_kind_sentinel,
                                              &siem_kind_azure,
                                              &siem_kind_kafka,
                                              NULL};

const siem_sink_kind *siem_sink_kind_at(size_t index) {
    return index < sizeof kinds / sizeof *kinds ? kinds[index] : NULL;
}

const char *siem_sink_kind_name(const siem_sink_kind *kind) {
    return kind != NULL ? kind->name : NULL;
}

const char *siem_sink_kind_summary(const siem_sink_kind *kind) {
    return kind != NULL ? kind->summary : NULL;
}

const char *siem_sink_kind_format(const siem_sink_kind *kind) {
    return kind != NULL ? kind->format : NULL;
}

bool siem_sink_kind_option(const siem_sink_kind *kind, size_t index, siem_sink_option *option) {
    if (kind == NULL || option == NULL) return false;
    const siem_option_spec *const tables[] = {kind->options, kind->shared_options};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const siem_option_spec *spec = tables[i]; spec != NULL && spec->name != NULL; spec++) {
            if (index-- > 0) continue;
            siem_option_show(spec, option);
            return true;
        }
    }
    return false;
}

siem_code siem_sink_open(siem_sink **out, const char *kind, const siem_option *options,
                         size_t option_count, siem_error *err) {
    siem_options given = {options, option_count};
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (kind == NULL) return siem_misuse_null(__func__, "kind", err);
    siem_code rc = siem_misuse_options(__func__, options, option_count, err);
    if (rc != SIEM_OK) return rc;
    for (size_t i = 0; kinds[i] != NULL; i++) {
        if (strcmp(kinds[i]->name, kind) != 0) continue;
        rc = kinds[i]->open(out, &given, err);
        if (rc != SIEM_OK) siem_error_prefix(err, "%s", kind);
        return rc;
    }
    return siem_error_set(err, SIEM_NOT_FOUND,
                          "there is no kind of sink '%s': siem_sink_kind_at has all", kind);
}
