/* test_sizing.c: how many records a target is asked to take at once, after what it answered. */
#include "sink/sizing.h"
#include "testing.h"

#define BATCH 8

static siem_outcome outcomes[BATCH];

/* The answer of a status to so many records. */
static siem_answer answered(int status, size_t count) {
    siem_answer answer = siem_answer_begin(outcomes, count);
    answer.http_status = status;
    siem_answer_all(&answer, status == 200 ? SIEM_DELIVERED : SIEM_RETRY, "HTTP %d", status);
    return answer;
}

static void learn(siem_sizing *sizing, siem_answer answer, unsigned *refused, int times) {
    for (int i = 0; i < times; i++) siem_sizing_learn(sizing, &answer, refused, BATCH);
}

static void test_less(void **state) {
    siem_sizing sizing = {0};
    unsigned refused = 0;
    (void)state;
    assert_true(siem_sizing_most(&sizing) == SIZE_MAX);
    learn(&sizing, answered(429, 8), &refused, 2);
    assert_true(siem_sizing_most(&sizing) == SIZE_MAX);
    learn(&sizing, answered(429, 8), &refused, 1);
    assert_int_equal(siem_sizing_most(&sizing), 4);
    learn(&sizing, answered(429, 4), &refused, 1);
    assert_int_equal(siem_sizing_most(&sizing), 2);
    learn(&sizing, answered(429, 8), &refused, 1); /* one that was in flight */
    assert_int_equal(siem_sizing_most(&sizing), 2);
    learn(&sizing, answered(429, 2), &refused, 1);
    learn(&sizing, answered(429, 1), &refused, 5);
    assert_int_equal(siem_sizing_most(&sizing), 1);
}

/* Other answers, one that says when to come again, and one about some of the records. */
static void test_not_less(void **state) {
    siem_sizing sizing = {0};
    unsigned refused = 0;
    siem_answer later = answered(429, 8);
    (void)state;
    later.retry_after = 1;
    learn(&sizing, later, &refused, 9);
    later.retry_after = 0;
    learn(&sizing, later, &refused, 9);
    learn(&sizing, answered(503, 8), &refused, 9);
    siem_answer some = answered(429, 8);
    siem_answer_one(&some, 3, SIEM_DELIVERED, 201, "in");
    learn(&sizing, some, &refused, 9);
    siem_answer busy = answered(429, 8), in = answered(200, 8);
    for (int i = 0; i < 9; i++) { /* in turn */
        busy = answered(429, 8);
        learn(&sizing, busy, &refused, 2);
        in = answered(200, 8);
        learn(&sizing, in, &refused, 1);
    }
    assert_true(siem_sizing_most(&sizing) == SIZE_MAX);
}

static void test_more(void **state) {
    siem_sizing sizing = {.most = 2};
    unsigned refused = 0;
    (void)state;
    learn(&sizing, answered(200, 2), &refused, 63);
    assert_int_equal(siem_sizing_most(&sizing), 2);
    learn(&sizing, answered(429, 2), &refused, 1); /* counted from the start again */
    learn(&sizing, answered(200, 2), &refused, 63);
    assert_int_equal(siem_sizing_most(&sizing), 2);
    learn(&sizing, answered(200, 2), &refused, 1);
    assert_int_equal(siem_sizing_most(&sizing), 4);
    learn(&sizing, answered(200, 4), &refused, 63);
    assert_int_equal(siem_sizing_most(&sizing), 4);
    learn(&sizing, answered(200, 4), &refused, 1);
    assert_int_equal(siem_sizing_most(&sizing), 8);
    learn(&sizing, answered(200, 8), &refused, 64);
    assert_true(siem_sizing_most(&sizing) == SIZE_MAX);
}

/* One record alone is the least, and it grows from there. */
static void test_one(void **state) {
    siem_sizing sizing = {0};
    unsigned refused = 0;
    (void)state;
    learn(&sizing, answered(429, 1), &refused, 3);
    assert_int_equal(siem_sizing_most(&sizing), 1);
    learn(&sizing, answered(200, 1), &refused, 64);
    assert_int_equal(siem_sizing_most(&sizing), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_less), cmocka_unit_test(test_not_less),
                                       cmocka_unit_test(test_more), cmocka_unit_test(test_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
