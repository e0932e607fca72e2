/* test_runs.c: sorted ids as a table of SQLite's, a row for each run of ids one after another. */
#include "source/runs.h"

#include "testing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static siem_inquiry nobody;
static siem_database database;
static siem_runs runs;

static int open_database(void **state) {
    (void)state;
    test_sql("runs.db", "");
    assert_ok(siem_database_open(&database, test_path("runs.db"), 0, &nobody, &err));
    assert_ok(siem_runs_open(&runs, &database, &err));
    return 0;
}

static int close_database(void **state) {
    (void)state;
    siem_database_close(&database);
    return 0;
}

/* The rows that a statement over the table has, as "1-3 7-7 ". */
static void assert_rows(const char *expected) {
    char text[300] = "";
    sqlite3_stmt *statement;
    siem_code rc;
    assert_ok(siem_database_prepare(&database, &statement,
                                    "SELECT first, last, rowid FROM oversight_runs", &err));
    while ((rc = siem_database_step(&database, statement, NULL)) == SIEM_OK) {
        size_t size = strlen(text);
        assert_int_equal(sqlite3_column_int64(statement, 2), runs.first);
        (void)snprintf(text + size, sizeof text - size, "%" PRId64 "-%" PRId64 " ",
                       (int64_t)sqlite3_column_int64(statement, 0),
                       (int64_t)sqlite3_column_int64(statement, 1));
    }
    assert_int_equal(rc, SIEM_END);
    assert_string_equal(text, expected);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

static void give(const int64_t *ids, size_t count, size_t first, bool alone) {
    runs = (siem_runs){.ids = ids, .count = count, .first = first, .alone = alone};
}

static void test_runs(void **state) {
    static const int64_t ids[] = {1, 2, 3, 7, 6, 5, 9, 10, -1, 0, 1};
    const size_t count = sizeof ids / sizeof *ids;
    (void)state;
    give(ids, count, 0, false);
    assert_rows("1-3 7-7 6-6 5-5 9-10 -1-1 ");
    give(ids, count, 1, false);
    assert_rows("2-3 7-7 6-6 5-5 9-10 -1-1 ");
    give(ids, count, 6, true);
    assert_rows("9-9 10-10 -1--1 0-0 1-1 ");
    give(ids, count, count, false);
    assert_rows("");
    give(ids, 1, 0, false);
    assert_rows("1-1 ");
}

/* After the largest id there is none, also not the smallest one. */
static void test_bounds_of_ids(void **state) {
    static const int64_t ids[] = {INT64_MAX - 1, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    (void)state;
    give(ids, 4, 0, false);
    assert_rows("9223372036854775806-9223372036854775807 "
                "-9223372036854775808--9223372036854775807 ");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs),
                                       cmocka_unit_test(test_bounds_of_ids)};
    return cmocka_run_group_tests_name("runs", tests, open_database, close_database);
}
