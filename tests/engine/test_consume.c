/* test_consume.c: exports of a topic by members of a group, with librdkafka's own mock cluster. */
#include "base/clock.h"
#include "testing.h"

#include <librdkafka/rdkafka.h>

#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS 3
#define DEADLINE   60.0 /* seconds, for a machine that is slow */

static rd_kafka_t *host; /* of the cluster, and the producer */
static rd_kafka_mock_cluster_t *cluster;
static char topic[32]; /* of this test */

static int open_all(void **state) {
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)state;
    (void)rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", reason, sizeof reason);
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(host);
    cluster = rd_kafka_handle_mock_cluster(host);
    assert_non_null(cluster);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    rd_kafka_destroy(host);
    return 0;
}

static int make_topic(void **state) {
    static unsigned count;
    (void)state;
    (void)snprintf(topic, sizeof topic, "events-%u", ++count);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, topic, PARTITIONS, 1),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    return 0;
}

/* ---- messages ---- */

static void produce(int32_t partition, const char *text) {
    rd_kafka_resp_err_t code =
        rd_kafka_producev(host, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_VALUE((void *)text, strlen(text)),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void flush(void) {
    assert_int_equal(rd_kafka_flush(host, (int)(DEADLINE * 1000)), RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* Events first to last of that registry, all in the partition. */
static void produce_events(int32_t partition, const char *registry, int first, int last) {
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

/* What the group has committed of a partition; -1: nothing. */
static int64_t committed(const char *group, int32_t partition) {
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster),
                            reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "group.id", group, reason, sizeof reason);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, topic, partition);
    assert_int_equal(rd_kafka_committed(consumer, list, (int)(DEADLINE * 1000)),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    return offset >= 0 ? offset : -1;
}

/* ---- a consumer: a source, a sink that remembers, and when it ends ---- */

#define MOST_RECORDS 4000

typedef struct consumer {
    const char *group, *handover; /* NULL: the usual one */
    siem_on_error on_error;
    siem_deadletter *deadletter;
    size_t batch_bytes; /* 0: a record a batch */
    size_t wanted;      /* records, after which it ends */
    bool (*is_over)(void);
    size_t fails_at;  /* a number of records with which the sink has an outage; 0: never */
    double fails_for; /* seconds */
    size_t holds_at;  /* likewise: with which it holds */
    /* ---- what came of it ---- */
    char *records[MOST_RECORDS];
    _Atomic size_t count;
    double failing_since;
    double begun;
    siem_code code;
    siem_error error;
    siem_counts counts;
    char notices[2000];
} consumer;

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
    return !is_done && siem_clock() - c->begun < DEADLINE;
}

static void note(void *context, const char *text) {
    consumer *c = context;
    size_t at = strlen(c->notices);
    (void)snprintf(c->notices + at, sizeof c->notices - at, "%s\n", text);
}

static siem_code open_source(siem_source **source, const consumer *c, siem_error *err) {
    /* A change of the cluster's groups takes the time of a session. */
    const siem_option options[] = {{"brokers", rd_kafka_mock_cluster_bootstraps(cluster)},
                                   {"topic", topic},
                                   {"group", c->group},
                                   {"kafka", "session.timeout.ms=6000"},
                                   {"kafka", "heartbeat.interval.ms=200"},
                                   {"handover", c->handover}};
    return siem_source_open(source, "kafka", options, c->handover != NULL ? 6 : 5, err);
}

static siem_mapping *open_mapping(void) {
    const char *const id[] = {"event_id", NULL}, *const registry[] = {"registry_id", NULL};
    siem_mapping *mapping;
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){.destination = "id", .from = id}, &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){.destination = "r", .from = registry}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return mapping;
}

