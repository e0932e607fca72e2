/* test_turn.c: many registries in turn: one wait for all, and exports that take turns with one
 * sink. */
#include "base/clock.h"
#include "export/turn.h"
#include "source/news.h"

#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define WAL "PRAGMA journal_mode = WAL;"
#define ADD "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 7);"

enum { COUNT = 3 };

static siem_mapping *mapping;
static siem_sink *sink;
static siem_news *news;
static siem_registry *registries[COUNT];
static siem_checkpoint *checkpoints[COUNT];
static siem_export *exports[COUNT];
static siem_turn how;
static siem_code answer;     /* of the sink */
static char delivered[2000]; /* "0:1 0:2 ", the registry and the id */

static const char *name_of(int i, const char *kind) {
    static char names[8][32];
    static int at;
    at = (at + 1) % 8;
    (void)snprintf(names[at], sizeof names[at], "%d.%s", i, kind);
    return names[at];
}

static siem_code take(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *error) {
    (void)context;
    (void)outcomes;
    if (answer != SIEM_OK) {
        error->code = answer;
        (void)snprintf(error->message, sizeof error->message, "no");
        return answer;
    }
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        size_t size, at = strlen(delivered);
        const char *record = siem_batch_at(batch, i, &size);
        (void)snprintf(delivered + at, sizeof delivered - at, "%.*s ", (int)size, record);
    }
    return SIEM_OK;
}

static void open_one(int i) {
    const siem_registry_options options = {
        .path = test_path(name_of(i, "db")), .registry_id = name_of(i, "id"), .follow = true};
    assert_ok(siem_registry_open(&registries[i], &options, &err));
    const siem_checkpoint_options at = {.path = test_path(name_of(i, "checkpoint")),
                                        .registry = registries[i],
                                        .format = "ids",
                                        .sink = siem_sink_name(sink)};
    assert_ok(siem_checkpoint_open(&checkpoints[i], &at, &err));
    const siem_export_options to = {
        .mapping = mapping, .sink = sink, .checkpoint = checkpoints[i], .jobs = 1};
    assert_ok(siem_export_open(&exports[i], &to, &err));
    assert_ok(siem_news_add(news, registries[i], &err));
}

static void close_one(int i) {
    siem_export_close(exports[i]);
    siem_checkpoint_close(checkpoints[i]);
    siem_news_remove(news, registries[i]);
    siem_news_remove(news, registries[i]);
    siem_registry_close(registries[i]);
}

static int set_up(void **state) {
    static const char *const id[] = {"event_id", NULL}, *const registry[] = {"registry_id", NULL};
    (void)state;
    answer = SIEM_OK;
    delivered[0] = '\0';
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"r", .from = registry}, &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"i", .from = id}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    assert_ok(siem_news_open(&news, &err));
    for (int i = 0; i < COUNT; i++) {
        (void)unlink(test_path(name_of(i, "db")));
        (void)unlink(test_path(name_of(i, "checkpoint")));
        test_sql(name_of(i, "db"), WAL TABLE ADD ADD);
        open_one(i);
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int i = 0; i < COUNT; i++) close_one(i);
    siem_news_close(news);
    assert_ok(siem_sink_close(sink, &err));
    siem_mapping_close(mapping);
    return 0;
}

static int index_of(const siem_registry *registry) {
    for (int i = 0; i < COUNT; i++) {
        if (registries[i] == registry) return i;
    }
    return -1;
}

/* The next one that has news; -1: none. */
static int wait_for_one(int milliseconds) {
    return index_of(siem_news_wait(news, milliseconds));
}

static siem_code turn(int i, uint64_t most) {
    return siem_export_turn(exports[i], registries[i], most, &how, NULL);
}

static void assert_delivered(const char *expected) {
    assert_string_equal(delivered, expected);
    delivered[0] = '\0';
}

static int64_t saved_id(int i) {
    return siem_checkpoint_last_id(checkpoints[i]);
}

/* All have news at first, each in its turn; then only the one that is written to. */
static void test_news(void **state) {
    int seen = 0;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        int at = wait_for_one(0);
        assert_true(at >= 0);
        assert_int_equal(seen & 1 << at, 0);
        seen |= 1 << at;
        assert_int_equal(turn(at, 100), SIEM_OK);
        assert_false(how.has_more);
    }
    assert_int_equal(wait_for_one(1), -1);
    assert_delivered("{\"r\":\"0.id\",\"i\":\"1\"} {\"r\":\"0.id\",\"i\":\"2\"} "
                     "{\"r\":\"1.id\",\"i\":\"1\"} {\"r\":\"1.id\",\"i\":\"2\"} "
                     "{\"r\":\"2.id\",\"i\":\"1\"} {\"r\":\"2.id\",\"i\":\"2\"} ");
    for (int round = 0; round < 3; round++) {
        test_sql("1.db", ADD);
        assert_int_equal(wait_for_one(60000), 1);
        assert_int_equal(turn(1, 100), SIEM_OK);
    }
    assert_delivered("{\"r\":\"1.id\",\"i\":\"3\"} {\"r\":\"1.id\",\"i\":\"4\"} "
                     "{\"r\":\"1.id\",\"i\":\"5\"} ");
    assert_int_equal(siem_export_counts(exports[1])->exported, 5);
    assert_int_equal(siem_export_counts(exports[1])->lag.events, 0);
}

