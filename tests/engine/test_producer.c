/* test_producer.c: records as messages, and what becomes of them. */
#include "sink/sink.h"
#include "told_kafka.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static siem_sink *sink;
static siem_batch *batch; /* records 1, 2, 3 ... */
static siem_outcome outcomes[16];
static char notices[4096];
static unsigned asked, ends_at; /* whether to go on; 0: always */

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void note(void *context, const char *text) {
    size_t at = strlen(notices);
    (void)context;
    (void)snprintf(notices + at, sizeof notices - at, "%s\n", text);
}

static bool go_on(void *context) {
    (void)context;
    return ++asked != ends_at;
}

static void open_sink(const char *const *pairs) {
    siem_option options[16] = {{"brokers", "b"}, {"topic", "t"}};
    size_t count = 2;
    for (; *pairs != NULL; pairs += 2) options[count++] = (siem_option){pairs[0], pairs[1]};
    assert_ok(siem_sink_open(&sink, "kafka", options, count, &err));
    siem_sink_set_notice(sink, note, NULL);
    siem_sink_set_go_on(sink, go_on, NULL);
}

static int begin(void **state) {
    (void)told_begin(state);
    assert_ok(siem_batch_open(&batch, &err));
    notices[0] = '\0';
    asked = ends_at = 0;
    return 0;
}

static int end(void **state) {
    siem_batch_close(batch);
    if (sink != NULL) assert_ok(siem_sink_close(sink, &err));
    sink = NULL;
    return told_end(state);
}

#define PRODUCER(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* Sends records 1 to `last`. */
static void assert_send(int last, siem_code code, const char *words) {
    siem_error err = {0};
    for (int id = (int)siem_batch_size(batch) + 1; id <= last; id++) {
        char text[16], record[32];
        (void)snprintf(text, sizeof text, "%d", id);
        (void)snprintf(record, sizeof record, "{\"id\":%d}", id);
        assert_ok(siem_batch_add(batch, record, strlen(record), text, "r", 0, &err));
    }
    siem_code rc = siem_sink_send(sink, batch, outcomes, &err);
    if (rc != code) fail_msg("%s: %s", siem_code_name(rc), err.message);
    test_has(err.message, words);
}

/* The verdicts of all records: Delivered, Rejected, "." undecided. */
static void assert_outcomes(const char *expected) {
    char text[17] = "";
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        text[i] = '.';
        if (outcomes[i].verdict == SIEM_DELIVERED) text[i] = 'D';
        if (outcomes[i].verdict == SIEM_REJECT) text[i] = 'R';
        text[i + 1] = '\0';
    }
    assert_string_equal(text, expected);
}

static void assert_between(double least, double most, double value) {
    if (value < least || value > most) fail_msg("%g", value);
}

/* ---- what is delivered ---- */

static void test_delivered(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "2"));
    assert_int_equal(told.made, 0); /* nothing begins before it is needed */
    assert_send(5, SIEM_OK, "");
    assert_outcomes("DDDDD");
    told_did("1, 2, 3, 4, 5, ");
    assert_send(5, SIEM_OK, "");
    assert_int_equal(told.made, 1); /* the handle serves again */
}

/* Whatever the order of their reports. */
static void report_crosswise(void) {
    static const size_t order[] = {1, 1, 0};
    static size_t at;
    if (at < 3) told_report(order[at++]);
}

static void test_crosswise(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "1"));
    told.reports = "...d";
    told.waits = report_crosswise;
    assert_send(4, SIEM_OK, "");
    assert_outcomes("DDDD");
    told_did("1, 2, 3, 4, ");
    assert_send(4, SIEM_OK, "");
}

/* What waits until a request is full is sent when no more comes; not while more could. */
static void test_lingers(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "3", "in_flight", "2"));
    told.lingers = true;
    assert_send(3, SIEM_OK, "");
    assert_int_equal(told.flushes, 1);
    assert_outcomes("DDD");
}

static void test_full(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "1", "in_flight", "1"));
    assert_send(3, SIEM_OK, "");
    assert_int_equal(told.flushes, 0);
    assert_true(told.polls >= 3);
}

