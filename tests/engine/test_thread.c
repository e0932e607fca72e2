/* test_thread.c: threads that no signal is delivered to. */
#include "base/thread.h"
#include "testing.h"

#include <signal.h>

/* Whether a signal can be blocked: not those of the C library, which are between the two kinds. */
static bool can_be_blocked(int number) {
    return number != SIGKILL && number != SIGSTOP && (number < 32 || number >= SIGRTMIN);
}

static void *read_mask(void *mask) {
    return pthread_sigmask(SIG_SETMASK, NULL, mask) == 0 ? mask : NULL;
}

static void test_signals(void **state) {
    sigset_t before, within, after;
    pthread_t thread;
    void *read;
    (void)state;
    (void)sigemptyset(&before);
    (void)sigaddset(&before, SIGUSR2);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    assert_int_equal(siem_thread_start(&thread, read_mask, &within), 0);
    assert_int_equal(pthread_join(thread, &read), 0);
    assert_ptr_equal(read, &within); /* its argument, and its result */
    assert_non_null(read_mask(&after));
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (!can_be_blocked(number)) continue;
        assert_true(sigismember(&within, number));
        assert_int_equal(sigismember(&after, number), number == SIGUSR2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signals)};
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
