/* generic.c: any collector that takes JSON by POST: an array a request, or lines. */
#include "base/error.h"
#include "sink/http/header.h"
#include "sink/http/remote.h"
#include "sink/kinds.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES ((size_t)1 << 20)
#define MOST_BYTES  ((size_t)1 << 30)

typedef struct http_sink {
    siem_remote_sink remote;
    char *url, *framing;
    siem_texts headers;
    siem_request given; /* the headers, which each request gets */
    bool lines;
} http_sink;

#define AT(member) offsetof(http_sink, member)

static const siem_option_spec options[] = {
    {.name = "url",
     .value = "URL",
     .required = true,
     .at = AT(url),
     .help = "URL that records are posted to"},
    {.name = "header",
     .kind = SIEM_OPTION_TEXTS,
     .value = "'K: V'",
     .secret = true,
     .at = AT(headers),
     .help = "a header of each request"},
    {.name = "framing",
     .kind = SIEM_OPTION_CHOICE,
     .value = "array|ndjson",
     .text = "array",
     .at = AT(framing),
     .help = "a JSON array a request, or lines"},
    {.name = "batch_bytes",
     .kind = SIEM_OPTION_BYTES,
     .value = "BYTES",
     .least = 1,
     .most = MOST_BYTES,
     .fallback = BATCH_BYTES,
     .at = AT(remote.http.sink.pace.batch_bytes),
     .help = "bytes of a batch, after which it is sent"},
    {0},
};

static size_t body_size(const siem_sink *sink, size_t count, size_t bytes) {
    (void)count;
    return ((const http_sink *)sink)->lines ? bytes : siem_frame_array_size(bytes);
}

static siem_code frame(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    return ((const http_sink *)sink)->lines ? siem_frame_lines(parcel, err)
                                            : siem_frame_array(parcel, err);
}

static siem_code write_request(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                               siem_error *err) {
    const http_sink *http = (const http_sink *)sink;
    (void)err;
    siem_request_set_url(request, "%s", http->url);
    request->given_url = true;
    if (!siem_header_is_in(&http->given, "content-type")) {
        siem_request_add_header(request, false, "Content-Type: %s",
                                http->lines ? "application/x-ndjson" : "application/json");
    }
    siem_request_add_headers(request, &http->given);
    siem_remote_expect_items(parcel, request);
    return SIEM_OK;
}

static void read_response(siem_sink *sink, siem_parcel *parcel, const siem_response *response,
                          siem_answer *answer) {
    (void)sink;
    (void)parcel;
    siem_answer_http(answer, response);
}

static const siem_protocol protocol = {
    .body_size = body_size, .frame = frame, .write = write_request, .read = read_response};

static siem_code close_http(siem_sink *sink, siem_error *err) {
    http_sink *http = (http_sink *)sink;
    (void)err;
    siem_remote_close(&http->remote);
    siem_request_free(&http->given);
    free(http);
    return SIEM_OK;
}

static siem_code add_headers(http_sink *http, siem_error *err) {
    siem_code rc = SIEM_OK;
    for (size_t i = 0; rc == SIEM_OK && i < http->headers.count; i++) {
        rc = siem_header_add(&http->given, http->headers.list[i], err);
    }
    return http->given.headers.failed ? siem_error_no_memory(err) : rc;
}

static siem_code open_http(siem_sink **out, const siem_options *options, siem_error *err) {
    static const siem_remote_limits limits = {
        .body_bytes = MOST_BYTES, .takes_gzip = true, .takes_zstd = true};
    http_sink *http = calloc(1, sizeof *http);
    if (http == NULL) return siem_error_no_memory(err);
    http->remote.http.sink.kind = &siem_kind_http;
    http->remote.http.protocol = &protocol;
    siem_code rc = siem_remote_open(&http->remote, options, &limits, err);
    if (rc == SIEM_OK) rc = siem_remote_check_url("url", http->url, err);
    if (rc == SIEM_OK) rc = add_headers(http, err);
    if (rc == SIEM_OK) {
        http->lines = strcmp(http->framing, "ndjson") == 0;
        siem_remote_set_target(&http->remote, http->url);
    }
    if (rc == SIEM_OK) *out = &http->remote.http.sink;
    else (void)close_http(&http->remote.http.sink, NULL);
    return rc;
}

const siem_sink_kind siem_kind_http = {.name = "http",
                                       .summary = "any collector that takes JSON by POST",
                                       .takes_urls = true,
                                       .options = options,
                                       .shared_options = siem_remote_options,
                                       .open = open_http,
                                       .accepts = SIEM_ACCEPTS_JSON,
                                       .can = SIEM_REJECTS | SIEM_PREVIEWS,
                                       .carrier = &siem_http_carrier,
                                       .close = close_http};
