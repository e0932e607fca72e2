/* splunk.c: Splunk's HTTP Event Collector.
 *
 * Codes: "Troubleshoot HTTP Event Collector", possible error codes; acknowledgement: "About HTTP
 * Event Collector Indexer Acknowledgment". Events are objects one after another, never an array.
 * Where splunkd names an `invalid-event-number` N, events before N are indexed and those from N on
 * are not. Other receivers of the protocol name it as well, and index none of the request. */
#include "base/clock.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "record/batch.h"
#include "sink/http/remote.h"
#include "sink/kinds.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_BYTES   ((size_t)2 << 20)   /* unless batch_bytes asks for more */
#define MOST_BYTES   ((size_t)838860800) /* max_content_length of limits.conf */
#define FIRST_PAUSE  0.1                 /* seconds until the first question for an ack */
#define CHANNEL_SIZE 37
#define CHANNEL_BASE 24 /* characters of a channel before its last group */

typedef struct splunk_sink {
    siem_remote_sink remote;
    char *url;
    siem_secret *token;
    char *given_index, *given_channel;
    char *index; /* the configured one, as JSON text; "\"\"": none; NULL: not given */
    char channel[CHANNEL_SIZE]; /* "": none */
    bool ack, trusts_number;
    double ack_pause, ack_timeout;
} splunk_sink;

static const siem_secret_form token_form = {.word = true, .scheme = "Splunk"};

#define AT(member) offsetof(splunk_sink, member)

static const siem_option_spec options[] = {
    {.name = "url",
     .value = "URL",
     .required = true,
     .at = AT(url),
     .help = "URL of the collector: https://host:8088"},
    {.name = "token",
     .kind = SIEM_OPTION_SECRET,
     .value = "SECRET",
     .form = &token_form,
     .required = true,
     .at = AT(token),
     .help = "token of the collector: file:PATH, env:NAME or cmd:COMMAND"},
    {.name = "ack",
     .kind = SIEM_OPTION_FLAG,
     .at = AT(ack),
     .help = "wait until the indexer acknowledges (the token must have it enabled)"},
    {.name = "ack_pause",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0,
     .most = 86400,
     .fallback = 10,
     .at = AT(ack_pause),
     .help = "longest pause between two requests for an ack: the first comes after 0.1, and pauses "
             "double"},
    {.name = "ack_timeout",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0,
     .most = 86400,
     .fallback = 300,
     .at = AT(ack_timeout),
     .help = "time without an ack, after which the events are sent again"},
    {.name = "index",
     .value = "NAME|''",
     .at = AT(given_index),
     .help = "the configured index, '' for none: a record is rejected when another index that it "
             "names is refused (default: that of the format)"},
    {.name = "channel",
     .value = "GUID",
     .at = AT(given_channel),
     .help = "channel of requests (default with ack: random); with ack, its last 12 digits are "
             "replaced by random ones, others for each request in flight"},
    {.name = "trust_event_number",
     .kind = SIEM_OPTION_FLAG,
     .at = AT(trusts_number),
     .help = "the collector is splunkd, whose Server header a proxy hides: events before the "
             "invalid-event-number are indexed"},
    {.name = "batch_bytes",
     .kind = SIEM_OPTION_BYTES,
     .value = "BYTES",
     .least = 1,
     .most = MOST_BYTES,
     .fallback = BODY_BYTES,
     .at = AT(remote.http.sink.pace.batch_bytes),
     .help = "bytes of a batch, after which it is sent"},
    {0},
};

/* ---- codes ---- */

/* What a code says of the events that were sent. */
typedef enum hec_meaning {
    HEC_UNKNOWN = 0, /* the vendor's table lacks it: the HTTP status decides */
    HEC_TAKEN,       /* they are in, or will be: delivered, or to be acknowledged */
    HEC_FILLING,     /* likewise, and fewer at once are wished for */
    HEC_BUSY,        /* not now: sent again */
    HEC_FAILED,      /* likewise, but one of them may be the cause */
    HEC_EVENT,       /* one of them is wrong: rejected */
    HEC_INDEX,       /* an index is not allowed: rejected if the record names it; else held */
    HEC_TOKEN        /* the token or its set-up is wrong: held */
} hec_meaning;

