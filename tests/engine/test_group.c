/* test_group.c: a member of a group, by what it asks of librdkafka. */
#include "sink/kafka/rdkafka.h"
#include "told_member.h"

#include <string.h>
#include <time.h>

/* ---- reading ---- */

static void test_messages(void **state) {
    (void)state;
    siem_message message;
    assert_null(strstr(told.did, "join")); /* not before the first one is asked for */
    join();
    test_has(told.settings, "group.id=g\n");
    told_message(0, 6, NULL);
    told_time(1700000000123);
    told_message(3, 1, "of nobody");
    told_message(0, 7, "c");
    told_time(-1);
    assert_ok(siem_group_take(group, &message, &err));
    assert_int_equal(message.number, 3);
    assert_int_equal(message.size, 0);
    assert_string_equal(message.bytes, "");
    assert_int_equal(message.place.time, 1700000000123);
    assert_ok(siem_group_take(group, &message, &err));
    assert_int_equal(message.number, 4);
    assert_memory_equal(message.bytes, "c", 1);
    assert_int_equal(message.place.time, 0);
    double start = told.now;
    assert_none(SIEM_END, ""); /* which is not waited for */
    assert_between(0, 0.0005, since(start));
}

/* It begins after what the group has committed, or at the start. */
static void test_committed(void **state) {
    (void)state;
    siem_partition partition;
    told.committed[0] = 0;
    told.committed[1] = 40;
    told_give("013");
    assert_none(SIEM_END, "");
    told_did("join, subscribe -1, assign 0@0 1@40 3, ");
    assert_true(siem_group_partition(group, 0, &partition));
    assert_int_equal(partition.offset, 0);
}

/* While nobody says what is committed, librdkafka finds out. */
static void test_committed_unknown(void **state) {
    (void)state;
    told.committed[1] = 40;
    told.committed_code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    told_give("01");
    assert_none(SIEM_END, "");
    told_did("join, subscribe -1, assign 0 1, ");
}

/* A wait finds what the next take gives, and nothing is taken twice. */
static void test_wait(void **state) {
    (void)state;
    double start = told.now;
    assert_wait(SIEM_OK); /* the next take joins */
    assert_int_equal(told.polls, 0);
    join();
    assert_wait(SIEM_END);
    assert_between(0.1, 0.2, since(start));
    told_message(1, 8, "c");
    assert_wait(SIEM_OK);
    told_message(1, 9, "d");
    size_t polls = told.polls;
    assert_wait(SIEM_OK); /* for the first one still */
    assert_int_equal(told.polls, polls);
    assert_take(3, 1, 8, "c");
    assert_take(4, 1, 9, "d");
    told_did("");
}

/* ---- ends ---- */

/* It ends where each partition did when it got it. */
static void test_ends(void **state) {
    (void)state;
    siem_group_set_ends(group, true);
    assert_false(siem_group_is_over(group));
    told.high[0] = 7;
    told.high[1] = 8;
    told_give("012");
    told_message(0, 5, "a");
    assert_take(1, 0, 5, "a");
    assert_false(siem_group_is_over(group));
    told_did("join, subscribe -1, assign 0 1 2, resume 0 1 2, ");
    told_message(0, 6, "b");
    told_message(0, 7, "of the next run");
    told_message(1, 7, "c");
    assert_take(2, 0, 6, "b");
    assert_take(3, 1, 7, "c");
    told_did("pause 0, ");
    assert_false(siem_group_is_over(group));
    told_eof(3, 0); /* of another member */
    told_eof(2, 0);
    assert_none(SIEM_END, "");
    assert_true(siem_group_is_over(group));
    size_t polls = told.polls;
    assert_none(SIEM_END, "");
    assert_int_equal(told.polls, polls);
    assert_commit(3, SIEM_OK, "");
    told_did("commit 0@7 1@8, ");
}

/* Where nobody says what the end is, it is where there is nothing more. */
static void test_ends_unknown(void **state) {
    (void)state;
    siem_group_set_ends(group, true);
    told.offsets_code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    told_give("0");
    told_message(0, 0, "a");
    assert_take(1, 0, 0, "a");
    told_message(0, 1, "b");
    told_eof(0, 2);
    assert_take(2, 0, 1, "b");
    assert_false(siem_group_is_over(group));
    assert_none(SIEM_END, "");
    assert_true(siem_group_is_over(group));
}