static void test_log(void **state) {
    (void)state;
    open_sink(PAIRS("kafka", "sasl.password=hunter2-hunter2"));
    told_log("FAIL", "cannot connect as hunter2-hunter2");
    assert_send(1, SIEM_OK, "");
    test_has(notices, "kafka: cannot connect as *");
    assert_null(strstr(notices, "hunter2"));
}

/* ---- what is refused ---- */

static void test_too_large(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "4"));
    told.reports = "dLd";
    assert_send(4, SIEM_REFUSED, "event 2: Broker: Message size too large");
    assert_outcomes("DRDD");
    assert_int_equal(outcomes[1].code, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_int_equal(outcomes[1].http_status, 0);
    told_did("1, 2, 3, 4, ");
}

/* A broker refuses records together: the one at fault is found. */
static void test_divided(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "4"));
    told.reports = "lllllllddd";
    assert_send(4, SIEM_REFUSED, "event 1: ");
    assert_outcomes("RDDD");
    told_did("1, 2, 3, 4, 1, 2, 1, 2, 3, 4, ");
}

/* Those of a parcel that are delivered already are not sent again. */
static void test_divided_later(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "5"));
    told.reports = "dl...l.ld";
    assert_send(5, SIEM_REFUSED, "event 2: ");
    assert_outcomes("DRDDD");
    told_did("1, 2, 3, 4, 5, purge, 2, 3, purge, 2, 3, 4, 5, ");
}

/* What comes after it is sent in as small requests. */
static void test_divided_to_one(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "2", "in_flight", "1"));
    told.reports = "dll.d";
    assert_send(4, SIEM_REFUSED, "event 2: ");
    assert_outcomes("DRDD");
    told_did("1, 2, 2, 3, purge, 3, 4, ");
}

static void test_held(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "2"));
    told.reports = "dh.";
    assert_send(4, SIEM_HELD, "kafka: topic t: Broker: Topic authorization failed: allow this");
    assert_outcomes("D...");
    told_did("1, 2, 3, 4, purge, ");
}

/* Also before it is sent, and nothing after it begins. */
static void test_held_at_once(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "3"));
    told.reports = ".H.";
    assert_send(3, SIEM_HELD, "allow this user");
    assert_outcomes("...");
    told_did("1, 2, purge, ");
}

/* ---- what is tried again ---- */

/* Nothing passes what failed. */
static void test_again(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "2", "retry_base", "0.1"));
    told.reports = "dr..d";
    assert_send(4, SIEM_OK, "");
    assert_outcomes("DDDD");
    told_did("1, 2, 3, 4, purge, 2, 3, 4, ");
    test_has(notices, "topic t: Broker: Not enough in-sync replicas");
    assert_int_equal(told.made, 1);
}

/* A producer whose sequence of messages broke off is another one then. */
static void test_fatal(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "2", "retry_base", "0.1"));
    told.reports = "f.d";
    told_error(RD_KAFKA_RESP_ERR__FATAL, "fatal");
    assert_send(2, SIEM_OK, "");
    test_has(notices, "topic t: the sequence broke off");
    assert_int_equal(told.made, 2);
    assert_int_equal(told.handles, 1);
}

static void test_fatal_without_cause(void **state) {
    (void)state;
    open_sink(PAIRS("retry_base", "0.1"));
    told.reports = "fd";
    assert_send(1, SIEM_OK, "");
    test_has(notices, "topic t: Local: Fatal error");
}

/* ---- silence ---- */

static void test_silence(void **state) {
    (void)state;
    open_sink(PAIRS("timeout", "5", "retries", "0"));
    double start = told.now;
    told.reports = ".";
    assert_send(2, SIEM_UNAVAILABLE, "no confirmation within 5 s");
    assert_between(5, 5.5, told.now - start);
    assert_outcomes("..");
    told_did("1, 2, purge, ");
    told.now += 100; /* the next one has its own time */
    start = told.now;
    told_error(RD_KAFKA_RESP_ERR__TRANSPORT, "b: refused");
    assert_send(2, SIEM_UNAVAILABLE, "no confirmation within 5 s: b: refused");
    assert_between(5, 5.5, told.now - start);
    siem_error err = {0};
    assert_int_equal(siem_sink_send(sink, batch, NULL, &err), SIEM_UNAVAILABLE);
    assert_null(strstr(err.message, "refused")); /* of the time before */
}

