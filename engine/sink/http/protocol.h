/* protocol.h: the requests of a kind over HTTP, and the meaning of answers. */
#ifndef SIEM_PROTOCOL_H
#define SIEM_PROTOCOL_H

#include "sink/http/request.h"
#include "sink/http/response.h"
#include "sink/sink.h"

typedef struct siem_protocol {
    /* As that of siem_carrier. */
    size_t (*body_size)(const siem_sink *sink, size_t count, size_t bytes);
    /* Makes the body of a parcel, as `prepare` of siem_carrier. NULL: `write` does. */
    siem_code (*frame)(const siem_sink *sink, siem_parcel *parcel, siem_error *err);
    /* Writes the request of a parcel, whose body it has, and may note its credential. Errors:
     * SIEM_HELD, SIEM_NO_MEMORY, SIEM_INVALID. */
    siem_code (*write)(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                       siem_error *err);
    /* Says what the response means; may give the parcel a ticket. */
    void (*read)(siem_sink *sink, siem_parcel *parcel, const siem_response *response,
                 siem_answer *answer);
    /* The request before events are sent, while it is needed: for an access token, or to check the
     * set-up. NULL: none. The answer has one outcome. */
    bool (*needs_prelude)(siem_sink *sink);
    siem_code (*write_prelude)(siem_sink *sink, siem_request *request, siem_error *err);
    void (*read_prelude)(siem_sink *sink, const siem_response *response, siem_answer *answer);
    /* A request that changes nothing and shows whether the target is reachable and takes the
     * credentials; NULL: any answer shows that it is reachable. The answer has one outcome. */
    siem_code (*write_ping)(siem_sink *sink, siem_request *request, siem_error *err);
    void (*read_ping)(siem_sink *sink, const siem_response *response, siem_answer *answer);
    /* A request before that one, when the target has a page about its health; else NULL. */
    siem_code (*write_health)(siem_sink *sink, siem_request *request, siem_error *err);
    void (*read_health)(siem_sink *sink, const siem_response *response, siem_answer *answer);
    /* A request for how many documents each of some events has, of kinds with SIEM_COUNTS; else
     * NULL. The answer has one outcome; the counts are 0 before. */
    siem_code (*write_count)(siem_sink *sink, const siem_count *count, siem_request *request,
                             siem_error *err);
    void (*read_count)(siem_sink *sink, const siem_response *response, const siem_count *count,
                       siem_answer *answer);
} siem_protocol;

#endif