static void *run(void *context) {
    consumer *c = context;
    siem_source *source;
    siem_sink *sink;
    siem_export *export_;
    siem_mapping *mapping = open_mapping(); /* of this thread */
    assert_ok(open_source(&source, c, &err));
    assert_ok(siem_sink_open_function(&sink, take, NULL, c, &err));
    const siem_export_options options = {.mapping = mapping,
                                         .sink = sink,
                                         .on_error = c->on_error,
                                         .deadletter = c->deadletter,
                                         .batch_bytes = c->batch_bytes != 0 ? c->batch_bytes : 1,
                                         .progress = goes_on,
                                         .progress_context = c,
                                         .notice = note,
                                         .notice_context = c};
    assert_ok(siem_export_open(&export_, &options, &err));
    c->begun = siem_clock();
    c->code = siem_export_consume(export_, source, &c->error);
    c->counts = *siem_export_counts(export_);
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    siem_source_close(source);
    siem_mapping_close(mapping);
    return NULL;
}

static void free_records(consumer *c) {
    for (size_t i = 0; i < c->count; i++) free(c->records[i]);
    c->count = 0;
}

static size_t count_of(const consumer *c, const char *record) {
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) count += strcmp(c->records[i], record) == 0;
    return count;
}

/* How often event `id` of a registry has arrived. */
static size_t arrivals(const consumer *c, const char *registry, int id) {
    char record[100];
    (void)snprintf(record, sizeof record, "{\"id\":\"%d\",\"r\":\"%s\"}", id, registry);
    return count_of(c, record);
}

static void assert_code(const consumer *c, siem_code code) {
    if (c->code != code) fail_msg("%s: %s", siem_code_name(c->code), c->error.message);
}

/* The ids of a registry, in the order in which they came, never step back. */
static void assert_order(const consumer *c, const char *registry) {
    char ending[40];
    int last = 0;
    (void)snprintf(ending, sizeof ending, "\"r\":\"%s\"}", registry);
    for (size_t i = 0; i < c->count; i++) {
        if (strstr(c->records[i], ending) == NULL) continue;
        int id = atoi(c->records[i] + strlen("{\"id\":\""));
        assert_true(id > last);
        last = id;
    }
}

/* ---- tests ---- */

static void test_all(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 10);
    produce_events(1, "r-2", 1, 10);
    produce_events(1, "r-3", 1, 5);
    consumer c = {.group = "all", .wanted = 25, .batch_bytes = 200};
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    assert_int_equal(c.count, 25);
    for (int id = 1; id <= 10; id++) {
        assert_int_equal(arrivals(&c, "r-1", id), 1);
        assert_int_equal(arrivals(&c, "r-2", id), 1);
    }
    for (int i = 1; i <= 3; i++) assert_order(&c, i == 1 ? "r-1" : i == 2 ? "r-2" : "r-3");
    assert_int_equal(c.counts.exported, 25);
    assert_int_equal(c.counts.last_id, 0);
    assert_int_equal(committed("all", 0), 10);
    assert_int_equal(committed("all", 1), 15);
    assert_int_equal(committed("all", 2), -1);
    free_records(&c);
}

/* What the sink did not take is not committed, and comes again; what it took does not. */
static void test_confirmed_alone(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 20);
    consumer c = {.group = "confirmed", .wanted = 20, .holds_at = 7};
    (void)run(&c);
    assert_code(&c, SIEM_HELD);
    assert_int_equal(c.count, 7);
    assert_int_equal(committed("confirmed", 0), 7);
    consumer again = {.group = "confirmed", .wanted = 13};
    (void)run(&again);
    assert_code(&again, SIEM_CANCELLED);
    for (int id = 1; id <= 20; id++) {
        assert_int_equal(arrivals(&c, "r-1", id) + arrivals(&again, "r-1", id), 1);
    }
    assert_int_equal(committed("confirmed", 0), 20);
    free_records(&c);
    free_records(&again);
}

/* A target that was away gets all, in order, although messages were read ahead. */
static void test_outage(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 30);
    produce_events(2, "r-2", 1, 30);
    consumer c = {.group = "outage", .wanted = 60, .fails_at = 11, .fails_for = 1.5};
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    assert_non_null(strstr(c.notices, "the target is away"));
    assert_int_equal(c.count, 60);
    assert_order(&c, "r-1");
    assert_order(&c, "r-2");
    assert_int_equal(committed("outage", 0), 30);
    assert_int_equal(committed("outage", 2), 30);
    free_records(&c);
}

