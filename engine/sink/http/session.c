/* session.c: a call for each parcel, and one exchange for the requests before them. */
#include "sink/http/session.h"

#include "base/error.h"
#include "sink/http/preview.h"
#include "sink/http/status.h"

#include <stdlib.h>
#include <string.h>

struct siem_call {
    siem_exchange exchange;
    siem_lane *lane;
    siem_parcel *parcel;
    siem_call *next; /* of the list that it is on */
};

static siem_http_sink *http_of(siem_sink *sink) {
    return (siem_http_sink *)sink;
}

siem_code siem_session_open(siem_session *session, const siem_transport_options *options,
                            siem_error *err) {
    return siem_transport_open(&session->transport, options, err);
}

void siem_session_close(siem_session *session) {
    siem_lane_close(session->lanes);
    siem_transport_close(session->transport);
}

/* ---- calls ---- */

/* The call of a parcel, which it keeps from its first request to its release. */
static siem_call *call_of(siem_session *session, siem_parcel *parcel) {
    siem_call *call = parcel->state;
    if (call != NULL) return call;
    call = session->idle;
    if (call != NULL) session->idle = call->next;
    else call = calloc(1, sizeof *call);
    if (call == NULL) return NULL;
    call->parcel = parcel;
    call->next = NULL;
    parcel->state = call;
    return call;
}

static void add_waiting(siem_session *session, siem_call *call) {
    siem_call **at = &session->waiting;
    while (*at != NULL) at = &(*at)->next;
    *at = call;
    call->next = NULL;
}

static void remove_waiting(siem_session *session, const siem_call *call) {
    siem_call **at = &session->waiting;
    while (*at != NULL && *at != call) at = &(*at)->next;
    if (*at != NULL) *at = call->next;
}

/* ---- beginning ---- */

/* A preview shows what would be compressed. */
siem_code siem_session_compress(const siem_sink *sink, siem_body *body, siem_error *err) {
    siem_compressors *compressors = ((const siem_http_sink *)sink)->compressors;
    if (compressors == NULL || body->size == 0) return SIEM_OK;
    if (sink->preview == NULL) return siem_compressors_run(compressors, body, err);
    body->encoding = siem_compressors_encoding(compressors);
    return SIEM_OK;
}

siem_code siem_session_prepare(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    const siem_http_sink *http = (const siem_http_sink *)sink;
    if (http->protocol->frame == NULL) return SIEM_OK;
    siem_code rc = http->protocol->frame(sink, parcel, err);
    return rc == SIEM_OK ? siem_session_compress(sink, &parcel->body, err) : rc;
}

siem_code siem_session_write(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                             siem_error *err) {
    const siem_protocol *protocol = http_of(sink)->protocol;
    siem_request_clear(request);
    if (protocol->frame != NULL) siem_request_use_body(request, &parcel->body);
    return protocol->write(sink, parcel, request, err);
}

siem_code siem_session_exchange(siem_sink *sink, siem_exchange *exchange, siem_error *err) {
    siem_session *session = &http_of(sink)->session;
    if (!session->exposure_told && siem_request_is_exposed(&exchange->request)) {
        const char *url = exchange->request.url.bytes;
        int origin = (int)(7 + strcspn(url + 7, "/?#"));
        siem_sink_add_remark(sink, "credentials go to %.*s unencrypted: use https", origin, url);
        session->exposure_told = true;
    }
    return siem_transport_begin(session->transport, exchange, err);
}

static siem_code ask_prelude(siem_sink *sink, siem_error *err) {
    siem_session *session = &http_of(sink)->session;
    if (session->phase == SIEM_ASKED) return SIEM_OK;
    siem_request_clear(&session->prelude.request);
    siem_code rc = http_of(sink)->protocol->write_prelude(sink, &session->prelude.request, err);
    if (rc == SIEM_OK) rc = siem_session_exchange(sink, &session->prelude, err);
    if (rc == SIEM_OK) session->phase = SIEM_ASKED;
    return rc;
}

/* A node that failed, or lost the records, is avoided if the balancer has others. A late
 * confirmation of an earlier attempt does not count for this one. */
static siem_code choose_lane(siem_session *session, siem_call *call, siem_error *err) {
    siem_parcel *parcel = call->parcel;
    siem_code rc = SIEM_OK;
    if (call->lane == NULL) rc = siem_lane_take(&call->lane, &session->lanes, err);
    else if (parcel->elsewhere) rc = siem_lane_renew(call->lane, err);
    parcel->elsewhere = false;
    parcel->lane = call->exchange.lane = call->lane;
    return rc;
}

/* Shows the requests; those before the events once. */
static siem_code show(siem_sink *sink, siem_call *call, siem_error *err) {
    siem_session *session = &http_of(sink)->session;
    siem_code rc = SIEM_OK;
    if (!session->prelude_shown) rc = siem_preview_prelude(sink, http_of(sink)->protocol, err);
    session->prelude_shown = true;
    if (rc == SIEM_OK) rc = siem_session_write(sink, call->parcel, &call->exchange.request, err);
    if (rc == SIEM_OK) rc = siem_preview_request(sink, &call->exchange.request, err);
    if (rc == SIEM_OK) add_waiting(session, call);
    return rc;
}

