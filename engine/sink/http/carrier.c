/* carrier.c: the one implementation of a carrier that all kinds over HTTP share. */
#include "sink/http/carrier.h"

#include "sink/http/probe.h"
#include "sink/http/session.h"

static size_t body_size(const siem_sink *sink, size_t count, size_t bytes) {
    return ((const siem_http_sink *)sink)->protocol->body_size(sink, count, bytes);
}

const siem_carrier siem_http_carrier = {.body_size = body_size,
                                        .prepare = siem_session_prepare,
                                        .begin = siem_session_begin,
                                        .wait = siem_session_wait,
                                        .next = siem_session_next,
                                        .release = siem_session_release,
                                        .rest = siem_session_rest,
                                        .ping = siem_probe_ping,
                                        .count = siem_probe_count};
