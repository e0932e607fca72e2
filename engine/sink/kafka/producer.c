/* producer.c: parcels as messages, and the reports of what became of them. */
#include "sink/kafka/producer.h"

#include "base/clock.h"
#include "base/error.h"
#include "sink/kafka/client.h"
#include "sink/kafka/verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FLUSH_MS   100  /* milliseconds that a flush takes at most: what fails is seen after it */
#define BACK_MS    100  /* milliseconds between two looks while messages are taken back */
#define PING_LEAST 100  /* milliseconds of the first question of a ping; each is twice as long, */
#define PING_MOST  1000 /* up to this */

/* A parcel on its way. */
typedef struct flight {
    struct flight *next; /* that began after it */
    siem_parcel *parcel;
    siem_answer answer;
    size_t waiting; /* messages without a report */
    size_t done;    /* records that are delivered or rejected */
} flight;

/* Why messages are taken back: what one of them met, or all of them. */
typedef struct setback {
    flight *of; /* the first parcel that it is about; NULL: nothing has failed */
    siem_kafka_fault fault;
    rd_kafka_resp_err_t code;
    char reason[SIEM_CAUSE_SIZE];
} setback;

struct siem_kafka_producer {
    siem_kafka_sink *owner;
    siem_kafka_client client;
    rd_kafka_topic_t *topic;
    flight *first, *last, *spare; /* in the order in which they began; those that serve again */
    size_t waiting;               /* messages of all flights */
    double heard;                 /* when a report came, or the first of those that wait began */
    setback setback;
    bool renews; /* the handle is to be another one */
};

/* ---- life ---- */

siem_code siem_kafka_producer_open(siem_kafka_producer **out, siem_kafka_sink *owner,
                                   siem_error *err) {
    siem_kafka_producer *producer = *out = calloc(1, sizeof *producer);
    if (producer == NULL) return siem_error_no_memory(err);
    producer->owner = owner;
    siem_kafka_client_prepare(&producer->client, &owner->account);
    return siem_kafka_client_check(&producer->client, RD_KAFKA_PRODUCER, err);
}

static void close_handle(siem_kafka_producer *producer) {
    if (producer->topic != NULL) siem_rdkafka.topic_destroy(producer->topic);
    producer->topic = NULL;
    producer->renews = false;
    siem_kafka_client_close(&producer->client);
}

static void free_flights(flight *list) {
    while (list != NULL) {
        flight *next = list->next;
        siem_answer_clear(&list->answer);
        free(list);
        list = next;
    }
}

void siem_kafka_producer_close(siem_kafka_producer *producer) {
    if (producer == NULL) return;
    close_handle(producer);
    free_flights(producer->first);
    free_flights(producer->spare);
    siem_kafka_client_free(&producer->client);
    free(producer);
}

/* ---- what a message meets ---- */

/* The flight of which a record is. Reports come in the order of flights, more or less. */
static flight *find_flight(const siem_kafka_producer *producer, const siem_outcome *outcome) {
    flight *f = producer->first;
    while (f != NULL &&
           !(outcome >= f->parcel->outcomes && outcome < f->parcel->outcomes + f->parcel->count)) {
        f = f->next;
    }
    return f;
}

__attribute__((format(printf, 5, 6))) static void set_back(siem_kafka_producer *producer,
                                                           flight *of, siem_kafka_fault fault,
                                                           rd_kafka_resp_err_t code,
                                                           const char *format, ...) {
    setback *setback = &producer->setback;
    va_list arguments;
    if (setback->of != NULL) return; /* the first one counts */
    setback->of = of;
    setback->fault = fault;
    setback->code = code;
    va_start(arguments, format);
    (void)vsnprintf(setback->reason, sizeof setback->reason, format, arguments);
    va_end(arguments);
}

static void reject(flight *f, size_t index, rd_kafka_resp_err_t code, const char *reason) {
    f->answer.code = code > 0 ? code : -1;
    siem_answer_one(&f->answer, index, SIEM_REJECT, 0, "%s", reason);
    f->done++;
}

/* A message failed. One that is too large before it is sent is rejected. A broker refuses messages
 * together: one that was alone is at fault. */
static void note_failure(siem_kafka_producer *producer, flight *f, size_t index,
                         rd_kafka_resp_err_t code, const char *reason, bool is_sent) {
    siem_kafka_fault fault = siem_kafka_fault_of(code);
    if (fault.verdict == SIEM_UNDECIDED) return;
    if (fault.verdict == SIEM_REJECT && (!is_sent || f->parcel->count == 1)) {
        reject(f, index, code, reason);
        return;
    }
    set_back(producer, f, fault, code, "topic %s: %s%s", producer->owner->topic, reason,
             fault.advice);
}

