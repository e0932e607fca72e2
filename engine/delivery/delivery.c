/* delivery.c: the loop that sends, waits and tries again, until every shipment has arrived. */
#include "delivery/delivery.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"
#include "delivery/blame.h"
#include "delivery/shipment.h"
#include "record/batch.h"
#include "sink/http/preview.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_MS         100 /* between two questions whether to go on */
#define SLOW_DOWN_PAUSE 1.0 /* when a server nears its limits */
#define LAST_WAIT       5.0 /* for what is under way, after a request to stop */
#define MOST_RESERVED   ((size_t)64 << 20)
#define RECORD_ROOM     ((size_t)64 << 10) /* for the record that fills a batch */
#define SPARE_BATCHES   4 /* sent beside one with a record that others show to be at fault */

struct siem_delivery {
    siem_sink *sink;
    size_t batch_bytes;
    siem_delivery_calls calls;
    siem_shipment
        *shipments; /* a ring: `used` from `first` on are under way, the next is being filled */
    size_t capacity, first, used;
    siem_exchange prelude;
    siem_phase prelude_phase; /* SIEM_DONE: not in flight */
    int64_t prelude_attempts;
    bool prelude_renewed; /* the secret, since the last answer that was another one */
    bool prelude_shown;   /* in a preview */
    double not_before; /* of every start: credentials that wait, a server that nears its limits */
    siem_position reached, before_last; /* with all events, and without that of the last record */
    uint64_t delivered;                 /* records, in all answers so far */
    uint64_t retries, cut;
    siem_error failure; /* SIEM_OK: none */
    double last_wait;   /* until when what is under way is waited for after the failure */
    bool uses_sink;     /* it has records for the sink, which must outlive them */
};

/* ---- opening ---- */

siem_code siem_delivery_open(siem_delivery **out, siem_sink *sink, size_t batch_bytes,
                             const siem_delivery_calls *calls, siem_error *err) {
    *out = NULL;
    siem_delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery == NULL) return siem_error_no_memory(err);
    *delivery = (siem_delivery){.sink = sink,
                                .batch_bytes = sink->pace.batch_bytes != 0 ? sink->pace.batch_bytes
                                                                           : batch_bytes,
                                .calls = *calls,
                                .capacity = sink->pace.in_flight + 1 + SPARE_BATCHES,
                                .prelude_phase = SIEM_DONE};
    delivery->shipments = calloc(delivery->capacity, sizeof *delivery->shipments);
    siem_code rc = delivery->shipments != NULL ? SIEM_OK : siem_error_no_memory(err);
    for (size_t i = 0; rc == SIEM_OK && i < delivery->capacity; i++) {
        rc = siem_batch_open(&delivery->shipments[i].batch, err);
        bool is_usual = i <= sink->pace.in_flight;
        if (rc == SIEM_OK && is_usual && delivery->batch_bytes < MOST_RESERVED) {
            siem_batch_reserve(delivery->shipments[i].batch, delivery->batch_bytes + RECORD_ROOM);
        }
    }
    if (rc == SIEM_OK) *out = delivery;
    else siem_delivery_close(delivery);
    return rc;
}

static void use_sink(siem_delivery *delivery) {
    if (!delivery->uses_sink) delivery->sink->users++;
    delivery->uses_sink = true;
}

/* Releases the sink, which may be closed before a delivery that has ended. */
static void release_sink(siem_delivery *delivery) {
    if (!delivery->uses_sink) return;
    siem_transport *http = delivery->sink->http;
    for (size_t i = 0; i < delivery->capacity; i++) {
        siem_exchange *exchange = &delivery->shipments[i].exchange;
        siem_lane *lane = exchange->lane;
        siem_exchange_free(http, exchange);
        siem_lane_close(lane);
    }
    siem_exchange_free(http, &delivery->prelude);
    delivery->uses_sink = false;
    delivery->sink->users--;
}

void siem_delivery_close(siem_delivery *delivery) {
    if (delivery == NULL) return;
    release_sink(delivery);
    for (size_t i = 0; delivery->shipments != NULL && i < delivery->capacity; i++) {
        siem_shipment_release(&delivery->shipments[i]);
    }
    free(delivery->shipments);
    free(delivery);
}

siem_batch *siem_delivery_batch(siem_delivery *delivery) {
    return delivery->shipments[(delivery->first + delivery->used) % delivery->capacity].batch;
}

bool siem_delivery_uses_sink(const siem_delivery *delivery) {
    return delivery->uses_sink;
}

