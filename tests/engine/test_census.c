/* test_census.c: how often a topic has the records of events. */
#include "sink/sink.h"
#include "told_kafka.h"

#include <string.h>

static siem_sink *sink;
static unsigned asked, ends_at; /* whether to go on; 0: always */

static bool go_on(void *context) {
    (void)context;
    return ++asked != ends_at;
}

static int begin(void **state) {
    const siem_option options[] = {{"brokers", "b"}, {"topic", "t"}, {"timeout", "5"}};
    (void)told_begin(state);
    asked = ends_at = 0;
    assert_ok(siem_sink_open(&sink, "kafka", options, 3, &err));
    siem_sink_set_go_on(sink, go_on, NULL);
    return 0;
}

static int end(void **state) {
    assert_ok(siem_sink_close(sink, &err));
    return told_end(state);
}

#define COUNTED(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* The record of an event, as the next message of a partition. */
static void add(int32_t partition, const char *event_id) {
    const char *const headers[] = {"oversight-registry-id", "r", "oversight-event-id", event_id,
                                   NULL};
    told_message(partition, told.high[partition]++, "{}");
    told_label(NULL, headers);
}

static void assert_count(const char *event_id, unsigned expected) {
    unsigned count;
    assert_ok(siem_sink_count(sink, "r", &event_id, 1, &count, &err));
    assert_int_equal(count, expected);
}

static void assert_fails(siem_code code, const char *words) {
    siem_error err = {0};
    unsigned count;
    assert_int_equal(siem_sink_count(sink, "r", (const char *[]){"1"}, 1, &count, &err), code);
    test_has(err.message, words);
}

static void assert_between(double least, double most, double value) {
    if (value < least || value > most) fail_msg("%g", value);
}

/* ---- counts ---- */

static void test_count(void **state) {
    (void)state;
    unsigned counts[4];
    add(0, "1");
    add(1, "2");
    add(1, "1");
    add(0, "3");
    assert_ok(siem_sink_count(sink, "r", (const char *[]){"1", "2", "9", "3"}, 4, counts, &err));
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 0);
    assert_int_equal(counts[3], 1);
    told_did("ask t 1000, assign 0@first 1@first, ");
    assert_ok(siem_sink_count(sink, "other", (const char *[]){"1"}, 1, counts, &err));
    assert_int_equal(counts[0], 0);
    add(1, "9"); /* what is new is read as well, and nothing twice */
    assert_count("9", 1);
    assert_count("1", 2);
    told_did("");
    assert_int_equal(told.made, 1);
}

/* By the header of CloudEvents, or by the key; other headers do not matter. */
static void test_labels(void **state) {
    (void)state;
    static const char id[] = "0123456789abcdefghijklmnopqr",
                      other[] = "0123456789abcdefghijklmnopq";
    const char *const cloud[] = {"a", "1", "b", "2",     "c", "3", "d",
                                 "4", "e", "5", "ce_id", id,  NULL};
    const char *const late[] = {"a", "1", "b", "2", "c",     "3", "d", "4",
                                "e", "5", "f", "6", "ce_id", id,  NULL};
    const char *const none[] = {NULL};
    told.high[0] = 5;
    told_message(0, 0, "{}");
    told_label("k", cloud);
    told_message(0, 1, "{}");
    told_label(id, NULL);
    told_message(0, 2, "{}");
    told_label(id, none);
    told_message(0, 3, "{}");
    told_label(other, NULL);
    told_message(0, 4, "{}");
    told_label("k", late);
    assert_count("1", 0); /* which is another one; three have an id, and two have none */
}

static void test_nothing(void **state) {
    (void)state;
    assert_count("1", 0);
}

/* What the topic has removed is not waited for, at its start or at its end. */
static void test_removed(void **state) {
    (void)state;
    told.low[0] = told.high[0] = 7;
    told.high[1] = 9;
    const char *const headers[] = {"oversight-registry-id", "r", "oversight-event-id", "1", NULL};
    told_message(1, 3, "{}");
    told_label(NULL, headers);
    told_eof(1, 9);
    double start = told.now;
    assert_count("1", 1);
    assert_between(0, 0.5, told.now - start);
}

/* More than there is room for at first, and than can be asked for at once. */
#define HALF 2500

static void test_many(void **state) {
    (void)state;
    char text[16];
    for (int i = 1; i <= 5000; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        add(i % 2, text);
        if (i % 7 == 0) add(0, text);
    }
    for (int i = 0; i < 5000; i += HALF) {
        unsigned counts[HALF];
        char ids[HALF][8];
        const char *list[HALF];
        for (int j = 0; j < HALF; j++) {
            (void)snprintf(ids[j], sizeof ids[j], "%d", i + j + 1);
            list[j] = ids[j];
        }
        assert_ok(siem_sink_count(sink, "r", list, HALF, counts, &err));
        for (int j = 0; j < HALF; j++) {
            assert_int_equal(counts[j], (i + j + 1) % 7 == 0 ? 2 : 1);
        }
    }
}