static void take_report(siem_kafka_client *client, const rd_kafka_message_t *message) {
    siem_kafka_producer *producer = client->context;
    siem_outcome *outcome = message->_private;
    flight *f = find_flight(producer, outcome);
    producer->heard = siem_clock();
    producer->waiting--;
    f->waiting--;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        outcome->verdict = SIEM_DELIVERED;
        f->done++;
        return;
    }
    bool is_fatal = message->err == RD_KAFKA_RESP_ERR__FATAL && client->cause[0] != '\0';
    note_failure(producer, f, (size_t)(outcome - f->parcel->outcomes), message->err,
                 is_fatal ? client->cause : siem_rdkafka.err2str(message->err), true);
}

/* ---- beginning ---- */

/* Whether the handle serves no longer: its credentials are old, or its sequence of messages broke
 * off. */
static bool is_spent(const siem_kafka_producer *producer) {
    rd_kafka_t *handle = producer->client.handle;
    return handle != NULL && (producer->renews || siem_rdkafka.fatal_error(handle, NULL, 0) !=
                                                      RD_KAFKA_RESP_ERR_NO_ERROR);
}

static siem_code open_handle(siem_kafka_producer *producer, siem_error *err) {
    siem_kafka_client *client = &producer->client;
    if (producer->waiting == 0 && is_spent(producer)) close_handle(producer);
    if (client->handle != NULL) return SIEM_OK;
    client->report = take_report;
    client->context = producer;
    siem_code rc = siem_kafka_client_open(client, RD_KAFKA_PRODUCER, err);
    if (rc != SIEM_OK) return rc;
    producer->topic = siem_rdkafka.topic_new(client->handle, producer->owner->topic, NULL);
    if (producer->topic != NULL) return SIEM_OK;
    close_handle(producer);
    return siem_error_of_option(err, SIEM_HELD, "topic", "topic: %s",
                                siem_rdkafka.err2str(siem_rdkafka.last_error()));
}

static flight *add_flight(siem_kafka_producer *producer, siem_parcel *parcel) {
    flight *f = producer->spare;
    if (f != NULL) producer->spare = f->next;
    else f = malloc(sizeof *f);
    if (f == NULL) return NULL;
    *f = (flight){.parcel = parcel, .answer = siem_answer_begin(parcel->outcomes, parcel->count)};
    if (producer->last != NULL) producer->last->next = f;
    else producer->first = f;
    producer->last = f;
    parcel->state = f;
    if (producer->waiting == 0) producer->heard = siem_clock();
    return f;
}

/* Hands a record over: its bytes stay where they are, and its key and headers are copied. */
static rd_kafka_resp_err_t produce(siem_kafka_producer *producer, const siem_parcel *parcel,
                                   size_t index) {
    rd_kafka_vu_t arguments[5 + SIEM_KAFKA_MOST_HEADERS];
    siem_kafka_label label;
    size_t size, count = 0;
    if (!siem_kafka_label_make(&producer->owner->labels, &parcel->items[index], &label)) {
        return RD_KAFKA_RESP_ERR__FAIL;
    }
    const char *record = siem_parcel_at(parcel, index, &size);
    arguments[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = producer->topic};
    arguments[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_VALUE,
                                         .u.mem = {.ptr = (char *)record, .size = size}};
    arguments[count++] =
        (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = &parcel->outcomes[index]};
    if (label.key != NULL) {
        arguments[count++] =
            (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_KEY,
                            .u.mem = {.ptr = (char *)label.key, .size = label.key_size}};
    }
    for (size_t i = 0; i < label.count; i++) {
        const siem_kafka_header *header = &label.headers[i];
        arguments[count++] = (rd_kafka_vu_t){
            .vtype = RD_KAFKA_VTYPE_HEADER,
            .u.header = {header->name, (void *)header->value, (ssize_t)header->size}};
    }
    rd_kafka_error_t *error = siem_rdkafka.produceva(producer->client.handle, arguments, count);
    rd_kafka_resp_err_t code = siem_rdkafka.error_code(error);
    if (error != NULL) siem_rdkafka.error_destroy(error);
    return code;
}

siem_code siem_kafka_producer_begin(siem_kafka_producer *producer, siem_parcel *parcel,
                                    siem_error *err) {
    siem_code rc = open_handle(producer, err);
    if (rc != SIEM_OK) return rc;
    flight *f = add_flight(producer, parcel);
    if (f == NULL) return siem_error_no_memory(err);
    for (size_t i = 0; i < parcel->count && producer->setback.of == NULL; i++) {
        rd_kafka_resp_err_t code = produce(producer, parcel, i);
        f->waiting += code == RD_KAFKA_RESP_ERR_NO_ERROR;
        producer->waiting += code == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        note_failure(producer, f, i, code, siem_rdkafka.err2str(code), false);
    }
    return SIEM_OK;
}

