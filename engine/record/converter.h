/* converter.h: named conversions that a format row asks for with `as`. */
#ifndef SIEM_CONVERTER_H
#define SIEM_CONVERTER_H

#include "base/buffer.h"
#include "base/secret.h"

#include <oversight/siem.h>

/* A converter with its parameter, as a row names it: "lower", "truncate:256". */
typedef struct siem_conversion {
    const siem_converter *converter; /* NULL: none */
    size_t parameter;
    siem_secret *key; /* NULL: none */
} siem_conversion;

/* `key` is NULL, or where the key is: it is read here. Errors: SIEM_INVALID for an unknown name, a
 * parameter that is missing or too much, and a key where none is taken; SIEM_HELD for one that
 * cannot be read. After an error it is closed as well. */
siem_code siem_conversion_open(siem_conversion *conversion, const char *name, const char *key,
                               siem_error *err);

void siem_conversion_close(siem_conversion *conversion);

/* True when it hides what the value is. */
bool siem_conversion_masks(const siem_conversion *conversion);

/* Converts a value that is not null; what cannot be converted becomes null. Bytes of the result
 * are those of `value` or are appended to `scratch`. */
siem_value siem_conversion_apply(const siem_conversion *conversion, siem_value value,
                                 siem_buffer *scratch);

#endif
