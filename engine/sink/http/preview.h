/* preview.h: what would be sent, as text, for whoever asked a sink for it. */
#ifndef SIEM_PREVIEW_H
#define SIEM_PREVIEW_H

#include "sink/http/protocol.h"

/* Hands a request to the sink's preview. Errors: SIEM_NO_MEMORY. */
siem_code siem_preview_request(const siem_sink *sink, const siem_request *request, siem_error *err);

/* The same of what the sink asks before it sends events, if anything. Errors: those of writing it.
 */
siem_code siem_preview_prelude(siem_sink *sink, const siem_protocol *protocol, siem_error *err);

#endif