static double start_of_test;

static void report_late(void) {
    static bool is_done;
    if (is_done || told.now - start_of_test < 4) return;
    is_done = true;
    told_report(0);
}

/* Each report shows that brokers are there. */
static void test_slow(void **state) {
    (void)state;
    open_sink(PAIRS("timeout", "5", "retries", "0"));
    start_of_test = told.now;
    told.reports = ".";
    told.waits = report_late;
    assert_send(2, SIEM_UNAVAILABLE, "no confirmation within 5 s");
    assert_between(9, 9.5, told.now - start_of_test);
    assert_outcomes("D.");
}

/* ---- credentials ---- */

static void write_password(const char *text) {
    FILE *file = fopen(test_path("password"), "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void test_refused(void **state) {
    (void)state;
    open_sink(PAIRS("kafka", "sasl.password=hunter2-hunter2"));
    told.reports = ".";
    told_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: not hunter2-hunter2");
    assert_send(1, SIEM_HELD, "kafka: b: not *");
    assert_outcomes(".");
    told.reports = "d";
    for (int i = 0; i < 2; i++) assert_send(1, SIEM_OK, "");
    assert_int_equal(told.made, 2); /* by another handle, as brokers may know the password then */
}

static void test_cannot_open_again(void **state) {
    (void)state;
    open_sink(PAIRS("kafka", "sasl.password=hunter2-hunter2"));
    told.reports = ".";
    told_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: wrong password");
    assert_send(1, SIEM_HELD, "wrong password");
    told.no_handle = "ssl: no use of hunter2-hunter2";
    assert_send(1, SIEM_HELD, "kafka: ssl: no use of *");
    assert_int_equal(told.handles, 0);
}

/* A password that has changed is tried at once, and what it was refused with is not lost. */
static void test_renewed(void **state) {
    char property[300];
    (void)state;
    write_password("before\n");
    (void)snprintf(property, sizeof property, "sasl.password=file:%s", test_path("password"));
    open_sink(PAIRS("kafka", property));
    write_password("after\n");
    told.reports = "..d";
    told_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: wrong password");
    double start = told.now;
    assert_send(2, SIEM_OK, "");
    assert_outcomes("DD");
    assert_between(0, 0.5, told.now - start);
    assert_int_equal(told.made, 2);
    told_did("1, 2, purge, 1, 2, ");
    test_has(told.settings, "sasl.password=after\n");
}

/* ---- ends ---- */

/* What is in flight is taken back: nobody reads the records any more. */
static void test_stop(void **state) {
    (void)state;
    open_sink(PAIRS("batch_events", "1"));
    told.reports = ".";
    ends_at = 3;
    double start = told.now;
    assert_send(3, SIEM_CANCELLED, "");
    assert_outcomes("...");
    test_has(told.did, "purge, ");
    assert_between(0, 30, told.now - start);
}

static void test_no_topic(void **state) {
    siem_error err = {0};
    (void)state;
    open_sink(PAIRS("retries", "0"));
    told.no_topic = true;
    assert_send(1, SIEM_HELD, "topic: Local: Invalid argument");
    assert_int_equal(told.handles, 0);
    assert_int_equal(siem_sink_ping(sink, NULL, &err), SIEM_HELD);
    assert_string_equal(err.options[0], "topic");
}

/* An option that librdkafka refuses is named; a secret is not. */
static void test_refused_property(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"client.id", "kafka"},
                                           {"acks", "kafka"},
                                           {"bootstrap.servers", "brokers"},
                                           {"compression.codec", "compress"},
                                           {"sasl.password", "kafka"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const siem_option options[] = {
            {"brokers", "b"}, {"topic", "t"}, {"kafka", "sasl.password=hunter2-hunter2"}};
        siem_error err = {0};
        char expected[100];
        told.refuses = cases[i][0];
        assert_int_equal(siem_sink_open(&sink, "kafka", options, 3, &err), SIEM_INVALID);
        (void)snprintf(expected, sizeof expected, "kafka: %s: %s is not for ***************",
                       cases[i][1], cases[i][0]);
        assert_string_equal(err.message, expected);
        assert_string_equal(err.options[0], cases[i][1]);
        assert_null(sink);
    }
}

