/* json_writer.h: JSON text out, in the reference's form: compact, ASCII, \uXXXX in lower case. */
#ifndef SIEM_JSON_WRITER_H
#define SIEM_JSON_WRITER_H

#include "base/buffer.h"

#include <oversight/siem.h>

/* Appends a string with its quotes. Bytes that are not UTF-8 become U+FFFD, one for each maximal
 * ill-formed part (Unicode 15, section 3.9). Returns how many were replaced. */
size_t siem_json_write_text(siem_buffer *out, const char *bytes, size_t size);

void siem_json_write_integer(siem_buffer *out, int64_t integer);

/* Appends the shortest text that reads back to the same double, with ".0" when it is whole and an
 * exponent below 1e-4 and from 1e16 on. Infinities and NaN have no JSON: false, and a string. */
bool siem_json_write_real(siem_buffer *out, double real);

/* Appends any value; `repairs` collects SIEM_REPAIRED_ bits. */
void siem_json_write_value(siem_buffer *out, const siem_value *value, unsigned *repairs);

/* The parts that the reader shares with the writer. */

/* Appends the bytes before the first that a JSON string cannot hold as it is (controls, quote,
 * backslash, DEL and above) and returns where that is, or `end`. */
const char *siem_json_write_plain(siem_buffer *out, const char *bytes, const char *end);

/* Appends one UTF-16 code unit as string content: itself when printable, else an escape. */
void siem_json_write_unit(siem_buffer *out, unsigned unit);

/* Appends the UTF-8 sequence at `bytes` (which is not plain) as escapes and returns where it ends.
 * Adds to *replaced when it is ill-formed. */
const char *siem_json_write_sequence(siem_buffer *out, const char *bytes, const char *end,
                                     size_t *replaced);

/* How many bytes siem_json_write_value writes, or more. Long text is read for it. */
size_t siem_json_value_size(const siem_value *value);

#endif
