/* test_patience.c: how long the pauses between attempts are, and that waiting can be ended. */
#include "base/patience.h"

#include "base/clock.h"
#include "testing.h"

static const siem_patience random_pauses = {.retries = 8, .base = 0.5, .cap = 4};

static void test_steady(void **state) {
    const double expected[] = {1, 2, 4, 8, 16, 30, 30};
    const siem_patience *patience = &siem_following_patience;
    (void)state;
    for (int64_t i = 0; i < 7; i++) {
        assert_true(siem_patience_pause(patience, i, -1) == expected[i]);
    }
    assert_true(siem_patience_pause(patience, INT64_MAX, -1) == 30);
    assert_true(patience->retries == INT64_MAX);
}

/* Random pauses come near both ends of what they may be. */
static void test_random(void **state) {
    (void)state;
    for (int64_t failures = 0; failures < 5; failures++) {
        double bound = failures < 3 ? 0.5 * (double)(1 << failures) : 4;
        double least = bound, most = 0;
        for (int i = 0; i < 1000; i++) {
            double pause = siem_patience_pause(&random_pauses, failures, -1);
            assert_true(pause >= 0 && pause <= bound);
            least = pause < least ? pause : least;
            most = pause > most ? pause : most;
        }
        assert_true(least < bound / 4 && most > bound * 3 / 4);
    }
}

static void test_asked(void **state) {
    (void)state;
    assert_true(siem_patience_pause(&random_pauses, 3, 0) == 0);
    assert_true(siem_patience_pause(&random_pauses, 0, 70) == 70);
    assert_true(siem_patience_pause(&siem_following_patience, 0, 86400) == 3600);
    assert_true(siem_patience_beyond(&random_pauses, 4) < 0);
    assert_true(siem_patience_beyond(&random_pauses, 4.5) == 4.5);
    assert_true(siem_patience_beyond(&random_pauses, -1) < 0);
}

static bool goes_on_twice(void *context) {
    int *asked = context;
    return ++*asked <= 2;
}

static bool always(void *context) {
    ++*(int *)context;
    return true;
}

static void test_wait(void **state) {
    int asked = 0;
    double begun = siem_clock();
    (void)state;
    assert_true(siem_patience_wait(0, goes_on_twice, &asked));
    assert_int_equal(asked, 0);
    assert_false(siem_patience_wait(3600, goes_on_twice, &asked));
    assert_int_equal(asked, 3);
    assert_true(siem_clock() - begun < 600);
    begun = siem_clock();
    asked = 0;
    assert_true(siem_patience_wait(0.25, always, &asked));
    assert_true(siem_clock() - begun >= 0.25);
    assert_true(asked >= 1 && asked <= 3);
}

/* Whether to go on is asked ten times a second, as far as the machine keeps up. */
static void test_interval(void **state) {
    double lasted = 0;
    (void)state;
    for (int i = 0; i == 0 || (i < 5 && lasted >= 1); i++) {
        int asked = 0;
        double begun = siem_clock();
        assert_false(siem_patience_wait(3600, goes_on_twice, &asked));
        lasted = siem_clock() - begun;
    }
    assert_true(lasted >= 0.2 && lasted < 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady),   cmocka_unit_test(test_random),
        cmocka_unit_test(test_asked),    cmocka_unit_test(test_wait),
        cmocka_unit_test(test_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
