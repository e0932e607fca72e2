/* census.c: a topic read once, as a table of the ids that are there. */
#include "sink/kafka/census.h"

#include "base/clock.h"
#include "base/error.h"
#include "sink/kafka/client.h"
#include "sink/kafka/verdict.h"

#include <stdlib.h>
#include <string.h>

#define ASK_MS     1000 /* for the ends of partitions, at once */
#define POLL_MS    100
#define LEAST_ROOM 4096

/* An id, by the first bytes of its digest, and how often it is there. */
typedef struct entry {
    uint64_t id[2]; /* 16 of 28 characters: 96 bits */
    uint32_t count; /* 0: the place is free */
} entry;

/* How far a partition is read. */
typedef struct part {
    int64_t end;  /* that is to be reached */
    int64_t read; /* offset of the next message */
} part;

struct siem_kafka_census {
    siem_kafka_sink *owner;
    siem_kafka_client client;
    part *parts;
    int32_t part_count;
    entry *table; /* of a power of two */
    size_t room, used;
    bool has_nameless; /* messages without an id */
};

siem_code siem_kafka_census_open(siem_kafka_census **out, siem_kafka_sink *owner, siem_error *err) {
    siem_kafka_census *census = *out = calloc(1, sizeof *census);
    if (census == NULL) return siem_error_no_memory(err);
    census->owner = owner;
    siem_kafka_client_prepare(&census->client, &owner->account);
    return SIEM_OK;
}

void siem_kafka_census_close(siem_kafka_census *census) {
    if (census == NULL) return;
    siem_kafka_client_close(&census->client);
    siem_kafka_client_free(&census->client);
    free(census->parts);
    free(census->table);
    free(census);
}

/* ---- the table ---- */

static entry *find(const siem_kafka_census *census, const siem_document_id *id) {
    entry wanted;
    memcpy(wanted.id, id->text, sizeof wanted.id);
    uint64_t mixed = (wanted.id[0] ^ wanted.id[1] * 0x9e3779b97f4a7c15) * 0x9e3779b97f4a7c15;
    for (size_t i = (size_t)(mixed >> 20);; i++) {
        entry *at = &census->table[i & (census->room - 1)];
        if (at->count == 0 || memcmp(at->id, wanted.id, sizeof wanted.id) == 0) return at;
    }
}

static void move_entries(siem_kafka_census *census, const entry *from, size_t room) {
    for (size_t i = 0; i < room; i++) {
        siem_document_id id;
        if (from[i].count == 0) continue;
        memcpy(id.text, from[i].id, sizeof from[i].id);
        *find(census, &id) = from[i];
    }
}

static siem_code reserve(siem_kafka_census *census, siem_error *err) {
    if (census->used < census->room / 2) return SIEM_OK;
    size_t before = census->room, room = before == 0 ? LEAST_ROOM : 2 * before;
    entry *table = calloc(room, sizeof *table), *old = census->table;
    if (table == NULL) return siem_error_no_memory(err);
    census->table = table;
    census->room = room;
    move_entries(census, old, before);
    free(old);
    return SIEM_OK;
}

static siem_code add(siem_kafka_census *census, const siem_document_id *id, siem_error *err) {
    siem_code rc = reserve(census, err);
    if (rc != SIEM_OK) return rc;
    entry *at = find(census, id);
    census->used += at->count == 0;
    memcpy(at->id, id->text, sizeof at->id);
    at->count++;
    return SIEM_OK;
}

/* ---- messages ---- */

static siem_code take_message(siem_kafka_census *census, const rd_kafka_message_t *message,
                              siem_error *err) {
    siem_kafka_label label = {.key = message->key, .key_size = message->key_len};
    rd_kafka_headers_t *headers;
    siem_document_id id;
    census->parts[message->partition].read = message->offset + 1;
    bool has_headers =
        siem_rdkafka.message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; has_headers && label.count < SIEM_KAFKA_MOST_HEADERS; i++) {
        const void *value;
        siem_kafka_header *header = &label.headers[label.count];
        if (siem_rdkafka.header_get_all(headers, i, &header->name, &value, &header->size) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            break;
        }
        header->value = value;
        label.count++;
    }
    if (siem_kafka_label_read(&census->owner->labels, &label, &id)) return add(census, &id, err);
    census->has_nameless = true;
    return SIEM_OK;
}

static siem_code fail(const siem_kafka_census *census, rd_kafka_resp_err_t code, siem_error *err) {
    const siem_kafka_client *client = &census->client;
    siem_kafka_fault fault =
        siem_kafka_fault_of(client->is_refused ? RD_KAFKA_RESP_ERR__AUTHENTICATION : code);
    return siem_error_set(
        err, fault.verdict == SIEM_HOLD ? SIEM_HELD : SIEM_UNAVAILABLE, "%s: topic %s: %s%s",
        census->owner->sink.kind->name, census->owner->topic,
        client->cause[0] != '\0' ? client->cause : siem_rdkafka.err2str(code), fault.advice);
}

