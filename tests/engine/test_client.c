/* test_client.c: handles of librdkafka, as an account says. */
#include "base/clock.h"
#include "sink/kafka/client.h"
#include "testing.h"

#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NOWHERE "127.0.0.1:1" /* tcpmux, where nothing listens */

static siem_kafka_properties properties;
static siem_kafka_account account;
static siem_kafka_client client;

static char remark[256];
static unsigned remarks;

static void keep(void *context, const char *text) {
    (void)context;
    (void)snprintf(remark, sizeof remark, "%s", text);
    remarks++;
}

static void ignore_report(siem_kafka_client *of, const rd_kafka_message_t *message) {
    (void)of;
    (void)message;
}

static void prepare(const char *group, char **texts, size_t count) {
    const siem_texts given = {.list = texts, .count = count};
    assert_ok(siem_kafka_properties_open(&properties, &given, &err));
    account = (siem_kafka_account){.name = "kafka",
                                   .brokers = NOWHERE,
                                   .compress = "lz4",
                                   .group = group,
                                   .properties = &properties,
                                   .remark = keep};
    siem_kafka_client_prepare(&client, &account);
    client.report = ignore_report;
}

static int release(void **state) {
    (void)state;
    siem_kafka_client_close(&client);
    siem_kafka_client_free(&client);
    siem_kafka_properties_close(&properties);
    return 0;
}

static int begin(void **state) {
    (void)state;
    assert_ok(siem_rdkafka_load(&err));
    return 0;
}

static void assert_setting(const char *name, const char *expected) {
    char value[256];
    size_t size = sizeof value;
    assert_int_equal(rd_kafka_conf_get(rd_kafka_conf(client.handle), name, value, &size),
                     RD_KAFKA_CONF_OK);
    assert_string_equal(value, expected);
}

static bool takes_signals(void) {
    sigset_t blocked;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
    return sigismember(&blocked, SIGTERM) == 0;
}

/* ---- configurations ---- */

/* Nothing is lost or exchanged by a producer, and what is given overrides what may be otherwise. */
static void test_producer(void **state) {
    char *texts[] = {"client.id=site"};
    (void)state;
    prepare(NULL, texts, 1);
    assert_ok(siem_kafka_client_check(&client, RD_KAFKA_PRODUCER, &err));
    assert_ok(siem_kafka_client_open(&client, RD_KAFKA_PRODUCER, &err));
    assert_true(takes_signals()); /* although the threads of the handle take none */
    assert_setting("bootstrap.servers", NOWHERE);
    assert_setting("enable.idempotence", "true");
    assert_setting("acks", "-1"); /* all */
    assert_setting("compression.codec", "lz4");
    assert_setting("client.id", "site");
}

/* A consumer asks, and leaves no trace: what is of producers alone is not given to it. */
static void test_consumer(void **state) {
    char *texts[] = {"linger.ms=7"};
    (void)state;
    prepare(NULL, texts, 1);
    assert_ok(siem_kafka_client_open(&client, RD_KAFKA_CONSUMER, &err));
    assert_setting("enable.auto.commit", "false");
    assert_setting("auto.offset.reset", "smallest");
    assert_setting("enable.partition.eof", "true");
    assert_setting("client.id", "oversight-siem");
}

/* The source commits what is done: librdkafka does not, whatever is given. */
static void test_member(void **state) {
    static char *const fixed[] = {"group.id=g", "enable.auto.commit=true",
                                  "enable.auto.offset.store=true", "enable.partition.eof=false"};
    char *texts[] = {"auto.offset.reset=latest"};
    siem_error err = {0};
    (void)state;
    prepare("siem", texts, 1);
    assert_ok(siem_kafka_client_open(&client, RD_KAFKA_CONSUMER, &err));
    assert_setting("group.id", "siem");
    assert_setting("enable.auto.commit", "false");
    assert_setting("enable.auto.offset.store", "false");
    assert_setting("enable.partition.eof", "true");
    assert_setting("auto.offset.reset", "largest");
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        char *one[] = {fixed[i]};
        (void)release(state);
        prepare("siem", one, 1);
        assert_int_equal(siem_kafka_client_check(&client, RD_KAFKA_CONSUMER, &err), SIEM_INVALID);
        test_has(err.message, "the source sets it");
        assert_int_equal(siem_kafka_client_open(&client, RD_KAFKA_CONSUMER, &err), SIEM_INVALID);
        assert_null(client.handle);
    }
}

static void test_wrong(void **state) {
    char *unknown[] = {"no.such.property=1"};
    char *incomplete[] = {"security.protocol=ssl", "ssl.ca.location=/no/such/file"};
    siem_error err = {0};
    (void)state;
    prepare(NULL, unknown, 1);
    assert_int_equal(siem_kafka_client_check(&client, RD_KAFKA_PRODUCER, &err), SIEM_INVALID);
    test_has(err.message, "no.such.property");
    assert_string_equal(err.options[0], "kafka");
    (void)release(state);
    prepare(NULL, incomplete, 2); /* what shows when the handle is made */
    assert_ok(siem_kafka_client_check(&client, RD_KAFKA_PRODUCER, &err));
    assert_int_equal(siem_kafka_client_open(&client, RD_KAFKA_PRODUCER, &err), SIEM_HELD);
    test_has(err.message, "kafka: ");
    test_has(err.message, "ssl.ca.location");
}

