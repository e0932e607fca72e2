/* converter.h: named conversions that a format row asks for with `as`. */
#ifndef SIEM_CONVERTER_H
#define SIEM_CONVERTER_H

#include "buffer.h"

#include <oversight/siem.h>

/* NULL for an unknown name. */
const siem_converter *siem_converter_find(const char *name);

/* Converts a value that is not null; what cannot be converted becomes null. Bytes of the result
 * are those of `value` or are appended to `scratch`. */
siem_value siem_converter_apply(const siem_converter *converter, siem_value value,
                                siem_buffer *scratch);

#endif
