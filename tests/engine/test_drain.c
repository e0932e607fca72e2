/* test_drain.c: exports up to the end of a topic, and how far a group is. */
#include "member.h"

#include <pthread.h>
#include <string.h>

/* ---- up to the end ---- */

/* What comes later is the next run's. */
static void test_drain(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 10);
    produce_events(1, "r-2", 1, 10);
    consumer c = {.group = "drain", .drains = true, .adds = 5};
    (void)run(&c);
    assert_code(&c, SIEM_OK);
    assert_int_equal(c.count, 20);
    assert_order(&c, "r-1");
    assert_int_equal(committed("drain", 0), 10);
    assert_int_equal(committed("drain", 1), 10);
    assert_int_equal(committed("drain", 2), -1);
    consumer again = {.group = "drain", .drains = true};
    (void)run(&again);
    assert_code(&again, SIEM_OK);
    assert_int_equal(again.count, 5);
    for (int id = 1; id <= 5; id++) assert_int_equal(arrivals(&again, "late", id), 1);
    free_records(&again);
    (void)run(&again); /* nothing is there */
    assert_code(&again, SIEM_OK);
    assert_int_equal(again.count, 0);
    free_records(&c);
}

/* Each ends with its own partitions. */
static void test_drain_together(void **state) {
    (void)state;
    pthread_t threads[2];
    consumer members[2];
    for (int32_t i = 0; i < PARTITIONS; i++)
        produce_events(i, i == 0 ? "r-1" : "r-2", i * 100, i * 100 + 49);
    for (int i = 0; i < 2; i++) {
        members[i] = (consumer){.group = "together", .place = &here, .drains = true};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &members[i]), 0);
    }
    for (int i = 0; i < 2; i++) (void)pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) assert_code(&members[i], SIEM_OK);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        assert_int_equal(committed("together", i), 50);
        for (int id = i * 100; id < i * 100 + 50; id++) {
            const char *registry = i == 0 ? "r-1" : "r-2";
            size_t count =
                arrivals(&members[0], registry, id) + arrivals(&members[1], registry, id);
            assert_true(count > 0);
        }
    }
    for (int i = 0; i < 2; i++) free_records(&members[i]);
}

static void test_drain_fails(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 10);
    consumer held = {.group = "drain-held", .drains = true, .holds_at = 4};
    (void)run(&held);
    assert_code(&held, SIEM_HELD);
    assert_int_equal(committed("drain-held", 0), 4);
    consumer away = {.group = "drain-away", .drains = true, .brokers = "127.0.0.1:1"};
    (void)run(&away);
    assert_code(&away, SIEM_UNAVAILABLE);
    if (strstr(away.error.message, here.topic) == NULL) fail_msg("%s", away.error.message);
    free_records(&held);
}

/* ---- how far the group is ---- */

static void assert_partition(const siem_partition *partition, int32_t number, int64_t offset,
                             int64_t end, int64_t lag) {
    assert_non_null(partition);
    assert_int_equal(partition->number, number);
    assert_int_equal(partition->offset, offset);
    assert_int_equal(partition->end, end);
    assert_int_equal(partition->lag, lag);
}

static void test_partitions(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 10);
    produce_events(1, "r-2", 1, 3);
    consumer c = {.group = "standing", .wanted = 13, .holds_at = 13};
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    produce_events(0, "r-1", 11, 14);
    siem_source *source;
    assert_ok(open_source(&source, &c, &err));
    assert_null(siem_source_partition(source, 0));
    assert_ok(siem_source_ask(source, &err));
    assert_partition(siem_source_partition(source, 0), 0, 10, 14, 4);
    assert_partition(siem_source_partition(source, 1), 1, 3, 3, 0);
    assert_partition(siem_source_partition(source, 2), 2, -1, 0, 0);
    assert_null(siem_source_partition(source, 3));
    siem_source_close(source);
    free_records(&c);
    consumer rest = {.group = "standing", .wanted = 4}; /* its own partitions, while it reads */
    (void)run(&rest);
    assert_code(&rest, SIEM_CANCELLED);
    assert_true(rest.partitions[0].offset >= 10);
    assert_int_equal(rest.partitions[0].end, 14);
    assert_int_equal(rest.partitions[0].lag, 14 - rest.partitions[0].offset);
    free_records(&rest);
}

static void test_nobody_to_ask(void **state) {
    (void)state;
    siem_source *source;
    consumer away = {.group = "away", .brokers = "127.0.0.1:1"};
    assert_ok(open_source(&source, &away, &err));
    siem_error err;
    assert_int_equal(siem_source_ask(source, &err), SIEM_UNAVAILABLE);
    if (strstr(err.message, "no broker says") == NULL) fail_msg("%s", err.message);
    assert_null(siem_source_partition(source, 0));
    siem_source_close(source);
}

/* ---- notices ---- */

/* What librdkafka logs is reported, and no secret with it. */
static void test_log(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 1);
    consumer noisy = {.group = "noisy", .drains = true, .property = "retries=3"};
    (void)run(&noisy);
    assert_code(&noisy, SIEM_OK);
    if (strstr(noisy.notices,
               "kafka: Configuration property message.send.max.retries is a producer") == NULL) {
        fail_msg("'%s'", noisy.notices);
    }
    free_records(&noisy);
}

static void test_at_once(void **state) {
    static const CMUnitTestFunction tests[] = {test_drain,          test_drain_fails,
                                               test_drain_together, test_partitions,
                                               test_nobody_to_ask,  test_log};
    (void)state;
    run_at_once(tests, sizeof tests / sizeof *tests);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_at_once)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