/* ---- what brokers say ---- */

static void poll_until(const bool *flag) {
    double end = siem_clock() + 20;
    while (!*flag && siem_clock() < end) (void)rd_kafka_poll(client.handle, 20);
    assert_true(*flag);
}

/* The cause of an outage is that of the connection, and it is forgotten with the handle. */
static void test_down(void **state) {
    (void)state;
    prepare(NULL, NULL, 0);
    assert_ok(siem_kafka_client_open(&client, RD_KAFKA_PRODUCER, &err));
    poll_until(&client.is_down);
    test_has(client.cause, "refused");
    assert_false(client.is_refused);
    siem_kafka_client_forget(&client);
    assert_false(client.is_down);
    assert_string_equal(client.cause, "");
    client.is_down = client.is_refused = true;
    (void)snprintf(client.cause, sizeof client.cause, "before");
    siem_kafka_client_close(&client);
    assert_null(client.handle);
    assert_false(client.is_down || client.is_refused);
    assert_string_equal(client.cause, "");
}

/* Calls what librdkafka calls when something is wrong. */
static void raise_error(rd_kafka_resp_err_t code, const char *reason) {
    typedef void (*error_function)(rd_kafka_t *, int, const char *, void *);
    char text[64];
    size_t size = sizeof text;
    void *address;
    error_function call;
    assert_int_equal(rd_kafka_conf_get(rd_kafka_conf(client.handle), "error_cb", text, &size),
                     RD_KAFKA_CONF_OK);
    assert_int_equal(sscanf(text, "%p", &address), 1);
    memcpy(&call, &address, sizeof call);
    call(client.handle, (int)code, reason, &client);
}

static void assert_refusal(rd_kafka_resp_err_t code, const char *reason, bool is_refused) {
    siem_kafka_client_forget(&client);
    raise_error(code, reason);
    assert_string_equal(client.cause, reason);
    assert_int_equal(client.is_refused, is_refused);
}

/* Credentials and certificates that are refused stay so. What else breaks is tried again. */
static void test_refusals(void **state) {
    (void)state;
    prepare(NULL, NULL, 0);
    assert_ok(siem_kafka_client_open(&client, RD_KAFKA_PRODUCER, &err));
    poll_until(&client.is_down);
    assert_refusal(RD_KAFKA_RESP_ERR__AUTHENTICATION, "wrong password", true);
    assert_refusal(RD_KAFKA_RESP_ERR__SSL, "certificate verify failed", true);
    assert_refusal(RD_KAFKA_RESP_ERR__SSL, "connection reset", false);
    assert_refusal(RD_KAFKA_RESP_ERR__TRANSPORT, "verify failed", false);
    assert_false(client.is_down);
    raise_error(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
    assert_true(client.is_down);
    assert_string_equal(client.cause, "verify failed"); /* says more */
    assert_refusal(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down", false);
    raise_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "wrong password");
    raise_error(RD_KAFKA_RESP_ERR__TRANSPORT, "broken");
    assert_true(client.is_refused); /* also after another error */
}

/* A line of the log is a remark once, without what is secret. */
static void test_remarks(void **state) {
    char *texts[] = {"sasl.password=hunter2-hunter2"};
    (void)state;
    prepare(NULL, texts, 1);
    remarks = 0;
    siem_kafka_client_remark(&client);
    assert_int_equal(remarks, 0);
    siem_kafka_remarks_add(&client.remarks, 1, "FAIL", "refused with hunter2-hunter2");
    siem_kafka_client_remark(&client);
    assert_int_equal(remarks, 1);
    test_has(remark, "refused with *");
    assert_null(strstr(remark, "hunter2"));
    siem_kafka_client_remark(&client);
    assert_int_equal(remarks, 1);
}

static void test_partitions(void **state) {
    int32_t count = -1;
    char *texts[] = {"test.mock.num.brokers=1"};
    (void)state;
    prepare(NULL, texts, 1);
    assert_ok(siem_kafka_client_open(&client, RD_KAFKA_PRODUCER, &err));
    rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(client.handle);
    assert_non_null(cluster);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, "three", 3, 1), 0);
    assert_int_equal(siem_kafka_client_count_partitions(&client, "three", 20000, &count),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(count, 3);
    rd_kafka_mock_topic_set_error(cluster, "none", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(siem_kafka_client_count_partitions(&client, "none", 20000, &count),
                     RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    (void)rd_kafka_mock_broker_set_down(cluster, 1);
    assert_int_not_equal(siem_kafka_client_count_partitions(&client, "three", 200, &count),
                         RD_KAFKA_RESP_ERR_NO_ERROR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_producer, release),
        cmocka_unit_test_teardown(test_consumer, release),
        cmocka_unit_test_teardown(test_member, release),
        cmocka_unit_test_teardown(test_wrong, release),
        cmocka_unit_test_teardown(test_down, release),
        cmocka_unit_test_teardown(test_refusals, release),
        cmocka_unit_test_teardown(test_remarks, release),
        cmocka_unit_test_teardown(test_partitions, release),
    };
    return cmocka_run_group_tests_name("client", tests, begin, NULL);
}
