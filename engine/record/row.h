/* row.h: one row of a format, compiled: from an event to a value. */
#ifndef SIEM_ROW_H
#define SIEM_ROW_H

#include "record/masking.h"

/* Memory for values between two steps, one buffer for each step, so that none moves the bytes of
 * the one before. All zero is empty. */
typedef struct siem_scratch {
    siem_buffer object, decoded, converted, joined, json;
    siem_json_reader reader;
    siem_error left;   /* by a function that failed; all zero before */
    unsigned repairs;  /* SIEM_REPAIRED_ bits of what a row gave */
    bool is_canonical; /* JSON of functions is as json_writer writes it: it is not read again */
} siem_scratch;

/* Sets the allocator for all memory. */
void siem_scratch_use(siem_scratch *scratch, siem_allocator *allocator);

/* True when memory lacked for a value. */
bool siem_scratch_failed(const siem_scratch *scratch);

void siem_scratch_free(siem_scratch *scratch);

typedef struct siem_compiled_row siem_compiled_row;

/* Copies a row. Its constants are read with the scratch, into memory of its allocator.
 * Errors: SIEM_INVALID, naming the destination; SIEM_NO_MEMORY. */
siem_code siem_row_open(siem_compiled_row **out, const siem_row *given, siem_scratch *scratch,
                        siem_error *err);

const char *siem_row_destination(const siem_compiled_row *row);

/* What the row is called in messages, or NULL. */
const char *siem_row_label(const siem_compiled_row *row);

/* True when null and "" are written as well. */
bool siem_row_keeps(const siem_compiled_row *row);

/* True for a row without a source: it declares an object. */
bool siem_row_is_object(const siem_compiled_row *row);

/* The value of a row that is the same in every event, else NULL. */
const siem_value *siem_row_constant(const siem_compiled_row *row);

/* The field that a row copies unchanged, else -1. */
int siem_row_field(const siem_compiled_row *row);

/* The value for an event; SIEM_END when `when` omits the row. Borrowed until the next row
 * runs with the same scratch. Errors: SIEM_REFUSED, and the code of a function. */
siem_code siem_row_get(siem_compiled_row *row, siem_event *event, siem_scratch *scratch,
                       siem_value *value, siem_error *err);

/* The first field that is neither one of the 14 nor a site's own in `columns` (ended by NULL), or
 * NULL. */
const char *siem_row_unknown_field(const siem_compiled_row *row, const char *const *columns);

/* Adds a mask for each source of a row whose converter masks. They borrow from the row. */
siem_code siem_row_add_masks(const siem_compiled_row *row, siem_masks *masks, siem_error *err);

void siem_row_close(siem_compiled_row *row);

/* Calls a function of a format, which is `name` in messages. JSON that it returns is checked and
 * made canonical, unless it is known to be. Errors: SIEM_REFUSED for text that is not JSON,
 * SIEM_INVALID for a result that is not a value, and the code of the function. */
siem_code siem_function_call(siem_function function, void *context, const char *name,
                             siem_event *event, siem_value value, siem_scratch *scratch,
                             siem_value *result, siem_error *err);

/* Calls a function of a format for yes or no: null and JSON false mean no. */
siem_code siem_function_ask(siem_function function, void *context, const char *name,
                            siem_event *event, siem_scratch *scratch, bool *yes, siem_error *err);

/* Null, "" and their JSON forms: what is omitted from a record. */
static inline bool siem_value_is_empty(const siem_value *value) {
    switch (value->type) {
    case SIEM_NULL: return true;
    case SIEM_TEXT: return value->size == 0;
    case SIEM_JSON:
        return (value->size == 2 && value->bytes[0] == '"') ||
               (value->size == 4 && value->bytes[0] == 'n');
    case SIEM_INTEGER:
    case SIEM_REAL: return false;
    }
    return false;
}

#endif