/* The last messages before it can be removed from the topic. */
static void test_ends_removed(void **state) {
    (void)state;
    siem_group_set_ends(group, true);
    told.high[0] = 7;
    told_give("0");
    told_message(0, 5, "a");
    told_message(0, 9, "of the next run");
    assert_take(1, 0, 5, "a");
    assert_false(siem_group_is_over(group));
    assert_none(SIEM_END, "");
    assert_true(siem_group_is_over(group));
    assert_commit(1, SIEM_OK, "");
    assert_int_equal(told.committed[0], 6);
}

/* Another run ends elsewhere. */
static void test_ends_again(void **state) {
    (void)state;
    told.protocol = "COOPERATIVE";
    siem_group_set_ends(group, true);
    told_give("0");
    told_eof(0, 0);
    assert_none(SIEM_END, "");
    assert_true(siem_group_is_over(group));
    siem_group_leave(group);
    assert_false(siem_group_is_over(group));
    told.high[0] = 1;
    assert_none(SIEM_END, ""); /* not before the group has given it its partitions */
    assert_false(siem_group_is_over(group));
    told_give("0");
    told_message(0, 0, "a");
    assert_take(1, 0, 0, "a");
    assert_true(siem_group_is_over(group));
}

/* What leaves is not over. What has come to a member that does not end is no end. */
static void test_not_over(void **state) {
    (void)state;
    join();
    told_eof(0, 6);
    told_eof(1, 8);
    assert_none(SIEM_END, "");
    assert_false(siem_group_is_over(group));
    siem_group_set_ends(group, true);
    assert_true(siem_group_is_over(group));
    told_take("01");
    assert_wait(SIEM_END);
    assert_true(siem_group_is_leaving(group));
    assert_false(siem_group_is_over(group));
}

/* ---- what fails ---- */

static void test_held(void **state) {
    (void)state;
    join();
    told_fault(RD_KAFKA_RESP_ERR__TRANSPORT); /* librdkafka tries again */
    assert_none(SIEM_END, "");
    told_fault(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_none(SIEM_HELD, "kafka: topic t: Broker: Topic authorization failed: allow this user");
    assert_wait(SIEM_HELD);
    siem_group_leave(group);
    assert_none(SIEM_END, ""); /* as another one */
}

static void test_refused(void **state) {
    (void)state;
    join();
    told_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: wrong password");
    assert_none(SIEM_HELD, "kafka: topic t: b: wrong password: correct the credentials");
}

/* An error of one broker says nothing while another one answers. */
static void test_away(void **state) {
    (void)state;
    join();
    told_error(RD_KAFKA_RESP_ERR__TRANSPORT, "b: connection refused");
    told.metadata = RD_KAFKA_RESP_ERR__TRANSPORT;
    assert_none(SIEM_UNAVAILABLE, "kafka: topic t: b: connection refused");
    told_did("ask 500, ");
    told.metadata = RD_KAFKA_RESP_ERR_NO_ERROR;
    assert_none(SIEM_END, "");
    told_did("ask 500, ");
    assert_none(SIEM_END, "");
    told_did("");
    told_error(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "");
    told.metadata = RD_KAFKA_RESP_ERR__TRANSPORT;
    assert_none(SIEM_UNAVAILABLE, "kafka: topic t: Local: Broker transport failure");
}

/* A partition that comes shows that what failed before is over. */
static void test_recovers(void **state) {
    (void)state;
    told_error(RD_KAFKA_RESP_ERR__TRANSPORT, "b: connection refused");
    told_give("0");
    assert_none(SIEM_END, "");
    told_did("join, subscribe -1, assign 0, ");
}

static void test_cannot_subscribe(void **state) {
    (void)state;
    told.subscribe = RD_KAFKA_RESP_ERR__INVALID_ARG;
    assert_none(SIEM_HELD, "kafka: topic t: Local: Invalid argument or configuration");
    told_did("join, subscribe -1, close, ");
    assert_int_equal(told.handles, 0);
    assert_int_equal(told.queues, 0);
}

static void test_wrong_property(void **state) {
    siem_group *none;
    siem_error err = {0};
    char *texts[] = {"no.such=1"};
    (void)state;
    const siem_texts given = {.list = texts, .count = 1};
    siem_kafka_properties wrong = {0};
    assert_ok(siem_kafka_properties_open(&wrong, &given, &err));
    siem_kafka_account other = account;
    other.properties = &wrong;
    assert_int_equal(siem_group_open(&none, &other, "t", HANDOVER, &err), SIEM_INVALID);
    assert_null(none);
    siem_kafka_properties_close(&wrong);
}

/* What a member depends on, and what its options set. */
static void test_refused_property(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"client.id", "kafka"},
                                           {"group.id", "group"},
                                           {"enable.partition.eof", "kafka"},
                                           {"queued.max.messages.kbytes", "kafka"},
                                           {"bootstrap.servers", "brokers"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_group *none;
        siem_error err = {0};
        told.refuses = cases[i][0];
        assert_int_equal(siem_group_open(&none, &account, "t", HANDOVER, &err), SIEM_INVALID);
        test_has(err.message, cases[i][0]);
        assert_string_equal(err.options[0], cases[i][1]);
        assert_null(none);
    }
}