static const hec_meaning meanings[] = {
    [0] = HEC_TAKEN,    /* Success */
    [1] = HEC_TOKEN,    /* Token disabled */
    [2] = HEC_TOKEN,    /* Token is required */
    [3] = HEC_TOKEN,    /* Invalid authorization */
    [4] = HEC_TOKEN,    /* Invalid token */
    [5] = HEC_EVENT,    /* No data */
    [6] = HEC_EVENT,    /* Invalid data format */
    [7] = HEC_INDEX,    /* Incorrect index */
    [8] = HEC_FAILED,   /* Internal server error */
    [9] = HEC_BUSY,     /* Server is busy */
    [10] = HEC_TOKEN,   /* Data channel is missing */
    [11] = HEC_TOKEN,   /* Invalid data channel */
    [12] = HEC_EVENT,   /* Event field is required */
    [13] = HEC_EVENT,   /* Event field cannot be blank */
    [14] = HEC_TOKEN,   /* ACK is disabled */
    [15] = HEC_EVENT,   /* Error in handling indexed fields */
    [16] = HEC_TOKEN,   /* Query string authorization is not enabled */
    [17] = HEC_TAKEN,   /* HEC is healthy */
    [18] = HEC_BUSY,    /* HEC is unhealthy, queues are full */
    [19] = HEC_BUSY,    /* HEC is unhealthy, ack service unavailable */
    [20] = HEC_BUSY,    /* HEC is unhealthy, queues are full, ack service unavailable */
    [21] = HEC_TOKEN,   /* Invalid token */
    [22] = HEC_TOKEN,   /* Token disabled */
    [23] = HEC_BUSY,    /* Server is shutting down */
    [24] = HEC_FILLING, /* Queue approaching capacity */
    [25] = HEC_FILLING, /* ACK channel approaching capacity */
    [26] = HEC_BUSY,    /* Queue at capacity */
    [27] = HEC_BUSY,    /* ACK channel at capacity */
};

/* Of a code, or -1 for none. */
static hec_meaning meaning_of(int code) {
    bool is_known = code >= 0 && (size_t)code < sizeof meanings / sizeof *meanings;
    return is_known ? meanings[code] : HEC_UNKNOWN;
}

/* ---- writing ---- */

static size_t body_size(const siem_sink *sink, size_t count, size_t bytes) {
    (void)sink;
    (void)count;
    return bytes;
}

/* Two requests that wait for an ack must not share a channel: every indexer numbers the acks of a
 * channel from 0, and a balancer may have sent them to different ones. */
static void write_channel(const splunk_sink *splunk, const siem_lane *lane, siem_request *request) {
    if (splunk->channel[0] == '\0') return;
    if (splunk->ack && lane != NULL) {
        siem_request_add_header(request, false, "X-Splunk-Request-Channel: %.*s%s", CHANNEL_BASE,
                                splunk->channel, siem_lane_mark(lane));
    } else {
        siem_request_add_header(request, false, "X-Splunk-Request-Channel: %s", splunk->channel);
    }
}

static void write_head(const splunk_sink *splunk, const siem_lane *lane, const char *path,
                       siem_request *request) {
    siem_request_set_url(request, "%s/services/collector/%s", splunk->url, path);
    siem_request_add_header(request, true, "Authorization: Splunk %s",
                            siem_secret_text(splunk->token));
    siem_request_add_header(request, false, "Content-Type: application/json");
    write_channel(splunk, lane, request);
}

/* Asks whether the events of a ticket are indexed. */
static void write_ack_query(const splunk_sink *splunk, const siem_parcel *parcel,
                            siem_request *request) {
    char query[64];
    int size = snprintf(query, sizeof query, "{\"acks\":[%" PRId64 "]}", parcel->ticket);
    write_head(splunk, parcel->lane, "ack", request);
    siem_buffer_add(&request->content, query, (size_t)size);
    siem_request_use_content(request);
}

static siem_code frame(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    (void)sink;
    return siem_frame_lines(parcel, err);
}

static siem_code write_request(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                               siem_error *err) {
    const splunk_sink *splunk = (const splunk_sink *)sink;
    (void)err;
    parcel->credential = siem_secret_generation(splunk->token);
    if (parcel->ticket >= 0) {
        write_ack_query(splunk, parcel, request);
        return SIEM_OK;
    }
    write_head(splunk, parcel->lane, "event", request);
    return SIEM_OK;
}

