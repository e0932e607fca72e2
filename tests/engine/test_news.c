/* test_news.c: how often each of many registries is asked: soon after a write, and seldom without
 * one. */
#include "source/news.h"

#include "base/clock.h"
#include "source/registry.h"
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAL "PRAGMA journal_mode = WAL;"
#define ADD "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 7);"

enum { MOST = 40 };

/* The engine's clock in this program: it stands still where a test asks for it. */
static double seconds;
static bool runs;

double siem_clock(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return seconds + (runs ? (double)t.tv_sec + (double)t.tv_nsec / 1e9 : 0);
}

/* A registry that is followed, its file, and how many times it was asked for news. */
static struct {
    char path[200];
    siem_registry *registry;
    sqlite3 *writer;
    int asked;
} all[MOST];

static siem_news *news;

static int count_question(unsigned kind, void *asked, void *statement, void *sql) {
    (void)kind, (void)statement;
    *(int *)asked += strcmp(sql, "PRAGMA data_version") == 0;
    return 0;
}

static void read_all(int i) {
    siem_event *event;
    siem_code rc;
    while ((rc = siem_registry_next(all[i].registry, &event, NULL)) == SIEM_OK) continue;
    assert_int_equal(rc, SIEM_END);
    all[i].asked = 0;
}

static void run(int i, const char *sql) {
    assert_int_equal(sqlite3_exec(all[i].writer, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Follows a file, which may be another one's as well. */
static void add(int i, const char *name, const char *mode) {
    (void)snprintf(all[i].path, sizeof all[i].path, "%s", test_path(name));
    bool is_new = access(all[i].path, F_OK) != 0;
    assert_int_equal(sqlite3_open(all[i].path, &all[i].writer), SQLITE_OK);
    run(i, mode);
    if (is_new) run(i, TABLE ADD);
    const siem_registry_options options = {.path = all[i].path, .registry_id = "r", .follow = true};
    assert_ok(siem_registry_open(&all[i].registry, &options, &err));
    sqlite3 *reader = siem_registry_database(all[i].registry)->connection;
    assert_int_equal(sqlite3_trace_v2(reader, SQLITE_TRACE_STMT, count_question, &all[i].asked),
                     SQLITE_OK);
    read_all(i);
    assert_ok(siem_news_add(news, all[i].registry, &err));
}

static int begin(void **state) {
    char command[200];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'/*", test_folder());
    assert_int_equal(system(command), 0);
    memset(all, 0, sizeof all);
    seconds = 1000;
    runs = false;
    assert_ok(siem_news_open(&news, &err));
    return 0;
}

static int end(void **state) {
    (void)state;
    for (int i = 0; i < MOST; i++) {
        siem_news_remove(news, all[i].registry);
        siem_registry_close(all[i].registry);
        (void)sqlite3_close(all[i].writer);
    }
    siem_news_close(news);
    return 0;
}

/* After so many seconds: whether any of them has news, and that each was asked so many times. */
static void assert_asked(double later, int first, int second) {
    seconds += later;
    assert_null(siem_news_wait(news, 0));
    if (all[0].asked != first || all[1].asked != second) {
        fail_msg("%d and %d questions, not %d and %d", all[0].asked, all[1].asked, first, second);
    }
    all[0].asked = all[1].asked = 0;
}

/* What was written is heard now, and each is asked so many times when it has settled. */
static void assert_heard(int first, int second) {
    assert_asked(0, 0, 0);
    assert_asked(0.0021, first, second);
}

/* Notifies whoever listens to a file, and changes nothing in it. */
static void touch(const char *path, const char *suffix) {
    char name[220];
    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    assert_int_equal(utimensat(AT_FDCWD, name, NULL, 0), 0);
}

/* While nothing is written, once a second; a log that does not exist is no reason to ask more. */
static void test_quiet(void **state) {
    (void)state;
    add(0, "a.db", WAL);
    add(1, "b.db", "PRAGMA journal_mode = DELETE");
    assert_asked(0, 1, 1);
    assert_asked(0.9, 0, 0);
    assert_asked(0.11, 1, 1);
    assert_asked(0.9, 0, 0);
    assert_asked(0.11, 1, 1);
}

/* After a write soon, then at pauses that double, up to five times a second; the others are left in
 * peace. After five seconds, once a second again. */
static void assert_follows_write(const char *suffix) {
    assert_asked(1.5, 1, 1);
    touch(all[0].path, suffix);
    assert_asked(0, 0, 0);
    assert_asked(0.001, 0, 0);
    assert_asked(0.0011, 1, 0);
    assert_asked(0.0019, 0, 0);
    assert_asked(0.0002, 1, 0); /* 2 ms later, and then 4 */
    assert_asked(0.0035, 0, 0);
    assert_asked(0.001, 1, 0);
    for (int i = 0; i < 10; i++) assert_asked(0.25, 1, i % 4 == 3);
    for (int i = 0; i < 15; i++) {
        seconds += 0.25;
        assert_null(siem_news_wait(news, 0));
    }
    all[0].asked = all[1].asked = 0;
    assert_asked(1.5, 1, 1);
    assert_asked(0.9, 0, 0);
}

static void test_write(void **state) {
    (void)state;
    add(0, "a.db", WAL);
    add(1, "b.db", WAL);
    assert_asked(0, 1, 1);
    assert_follows_write("");
    assert_follows_write("-wal");
}

static siem_registry *next(void) {
    return siem_news_wait(news, 60000);
}

/* Registries with news take turns, also when they are not read; each commit is news once read. */
static void test_turns(void **state) {
    (void)state;
    for (int i = 0; i < MOST; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%d.db", i);
        add(i, name, WAL);
    }
    assert_null(siem_news_wait(news, 0));
    runs = true;
    run(3, ADD);
    run(17, ADD);
    run(39, ADD);
    for (int round = 0; round < 3; round++) {
        assert_ptr_equal(next(), all[3].registry);
        assert_ptr_equal(next(), all[17].registry);
        assert_ptr_equal(next(), all[39].registry);
    }
    read_all(17);
    assert_ptr_equal(next(), all[3].registry);
    assert_ptr_equal(next(), all[39].registry);
    read_all(3);
    read_all(39);
    assert_null(siem_news_wait(news, 0));
    /* The first place that is free is used again. */
    siem_news_remove(news, all[17].registry);
    siem_news_remove(news, NULL);
    siem_news_remove(NULL, all[3].registry);
    run(17, ADD);
    seconds += 2;
    assert_null(siem_news_wait(news, 0));
    assert_ok(siem_news_add(news, all[17].registry, &err));
    run(39, ADD);
    assert_ptr_equal(next(), all[17].registry);
    read_all(17);
    assert_ptr_equal(next(), all[39].registry);
}

/* A wait sleeps, until a commit or its end, and asks at most as often as it pauses. */
static void test_sleep(void **state) {
    (void)state;
    add(0, "a.db", WAL);
    runs = true;
    struct rusage before, after;
    double begun = siem_clock();
    clock_t worked = clock();
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    assert_null(siem_news_wait(news, 300));
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    double took = siem_clock() - begun;
    assert_true(took >= 0.3);
    assert_true(clock() - worked < CLOCKS_PER_SEC / 10);
    assert_true(after.ru_nvcsw - before.ru_nvcsw < 100); /* how often it slept */
    assert_in_range(all[0].asked, 1, 1 + (int)took);
    run(0, ADD);
    assert_ptr_equal(next(), all[0].registry);
}

/* Two that follow one file share a watch: that one of them ends takes it from the other, which has
 * one again when it is asked next. */
static void test_same_file(void **state) {
    (void)state;
    add(0, "a.db", WAL);
    add(1, "a.db", WAL);
    assert_asked(0, 1, 1);
    touch(all[0].path, "");
    assert_heard(1, 1);
    siem_news_remove(news, all[0].registry);
    assert_heard(0, 1);
    assert_asked(10, 0, 1);
    touch(all[1].path, "");
    assert_heard(0, 1);
}

/* A log that was moved away is not the registry's, and one that is there again is. */
static void test_moved_log(void **state) {
    char log[210], old[220];
    (void)state;
    add(0, "a.db", WAL);
    add(1, "b.db", WAL);
    (void)snprintf(log, sizeof log, "%s-wal", all[0].path);
    (void)snprintf(old, sizeof old, "%s.old", log);
    assert_asked(0, 1, 1);
    assert_int_equal(rename(log, old), 0);
    assert_heard(1, 0);
    assert_asked(10, 1, 1);
    touch(old, "");
    assert_asked(0.5, 0, 0);
    assert_int_equal(rename(old, log), 0);
    assert_asked(1, 1, 1);
    touch(log, "");
    assert_heard(1, 0);
}

/* A file that is gone is news, as the next read reports it. */
static void test_gone(void **state) {
    (void)state;
    add(0, "a.db", WAL);
    assert_asked(0, 1, 0);
    assert_int_equal(rename(all[0].path, test_path("other.db")), 0);
    assert_null(siem_news_wait(news, 0));
    seconds += 0.0021;
    assert_ptr_equal(siem_news_wait(news, 0), all[0].registry);
}

/* When the kernel has dropped notifications, they may have been anybody's. */
static void test_overflow(void **state) {
    int most = 0;
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    (void)state;
    if (file != NULL) {
        (void)!fscanf(file, "%d", &most);
        (void)fclose(file);
    }
    if (most < 1 || most > 50000) skip();
    add(0, "a.db", WAL);
    add(1, "b.db", WAL);
    assert_asked(0, 1, 1);
    for (int i = 0; i <= most; i++) touch(all[0].path, i % 2 == 0 ? "" : "-wal");
    assert_heard(1, 1);
}

/* Where nothing is notified, five times a second. */
static void test_deaf(void **state) {
    struct rlimit limit, none;
    (void)state;
    siem_news_close(news);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_ok(siem_news_open(&news, &err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    add(0, "a.db", WAL);
    add(1, "b.db", WAL);
    assert_asked(0, 1, 1);
    for (int i = 0; i < 5; i++) {
        assert_asked(0.19, 0, 0);
        assert_asked(0.011, 1, 1);
    }
}

/* Also a notifier that has the number 0 is closed, and one that was never there is not. */
static const char *close_number_0(void) {
    siem_news *first;
    (void)close(STDIN_FILENO);
    if (siem_news_open(&first, NULL) != SIEM_OK) return "it does not open";
    if (fcntl(STDIN_FILENO, F_GETFD) < 0) return "the notifier has another number";
    siem_news_close(first);
    siem_news_close(NULL);
    return fcntl(STDIN_FILENO, F_GETFD) < 0 ? NULL : "it is open";
}

static void test_number_0(void **state) {
    (void)state;
    assert_true(test_in_child("number 0", close_number_0));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_quiet),     CASE(test_write),     CASE(test_turns), CASE(test_sleep),
        CASE(test_same_file), CASE(test_moved_log), CASE(test_gone),  CASE(test_overflow),
        CASE(test_deaf),      CASE(test_number_0),
    };
    return cmocka_run_group_tests_name("news", tests, NULL, NULL);
}
