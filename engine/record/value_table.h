/* value_table.h: a table from text to JSON text, of a format row. */
#ifndef SIEM_LOOKUP_H
#define SIEM_LOOKUP_H

#include "base/json_reader.h"

#include <oversight/siem.h>

typedef struct siem_lookup siem_lookup;

/* Copies the pairs, into memory of the reader's allocator. Errors: SIEM_INVALID for a value that is
 * not JSON or a key that comes twice, SIEM_NO_MEMORY. */
siem_code siem_lookup_open(siem_lookup **out, const siem_pair *pairs, size_t count,
                           siem_json_reader *reader, siem_error *err);

/* The JSON value of a text; false when the table does not hold it. */
bool siem_lookup_get(const siem_lookup *lookup, const char *text, size_t size, siem_value *value);

void siem_lookup_close(siem_lookup *lookup);

#endif
