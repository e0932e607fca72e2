/* test_standing.c: how far a group is, asked by one that is no member of it. */
#include "sink/kafka/client.h"
#include "told_kafka.h"
#include "topic/standing.h"

#include <stdlib.h>
#include <string.h>

static char *texts[] = {"sasl.password=hunter2-hunter2", "linger.ms=7", "client.rack=r",
                        "message.timeout.ms=9"};
static siem_kafka_properties properties;
static siem_kafka_account account;

static void ignore(void *context, const char *text) {
    (void)context, (void)text;
}

static int begin(void **state) {
    const siem_texts given = {.list = texts, .count = sizeof texts / sizeof *texts};
    (void)told_begin(state);
    assert_ok(siem_kafka_properties_open(&properties, &given, &err));
    account = (siem_kafka_account){
        .name = "kafka", .brokers = "b", .group = "g", .properties = &properties, .remark = ignore};
    return 0;
}

static int end(void **state) {
    siem_kafka_properties_close(&properties);
    return told_end(state);
}

#define ASKED(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void assert_partition(const siem_partition *partition, int32_t number, int64_t offset,
                             int64_t last, int64_t lag) {
    assert_int_equal(partition->number, number);
    assert_int_equal(partition->offset, offset);
    assert_int_equal(partition->end, last);
    assert_int_equal(partition->lag, lag);
}

static void test_partitions(void **state) {
    (void)state;
    siem_partition *partitions;
    size_t count;
    told.partitions = 3;
    told.committed[0] = 10;
    told.committed[2] = 3;
    for (int i = 0; i < 3; i++) told.high[i] = 14;
    told.low[1] = 5;
    assert_ok(siem_standing_read(&partitions, &count, &account, "t", &err));
    assert_int_equal(count, 3);
    assert_partition(&partitions[0], 0, 10, 14, 4);
    assert_partition(&partitions[1], 1, -1, 14, 9);
    assert_partition(&partitions[2], 2, 3, 14, 11);
    free(partitions);
    test_has(told.settings, "group.id=g\n");
    test_has(told.settings, "client.rack=r\n");
    assert_null(strstr(told.settings, "linger.ms")); /* that is for producers */
    assert_null(strstr(told.settings, "message.timeout.ms"));
    told_did("ask t 5000, "); /* it joins nothing */
}

/* ---- what fails ---- */

static void assert_fails(siem_code code, const char *words) {
    siem_partition *partitions;
    size_t count;
    siem_error err = {0};
    assert_int_equal(siem_standing_read(&partitions, &count, &account, "t", &err), code);
    test_has(err.message, words);
    assert_null(partitions);
    assert_int_equal(count, 0);
    assert_int_equal(told.handles, 0);
}

/* Each of the questions. */
static void test_unavailable(void **state) {
    (void)state;
    static const char words[] =
        "kafka: topic t: Local: Timed out: no broker says how far the group is";
    told.metadata = RD_KAFKA_RESP_ERR__TIMED_OUT;
    assert_fails(SIEM_UNAVAILABLE, words);
    told.metadata = RD_KAFKA_RESP_ERR_NO_ERROR;
    told.committed_code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    assert_fails(SIEM_UNAVAILABLE, words);
    told.committed_code = RD_KAFKA_RESP_ERR_NO_ERROR;
    told.offsets_code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    assert_fails(SIEM_UNAVAILABLE, words);
    told_error(RD_KAFKA_RESP_ERR__TRANSPORT, "b: refused");
    told_give("0"); /* not to one that asks */
    assert_fails(SIEM_UNAVAILABLE, "kafka: topic t: b: refused: no broker says");
}

static void test_held(void **state) {
    (void)state;
    told.committed_one = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    assert_fails(SIEM_HELD, "Group authorization failed: allow this user to read in that group");
    told.metadata = RD_KAFKA_RESP_ERR__TRANSPORT;
    told_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: not hunter2-hunter2");
    assert_fails(SIEM_HELD, "kafka: topic t: b: not *");
}

/* A topic that is missing, or that this user may not see. */
static void test_topic(void **state) {
    (void)state;
    told.partitions = 0;
    assert_fails(SIEM_HELD, "create the topic");
    told.of_topic = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    assert_fails(SIEM_HELD, "Topic authorization failed");
    told.of_topic = RD_KAFKA_RESP_ERR_NO_ERROR;
    told.partitions = -1; /* the answer has no topic */
    assert_fails(SIEM_HELD, "create the topic");
    told.no_topic = true;
    assert_fails(SIEM_HELD, "Invalid argument");
}

static void test_wrong_property(void **state) {
    (void)state;
    char *wrong[] = {"no.such=1"};
    const siem_texts given = {.list = wrong, .count = 1};
    siem_kafka_properties_close(&properties);
    assert_ok(siem_kafka_properties_open(&properties, &given, &err));
    assert_fails(SIEM_INVALID, "no.such");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ASKED(test_partitions), ASKED(test_unavailable),    ASKED(test_held),
        ASKED(test_topic),      ASKED(test_wrong_property),
    };
    return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