/* Between two attempts it waits as long as it is asked to. */
static void test_waits(void **state) {
    (void)state;
    open_sink(PAIRS("retries", "0"));
    double start = told.now;
    sink->kind->carrier->wait(sink, 1250); /* there is no handle yet */
    assert_between(1.25, 1.26, told.now - start);
    assert_send(1, SIEM_OK, "");
    start = told.now;
    sink->kind->carrier->wait(sink, 1250);
    assert_between(1.25, 1.26, told.now - start);
    assert_true(told.flushes >= 12); /* what fails is seen soon */
    start = told.now;
    sink->kind->carrier->wait(sink, 30);
    assert_between(0.03, 0.04, told.now - start);
    size_t polls = told.polls;
    sink->kind->carrier->wait(sink, 0);
    assert_int_equal(told.polls, polls + 1);
}

/* ---- ping ---- */

static void assert_ping(siem_code code, const char *words) {
    siem_error err = {0};
    assert_int_equal(siem_sink_ping(sink, NULL, &err), code);
    test_has(err.message, words);
}

static void test_ping(void **state) {
    char answer[200];
    (void)state;
    open_sink(PAIRS("timeout", "5"));
    told.topics[0] = "other";
    told.topics[1] = "t";
    assert_ok(siem_sink_ping(sink, answer, &err));
    assert_string_equal(answer, "topic t has 2 partition(s), on 2 broker(s)");
    told_did("ask all 100, ");
    told.of_topic = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    assert_ping(SIEM_HELD, "kafka: topic t: Broker: Topic authorization failed: allow this user");
    told.topics[1] = NULL;
    assert_ping(SIEM_HELD, "kafka: there is no topic t, or this user may not see it");
}

/* It is asked less and less often, for as long as the options allow. */
static void test_ping_silence(void **state) {
    (void)state;
    open_sink(PAIRS("timeout", "4"));
    told.metadata = RD_KAFKA_RESP_ERR__TIMED_OUT;
    double start = told.now;
    assert_ping(SIEM_UNAVAILABLE, "kafka: Local: Timed out");
    told_did("ask all 100, ask all 200, ask all 400, ask all 800, ask all 1000, ask all 1000, "
             "ask all 1000, ");
    assert_between(4, 5, told.now - start);
    ends_at = asked + 3;
    assert_ping(SIEM_CANCELLED, "");
    told_did("ask all 100, ask all 200, ask all 400, ");
}

/* What is known for sure is reported at once, and forgotten before the next question. */
static void test_ping_down(void **state) {
    (void)state;
    open_sink(PAIRS("timeout", "4"));
    told.metadata = RD_KAFKA_RESP_ERR__TRANSPORT;
    told_error(RD_KAFKA_RESP_ERR__TRANSPORT, "b: refused");
    told_error(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
    assert_ping(SIEM_UNAVAILABLE, "kafka: b: refused");
    told_did("ask all 100, ");
    told_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: wrong password");
    assert_ping(SIEM_HELD, "kafka: b: wrong password: correct the credentials");
    told_did("ask all 100, ");
    ends_at = asked + 2;
    assert_ping(SIEM_CANCELLED, "");
    told_did("ask all 100, ask all 200, ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PRODUCER(test_delivered),
        PRODUCER(test_crosswise),
        PRODUCER(test_lingers),
        PRODUCER(test_full),
        PRODUCER(test_log),
        PRODUCER(test_too_large),
        PRODUCER(test_divided),
        PRODUCER(test_divided_later),
        PRODUCER(test_divided_to_one),
        PRODUCER(test_held),
        PRODUCER(test_held_at_once),
        PRODUCER(test_again),
        PRODUCER(test_fatal),
        PRODUCER(test_fatal_without_cause),
        PRODUCER(test_silence),
        PRODUCER(test_slow),
        PRODUCER(test_refused),
        PRODUCER(test_cannot_open_again),
        PRODUCER(test_renewed),
        PRODUCER(test_stop),
        PRODUCER(test_no_topic),
        PRODUCER(test_refused_property),
        PRODUCER(test_waits),
        PRODUCER(test_ping),
        PRODUCER(test_ping_silence),
        PRODUCER(test_ping_down),
    };
    return cmocka_run_group_tests_name("producer", tests, NULL, NULL);
}
