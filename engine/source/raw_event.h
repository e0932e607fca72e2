/* raw_event.h: writes an event as a JSON object without loss, and reads it again.
 *
 * The format `event` writes such objects: the 14 fields by name, also those that are null or "",
 * and two objects beside them where they have members. `columns` holds what the site added. `bytes`
 * holds, by the same names, base64 of the texts that are not UTF-8: where the field itself has
 * U+FFFD. Numbers have the digits that they had, and `extra` is canonical. */
#ifndef SIEM_RAW_EVENT_H
#define SIEM_RAW_EVENT_H

#include "source/event.h"

/* Appends the columns that the site added as an object, or nothing where there are none. `repairs`
 * collects SIEM_REPAIRED_ bits. */
void siem_raw_event_write_columns(siem_event *event, siem_buffer *out, unsigned *repairs);

/* Appends the object of texts that are not UTF-8 likewise. */
void siem_raw_event_write_bytes(siem_event *event, siem_buffer *out, unsigned *repairs);

/* Memory that is kept from one event to the next. */
typedef struct siem_raw_event_reader siem_raw_event_reader;

siem_code siem_raw_event_reader_open(siem_raw_event_reader **out, siem_error *err);

/* Reads an event, in any form of JSON. `event` is borrowed until the next call or close, and `json`
 * only for the call. `event_id` and `registry_id` must be there. Other fields may be missing, and a
 * member of any other name is a column of the site. `occurred_at` is made of `occurred_unix`.
 * Errors: SIEM_REFUSED for what is not an event, with the reason; SIEM_NO_MEMORY. */
siem_code siem_raw_event_read(siem_raw_event_reader *reader, const char *json, size_t size,
                              siem_event **event, siem_error *err);

/* NULL is allowed. */
void siem_raw_event_reader_close(siem_raw_event_reader *reader);

#endif