/* ---- waiting ---- */

/* Takes back all that has no report, so that nothing passes what failed. Reports of what was taken
 * back come at once: a thread that looks up a name answers when the resolver has. */
static void take_back(siem_kafka_producer *producer) {
    rd_kafka_t *handle = producer->client.handle;
    (void)siem_rdkafka.purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                         RD_KAFKA_PURGE_F_NON_BLOCKING);
    while (producer->waiting > 0) (void)siem_rdkafka.poll(handle, BACK_MS);
}

static bool has_answer(const siem_kafka_producer *producer) {
    const flight *f = producer->first;
    while (f != NULL && f->waiting > 0) f = f->next;
    return f != NULL;
}

static flight *first_waiting(const siem_kafka_producer *producer) {
    flight *f = producer->first;
    while (f != NULL && f->waiting == 0) f = f->next;
    return f;
}

/* Looks for what no message reports: credentials that are refused, and brokers that are silent. New
 * credentials need another handle. */
static void yield_now(siem_kafka_producer *producer) {
    siem_kafka_client *client = &producer->client;
    flight *f = first_waiting(producer);
    if (f == NULL) return;
    if (client->is_refused) {
        bool renewed = siem_kafka_properties_renew(&producer->owner->properties);
        siem_kafka_fault fault = siem_kafka_fault_of(RD_KAFKA_RESP_ERR__AUTHENTICATION);
        producer->renews = true;
        if (renewed) fault = (siem_kafka_fault){SIEM_UNDECIDED, ""};
        set_back(producer, f, fault, RD_KAFKA_RESP_ERR__AUTHENTICATION, "%s%s", client->cause,
                 fault.advice);
    } else if (siem_clock() - producer->heard > producer->owner->timeout) {
        const siem_kafka_fault retry = {SIEM_RETRY, ""};
        bool is_known = client->cause[0] != '\0';
        set_back(producer, f, retry, RD_KAFKA_RESP_ERR__TIMED_OUT,
                 "no confirmation within %g s%s%s", producer->owner->timeout, is_known ? ": " : "",
                 client->cause);
        client->cause[0] = '\0';
    }
}

/* Whether another parcel could be in flight: who waits all the same has no more records. */
static bool has_room(const siem_kafka_producer *producer) {
    size_t count = 0;
    for (const flight *f = producer->first; f != NULL; f = f->next) count++;
    return count < producer->owner->sink.pace.in_flight;
}

/* Serves reports, or waits where there is nothing to be reported. What lingers until a request is
 * full is sent when no more comes. */
static void serve(const siem_kafka_producer *producer, double seconds) {
    const struct timespec pause = {(time_t)seconds, (long)(fmod(seconds, 1) * 1e9)};
    rd_kafka_t *handle = producer->client.handle;
    int milliseconds = (int)ceil(seconds * 1e3);
    if (handle == NULL) (void)nanosleep(&pause, NULL);
    else if (milliseconds == 0 || !has_room(producer))
        (void)siem_rdkafka.poll(handle, milliseconds);
    else (void)siem_rdkafka.flush(handle, milliseconds < FLUSH_MS ? milliseconds : FLUSH_MS);
}

void siem_kafka_producer_wait(siem_kafka_producer *producer, int milliseconds) {
    double end = siem_clock() + milliseconds / 1e3, left = milliseconds / 1e3;
    while (!has_answer(producer) && left >= 0) {
        if (producer->setback.of == NULL) serve(producer, left);
        yield_now(producer);
        if (producer->setback.of != NULL && producer->waiting > 0) take_back(producer);
        left = end - siem_clock();
    }
    siem_kafka_client_remark(&producer->client);
}

/* ---- answers ---- */

/* Records that a broker refused together are sent again as fewer, until one is alone. */
static void divide(siem_kafka_producer *producer, flight *f) {
    const setback *setback = &producer->setback;
    size_t left = f->parcel->count - f->done;
    f->answer.code = setback->code;
    if (f->done == 0) siem_answer_halve(&f->answer, "%s", setback->reason);
    else producer->owner->sink.sizing.most = left > 1 ? left / 2 : 1;
}

