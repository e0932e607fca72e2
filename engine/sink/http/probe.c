/* probe.c: requests that are sent one after another, and waited for. */
#include "sink/http/probe.h"

#include "base/error.h"
#include "record/batch.h"
#include "sink/http/session.h"
#include "sink/http/status.h"

#include <stdio.h>
#include <string.h>

#define POLL_MS 100 /* of waiting for an answer, between two questions whether to go on */

static bool goes_on(void *context) {
    const siem_sink *sink = context;
    return sink->go_on == NULL || sink->go_on(sink->go_on_context);
}

static void report(const siem_sink *sink, const char *text) {
    if (sink->notice != NULL) sink->notice(sink->notice_context, text);
}

static const siem_protocol *protocol_of(const siem_sink *sink) {
    return ((const siem_http_sink *)sink)->protocol;
}

static siem_transport *transport_of(const siem_sink *sink) {
    return ((const siem_http_sink *)sink)->session.transport;
}

/* Sends the request of an exchange and waits for its end. */
static siem_code exchange_once(siem_sink *sink, siem_exchange *exchange, siem_error *err) {
    char text[SIEM_REPORT_SIZE];
    siem_transport *transport = transport_of(sink);
    siem_code rc = siem_session_exchange(sink, exchange, err);
    if (siem_sink_remark(sink, text)) report(sink, text);
    while (rc == SIEM_OK && siem_transport_next(transport) == NULL) {
        siem_transport_wait(transport, POLL_MS);
        if (goes_on(sink)) continue;
        siem_transport_cancel(transport, exchange);
        rc = siem_error_set(err, SIEM_CANCELLED, "stopped on request");
    }
    return rc;
}

static siem_code judge(const siem_sink *sink, const siem_answer *answer, siem_error *err) {
    const char *kind = sink->kind->name;
    switch (answer->outcomes[0].verdict) {
    case SIEM_DELIVERED: return SIEM_OK;
    case SIEM_RETRY:
        return siem_error_set(err, SIEM_UNAVAILABLE, "%s: %s%s", kind, answer->reason,
                              siem_sink_wish(sink, answer->retry_after).text);
    default: return siem_error_set(err, SIEM_HELD, "%s: %s", kind, answer->reason);
    }
}

/* When a protocol has no request without effect, any answer shows that the target is reachable.
 */
static siem_code find_server(siem_sink *sink, siem_exchange *exchange, siem_answer *answer,
                             siem_error *err) {
    siem_parcel nothing = {.ticket = -1};
    siem_request_clear(&exchange->request);
    siem_code rc = protocol_of(sink)->write(sink, &nothing, &exchange->request, err);
    exchange->request.method = "HEAD";
    exchange->request.body_size = 0;
    siem_parcel_unprepare(&nothing);
    if (rc == SIEM_OK) rc = exchange_once(sink, exchange, err);
    if (rc != SIEM_OK) return rc;
    if (exchange->response.fault[0] != '\0') {
        siem_answer_http(answer, &exchange->response);
    } else {
        siem_answer_all(answer, SIEM_DELIVERED, "there is a server (HTTP %d)",
                        exchange->response.status);
    }
    siem_answer_mask(answer, &exchange->request);
    return judge(sink, answer, err);
}

/* One thing that is asked of a target. */
typedef struct step {
    siem_code (*write)(siem_sink *sink, siem_request *request, siem_error *err);
    void (*read)(siem_sink *sink, const siem_response *response, siem_answer *answer);
} step;

static siem_code ask(siem_sink *sink, step s, siem_exchange *exchange, siem_answer *answer,
                     siem_error *err) {
    siem_answer_clear(answer);
    *answer = siem_answer_begin(answer->outcomes, 1);
    siem_request_clear(&exchange->request);
    siem_code rc = s.write(sink, &exchange->request, err);
    if (rc == SIEM_OK) rc = exchange_once(sink, exchange, err);
    if (rc != SIEM_OK) return rc;
    s.read(sink, &exchange->response, answer);
    siem_answer_mask(answer, &exchange->request);
    return judge(sink, answer, err);
}

/* All that is asked before events. */
static siem_code ask_prelude(siem_sink *sink, siem_exchange *exchange, siem_answer *answer,
                             siem_error *err) {
    const siem_protocol *protocol = protocol_of(sink);
    step prelude = {protocol->write_prelude, protocol->read_prelude};
    siem_code rc = ask(sink, prelude, exchange, answer, err);
    while (rc == SIEM_OK && protocol->needs_prelude(sink)) {
        rc = ask(sink, prelude, exchange, answer, err);
    }
    return rc;
}

