/* test_sqlite_file.c: which files are SQLite's, and which belong to one database. */
#include "base/sqlite_file.h"
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_file(const char *name, const char *bytes, size_t size) {
    FILE *file = fopen(test_path(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void test_heads(void **state) {
    static const struct {
        const char *bytes;
        size_t size;
        bool is_one;
    } cases[] = {
        {"SQLite format 3\0abcdef", 22, true},
        {"SQLite format 3", 16, true},
        {"SQLite format 3", 15, false},
        {"SQLite format 3!", 16, false},
        {"\x37\x7f\x06\x82", 4, true},
        {"\x37\x7f\x06\x83....", 8, true},
        {"\x37\x7f\x06\x81....", 8, false},
        {"\x37\x7f\x06", 3, false},
        {"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8, true},
        {"\xd9\xd5\x05\xf9\x20\xa1\x63\xd6", 8, false},
        {"\xd9\xd5\x05\xf9\x20\xa1\x63", 7, false},
        {"{\"a\":1}", 7, false},
        {"", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file("head", cases[i].bytes, cases[i].size);
        if (siem_sqlite_file_is_at(test_path("head")) != cases[i].is_one) fail_msg("case %zu", i);
    }
    assert_false(siem_sqlite_file_is_at(test_path("missing")));
    assert_false(siem_sqlite_file_is_at(test_folder()));
    assert_false(siem_sqlite_file_is_at("/dev/null"));
}

/* An empty log belongs to the database beside it, whatever it is called. */
static void test_beside(void **state) {
    (void)state;
    test_sql("of.db", "CREATE TABLE t (a);");
    write_file("of.txt", "text", 4);
    assert_true(siem_sqlite_file_is_at(test_path("of.db-wal")));
    assert_true(siem_sqlite_file_is_at(test_path("of.db-shm")));
    assert_true(siem_sqlite_file_is_at(test_path("of.db-journal")));
    assert_false(siem_sqlite_file_is_at(test_path("of.db-walk")));
    assert_false(siem_sqlite_file_is_at(test_path("of.dbwal")));
    assert_false(siem_sqlite_file_is_at(test_path("of.txt-wal")));
    assert_false(siem_sqlite_file_is_at(test_path("other.db-wal")));
    assert_false(siem_sqlite_file_is_at("-wal"));
}

static bool is_of(const char *database, const char *name) {
    struct stat status;
    assert_int_equal(stat(test_path(name), &status), 0);
    return siem_sqlite_file_is_of(test_path(database), &status);
}

static void test_whose(void **state) {
    char real[256];
    (void)state;
    test_sql("one.db", "CREATE TABLE t (a);");
    test_sql("two.db", "CREATE TABLE t (a);");
    write_file("one.db-wal", "", 0);
    write_file("one.db-journal", "", 0);
    write_file("one.db-x", "", 0);
    (void)stpcpy(real, test_path("one.db"));
    assert_int_equal(symlink(real, test_path("link.db")), 0);
    assert_true(is_of("one.db", "one.db"));
    assert_true(is_of("one.db", "one.db-wal"));
    assert_true(is_of("one.db", "one.db-journal"));
    assert_true(is_of("link.db", "one.db"));
    assert_true(is_of("link.db", "one.db-wal")); /* SQLite has it beside what the link names */
    assert_false(is_of("one.db", "one.db-x"));
    assert_false(is_of("one.db", "two.db"));
    assert_false(is_of("two.db", "one.db-wal"));
    assert_false(is_of("missing.db", "one.db-wal"));
}

/* A service may have no standard input: its number is that of the file then. */
static const char *check_first_number(void) {
    (void)close(STDIN_FILENO);
    if (!siem_sqlite_file_is_at(test_path("first.db"))) return "it is not seen";
    return fcntl(STDIN_FILENO, F_GETFD) < 0 ? NULL : "it stays open";
}

static void test_first_number(void **state) {
    (void)state;
    test_sql("first.db", "CREATE TABLE t (a);");
    assert_true(test_in_child("without standard input", check_first_number));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_beside),
        cmocka_unit_test(test_whose),
        cmocka_unit_test(test_first_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