/* What is written is heard of: it need not be asked for, as it is once a second. */
static void test_heard(void **state) {
    double fastest = 60;
    (void)state;
    for (int i = 0; i < COUNT; i++) assert_int_equal(turn(i, 100), SIEM_OK);
    assert_int_equal(wait_for_one(1), -1);
    for (int round = 0; round < 3; round++) {
        test_sql("1.db", ADD);
        double begun = siem_clock();
        assert_int_equal(wait_for_one(60000), 1);
        fastest = fmin(fastest, siem_clock() - begun);
        assert_int_equal(turn(1, 100), SIEM_OK);
        assert_int_equal(wait_for_one(1), -1);
    }
    assert_true(fastest < 0.7);
}

/* So are several at a time, and one that has no log. */
static void test_heard_together(void **state) {
    double fastest = 60;
    (void)state;
    close_one(0);
    (void)unlink(test_path("0.db"));
    (void)unlink(test_path("0.checkpoint"));
    test_sql("0.db", TABLE ADD);
    open_one(0);
    for (int i = 0; i < COUNT; i++) assert_int_equal(turn(i, 100), SIEM_OK);
    assert_int_equal(wait_for_one(1), -1);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) test_sql(name_of(i, "db"), ADD);
        double begun = siem_clock();
        for (int i = 0; i < COUNT; i++) {
            int at = wait_for_one(60000);
            assert_true(at >= 0);
            assert_int_equal(turn(at, 100), SIEM_OK);
        }
        fastest = fmin(fastest, siem_clock() - begun);
        assert_int_equal(wait_for_one(1), -1);
    }
    assert_true(fastest < 0.7);
}

/* The notifiers of this process, of which a user may have few. */
static int count_notifiers(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        char name[32], target[64] = "";
        (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        if (readlink(name, target, sizeof target - 1) > 0)
            count += strstr(target, "inotify") != NULL;
    }
    return count;
}

/* One is enough for all registries. */
static void test_one_notifier(void **state) {
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) assert_int_equal(turn(i, 100), SIEM_OK);
        assert_int_equal(wait_for_one(1), -1);
    }
    assert_int_equal(count_notifiers(), 1);
}

/* One that was removed has no news, and its place is another one's. */
static void test_removed(void **state) {
    (void)state;
    for (int i = 0; i < COUNT; i++) assert_int_equal(turn(i, 100), SIEM_OK);
    siem_news_remove(NULL, registries[1]);
    siem_news_remove(news, NULL);
    siem_news_remove(news, registries[1]);
    assert_int_equal(wait_for_one(1), -1);
    test_sql("1.db", ADD);
    test_sql("2.db", ADD);
    assert_int_equal(wait_for_one(60000), 2);
    assert_int_equal(turn(2, 100), SIEM_OK);
    assert_int_equal(wait_for_one(1), -1);
    assert_ok(siem_news_add(news, registries[1], &err));
    assert_int_equal(wait_for_one(0), 1);
}

/* A backlog ends its turn, and goes on in the next one: what is between is another one's. */
static void test_bound(void **state) {
    (void)state;
    assert_int_equal(turn(0, 1), SIEM_OK);
    assert_true(how.has_more);
    assert_int_equal(siem_export_counts(exports[0])->lag.events, 1);
    assert_int_equal(turn(1, 2), SIEM_OK);
    assert_int_equal(turn(0, 1), SIEM_OK);
    assert_int_equal(turn(0, 1), SIEM_OK);
    assert_false(how.has_more);
    assert_int_equal(siem_export_counts(exports[0])->lag.events, 0);
    assert_delivered("{\"r\":\"0.id\",\"i\":\"1\"} {\"r\":\"1.id\",\"i\":\"1\"} "
                     "{\"r\":\"1.id\",\"i\":\"2\"} {\"r\":\"0.id\",\"i\":\"2\"} ");
}

