/* misuse.c: one message a kind of misuse. */
#include "base/misuse.h"

#include "base/error.h"

#include <stdint.h>
#include <string.h>

/* Of a list: more does not fit in memory. With 32 bits, a text may have a good part of it. */
#define MOST_SIZE ((size_t)PTRDIFF_MAX / (PTRDIFF_MAX > INT32_MAX ? 1024 : 8))

siem_code siem_misuse_null(const char *function, const char *argument, siem_error *err) {
    return siem_error_of_option(err, SIEM_INVALID, argument, "%s: %s is NULL: it must be given",
                                function, argument);
}

siem_code siem_misuse_list(const char *function, const char *argument, const void *list,
                           size_t size, siem_error *err) {
    if (list == NULL && size != 0) return siem_misuse_null(function, argument, err);
    if (size <= MOST_SIZE) return SIEM_OK;
    return siem_error_of_option(
        err, SIEM_INVALID, argument,
        "%s: the size of %s is %zu: give the number of its items, and not a "
        "negative one",
        function, argument, size);
}

siem_code siem_misuse_options(const char *function, const siem_option *options, size_t count,
                              siem_error *err) {
    siem_code rc = siem_misuse_list(function, "options", options, count, err);
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        if (options[i].name == NULL) {
            rc = siem_error_set(err, SIEM_INVALID, "%s: option %zu has no name", function, i + 1);
        } else if (options[i].value == NULL) {
            rc = siem_error_of_option(err, SIEM_INVALID, options[i].name,
                                      "%s: the option '%s' has no value: give one or omit it",
                                      function, options[i].name);
        }
    }
    return rc;
}

siem_code siem_misuse_value(const siem_value *value, siem_error *err) {
    switch (value->type) {
    case SIEM_NULL:
    case SIEM_INTEGER:
    case SIEM_REAL: return SIEM_OK;
    case SIEM_TEXT:
    case SIEM_JSON: return siem_misuse_list("a value", "bytes", value->bytes, value->size, err);
    }
    return siem_error_set(err, SIEM_INVALID,
                          "a value has the unknown type %d: give one of siem_type",
                          (int)value->type);
}

siem_code siem_misuse_function(siem_code code, const char *name, siem_error *left,
                               siem_error *err) {
    bool is_failure = code != SIEM_END && strcmp(siem_code_name(code), "unknown") != 0;
    left->message[sizeof left->message - 1] = '\0';
    if (code == SIEM_OK) return SIEM_OK;
    if (!is_failure) {
        code =
            siem_error_set(err, SIEM_INVALID,
                           "the function '%s' returned %d: give SIEM_OK or the code of a failure",
                           name, (int)code);
    } else if (left->message[0] == '\0') {
        (void)siem_error_set(err, code, "the function '%s' failed without a message", name);
    } else {
        (void)siem_error_set(err, code, "%s", left->message);
        if (err != NULL) memcpy(err->file, left->file, sizeof err->file);
        if (err != NULL) err->line = left->line;
    }
    *left = (siem_error){0};
    return code;
}
