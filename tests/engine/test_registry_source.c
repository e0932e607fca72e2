/* test_registry_source.c: a registry as an export's source: what each of its functions does. */
#include "source/registry.h"

#include "testing.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ADD "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 7);"

static siem_registry *registry;
static siem_source *source;

static int open_registry(void **state) {
    static char name[32];
    static int number;
    (void)state;
    (void)snprintf(name, sizeof name, "%d.db", number++);
    *state = name;
    test_sql(name, "PRAGMA journal_mode = WAL;" TABLE ADD ADD ADD);
    const siem_registry_options options = {
        .path = test_path(name), .registry_id = "r", .follow = true};
    assert_ok(siem_registry_open(&registry, &options, &err));
    source = siem_registry_source(registry);
    return 0;
}

static int close_registry(void **state) {
    (void)state;
    siem_registry_close(registry);
    return 0;
}

static void assert_next(int64_t id) {
    siem_event *event;
    if (id == 0) {
        assert_int_equal(source->kind->next(source, &event, NULL), SIEM_END);
        return;
    }
    assert_ok(source->kind->next(source, &event, &err));
    assert_int_equal(siem_event_position(event).id, id);
}

/* The log can be emptied when no read transaction is open. */
static void assert_log(const char *name, bool is_emptied) {
    struct stat status;
    char log[200];
    test_sql(name, ADD "PRAGMA wal_checkpoint(TRUNCATE);");
    (void)snprintf(log, sizeof log, "%s-wal", test_path(name));
    assert_int_equal(stat(log, &status), 0);
    assert_int_equal(status.st_size == 0, is_emptied);
}

static void test_reading(void **state) {
    (void)state;
    assert_true(source->is_followed);
    assert_string_equal(source->kind->name, "registry");
    for (int64_t id = 1; id <= 3; id++) assert_next(id);
    assert_next(0);
    assert_false(source->is_over);
}

static void test_release(void **state) {
    (void)state;
    assert_next(1);
    assert_log(*state, false);
    source->kind->release(source);
    assert_log(*state, true);
    assert_next(2);
}

/* With what the event was, it must be that one. */
static void test_seek(void **state) {
    siem_event *event;
    siem_position position = {0};
    (void)state;
    for (int64_t id = 1; id <= 2; id++) {
        assert_ok(source->kind->next(source, &event, &err));
        position = siem_event_position(event);
    }
    source->kind->seek(source, (siem_position){.id = 1});
    assert_next(2);
    source->kind->seek(source, (siem_position){.id = 0});
    assert_next(1);
    source->kind->seek(source, position);
    assert_next(3);
    position.fingerprint++;
    source->kind->seek(source, position);
    assert_int_equal(source->kind->next(source, &event, NULL), SIEM_HELD);
}

static void test_news(void **state) {
    siem_lag lag;
    (void)state;
    while (source->kind->read_lag(source, 1, &lag) != SIEM_OK) continue;
    assert_int_equal(lag.events, 2);
    for (int64_t id = 1; id <= 3; id++) assert_next(id);
    assert_next(0);
    assert_int_equal(source->kind->wait(source, 1, NULL), SIEM_END);
    test_sql(*state, ADD);
    assert_ok(source->kind->wait(source, 60000, &err));
    assert_next(4);
    assert_ok(source->kind->read_lag(source, 1, &lag));
    assert_int_equal(lag.events, 3);
}

/* ---- readers of slices ---- */

static bool goes_on;

static bool answer(void *context) {
    ++*(int *)context;
    return goes_on;
}

static void test_readers(void **state) {
    const siem_readers *readers = source->kind->readers;
    siem_slice slice;
    siem_event *event;
    void *reader;
    unsigned number;
    int questions = 0;
    (void)state;
    assert_ok(readers->open(&reader, source->kind->origin(source), answer, &questions, &err));
    assert_ok(source->kind->next_slice(source, &slice, &err));
    assert_int_equal(slice.last, 3);
    readers->begin(reader, &slice);
    assert_ok(readers->next(reader, &event, &err));
    assert_int_equal(siem_event_position(event).id, 1);
    assert_string_equal(readers->schema(reader, &number)->columns[0], "id");
    assert_int_equal(number, 1);
    assert_false(readers->suspect(reader).is_set);
    assert_log(*state, false);
    readers->end(reader);
    assert_log(*state, true);
    assert_int_equal(source->kind->next_slice(source, &slice, NULL), SIEM_END);
    readers->close(reader);
}

/* A reader asks its own function, and is stopped by it within a long statement. */
static void test_stop(void **state) {
    const siem_readers *readers = source->kind->readers;
    const siem_registry_options options = {.path = test_path(*state),
                                           .registry_id = "r",
                                           .has_since = true,
                                           .since = 8,
                                           .follow = true};
    siem_slice slice = {.last = INT64_MAX};
    siem_event *event;
    void *reader;
    int questions = 0;
    siem_registry_close(registry);
    test_sql(*state, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                     "WHERE i < 20000) INSERT INTO events (token_id, kind, timestamp) "
                     "SELECT 't', 'dns', 7 FROM n;");
    assert_ok(siem_registry_open(&registry, &options, &err));
    source = siem_registry_source(registry);
    goes_on = false;
    assert_ok(readers->open(&reader, source->kind->origin(source), answer, &questions, &err));
    readers->begin(reader, &slice);
    assert_int_equal(readers->next(reader, &event, NULL), SIEM_CANCELLED);
    assert_int_equal(questions, 1);
    goes_on = true;
    assert_int_equal(readers->next(reader, &event, NULL), SIEM_END);
    readers->close(reader);
}

/* One whose file is gone opens no reader. */
static void test_gone(void **state) {
    void *reader = &reader;
    siem_error err;
    assert_int_equal(rename(test_path(*state), test_path("moved.db")), 0);
    assert_int_equal(
        source->kind->readers->open(&reader, source->kind->origin(source), NULL, NULL, &err),
        SIEM_NOT_FOUND);
    assert_null(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_registry, close_registry)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_reading), TEST(test_release), TEST(test_seek),
                                       TEST(test_news),    TEST(test_readers), TEST(test_stop),
                                       TEST(test_gone)};
    return cmocka_run_group_tests_name("registry_source", tests, NULL, NULL);
}
