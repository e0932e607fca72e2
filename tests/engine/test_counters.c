/* test_counters.c: each member of siem_counts has one row of the table, and is read by it. */
#include <oversight/counters.h>

#include "testing.h"

#include <string.h>

static size_t index_of(const char *name) {
    const siem_counter *counter;
    for (size_t i = 0; (counter = siem_counter_at(i)) != NULL; i++) {
        if (strcmp(counter->name, name) == 0) return i;
    }
    fail_msg("there is no counter %s", name);
    return 0;
}

static void test_values(void **state) {
    const siem_counts counts = {.exported = UINT64_MAX >> 1,
                                .last_id = INT64_MIN,
                                .lag = {.events = 7, .seconds = 0.5},
                                .latency_seconds = 1.25};
    (void)state;
    siem_value value = siem_counter_value(index_of("exported"), &counts);
    assert_int_equal(value.type, SIEM_INTEGER);
    assert_true(value.integer == INT64_MAX);
    assert_true(siem_counter_value(index_of("last_id"), &counts).integer == INT64_MIN);
    assert_true(siem_counter_value(index_of("lag_events"), &counts).integer == 7);
    assert_true(siem_counter_value(index_of("refused"), &counts).integer == 0);
    value = siem_counter_value(index_of("lag_seconds"), &counts);
    assert_int_equal(value.type, SIEM_REAL);
    assert_true(value.real == 0.5);
    assert_true(siem_counter_value(index_of("latency_seconds"), &counts).real == 1.25);
}

/* The rows cover the whole struct but the histogram: none is forgotten, none is there twice. */
static void test_complete(void **state) {
    siem_counts counts;
    size_t rows = 0, words = (sizeof counts - sizeof counts.latency) / sizeof(uint64_t);
    (void)state;
    memset(&counts, 0, sizeof counts);
    while (siem_counter_at(rows) != NULL) rows++;
    assert_int_equal(rows, words);
    for (size_t word = 0; word < sizeof counts / sizeof(uint64_t); word++) {
        size_t at = word * sizeof(uint64_t), readers = 0;
        bool is_latency = at >= offsetof(siem_counts, latency) &&
                          at < offsetof(siem_counts, latency) + sizeof counts.latency;
        memset((char *)&counts + at, 1, sizeof(uint64_t));
        for (size_t i = 0; i < rows; i++) {
            siem_value value = siem_counter_value(i, &counts);
            readers += value.type == SIEM_REAL ? value.real != 0 : value.integer != 0;
        }
        memset((char *)&counts + at, 0, sizeof(uint64_t));
        if (readers != !is_latency) fail_msg("word %zu of siem_counts has %zu rows", word, readers);
    }
}

static void test_beyond(void **state) {
    const siem_counts counts = {.events = 1};
    (void)state;
    size_t rows = 0;
    while (siem_counter_at(rows) != NULL) rows++;
    assert_null(siem_counter_at(SIZE_MAX));
    assert_int_equal(siem_counter_value(rows, &counts).type, SIEM_NULL);
    assert_int_equal(siem_counter_value(SIZE_MAX, &counts).type, SIEM_NULL);
    assert_int_equal(siem_counter_value(0, NULL).type, SIEM_NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