bool siem_delivery_is_under_way(const siem_delivery *delivery) {
    return delivery->used > 0;
}

uint64_t siem_delivery_retries(const siem_delivery *delivery) {
    return delivery->retries;
}

uint64_t siem_delivery_cut(const siem_delivery *delivery) {
    return delivery->cut;
}

/* ---- failures and pauses ---- */

/* The first failure stays: what follows it may be its consequence. */
__attribute__((format(printf, 3, 4))) static void fail(siem_delivery *delivery, siem_code code,
                                                       const char *format, ...) {
    char message[sizeof delivery->failure.message];
    va_list arguments;
    if (delivery->failure.code != SIEM_OK) return;
    delivery->failure.code = code;
    delivery->last_wait = INFINITY;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    siem_utf8_line(delivery->failure.message, sizeof message, message);
}

/* Reports that an attempt failed, when that is due, and how long the pause before the next is. */
static void report_wait(siem_delivery *delivery, const siem_answer *answer, double pause) {
    char text[SIEM_REPORT_SIZE];
    if (!siem_sink_waits(delivery->sink, pause, answer->retry_after, text)) return;
    delivery->calls.notice(delivery->calls.context, text);
}

/* Reports that the target works again, when it is known that it did not. */
static void report_success(siem_delivery *delivery) {
    char text[SIEM_REPORT_SIZE];
    if (!siem_sink_works(delivery->sink, text)) return;
    delivery->calls.notice(delivery->calls.context, text);
}

static void report_remark(siem_delivery *delivery, const siem_answer *answer) {
    char text[SIEM_REPORT_SIZE];
    (void)snprintf(text, sizeof text, "%s: %s", delivery->sink->kind->name, answer->reason);
    delivery->calls.notice(delivery->calls.context, text);
}

/* Counts an attempt without success. Gives when the next one is due, or ends the delivery. */
static double try_later(siem_delivery *delivery, int64_t *attempts, const siem_answer *answer) {
    siem_sink *sink = delivery->sink;
    siem_sink_fails(sink, answer->reason);
    if (++*attempts > sink->pace.retries) {
        fail(delivery, SIEM_UNAVAILABLE, "%s: given up after %lld attempt(s): %s%s",
             sink->kind->name, (long long)*attempts, answer->reason,
             siem_sink_wish(sink, answer->retry_after).text);
        return INFINITY;
    }
    delivery->retries++;
    double pause = siem_sink_pause(sink, *attempts - 1, answer->retry_after);
    report_wait(delivery, answer, pause);
    return siem_clock() + pause;
}

static void hold(siem_delivery *delivery, const char *reason) {
    fail(delivery, SIEM_HELD, "%s: %s", delivery->sink->kind->name, reason);
}

/* ---- what an answer means ---- */

/* Sends the same again with another credential, but not round in circles: when that one is refused
 * as well, it is no matter of its age. */
static bool try_renewed(siem_delivery *delivery, bool *renewed, const siem_answer *answer) {
    bool may = answer->next == SIEM_RENEWED && !*renewed;
    *renewed = answer->next == SIEM_RENEWED;
    delivery->retries += may;
    return may;
}

/* The next attempt goes to the node that the balancer then chooses: it may be another one than that
 * which failed or lost the records. A promise of this attempt that comes true later is not taken
 * for one of the next. */
static void change_lane(siem_delivery *delivery, siem_shipment *s) {
    siem_error err;
    if (s->exchange.lane == NULL) return;
    siem_code rc = siem_lane_renew(s->exchange.lane, &err);
    if (rc != SIEM_OK) fail(delivery, rc, "%s", err.message);
}

/* Takes what is decided. */
static void take(siem_delivery *delivery, siem_shipment *s, siem_answer *answer) {
    siem_blame_judge(s, answer, delivery->delivered, s->attempts >= delivery->sink->pace.retries);
    siem_decision decision = siem_shipment_take(s, answer);
    delivery->delivered += decision.delivered;
    if (decision.remedy != NULL) hold(delivery, decision.remedy);
    /* Nothing says what is wrong with the record: neither the protocol's code, nor 413. */
    bool is_vague = answer->next == SIEM_HALVE && answer->code < 0 && answer->http_status != 413;
    if (is_vague && siem_shipment_absolve(s)) {
        siem_answer_add_reason(
            answer, "so are all others, each alone: correct the sink's options or the target");
        hold(delivery, answer->reason);
    }
    siem_sizing_learn(&delivery->sink->sizing, answer, &s->too_much, siem_batch_size(s->batch));
    siem_answer_clear(answer);
    if (decision.decided > 0) s->attempts = 0;
    if (decision.decided > 0 && !decision.retry) report_success(delivery);
    if (delivery->failure.code != SIEM_OK) return;
    /* An answer that decides nothing must not be asked for in a circle. */
    if (decision.retry || decision.decided == 0) {
        siem_blame_rearrange(s);
        s->delivered_before = delivery->delivered;
        s->not_before = try_later(delivery, &s->attempts, answer);
        change_lane(delivery, s);
    }
}

