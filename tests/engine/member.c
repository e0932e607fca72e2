/* member.c: a cluster of librdkafka's own, and exports that read it. */
#include "member.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Thread_local member_place here;

int open_all(void **state) {
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)state;
    (void)rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", reason, sizeof reason);
    here.host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(here.host);
    here.cluster = rd_kafka_handle_mock_cluster(here.host);
    assert_non_null(here.cluster);
    return 0;
}

int close_all(void **state) {
    (void)state;
    rd_kafka_destroy(here.host);
    return 0;
}

int make_topic(void **state) {
    static _Atomic unsigned count;
    (void)state;
    (void)snprintf(here.topic, sizeof here.topic, "events-%u", ++count);
    assert_int_equal(rd_kafka_mock_topic_create(here.cluster, here.topic, PARTITIONS, 1),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    return 0;
}

typedef struct member_test {
    CMUnitTestFunction run;
    member_place place;
} member_test;

static void *run_alone(void *context) {
    const member_test *test = context;
    here = test->place;
    test->run(NULL);
    return NULL;
}

/* A consumer is large for the stack that some systems give to a thread. */
#define MOST_AT_ONCE 12
#define STACK        ((size_t)4 << 20)

void run_at_once(const CMUnitTestFunction *tests, size_t count) {
    pthread_t threads[MOST_AT_ONCE];
    member_test all[MOST_AT_ONCE];
    pthread_attr_t attributes;
    assert_true(count <= MOST_AT_ONCE);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
    for (size_t i = 0; i < count; i++) {
        (void)make_topic(NULL);
        all[i] = (member_test){tests[i], here};
        assert_int_equal(pthread_create(&threads[i], &attributes, run_alone, &all[i]), 0);
    }
    for (size_t i = 0; i < count; i++) (void)pthread_join(threads[i], NULL);
    (void)pthread_attr_destroy(&attributes);
}

/* ---- messages ---- */

void produce(int32_t partition, const char *text) {
    rd_kafka_resp_err_t code = __extension__ rd_kafka_producev(
        here.host, RD_KAFKA_V_TOPIC(here.topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_VALUE((void *)text, strlen(text)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_END);
    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
}

void flush(void) {
    assert_int_equal(rd_kafka_flush(here.host, (int)(DEADLINE * 1000)), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void produce_events(int32_t partition, const char *registry, int first, int last) {
    for (int id = first; id <= last; id++) {
        char text[200];
        (void)snprintf(text, sizeof text,
                       "{\"event_id\":\"%d\",\"event_kind\":\"dns\",\"occurred_unix\":%d,"
                       "\"registry_id\":\"%s\",\"token_id\":\"t\"}",
                       id, 1700000000 + id, registry);
        produce(partition, text);
    }
    flush();
}

int64_t committed(const char *group, int32_t partition) {
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers",
                            rd_kafka_mock_cluster_bootstraps(here.cluster), reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "group.id", group, reason, sizeof reason);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, here.topic, partition);
    assert_int_equal(rd_kafka_committed(consumer, list, (int)(DEADLINE * 1000)),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    return offset >= 0 ? offset : -1;
}

/* ---- a consumer: a source, a sink that remembers, and when it ends ---- */

static siem_code take(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *err) {
    consumer *c = context;
    (void)outcomes;
    if (c->fails_at != 0 && c->count >= c->fails_at) {
        if (c->failing_since == 0) c->failing_since = siem_clock();
        if (siem_clock() - c->failing_since < c->fails_for) {
            err->code = SIEM_UNAVAILABLE;
            (void)snprintf(err->message, sizeof err->message, "the target is away");
            return SIEM_UNAVAILABLE;
        }
        c->fails_at = 0;
    }
    if (c->holds_at != 0 && c->count >= c->holds_at) {
        err->code = SIEM_HELD;
        (void)snprintf(err->message, sizeof err->message, "the target is full");
        return SIEM_HELD;
    }
    for (; c->adds > 0; c->adds--) produce_events(0, "late", c->adds, c->adds);
    for (size_t i = 0; i < siem_batch_size(batch) && c->count < MOST_RECORDS; i++) {
        size_t size;
        const char *record = siem_batch_at(batch, i, &size);
        c->records[c->count++] = strndup(record, size);
    }
    return SIEM_OK;
}

static bool goes_on(void *context, const siem_counts *counts) {
    consumer *c = context;
    bool is_done = c->is_over != NULL ? c->is_over() : c->count + counts->refused >= c->wanted;
    const siem_partition *partition;
    for (size_t i = 0; (partition = siem_source_partition(c->source, i)) != NULL; i++) {
        c->partitions[partition->number] = *partition;
    }
    is_done = is_done && !c->drains;
    return !is_done && siem_clock() - c->begun < DEADLINE;
}

static void note(void *context, const char *text) {
    consumer *c = context;
    size_t at = strlen(c->notices);
    (void)snprintf(c->notices + at, sizeof c->notices - at, "%s\n", text);
}

siem_code open_source(siem_source **source, const consumer *c, siem_error *err) {
    /* A change of the cluster's groups takes the time of a session. */
    const char *cluster_brokers = rd_kafka_mock_cluster_bootstraps(here.cluster);
    const siem_option options[] = {{"brokers", c->brokers != NULL ? c->brokers : cluster_brokers},
                                   {"topic", here.topic},
                                   {"group", c->group},
                                   {"kafka", "session.timeout.ms=6000"},
                                   {"kafka", "heartbeat.interval.ms=200"},
                                   {"handover", c->handover != NULL ? c->handover : "10"},
                                   {"kafka", c->property}};
    return siem_source_open(source, "kafka", options, c->property != NULL ? 7 : 6, err);
}

/* A filter that keeps all, and belongs to one thread. */
static siem_code note_thread(void *context, siem_event *event, const siem_value *value,
                             siem_value *result, siem_error *err) {
    consumer *c = context;
    (void)event, (void)value, (void)err;
    c->elsewhere += !pthread_equal(pthread_self(), c->thread);
    *result = (siem_value){.type = SIEM_INTEGER, .integer = 1};
    return SIEM_OK;
}

static siem_mapping *open_mapping(consumer *c) {
    const char *const id[] = {"event_id", NULL}, *const registry[] = {"registry_id", NULL};
    siem_mapping *mapping;
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){.destination = "id", .from = id}, &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){.destination = "r", .from = registry}, &err));
    if (c->jobs > 1) assert_ok(siem_mapping_set_filter(mapping, note_thread, c, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return mapping;
}

static siem_code open_another(void *context, siem_mapping **mapping, void **owner,
                              siem_error *err) {
    (void)owner, (void)err;
    *mapping = open_mapping(context);
    return SIEM_OK;
}

static void close_another(void *context, siem_mapping *mapping, void *owner) {
    (void)context, (void)owner;
    siem_mapping_close(mapping);
}

void *run(void *context) {
    consumer *c = context;
    siem_sink *sink;
    siem_export *export_;
    c->thread = pthread_self();
    if (c->place != NULL) here = *c->place;
    siem_mapping *mapping = open_mapping(c); /* of this thread */
    assert_ok(open_source(&c->source, c, &err));
    assert_ok(siem_sink_open_function(&sink, take, NULL, c, &err));
    const siem_export_options options = {.mapping = mapping,
                                         .sink = sink,
                                         .on_error = c->on_error,
                                         .deadletter = c->deadletter,
                                         .batch_bytes = c->batch_bytes != 0 ? c->batch_bytes : 1,
                                         .jobs = c->jobs != 0 ? c->jobs : 1,
                                         .open_mapping = open_another,
                                         .close_mapping = close_another,
                                         .mapping_context = c,
                                         .progress = goes_on,
                                         .progress_context = c,
                                         .notice = note,
                                         .notice_context = c};
    assert_ok(siem_export_open(&export_, &options, &err));
    c->begun = siem_clock();
    c->code = (c->drains ? siem_export_drain : siem_export_consume)(export_, c->source, &c->error);
    c->counts = *siem_export_counts(export_);
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    siem_source_close(c->source);
    siem_mapping_close(mapping);
    return NULL;
}

void free_records(consumer *c) {
    for (size_t i = 0; i < c->count; i++) free(c->records[i]);
    c->count = 0;
}

static size_t count_of(const consumer *c, const char *record) {
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) count += strcmp(c->records[i], record) == 0;
    return count;
}

size_t arrivals(const consumer *c, const char *registry, int id) {
    char record[100];
    (void)snprintf(record, sizeof record, "{\"id\":\"%d\",\"r\":\"%s\"}", id, registry);
    return count_of(c, record);
}

void assert_code(const consumer *c, siem_code code) {
    if (c->code != code) fail_msg("%s: %s", siem_code_name(c->code), c->error.message);
}

void assert_order(const consumer *c, const char *registry) {
    char ending[40];
    int last = 0;
    (void)snprintf(ending, sizeof ending, "\"r\":\"%s\"}", registry);
    for (size_t i = 0; i < c->count; i++) {
        if (strstr(c->records[i], ending) == NULL) continue;
        int id = (int)strtol(c->records[i] + strlen("{\"id\":\""), NULL, 10);
        assert_true(id > last);
        last = id;
    }
}
