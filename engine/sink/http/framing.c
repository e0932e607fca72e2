/* framing.c: the pieces of lines and arrays. */
#include "sink/http/framing.h"

#include "base/error.h"

siem_code siem_frame_lines(siem_parcel *parcel, siem_error *err) {
    size_t count, size;
    for (size_t i = 0; i < parcel->count; i += count) {
        const char *lines = siem_parcel_lines(parcel, i, &count, &size);
        siem_body_add(&parcel->body, lines, size);
    }
    return parcel->body.failed ? siem_error_no_memory(err) : SIEM_OK;
}

siem_code siem_frame_array(siem_parcel *parcel, siem_error *err) {
    for (size_t i = 0; i < parcel->count; i++) {
        size_t size;
        const char *record = siem_parcel_at(parcel, i, &size);
        siem_body_add(&parcel->body, i == 0 ? "[" : ",", 1);
        siem_body_add(&parcel->body, record, size);
    }
    siem_body_add(&parcel->body, "]", 1);
    return parcel->body.failed ? siem_error_no_memory(err) : SIEM_OK;
}

size_t siem_frame_array_size(size_t bytes) {
    return bytes + 1; /* each record's line end is as long as the comma or bracket in its place */
}
