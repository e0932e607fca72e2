/* custom.c: a collector that the caller describes: it writes requests and reads answers. */
#include "sink/http/custom.h"

#include "base/error.h"
#include "record/batch.h"
#include "sink/http/header.h"

#include <stdlib.h>

#define BATCH_BYTES ((size_t)1 << 20)
#define MOST_BYTES  ((size_t)1 << 30)

typedef struct custom_sink {
    siem_remote_sink remote;
    siem_custom custom;
    char *url;
} custom_sink;

#define AT(member) offsetof(custom_sink, member)

static const siem_option_spec options[] = {
    {.name = "url",
     .value = "URL",
     .required = true,
     .at = AT(url),
     .help = "URL that records are posted to"},
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
    (void)sink;
    (void)count;
    return siem_frame_array_size(bytes);
}

/* The caller sees a batch of the parcel's records alone. */
static siem_code call_write(const custom_sink *custom, const siem_parcel *parcel,
                            siem_request *request, siem_error *err) {
    siem_batch *part = NULL;
    const siem_batch *batch;
    siem_code rc = siem_parcel_batch(parcel, &batch, &part, err);
    if (rc == SIEM_OK) rc = custom->custom.write(custom->custom.context, batch, request, err);
    siem_batch_close(part);
    return rc;
}

/* What the caller wrote, or an array. */
static siem_code make_body(const siem_sink *sink, siem_parcel *parcel, const siem_request *request,
                           siem_error *err) {
    siem_code rc = SIEM_OK;
    siem_parcel_unprepare(parcel); /* each attempt is written again */
    if (request->pieces != NULL) {
        siem_body_add(&parcel->body, request->whole.bytes, request->whole.size);
    } else if (parcel->count > 0) {
        rc = siem_frame_array(parcel, err);
    }
    return rc == SIEM_OK ? siem_session_compress(sink, &parcel->body, err) : rc;
}

static siem_code write_request(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                               siem_error *err) {
    const custom_sink *custom = (const custom_sink *)sink;
    siem_request_set_url(request, "%s", custom->url);
    request->given_url = true;
    siem_code rc = call_write(custom, parcel, request, err);
    bool is_bare = request->pieces == NULL;
    if (rc == SIEM_OK && is_bare && !siem_header_is_in(request, "content-type")) {
        siem_request_add_header(request, false, "Content-Type: application/json");
    }
    if (rc == SIEM_OK) rc = make_body(sink, parcel, request, err);
    siem_request_use_body(request, &parcel->body);
    siem_remote_expect_items(parcel, request);
    return rc;
}

/* When the caller's function fails, no record counts as delivered. */
static void read_response(siem_sink *sink, siem_parcel *parcel, const siem_response *response,
                          siem_answer *answer) {
    const custom_sink *custom = (const custom_sink *)sink;
    siem_error err = {0};
    (void)parcel;
    siem_answer_http(answer, response);
    if (response->fault[0] != '\0') return;
    if (custom->custom.read(custom->custom.context, response, answer, &err) == SIEM_OK) return;
    siem_answer_clear(answer); /* of a list that is wrong further on */
    siem_answer_all(answer, SIEM_HOLD, "%.300s", err.message);
}

static const siem_protocol protocol = {
    .body_size = body_size, .write = write_request, .read = read_response};

static siem_code close_custom(siem_sink *sink, siem_error *err) {
    custom_sink *custom = (custom_sink *)sink;
    (void)err;
    siem_remote_close(&custom->remote);
    free(custom);
    return SIEM_OK;
}

const siem_sink_kind siem_kind_custom = {.name = "custom",
                                         .options = options,
                                         .shared_options = siem_remote_options,
                                         .accepts = SIEM_ACCEPTS_JSON,
                                         .can = SIEM_REJECTS | SIEM_PREVIEWS,
                                         .carrier = &siem_http_carrier,
                                         .close = close_custom};

siem_code siem_sink_open_custom(siem_sink **out, const siem_custom *custom,
                                const siem_option *given, size_t option_count, siem_error *err) {
    static const siem_remote_limits limits = {
        .body_bytes = MOST_BYTES, .takes_gzip = true, .takes_zstd = true};
    const siem_options list = {given, option_count};
    *out = NULL;
    custom_sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL) return siem_error_no_memory(err);
    sink->remote.http.sink.kind = &siem_kind_custom;
    sink->remote.http.protocol = &protocol;
    sink->custom = *custom;
    siem_code rc = siem_remote_open(&sink->remote, &list, &limits, err);
    if (rc == SIEM_OK) rc = siem_remote_check_url("url", sink->url, err);
    if (rc == SIEM_OK) siem_remote_set_target(&sink->remote, sink->url);
    if (rc == SIEM_OK) *out = &sink->remote.http.sink;
    else (void)close_custom(&sink->remote.http.sink, NULL);
    return rc;
}
