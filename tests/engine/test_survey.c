/* test_survey.c: what is in a registry, as SQL would count it. */
#include "testing.h"

#include "source/registry.h"

#include <string.h>
#include <time.h>

#define EVENTS(count, time, kind)                                                                  \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " count ") "         \
    "INSERT INTO events (token_id, kind, timestamp) SELECT 't', " kind ", " time " FROM n;"

static siem_code survey(const char *name, siem_survey *out, int64_t now, siem_error *err) {
    siem_registry *registry;
    const siem_registry_options options = {.path = test_path(name), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &options, &err));
    siem_code rc = siem_registry_survey(registry, out, now, err);
    siem_registry_close(registry);
    return rc;
}

static void assert_kind(const siem_survey *s, size_t at, const char *kind, int64_t count) {
    assert_true(at < s->kind_count);
    const siem_kind_count *k = &s->kinds[at];
    assert_int_equal(k->count, count);
    assert_int_equal(k->kind.type, kind != NULL ? SIEM_TEXT : SIEM_NULL);
    if (kind == NULL) return;
    assert_int_equal(k->kind.size, strlen(kind));
    assert_memory_equal(k->kind.bytes, kind, k->kind.size);
}

/* The most frequent ones come first, and then their texts decide; more than the table's first room.
 */
static void test_kinds(void **state) {
    siem_survey s;
    (void)state;
    test_sql("kinds.db", TABLE EVENTS("1000", "i", "'k' || (i % 400)"));
    assert_ok(survey("kinds.db", &s, 0, &err));
    assert_int_equal(s.ordering.count, 1000);
    assert_true(s.ordering.follows);
    assert_int_equal(s.kind_count, 400);
    assert_kind(&s, 0, "k1", 3);
    assert_kind(&s, 1, "k10", 3);
    assert_kind(&s, 200, "k0", 2);
    assert_kind(&s, 399, "k399", 2);
    siem_survey_free(&s);
}

/* Seconds of the processor's time that a survey takes. */
static double measure(const char *name, size_t kinds) {
    siem_survey s;
    clock_t begun = clock();
    assert_ok(survey(name, &s, 0, &err));
    clock_t took = clock() - begun;
    assert_int_equal(s.kind_count, kinds);
    siem_survey_free(&s);
    return (double)took / CLOCKS_PER_SEC;
}

/* Whoever makes a kind of each event does not make the survey much slower. */
static void test_many_kinds(void **state) {
    (void)state;
    test_sql("few.db", TABLE EVENTS("40000", "i", "'k' || (i % 4)"));
    test_sql("many.db", TABLE EVENTS("40000", "i", "'k' || i"));
    double few = measure("few.db", 4);
    assert_true(measure("many.db", 40000) < 10 * (few > 0.05 ? few : 0.05));
}

/* As SQL groups and sorts them: whole numbers are equal, a blob is not a text. */
static void test_kinds_of_any_type(void **state) {
    siem_survey s;
    (void)state;
    test_sql("types.db",
             "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp, kind);"
             "INSERT INTO events (timestamp, kind) VALUES (1, x'61'), (1, 'a'), (1, 5), "
             "(1, 5.0), (1, NULL), (1, 'ab'), (1, ''), (1, x''), (1, 5.5), (1, -7), "
             "(1, 1e300);");
    assert_ok(survey("types.db", &s, 0, &err));
    assert_int_equal(s.kind_count, 10);
    assert_int_equal(s.kinds[0].count, 2);
    assert_int_equal(s.kinds[0].kind.integer, 5);
    assert_kind(&s, 1, NULL, 1);
    assert_int_equal(s.kinds[2].kind.integer, -7);
    assert_true(s.kinds[3].kind.real == 5.5);
    assert_true(s.kinds[4].kind.real == (double)1e300);
    assert_kind(&s, 5, "", 1);
    assert_kind(&s, 6, "a", 1);
    assert_kind(&s, 7, "ab", 1);
    assert_kind(&s, 8, "", 1);
    assert_kind(&s, 9, "a", 1);
    assert_true(s.kinds[9].is_blob && !s.kinds[6].is_blob);
    siem_survey_free(&s);
}

static int64_t events_of(const siem_survey *s, int64_t time) {
    for (size_t i = 0; i < SIEM_DAYS; i++) {
        if (siem_survey_day(i) == time) return s->days[i];
    }
    return -1;
}

static void test_times(void **state) {
    siem_survey s;
    (void)state;
    test_sql(
        "times.db",
        "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp);"
        "INSERT INTO events (timestamp) VALUES (0), (0.9), (NULL), ('soon'), (x'00'), (1e300), "
        "(-62135596801), (253402300800), (-62135596800), (253402300799), (-1.5), "
        "(86399.9994), (86399.9996), (500000), (1000000), (1086400), (1086401), (827200), "
        "(827199);");
    assert_ok(survey("times.db", &s, 1000000, &err));
    assert_int_equal(s.ordering.count, 19);
    assert_false(s.ordering.follows);
    assert_int_equal(s.ordering.first_break, 3);
    assert_int_equal(s.timeless, 8);
    assert_int_equal(s.first_timeless, 1);
    assert_int_equal(s.first.integer, -62135596800);
    assert_int_equal(s.last.integer, 253402300799);
    assert_int_equal(s.old, 6);
    assert_int_equal(s.ahead, 2);
    assert_int_equal(events_of(&s, -62135596800), 1);
    assert_int_equal(events_of(&s, 253402300800 - 86400), 1);
    assert_int_equal(events_of(&s, -86400), 1);
    assert_int_equal(events_of(&s, 0), 1);
    assert_int_equal(events_of(&s, 86400), 1); /* rounded to a millisecond */
    assert_int_equal(events_of(&s, 2 * 86400), 0);
    assert_kind(&s, 0, NULL, 19); /* the table has no kinds */
    siem_survey_free(&s);
    test_sql("none.db", TABLE);
    assert_ok(survey("none.db", &s, 0, &err));
    assert_int_equal(s.ordering.count, 0);
    assert_int_equal(s.kind_count, 0);
    assert_int_equal(s.first.type, SIEM_NULL);
    siem_survey_free(&s);
}

/* The first and the last time are any events'. */
static void test_first_and_last(void **state) {
    siem_survey s;
    (void)state;
    test_sql("ends.db",
             TABLE "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'k', -50), "
                   "('t', 'k', -70), ('t', 'k', -20.5), ('t', 'k', -60);");
    assert_ok(survey("ends.db", &s, 0, &err));
    assert_int_equal(s.first.type, SIEM_INTEGER);
    assert_int_equal(s.first.integer, -70);
    assert_int_equal(s.last.type, SIEM_REAL);
    assert_true(s.last.real == -20.5);
    siem_survey_free(&s);
}

static bool never(void *context) {
    (void)context;
    return false;
}

static void test_stop(void **state) {
    siem_survey s;
    siem_registry *registry;
    (void)state;
    test_sql("stop.db", TABLE EVENTS("20000", "i", "'dns'"));
    const siem_registry_options options = {.path = test_path("stop.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &options, &err));
    siem_registry_set_go_on(registry, never, NULL);
    assert_int_equal(siem_registry_survey(registry, &s, 0, NULL), SIEM_CANCELLED);
    siem_survey_free(&s);
    siem_registry_close(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds), cmocka_unit_test(test_kinds_of_any_type),
        cmocka_unit_test(test_times), cmocka_unit_test(test_first_and_last),
        cmocka_unit_test(test_stop),  cmocka_unit_test(test_many_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
