/* preview.c: requests that are printed instead of sent. */
#include "sink/http/preview.h"

#include "base/error.h"

siem_code siem_preview_request(const siem_sink *sink, const siem_request *request,
                               siem_error *err) {
    siem_buffer text = {0};
    bool complete = siem_request_is_complete(request);
    if (complete) siem_request_print(request, &text);
    complete = complete && !text.failed;
    if (complete) sink->preview(sink->preview_context, text.bytes, text.size);
    siem_buffer_free(&text);
    return complete ? SIEM_OK : siem_error_no_memory(err);
}

siem_code siem_preview_prelude(siem_sink *sink, const siem_protocol *protocol, siem_error *err) {
    siem_request request = {.method = NULL};
    if (protocol->needs_prelude == NULL || !protocol->needs_prelude(sink)) return SIEM_OK;
    siem_request_clear(&request);
    siem_code rc = protocol->write_prelude(sink, &request, err);
    if (rc == SIEM_OK) rc = siem_preview_request(sink, &request, err);
    siem_request_free(&request);
    return rc;
}