/* ---- reading ---- */

/* A whole number from 0 on, or -1. */
static int integer_of(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    bool is_whole = cJSON_IsNumber(item) && item->valuedouble == (double)item->valueint;
    return is_whole && item->valueint >= 0 ? item->valueint : -1;
}

typedef struct hec_reply {
    cJSON *body; /* owned; NULL: no JSON */
    const char *text;
    int number;      /* of the first event that is not in, as it says; -1: none is named */
    bool is_splunkd; /* that answered */
} hec_reply;

/* Reads a response, first as HTTP alone. `count`: of the events that it is about. */
static hec_reply open_reply(const splunk_sink *splunk, const siem_response *response, size_t count,
                            siem_answer *answer) {
    hec_reply reply = {.text = NULL};
    siem_answer_http(answer, response);
    if (response->fault[0] == '\0') {
        reply.body = cJSON_ParseWithLength(response->body.bytes, response->body.size);
    }
    answer->code = integer_of(reply.body, "code");
    reply.text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply.body, "text"));
    if (reply.text == NULL) reply.text = "no reason given";
    reply.number = integer_of(reply.body, "invalid-event-number");
    if (reply.number >= 0 && (size_t)reply.number >= count) reply.number = -1;
    reply.is_splunkd = splunk->trusts_number || strcasecmp(response->server, "Splunkd") == 0;
    return reply;
}

/* The index that a record of the batch names for itself, as JSON text; empty when it names none. */
static const char *index_of(const siem_parcel *parcel, size_t record, size_t *size) {
    size_t record_size;
    const siem_encoding *encoding = siem_batch_encoding(parcel->items[record].batch);
    const char *value = "", *text = siem_parcel_at(parcel, record, &record_size);
    *size = 0;
    (void)encoding->find(text, record_size, "index", &value, size);
    return value;
}

/* Whether the record names another index than the configured one. When the configured index is
 * unknown, the export holds instead of rejecting the record: the token may lack a right. */
static bool names_own_index(const splunk_sink *splunk, const siem_parcel *parcel, size_t record) {
    size_t size;
    const char *name = index_of(parcel, record, &size);
    if (size == 0 || splunk->index == NULL) return false;
    return strlen(splunk->index) != size || memcmp(splunk->index, name, size) != 0;
}

static bool any_names_own_index(const splunk_sink *splunk, const siem_parcel *parcel) {
    for (size_t i = 0; i < parcel->count; i++) {
        if (names_own_index(splunk, parcel, i)) return true;
    }
    return false;
}

/* Whether events before the one that is named are indexed: splunkd alone works like that. With
 * acknowledgement, they still need an ack. */
static bool takes_in_order(const splunk_sink *splunk, const hec_reply *reply) {
    return reply->is_splunkd && !splunk->ack;
}

/* When the number may mean something else, the event that it names is only a suspect. */
static void reject_event(const hec_reply *reply, siem_answer *answer) {
    if (reply->number < 0 || !reply->is_splunkd) {
        siem_answer_halve(answer, "HEC code %d: %s", answer->code, reply->text);
        answer->suspect = reply->number;
        return;
    }
    siem_answer_all(answer, SIEM_UNDECIDED, "not looked at");
    siem_answer_one(answer, (size_t)reply->number, SIEM_REJECT, answer->http_status,
                    "HEC code %d: %s", answer->code, reply->text);
}

static void refuse_index(const splunk_sink *splunk, const siem_parcel *parcel,
                         const hec_reply *reply, siem_answer *answer) {
    bool is_named = reply->number >= 0 && reply->is_splunkd;
    bool is_records_fault = is_named ? names_own_index(splunk, parcel, (size_t)reply->number)
                                     : any_names_own_index(splunk, parcel);
    if (is_records_fault) {
        reject_event(reply, answer);
    } else {
        siem_answer_all(answer, SIEM_HOLD,
                        "HEC code 7: %s: allow the index for the token, or name another",
                        reply->text);
    }
}

/* Asks again after a pause as long as the events have waited, so that pauses double, or as long as
 * the server wants. The last request is sent at the end of the timeout. */