/* ---- leaving ---- */

static void test_leave(void **state) {
    (void)state;
    siem_group_leave(group); /* of none yet */
    assert_ok(siem_group_commit(group, 1, true, &err));
    siem_group_rewind(group, 0);
    join();
    told_message(0, 6, "c");
    assert_wait(SIEM_OK);
    told.is_mute = true;
    assert_ok(siem_group_commit(group, 1, false, &err));
    told.did[0] = '\0';
    siem_group_leave(group);
    told_did("close, unassign, ");
    siem_group_leave(group);
    told_did("");
    assert_int_equal(siem_group_lag(group).events, 0);
    told.is_mute = false;
    told_give("0"); /* it joins again, and numbers go on */
    told_message(0, 5, "a");
    assert_take(3, 0, 5, "a");
    assert_commit(3, SIEM_OK, "");
    told_did("join, subscribe -1, assign 0, commit 0@6, ");
}

/* Without a broker, nobody is asked for leave. */
static void test_leave_away(void **state) {
    (void)state;
    join();
    told_error(RD_KAFKA_RESP_ERR__TRANSPORT, "b: connection refused");
    told.metadata = RD_KAFKA_RESP_ERR__TRANSPORT;
    assert_none(SIEM_UNAVAILABLE, "");
    told.did[0] = '\0';
    siem_group_leave(group);
    told_did("abandon, ");
    assert_int_equal(told.handles, 0);
    told.metadata = RD_KAFKA_RESP_ERR_NO_ERROR;
    told_give("0");
    told_message(0, 5, "a");
    assert_take(3, 0, 5, "a");
    told.did[0] = '\0';
    siem_group_leave(group);
    told_did("close, unassign, ");
}

/* Also while the group takes something away. */
static void test_leave_leaving(void **state) {
    (void)state;
    join();
    told_take("01");
    assert_wait(SIEM_END);
    told.did[0] = '\0';
    siem_group_leave(group);
    assert_false(siem_group_is_leaving(group));
    told_did("resume 0 1, unassign, close, ");
}

/* ---- going back ---- */

static void test_rewind(void **state) {
    (void)state;
    join();
    told_message(0, 6, "c");
    assert_take(3, 0, 6, "c");
    told_message(0, 7, "polled, and not taken");
    assert_wait(SIEM_OK);
    siem_group_rewind(group, 1);
    told_did("seek 0@6 1@7, ");
    told_message(1, 7, "b");
    assert_take(5, 1, 7, "b");
    assert_commit(5, SIEM_OK, "");
    told_did("commit 0@6 1@8, ");
    siem_group_rewind(group, 5); /* nothing is open */
    told_did("");
}

