/* value_table.h: a table from text to JSON text, of a format row. */
#ifndef SIEM_VALUE_TABLE_H
#define SIEM_VALUE_TABLE_H

#include "base/json_reader.h"

#include <oversight/siem.h>

typedef struct siem_value_table siem_value_table;

/* Copies the pairs, into memory of the reader's allocator. Errors: SIEM_INVALID for a value that is
 * not JSON or a key that comes twice, SIEM_NO_MEMORY. */
siem_code siem_value_table_open(siem_value_table **out, const siem_pair *pairs, size_t count,
                                siem_json_reader *reader, siem_error *err);

/* The JSON value of a text; false when the table lacks it. */
bool siem_value_table_get(const siem_value_table *table, const char *text, size_t size,
                          siem_value *value);

void siem_value_table_close(siem_value_table *table);

#endif
