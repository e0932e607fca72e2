/* sentinel.c: Azure's HTTP Data Collector API, which the reference signs for.
 *
 * "Azure Monitor HTTP Data Collector API": support ended on 2026-09-14; the Logs Ingestion API
 * (azure.c) is its successor. Each attempt is signed again, as x-ms-date is held against the
 * clock. Bodies are not compressed: the signature covers the length of what is sent. */
#include "base/error.h"
#include "sink/http/remote.h"
#include "sink/kinds.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_BYTES  ((size_t)30000000) /* a post has less than 30 MB */
#define BATCH_BYTES ((size_t)4 << 20)
#define FIELD_BYTES ((size_t)32768)

typedef struct sentinel_sink {
    siem_remote_sink remote;
    char *url, *cloud, *workspace_id, *log_type;
    siem_secret *shared_key;
} sentinel_sink;

static const siem_secret_form key_form = {.word = true};

#define AT(member) offsetof(sentinel_sink, member)

static const siem_option_spec options[] = {
    {.name = "workspace_id",
     .value = "ID",
     .required = true,
     .at = AT(workspace_id),
     .help = "id of the Log Analytics workspace"},
    {.name = "shared_key",
     .kind = SIEM_OPTION_SECRET,
     .value = "SECRET",
     .form = &key_form,
     .required = true,
     .at = AT(shared_key),
     .help = "its primary or secondary key"},
    {.name = "log_type",
     .value = "NAME",
     .text = "Oversight",
     .at = AT(log_type),
     .help = "name of the table, NAME_CL"},
    {.name = "cloud",
     .kind = SIEM_OPTION_CHOICE,
     .value = "public|us|cn",
     .text = "public",
     .at = AT(cloud),
     .help = "the Azure cloud"},
    {.name = "url",
     .value = "URL",
     .at = AT(url),
     .help = "another address, instead of the cloud's"},
    {.name = "batch_bytes",
     .kind = SIEM_OPTION_BYTES,
     .value = "BYTES",
     .least = 1,
     .most = BODY_BYTES,
     .fallback = BATCH_BYTES,
     .at = AT(remote.http.sink.pace.batch_bytes),
     .help = "bytes of a batch, after which it is sent"},
    {0},
};

/* ---- writing ---- */

static size_t body_size(const siem_sink *sink, size_t count, size_t bytes) {
    (void)sink;
    (void)count;
    return siem_frame_array_size(bytes);
}