static siem_code begin(siem_sink *sink, siem_call *call, siem_error *err) {
    siem_http_sink *http = http_of(sink);
    const siem_protocol *protocol = http->protocol;
    if (sink->preview == NULL && protocol->needs_prelude != NULL && protocol->needs_prelude(sink)) {
        siem_code rc = ask_prelude(sink, err);
        if (rc == SIEM_OK) add_waiting(&http->session, call);
        return rc;
    }
    siem_code rc = choose_lane(&http->session, call, err);
    if (rc != SIEM_OK) return rc;
    if (sink->preview != NULL) return show(sink, call, err);
    rc = siem_session_write(sink, call->parcel, &call->exchange.request, err);
    call->exchange.owner = call;
    return rc == SIEM_OK ? siem_session_exchange(sink, &call->exchange, err) : rc;
}

siem_code siem_session_begin(siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    siem_call *call = call_of(&http_of(sink)->session, parcel);
    siem_code rc = call != NULL ? begin(sink, call, err) : siem_error_no_memory(err);
    if (rc != SIEM_OK) siem_error_prefix(err, "%s", sink->kind->name);
    return rc;
}

/* ---- answers ---- */

void siem_session_wait(siem_sink *sink, int milliseconds) {
    siem_session *session = &http_of(sink)->session;
    bool has_answer = session->waiting != NULL && session->phase != SIEM_ASKED;
    siem_transport_wait(session->transport, has_answer ? 0 : milliseconds);
}

/* Reads the answer of a request before the parcels. They continue, except the first one if it
 * failed. */
static void end_prelude(siem_sink *sink) {
    siem_session *session = &http_of(sink)->session;
    siem_answer *answer = &session->answer;
    *answer = siem_answer_begin(&session->outcome, 1);
    http_of(sink)->protocol->read_prelude(sink, &session->prelude.response, answer);
    siem_answer_mask(answer, &session->prelude.request);
    /* With the transport's buffers, in which the answer with the token was. */
    siem_exchange_free(session->transport, &session->prelude);
    session->phase = SIEM_ANSWERED;
    if (session->outcome.verdict != SIEM_DELIVERED || !answer->remark) return;
    siem_sink_add_remark(sink, "%s: %s", sink->kind->name, answer->reason);
}

/* The answer of a parcel that was not sent, or only shown. */
static void answer_unsent(siem_session *session, bool is_shown, siem_answer *answer) {
    siem_verdict verdict = session->outcome.verdict;
    if (is_shown) {
        siem_answer_all(answer, SIEM_DELIVERED, "not sent");
        return;
    }
    if (session->phase != SIEM_ANSWERED ||
        (verdict == SIEM_DELIVERED && session->answer.next != SIEM_RENEWED)) {
        answer->next = SIEM_AGAIN;
        return;
    }
    answer->http_status = session->answer.http_status;
    answer->code = session->answer.code;
    siem_answer_all(answer, verdict, "%s", session->answer.reason);
    answer->retry_after = session->answer.retry_after;
    answer->next = session->answer.next;
    answer->about_target = true;
}

static siem_parcel *next_waiting(siem_sink *sink, siem_answer *answer) {
    siem_session *session = &http_of(sink)->session;
    siem_call *call = session->waiting;
    if (call == NULL || session->phase == SIEM_ASKED) return NULL;
    session->waiting = call->next;
    call->next = NULL;
    *answer = siem_answer_begin(call->parcel->outcomes, call->parcel->count);
    answer_unsent(session, sink->preview != NULL, answer);
    siem_answer_clear(&session->answer);
    session->phase = SIEM_NOT_ASKED; /* the others ask again */
    return call->parcel;
}

siem_parcel *siem_session_next(siem_sink *sink, siem_answer *answer) {
    siem_session *session = &http_of(sink)->session;
    siem_parcel *parcel = next_waiting(sink, answer);
    while (parcel == NULL) {
        siem_exchange *exchange = siem_transport_next(session->transport);
        if (exchange == NULL) return NULL;
        if (exchange == &session->prelude) {
            end_prelude(sink);
            parcel = next_waiting(sink, answer);
            continue;
        }
        const siem_call *call = exchange->owner;
        parcel = call->parcel;
        *answer = siem_answer_begin(parcel->outcomes, parcel->count);
        http_of(sink)->protocol->read(sink, parcel, &exchange->response, answer);
        siem_answer_mask(answer, &exchange->request);
        siem_request_clear(&exchange->request);
    }
    return parcel;
}

/* ---- ending ---- */

void siem_session_release(siem_sink *sink, siem_parcel *parcel, bool is_settled) {
    siem_session *session = &http_of(sink)->session;
    siem_call *call = parcel->state;
    if (call == NULL) return;
    siem_transport_cancel(session->transport, &call->exchange);
    remove_waiting(session, call);
    if (session->waiting == NULL && session->phase == SIEM_ASKED) {
        siem_transport_cancel(session->transport, &session->prelude);
        session->phase = SIEM_NOT_ASKED;
    }
    /* A lane with an outstanding confirmation that nobody waits for is not used again. */
    if (is_settled) siem_lane_give(call->lane, &session->lanes);
    else siem_lane_close(call->lane);
    call->lane = call->exchange.lane = NULL;
    siem_request_clear(&call->exchange.request);
    call->next = session->idle;
    session->idle = call;
    parcel->state = NULL;
    parcel->lane = NULL;
}

void siem_session_rest(siem_sink *sink) {
    siem_session *session = &http_of(sink)->session;
    while (session->idle != NULL) {
        siem_call *call = session->idle;
        session->idle = call->next;
        siem_exchange_free(session->transport, &call->exchange);
        free(call);
    }
    siem_exchange_free(session->transport, &session->prelude);
    if (http_of(sink)->compressors != NULL) siem_compressors_rest(http_of(sink)->compressors);
    session->prelude_shown = false;
}
