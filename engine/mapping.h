/* mapping.h: how a batch renders an event. */
#ifndef SIEM_MAPPING_H
#define SIEM_MAPPING_H

#include "buffer.h"

#include <oversight/siem.h>

/* Appends the record of an event. On failure `out` may hold part of it: the caller cuts it off.
 * `repairs` collects SIEM_REPAIRED_ bits. */
siem_code siem_mapping_render(siem_mapping *mapping, siem_event *event, siem_buffer *out,
                              unsigned *repairs, siem_error *err);

#endif
