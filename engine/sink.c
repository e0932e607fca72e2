/* sink.c: the interface, and the sink that is a function of the caller. */
#include "sink.h"

#include "error.h"

#include <stdlib.h>

siem_code siem_sink_send(siem_sink *sink, const siem_batch *batch, size_t *delivered,
                         siem_error *err) {
    *delivered = 0;
    if (siem_batch_size(batch) == 0) return SIEM_OK;
    return sink->kind->send(sink, batch, delivered, err);
}

siem_code siem_sink_close(siem_sink *sink, siem_error *err) {
    return sink != NULL ? sink->kind->close(sink, err) : SIEM_OK;
}

typedef struct function_sink {
    siem_sink sink;
    siem_send_function send;
    void (*close)(void *context);
    void *context;
} function_sink;

static siem_code send_function(siem_sink *sink, const siem_batch *batch, size_t *delivered,
                               siem_error *err) {
    function_sink *function = (function_sink *)sink;
    siem_code rc = function->send(function->context, batch, err);
    if (rc == SIEM_OK) *delivered = siem_batch_size(batch);
    return rc;
}

static siem_code close_function(siem_sink *sink, siem_error *err) {
    function_sink *function = (function_sink *)sink;
    (void)err;
    if (function->close != NULL) function->close(function->context);
    free(function);
    return SIEM_OK;
}

static const siem_sink_kind function_kind = {"function", send_function, close_function};

siem_code siem_sink_open_function(siem_sink **out, siem_send_function send,
                                  void (*close)(void *context), void *context, siem_error *err) {
    function_sink *function = calloc(1, sizeof *function);
    *out = NULL;
    if (function == NULL) return siem_error_no_memory(err);
    *function = (function_sink){{&function_kind}, send, close, context};
    *out = &function->sink;
    return SIEM_OK;
}
