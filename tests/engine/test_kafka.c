/* test_kafka.c: a topic of librdkafka's own mock cluster, which fails as it is told to. */
#include "base/clock.h"
#include "record/batch.h"
#include "sink/sink.h"
#include "testing.h"

#include <dirent.h>
#include <librdkafka/rdkafka.h>

#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PRODUCE 0 /* its ApiKey */

static rd_kafka_t *host; /* of the cluster */
static rd_kafka_mock_cluster_t *cluster;
static siem_mapping *mapping;
static char topic[32]; /* of this test */

static int open_mapping(void) {
    const char *const from[] = {"event_id", NULL}, *const text[] = {"token_id", NULL};
    assert_ok(siem_mapping_open(&mapping, "plain", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){.destination = "id", .from = from}, &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){.destination = "t", .from = text}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return 0;
}

static int open_cluster(void **state) {
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)state;
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(host);
    cluster = rd_kafka_mock_cluster_new(host, 1);
    assert_non_null(cluster);
    return open_mapping();
}

static int close_cluster(void **state) {
    (void)state;
    siem_mapping_close(mapping);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    return 0;
}

/* The cluster makes a topic of four partitions when it is asked for one first. It does so at once,
 * while it looks once a second for what it is told. */
#define PARTITIONS 4

static int name_topic(void **state) {
    static unsigned count;
    (void)state;
    (void)snprintf(topic, sizeof topic, "events-%u", ++count);
    return 0;
}

/* ---- events ---- */

static void add_event(siem_batch *batch, int64_t id, const char *token) {
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = id}},
                               {"token_id", test_text(token)}};
    siem_event *event;
    assert_ok(siem_event_open(&event, row, 2, "r-1", &err));
    assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    siem_event_close(event);
}

static siem_batch *make_batch(int64_t first, int64_t last) {
    siem_batch *batch;
    assert_ok(siem_batch_open(&batch, &err));
    for (int64_t id = first; id <= last; id++) add_event(batch, id, "x");
    return batch;
}

/* ---- sinks ---- */

#define MOST_OPTIONS 16

/* Options in pairs, ended by NULL, beside those of the cluster. Fails as siem_sink_open. */
static siem_code try_open(siem_sink **sink, const char *const *pairs, siem_error *err) {
    siem_option options[MOST_OPTIONS] = {{"brokers", rd_kafka_mock_cluster_bootstraps(cluster)},
                                         {"topic", topic},
                                         {"kafka", "topic.metadata.propagation.max.ms=300"},
                                         {"kafka", "reconnect.backoff.max.ms=100"},
                                         {"retry_base", "0.01"}};
    size_t count = 5;
    for (; pairs != NULL && *pairs != NULL; pairs += 2) {
        size_t at = strcmp(pairs[0], "topic") == 0 ? 1 : count++;
        options[at] = (siem_option){pairs[0], pairs[1]};
    }
    return siem_sink_open(sink, "kafka", options, count, err);
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static siem_sink *open_sink(const char *const *pairs) {
    siem_sink *sink;
    assert_ok(try_open(&sink, pairs, &err));
    return sink;
}

static void close_sink(siem_sink *sink) {
    assert_ok(siem_sink_close(sink, &err));
}

/* Sends a batch, and expects a code and words of its message. */
static void assert_send(siem_sink *sink, siem_batch *batch, siem_outcome *outcomes, siem_code code,
                        const char *words) {
    siem_error err = {0};
    siem_code rc = siem_sink_send(sink, batch, outcomes, &err);
    if (rc != code) fail_msg("%s: %s", siem_code_name(rc), err.message);
    if (words != NULL && strstr(err.message, words) == NULL) fail_msg("%s", err.message);
}

/* ---- what is in the topic ---- */

typedef struct found {
    char ids[4096]; /* "1 2 3 " */
    char key[64], headers[512], first[256];
} found;

static void take(found *f, const rd_kafka_message_t *message) {
    const char *record = message->payload, *name;
    const void *value;
    size_t size;
    rd_kafka_headers_t *headers = NULL;
    if (f->first[0] == '\0') {
        (void)snprintf(f->first, sizeof f->first, "%.*s", (int)message->len, record);
        (void)snprintf(f->key, sizeof f->key, "%.*s", (int)message->key_len,
                       message->key != NULL ? (const char *)message->key : "");
        (void)rd_kafka_message_headers(message, &headers);
        for (size_t i = 0;
             headers != NULL && rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0;
             i++) {
            size_t at = strlen(f->headers);
            (void)snprintf(f->headers + at, sizeof f->headers - at, "%s=%.*s ", name, (int)size,
                           (const char *)value);
        }
    }
    size_t at = strlen(f->ids);
    (void)snprintf(f->ids + at, sizeof f->ids - at, "%d ", atoi(record + strlen("{\"id\":\"")));
}

/* Reads the topic to its end. */
static found read_topic(void) {
    char reason[256];
    found f = {0};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster),
                            reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "group.id", "g", reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", reason, sizeof reason);
    (void)rd_kafka_conf_set(conf, "enable.partition.eof", "true", reason, sizeof reason);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        rd_kafka_topic_partition_list_add(list, topic, i)->offset =
            0; /* it need not be asked for */
    }
    (void)rd_kafka_assign(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    for (int ends = 0; ends < PARTITIONS;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 1000);
        if (message == NULL) continue;
        ends += message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) take(&f, message);
        rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return f;
}