static void test_not_an_event(void **state) {
    (void)state;
    const char *const path = test_path("refused.jsonl");
    produce_events(1, "r-1", 1, 2);
    produce(1, "nonsense \xff");
    produce(1, "{\"event_id\":\"3\"}");
    produce_events(1, "r-1", 4, 5);
    consumer c = {.group = "refused", .on_error = SIEM_DEADLETTER_ON_ERROR, .wanted = 6};
    assert_ok(siem_deadletter_open(&c.deadletter, path, &err));
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    assert_ok(siem_deadletter_close(c.deadletter, &err));
    assert_int_equal(c.count, 4);
    assert_int_equal(c.counts.refused, 2);
    assert_int_equal(committed("refused", 1), 6);
    char *kept = test_read(path), place[64];
    (void)snprintf(place, sizeof place, "%s[1]@2", topic);
    assert_non_null(strstr(kept, place));
    assert_non_null(strstr(kept, "not a raw event: the event is not JSON"));
    assert_non_null(strstr(kept, "\"partition\":1,\"offset\":2,\"message\":\"nonsense \\ufffd\""));
    assert_non_null(strstr(kept, "not a raw event: registry_id is missing"));
    free(kept);
    free_records(&c);
}

/* It ends the export: what comes before it is delivered and committed, and it is not. */
static void test_stops(void **state) {
    (void)state;
    char place[64];
    produce_events(1, "r-1", 1, 2);
    produce(1, "nonsense");
    produce_events(1, "r-1", 4, 5);
    consumer c = {.group = "stops", .wanted = 5};
    (void)run(&c);
    assert_code(&c, SIEM_REFUSED);
    (void)snprintf(place, sizeof place, "event %s[1]@2: not a raw event", topic);
    if (strstr(c.error.message, place) == NULL) fail_msg("%s", c.error.message);
    assert_int_equal(c.count, 2);
    assert_int_equal(committed("stops", 1), 2);
    free_records(&c);
}

/* ---- two members ---- */

#define BATCH 100 /* events of each partition, at once */

static consumer first, second;
static _Atomic int made; /* events of each partition, when all are produced; 0 before */

static bool has_all(void) {
    bool is_so = made != 0;
    for (int32_t i = 0; is_so && i < PARTITIONS; i++) is_so = committed("shared", i) == made;
    return is_so;
}

/* Asked as often as it is cheap. */
static bool is_all_committed(void) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static double due;
    static bool is_over;
    (void)pthread_mutex_lock(&lock);
    if (!is_over && siem_clock() > due) {
        is_over = has_all();
        due = siem_clock() + 0.5;
    }
    bool answer = is_over;
    (void)pthread_mutex_unlock(&lock);
    return answer;
}

static void produce_everywhere(int from, int to) {
    for (int32_t i = 0; i < PARTITIONS; i++) {
        char registry[] = {'r', '-', (char)('0' + i), '\0'};
        produce_events(i, registry, from, to);
    }
}

/* One joins while the other reads, and both go on: nothing is missing. What comes twice was
 * delivered when the group changed, as this cluster takes no commits meanwhile. */
static void test_rebalance(void **state) {
    (void)state;
    pthread_t threads[2];
    double start = siem_clock();
    first = (consumer){.group = "shared", .is_over = is_all_committed};
    second = (consumer){.group = "shared", .is_over = is_all_committed};
    int last = BATCH;
    produce_everywhere(1, last);
    assert_int_equal(pthread_create(&threads[0], NULL, run, &first), 0);
    while (first.count == 0 && siem_clock() - start < DEADLINE) rd_kafka_poll(host, 10);
    assert_int_equal(pthread_create(&threads[1], NULL, run, &second), 0);
    for (; second.count == 0 && siem_clock() - start < DEADLINE; last++) {
        produce_everywhere(last + 1, last + 1); /* for whoever has the partition by then */
        rd_kafka_poll(host, 100);
    }
    produce_everywhere(last + 1, last + BATCH);
    made = last + BATCH;
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    assert_code(&first, SIEM_CANCELLED);
    assert_code(&second, SIEM_CANCELLED);
    assert_true(second.count > 0);
    assert_true(has_all());
    for (int32_t i = 0; i < PARTITIONS; i++) {
        char registry[] = {'r', '-', (char)('0' + i), '\0'};
        for (int id = 1; id <= made; id++) {
            assert_true(arrivals(&first, registry, id) + arrivals(&second, registry, id) > 0);
        }
    }
    free_records(&first);
    free_records(&second);
}

