/* test_progress.c: how far a group is in a partition. */
#include "testing.h"
#include "topic/progress.h"

static void test_lag(void **state) {
    (void)state;
    static const struct {
        int64_t offset, low, high; /* as brokers say */
        int64_t shown, end, lag;   /* what is reported */
    } cases[] = {
        {10, 0, 14, 10, 14, 4},    /* in the middle */
        {14, 0, 14, 14, 14, 0},    /* all is done */
        {0, 0, 14, 0, 14, 14},     /* nothing is */
        {-1, 0, 14, -1, 14, 14},   /* the group is new */
        {-1, 5, 14, -1, 14, 9},    /* and the topic has removed messages */
        {-1001, 5, 14, -1, 14, 9}, /* librdkafka's word for none */
        {3, 5, 14, 3, 14, 9},      /* the group is behind what is there */
        {6, 5, 14, 6, 14, 8},         {20, 0, 14, 20, 14, 0}, /* the topic was made again */
        {-1, 0, 0, -1, 0, 0},                                 /* it is empty */
        {-1, -1, -1, -1, -1, -1},                             /* nobody says */
        {7, -1001, -1001, 7, -1, -1}, {-1, -1001, 9, -1, 9, -1}, {7, -1, 9, 7, 9, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_partition partition =
            siem_progress_of(3, cases[i].offset, cases[i].low, cases[i].high);
        assert_int_equal(partition.number, 3);
        assert_int_equal(partition.offset, cases[i].shown);
        assert_int_equal(partition.end, cases[i].end);
        assert_int_equal(partition.lag, cases[i].lag);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lag)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