static void apply(siem_delivery *delivery, siem_shipment *s, siem_answer *answer) {
    s->phase = SIEM_READY;
    s->not_before = 0;
    if (answer->slow_down) delivery->not_before = siem_clock() + SLOW_DOWN_PAUSE;
    if (try_renewed(delivery, &s->renewed, answer)) {
        return; /* with its ticket: then the question, not the events */
    }
    if (answer->next == SIEM_CONFIRM) {
        double pause = siem_sink_pause(delivery->sink, 0, answer->retry_after);
        if (answer->outcomes[0].verdict == SIEM_RETRY) { /* the question itself failed */
            siem_sink_fails(delivery->sink, answer->reason);
            report_wait(delivery, answer, pause);
        }
        s->not_before = siem_clock() + pause;
        return;
    }
    s->parcel.ticket = -1;
    if (answer->next == SIEM_HALVE && s->own > 1) {
        siem_answer_clear(answer);
        siem_shipment_halve(s, answer->suspect);
    } else {
        take(delivery, s, answer);
    }
}

/* ---- starting ---- */

static siem_code preview(siem_delivery *delivery, siem_shipment *s, siem_error *err) {
    siem_code rc = siem_preview_request(delivery->sink, &s->exchange.request, err);
    if (rc != SIEM_OK) return rc;
    siem_answer answer = siem_answer_begin(s->scratch, s->parcel.count);
    siem_answer_all(&answer, SIEM_DELIVERED, "not sent");
    apply(delivery, s, &answer);
    return SIEM_OK;
}

static siem_code begin(siem_delivery *delivery, siem_exchange *exchange, void *owner,
                       siem_error *err) {
    char text[SIEM_REPORT_SIZE];
    if (siem_sink_remark(delivery->sink, &exchange->request, text)) {
        delivery->calls.notice(delivery->calls.context, text);
    }
    exchange->owner = owner;
    return siem_transport_begin(delivery->sink->http, exchange, err);
}

static void start_prelude(siem_delivery *delivery) {
    siem_sink *sink = delivery->sink;
    siem_error err;
    if (delivery->prelude_phase == SIEM_ACTIVE) return;
    siem_request_clear(&delivery->prelude.request);
    siem_code rc = sink->kind->protocol->write_prelude(sink, &delivery->prelude.request, &err);
    if (rc == SIEM_OK) rc = begin(delivery, &delivery->prelude, NULL, &err);
    if (rc == SIEM_OK) delivery->prelude_phase = SIEM_ACTIVE;
    else fail(delivery, rc, "%s: %s", sink->kind->name, err.message);
}

static void start_remote(siem_delivery *delivery, siem_shipment *s) {
    siem_sink *sink = delivery->sink;
    const siem_protocol *protocol = sink->kind->protocol;
    siem_error err;
    if (protocol->needs_prelude != NULL && sink->preview == NULL && protocol->needs_prelude(sink)) {
        start_prelude(delivery);
        return;
    }
    siem_request_clear(&s->exchange.request);
    siem_code rc = SIEM_OK;
    if (sink->preview != NULL && !delivery->prelude_shown) {
        rc = siem_preview_prelude(sink, &err);
        delivery->prelude_shown = true;
    }
    if (rc == SIEM_OK && s->exchange.lane == NULL) {
        rc = siem_lane_take(&s->exchange.lane, &sink->lanes, &err);
    }
    s->parcel.lane = s->exchange.lane;
    if (s->delivered_before == UINT64_MAX) s->delivered_before = delivery->delivered;
    if (rc == SIEM_OK) rc = protocol->write(sink, &s->parcel, &s->exchange.request, &err);
    if (rc == SIEM_OK && sink->preview != NULL) {
        rc = preview(delivery, s, &err);
    } else if (rc == SIEM_OK) {
        rc = begin(delivery, &s->exchange, s, &err);
        if (rc == SIEM_OK) s->phase = SIEM_ACTIVE;
    }
    if (rc != SIEM_OK) fail(delivery, rc, "%s: %s", sink->kind->name, err.message);
}

