/* test_order.c: requests of a kind that keeps them in order. */
#include "testing.h"
#include "told.h"

/* Sends events 1 to `last`, three a request, and compares the requests that begin. */
static void assert_begun(const char *script, size_t in_flight, int last, const char *expected) {
    told_sink told;
    told_open(&told, in_flight, 3, 0.02);
    told.kind.can = SIEM_REJECTS | SIEM_IN_ORDER;
    told.reply = told_reply;
    told.script = script;
    assert_ok(told_send(&told, last, &err));
    assert_string_equal(told.begun, expected);
}

static void test_ordinary(void **state) {
    (void)state;
    assert_begun("", 1, 7, "1-3 4-6 7-7 ");
    assert_begun("", 4, 7, "1-3 4-6 7-7 ");
}

/* A request that waits for its next attempt holds up those after it, begun or not. */
static void test_retry(void **state) {
    (void)state;
    assert_begun("r", 1, 6, "1-3 1-3* 4-6 ");
    assert_begun("ra", 2, 9, "1-3 4-6 1-3* 4-6 7-9 ");
    assert_begun("rara", 2, 6, "1-3 4-6 1-3* 4-6 1-3* 4-6 ");
}

/* One that is divided is sent whole before the next one begins. */
static void test_divided(void **state) {
    (void)state;
    assert_begun("h", 1, 6, "1-3 1-1 2-3 4-6 ");
    assert_begun("ha", 2, 6, "1-3 4-6 1-1 2-3 4-6 ");
    assert_begun("har", 2, 6, "1-3 4-6 1-1 1-1* 2-3 4-6 ");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ordinary),
                                       cmocka_unit_test(test_retry),
                                       cmocka_unit_test(test_divided)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
