/* test_watch.c: commits are news, and the log is heard again after another one took its place. */
#include "source/watch.h"

#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ADD "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 7);"

static siem_inquiry nobody;
static siem_database database;
static siem_identity file;
static siem_watch watch;
static sqlite3 *writer;

static void run(const char *sql) {
    assert_int_equal(sqlite3_exec(writer, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void open_all(const char *name, const char *mode) {
    assert_int_equal(sqlite3_open(test_path(name), &writer), SQLITE_OK);
    run(mode);
    run(TABLE ADD);
    assert_ok(siem_database_open(&database, test_path(name), 0, &nobody, &err));
    assert_true(siem_identity_read(&file, AT_FDCWD, test_path(name), false));
    assert_ok(siem_watch_open(&watch, &database, &file, &err));
    assert_ok(siem_watch_mark(&watch, &err));
}

static void close_all(void) {
    siem_watch_close(&watch);
    siem_watch_close(&watch);
    siem_database_close(&database);
    assert_int_equal(sqlite3_close(writer), SQLITE_OK);
}

static void test_news(void **state) {
    static const char *const modes[] = {"PRAGMA journal_mode = WAL",
                                        "PRAGMA journal_mode = DELETE"};
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        open_all(i == 0 ? "wal.db" : "delete.db", modes[i]);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(siem_watch_wait(&watch, 1, NULL), SIEM_END);
            run(ADD);
            assert_ok(siem_watch_wait(&watch, 60000, &err));
            assert_ok(siem_watch_wait(&watch, 0, &err)); /* until it is marked */
            assert_ok(siem_watch_mark(&watch, &err));
        }
        close_all();
    }
}

/* One that is only asked has no notifier; while nothing is written it is asked at long pauses. */
static void test_quiet(void **state) {
    (void)state;
    open_all("quiet.db", "PRAGMA journal_mode = WAL");
    assert_int_equal(siem_watch_wait(&watch, 0, NULL), SIEM_END);
    assert_int_equal(watch.notifier, -1);
    assert_int_equal(siem_watch_wait(&watch, 2, NULL), SIEM_END);
    assert_true(watch.notifier >= 0);
    while (watch.pause < 200) assert_int_equal(siem_watch_wait(&watch, 2, NULL), SIEM_END);
    assert_int_equal(siem_watch_wait(&watch, 2, NULL), SIEM_END);
    assert_true(watch.pause >= 200);
    struct rusage before, after;
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    assert_int_equal(siem_watch_wait(&watch, 300, NULL), SIEM_END);
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_true(after.ru_nvcsw - before.ru_nvcsw < 100); /* how often it slept */
    run(ADD);
    assert_ok(siem_watch_wait(&watch, 60000, &err));
    close_all();
}

/* A lock that is kept is the registry's fault, and no news. */
static void test_locked(void **state) {
    siem_error err;
    (void)state;
    open_all("locked.db", "PRAGMA journal_mode = DELETE");
    (void)sqlite3_busy_timeout(database.connection, 1);
    run("BEGIN EXCLUSIVE");
    assert_int_equal(siem_watch_wait(&watch, 1, &err), SIEM_LOCKED);
    assert_int_equal(siem_watch_mark(&watch, &err), SIEM_LOCKED);
    test_has(err.message, "locked.db");
    run("COMMIT");
    assert_int_equal(siem_watch_wait(&watch, 1, &err), SIEM_END);
    close_all();
}

/* What was told before is read first. */
static void assert_heard(bool is_heard) {
    for (int i = 0; i < 3; i++) assert_int_equal(siem_watch_wait(&watch, 1, NULL), SIEM_END);
    assert_int_equal(watch.hears_log, is_heard);
}

/* A log that goes is not waited for, and one that comes is heard. */
static void test_log(void **state) {
    char log[200], old[210];
    (void)state;
    open_all("log.db", "PRAGMA journal_mode = WAL");
    (void)snprintf(log, sizeof log, "%s-wal", test_path("log.db"));
    (void)snprintf(old, sizeof old, "%s.old", log);
    for (int round = 0; round < 2; round++) {
        assert_heard(true);
        assert_int_equal(rename(log, old), 0);
        assert_heard(false);
        assert_int_equal(rename(old, log), 0);
    }
    assert_heard(true);
    close_all();
}

/* Notifies whoever listens to a file, and changes nothing in it. */
static bool touch(const char *suffix) {
    char path[200], byte;
    (void)snprintf(path, sizeof path, "%s%s", database.path, suffix);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool is_done = fd >= 0 && pread(fd, &byte, 1, 0) == 1 && pwrite(fd, &byte, 1, 0) == 1;
    return close(fd) == 0 && is_done;
}

/* Whether a write is noticed: what was asked at long pauses is asked soon. */
static bool hears(const char *suffix) {
    do {
        if (siem_watch_wait(&watch, 1, NULL) != SIEM_END) return false;
    } while (watch.pause < 200);
    return touch(suffix) && siem_watch_wait(&watch, 1, NULL) == SIEM_END && watch.pause < 200;
}

/* Also a notifier that has the number 0 listens, and is closed. */
static const char *listen_with_number_0(void) {
    (void)close(STDIN_FILENO);
    if (siem_watch_wait(&watch, 1, NULL) != SIEM_END) return "it has news";
    if (watch.notifier != STDIN_FILENO) return "the notifier has another number";
    if (!hears("")) return "it does not hear the file";
    if (!hears("-wal")) return "it does not hear the log";
    siem_watch_close(&watch);
    return fcntl(STDIN_FILENO, F_GETFD) < 0 ? NULL : "it is open";
}

static void test_number_0(void **state) {
    (void)state;
    open_all("number.db", "PRAGMA journal_mode = WAL");
    assert_true(hears(""));
    assert_true(hears("-wal"));
    siem_watch_close(&watch);
    assert_ok(siem_watch_open(&watch, &database, &file, &err));
    assert_ok(siem_watch_mark(&watch, &err));
    assert_true(test_in_child("number 0", listen_with_number_0));
    close_all();
}

/* Where nothing tells, it asks, and pauses longer and longer. */
static void test_without_notifier(void **state) {
    (void)state;
    open_all("asked.db", "PRAGMA journal_mode = WAL");
    watch.tried = true;
    watch.pause = 1;
    assert_int_equal(siem_watch_wait(&watch, 100, NULL), SIEM_END);
    assert_true(watch.pause > 1);
    assert_false(watch.hears_log);
    run(ADD);
    assert_ok(siem_watch_wait(&watch, 60000, &err));
    close_all();
}

static void test_replaced(void **state) {
    siem_error err;
    (void)state;
    open_all("here.db", "PRAGMA journal_mode = DELETE");
    assert_int_equal(rename(test_path("here.db"), test_path("there.db")), 0);
    assert_int_equal(siem_watch_wait(&watch, 60000, &err), SIEM_NOT_FOUND);
    test_sql("here.db", TABLE);
    assert_int_equal(siem_watch_wait(&watch, 60000, &err), SIEM_HELD);
    assert_non_null(strstr(err.message, "here.db"));
    assert_int_equal(rename(test_path("there.db"), test_path("here.db")), 0);
    assert_int_equal(siem_watch_wait(&watch, 0, &err), SIEM_END);
    close_all();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_news),     cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_locked),   cmocka_unit_test(test_log),
        cmocka_unit_test(test_number_0), cmocka_unit_test(test_without_notifier),
        cmocka_unit_test(test_replaced)};
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
