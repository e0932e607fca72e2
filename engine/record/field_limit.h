/* field_limit.h: fields of a flat record that are longer than a target stores. */
#ifndef SIEM_FIELD_LIMIT_H
#define SIEM_FIELD_LIMIT_H

#include "base/buffer.h"

/* The end of a text that was cut. */
#define SIEM_CUT_MARKER "...[cut]"

/* Cuts the texts of the canonical object that fills `out` from `start` on: those whose UTF-8 has
 * more than `most` bytes (at least the marker's) keep as many whole characters as fit before the
 * marker. Texts within arrays and objects stay. Returns how many were cut. */
size_t siem_field_limit_cut(siem_buffer *out, size_t start, size_t most);

#endif
