/* test_database.c: statements on a registry's connection: rows, numbers, values and faults. */
#include "base/clock.h"
#include "source/database.h"

#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static siem_inquiry inquiry;
static siem_database database;

static int open_database(void **state) {
    (void)state;
    inquiry = (siem_inquiry){.go_on = NULL};
    (void)unlink(test_path("r.db"));
    test_sql("r.db", "CREATE TABLE t (n); INSERT INTO t VALUES (7), (8);");
    assert_ok(siem_database_open(&database, test_path("r.db"), 1, &inquiry, &err));
    return 0;
}

static int close_database(void **state) {
    (void)state;
    siem_database_close(&database);
    siem_database_close(&database);
    return 0;
}

/* ---- statements ---- */

static void test_steps(void **state) {
    sqlite3_stmt *statement;
    (void)state;
    assert_ok(siem_database_prepare(&database, &statement, "SELECT n FROM t", &err));
    for (int n = 7; n <= 8; n++) {
        assert_ok(siem_database_step(&database, statement, &err));
        assert_int_equal(sqlite3_column_int(statement, 0), n);
    }
    assert_int_equal(siem_database_step(&database, statement, NULL), SIEM_END);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

static void test_run(void **state) {
    siem_error err;
    (void)state;
    assert_int_equal(sqlite3_get_autocommit(database.connection), 1);
    assert_ok(siem_database_run(&database, "BEGIN", &err));
    assert_int_equal(sqlite3_get_autocommit(database.connection), 0);
    assert_ok(siem_database_run(&database, "COMMIT", &err));
    assert_int_equal(sqlite3_get_autocommit(database.connection), 1);
    assert_int_equal(siem_database_run(&database, "SELECT * FROM none", &err), SIEM_IO);
    test_has(err.message, "no such table: none");
    assert_int_equal(siem_database_run(&database, "COMMIT", &err), SIEM_IO);
    test_has(err.message, "no transaction is active");
    assert_int_equal(siem_database_run(&database, "INSERT INTO t VALUES (9)", &err), SIEM_IO);
}

static void test_number(void **state) {
    int64_t number = -1;
    siem_error err;
    (void)state;
    assert_ok(siem_database_read_number(&database, "SELECT max(n) FROM t", &number, &err));
    assert_int_equal(number, 8);
    assert_int_equal(
        siem_database_read_number(&database, "SELECT n FROM t WHERE n > 8", &number, &err),
        SIEM_END);
    assert_int_equal(siem_database_read_number(&database, "SELECT none FROM t", &number, &err),
                     SIEM_IO);
    assert_int_equal(number, 8);
}

/* ---- values ---- */

static void test_columns(void **state) {
    sqlite3_stmt *statement;
    siem_value value;
    bool blob = false;
    (void)state;
    assert_ok(siem_database_prepare(
        &database, &statement, "SELECT -5, 0.5, 'a' || char(0) || 'b', NULL, x'', x'6162'", &err));
    assert_ok(siem_database_step(&database, statement, &err));
    assert_true(siem_database_column(statement, 0, &value, &blob));
    assert_int_equal(value.type, SIEM_INTEGER);
    assert_int_equal(value.integer, -5);
    assert_true(siem_database_column(statement, 1, &value, &blob));
    assert_int_equal(value.type, SIEM_REAL);
    assert_true(value.real == 0.5);
    assert_true(siem_database_column(statement, 2, &value, &blob));
    assert_int_equal(value.type, SIEM_TEXT);
    assert_int_equal(value.size, 3);
    assert_memory_equal(value.bytes, "a\0b", 3);
    assert_true(siem_database_column(statement, 3, &value, &blob));
    assert_int_equal(value.type, SIEM_NULL);
    assert_false(blob);
    assert_true(siem_database_column(statement, 4, &value, &blob));
    assert_true(blob);
    assert_int_equal(value.type, SIEM_TEXT);
    assert_int_equal(value.size, 0);
    assert_non_null(value.bytes);
    assert_true(siem_database_column(statement, 5, &value, &blob));
    assert_int_equal(value.size, 2);
    assert_memory_equal(value.bytes, "ab", 2);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

/* ---- whether to go on ---- */

static int questions;
static bool answer;

static bool ask(void *context) {
    assert_ptr_equal(context, &answer);
    questions++;
    /* The connection belongs to the statement that asks. */
    assert_int_equal(siem_database_check_free(&database, "siem_test", NULL), SIEM_INVALID);
    return answer;
}

#define COUNT_TO(last)                                                                             \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " last ") "          \
    "SELECT count(*) FROM n"

static void test_questions(void **state) {
    int64_t number = 0;
    siem_error err;
    (void)state;
    questions = 0;
    answer = true;
    assert_true(siem_database_goes_on(&database)); /* nobody is asked */
    inquiry = (siem_inquiry){.go_on = ask, .context = &answer};
    assert_true(siem_database_goes_on(&database));
    assert_int_equal(questions, 1);
    inquiry.due = siem_clock() + 3600;
    assert_true(siem_database_goes_on(&database));
    assert_ok(siem_database_read_number(&database, COUNT_TO("100000"), &number, &err));
    assert_int_equal(questions, 1); /* not too often */
    inquiry.due = 0;
    assert_ok(siem_database_read_number(&database, COUNT_TO("100000"), &number, &err));
    assert_int_equal(number, 100000);
    assert_true(questions > 1);
    assert_true(inquiry.due > siem_clock() - 3600 && inquiry.due < siem_clock() + 0.2);
    inquiry.due = 0;
    answer = false;
    assert_int_equal(siem_database_read_number(&database, COUNT_TO("100000000"), &number, &err),
                     SIEM_CANCELLED);
    assert_string_equal(err.message, "stopped on request");
    inquiry.due = 0;
    assert_false(siem_database_goes_on(&database));
    assert_ok(siem_database_check_free(&database, "siem_test", &err));
}

/* ---- faults ---- */

static void test_locked(void **state) {
    sqlite3 *writer;
    int64_t number;
    siem_error err;
    (void)state;
    assert_int_equal(sqlite3_open(test_path("r.db"), &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(siem_database_read_number(&database, "SELECT n FROM t", &number, &err),
                     SIEM_LOCKED);
    test_has(err.message, "r.db' stayed locked for 1 ms: try again");
    assert_int_equal(sqlite3_close(writer), SQLITE_OK);
    assert_ok(siem_database_read_number(&database, "SELECT n FROM t", &number, &err));
}

static void assert_cannot_open(const char *path, siem_code code, const char *part) {
    siem_database other;
    siem_error err;
    assert_int_equal(siem_database_open(&other, path, 1, &inquiry, &err), code);
    test_has(err.message, part);
    assert_null(other.connection);
    assert_null(other.path);
}

static void test_wrong_files(void **state) {
    (void)state;
    assert_cannot_open(test_path("none.db"), SIEM_NOT_FOUND, "none.db': No such file");
    assert_cannot_open(test_path("r.db/none"), SIEM_IO, "Not a directory");
    assert_cannot_open(test_folder(), SIEM_SCHEMA, "is a folder: give the database file in it");
    assert_cannot_open("/dev/null", SIEM_SCHEMA, "'/dev/null' is not a regular file");
}

/* Without a number of its own, a lock is waited for. */
static void test_timeout(void **state) {
    siem_database other;
    (void)state;
    assert_int_equal(database.busy_timeout_ms, 1);
    assert_ok(siem_database_open(&other, test_path("r.db"), 0, &inquiry, &err));
    assert_int_equal(other.busy_timeout_ms, 5000);
    siem_database_close(&other);
}

/* A schema in words of a later SQLite is not damage, and one that is not a schema is. */
static void assert_schema(const char *name, const char *change, siem_code code, const char *part) {
    siem_database other;
    siem_error err;
    int64_t number;
    test_sql(name, "CREATE TABLE t (n)");
    test_sql(name, change);
    assert_int_equal(siem_database_open(&other, test_path(name), 1, &inquiry, &err), SIEM_OK);
    assert_int_equal(siem_database_read_number(&other, "SELECT n FROM t", &number, &err), code);
    test_has(err.message, part);
    siem_database_close(&other);
}

static void test_schemas(void **state) {
    (void)state;
    assert_schema("later.db",
                  "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' LATER'",
                  SIEM_SCHEMA, "does not understand the schema of '");
    assert_schema("damaged.db", "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 7",
                  SIEM_IO, "damaged.db' is damaged: malformed database schema");
    assert_schema("rootless.db",
                  "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 9999", SIEM_IO,
                  "rootless.db' is damaged: malformed database schema (t) - invalid rootpage");
    assert_schema("orphan.db",
                  "CREATE INDEX i ON t (n); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
                  "sql = NULL, rootpage = 0 WHERE name = 'i'",
                  SIEM_IO, "orphan.db' is damaged: malformed database schema (i) - orphan index");
}

/* A file that another program cannot read in the middle of a change, which only a writer undoes. */
static void test_hot_journal(void **state) {
    char copy[200], journal[200], command[900];
    sqlite3 *writer;
    (void)state;
    assert_int_equal(sqlite3_open(test_path("hot.db"), &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer,
                                  "PRAGMA cache_size = 1; CREATE TABLE t (x);"
                                  "INSERT INTO t SELECT randomblob(900) FROM "
                                  "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                                  "WHERE i < 60) SELECT i FROM n);"
                                  "BEGIN; UPDATE t SET x = randomblob(800);",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    (void)snprintf(copy, sizeof copy, "%s", test_path("copy.db"));
    (void)snprintf(journal, sizeof journal, "%s-journal", test_path("hot.db"));
    (void)snprintf(command, sizeof command, "cp '%s' '%s' && cp '%s' '%s-journal'",
                   test_path("hot.db"), copy, journal, copy);
    assert_int_equal(system(command), 0);
    assert_cannot_open(copy, SIEM_IO, "a change to '");
    assert_int_equal(sqlite3_close(writer), SQLITE_OK);
}

static void test_file(void **state) {
    siem_identity file;
    siem_error err;
    (void)state;
    assert_true(siem_identity_read(&file, AT_FDCWD, test_path("r.db"), false));
    assert_ok(siem_database_check_file(&database, &file, &err));
    file.inode++;
    assert_int_equal(siem_database_check_file(&database, &file, &err), SIEM_HELD);
    test_has(err.message, "r.db' was replaced by another file");
    assert_int_equal(unlink(test_path("r.db")), 0);
    assert_int_equal(siem_database_check_file(&database, &file, &err), SIEM_NOT_FOUND);
    test_has(err.message, "r.db' is gone: No such file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_database, close_database)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_steps),       TEST(test_run),    TEST(test_number),      TEST(test_columns),
        TEST(test_questions),   TEST(test_locked), TEST(test_wrong_files), TEST(test_timeout),
        TEST(test_hot_journal), TEST(test_file),   TEST(test_schemas),
    };
    return cmocka_run_group_tests_name("database", tests, NULL, NULL);
}