/* What cannot be sought is read from the last commit on, by joining again. */
static void test_cannot_rewind(void **state) {
    (void)state;
    join();
    told.seek = RD_KAFKA_RESP_ERR__STATE;
    siem_group_rewind(group, 0);
    told_did("seek 0@5 1@7, close, unassign, ");
    told.seek = RD_KAFKA_RESP_ERR_NO_ERROR;
    told.seek_one = RD_KAFKA_RESP_ERR__TIMED_OUT; /* of partition 0 alone */
    told_give("01");
    told_message(0, 5, "a");
    assert_take(3, 0, 5, "a");
    told_message(1, 7, "b");
    assert_take(4, 1, 7, "b");
    told.did[0] = '\0';
    siem_group_rewind(group, 0);
    told_did("seek 0@5 1@7, close, unassign, ");
}

/* ---- lag ---- */

static void assert_partition(size_t index, int32_t number, int64_t offset, int64_t end,
                             int64_t lag) {
    siem_partition partition;
    assert_true(siem_group_partition(group, index, &partition));
    assert_int_equal(partition.number, number);
    assert_int_equal(partition.offset, offset);
    assert_int_equal(partition.end, end);
    assert_int_equal(partition.lag, lag);
}

static void test_lag(void **state) {
    (void)state;
    siem_partition partition;
    assert_false(siem_group_partition(group, 0, &partition));
    join();
    told.high[0] = 10;
    told.high[1] = 8;
    assert_partition(0, 0, 5, 10, 5);
    assert_partition(1, 1, 7, 8, 1);
    assert_false(siem_group_partition(group, 2, &partition));
    assert_int_equal(siem_group_lag(group).events, 6);
    assert_true(siem_group_lag(group).seconds == 0);
    assert_commit(1, SIEM_OK, "");
    assert_partition(0, 0, 6, 10, 4);
    told_message(0, 6, "c");
    told_time(((int64_t)time(NULL) - 100) * 1000);
    assert_take(3, 0, 6, "c");
    assert_commit(2, SIEM_OK, "");
    assert_between(99, 160, siem_group_lag(group).seconds);
    told_message(1, 8, "of a clock that is ahead");
    told_time(((int64_t)time(NULL) + 1000) * 1000);
    assert_take(4, 1, 8, "of a clock that is ahead");
    assert_commit(3, SIEM_OK, "");
    assert_true(siem_group_lag(group).seconds == 0);
    told.offsets_code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    assert_partition(0, 0, 7, -1, -1);
    assert_int_equal(siem_group_lag(group).events, 0);
    told.is_lost = true; /* those of others are not among its own */
    told.offsets_code = RD_KAFKA_RESP_ERR_NO_ERROR;
    told_take("01");
    told_give("1");
    assert_none(SIEM_END, "");
    assert_partition(0, 1, 8, 8, 0);
    assert_false(siem_group_partition(group, 1, &partition));
}

/* Where nothing is read yet, and nothing committed, reading is at the end of what is there. */
static void test_lag_of_end(void **state) {
    (void)state;
    join();
    told_give("23");
    told_eof(1, 8);
    told_eof(2, 12);
    told.high[2] = told.high[3] = 14;
    assert_none(SIEM_END, "");
    assert_partition(1, 1, 7, 0, 0);
    assert_partition(2, 2, 12, 14, 2);
    assert_partition(3, 3, -1, 14, 14);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MEMBER(test_messages),
        MEMBER(test_committed),
        MEMBER(test_committed_unknown),
        MEMBER(test_wait),
        MEMBER(test_ends),
        MEMBER(test_ends_unknown),
        MEMBER(test_ends_removed),
        MEMBER(test_ends_again),
        MEMBER(test_not_over),
        MEMBER(test_held),
        MEMBER(test_refused),
        MEMBER(test_away),
        MEMBER(test_recovers),
        MEMBER(test_cannot_subscribe),
        MEMBER(test_wrong_property),
        MEMBER(test_refused_property),
        MEMBER(test_leave),
        MEMBER(test_leave_away),
        MEMBER(test_leave_leaving),
        MEMBER(test_rewind),
        MEMBER(test_cannot_rewind),
        MEMBER(test_lag),
        MEMBER(test_lag_of_end),
    };
    return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