/* A local sink takes whole batches; after a retry, what it has not taken is a batch of its own. */
static void start_local(siem_delivery *delivery, siem_shipment *s) {
    siem_sink *sink = delivery->sink;
    siem_error err;
    siem_answer answer = siem_answer_begin(s->scratch, s->parcel.count);
    const siem_batch *batch = s->batch;
    siem_batch *rest = NULL;
    siem_code rc = SIEM_OK;
    if (s->parcel.count < siem_batch_size(s->batch)) {
        rc = siem_batch_copy(&rest, s->batch, s->parcel.records, s->parcel.count, &err);
        batch = rest;
    }
    if (rc == SIEM_OK) rc = sink->kind->send(sink, batch, &answer, &err);
    siem_batch_close(rest);
    if (rc == SIEM_OK) {
        apply(delivery, s, &answer);
        return;
    }
    (void)siem_shipment_take(s, &answer);
    fail(delivery, rc, "%s", err.message);
}

static void start(siem_delivery *delivery, siem_shipment *s) {
    /* A parcel that is to be confirmed stays as it is. */
    size_t most = siem_sizing_most(&delivery->sink->sizing);
    bool stores_once = delivery->sink->http != NULL && delivery->sink->kind->protocol->stores_once;
    if (s->parcel.ticket < 0 && !siem_shipment_next(s, most, stores_once)) s->phase = SIEM_DONE;
    else if (delivery->sink->http != NULL) start_remote(delivery, s);
    else start_local(delivery, s);
}

/* ---- the loop ---- */

static siem_shipment *under_way(siem_delivery *delivery, size_t index) {
    return &delivery->shipments[(delivery->first + index) % delivery->capacity];
}

static size_t count_active(siem_delivery *delivery) {
    size_t active = 0;
    for (size_t i = 0; i < delivery->used; i++)
        active += under_way(delivery, i)->phase == SIEM_ACTIVE;
    return active;
}

/* Of records that may be at fault (blame.h), whether there are any, whether others were taken
 * between failures, and whether others were taken since the last one, so that it is their turn. */
typedef struct suspicion {
    bool is_there, is_blamed, is_next;
} suspicion;

static suspicion survey(siem_delivery *delivery) {
    suspicion found = {0};
    for (size_t i = 0; i < delivery->used; i++) {
        const siem_shipment *s = under_way(delivery, i);
        found.is_there |= s->is_suspect;
        found.is_blamed |= s->is_blamed;
        found.is_next |=
            s->is_suspect && s->phase == SIEM_READY && delivery->delivered > s->delivered_before;
    }
    return found;
}

/* Starts all that is due, as far as there may be more requests at once. Returns when the next one
 * is. */
static double start_due(siem_delivery *delivery) {
    double due = INFINITY, now = siem_clock();
    size_t active = count_active(delivery);
    size_t most = survey(delivery).is_there ? 1 : delivery->sink->pace.in_flight;
    for (size_t i = 0; i < delivery->used; i++) {
        siem_shipment *s = under_way(delivery, i);
        while (s->phase == SIEM_READY && delivery->failure.code == SIEM_OK) {
            double earliest = fmax(s->not_before, delivery->not_before);
            bool is_full = delivery->sink->http != NULL && active >= most;
            if (delivery->prelude_phase == SIEM_ACTIVE || is_full) return INFINITY;
            if (earliest > now) due = fmin(due, earliest);
            if (earliest > now || (!s->is_suspect && survey(delivery).is_next)) break;
            start(delivery, s);
            active += s->phase == SIEM_ACTIVE;
        }
    }
    return due;
}

static void end_prelude(siem_delivery *delivery) {
    siem_outcome outcome;
    siem_answer answer = siem_answer_begin(&outcome, 1);
    delivery->prelude_phase = SIEM_DONE;
    delivery->sink->kind->protocol->read_prelude(delivery->sink, &delivery->prelude.response,
                                                 &answer);
    siem_answer_mask(&answer, &delivery->prelude.request);
    /* With the transport's buffers, in which the answer with the token was. */
    siem_exchange_free(delivery->sink->http, &delivery->prelude);
    if (try_renewed(delivery, &delivery->prelude_renewed, &answer)) {
        /* whoever needs it asks anew */
    } else if (outcome.verdict == SIEM_DELIVERED) {
        delivery->prelude_attempts = 0;
        if (answer.remark) report_remark(delivery, &answer);
    } else if (outcome.verdict == SIEM_RETRY) {
        delivery->not_before = try_later(delivery, &delivery->prelude_attempts, &answer);
    } else {
        hold(delivery, answer.reason);
    }
    siem_answer_clear(&answer);
}