static void ask_later(const splunk_sink *splunk, const siem_parcel *parcel, siem_answer *answer) {
    double waited = siem_clock() - parcel->since;
    double pause = fmin(fmax(waited, FIRST_PAUSE), splunk->ack_pause);
    answer->next = SIEM_CONFIRM;
    answer->retry_after =
        fmin(fmax(pause, answer->retry_after), fmax(splunk->ack_timeout - waited, 0));
}

/* The events are indexed, or will be: with acknowledgement, a ticket identifies them. */
static void accept(const splunk_sink *splunk, siem_parcel *parcel, const hec_reply *reply,
                   siem_answer *answer) {
    int ticket = integer_of(reply->body, "ackId");
    answer->slow_down = meaning_of(answer->code) == HEC_FILLING;
    if (!splunk->ack) {
        siem_answer_all(answer, SIEM_DELIVERED, "HEC code %d", answer->code);
    } else if (ticket < 0) {
        siem_answer_all(answer, SIEM_HOLD,
                        "the collector gives no ackId: enable acknowledgement for the token, or "
                        "omit ack");
    } else {
        parcel->ticket = ticket;
        parcel->since = siem_clock();
        ask_later(splunk, parcel, answer);
    }
}

/* A code that the vendor's table lacks: the HTTP status decides, but it is never a success, because
 * nothing confirms the events. */
static void classify_unknown(siem_answer *answer, const char *text) {
    siem_verdict said = answer->outcomes[0].verdict;
    bool passes = said == SIEM_RETRY || said == SIEM_DELIVERED;
    siem_answer_all(answer, passes ? SIEM_RETRY : SIEM_HOLD, "HTTP %d, HEC code %d: %s",
                    answer->http_status, answer->code, text);
}

static void classify(const splunk_sink *splunk, siem_parcel *parcel, const hec_reply *reply,
                     siem_answer *answer) {
    const char *text = reply->text;
    switch (meaning_of(answer->code)) {
    case HEC_TAKEN:
    case HEC_FILLING:
        if (answer->http_status >= 200 && answer->http_status < 300) {
            accept(splunk, parcel, reply, answer);
        } else {
            classify_unknown(answer, text);
        }
        break;
    case HEC_BUSY:
    case HEC_FAILED:
        siem_answer_all(answer, SIEM_RETRY, "HEC code %d: %s", answer->code, text);
        answer->is_busy = meaning_of(answer->code) == HEC_BUSY;
        break;
    case HEC_EVENT: reject_event(reply, answer); break;
    case HEC_INDEX: refuse_index(splunk, parcel, reply, answer); break;
    case HEC_TOKEN:
        siem_answer_all(answer, SIEM_HOLD, "HEC code %d: %s: fix the collector's token",
                        answer->code, text);
        break;
    case HEC_UNKNOWN: classify_unknown(answer, text); break;
    }
}

/* Whatever the fault of the named event is, those before it are indexed. */
static void confirm_before(const splunk_sink *splunk, const hec_reply *reply, siem_answer *answer) {
    if (!takes_in_order(splunk, reply)) return;
    for (int i = 0; i < reply->number; i++) {
        siem_answer_one(answer, (size_t)i, SIEM_DELIVERED, answer->http_status, "indexed");
    }
}

/* {"acks": {"7": true}}: false is failed, pending or unknown. */
static bool is_acknowledged(const siem_parcel *parcel, const cJSON *body) {
    char id[24];
    (void)snprintf(id, sizeof id, "%" PRId64, parcel->ticket);
    const cJSON *acks = cJSON_GetObjectItemCaseSensitive(body, "acks");
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(acks, id));
}

/* The answer to `/ack` can only confirm events. After any other answer it is asked again until the
 * timeout, unless the set-up is wrong. */
static void read_ack_query(const splunk_sink *splunk, siem_parcel *parcel, const hec_reply *reply,
                           siem_answer *answer) {
    if (answer->outcomes[0].verdict == SIEM_DELIVERED && is_acknowledged(parcel, reply->body)) {
        siem_answer_all(answer, SIEM_DELIVERED, "acknowledged");
    } else if (meaning_of(answer->code) == HEC_TOKEN) {
        classify(splunk, parcel, reply, answer);
    } else if (answer->outcomes[0].verdict == SIEM_HOLD) {
        return;
    } else if (siem_clock() - parcel->since >= splunk->ack_timeout) {
        siem_answer_all(answer, SIEM_RETRY, "not acknowledged in %g s", splunk->ack_timeout);
    } else {
        ask_later(splunk, parcel, answer);
    }
}