/* The verdict of a setback for what the parcel that it is about has left. */
static void apply_setback(siem_kafka_producer *producer, flight *f) {
    const setback *setback = &producer->setback;
    siem_verdict verdict = setback->fault.verdict;
    if (verdict == SIEM_REJECT) {
        divide(producer, f);
        return;
    }
    if (verdict == SIEM_UNDECIDED) return;
    for (size_t i = 0; i < f->parcel->count; i++) {
        if (f->answer.outcomes[i].verdict != SIEM_UNDECIDED) continue;
        siem_answer_one(&f->answer, i, verdict, 0, "%s", setback->reason);
    }
}

/* Takes a flight off the list; it serves again. */
static void end_flight(siem_kafka_producer *producer, flight *f) {
    flight *before = NULL;
    for (flight *at = producer->first; at != f; at = at->next) before = at;
    if (before != NULL) before->next = f->next;
    else producer->first = f->next;
    if (producer->last == f) producer->last = before;
    if (producer->setback.of == f) producer->setback.of = NULL;
    f->parcel->state = NULL;
    f->answer.count = 0;
    f->next = producer->spare;
    producer->spare = f;
}

siem_parcel *siem_kafka_producer_next(siem_kafka_producer *producer, siem_answer *answer) {
    flight *f = producer->first;
    while (f != NULL && f->waiting > 0) f = f->next;
    if (f == NULL) return NULL;
    if (producer->setback.of == f) apply_setback(producer, f);
    bool is_untouched = f->done == 0 && f->answer.outcomes[0].verdict == SIEM_UNDECIDED;
    if (is_untouched) f->answer.next = SIEM_AGAIN;
    *answer = f->answer;
    end_flight(producer, f);
    return f->parcel;
}

void siem_kafka_producer_release(siem_kafka_producer *producer, siem_parcel *parcel) {
    flight *f = parcel->state;
    if (f == NULL) return;
    take_back(producer);
    siem_answer_clear(&f->answer);
    end_flight(producer, f);
}

/* ---- ping ---- */

static siem_code ask(siem_kafka_producer *producer, const struct rd_kafka_metadata **metadata,
                     siem_error *err) {
    const siem_sink *sink = &producer->owner->sink;
    siem_kafka_client *client = &producer->client;
    double end = siem_clock() + producer->owner->timeout;
    rd_kafka_resp_err_t code;
    siem_kafka_client_forget(client);
    for (int slice = PING_LEAST;; slice = 2 * slice < PING_MOST ? 2 * slice : PING_MOST) {
        code = siem_rdkafka.metadata(client->handle, 1, NULL, metadata, slice);
        (void)siem_rdkafka.poll(client->handle, 0);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return SIEM_OK;
        if (client->is_refused || client->is_down || siem_clock() > end) break;
        if (sink->go_on != NULL && !sink->go_on(sink->go_on_context)) {
            return siem_outage_cancelled(&sink->outage, err);
        }
    }
    siem_kafka_fault fault =
        siem_kafka_fault_of(client->is_refused ? RD_KAFKA_RESP_ERR__AUTHENTICATION : code);
    siem_code rc = fault.verdict == SIEM_HOLD ? SIEM_HELD : SIEM_UNAVAILABLE;
    return siem_error_set(err, rc, "%s: %s%s", sink->kind->name,
                          client->cause[0] != '\0' ? client->cause : siem_rdkafka.err2str(code),
                          fault.advice);
}

/* All topics are asked for, as asking for one can make it. */
static siem_code describe(const siem_kafka_sink *owner, const struct rd_kafka_metadata *metadata,
                          char answer[200], siem_error *err) {
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];
        if (strcmp(topic->topic, owner->topic) != 0) continue;
        if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return siem_error_set(err, SIEM_HELD, "%s: topic %s: %s%s", owner->sink.kind->name,
                                  owner->topic, siem_rdkafka.err2str(topic->err),
                                  siem_kafka_fault_of(topic->err).advice);
        }
        (void)snprintf(answer, 200, "topic %.100s has %d partition(s), on %d broker(s)",
                       owner->topic, topic->partition_cnt, metadata->broker_cnt);
        return SIEM_OK;
    }
    return siem_error_set(err, SIEM_HELD,
                          "%s: there is no topic %s, or this user may not see it: create it, or "
                          "correct topic",
                          owner->sink.kind->name, owner->topic);
}

siem_code siem_kafka_producer_ping(siem_kafka_producer *producer, char answer[200],
                                   siem_error *err) {
    const struct rd_kafka_metadata *metadata = NULL;
    siem_code rc = open_handle(producer, err);
    if (rc == SIEM_OK) rc = ask(producer, &metadata, err);
    if (rc == SIEM_OK) rc = describe(producer->owner, metadata, answer, err);
    if (metadata != NULL) siem_rdkafka.metadata_destroy(metadata);
    return rc;
}
