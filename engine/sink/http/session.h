/* session.h: parcels in flight over HTTP, the requests before them, and their lanes.
 */
#ifndef SIEM_SESSION_H
#define SIEM_SESSION_H

#include "sink/http/compressors.h"
#include "sink/http/protocol.h"
#include "sink/http/transport.h"

/* One parcel on its way. */
typedef struct siem_call siem_call;

typedef enum siem_prelude_phase { SIEM_NOT_ASKED, SIEM_ASKED, SIEM_ANSWERED } siem_prelude_phase;

typedef struct siem_session {
    siem_transport *transport;
    siem_lane *lanes;   /* that no call uses: a list */
    siem_call *idle;    /* calls without a parcel, which keep their memory: a list */
    siem_call *waiting; /* calls whose answer needs no server: a list, the oldest first */
    siem_exchange prelude;
    siem_prelude_phase phase; /* of what is asked before parcels */
    siem_outcome outcome;     /* of `answer` */
    siem_answer answer;       /* to it, which the first waiting call gets if it failed */
    bool prelude_shown;       /* in a preview */
    bool exposure_told;       /* of credentials that go over plain http */
} siem_session;

/* A sink that speaks HTTP begins with this one. */
typedef struct siem_http_sink {
    siem_sink sink;
    const siem_protocol *protocol;
    siem_compressors *compressors; /* NULL: bodies go as they are */
    siem_session session;
} siem_http_sink;

/* Errors: as siem_transport_open. */
siem_code siem_session_open(siem_session *session, const siem_transport_options *options,
                            siem_error *err);
void siem_session_close(siem_session *session);

/* ---- as siem_carrier has them, of a siem_http_sink ---- */

siem_code siem_session_prepare(const siem_sink *sink, siem_parcel *parcel, siem_error *err);
siem_code siem_session_begin(siem_sink *sink, siem_parcel *parcel, siem_error *err);
void siem_session_wait(siem_sink *sink, int milliseconds);
siem_parcel *siem_session_next(siem_sink *sink, siem_answer *answer);
void siem_session_release(siem_sink *sink, siem_parcel *parcel, bool is_settled);
void siem_session_rest(siem_sink *sink);

/* Compresses a body, if the sink's options say so. Any thread may call it. Errors: SIEM_NO_MEMORY.
 */
siem_code siem_session_compress(const siem_sink *sink, siem_body *body, siem_error *err);

/* Writes the request of a parcel that is prepared. Errors: as siem_protocol has them. */
siem_code siem_session_write(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                             siem_error *err);

/* Begins an exchange, and remarks credentials that it shows on its way. Errors: as
 * siem_transport_begin. */
siem_code siem_session_exchange(siem_sink *sink, siem_exchange *exchange, siem_error *err);

#endif
