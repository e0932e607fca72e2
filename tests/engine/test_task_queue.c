/* test_task_queue.c: tasks that are done by others, taken back, or waited for. */
#include "base/task_queue.h"
#include "testing.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static siem_task_queue *queue;
static char done[16]; /* the names of tasks, in the order in which they were done */

static int open_queue(void **state) {
    (void)state;
    done[0] = '\0';
    return siem_task_queue_open(&queue, NULL) == SIEM_OK ? 0 : -1;
}

static int close_queue(void **state) {
    (void)state;
    siem_task_queue_close(queue);
    siem_task_queue_close(NULL);
    return 0;
}

static void note(void *name) {
    strncat(done, name, 1);
}

static void test_order(void **state) {
    siem_task a = {.run = note, .context = "a"}, b = {.run = note, .context = "b"},
              c = {.run = note, .context = "c"}, d = {.run = note, .context = "d"};
    siem_task *tasks[] = {&a, &b, &c, &d};
    (void)state;
    assert_false(siem_task_queue_is_waiting(queue));
    siem_task_queue_help(queue); /* with nothing */
    assert_false(siem_task_queue_has(queue, &a));
    siem_task_queue_take_back(queue, &a); /* which it does not have */
    for (size_t i = 0; i < 4; i++) siem_task_queue_add(queue, tasks[i]);
    siem_task_queue_take_back(queue, &c);
    siem_task_queue_take_back(queue, &d);
    siem_task_queue_add(queue, &d);
    assert_true(siem_task_queue_has(queue, &a));
    assert_false(siem_task_queue_has(queue, &c));
    while (siem_task_queue_is_waiting(queue)) siem_task_queue_help(queue);
    assert_string_equal(done, "abd");
    assert_false(siem_task_queue_has(queue, &a));
    siem_task_queue_add(queue, &c); /* again */
    siem_task_queue_help(queue);
    assert_string_equal(done, "abdc");
    assert_false(siem_task_queue_is_waiting(queue)); /* it brings nothing of its first time */
}

static void count(void *calls) {
    ++*(int *)calls;
}

static void test_wake(void **state) {
    siem_task a = {.run = note, .context = "a"};
    int calls = 0;
    (void)state;
    assert_false(siem_task_queue_is_helped(queue));
    siem_task_queue_set_helpers(queue, count, &calls);
    assert_true(siem_task_queue_is_helped(queue));
    siem_task_queue_add(queue, &a);
    assert_int_equal(calls, 1);
    siem_task_queue_set_helpers(queue, NULL, NULL);
    assert_false(siem_task_queue_is_helped(queue));
    siem_task_queue_take_back(queue, &a);
    siem_task_queue_add(queue, &a);
    assert_int_equal(calls, 1);
    siem_task_queue_take_back(queue, &a);
}

/* ---- with a thread ---- */

static atomic_bool has_begun, may_end;
static bool has_ended;

static void pause_shortly(void) {
    const struct timespec pause = {0, 1000000};
    (void)nanosleep(&pause, NULL);
}

static void run_until_told(void *unused) {
    (void)unused;
    atomic_store(&has_begun, true);
    while (!atomic_load(&may_end)) pause_shortly();
    has_ended = true;
}

static void *help(void *unused) {
    siem_task_queue_help(queue);
    return unused;
}

static void *tell(void *unused) {
    pause_shortly();
    atomic_store(&may_end, true);
    return unused;
}

/* A task that runs is not taken back before its end. */
static void test_running(void **state) {
    pthread_t helper, teller;
    siem_task task = {.run = run_until_told}, other = {.run = note, .context = "o"};
    (void)state;
    siem_task_queue_add(queue, &task);
    siem_task_queue_add(queue, &other);
    assert_int_equal(pthread_create(&helper, NULL, help, NULL), 0);
    while (!atomic_load(&has_begun)) pause_shortly();
    assert_true(siem_task_queue_has(queue, &task));
    siem_task_queue_take_back(queue, &other);
    assert_int_equal(pthread_create(&teller, NULL, tell, NULL), 0);
    siem_task_queue_take_back(queue, &task);
    assert_true(has_ended);
    assert_false(siem_task_queue_has(queue, &task));
    assert_int_equal(pthread_join(helper, NULL), 0);
    assert_int_equal(pthread_join(teller, NULL), 0);
    assert_string_equal(done, "");
}

/* ---- with several, as an export has them ---- */

#define ROUNDS 12000
#define TASKS  4

typedef struct counted {
    siem_task task;
    int runs;
} counted;

static void run_counted(void *context) {
    ((counted *)context)->runs++;
}

static atomic_bool is_over;

static void *help_until_over(void *unused) {
    while (!atomic_load(&is_over)) {
        for (int i = 0; i < 100; i++) siem_task_queue_help(queue);
        (void)sched_yield();
    }
    return unused;
}

static void yield(void *unused) {
    (void)unused;
    (void)sched_yield();
}

static void run_round(counted *tasks) {
    siem_task_queue_set_helpers(queue, yield, NULL);
    for (size_t i = 0; i < TASKS; i++) {
        tasks[i].runs = 0;
        siem_task_queue_add(queue, &tasks[i].task);
        (void)siem_task_queue_is_waiting(queue);
        assert_true(siem_task_queue_is_helped(queue));
    }
    for (size_t i = 0; i < TASKS; i++) {
        siem_task_queue_take_back(queue, &tasks[i].task);
        assert_in_range(tasks[i].runs, 0, 1);
        assert_false(siem_task_queue_has(queue, &tasks[i].task));
    }
    assert_false(siem_task_queue_is_waiting(queue));
}

/* A task is run by one of them, or by none once it was taken back. */
static void test_several(void **state) {
    counted tasks[TASKS] = {0};
    pthread_t helpers[2];
    (void)state;
    for (size_t i = 0; i < TASKS; i++) {
        tasks[i].task = (siem_task){.run = run_counted, .context = &tasks[i]};
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&helpers[i], NULL, help_until_over, NULL), 0);
    }
    for (int round = 0; round < ROUNDS; round++) run_round(tasks);
    atomic_store(&is_over, true);
    for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_join(helpers[i], NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, open_queue, close_queue),
        cmocka_unit_test_setup_teardown(test_wake, open_queue, close_queue),
        cmocka_unit_test_setup_teardown(test_running, open_queue, close_queue),
        cmocka_unit_test_setup_teardown(test_several, open_queue, close_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
