/* framing.h: records as the body of a request: lines, or a JSON array.
 *
 * Both leave the records where they are, and depend on the parcel alone. Errors: SIEM_NO_MEMORY. */
#ifndef SIEM_FRAMING_H
#define SIEM_FRAMING_H

#include "sink/parcel.h"

/* Records one after another, each with its line end. */
siem_code siem_frame_lines(siem_parcel *parcel, siem_error *err);

/* A JSON array, and its size for records that have `bytes` bytes with their line ends. */
siem_code siem_frame_array(siem_parcel *parcel, siem_error *err);
size_t siem_frame_array_size(size_t bytes);

#endif