static void test_nameless(void **state) {
    (void)state;
    told.high[0] = 1;
    told_message(0, 0, "{}");
    assert_fails(SIEM_HELD, "kafka: no message of topic t tells which event it has");
    add(0, "1"); /* one that does is enough */
    assert_count("1", 1);
}

/* ---- what fails ---- */

/* It is asked again, for as long as the options allow. */
static void test_no_answer(void **state) {
    (void)state;
    told.metadata = RD_KAFKA_RESP_ERR__TIMED_OUT;
    double start = told.now;
    assert_fails(SIEM_UNAVAILABLE, "kafka: topic t: Local: Timed out");
    assert_between(5, 6.5, told.now - start);
    told.metadata = RD_KAFKA_RESP_ERR_NO_ERROR;
    told.offsets_code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    start = told.now;
    assert_fails(SIEM_UNAVAILABLE, "kafka: topic t: Local: Timed out");
    assert_between(5, 6.5, told.now - start);
    ends_at = asked + 2;
    start = told.now;
    assert_fails(SIEM_CANCELLED, "");
    assert_between(1, 2.5, told.now - start);
}

static void test_unknown(void **state) {
    (void)state;
    double start = told.now;
    told.of_topic = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    assert_fails(SIEM_HELD, "create the topic");
    told.partitions = 0; /* the answer can be that it has no partitions */
    told.of_topic = RD_KAFKA_RESP_ERR_NO_ERROR;
    assert_fails(SIEM_HELD, "create the topic");
    told.of_topic = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    assert_fails(SIEM_HELD, "Topic authorization failed");
    assert_between(0, 0.5, told.now - start);
}

/* Why there is no answer is known at once, and forgotten before the next question. */
static void test_down(void **state) {
    (void)state;
    told.metadata = RD_KAFKA_RESP_ERR__TRANSPORT;
    told_error(RD_KAFKA_RESP_ERR__TRANSPORT, "b: refused");
    told_error(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "");
    assert_fails(SIEM_UNAVAILABLE, "kafka: topic t: b: refused");
    told_did("ask t 1000, ");
    told_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: wrong password");
    assert_fails(SIEM_HELD, "kafka: topic t: b: wrong password: correct the credentials");
    told_did("ask t 1000, ");
    told.metadata = RD_KAFKA_RESP_ERR_NO_ERROR;
    add(0, "1");
    assert_count("1", 1);
}

/* While messages are read: silence, and what no message follows. */
static void test_silence(void **state) {
    (void)state;
    told.high[0] = 2;
    double start = told.now;
    assert_fails(SIEM_UNAVAILABLE, "kafka: topic t: Local: Timed out");
    assert_between(5, 5.5, told.now - start);
    ends_at = asked + 3;
    start = told.now;
    assert_fails(SIEM_CANCELLED, "");
    assert_between(0.25, 0.35, told.now - start);
    told_fault(RD_KAFKA_RESP_ERR__TRANSPORT); /* librdkafka tries again */
    told_fault(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    start = told.now;
    assert_fails(SIEM_HELD, "kafka: topic t: Broker: Topic authorization failed: allow this user");
    told_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: wrong password");
    assert_fails(SIEM_HELD, "b: wrong password");
    assert_between(0, 0.5, told.now - start);
}

/* A message after 4, and one after 8 seconds. */
static double start_of_test;
static int64_t come;

static void arrive(void) {
    if (come == 2 || told.now - start_of_test < 4 * (double)(come + 1)) return;
    told_message(0, come++, "{}");
}

/* Each shows that brokers are there; a fault does not. */
static void test_slow(void **state) {
    (void)state;
    told.high[0] = 5;
    told.waits = arrive;
    start_of_test = told.now;
    assert_fails(SIEM_UNAVAILABLE, "Timed out");
    assert_between(13, 13.5, told.now - start_of_test);
}

static void test_no_topic(void **state) {
    (void)state;
    told.no_topic = true;
    assert_fails(SIEM_HELD, "Invalid argument");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        COUNTED(test_count),     COUNTED(test_labels),  COUNTED(test_nothing),
        COUNTED(test_removed),   COUNTED(test_many),    COUNTED(test_nameless),
        COUNTED(test_no_answer), COUNTED(test_unknown), COUNTED(test_down),
        COUNTED(test_silence),   COUNTED(test_slow),    COUNTED(test_no_topic),
    };
    return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}