/* ---- what is sent ---- */

static void test_messages(void **state) {
    (void)state;
    siem_sink *sink = open_sink(NULL);
    siem_batch *batch = make_batch(1, 5);
    siem_outcome outcomes[5];
    assert_send(sink, batch, outcomes, SIEM_OK, NULL);
    for (int i = 0; i < 5; i++) assert_int_equal(outcomes[i].verdict, SIEM_DELIVERED);
    assert_send(sink, batch, NULL, SIEM_OK, NULL); /* the handle serves again */
    close_sink(sink);
    siem_batch_close(batch);
    found f = read_topic();
    assert_string_equal(f.ids, "1 2 3 4 5 1 2 3 4 5 ");
    assert_string_equal(f.first, "{\"id\":\"1\",\"t\":\"x\"}");
    assert_string_equal(f.key, "r-1");
    assert_string_equal(f.headers, "oversight-schema=oversight-siem-1 oversight-format=plain "
                                   "oversight-registry-id=r-1 oversight-event-id=1 ");
}

/* What lingers until a request is full is sent when no more comes. */
static void test_no_linger(void **state) {
    (void)state;
    siem_sink *sink = open_sink(PAIRS("kafka", "linger.ms=300000"));
    siem_batch *batch = make_batch(1, 2);
    time_t begun = time(NULL);
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    assert_true(time(NULL) - begun < 60);
    close_sink(sink);
    siem_batch_close(batch);
}

static void test_cloudevents(void **state) {
    (void)state;
    siem_sink *sink = open_sink(PAIRS("kafka_key", "event", "kafka_headers", "cloudevents"));
    siem_batch *batch = make_batch(1, 1);
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    close_sink(sink);
    siem_batch_close(batch);
    found f = read_topic();
    assert_int_equal(strlen(f.key), 28);
    char expected[512];
    (void)snprintf(expected, sizeof expected,
                   "ce_specversion=1.0 ce_type=oversight.beacon ce_source=/oversight/registry/r-1 "
                   "ce_id=%s ce_dataschema=urn:oversight-siem-1:plain "
                   "content-type=application/json ",
                   f.key);
    assert_string_equal(f.headers, expected);
}