static void read_events(const splunk_sink *splunk, siem_parcel *parcel, const hec_reply *reply,
                        siem_answer *answer) {
    if (answer->code >= 0) {
        classify(splunk, parcel, reply, answer);
        confirm_before(splunk, reply, answer);
    } else if (answer->outcomes[0].verdict == SIEM_DELIVERED) {
        siem_answer_all(answer, SIEM_RETRY, "the answer is not that of HEC: HTTP %d without a code",
                        answer->http_status);
    } else if (answer->http_status == 415) {
        siem_answer_all(answer, SIEM_HOLD, "HTTP 415: the collector takes no compressed bodies");
    }
}

static void read_response(siem_sink *sink, siem_parcel *parcel, const siem_response *response,
                          siem_answer *answer) {
    splunk_sink *splunk = (splunk_sink *)sink;
    bool is_question = parcel->ticket >= 0;
    hec_reply reply = open_reply(splunk, response, parcel->count, answer);
    if (is_question) read_ack_query(splunk, parcel, &reply, answer);
    else if (response->fault[0] == '\0') read_events(splunk, parcel, &reply, answer);
    bool is_bare = answer->next == SIEM_HALVE && answer->code < 0 && response->status != 413;
    if (is_bare) siem_answer_not_its_own(answer, response, "HEC");
    bool is_refused = response->status == 401 || answer->code == 4; /* 4: 403, invalid token */
    if (is_refused) siem_remote_renew(splunk->token, parcel, answer);
    cJSON_Delete(reply.body);
}

/* ---- ping ---- */

static siem_code write_health(siem_sink *sink, siem_request *request, siem_error *err) {
    (void)err;
    write_head((const splunk_sink *)sink, NULL, "health", request);
    request->method = "GET";
    return SIEM_OK;
}

/* 200 is healthy; else the code says what is not. The token is looked at by some versions only. A
 * receiver that is not splunkd may lack the page, or have codes of its own: the answer to the event
 * that follows decides then. */
static void read_health(siem_sink *sink, const siem_response *response, siem_answer *answer) {
    siem_parcel none = {.ticket = -1};
    hec_reply reply = open_reply((splunk_sink *)sink, response, 0, answer);
    bool is_success = answer->outcomes[0].verdict == SIEM_DELIVERED;
    hec_meaning meaning = meaning_of(answer->code);
    if (response->status == 404 || response->status == 405 || response->status == 501) {
        siem_answer_all(answer, SIEM_DELIVERED, "the collector has no health page");
    } else if (is_success && meaning == HEC_UNKNOWN) {
        siem_answer_all(answer, SIEM_DELIVERED, "there is a server (HTTP %d)", response->status);
    } else if (meaning == HEC_TAKEN || meaning == HEC_FILLING) {
        if (is_success) {
            siem_answer_all(answer, SIEM_DELIVERED, "HEC is healthy (code %d)", answer->code);
        }
    } else if (answer->code > 0) {
        classify((splunk_sink *)sink, &none, &reply, answer);
    }
    cJSON_Delete(reply.body);
}

/* An event without content indexes nothing: it is refused once the token was taken. */
static siem_code write_ping(siem_sink *sink, siem_request *request, siem_error *err) {
    (void)err;
    write_head((const splunk_sink *)sink, NULL, "event", request);
    siem_buffer_add(&request->content, "{}", 2);
    siem_request_use_content(request);
    return SIEM_OK;
}

static void read_ping(siem_sink *sink, const siem_response *response, siem_answer *answer) {
    siem_parcel none = {.ticket = -1};
    hec_reply reply = open_reply((splunk_sink *)sink, response, 0, answer);
    hec_meaning meaning = meaning_of(answer->code);
    if (meaning == HEC_EVENT) {
        siem_answer_all(answer, SIEM_DELIVERED, "the collector takes the token");
    } else if (answer->code >= 0 && meaning != HEC_INDEX) {
        classify((splunk_sink *)sink, &none, &reply, answer);
    } else if (answer->outcomes[0].verdict == SIEM_DELIVERED) {
        siem_answer_all(answer, SIEM_HOLD, "the server is not a HEC: correct the URL");
    }
    cJSON_Delete(reply.body);
}

