/* test_refused.c: records that were refused, which come in any order, and go in that of ids. */
#include "export/refused.h"

#include "testing.h"

static void add(siem_refused *refused, int64_t id, unsigned part) {
    assert_false(siem_refused_has(refused, id, part));
    assert_ok(siem_refused_add(refused, id, part, &err));
    assert_true(siem_refused_has(refused, id, part));
}

static void test_order(void **state) {
    siem_refused refused = {.count = 0};
    (void)state;
    siem_refused_forget(&refused, 7);
    assert_false(siem_refused_has(&refused, 0, 0));
    add(&refused, 7, 1);
    add(&refused, 9, 0);
    add(&refused, 7, 0);
    add(&refused, INT64_MIN, 0);
    add(&refused, INT64_MAX, 3);
    assert_int_equal(refused.count, 5);
    assert_false(siem_refused_has(&refused, 7, 2));
    assert_false(siem_refused_has(&refused, 8, 0));
    assert_false(siem_refused_has(&refused, INT64_MAX, 2));
    siem_refused_forget(&refused, 6);
    assert_false(siem_refused_has(&refused, INT64_MIN, 0));
    assert_true(siem_refused_has(&refused, 7, 0));
    siem_refused_forget(&refused, 7);
    assert_false(siem_refused_has(&refused, 7, 0));
    assert_false(siem_refused_has(&refused, 7, 1));
    assert_true(siem_refused_has(&refused, 9, 0));
    assert_true(siem_refused_has(&refused, INT64_MAX, 3));
    siem_refused_forget(&refused, INT64_MAX);
    assert_int_equal(refused.count, 0);
    siem_refused_clear(&refused);
}

static void test_many(void **state) {
    siem_refused refused = {.count = 0};
    (void)state;
    for (int64_t id = 0; id < 1000; id++) add(&refused, id * 7919 % 1000, 0);
    assert_int_equal(refused.count, 1000);
    siem_refused_forget(&refused, 499);
    assert_int_equal(refused.count, 500);
    for (int64_t id = 0; id < 1000; id++) {
        assert_int_equal(siem_refused_has(&refused, id, 0), id > 499);
    }
    siem_refused_clear(&refused);
    assert_int_equal(refused.count, 0);
    assert_false(siem_refused_has(&refused, 700, 0));
    add(&refused, 1, 0);
    siem_refused_clear(&refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests_name("refused", tests, NULL, NULL);
}