/* A partition, but for what the first one has delivered. */
static bool has_some(void) {
    return second.count >= BATCH - 1;
}

/* A member whose target is away does not keep its partitions from another one. */
static void test_handover(void **state) {
    (void)state;
    pthread_t threads[2];
    double start = siem_clock();
    first = (consumer){.group = "handover",
                       .handover = "0.5",
                       .is_over = has_some,
                       .fails_at = 1,
                       .fails_for = DEADLINE};
    second = (consumer){.group = "handover", .is_over = has_some};
    produce_everywhere(1, BATCH);
    assert_int_equal(pthread_create(&threads[0], NULL, run, &first), 0);
    while (first.count == 0 && siem_clock() - start < DEADLINE) rd_kafka_poll(host, 10);
    assert_int_equal(pthread_create(&threads[1], NULL, run, &second), 0);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    assert_code(&second, SIEM_CANCELLED);
    assert_true(has_some());
    assert_int_equal(first.count, 1);
    free_records(&first);
    free_records(&second);
}

/* ---- what fails ---- */

static void test_unknown_topic(void **state) {
    (void)state;
    (void)snprintf(topic, sizeof topic, "nowhere");
    rd_kafka_mock_topic_set_error(cluster, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    consumer c = {.group = "g", .wanted = 1};
    (void)run(&c);
    assert_code(&c, SIEM_HELD);
    assert_non_null(strstr(c.error.message, "create the topic"));
}

static void test_options(void **state) {
    (void)state;
    static const struct {
        const char *kind, *name, *value, *word;
        siem_code code;
    } cases[] = {
        {"mqtt", "group", "g", "give kafka", SIEM_NOT_FOUND},
        {"kafka", "kafka", "no.such=1", "No such configuration property", SIEM_INVALID},
        {"kafka", "handover", "-1", "handover", SIEM_INVALID},
        {"kafka", "colour", "red", "colour", SIEM_INVALID},
        {"kafka", "topic", "other", "twice", SIEM_INVALID},
        {"kafka", "kafka", "sasl.password=file:/nowhere/at/all", "/nowhere/at/all", SIEM_HELD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_source *source;
        siem_error err = {0};
        const siem_option options[] = {{"brokers", "127.0.0.1:1"},
                                       {"topic", "t"},
                                       {"group", "h"},
                                       {cases[i].name, cases[i].value}};
        siem_code rc = siem_source_open(&source, cases[i].kind, options, 4, &err);
        if (rc != cases[i].code) fail_msg("%s: %s", siem_code_name(rc), err.message);
        if (strstr(err.message, cases[i].word) == NULL) fail_msg("%s", err.message);
        assert_null(source);
    }
    siem_source *source;
    const siem_option options[] = {{"brokers", "127.0.0.1:1"}, {"topic", "t"}};
    siem_error err = {0};
    assert_int_equal(siem_source_open(&source, "kafka", options, 2, &err), SIEM_INVALID);
    assert_string_equal(err.options[0], "group");
    siem_source_close(NULL);
}

#define WITH_TOPIC(test) cmocka_unit_test_setup(test, make_topic)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TOPIC(test_all),           WITH_TOPIC(test_confirmed_alone),
        WITH_TOPIC(test_outage),        WITH_TOPIC(test_not_an_event),
        WITH_TOPIC(test_stops),         WITH_TOPIC(test_rebalance),
        WITH_TOPIC(test_handover),      cmocka_unit_test(test_unknown_topic),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