static const siem_protocol protocol = {.body_size = body_size,
                                       .frame = frame,
                                       .write = write_request,
                                       .read = read_response,
                                       .write_ping = write_ping,
                                       .read_ping = read_ping,
                                       .write_health = write_health,
                                       .read_health = read_health};

/* ---- opening ---- */

static siem_code close_splunk(siem_sink *sink, siem_error *err) {
    splunk_sink *splunk = (splunk_sink *)sink;
    (void)err;
    siem_remote_close(&splunk->remote);
    free(splunk->index);
    free(splunk);
    return SIEM_OK;
}

/* A random GUID (RFC 9562, version 4). */
static siem_code make_channel(char out[CHANNEL_SIZE], siem_error *err) {
    unsigned char b[16];
    if (RAND_bytes(b, sizeof b) != 1) {
        return siem_error_set(err, SIEM_IO, "cannot make a channel: no random bytes");
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    (void)snprintf(out, CHANNEL_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
    return SIEM_OK;
}

static bool is_guid(const char *text) {
    static const char shape[CHANNEL_SIZE] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != CHANNEL_SIZE - 1) return false;
    for (size_t i = 0; i < CHANNEL_SIZE - 1; i++) {
        bool fits = shape[i] == '-' ? text[i] == '-' : isxdigit((unsigned char)text[i]) != 0;
        if (!fits) return false;
    }
    return true;
}

static siem_code set_channel(splunk_sink *splunk, siem_error *err) {
    const char *given = splunk->given_channel;
    if (given == NULL) return splunk->ack ? make_channel(splunk->channel, err) : SIEM_OK;
    if (!is_guid(given)) {
        return siem_error_of_option(err, SIEM_INVALID, "channel",
                                    "channel is a GUID of 36 characters");
    }
    (void)stpcpy(splunk->channel, given);
    return SIEM_OK;
}

/* As records have it, so that it need not be decoded for each of them. */
static siem_code set_index(splunk_sink *splunk, siem_error *err) {
    const char *given = splunk->given_index;
    siem_buffer text = {0};
    if (given == NULL) return SIEM_OK;
    (void)siem_json_write_text(&text, given, strlen(given));
    siem_buffer_add_char(&text, '\0');
    splunk->index = text.bytes;
    return text.failed ? siem_error_no_memory(err) : SIEM_OK;
}

static siem_code open_splunk(siem_sink **out, const siem_options *options, siem_error *err) {
    static const siem_remote_limits limits = {.body_bytes = BODY_BYTES, .takes_gzip = true};
    splunk_sink *splunk = calloc(1, sizeof *splunk);
    if (splunk == NULL) return siem_error_no_memory(err);
    splunk->remote.http.sink.kind = &siem_kind_splunk;
    splunk->remote.http.protocol = &protocol;
    siem_code rc = siem_remote_open(&splunk->remote, options, &limits, err);
    if (rc == SIEM_OK) {
        rc = siem_remote_cut_base("url", splunk->url, "/services/collector", err);
    }
    if (rc == SIEM_OK) rc = siem_remote_open_secrets(&splunk->remote, options, err);
    if (rc == SIEM_OK) rc = set_index(splunk, err);
    if (rc == SIEM_OK) rc = set_channel(splunk, err);
    if (rc == SIEM_OK) siem_remote_set_target(&splunk->remote, splunk->url);
    if (rc == SIEM_OK) *out = &splunk->remote.http.sink;
    else (void)close_splunk(&splunk->remote.http.sink, NULL);
    return rc;
}

const siem_sink_kind siem_kind_splunk = {.name = "splunk",
                                         .summary = "Splunk HTTP Event Collector",
                                         .format = "splunk",
                                         .from_format = "index",
                                         .options = options,
                                         .shared_options = siem_remote_options,
                                         .open = open_splunk,
                                         .accepts = SIEM_ACCEPTS_JSON,
                                         .can = SIEM_REJECTS | SIEM_PREVIEWS,
                                         .carrier = &siem_http_carrier,
                                         .close = close_splunk};
