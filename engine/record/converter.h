/* converter.h: named conversions that a format row asks for with `as`. */
#ifndef SIEM_CONVERTER_H
#define SIEM_CONVERTER_H

#include "base/buffer.h"

#include <oversight/siem.h>

/* A converter with its parameter, as a row names it: "lower", "truncate:256". */
typedef struct siem_conversion {
    const siem_converter *converter; /* NULL: none */
    size_t parameter;
} siem_conversion;

/* Errors: SIEM_INVALID for an unknown name, or a parameter that is missing or too much. */
siem_code siem_conversion_open(siem_conversion *conversion, const char *name, siem_error *err);

/* Converts a value that is not null; what cannot be converted becomes null. Bytes of the result
 * are those of `value` or are appended to `scratch`. */
siem_value siem_conversion_apply(const siem_conversion *conversion, siem_value value,
                                 siem_buffer *scratch);

#endif
