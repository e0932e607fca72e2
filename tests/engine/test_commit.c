/* test_commit.c: what a member of a group commits, and partitions that come and go. */
#include "told_member.h"

#include <string.h>

/* ---- commits ---- */

static void test_commit(void **state) {
    (void)state;
    join();
    told_message(1, 8, "c");
    assert_take(3, 1, 8, "c");
    assert_commit(0, SIEM_OK, "");
    told_did(""); /* nothing is done yet */
    assert_commit(2, SIEM_OK, "");
    told_did("commit 0@6 1@8, ");
    assert_int_equal(told.committed[0], 6);
    assert_commit(2, SIEM_OK, "");
    told_did(""); /* the group knows */
    assert_commit(3, SIEM_OK, "");
    told_did("commit 1@9, ");
}

/* One is in flight at a time, and what is done meanwhile is committed after it. */
static void test_commit_meanwhile(void **state) {
    (void)state;
    join();
    double start = told.now;
    told.is_mute = true;
    assert_ok(siem_group_commit(group, 1, false, &err));
    assert_ok(siem_group_commit(group, 2, false, &err));
    assert_between(0, 0.0005, since(start));
    told_did("commit 0@6, ");
    told.is_mute = false;
    assert_ok(siem_group_commit(group, 2, false, &err));
    told_did("commit 1@8, ");
    assert_int_equal(told.committed[1], -1);
    start = told.now;
    assert_commit(2, SIEM_OK, "");
    told_did("");
    assert_int_equal(told.committed[1], 8);
    assert_between(0, 0.01, since(start)); /* an answer that is there is not waited for */
}

static void test_commit_fails(void **state) {
    (void)state;
    join();
    told_commit(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, false);
    assert_commit(1, SIEM_IO, "kafka: cannot commit the position of group g: ");
    assert_none(SIEM_END, ""); /* it goes on */
    told_commit(RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, true);
    assert_commit(2, SIEM_IO, "may be delivered again");
    assert_int_equal(told.committed[0], -1);
    assert_int_equal(told.committed[1], 8);
    told.did[0] = '\0';
    assert_commit(2, SIEM_OK, ""); /* of the one that failed */
    told_did("commit 0@6, ");
}

/* A failure of one that nobody waited for is reported by the next. */
static void test_commit_fails_later(void **state) {
    (void)state;
    join();
    told_commit(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, false);
    assert_ok(siem_group_commit(group, 2, false, &err));
    assert_commit(2, SIEM_IO, "cannot commit");
    assert_commit(2, SIEM_OK, "");
    assert_int_equal(told.committed[1], 8);
}

/* It takes some seconds at most; none when no broker is there. */
static void test_commit_unanswered(void **state) {
    (void)state;
    join();
    told.is_mute = true;
    double start = told.now;
    assert_commit(2, SIEM_IO, "Local: Timed out");
    assert_between(5, 5.5, since(start));
    told_error(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
    told.metadata = RD_KAFKA_RESP_ERR__TRANSPORT;
    assert_none(SIEM_UNAVAILABLE, "");
    start = told.now;
    assert_commit(2, SIEM_IO, "Local: Timed out");
    assert_between(0, 0.5, since(start));
}

static void test_commit_unsent(void **state) {
    (void)state;
    join();
    told.commits_nothing = true;
    assert_commit(2, SIEM_IO, "Local: Erroneous state");
    assert_ok(siem_group_commit(group, 2, false, &err));
    assert_commit(2, SIEM_IO, "Local: Erroneous state");
    told.commits_nothing = false;
    assert_commit(2, SIEM_OK, "");
    assert_int_equal(told.committed[0], 6);
}

/* ---- commits while the group changes ---- */

/* They are refused, until the member has its partitions again. */
static void test_commit_changing(void **state) {
    (void)state;
    static const rd_kafka_resp_err_t codes[] = {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
                                                RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
                                                RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID};
    join();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        told_message(0, 6 + (int64_t)i, "c");
        assert_take(3 + (int64_t)i, 0, 6 + (int64_t)i, "c");
        for (int j = 0; j < 2; j++) told_commit(codes[i], false);
        told_take("01");
        told_give("01");
        assert_commit(3 + (int64_t)i, SIEM_OK, "");
        assert_int_equal(told.committed[0], 7 + (int64_t)i);
    }
    assert_false(siem_group_is_leaving(group));
}

