/* test_clock.c: the clock that durations are measured by. */
#include "base/clock.h"
#include "testing.h"

#include <time.h>

static double monotonic(void) {
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* It is the system's, in seconds, and never goes back. */
static void test_clock(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++) {
        double before = monotonic(), now = siem_clock(), after = monotonic();
        assert_true(before <= now && now <= after);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_clock)};
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
