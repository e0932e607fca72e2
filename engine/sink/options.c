/* options.c: options by name, with errors that name the option. */
#include "sink/options.h"

#include "base/error.h"
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400.0

static const siem_sink_option *find(const siem_sink_option *declared, const char *name) {
    for (; declared->name != NULL; declared++) {
        if (strcmp(declared->name, name) == 0) return declared;
    }
    return NULL;
}

/* An empty text comes from a variable that is not set, unless the option shows '' as a choice. */
static bool may_be(const siem_sink_option *option, const char *text) {
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): siem_misuse_options wants a value */
    return *text != '\0' || (option->value != NULL && strstr(option->value, "''") != NULL);
}

siem_code siem_options_check(const siem_options *options, const siem_sink_option *declared,
                             const siem_sink_option *common, siem_error *err) {
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->list[i].name;
        const siem_sink_option *option = find(declared, name);
        if (option == NULL) option = find(common, name);
        if (option == NULL) {
            return siem_error_set(err, SIEM_INVALID, "there is no option '%s' for this sink", name);
        }
        if (!may_be(option, options->list[i].value)) return siem_error_empty(err, name, name);
        if (!option->many && siem_options_at(options, name, 1) != NULL) {
            return siem_error_set(err, SIEM_INVALID, "the option '%s' comes twice: give it once",
                                  name);
        }
    }
    for (; declared->name != NULL; declared++) {
        if (!declared->required || siem_options_text(options, declared->name) != NULL) continue;
        return siem_error_set(err, SIEM_INVALID, "%s is missing", declared->name);
    }
    return SIEM_OK;
}

const char *siem_options_text(const siem_options *options, const char *name) {
    const char *text = NULL;
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->list[i].name, name) == 0) text = options->list[i].value;
    }
    return text;
}

const char *siem_options_at(const siem_options *options, const char *name, size_t index) {
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->list[i].name, name) == 0 && index-- == 0) {
            return options->list[i].value;
        }
    }
    return NULL;
}

siem_code siem_options_flag(const siem_options *options, const char *name, bool *out,
                            siem_error *err) {
    const char *text = siem_options_text(options, name);
    *out = text != NULL && strcmp(text, "true") == 0;
    if (text == NULL || *out || strcmp(text, "false") == 0) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID, "%s is true or false", name);
}

siem_code siem_options_integer(const siem_options *options, const char *name, int64_t least,
                               int64_t most, int64_t absent, int64_t *out, siem_error *err) {
    const char *text = siem_options_text(options, name);
    char *end;
    *out = absent;
    if (text == NULL) return SIEM_OK;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0 && *out >= least && *out <= most) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID, "%s is a whole number from %" PRId64 " to %" PRId64,
                          name, least, most);
}

siem_code siem_options_seconds(const siem_options *options, const char *name, double absent,
                               double *out, siem_error *err) {
    const char *text = siem_options_text(options, name);
    char *end;
    *out = absent;
    if (text == NULL) return SIEM_OK;
    *out = siem_number_read(text, &end);
    if (end != text && *end == '\0' && isfinite(*out) && *out >= 0 && *out <= DAY) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID, "%s is a number of seconds from 0 to 86400", name);
}