/* Where nothing changes after all, the next one is taken. */
static void test_commit_unchanged(void **state) {
    (void)state;
    join();
    for (int i = 0; i < 2; i++) told_commit(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, false);
    double start = told.now;
    assert_commit(2, SIEM_OK, "");
    assert_between(0, 1, since(start));
    assert_int_equal(told.committed[1], 8);
    told_commit(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, false);
    told_commit(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, false); /* says nothing of it */
    told_message(0, 6, "c");
    assert_take(3, 0, 6, "c");
    assert_commit(3, SIEM_OK, "");
    assert_int_equal(told.committed[0], 7);
}

/* What this member has done of partitions that come back is not read again. */
static void test_back(void **state) {
    (void)state;
    join();
    for (int i = 0; i < 2; i++) told_commit(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, false);
    told_take("01");
    told_give("01");
    assert_commit(1, SIEM_OK, "");
    told_did("commit 0@6, pause 0 1, commit 0@6, resume 0 1, unassign, pause, "
             "assign 0@6 1, pause 0@6 1, commit 0@6, ");
}

/* Another member continues those that it gets from the last commit on. */
static void test_given_to_another(void **state) {
    (void)state;
    join();
    for (int i = 0; i < 2; i++) told_commit(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, false);
    told_take("01");
    told_give("1");
    assert_commit(1, SIEM_OK, "");
    assert_int_equal(told.committed[0], -1);
    assert_commit(2, SIEM_OK, "");
    assert_int_equal(told.committed[1], -1); /* it was read again */
}

/* A group that gives nothing back is waited for as long as a handover and a commit may take. */
static void test_not_given_back(void **state) {
    (void)state;
    join();
    for (int i = 0; i < 2; i++) told_commit(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, false);
    told_take("01");
    double start = told.now;
    assert_commit(1, SIEM_IO, "may be delivered again");
    assert_between(5 + HANDOVER, 5.5 + HANDOVER, since(start));
}

/* A refusal from before a change says nothing. */
static void test_refused_before(void **state) {
    (void)state;
    join();
    told_commit(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, false);
    assert_ok(siem_group_commit(group, 2, false, &err));
    told_take("01");
    told_give("01");
    told.is_lost = true;
    assert_none(SIEM_END, "");
    assert_ok(siem_group_commit(group, 2, false, &err)); /* the answer comes */
    assert_commit(2, SIEM_OK, "");
    assert_int_equal(told.committed[0], 6);
}

/* ---- partitions that the group takes away ---- */

/* What was read of them is delivered first. */
static void test_handover(void **state) {
    (void)state;
    join();
    told_take("01");
    assert_wait(SIEM_END);
    told_did("pause 0 1, ");
    assert_true(siem_group_is_leaving(group));
    told_message(0, 6, "c");
    size_t polls = told.polls;
    assert_none(SIEM_END, ""); /* nothing more is read of them */
    assert_int_equal(told.polls, polls);
    assert_wait(SIEM_END);
    assert_true(siem_group_is_leaving(group));
    assert_ok(siem_group_commit(group, 2, false, &err));
    assert_wait(SIEM_END);
    assert_false(siem_group_is_leaving(group));
    told_did("commit 0@6 1@8, resume 0 1, unassign, ");
    assert_int_equal(told.committed[1], 8);
    told_give("1");
    assert_none(SIEM_END, "");
    told_did("assign 1@8, ");
}

/* For so long, and no longer. */
static void test_handover_ends(void **state) {
    (void)state;
    join();
    assert_ok(siem_group_commit(group, 1, false, &err));
    told_take("01");
    assert_wait(SIEM_END);
    told.did[0] = '\0';
    told.now += HANDOVER - 0.5;
    assert_wait(SIEM_END);
    assert_true(siem_group_is_leaving(group));
    told.now += 0.5;
    assert_wait(SIEM_END);
    assert_false(siem_group_is_leaving(group));
    told_did("resume 0 1, unassign, ");
    assert_commit(2, SIEM_OK, "");
    told_did(""); /* its next owner has read partition 1 again */
}

