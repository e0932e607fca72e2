/* test_remarks.c: which lines of librdkafka's log are reported, and when. */
#include "sink/kafka/remarks.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static siem_kafka_remarks remarks;

static int open_remarks(void **state) {
    (void)state;
    siem_kafka_remarks_open(&remarks);
    return 0;
}

static int close_remarks(void **state) {
    (void)state;
    siem_kafka_remarks_close(&remarks);
    return 0;
}

static void assert_taken(const char *expected) {
    char text[SIEM_CAUSE_SIZE];
    assert_int_equal(siem_kafka_remarks_take(&remarks, text), expected[0] != '\0');
    assert_string_equal(text, expected);
}

/* A line of a facility at a time: reported, or not ("" is expected). */
static void assert_line(double now, const char *facility, const char *text, const char *expected) {
    siem_kafka_remarks_add(&remarks, now, facility, text);
    assert_taken(expected);
}

static void test_line(void **state) {
    (void)state;
    assert_taken("");
    assert_line(1, "A", "[thrd:h:9092/1]: h:9092/1: broke", "h:9092/1: broke");
    assert_taken("");
    assert_line(1, "B", "[thrd:never ends", "[thrd:never ends");
    assert_line(1, "C", "two\nlines\xff", "two lines\\xff");
    assert_line(1, "D", "a [thrd:x]: y", "a [thrd:x]: y");
}

/* Of two that come before one is taken, the first is reported; the other's kind is still due. */
static void test_first(void **state) {
    (void)state;
    siem_kafka_remarks_add(&remarks, 5, "A", "first");
    siem_kafka_remarks_add(&remarks, 5, "B", "second");
    assert_taken("first");
    assert_line(5, "B", "third", "third");
}

static void test_once_a_minute(void **state) {
    (void)state;
    assert_line(10, "FAIL", "a", "a");
    assert_line(10, "FAIL", "b", "");
    assert_line(11, "OTHER", "c", "c");
    assert_line(69.9, "FAIL", "d", "");
    assert_line(70, "FAIL", "e", "e");
    assert_line(71.1, "OTHER", "f", "f");
    assert_line(129.9, "FAIL", "g", "");
    assert_line(130, "FAIL", "h", "h");
}

/* A name that is longer than others is one kind. */
static void test_long_name(void **state) {
    (void)state;
    assert_line(1, "0123456789abcde", "a", "a");
    assert_line(1, "0123456789abcdefgh", "b", "");
    assert_line(1, "0123456789abcd", "c", "c");
}

/* The one that was reported first is forgotten when there are too many. */
static void test_many(void **state) {
    (void)state;
    char name[] = "A";
    for (int i = 0; i < SIEM_KAFKA_FACILITIES; i++, name[0]++) assert_line(1, name, "x", "x");
    assert_line(2, "A", "x", "");
    assert_line(2, "H", "x", "");
    assert_line(2, "I", "x", "x");
    assert_line(3, "B", "x", "");
    assert_line(3, "A", "x", "x"); /* in place of B */
    assert_line(3, "C", "x", "");
    assert_line(3, "I", "x", "");
    assert_line(3, "B", "x", "x");
}

#define WITH_REMARKS(test) cmocka_unit_test_setup_teardown(test, open_remarks, close_remarks)

static void *add_lines(void *line) {
    for (int i = 0; i < 2000; i++) {
        siem_kafka_remarks_add(&remarks, i * 61.0, line, line);
    }
    return NULL;
}

/* Threads of librdkafka log at the same time: lines are never mixed. */
static void test_threads(void **state) {
    (void)state;
    static char lines[2][64];
    char text[SIEM_CAUSE_SIZE];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        memset(lines[i], 'a' + i, sizeof lines[i] - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, add_lines, lines[i]), 0);
    }
    for (int i = 0; i < 2000; i++) {
        if (!siem_kafka_remarks_take(&remarks, text)) continue;
        assert_true(strcmp(text, lines[0]) == 0 || strcmp(text, lines[1]) == 0);
    }
    for (int i = 0; i < 2; i++) (void)pthread_join(threads[i], NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_REMARKS(test_line),      WITH_REMARKS(test_first), WITH_REMARKS(test_once_a_minute),
        WITH_REMARKS(test_long_name), WITH_REMARKS(test_many),  WITH_REMARKS(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