static void end_exchange(siem_delivery *delivery, siem_exchange *exchange) {
    siem_shipment *s = exchange->owner;
    if (s == NULL) {
        end_prelude(delivery);
        return;
    }
    siem_answer answer = siem_answer_begin(s->scratch, s->parcel.count);
    delivery->sink->kind->protocol->read(delivery->sink, &s->parcel, &exchange->response, &answer);
    siem_answer_mask(&answer, &exchange->request);
    siem_request_clear(&exchange->request);
    apply(delivery, s, &answer);
}

/* Waits for an answer, or until something is due. */
static void wait_until(siem_delivery *delivery, double due) {
    double seconds = fmin(fmax(due - siem_clock(), 0), POLL_MS / 1e3);
    int milliseconds = (int)ceil(seconds * 1e3);
    siem_exchange *exchange;
    if (delivery->sink->http == NULL) {
        struct timespec pause = {0, (long)(seconds * 1e9) % 1000000000L};
        if (seconds > 0) (void)nanosleep(&pause, NULL);
        return;
    }
    siem_transport_wait(delivery->sink->http, milliseconds);
    while ((exchange = siem_transport_next(delivery->sink->http)) != NULL) {
        end_exchange(delivery, exchange);
    }
}

static bool any_active(siem_delivery *delivery) {
    return delivery->prelude_phase == SIEM_ACTIVE || count_active(delivery) > 0;
}

/* A lane may hold a promise that nobody waits for after a failure: then it is not used again. */
static void leave_lane(siem_delivery *delivery, siem_shipment *s) {
    if (delivery->failure.code != SIEM_OK) siem_lane_close(s->exchange.lane);
    else siem_lane_give(s->exchange.lane, &delivery->sink->lanes);
    s->exchange.lane = NULL;
}

/* Tells the outcomes of the oldest shipment, and frees its place. */
static void settle_first(siem_delivery *delivery) {
    siem_error err;
    siem_shipment *s = under_way(delivery, 0);
    siem_settlement settlement = {s->batch, s->outcomes, s->position, siem_clock() - s->since};
    siem_code rc = delivery->calls.settle(delivery->calls.context, &settlement, &err);
    if (rc != SIEM_OK) fail(delivery, rc, "%s", err.message);
    siem_shipment_clear(s);
    leave_lane(delivery, s);
    delivery->first = (delivery->first + 1) % delivery->capacity;
    delivery->used--;
}

/* A request to stop. It shortens the wait after another failure, too. */
static void stop(siem_delivery *delivery) {
    siem_error err;
    (void)siem_outage_cancelled(&delivery->sink->outage, &err);
    fail(delivery, SIEM_CANCELLED, "%s", err.message);
    delivery->last_wait = fmin(delivery->last_wait, siem_clock() + LAST_WAIT);
}

/* Ends all that is under way, and tells what is known of it. */
static void break_off(siem_delivery *delivery) {
    for (size_t i = 0; i < delivery->used; i++) {
        siem_transport_cancel(delivery->sink->http, &under_way(delivery, i)->exchange);
    }
    siem_transport_cancel(delivery->sink->http, &delivery->prelude);
    while (delivery->used > 0) settle_first(delivery);
    siem_shipment_clear(under_way(delivery, 0));
    release_sink(delivery);
}

/* Goes on until all shipments have arrived, or until there is another one to fill. */
static siem_code drive(siem_delivery *delivery, bool all, siem_error *err) {
    while (delivery->used > 0) {
        double due = start_due(delivery);
        bool failed = delivery->failure.code != SIEM_OK;
        while (delivery->used > 0 && under_way(delivery, 0)->phase == SIEM_DONE) {
            settle_first(delivery);
        }
        size_t spare = survey(delivery).is_blamed ? SPARE_BATCHES : 0;
        if (!failed && !all && delivery->used <= delivery->sink->pace.in_flight + spare) break;
        if (delivery->used == 0) break;
        if (failed && (!any_active(delivery) || siem_clock() > delivery->last_wait)) break;
        wait_until(delivery, failed ? INFINITY : due);
        if (!delivery->calls.go_on(delivery->calls.context)) stop(delivery);
    }
    if (delivery->failure.code == SIEM_OK) return SIEM_OK;
    break_off(delivery);
    if (err != NULL) *err = delivery->failure;
    return delivery->failure.code;
}

