/* test_lane.c: lanes keep apart what was promised on them. */
#include "lane.h"
#include "testing.h"

#include <string.h>

static void a_lane_has_a_mark_and_cookies_of_its_own(void **state) {
    siem_lane *list = NULL, *first, *second;
    (void)state;
    assert_ok(siem_lane_take(&first, &list, &err));
    assert_ok(siem_lane_take(&second, &list, &err));
    assert_int_equal(strlen(siem_lane_mark(first)), 12);
    assert_int_equal(strspn(siem_lane_mark(first), "0123456789abcdef"), 12);
    assert_string_not_equal(siem_lane_mark(first), siem_lane_mark(second));
    assert_ptr_not_equal(siem_lane_cookies(first), siem_lane_cookies(second));
    siem_lane_close(first);
    siem_lane_close(second);
    siem_lane_close(NULL);
}

static void what_is_given_back_is_taken_again(void **state) {
    siem_lane *list = NULL, *lane, *again, *other;
    char mark[13];
    (void)state;
    assert_ok(siem_lane_take(&lane, &list, &err));
    (void)strcpy(mark, siem_lane_mark(lane));
    siem_lane_give(NULL, &list);
    siem_lane_give(lane, &list);
    assert_ok(siem_lane_take(&again, &list, &err));
    assert_string_equal(siem_lane_mark(again), mark);
    assert_ok(siem_lane_take(&other, &list, &err));
    siem_lane_give(again, &list);
    siem_lane_give(other, &list);
    siem_lane_close(list); /* both */
}

static void a_lane_that_is_renewed_is_another_one(void **state) {
    siem_lane *list = NULL, *lane;
    char mark[13];
    (void)state;
    assert_ok(siem_lane_take(&lane, &list, &err));
    (void)strcpy(mark, siem_lane_mark(lane));
    assert_ok(siem_lane_renew(lane, &err));
    assert_string_not_equal(siem_lane_mark(lane), mark);
    siem_lane_close(lane);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane_has_a_mark_and_cookies_of_its_own),
        cmocka_unit_test(what_is_given_back_is_taken_again),
        cmocka_unit_test(a_lane_that_is_renewed_is_another_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