/* Adds what a target answered to what it answered before, as far as it fits. */
static void add_answer(char text[200], const siem_answer *answer) {
    const size_t size = strlen(text), room = 199 - size;
    const char *mark = *text != '\0' ? "; " : "";
    if (room <= strlen(mark)) return;
    (void)snprintf(text + size, room + 1, "%s%s", mark, answer->reason);
}

/* Sends all requests that a protocol has for this, and joins the answers. */
static siem_code ask_all(siem_sink *sink, siem_exchange *exchange, siem_answer *answer,
                         char text[200], siem_error *err) {
    const siem_protocol *protocol = protocol_of(sink);
    const step steps[] = {{protocol->write_health, protocol->read_health},
                          {protocol->write_ping, protocol->read_ping}};
    siem_code rc = SIEM_OK;
    for (size_t i = 0; rc == SIEM_OK && i < 2; i++) {
        if (steps[i].write == NULL) continue;
        rc = ask(sink, steps[i], exchange, answer, err);
        add_answer(text, answer);
    }
    if (rc != SIEM_OK) return rc;
    bool has_prelude = protocol->needs_prelude != NULL, has_ping = protocol->write_ping != NULL;
    if (has_ping && !(has_prelude && protocol->needs_prelude(sink))) return SIEM_OK;
    rc = has_prelude ? ask_prelude(sink, exchange, answer, err)
                     : find_server(sink, exchange, answer, err);
    add_answer(text, answer);
    return rc;
}

siem_code siem_probe_ping(siem_sink *sink, char answer_text[200], siem_error *err) {
    siem_exchange exchange = {.owner = NULL};
    siem_outcome outcome;
    siem_answer answer = siem_answer_begin(&outcome, 1);
    char text[200] = "";
    siem_code rc = ask_all(sink, &exchange, &answer, text, err);
    if (rc == SIEM_OK) memcpy(answer_text, text, sizeof text);
    siem_answer_clear(&answer);
    siem_exchange_free(transport_of(sink), &exchange);
    return rc;
}

static siem_code count_once(siem_sink *sink, const siem_count *count, siem_exchange *exchange,
                            siem_answer *answer, siem_error *err) {
    const siem_protocol *protocol = protocol_of(sink);
    memset(count->counts, 0, count->size * sizeof *count->counts);
    siem_request_clear(&exchange->request);
    siem_code rc = protocol->write_count(sink, count, &exchange->request, err);
    if (rc == SIEM_OK) rc = exchange_once(sink, exchange, err);
    if (rc != SIEM_OK) return rc;
    protocol->read_count(sink, &exchange->response, count, answer);
    siem_answer_mask(answer, &exchange->request);
    return judge(sink, answer, err);
}

/* Reports a failed attempt and waits for the next one. */
static siem_code wait_out(siem_sink *sink, int64_t attempts, const siem_answer *answer,
                          siem_error *err) {
    char text[SIEM_REPORT_SIZE];
    double pause = siem_patience_pause(&sink->pace.patience, attempts, answer->retry_after);
    if (siem_sink_waits(sink, pause, answer->retry_after, text)) report(sink, text);
    return siem_patience_wait(pause, goes_on, sink) ? SIEM_OK
                                                    : siem_outage_cancelled(&sink->outage, err);
}

siem_code siem_probe_count(siem_sink *sink, const siem_count *count, siem_error *err) {
    char text[SIEM_REPORT_SIZE];
    siem_exchange exchange = {.owner = NULL};
    siem_code rc = SIEM_OK;
    bool again = true;
    for (int64_t attempts = 0; rc == SIEM_OK && again; attempts++) {
        siem_outcome outcome;
        siem_answer answer = siem_answer_begin(&outcome, 1);
        rc = count_once(sink, count, &exchange, &answer, err);
        if (rc == SIEM_UNAVAILABLE) siem_sink_fails(sink, answer.reason);
        again = rc == SIEM_UNAVAILABLE && attempts < sink->pace.patience.retries;
        if (again) rc = wait_out(sink, attempts, &answer, err);
        siem_answer_clear(&answer);
    }
    siem_exchange_free(transport_of(sink), &exchange);
    if (rc == SIEM_OK && siem_sink_works(sink, text)) report(sink, text);
    return rc;
}
