/* delivery.c: the loop that sends, waits and retries until every shipment is settled. */
#include "delivery/delivery.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"
#include "delivery/blame.h"
#include "delivery/packer.h"
#include "delivery/shipment.h"
#include "record/batch.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_MS         100                /* between two questions whether to go on */
#define SLOW_DOWN_PAUSE 1.0                /* when a server nears its limits */
#define LAST_WAIT       5.0                /* for what is in flight, after a request to stop */
#define PREPARING_MS    1                  /* between two looks whether a parcel is prepared */
#define LEAST_OFFERED   ((size_t)64 << 10) /* bytes; fewer are not worth another thread */
#define SPARE_REQUESTS  4 /* sent while other requests show which record is at fault */

struct siem_delivery {
    siem_sink *sink;
    const siem_carrier *carrier;
    siem_delivery_calls calls;
    siem_packer *packer;
    siem_task_queue *parcels; /* that are to be prepared */
    siem_shipment *shipments; /* a ring: `used` from `first` on are in flight */
    size_t capacity, first, used;
    int64_t target_attempts; /* in a row, before which no record is sent */
    bool target_renewed;     /* the secret, since the last answer that was another one */
    double not_before; /* of every start: credentials that wait, a server that nears its limits */
    siem_position reached; /* with all batches */
    uint64_t delivered;    /* records, in all answers so far */
    uint64_t retries;
    siem_error failure; /* SIEM_OK: none */
    double last_wait;   /* until when it waits for requests in flight after the failure */
    bool uses_sink;     /* it has records for the sink, which must outlive them */
};

static siem_shipment *shipment_at(siem_delivery *delivery, size_t index) {
    return &delivery->shipments[(delivery->first + index) % delivery->capacity];
}

/* ---- opening ---- */

siem_code siem_delivery_open(siem_delivery **out, siem_sink *sink, size_t batch_bytes,
                             siem_position reached, const siem_delivery_calls *calls,
                             siem_error *err) {
    *out = NULL;
    siem_delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery == NULL) return siem_error_no_memory(err);
    *delivery = (siem_delivery){.sink = sink,
                                .carrier = sink->kind->carrier,
                                .calls = *calls,
                                .capacity = sink->pace.in_flight + 1 + SPARE_REQUESTS,
                                .reached = reached};
    delivery->shipments = calloc(delivery->capacity, sizeof *delivery->shipments);
    siem_code rc = delivery->shipments != NULL ? SIEM_OK : siem_error_no_memory(err);
    if (rc == SIEM_OK) rc = siem_task_queue_open(&delivery->parcels, err);
    if (rc == SIEM_OK) rc = siem_packer_open(&delivery->packer, sink, batch_bytes, err);
    if (rc == SIEM_OK) siem_packer_set_reached(delivery->packer, reached);
    if (rc == SIEM_OK) *out = delivery;
    else siem_delivery_close(delivery);
    return rc;
}

void siem_delivery_use_sink(siem_delivery *delivery) {
    if (!delivery->uses_sink) delivery->sink->users++;
    delivery->uses_sink = true;
}

static void release_parcel(siem_delivery *delivery, siem_shipment *s, bool is_settled) {
    siem_task_queue_take_back(delivery->parcels, &s->preparing);
    if (delivery->carrier->release == NULL) return;
    delivery->carrier->release(delivery->sink, &s->parcel, is_settled);
}

/* Releases the sink, which may be closed before a delivery that has ended. */
static void release_sink(siem_delivery *delivery) {
    if (!delivery->uses_sink) return;
    for (size_t i = 0; i < delivery->capacity; i++) {
        release_parcel(delivery, &delivery->shipments[i], false);
    }
    if (delivery->carrier->rest != NULL) delivery->carrier->rest(delivery->sink);
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
    siem_packer_close(delivery->packer);
    siem_task_queue_close(delivery->parcels);
    free(delivery);
}

