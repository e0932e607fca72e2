/* preview.h: requests as text, for a caller that wants to see them. */
#ifndef SIEM_PREVIEW_H
#define SIEM_PREVIEW_H

#include "sink/http/protocol.h"

/* Hands a request to the sink's preview. Errors: SIEM_NO_MEMORY. */
siem_code siem_preview_request(const siem_sink *sink, const siem_request *request, siem_error *err);

/* The same for the requests before events are sent, if any. Errors: those of writing it.
 */
siem_code siem_preview_prelude(siem_sink *sink, const siem_protocol *protocol, siem_error *err);

#endif
