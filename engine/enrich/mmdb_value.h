/* mmdb_value.h: a value of a MaxMind database, as JSON text.
 *
 * Such a file may be hostile. What libmaxminddb decodes grows without bound when pointers lead to
 * the same arrays repeatedly, so values are decoded here, within bounds. */
#ifndef SIEM_MMDB_VALUE_H
#define SIEM_MMDB_VALUE_H

#include "base/buffer.h"

#include <oversight/siem.h>
#include <stdint.h>

/* Appends the value at `at` of a data section, to which its pointers are relative. Integers keep
 * all digits, whatever their size; bytes are written as hexadecimal text.
 * Errors: SIEM_IO for a value that is damaged, or that has more than 32 levels, 10,000 values or
 * 1 MiB of JSON text; SIEM_NO_MEMORY. */
siem_code siem_mmdb_write_value(siem_buffer *json, const uint8_t *section, size_t size, size_t at,
                                siem_error *err);

#endif