siem_code siem_delivery_take_batch(siem_delivery *delivery, siem_batch **out, siem_error *err) {
    return siem_packer_take_batch(delivery->packer, out, err);
}

bool siem_delivery_is_due(const siem_delivery *delivery, const siem_batch *batch) {
    return siem_packer_is_due(delivery->packer, batch);
}

siem_position siem_delivery_reached(const siem_delivery *delivery) {
    return delivery->reached;
}

siem_task_queue *siem_delivery_parcels(const siem_delivery *delivery) {
    return delivery->parcels;
}

bool siem_delivery_uses_sink(const siem_delivery *delivery) {
    return delivery->uses_sink;
}

bool siem_delivery_is_in_flight(const siem_delivery *delivery) {
    return delivery->used > 0;
}

bool siem_delivery_has_waiting(const siem_delivery *delivery) {
    return siem_packer_has_waiting(delivery->packer);
}

uint64_t siem_delivery_retries(const siem_delivery *delivery) {
    return delivery->retries;
}

/* ---- failures and pauses ---- */

/* The first failure stays: later ones may be its consequences. */
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

/* The same, with all that an error says. */
static void fail_with(siem_delivery *delivery, const siem_error *err) {
    if (delivery->failure.code != SIEM_OK) return;
    delivery->failure = *err;
    delivery->last_wait = INFINITY;
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

/* Counts a failed attempt. Sets when the next one is due, or ends the delivery. */
static double try_later(siem_delivery *delivery, int64_t *attempts, const siem_answer *answer) {
    siem_sink *sink = delivery->sink;
    siem_sink_fails(sink, answer->reason);
    if (++*attempts > sink->pace.patience.retries) {
        fail(delivery, SIEM_UNAVAILABLE, "%s: given up after %lld attempt(s): %s%s",
             sink->kind->name, (long long)*attempts, answer->reason,
             siem_sink_wish(sink, answer->retry_after).text);
        return INFINITY;
    }
    delivery->retries++;
    double pause = siem_patience_pause(&sink->pace.patience, *attempts - 1, answer->retry_after);
    report_wait(delivery, answer, pause);
    return siem_clock() + pause;
}

static void hold(siem_delivery *delivery, const char *reason) {
    fail(delivery, SIEM_HELD, "%s: %s", delivery->sink->kind->name, reason);
}

/* ---- what an answer means ---- */

/* Sends the same again with another credential, but only once: when that one is refused as well,
 * it is not too old. */
static bool try_renewed(siem_delivery *delivery, bool *renewed, const siem_answer *answer) {
    bool may = answer->next == SIEM_RENEWED && !*renewed;
    *renewed = answer->next == SIEM_RENEWED;
    delivery->retries += may;
    return may;
}

/* Takes what is decided. */
static void record(siem_delivery *delivery, siem_shipment *s, siem_answer *answer) {
    siem_blame_judge(s, answer, delivery->delivered,
                     s->attempts >= delivery->sink->pace.patience.retries);
    siem_decision decision = siem_shipment_record(s, answer);
    delivery->delivered += decision.delivered;
    if (decision.remedy != NULL) hold(delivery, decision.remedy);
    /* Nothing says what is wrong with the record: neither the protocol's code, nor 413. */
    bool is_vague = answer->next == SIEM_HALVE && answer->code < 0 && answer->http_status != 413;
    if (is_vague && siem_shipment_absolve(s)) {
        siem_answer_add_reason(
            answer, "so are all others, each alone: correct the sink's options or the target");
        hold(delivery, answer->reason);
    }
    siem_sizing_learn(&delivery->sink->sizing, answer, &s->too_much, s->count);
    siem_answer_clear(answer);
    if (decision.decided > 0) s->attempts = 0;
    if (decision.decided > 0 && !decision.retry) report_success(delivery);
    if (delivery->failure.code != SIEM_OK) return;
    /* An answer without a verdict must not be requested for ever. */
    if (decision.retry || decision.decided == 0) {
        siem_blame_rearrange(s);
        s->delivered_before = delivery->delivered;
        s->not_before = try_later(delivery, &s->attempts, answer);
        s->parcel.elsewhere = true;
    }
}

/* No record was sent, because the request before it failed. */
static void record_of_target(siem_delivery *delivery, const siem_answer *answer) {
    siem_verdict verdict = answer->outcomes[0].verdict;
    if (try_renewed(delivery, &delivery->target_renewed, answer)) return; /* it is asked again */
    if (verdict == SIEM_RETRY) {
        delivery->not_before = try_later(delivery, &delivery->target_attempts, answer);
    } else {
        hold(delivery, answer->reason);
    }
}

/* What was promised is asked for later. */
static void record_promise(siem_delivery *delivery, siem_shipment *s, const siem_answer *answer) {
    double pause = siem_patience_pause(&delivery->sink->pace.patience, 0, answer->retry_after);
    if (answer->outcomes[0].verdict == SIEM_RETRY) { /* the question itself failed */
        siem_sink_fails(delivery->sink, answer->reason);
        report_wait(delivery, answer, pause);
    }
    s->not_before = siem_clock() + pause;
}

static void apply(siem_delivery *delivery, siem_shipment *s, siem_answer *answer) {
    s->phase = SIEM_READY;
    s->is_offered = false;
    s->not_before = 0;
    if (answer->slow_down) delivery->not_before = siem_clock() + SLOW_DOWN_PAUSE;
    if (answer->next == SIEM_AGAIN) return;
    if (answer->about_target) {
        record_of_target(delivery, answer);
        return;
    }
    delivery->target_attempts = 0;
    delivery->target_renewed = false;
    if (try_renewed(delivery, &s->renewed, answer)) {
        return; /* with its ticket: the question is sent, not the events */
    }
    if (answer->next == SIEM_CONFIRM) {
        record_promise(delivery, s, answer);
        return;
    }
    s->parcel.ticket = -1;
    if (answer->next == SIEM_HALVE && s->own > 1) {
        siem_answer_clear(answer);
        siem_shipment_halve(s, answer->suspect);
    } else {
        record(delivery, s, answer);
    }
}

/* ---- preparing ---- */

/* After a failure, the parcel is prepared again when it starts. */
static void prepare(void *context) {
    siem_shipment *s = context;
    siem_error unused;
    (void)siem_sink_prepare(s->sink, &s->parcel, &unused);
}

/* Makes the next parcel of a shipment. False when there is none. */
static bool choose_parcel(const siem_delivery *delivery, siem_shipment *s) {
    size_t most = siem_sizing_most(&delivery->sink->sizing);
    return siem_shipment_next(s, most, delivery->sink->kind->can & SIEM_STORES_ONCE);
}

/* Lets other threads prepare the next parcel of a shipment, before it is its turn. */
static void offer(siem_delivery *delivery, siem_shipment *s) {
    if (s->is_offered || s->phase != SIEM_READY || s->parcel.ticket >= 0) return;
    s->is_offered = true;
    if (!choose_parcel(delivery, s) || s->parcel.is_prepared) return;
    if (siem_parcel_bytes(&s->parcel) < LEAST_OFFERED) return;
    s->sink = delivery->sink;
    s->preparing = (siem_task){.run = prepare, .context = s};
    siem_task_queue_add(delivery->parcels, &s->preparing);
}

static void offer_all(siem_delivery *delivery) {
    bool is_useful = delivery->carrier->prepare != NULL && delivery->failure.code == SIEM_OK;
    if (!is_useful || !siem_task_queue_is_helped(delivery->parcels)) return;
    for (size_t i = 0; i < delivery->used; i++) offer(delivery, shipment_at(delivery, i));
}

/* Whether a thread is to prepare, or prepares, its parcel. */
static bool is_being_prepared(const siem_delivery *delivery, siem_shipment *s) {
    if (!siem_task_queue_has(delivery->parcels, &s->preparing)) return false;
    if (siem_task_queue_is_helped(delivery->parcels)) return true;
    siem_task_queue_take_back(delivery->parcels, &s->preparing);
    return false;
}

/* ---- starting ---- */

static void report_remarks(siem_delivery *delivery) {
    char text[SIEM_REPORT_SIZE];
    if (siem_sink_remark(delivery->sink, text)) {
        delivery->calls.notice(delivery->calls.context, text);
    }
}

/* Takes the answers that have come. */
static void collect(siem_delivery *delivery) {
    siem_answer answer;
    siem_parcel *parcel;
    for (;;) {
        parcel = delivery->carrier->next(delivery->sink, &answer);
        report_remarks(delivery);
        if (parcel == NULL) return;
        apply(delivery, parcel->owner, &answer);
        siem_answer_clear(&answer);
    }
}

/* After a failure to begin, collects the records of the parcel that were delivered. */
static void collect_last(siem_delivery *delivery, siem_shipment *s) {
    siem_answer answer;
    if (delivery->carrier->wait != NULL) return;
    if (delivery->carrier->next(delivery->sink, &answer) == NULL) return;
    (void)siem_shipment_record(s, &answer);
    siem_answer_clear(&answer);
}

static void start(siem_delivery *delivery, siem_shipment *s) {
    siem_error err;
    /* A parcel that is to be confirmed stays as it is. */
    if (s->parcel.ticket < 0 && !choose_parcel(delivery, s)) {
        s->phase = SIEM_DONE;
        return;
    }
    s->parcel.owner = s;
    if (s->delivered_before == UINT64_MAX) s->delivered_before = delivery->delivered;
    siem_code rc = siem_sink_prepare(delivery->sink, &s->parcel, &err);
    if (rc == SIEM_OK) rc = delivery->carrier->begin(delivery->sink, &s->parcel, &err);
    report_remarks(delivery);
    if (rc == SIEM_OK) {
        s->phase = SIEM_ACTIVE;
        if (delivery->carrier->wait == NULL || delivery->sink->preview != NULL) collect(delivery);
    } else {
        collect_last(delivery, s);
        fail_with(delivery, &err);
    }
}

/* ---- the loop ---- */

static size_t count_active(siem_delivery *delivery) {
    size_t active = 0;
    for (size_t i = 0; i < delivery->used; i++)
        active += shipment_at(delivery, i)->phase == SIEM_ACTIVE;
    return active;
}

/* Of records that may be at fault (blame.h), whether there are any, whether further requests help
 * to show that, as others were taken between failures or a record is all of its request, and
 * whether others were taken since the last failure, so that it is their turn. */
typedef struct suspicion {
    bool is_there, needs_others, is_next;
} suspicion;

static suspicion survey(siem_delivery *delivery) {
    suspicion found = {0};
    for (size_t i = 0; i < delivery->used; i++) {
        const siem_shipment *s = shipment_at(delivery, i);
        found.is_there |= s->is_suspect;
        found.needs_others |= s->is_blamed || (s->is_suspect && s->count == 1);
        found.is_next |=
            s->is_suspect && s->phase == SIEM_READY && delivery->delivered > s->delivered_before;
    }
    return found;
}

/* Whether others take their turn before a suspect: it has failed since any record was taken, and
 * they are due earlier. */
static bool yields(siem_delivery *delivery, const siem_shipment *s) {
    if (!s->is_suspect || delivery->delivered > s->delivered_before) return false;
    for (size_t i = 0; i < delivery->used; i++) {
        const siem_shipment *other = shipment_at(delivery, i);
        if (other->phase == SIEM_READY && other->not_before < s->not_before) return true;
    }
    return false;
}

/* Whether nothing of a shipment is still to be sent, unless it fails. */
static bool is_all_sent(const siem_shipment *s) {
    return s->phase == SIEM_DONE || (s->phase == SIEM_ACTIVE && s->own == s->count);
}

/* Starts all that is due, as far as there may be more requests at once. Returns when the next one
 * is. Where order counts, no request starts before an earlier one that is to be sent. */
static double start_due(siem_delivery *delivery) {
    double due = INFINITY, now = siem_clock();
    size_t active = count_active(delivery);
    size_t in_flight = delivery->sink->pace.in_flight;
    bool in_order = delivery->sink->kind->can & SIEM_IN_ORDER;
    size_t most = survey(delivery).is_there || in_flight == 0 ? 1 : in_flight;
    offer_all(delivery);
    for (size_t i = 0; i < delivery->used; i++) {
        siem_shipment *s = shipment_at(delivery, i);
        while (s->phase == SIEM_READY && delivery->failure.code == SIEM_OK) {
            double earliest = fmax(s->not_before, delivery->not_before);
            if (active >= most) return INFINITY;
            if (earliest > now) due = fmin(due, earliest);
            if (earliest > now || (!s->is_suspect && survey(delivery).is_next)) break;
            if (!in_order && yields(delivery, s)) break;
            if (is_being_prepared(delivery, s)) return fmin(due, now + PREPARING_MS / 1e3);
            start(delivery, s);
            active += s->phase == SIEM_ACTIVE;
        }
        if (in_order && !is_all_sent(s)) break;
    }
    return due;
}

/* Waits for an answer, or until something is due. */
static void wait_until(siem_delivery *delivery, double due) {
    double seconds = fmin(fmax(due - siem_clock(), 0), POLL_MS / 1e3);
    int milliseconds = (int)ceil(seconds * 1e3);
    if (delivery->carrier->wait == NULL) {
        struct timespec pause = {0, (long)(seconds * 1e9) % 1000000000L};
        if (seconds > 0) (void)nanosleep(&pause, NULL);
        return;
    }
    delivery->carrier->wait(delivery->sink, milliseconds);
    collect(delivery);
}

/* Reports the outcomes of the oldest shipment, and frees its place. */
static void settle_first(siem_delivery *delivery) {
    siem_error err;
    siem_shipment *s = shipment_at(delivery, 0);
    siem_settlement settlement = {s->items, s->count, s->outcomes, s->position,
                                  siem_clock() - s->since};
    siem_code rc = delivery->calls.settle(delivery->calls.context, &settlement, &err);
    if (rc != SIEM_OK) fail_with(delivery, &err);
    siem_packer_settle(delivery->packer, s->count);
    siem_shipment_release(s); /* the next one is in another place of the ring */
    release_parcel(delivery, s, delivery->failure.code == SIEM_OK);
    delivery->first = (delivery->first + 1) % delivery->capacity;
    delivery->used--;
}

/* A request to stop. It shortens the wait after another failure, too. */
static void stop(siem_delivery *delivery) {
    siem_error err;
    (void)siem_outage_cancelled(&delivery->sink->outage, &err);
    fail_with(delivery, &err);
    delivery->last_wait = fmin(delivery->last_wait, siem_clock() + LAST_WAIT);
}

/* Ends all requests in flight, and reports their outcomes. */
static void break_off(siem_delivery *delivery) {
    for (size_t i = 0; i < delivery->used; i++) {
        release_parcel(delivery, shipment_at(delivery, i), false);
    }
    while (delivery->used > 0) settle_first(delivery);
    siem_packer_clear(delivery->packer);
    release_sink(delivery);
}

static void settle_done(siem_delivery *delivery) {
    while (delivery->used > 0 && shipment_at(delivery, 0)->phase == SIEM_DONE) {
        settle_first(delivery);
    }
}

/* Continues until all shipments are settled, or until there is another one to fill. */
static siem_code run(siem_delivery *delivery, bool all, siem_error *err) {
    while (delivery->used > 0) {
        double due = start_due(delivery);
        bool failed = delivery->failure.code != SIEM_OK;
        settle_done(delivery);
        size_t spare = survey(delivery).needs_others ? SPARE_REQUESTS : 0;
        if (!failed && !all && delivery->used <= delivery->sink->pace.in_flight + spare) break;
        if (delivery->used == 0) break;
        if (failed && (count_active(delivery) == 0 || siem_clock() > delivery->last_wait)) break;
        wait_until(delivery, failed ? INFINITY : due);
        if (!delivery->calls.go_on(delivery->calls.context)) stop(delivery);
    }
    if (delivery->failure.code == SIEM_OK) return SIEM_OK;
    break_off(delivery);
    if (err != NULL) *err = delivery->failure;
    return delivery->failure.code;
}

/* ---- requests ---- */

/* A record that alone is larger than the target takes: it is not sent at all. */
static void reject_size(const siem_delivery *delivery, siem_shipment *s) {
    char reason[128];
    size_t size;
    (void)siem_batch_at(s->items[0].batch, s->items[0].record, &size);
    (void)snprintf(reason, sizeof reason,
                   "a request with this record alone has %zu bytes, and the target takes %zu",
                   siem_sink_body_size(delivery->sink, 1, size + 1),
                   delivery->sink->pace.body_bytes);
    s->outcomes[0] = (siem_outcome){.verdict = SIEM_REJECT, .code = -1, .reason = strdup(reason)};
}

/* Sends all complete requests, or with `all` the rest as well. */
static siem_code dispatch(siem_delivery *delivery, bool all, siem_error *err) {
    for (;;) {
        siem_request_items request;
        if (delivery->failure.code != SIEM_OK) break;
        siem_code rc = siem_packer_next(delivery->packer, all, &request, err);
        if (rc != SIEM_OK || request.count == 0) return rc;
        siem_shipment *s = shipment_at(delivery, delivery->used);
        if ((rc = siem_shipment_load(s, &request, err)) != SIEM_OK) return rc;
        if (request.is_too_large) reject_size(delivery, s);
        delivery->used++;
        if ((rc = run(delivery, false, err)) != SIEM_OK) return rc;
    }
    if (err != NULL) *err = delivery->failure;
    return delivery->failure.code;
}

static siem_code push(siem_delivery *delivery, const siem_batch *batch, siem_batch *owned,
                      siem_error *err) {
    siem_position reached = siem_batch_reached(batch);
    if (siem_batch_size(batch) > 0) siem_delivery_use_sink(delivery);
    if (reached.id != 0) delivery->reached = reached;
    siem_code rc = siem_packer_add(delivery->packer, batch, owned, err);
    return rc == SIEM_OK ? dispatch(delivery, false, err) : rc;
}

siem_code siem_delivery_push(siem_delivery *delivery, siem_batch *batch, siem_error *err) {
    return push(delivery, batch, batch, err);
}

siem_code siem_delivery_push_borrowed(siem_delivery *delivery, const siem_batch *batch,
                                      siem_error *err) {
    return push(delivery, batch, NULL, err);
}

siem_code siem_delivery_poll(siem_delivery *delivery, int milliseconds, siem_error *err) {
    double soon = siem_clock() + milliseconds / 1e3;
    if (delivery->used > 0) wait_until(delivery, fmin(start_due(delivery), soon));
    if (delivery->used > 0) (void)start_due(delivery);
    settle_done(delivery);
    return delivery->failure.code == SIEM_OK ? SIEM_OK : run(delivery, false, err);
}

siem_code siem_delivery_finish(siem_delivery *delivery, siem_error *err) {
    siem_code rc = dispatch(delivery, true, err);
    if (rc == SIEM_OK) rc = run(delivery, true, err);
    if (rc == SIEM_OK) release_sink(delivery);
    return rc;
}