/* One that is at its end has no lag, whatever it had before. */
static void test_lag(void **state) {
    const siem_counts *counts = siem_export_counts(exports[0]);
    (void)state;
    assert_int_equal(turn(0, 1), SIEM_OK);
    assert_int_equal(counts->lag.events, 1);
    assert_true(counts->lag.seconds > 1e9); /* since second 7 */
    assert_int_equal(turn(0, 100), SIEM_OK);
    assert_int_equal(counts->lag.events, 0);
    assert_true(counts->lag.seconds == 0);
}

/* What is confirmed is saved between two turns, and at the end. */
static void test_saving(void **state) {
    (void)state;
    assert_int_equal(turn(0, 1), SIEM_OK);
    assert_int_equal(turn(0, 1), SIEM_OK);
    assert_ok(siem_export_tend(exports[0], &err));
    assert_int_equal(saved_id(0), 2);
    assert_int_equal(turn(1, 1), SIEM_OK);
    assert_int_equal(turn(1, 1), SIEM_OK);
    assert_ok(siem_export_stop(exports[1], &err));
    assert_ok(siem_export_stop(exports[1], &err));
    assert_int_equal(saved_id(1), 2);
    assert_ok(siem_export_tend(exports[1], &err));
    assert_int_equal(turn(1, 1), SIEM_OK);
}

/* After a failure of the sink the next turn begins at the position; another one is not concerned.
 */
static void test_failure(void **state) {
    (void)state;
    assert_int_equal(turn(0, 1), SIEM_OK);
    delivered[0] = '\0';
    answer = SIEM_HELD;
    assert_int_equal(turn(0, 1), SIEM_HELD);
    assert_false(how.is_registrys_fault);
    assert_int_equal(saved_id(0), 1);
    answer = SIEM_OK;
    assert_int_equal(turn(1, 1), SIEM_OK);
    assert_int_equal(turn(0, 100), SIEM_OK);
    assert_delivered("{\"r\":\"1.id\",\"i\":\"1\"} {\"r\":\"0.id\",\"i\":\"2\"} ");
}

/* One that is gone, or another file, is news that the next turn reports. */
static void test_gone(void **state) {
    (void)state;
    for (int i = 0; i < COUNT; i++) assert_int_equal(turn(i, 100), SIEM_OK);
    assert_int_equal(wait_for_one(1), -1);
    assert_int_equal(unlink(test_path("0.db")), 0);
    assert_int_equal(wait_for_one(60000), 0);
    assert_int_equal(unlink(test_path("2.db")), 0);
    test_sql("2.db", TABLE ADD);
    int first = wait_for_one(60000), second = wait_for_one(60000);
    while (second == first) second = wait_for_one(60000);
    assert_int_equal(first + second, 2);
    assert_int_equal(turn(0, 100), SIEM_NOT_FOUND);
    assert_true(how.is_registrys_fault);
    assert_int_equal(turn(2, 100), SIEM_HELD);
    assert_true(how.is_registrys_fault);
}

/* Without a notifier each is asked several times a second. */
static void test_deaf(void **state) {
    struct rlimit limit, none;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(turn(i, 100), SIEM_OK);
        siem_news_remove(news, registries[i]);
    }
    siem_news_close(news);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_ok(siem_news_open(&news, &err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 0; i < COUNT; i++) assert_ok(siem_news_add(news, registries[i], &err));
    assert_int_equal(wait_for_one(300), -1);
    test_sql("2.db", ADD);
    assert_int_equal(wait_for_one(60000), 2);
}

static void test_wrong_calls(void **state) {
    siem_registry *plain;
    const siem_registry_options options = {.path = test_path("0.db"), .registry_id = "0.id"};
    (void)state;
    assert_ok(siem_registry_open(&plain, &options, &err));
    assert_int_equal(siem_export_turn(exports[0], plain, 1, &how, NULL), SIEM_INVALID);
    assert_int_equal(siem_export_turn(exports[0], NULL, 1, &how, NULL), SIEM_INVALID);
    assert_int_equal(siem_export_turn(exports[0], registries[1], 1, &how, NULL), SIEM_INVALID);
    siem_registry_close(plain);
    assert_int_equal(siem_export_turn(NULL, registries[0], 1, &how, NULL), SIEM_INVALID);
    assert_int_equal(siem_export_tend(NULL, NULL), SIEM_INVALID);
    assert_int_equal(turn(0, 100), SIEM_OK);
    /* Between two turns there is nothing to send an event with. */
    siem_event *event;
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 9}}};
    assert_ok(siem_event_open(&event, row, 1, name_of(0, "id"), &err));
    assert_int_equal(siem_export_send(exports[0], event, NULL), SIEM_INVALID);
    assert_int_equal(siem_export_finish(exports[0], NULL), SIEM_INVALID);
    siem_event_close(event);
    assert_int_equal(turn(0, 100), SIEM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_news, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_heard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_heard_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_notifier, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_saving, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deaf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_calls, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