/* ---- filling ---- */

bool siem_delivery_added(siem_delivery *delivery) {
    const siem_pace *pace = &delivery->sink->pace;
    siem_batch *batch = siem_delivery_batch(delivery);
    use_sink(delivery);
    delivery->before_last = delivery->reached;
    if (pace->field_bytes != 0) delivery->cut += siem_batch_cut_fields(batch, pace->field_bytes);
    if (pace->batch_events != 0 && siem_batch_size(batch) >= pace->batch_events) return true;
    return siem_sink_body_size(delivery->sink, batch) >= delivery->batch_bytes ||
           siem_sink_is_too_large(delivery->sink, batch);
}

void siem_delivery_reach(siem_delivery *delivery, siem_position position) {
    delivery->reached = position;
}

siem_position siem_delivery_reached(const siem_delivery *delivery) {
    return delivery->reached;
}

/* A record that alone is larger than the target takes: it is not sent at all. */
static void reject_size(const siem_delivery *delivery, siem_shipment *s) {
    char reason[128];
    (void)snprintf(reason, sizeof reason,
                   "a request with this record alone has %zu bytes, and the target takes %zu",
                   siem_sink_body_size(delivery->sink, s->batch), delivery->sink->pace.body_bytes);
    s->outcomes[0] = (siem_outcome){.verdict = SIEM_REJECT, .code = -1, .reason = strdup(reason)};
}

/* Puts the batch that was filled on its way. */
static siem_code dispatch(siem_delivery *delivery, siem_position position, siem_error *err) {
    siem_shipment *s = under_way(delivery, delivery->used);
    size_t count = siem_batch_size(s->batch);
    if (delivery->failure.code != SIEM_OK || count == 0) return SIEM_OK;
    siem_code rc = siem_shipment_load(s, position, err);
    if (rc != SIEM_OK) return rc;
    if (count == 1 && siem_sink_is_too_large(delivery->sink, s->batch)) reject_size(delivery, s);
    delivery->used++;
    return SIEM_OK;
}

static siem_code dispatch_and_drive(siem_delivery *delivery, siem_position position, bool all,
                                    siem_error *err) {
    siem_code rc = dispatch(delivery, position, err);
    return rc == SIEM_OK ? drive(delivery, all, err) : rc;
}

/* Sends the batch without its last record, which begins the next one. */
static siem_code commit_before_last(siem_delivery *delivery, siem_error *err) {
    siem_batch *batch = siem_delivery_batch(delivery), *last;
    size_t index = siem_batch_size(batch) - 1, first = 0;
    siem_code rc = siem_batch_copy(&last, batch, &index, 1, err);
    if (rc != SIEM_OK) return rc;
    siem_batch_drop_last(batch);
    rc = dispatch_and_drive(delivery, delivery->before_last, false, err);
    if (rc == SIEM_OK) rc = siem_batch_append(siem_delivery_batch(delivery), last, &first, 1, err);
    siem_batch_close(last);
    return rc;
}

/* Only the last record can make a batch too large: before it there was room. */
static siem_code make_fit(siem_delivery *delivery, siem_error *err) {
    const siem_batch *batch = siem_delivery_batch(delivery);
    if (siem_batch_size(batch) < 2 || !siem_sink_is_too_large(delivery->sink, batch))
        return SIEM_OK;
    return commit_before_last(delivery, err);
}

siem_code siem_delivery_commit(siem_delivery *delivery, siem_position position, siem_error *err) {
    siem_code rc = make_fit(delivery, err);
    if (rc != SIEM_OK) return rc;
    const siem_batch *batch = siem_delivery_batch(delivery);
    bool is_due = siem_sink_body_size(delivery->sink, batch) >= delivery->batch_bytes;
    /* What began the next batch is sent with what follows, unless it fills one. */
    if (siem_batch_size(batch) == 1 && !is_due && delivery->sink->pace.batch_events != 1) {
        return SIEM_OK;
    }
    return dispatch_and_drive(delivery, position, false, err);
}

siem_code siem_delivery_finish(siem_delivery *delivery, siem_error *err) {
    siem_code rc = make_fit(delivery, err);
    if (rc == SIEM_OK) rc = dispatch_and_drive(delivery, delivery->reached, true, err);
    if (rc == SIEM_OK) release_sink(delivery);
    return rc;
}