/* The date as x-ms-date has it (RFC 1123), whatever the locale. */
static void write_date(char out[40]) {
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm t;
    time_t now = time(NULL);
    (void)gmtime_r(&now, &t);
    (void)snprintf(out, 40, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
                   months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static siem_code sign(const sentinel_sink *sentinel, siem_request *request, siem_error *err) {
    char date[40], authorization[256];
    write_date(date);
    siem_sentinel_request signed_parts = {.workspace_id = sentinel->workspace_id,
                                          .shared_key = siem_secret_text(sentinel->shared_key),
                                          .content_length = (int64_t)request->body_size,
                                          .date = date};
    siem_code rc =
        siem_sentinel_authorization(authorization, sizeof authorization, &signed_parts, err);
    if (rc != SIEM_OK) {
        err->code = SIEM_HELD;
        return SIEM_HELD;
    }
    siem_request_add_header(request, true, "Authorization: %s", authorization);
    siem_request_add_secret(request, siem_secret_text(sentinel->shared_key));
    OPENSSL_cleanse(authorization, sizeof authorization);
    siem_request_add_header(request, false, "x-ms-date: %s", date);
    return SIEM_OK;
}

static siem_code write_head(const sentinel_sink *sentinel, siem_request *request, siem_error *err) {
    siem_request_set_url(request, "%s/api/logs?api-version=2016-04-01", sentinel->url);
    siem_request_add_header(request, false, "Content-Type: application/json");
    siem_request_add_header(request, false, "Log-Type: %s", sentinel->log_type);
    siem_request_add_header(request, false, "time-generated-field: TimeGenerated");
    return sign(sentinel, request, err);
}

static siem_code frame(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    (void)sink;
    return siem_frame_array(parcel, err);
}

static siem_code write_request(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                               siem_error *err) {
    siem_error ignored;
    parcel->credential = siem_secret_generation(((const sentinel_sink *)sink)->shared_key);
    return write_head((const sentinel_sink *)sink, request, err != NULL ? err : &ignored);
}

/* ---- reading ---- */

/* Of what makes a request wrong as a whole, only InvalidDataFormat can be one record's fault. */
static void read_response(siem_sink *sink, siem_parcel *parcel, const siem_response *response,
                          siem_answer *answer) {
    sentinel_sink *sentinel = (sentinel_sink *)sink;
    char excerpt[200];
    siem_answer_http(answer, response);
    if (response->fault[0] != '\0') return;
    if (response->status == 401 || response->status == 403) {
        siem_remote_renew(sentinel->shared_key, parcel, answer);
    }
    if (answer->outcomes[0].verdict == SIEM_DELIVERED && response->status != 200) {
        siem_answer_all(answer, SIEM_RETRY,
                        "HTTP %d: the answer is not that of the Data Collector, which is 200",
                        response->status);
    }
    if (response->status != 400) return;
    siem_answer_excerpt(response, excerpt);
    if (strstr(excerpt, "InvalidDataFormat") != NULL) return;
    siem_answer_all(answer, SIEM_HOLD, "HTTP 400: correct the sink's options: %s", excerpt);
}

/* ---- ping ---- */

/* An array without records stores nothing, and its signature is checked first. */
static siem_code write_ping(siem_sink *sink, siem_request *request, siem_error *err) {
    siem_buffer_add(&request->content, "[]", 2);
    siem_request_use_content(request);
    return write_head((const sentinel_sink *)sink, request, err);
}

static void read_ping(siem_sink *sink, const siem_response *response, siem_answer *answer) {
    siem_parcel none = {.credential = siem_secret_generation(((sentinel_sink *)sink)->shared_key)};
    read_response(sink, &none, response, answer);
    if (answer->next == SIEM_HALVE)
        siem_answer_all(answer, SIEM_DELIVERED, "the workspace takes the key");
}

static const siem_protocol protocol = {.body_size = body_size,
                                       .frame = frame,
                                       .write = write_request,
                                       .read = read_response,
                                       .write_ping = write_ping,
                                       .read_ping = read_ping};

/* ---- opening ---- */

static siem_code close_sentinel(siem_sink *sink, siem_error *err) {
    sentinel_sink *sentinel = (sentinel_sink *)sink;
    (void)err;
    siem_remote_close(&sentinel->remote);
    free(sentinel);
    return SIEM_OK;
}

/* The host of a workspace in a cloud, unless an address was given. */
static siem_code set_url(sentinel_sink *sentinel, siem_error *err) {
    if (sentinel->url != NULL) {
        return siem_remote_cut_base("url", sentinel->url, "/api/logs", err);
    }
    const char *domain = strcmp(sentinel->cloud, "public") == 0 ? "com" : sentinel->cloud;
    int size = asprintf(&sentinel->url, "https://%s.ods.opinsights.azure.%s",
                        sentinel->workspace_id, domain);
    if (size < 0) sentinel->url = NULL;
    return size >= 0 ? SIEM_OK : siem_error_no_memory(err);
}

static bool is_name(const char *text, size_t most, const char *others) {
    for (const char *at = text; *at != '\0'; at++) {
        if (isalnum((unsigned char)*at) == 0 && strchr(others, *at) == NULL) return false;
    }
    return strlen(text) <= most;
}

static siem_code check_names(const sentinel_sink *sentinel, siem_error *err) {
    if (!is_name(sentinel->workspace_id, 64, "-")) {
        return siem_error_of_option(err, SIEM_INVALID, "workspace_id",
                                    "workspace_id is made of letters, digits and '-'");
    }
    if (is_name(sentinel->log_type, 100, "_")) return SIEM_OK;
    return siem_error_of_option(
        err, SIEM_INVALID, "log_type",
        "log_type is made of letters, digits and '_', 100 characters at most");
}

static siem_code open_sentinel(siem_sink **out, const siem_options *options, siem_error *err) {
    static const siem_remote_limits limits = {.body_bytes = BODY_BYTES, .field_bytes = FIELD_BYTES};
    sentinel_sink *sentinel = calloc(1, sizeof *sentinel);
    if (sentinel == NULL) return siem_error_no_memory(err);
    sentinel->remote.http.sink.kind = &siem_kind_sentinel;
    sentinel->remote.http.protocol = &protocol;
    siem_code rc = siem_remote_open(&sentinel->remote, options, &limits, err);
    if (rc == SIEM_OK) rc = check_names(sentinel, err);
    if (rc == SIEM_OK) rc = set_url(sentinel, err);
    if (rc == SIEM_OK) rc = siem_remote_open_secrets(&sentinel->remote, options, err);
    if (rc == SIEM_OK) siem_remote_set_target(&sentinel->remote, sentinel->url);
    if (rc == SIEM_OK) *out = &sentinel->remote.http.sink;
    else (void)close_sentinel(&sentinel->remote.http.sink, NULL);
    return rc;
}

const siem_sink_kind siem_kind_sentinel = {
    .name = "sentinel",
    .summary = "Microsoft Sentinel by the Data Collector API: retired, prefer azure",
    .format = "sentinel",
    .retired = "Azure ended support for the Data Collector API on 2026-09-14: prefer --to azure",
    .options = options,
    .shared_options = siem_remote_options,
    .open = open_sentinel,
    .accepts = SIEM_ACCEPTS_JSON,
    .can = SIEM_REJECTS | SIEM_PREVIEWS,
    .carrier = &siem_http_carrier,
    .close = close_sentinel};
