/* custom.h: a collector that a caller describes, over the same transport as the others. */
#ifndef SIEM_CUSTOM_H
#define SIEM_CUSTOM_H

#include "sink/http/remote.h"

/* The caller's functions. All of them run within siem_sink_send or an export. */
typedef struct siem_custom {
    void *context;
    /* Adds headers, and sets the body; without one, a JSON array of the records is sent. */
    siem_code (*write)(void *context, const siem_batch *batch, siem_request *request,
                       siem_error *err);
    /* Says what a response means: `answer` holds what its HTTP status says. */
    siem_code (*read)(void *context, const siem_response *response, siem_answer *answer,
                      siem_error *err);
} siem_custom;

/* The kind, for its options: siem_sink_open does not know it. */
extern const siem_sink_kind siem_kind_custom;

/* Errors: SIEM_INVALID, SIEM_NO_MEMORY. */
siem_code siem_sink_open_custom(siem_sink **out, const siem_custom *custom,
                                const siem_option *options, size_t option_count, siem_error *err);

#endif