/* Of a cooperative group, the others stay and are read on. */
static void test_cooperative(void **state) {
    (void)state;
    told.protocol = "COOPERATIVE";
    told_give("01");
    told_message(0, 5, "a");
    assert_take(1, 0, 5, "a");
    told_did("join, subscribe -1, add 0 1, ");
    told_message(1, 7, "of the one that leaves");
    assert_wait(SIEM_OK);
    told_take("1");
    siem_group_tend(group);
    told.now += 2;
    siem_group_tend(group);
    assert_true(siem_group_is_leaving(group));
    told_did("pause 0 1, ");
    assert_ok(siem_group_commit(group, 1, true, &err));
    assert_wait(SIEM_END);
    told_did("commit 0@6, resume 0 1, remove 1, ");
    told_message(0, 6, "b");
    assert_take(2, 0, 6, "b");
    told_give("2");
    assert_none(SIEM_END, "");
    told_did("add 2, ");
    told.assign = RD_KAFKA_RESP_ERR__STATE; /* it is tried, and the group gives it again */
    told.is_lost = true;
    told_take("2");
    told_give("2");
    assert_none(SIEM_END, "");
    told_did("remove 2, add 2, ");
}

/* What is others' already is released at once; what was polled of it is dropped. */
static void test_lost(void **state) {
    (void)state;
    join();
    told_message(1, 8, "c");
    assert_wait(SIEM_OK);
    told.is_lost = true;
    told_take("01");
    told.now += 2;
    siem_group_tend(group);
    assert_false(siem_group_is_leaving(group));
    told_did("pause 0 1, resume 0 1, unassign, ");
    told_give("0");
    assert_none(SIEM_END, "");
    assert_commit(2, SIEM_OK, "");
    told_did("assign 0, ");
}

/* ---- staying a member ---- */

static void test_tend(void **state) {
    (void)state;
    siem_group_tend(group); /* of none yet */
    join();
    size_t polls = told.polls;
    told.now += 0.9;
    siem_group_tend(group);
    assert_int_equal(told.polls, polls);
    told.now += 0.2;
    told_log("FAIL", "broker b: cannot connect");
    siem_group_tend(group);
    assert_int_equal(told.polls, polls + 1);
    told_did("pause 0 1, ");
    assert_string_equal(remark, "broker b: cannot connect");
    told_message(0, 6, "c"); /* it is paused */
    told.now += 1.1;
    siem_group_tend(group);
    told_did("");
    told_give("3"); /* likewise */
    told.now += 1.1;
    siem_group_tend(group);
    told_did("assign 3, pause 3, ");
}

/* A target that is away keeps partitions from nobody. */
static void test_tend_hands_over(void **state) {
    (void)state;
    join();
    told_take("01");
    told.now += 2;
    siem_group_tend(group);
    assert_true(siem_group_is_leaving(group));
    told.now += HANDOVER - 1;
    siem_group_tend(group);
    assert_true(siem_group_is_leaving(group));
    told.now += 2;
    siem_group_tend(group);
    assert_false(siem_group_is_leaving(group));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MEMBER(test_commit),
        MEMBER(test_commit_meanwhile),
        MEMBER(test_commit_fails),
        MEMBER(test_commit_fails_later),
        MEMBER(test_commit_unanswered),
        MEMBER(test_commit_unsent),
        MEMBER(test_commit_changing),
        MEMBER(test_commit_unchanged),
        MEMBER(test_back),
        MEMBER(test_given_to_another),
        MEMBER(test_not_given_back),
        MEMBER(test_refused_before),
        MEMBER(test_handover),
        MEMBER(test_handover_ends),
        MEMBER(test_cooperative),
        MEMBER(test_lost),
        MEMBER(test_tend),
        MEMBER(test_tend_hands_over),
    };
    return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
