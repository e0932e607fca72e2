/* preview.c: requests that are printed instead of sent. */
#include "preview.h"

void siem_preview_request(const siem_sink *sink, const siem_request *request) {
    siem_buffer text = {0};
    siem_request_print(request, &text);
    if (!text.failed) sink->preview(sink->preview_context, text.bytes, text.size);
    siem_buffer_free(&text);
}

siem_code siem_preview_prelude(siem_sink *sink, siem_error *err) {
    const siem_protocol *protocol = sink->kind->protocol;
    siem_request request = {0};
    if (protocol->needs_prelude == NULL || !protocol->needs_prelude(sink)) return SIEM_OK;
    siem_request_clear(&request);
    siem_code rc = protocol->write_prelude(sink, &request, err);
    if (rc == SIEM_OK) siem_preview_request(sink, &request);
    siem_request_free(&request);
    return rc;
}
