/* test_missing.c: of a build without librdkafka, whichever this one is: what cannot be opened says
 * what to install, and what is asked of nothing has nothing. */
#include "sink/kafka/census.h"
#include "sink/kafka/producer.h"
#include "testing.h"
#include "topic/group.h"
#include "topic/standing.h"

#include <string.h>

static char nowhere; /* what is not NULL */

static void assert_missing(siem_code rc, const siem_error *err) {
    assert_int_equal(rc, SIEM_INVALID);
    assert_string_equal(err->message, "this build omits the feature kafka: install librdkafka-dev, "
                                      "and build it with -DOVERSIGHT_KAFKA=ON");
}

#define ASSERT_MISSING(call)                                                                       \
    do {                                                                                           \
        siem_error err = {0};                                                                      \
        siem_code rc = (call);                                                                     \
        assert_missing(rc, &err);                                                                  \
    } while (0)

static void test_producer(void **state) {
    (void)state;
    siem_kafka_producer *producer = (siem_kafka_producer *)&nowhere;
    siem_answer answer;
    char text[200];
    ASSERT_MISSING(siem_kafka_producer_open(&producer, NULL, &err));
    assert_null(producer);
    ASSERT_MISSING(siem_kafka_producer_begin(NULL, NULL, &err));
    ASSERT_MISSING(siem_kafka_producer_ping(NULL, text, &err));
    assert_null(siem_kafka_producer_next(NULL, &answer));
    siem_kafka_producer_wait(NULL, 60000);
    siem_kafka_producer_release(NULL, NULL);
    siem_kafka_producer_close(NULL);
}

static void test_census(void **state) {
    (void)state;
    siem_kafka_census *census = (siem_kafka_census *)&nowhere;
    ASSERT_MISSING(siem_kafka_census_open(&census, NULL, &err));
    assert_null(census);
    ASSERT_MISSING(siem_kafka_census_count(NULL, NULL, &err));
    siem_kafka_census_close(NULL);
}

static void test_group(void **state) {
    (void)state;
    siem_group *group = (siem_group *)&nowhere;
    siem_message message;
    siem_partition partition;
    ASSERT_MISSING(siem_group_open(&group, NULL, "t", 1, &err));
    assert_null(group);
    ASSERT_MISSING(siem_group_take(NULL, &message, &err));
    ASSERT_MISSING(siem_group_wait(NULL, 60000, &err));
    ASSERT_MISSING(siem_group_commit(NULL, 1, true, &err));
    assert_false(siem_group_is_leaving(NULL));
    assert_false(siem_group_is_over(NULL));
    assert_false(siem_group_partition(NULL, 0, &partition));
    assert_int_equal(siem_group_lag(NULL).events, 0);
    assert_true(siem_group_lag(NULL).seconds == 0);
    siem_group_set_ends(NULL, true);
    siem_group_tend(NULL);
    siem_group_rewind(NULL, 1);
    siem_group_leave(NULL);
    siem_group_close(NULL);
}

static void test_standing(void **state) {
    (void)state;
    siem_partition *partitions = (siem_partition *)&nowhere;
    size_t count = 1;
    ASSERT_MISSING(siem_standing_read(&partitions, &count, NULL, "t", &err));
    assert_null(partitions);
    assert_int_equal(count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_producer),
        cmocka_unit_test(test_census),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_standing),
    };
    return cmocka_run_group_tests_name("missing", tests, NULL, NULL);
}