static void test_no_labels(void **state) {
    (void)state;
    siem_sink *sink = open_sink(PAIRS("kafka_key", "none", "kafka_headers", "none"));
    siem_batch *batch = make_batch(1, 1);
    unsigned count;
    siem_error err = {0};
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    found f = read_topic();
    assert_string_equal(f.key, "");
    assert_string_equal(f.headers, "");
    assert_int_equal(siem_sink_count(sink, "r-1", (const char *[]){"1"}, 1, &count, &err),
                     SIEM_HELD);
    assert_non_null(strstr(err.message, "tells which event"));
    close_sink(sink);
    siem_batch_close(batch);
}

/* ---- outcomes ---- */

/* Before it is sent: that record alone. */
static void test_too_large(void **state) {
    (void)state;
    char large[3000];
    siem_sink *sink = open_sink(PAIRS("kafka", "message.max.bytes=2000", "batch_bytes", "100000"));
    siem_batch *batch = make_batch(1, 2);
    siem_outcome outcomes[4];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    add_event(batch, 3, large);
    add_event(batch, 4, "x");
    assert_send(sink, batch, outcomes, SIEM_REFUSED, "event 3: ");
    assert_int_equal(outcomes[2].verdict, SIEM_REJECT);
    assert_int_equal(outcomes[2].code, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    close_sink(sink);
    siem_batch_close(batch);
    assert_string_equal(read_topic().ids, "1 2 4 ");
}

/* By a broker, which refuses messages together: they are sent as fewer, until one is alone. */
static void test_refused_by_broker(void **state) {
    (void)state;
    siem_sink *sink = open_sink(NULL);
    siem_batch *batch = make_batch(1, 4);
    siem_outcome outcomes[4];
    rd_kafka_mock_push_request_errors(cluster, PRODUCE, 3, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_send(sink, batch, outcomes, SIEM_REFUSED, "event 1: ");
    assert_int_equal(outcomes[0].verdict, SIEM_REJECT);
    for (int i = 1; i < 4; i++) assert_int_equal(outcomes[i].verdict, SIEM_DELIVERED);
    close_sink(sink);
    siem_batch_close(batch);
    assert_string_equal(read_topic().ids, "2 3 4 ");
}

static void test_held(void **state) {
    (void)state;
    static const struct {
        rd_kafka_resp_err_t code;
        const char *words;
    } cases[] = {{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "allow this user to write"},
                 {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, "correct the properties"},
                 {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, "choose another compress"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_sink *sink = open_sink(NULL);
        siem_batch *batch = make_batch(1, 3);
        siem_outcome outcomes[3];
        rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, cases[i].code);
        assert_send(sink, batch, outcomes, SIEM_HELD, cases[i].words);
        for (int j = 0; j < 3; j++) assert_int_equal(outcomes[j].verdict, SIEM_UNDECIDED);
        close_sink(sink);
        siem_batch_close(batch);
    }
    assert_string_equal(read_topic().ids, "");
}

static void test_unknown_topic(void **state) {
    (void)state;
    siem_sink *sink = open_sink(PAIRS("topic", "nowhere"));
    siem_batch *batch = make_batch(1, 3);
    siem_error err = {0};
    rd_kafka_mock_topic_set_error(cluster, "nowhere", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_send(sink, batch, NULL, SIEM_HELD, "create the topic");
    assert_int_equal(siem_sink_ping(sink, NULL, &err), SIEM_HELD);
    close_sink(sink);
    siem_batch_close(batch);
}

/* Within its time, librdkafka tries again by itself, and nobody hears of it. */
static void test_transient(void **state) {
    (void)state;
    siem_sink *sink = open_sink(PAIRS("batch_events", "2", "kafka", "retry.backoff.ms=10"));
    siem_batch *batch = make_batch(1, 9);
    rd_kafka_mock_push_request_errors(cluster, PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    close_sink(sink);
    siem_batch_close(batch);
    assert_string_equal(read_topic().ids, "1 2 3 4 5 6 7 8 9 ");
}

/* A producer whose state the broker has lost begins again with another handle. */
static void test_fatal(void **state) {
    (void)state;
    siem_sink *sink = open_sink(NULL);
    siem_batch *batch = make_batch(1, 3);
    rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    close_sink(sink);
    siem_batch_close(batch);
    assert_string_equal(read_topic().ids, "1 2 3 ");
}

/* ---- outages ---- */

typedef struct notes {
    char text[4096];
    unsigned asked;      /* whether to go on */
    unsigned end, raise; /* at which question it ends, and the broker is up again; 0: never */
} notes;

static void note(void *context, const char *text) {
    notes *n = context;
    size_t at = strlen(n->text);
    (void)snprintf(n->text + at, sizeof n->text - at, "%s\n", text);
}

static bool go_on(void *context) {
    notes *n = context;
    n->asked++;
    if (n->asked == n->raise) (void)rd_kafka_mock_broker_set_up(cluster, 1);
    return n->asked != n->end;
}

static void listen_to(siem_sink *sink, notes *n) {
    siem_sink_set_notice(sink, note, n);
    siem_sink_set_go_on(sink, go_on, n);
}

/* Parcels that wait while a broker is down, and are taken back several times, keep their order. */
static void test_outage(void **state) {
    (void)state;
    notes n = {.raise = 20};
    siem_sink *sink = open_sink(
        PAIRS("batch_events", "3", "timeout", "0.3", "retries", "1000", "in_flight", "4"));
    siem_batch *batch = make_batch(1, 40);
    char expected[256] = "";
    listen_to(sink, &n);
    (void)rd_kafka_mock_broker_set_down(cluster, 1);
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    close_sink(sink);
    siem_batch_close(batch);
    assert_non_null(strstr(n.text, "no confirmation within 0.3 s"));
    assert_non_null(strstr(n.text, "works again"));
    for (int id = 1; id <= 40; id++) (void)sprintf(expected + strlen(expected), "%d ", id);
    assert_string_equal(read_topic().ids, expected);
}

static void test_given_up(void **state) {
    (void)state;
    siem_sink *sink = open_sink(PAIRS("timeout", "0.2", "retries", "1"));
    siem_batch *batch = make_batch(1, 3);
    siem_error err = {0};
    (void)rd_kafka_mock_broker_set_down(cluster, 1);
    assert_send(sink, batch, NULL, SIEM_UNAVAILABLE, "given up after 2 attempt(s)");
    assert_int_equal(siem_sink_ping(sink, NULL, &err), SIEM_UNAVAILABLE);
    (void)rd_kafka_mock_broker_set_up(cluster, 1);
    for (int i = 0; siem_sink_send(sink, batch, NULL, &err) != SIEM_OK; i++) assert_true(i < 100);
    close_sink(sink);
    siem_batch_close(batch);
    assert_string_equal(read_topic().ids, "1 2 3 ");
}

/* What is in flight after a request to stop is waited for, but not for long. */
static void test_stop(void **state) {
    (void)state;
    notes n = {.end = 3};
    siem_sink *sink = open_sink(PAIRS("batch_events", "1"));
    siem_batch *batch = make_batch(1, 9);
    listen_to(sink, &n);
    (void)rd_kafka_mock_broker_set_down(cluster, 1);
    double start = siem_clock();
    assert_send(sink, batch, NULL, SIEM_CANCELLED, NULL);
    siem_batch_close(batch); /* nobody reads it any more */
    close_sink(sink);
    (void)rd_kafka_mock_broker_set_up(cluster, 1);
    assert_true(siem_clock() - start < 20);
}

/* ---- the rest ---- */

static void test_ping(void **state) {
    (void)state;
    char answer[200];
    siem_sink *sink = open_sink(NULL);
    char expected[100];
    siem_batch *batch = make_batch(1, 1);
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    siem_batch_close(batch);
    (void)snprintf(expected, sizeof expected, "topic %s has 4 partition(s), on 1 broker(s)", topic);
    assert_ok(siem_sink_ping(sink, answer, &err));
    assert_string_equal(answer, expected);
    close_sink(sink);
}

static void assert_counts(siem_sink *sink, const unsigned expected[3]) {
    unsigned counts[3];
    assert_ok(siem_sink_count(sink, "r-1", (const char *[]){"1", "2", "9"}, 3, counts, &err));
    for (int i = 0; i < 3; i++) assert_int_equal(counts[i], expected[i]);
}

/* By headers of either style, or by the key; what was written since is read as well. */
static void test_count(void **state) {
    (void)state;
    static const char *const styles[] = {"oversight", "cloudevents", "none"};
    for (unsigned i = 0; i < 3; i++) {
        siem_sink *sink = open_sink(PAIRS("kafka_headers", styles[i], "kafka_key", "event"));
        siem_batch *batch = make_batch(1, 1), *other = make_batch(2, 2);
        assert_send(sink, batch, NULL, SIEM_OK, NULL);
        assert_counts(sink, (const unsigned[]){2 * i + 1, i, 0});
        assert_send(sink, other, NULL, SIEM_OK, NULL);
        assert_send(sink, batch, NULL, SIEM_OK, NULL);
        assert_counts(sink, (const unsigned[]){2 * i + 2, i + 1, 0});
        close_sink(sink);
        siem_batch_close(batch);
        siem_batch_close(other);
    }
    /* A table that has to grow. */
    siem_sink *sink = open_sink(NULL);
    siem_batch *batch = make_batch(10, 9000);
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    assert_counts(sink, (const unsigned[]){6, 3, 0});
    unsigned count;
    assert_ok(siem_sink_count(sink, "r-1", (const char *[]){"9000"}, 1, &count, &err));
    assert_int_equal(count, 1);
    close_sink(sink);
    siem_batch_close(batch);
}

static void test_count_fails(void **state) {
    (void)state;
    unsigned count;
    siem_error err = {0};
    siem_sink *sink = open_sink(PAIRS("topic", "nowhere", "timeout", "0.5"));
    rd_kafka_mock_topic_set_error(cluster, "nowhere", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_int_equal(siem_sink_count(sink, "r", (const char *[]){"1"}, 1, &count, &err), SIEM_HELD);
    close_sink(sink);
    sink = open_sink(PAIRS("topic", "forbidden", "timeout", "0.5"));
    rd_kafka_mock_topic_set_error(cluster, "forbidden",
                                  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(siem_sink_count(sink, "r", (const char *[]){"1"}, 1, &count, &err), SIEM_HELD);
    test_has(err.message, "topic forbidden: ");
    test_has(err.message, rd_kafka_err2str(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
    close_sink(sink);
    sink = open_sink(PAIRS("timeout", "0.5"));
    (void)rd_kafka_mock_broker_set_down(cluster, 1);
    assert_int_equal(siem_sink_count(sink, "r", (const char *[]){"1"}, 1, &count, &err),
                     SIEM_UNAVAILABLE);
    close_sink(sink);
    (void)rd_kafka_mock_broker_set_up(cluster, 1);
}

static void keep_preview(void *context, const char *text, size_t size) {
    (void)snprintf(context, 1024, "%.*s", (int)size, text);
}

#define SHOWN(id)                                                                                  \
    "\nkey: r-1\noversight-schema: oversight-siem-1\noversight-format: plain\n"                    \
    "oversight-registry-id: r-1\noversight-event-id: " id "\n{\"id\":\"" id "\",\"t\":\"x\"}\n"

static void test_preview(void **state) {
    (void)state;
    char shown[1024], expected[1024];
    siem_sink *sink = open_sink(NULL);
    siem_batch *batch = make_batch(1, 2);
    assert_ok(siem_sink_set_preview(sink, keep_preview, shown, &err));
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    (void)snprintf(expected, sizeof expected, "PRODUCE %s at %s\n" SHOWN("1") SHOWN("2"), topic,
                   rd_kafka_mock_cluster_bootstraps(cluster));
    assert_string_equal(shown, expected);
    close_sink(sink);
    siem_batch_close(batch);
    assert_string_equal(read_topic().ids, "");
}

static void test_options(void **state) {
    (void)state;
    static const struct {
        const char *name, *value, *words;
    } cases[] = {
        {"kafka", "nonsense", "kafka takes NAME=VALUE"},
        {"kafka", "=x", "kafka takes NAME=VALUE"},
        {"kafka", "no.such.property=1", "No such configuration property"},
        {"kafka", "linger.ms=soon", "Invalid value for configuration property"},
        {"kafka", "bootstrap.servers=h", "the option brokers sets it"},
        {"kafka", "compression.type=gzip", "the option compress sets it"},
        {"kafka", "sasl.password=file:/no/such/file", "kafka sasl.password: cannot open"},
        {"kafka", "ssl.key.password=env:NO_SUCH_VARIABLE", "no such environment variable"},
        {"compress", "best", "compress is zstd, gzip, lz4, snappy or none"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_sink *sink;
        siem_error err = {0};
        assert_true(try_open(&sink, PAIRS(cases[i].name, cases[i].value), &err) != SIEM_OK);
        assert_null(sink);
        if (strstr(err.message, cases[i].words) == NULL) fail_msg("%s", err.message);
        assert_string_equal(err.options[0], cases[i].name);
    }
}

/* Properties that fit no connection are found when the first one is made. */
static void test_no_connection(void **state) {
    (void)state;
    siem_sink *sink =
        open_sink(PAIRS("kafka", "security.protocol=ssl", "kafka", "ssl.key.location=/no/such/key",
                        "kafka", "ssl.key.password=hunter2hunter2"));
    siem_batch *batch = make_batch(1, 1);
    siem_error err = {0};
    assert_int_equal(siem_sink_send(sink, batch, NULL, &err), SIEM_HELD);
    assert_null(strstr(err.message, "hunter2"));
    close_sink(sink);
    siem_batch_close(batch);
}

/* Signals are for the threads of the program. Those of the cluster are librdkafka's as well. */
static void test_signals(void **state) {
    (void)state;
    siem_sink *sink = open_sink(NULL);
    siem_batch *batch = make_batch(1, 1);
    unsigned threads = 0;
    assert_send(sink, batch, NULL, SIEM_OK, NULL);
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300];
        if (task->d_name[0] == '.' || atoi(task->d_name) == getpid()) continue;
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        char *status = test_read(path);
        const char *mask = strstr(status, "SigBlk:");
        bool is_host = strstr(status, "rdk:mock") != NULL;
        if (!is_host && mask != NULL && strtoull(mask + 8, NULL, 16) == 0)
            fail_msg("%.40s", status);
        free(status);
        threads++;
    }
    (void)closedir(tasks);
    assert_true(threads > 2);
    close_sink(sink);
    siem_batch_close(batch);
}

#define WITH_TOPIC(test) cmocka_unit_test_setup(test, name_topic)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TOPIC(test_messages),      WITH_TOPIC(test_no_linger),
        WITH_TOPIC(test_cloudevents),   WITH_TOPIC(test_no_labels),
        WITH_TOPIC(test_too_large),     WITH_TOPIC(test_refused_by_broker),
        WITH_TOPIC(test_held),          WITH_TOPIC(test_unknown_topic),
        WITH_TOPIC(test_transient),     WITH_TOPIC(test_fatal),
        WITH_TOPIC(test_outage),        WITH_TOPIC(test_given_up),
        WITH_TOPIC(test_stop),          WITH_TOPIC(test_ping),
        WITH_TOPIC(test_count),         WITH_TOPIC(test_count_fails),
        WITH_TOPIC(test_preview),       WITH_TOPIC(test_options),
        WITH_TOPIC(test_no_connection), WITH_TOPIC(test_signals),
    };
    return cmocka_run_group_tests(tests, open_cluster, close_cluster);
}