static bool is_read(const siem_kafka_census *census) {
    for (int32_t i = 0; i < census->part_count; i++) {
        if (census->parts[i].read < census->parts[i].end) return false;
    }
    return true;
}

/* A message, the end of a partition, or an error. */
static siem_code take(siem_kafka_census *census, const rd_kafka_message_t *message,
                      siem_error *err) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return take_message(census, message, err);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        census->parts[message->partition].read = message->offset;
        return SIEM_OK;
    }
    return siem_kafka_fault_of(message->err).verdict == SIEM_HOLD ? fail(census, message->err, err)
                                                                  : SIEM_OK;
}

/* Reads on until all partitions are read to the ends that were asked for. */
static siem_code read_on(siem_kafka_census *census, siem_error *err) {
    const siem_sink *sink = &census->owner->sink;
    double heard = siem_clock();
    while (!is_read(census)) {
        rd_kafka_message_t *message = siem_rdkafka.consumer_poll(census->client.handle, POLL_MS);
        siem_code rc = message != NULL ? take(census, message, err) : SIEM_OK;
        if (message != NULL && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) heard = siem_clock();
        if (message != NULL) siem_rdkafka.message_destroy(message);
        if (rc != SIEM_OK) return rc;
        if (census->client.is_refused || siem_clock() - heard > census->owner->timeout) {
            return fail(census, RD_KAFKA_RESP_ERR__TIMED_OUT, err);
        }
        if (sink->go_on != NULL && !sink->go_on(sink->go_on_context)) {
            return siem_outage_cancelled(&sink->outage, err);
        }
    }
    return SIEM_OK;
}

/* ---- partitions ---- */

static rd_kafka_resp_err_t ask_ends(siem_kafka_census *census) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int32_t i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < census->part_count; i++) {
        int64_t first;
        code = siem_rdkafka.query_watermark_offsets(census->client.handle, census->owner->topic, i,
                                                    &first, &census->parts[i].end, ASK_MS);
        if (census->parts[i].read < first) census->parts[i].read = first;
    }
    return code;
}

static rd_kafka_resp_err_t assign(siem_kafka_census *census) {
    rd_kafka_topic_partition_list_t *list =
        siem_rdkafka.topic_partition_list_new(census->part_count);
    for (int32_t i = 0; i < census->part_count; i++) {
        siem_rdkafka.topic_partition_list_add(list, census->owner->topic, i)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_resp_err_t code = siem_rdkafka.assign(census->client.handle, list);
    siem_rdkafka.topic_partition_list_destroy(list);
    return code;
}

static rd_kafka_resp_err_t begin(siem_kafka_census *census) {
    rd_kafka_resp_err_t code = siem_kafka_client_count_partitions(
        &census->client, census->owner->topic, ASK_MS, &census->part_count);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    census->parts = calloc((size_t)census->part_count, sizeof *census->parts);
    if (census->parts == NULL) return RD_KAFKA_RESP_ERR__FAIL;
    code = ask_ends(census);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? assign(census) : code;
}

/* Asks until there is an answer, for as long as the sink's options allow. */
static siem_code look(siem_kafka_census *census, siem_error *err) {
    const siem_sink *sink = &census->owner->sink;
    double end = siem_clock() + census->owner->timeout;
    siem_kafka_client_forget(&census->client);
    for (;;) {
        rd_kafka_resp_err_t code = census->parts == NULL ? begin(census) : ask_ends(census);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return SIEM_OK;
        (void)siem_rdkafka.poll(census->client.handle, 0);
        bool is_final = siem_kafka_fault_of(code).verdict == SIEM_HOLD || siem_clock() > end;
        if (is_final || census->client.is_refused || census->client.is_down) {
            return fail(census, code, err);
        }
        if (sink->go_on != NULL && !sink->go_on(sink->go_on_context)) {
            return siem_outage_cancelled(&sink->outage, err);
        }
    }
}

/* ---- counting ---- */

siem_code siem_kafka_census_count(siem_kafka_census *census, const siem_count *count,
                                  siem_error *err) {
    siem_code rc = SIEM_OK;
    siem_document_id id;
    if (census->client.handle == NULL) {
        rc = siem_kafka_client_open(&census->client, RD_KAFKA_CONSUMER, err);
    }
    if (rc == SIEM_OK) rc = look(census, err);
    if (rc == SIEM_OK) rc = read_on(census, err);
    if (rc == SIEM_OK) rc = reserve(census, err);
    if (rc != SIEM_OK) return rc;
    if (census->used == 0 && census->has_nameless) {
        return siem_error_set(err, SIEM_HELD,
                              "%s: no message of topic %s tells which event it has: they were "
                              "written without headers and without the key of the event",
                              census->owner->sink.kind->name, census->owner->topic);
    }
    for (size_t i = 0; i < count->size; i++) {
        if (!siem_document_ids_make(census->owner->labels.ids, count->registry_id,
                                    count->event_ids[i], 0, &id)) {
            return siem_error_no_memory(err);
        }
        count->counts[i] = find(census, &id)->count;
    }
    return SIEM_OK;
}
