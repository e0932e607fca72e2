/* test_damage.c: a registry whose file is damaged or hostile, and statements that would not end. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT(id, time)                                                                            \
    "INSERT INTO events (id, token_id, kind, timestamp) VALUES (" id ", 't', 'dns', " time ");"
#define MANY(count)                                                                                \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " count ") "         \
    "INSERT INTO events (token_id, kind, timestamp) SELECT 't' || i, 'dns', 1000 + i FROM n;"
#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
#define PAGE    512

static siem_registry *open_registry(const char *name, bool follow) {
    siem_registry *registry;
    const siem_registry_options options = {
        .path = test_path(name), .registry_id = "r", .follow = follow};
    assert_ok(siem_registry_open(&registry, &options, &err));
    return registry;
}

/* Reads all: how many events came, and what ended that. */
static siem_code read_all(siem_registry *registry, int *count, siem_error *err) {
    siem_event *event;
    siem_code rc;
    *count = 0;
    while ((rc = siem_registry_next(registry, &event, err)) == SIEM_OK) {
        ++*count;
        siem_registry_release(registry);
    }
    return rc;
}

static void assert_fails(const char *name, bool follow, siem_code code, int events,
                         const char *part) {
    siem_error err = {0};
    int count;
    siem_registry *registry = open_registry(name, follow);
    assert_int_equal(read_all(registry, &count, &err), code);
    assert_int_equal(count, events);
    if (strstr(err.message, part) == NULL) fail_msg("'%s' lacks '%s'", err.message, part);
    siem_registry_close(registry);
}

/* ---- damage ---- */

static sqlite3_int64 root_of(const char *name) {
    sqlite3 *connection;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(test_path(name), &connection), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(connection,
                                        "SELECT rootpage FROM sqlite_schema WHERE name = 'events'",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    sqlite3_int64 root = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(connection);
    return root;
}

/* Writes over the bytes of page `number` from `at` on. */
static void patch(const char *name, sqlite3_int64 number, long at, const void *bytes, size_t size) {
    FILE *file = fopen(test_path(name), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)(number - 1) * PAGE + at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, size, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

static void read_page(const char *name, sqlite3_int64 number, unsigned char page[PAGE]) {
    FILE *file = fopen(test_path(name), "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)(number - 1) * PAGE, SEEK_SET), 0);
    assert_int_equal(fread(page, PAGE, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

static void test_cells_out_of_order(void **state) {
    unsigned char page[PAGE], swapped[4];
    (void)state;
    test_sql("cells.db", "PRAGMA page_size = 512;" TABLE EVENT("1", "5") EVENT("2", "5")
                             EVENT("3", "5") EVENT("4", "5"));
    sqlite3_int64 root = root_of("cells.db");
    read_page("cells.db", root, page);
    memcpy(swapped, page + 12, 2); /* the pointers to the cells of events 2 and 3 */
    memcpy(swapped + 2, page + 10, 2);
    patch("cells.db", root, 10, swapped, sizeof swapped);
    assert_fails("cells.db", false, SIEM_IO, 0, "is damaged: event 2 comes after event 3");
    /* The cursor of one that follows would pass over what comes too late. */
    assert_fails("cells.db", true, SIEM_IO, 0, "is damaged: event 2 comes after event 3");
}

/* Damage that comes while events are read, after their order was looked at: one comes twice. */
static void test_cells_twice(void **state) {
    (void)state;
    for (int follow = 0; follow < 2; follow++) {
        const char *name = follow ? "twice_followed.db" : "twice.db";
        unsigned char page[PAGE];
        siem_event *event;
        siem_error err = {0};
        test_sql(name, "PRAGMA page_size = 512;" TABLE EVENT("1", "5") EVENT("2", "5")
                           EVENT("3", "5") EVENT("4", "5"));
        siem_registry *registry = open_registry(name, follow);
        assert_ok(siem_registry_next(registry, &event, &err));
        siem_registry_release(registry);
        sqlite3_int64 root = root_of(name);
        read_page(name, root, page);
        patch(name, root, 12, page + 10, 2); /* event 2 in the place of event 3 */
        patch(name, 1, 24, "\x7f\0\0\0", 4); /* the file has changed */
        assert_ok(siem_registry_next(registry, &event, &err));
        assert_memory_equal(siem_event_get(event, "event_id").bytes, "2", 1);
        assert_int_equal(siem_registry_next(registry, &event, &err), SIEM_IO);
        assert_non_null(strstr(err.message, "is damaged: event 2 comes after event 2"));
        siem_registry_close(registry);
    }
}

/* An interior page that says of a child that its ids are smaller than they are: a scan finds them,
 * and a seek does not. */
static void test_wrong_divider(void **state) {
    unsigned char page[PAGE];
    int count;
    (void)state;
    test_sql("divider.db", "PRAGMA page_size = 512;" TABLE MANY("60"));
    siem_registry *registry = open_registry("divider.db", false);
    assert_int_equal(read_all(registry, &count, NULL), SIEM_END);
    assert_int_equal(count, 60);
    siem_registry_close(registry);
    sqlite3_int64 root = root_of("divider.db");
    read_page("divider.db", root, page);
    assert_int_equal(page[0], 5); /* an interior page; its first cell: a child and a varint */
    long cell = page[12] << 8 | page[13];
    assert_true(page[cell + 4] > 2);
    patch("divider.db", root, cell + 4, "\2", 1);
    assert_fails("divider.db", false, SIEM_IO, 60 - page[cell + 4] + 3,
                 "events can be found by their ids");
    assert_fails("divider.db", true, SIEM_IO, 3, "event 3 cannot be found by its id");
}

/* Who deletes old events meanwhile damages nothing. */
static void test_deleted_meanwhile(void **state) {
    siem_event *event;
    siem_error err;
    int count;
    (void)state;
    test_sql("deleted.db", "PRAGMA journal_mode = WAL;" TABLE MANY("20"));
    siem_registry *registry = open_registry("deleted.db", false);
    for (int i = 0; i < 5; i++) assert_ok(siem_registry_next(registry, &event, &err));
    siem_registry_release(registry);
    test_sql("deleted.db", "DELETE FROM events WHERE id IN (2, 9, 10, 20);" MANY("3"));
    assert_int_equal(read_all(registry, &count, &err), SIEM_END);
    assert_int_equal(count, 12);
    siem_registry_close(registry);
}

/* The same of one whose events are sorted by their times. */
static void test_deleted_of_sorted(void **state) {
    siem_event *event;
    siem_error err;
    int count;
    (void)state;
    test_sql("sorted_deleted.db",
             "PRAGMA journal_mode = WAL;" TABLE EVENT("1", "50") EVENT("2", "40") EVENT("3", "30")
                 EVENT("4", "20") EVENT("5", "10"));
    siem_registry *registry = open_registry("sorted_deleted.db", false);
    assert_ok(siem_registry_next(registry, &event, &err));
    assert_memory_equal(siem_event_get(event, "event_id").bytes, "5", 1);
    siem_registry_release(registry);
    test_sql("sorted_deleted.db", "DELETE FROM events WHERE id IN (1, 3, 4, 5);" EVENT("6", "0"));
    assert_ok(siem_registry_next(registry, &event, &err));
    assert_memory_equal(siem_event_get(event, "event_id").bytes, "2", 1);
    assert_int_equal(read_all(registry, &count, &err), SIEM_END);
    assert_int_equal(count, 0);
    siem_registry_close(registry);
}

static void assert_unreadable(siem_registry *registry, const char *column, const char *reason) {
    const char *const from[] = {column, NULL};
    siem_mapping *mapping;
    siem_error err;
    assert_ok(siem_mapping_open(&mapping, "m", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"a", .from = from}, &err));
    assert_int_equal(siem_mapping_check(mapping, registry, &err), SIEM_NOT_FOUND);
    if (strstr(err.message, reason) == NULL) fail_msg("%s", err.message);
    siem_mapping_close(mapping);
}

/* Columns of a site whose values fail are omitted, whichever fails at an event: none is lost,
 * however the events are read. */
static void test_failing_columns(void **state) {
    static const char *const times[] = {"id * 10", "100 - id * 10"};
    const int64_t since = 20;
    (void)state;
    for (int i = 0; i < 8; i++) {
        char name[32], sql[512];
        bool sorted = i & 1, has_since = i & 2, follow = i & 4;
        siem_registry *registry;
        siem_error err;
        int count;
        (void)snprintf(name, sizeof name, "columns%d.db", i);
        (void)snprintf(sql, sizeof sql,
                       "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, "
                       "note TEXT, timestamp); INSERT INTO events (kind, note) VALUES ('1', '1'), "
                       "('2', '2'), ('no', '3'), ('4', 'no'), ('no', 'no'); "
                       "UPDATE events SET timestamp = %s; "
                       "ALTER TABLE events ADD COLUMN a TEXT AS (json(kind)); "
                       "ALTER TABLE events ADD COLUMN b TEXT AS (json(note));",
                       times[sorted]);
        test_sql(name, sql);
        const siem_registry_options options = {.path = test_path(name),
                                               .registry_id = "r",
                                               .follow = follow,
                                               .has_since = has_since,
                                               .since = since};
        assert_ok(siem_registry_open(&registry, &options, &err));
        assert_string_equal(siem_registry_columns(registry)[4], "a");
        assert_int_equal(read_all(registry, &count, &err), SIEM_END);
        assert_int_equal(count, has_since && !sorted ? 4 : 5);
        assert_string_equal(siem_registry_columns(registry)[3], "timestamp");
        assert_null(siem_registry_columns(registry)[4]);
        assert_unreadable(registry, "a", "cannot be read: malformed JSON, in event 5");
        assert_unreadable(registry, "b", "cannot be read: malformed JSON, in event 5");
        assert_unreadable(registry, "c", "\"c\" is neither a field of an event");
        siem_registry_close(registry);
    }
    /* Every record needs its own columns. */
    test_sql("needed.db",
             "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT, "
             "timestamp); INSERT INTO events (note, timestamp) VALUES ('1', 1), ('no', 2); "
             "ALTER TABLE events ADD COLUMN kind TEXT AS (json(note));");
    for (int follow = 0; follow < 2; follow++) {
        assert_fails("needed.db", follow, SIEM_SCHEMA, 1,
                     "cannot be read: malformed JSON, in event 2. Every record needs it");
    }
}

/* ---- bounds ---- */

static void test_ends_of_ids(void **state) {
    int count;
    siem_lag lag;
    (void)state;
    test_sql("ends.db", TABLE EVENT("-9223372036854775808", "5") EVENT("-1", "5") EVENT("0", "5")
                            EVENT("1", "5") EVENT("9223372036854775807", "5"));
    for (int follow = 0; follow < 2; follow++) {
        siem_registry *registry = open_registry("ends.db", follow != 0);
        for (int round = 0; round < 2; round++) {
            assert_int_equal(read_all(registry, &count, NULL), SIEM_END);
            assert_int_equal(count, 5);
            assert_int_equal(read_all(registry, &count, NULL), SIEM_END);
            assert_int_equal(count, 0);
            siem_registry_rewind(registry);
        }
        siem_registry_close(registry);
    }
    siem_registry *registry = open_registry("ends.db", true);
    assert_ok(siem_registry_lag(registry, INT64_MIN, &lag, &err));
    assert_true(lag.events == INT64_MAX);
    assert_ok(siem_registry_lag(registry, INT64_MAX, &lag, &err));
    assert_int_equal(lag.events, 0);
    siem_registry_close(registry);
    test_sql("sorted.db", TABLE EVENT("-9223372036854775808", "9") EVENT("0", "5")
                              EVENT("9223372036854775807", "1"));
    registry = open_registry("sorted.db", false);
    assert_int_equal(read_all(registry, &count, NULL), SIEM_END);
    assert_int_equal(count, 3);
    siem_registry_close(registry);
}

static void test_large_rows(void **state) {
    int count;
    (void)state;
    test_sql("own.db", "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp, "
                       "extra TEXT AS (zeroblob(100000000))); INSERT INTO events VALUES (1, 5);");
    assert_fails("own.db", false, SIEM_SCHEMA, 0,
                 "column 'extra' of 'events' in '"); /* "string or blob too big, in event 1" */
    test_sql("several.db", "CREATE TABLE events (timestamp, a TEXT AS (zeroblob(9000000)), "
                           "b TEXT AS (zeroblob(9000000)), id INTEGER PRIMARY KEY AUTOINCREMENT); "
                           "INSERT INTO events (id, timestamp) VALUES (7, 5);");
    assert_fails("several.db", false, SIEM_SCHEMA, 0, "event 7 of '");
    assert_fails("several.db", true, SIEM_SCHEMA, 0, "than 16 MiB");
    /* A column of the site is omitted. */
    test_sql("site.db", "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp, "
                        "v TEXT AS (zeroblob(100000000))); INSERT INTO events VALUES (1, 5);");
    siem_registry *registry = open_registry("site.db", false);
    assert_int_equal(read_all(registry, &count, NULL), SIEM_END);
    assert_int_equal(count, 1);
    siem_registry_close(registry);
}

/* A text that cannot be converted is not an empty one. */
static void test_conversion_without_memory(void **state) {
    siem_event *event;
    siem_query *query;
    siem_error err;
    (void)state;
    test_sql("utf16.db", "PRAGMA encoding = 'UTF-16le';" TABLE
                         "INSERT INTO events (token_id, kind, timestamp, user_agent) "
                         "VALUES ('t', 'dns', 5, replace(hex(zeroblob(2000000)), '00', 'xy'));");
    siem_registry *registry = open_registry("utf16.db", false);
    assert_ok(siem_query_open(&query, registry, "SELECT user_agent FROM events", &err));
    (void)sqlite3_hard_heap_limit64(sqlite3_memory_used() + 11000000);
    siem_code of_event = siem_registry_next(registry, &event, &err);
    siem_code of_query = siem_query_next(query, &err);
    (void)sqlite3_hard_heap_limit64(0);
    assert_int_equal(of_event, SIEM_NO_MEMORY);
    assert_int_equal(of_query, SIEM_NO_MEMORY);
    siem_query_close(query);
    siem_registry_close(registry);
}

/* ---- the stop ---- */

typedef struct listener {
    int questions, answered; /* "go on" */
    siem_registry *registry;
    siem_code inside; /* of a call that is made within the question */
} listener;

static bool go_on(void *context) {
    listener *l = context;
    siem_ordering ordering;
    siem_error err;
    if (l->registry != NULL) l->inside = siem_registry_ordering(l->registry, &ordering, &err);
    return l->questions++ < l->answered;
}

static void test_stop(void **state) {
    siem_event *event;
    siem_query *query;
    siem_error err;
    listener l = {.answered = 0};
    (void)state;
    test_sql("stop.db", TABLE MANY("20000"));
    siem_registry *registry = open_registry("stop.db", false);
    siem_registry_set_go_on(registry, go_on, &l);
    assert_int_equal(siem_registry_next(registry, &event, &err), SIEM_CANCELLED);
    assert_string_equal(err.message, "stopped on request");
    assert_int_equal(l.questions, 1);
    /* One that goes on for a while; and the registry is not used within. */
    l = (listener){.answered = 2, .registry = registry};
    siem_registry_set_go_on(registry, go_on, &l);
    assert_ok(siem_query_open(&query, registry, ENDLESS " SELECT count(*) FROM n", &err));
    assert_int_equal(siem_query_next(query, &err), SIEM_CANCELLED);
    assert_int_equal(l.questions, 3);
    assert_int_equal(l.inside, SIEM_INVALID);
    siem_query_close(query);
    siem_registry_set_go_on(registry, NULL, NULL);
    assert_ok(siem_registry_next(registry, &event, &err));
    siem_registry_close(registry);
}

/* Calls what reads a registry, within the question of another reading. */
static bool reads_within(void *context) {
    siem_registry *registry = context;
    siem_ordering ordering;
    siem_event *event;
    siem_lag lag;
    siem_error err;
    assert_int_equal(siem_registry_wait(registry, 0, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "siem_registry_wait: "));
    assert_int_equal(siem_registry_lag(registry, 0, &lag, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "siem_registry_lag: "));
    assert_int_equal(siem_registry_next(registry, &event, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "siem_registry_next: "));
    assert_int_equal(siem_registry_ordering(registry, &ordering, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "siem_registry_ordering: "));
    assert_non_null(strstr(err.message, "is being read"));
    return false;
}

static void test_reading_within(void **state) {
    siem_query *query;
    siem_error err;
    siem_lag lag;
    (void)state;
    test_sql("within.db", TABLE MANY("3"));
    siem_registry *registry = open_registry("within.db", true);
    siem_registry_set_go_on(registry, reads_within, registry);
    assert_ok(siem_query_open(&query, registry, ENDLESS " SELECT count(*) FROM n", &err));
    assert_int_equal(siem_query_next(query, &err), SIEM_CANCELLED);
    siem_query_close(query);
    assert_ok(siem_registry_lag(registry, 1, &lag, &err));
    assert_int_equal(lag.events, 2);
    siem_registry_close(registry);
}

static bool never(void *context, const siem_counts *counts) {
    (void)counts;
    ++*(int *)context;
    return false;
}

/* While an export runs, its progress function ends what reads. */
static void test_stop_of_export(void **state) {
    static const char *const id[] = {"event_id", NULL};
    siem_mapping *mapping;
    siem_sink *sink;
    siem_export *export_;
    siem_error err;
    listener l = {.answered = 1000};
    int calls = 0;
    (void)state;
    test_sql("export.db", TABLE MANY("20000"));
    siem_registry *registry = open_registry("export.db", false);
    siem_registry_set_go_on(registry, go_on, &l);
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_sink_open_file(&sink, test_path("out.jsonl"), false, &err));
    const siem_export_options export_options = {
        .mapping = mapping, .sink = sink, .progress = never, .progress_context = &calls};
    assert_ok(siem_export_open(&export_, &export_options, &err));
    assert_int_equal(siem_export_run(export_, registry, &err), SIEM_CANCELLED);
    assert_int_equal(siem_export_counts(export_)->exported, 0); /* it ended while it counted */
    assert_true(calls > 0);
    assert_int_equal(l.questions, 0);
    siem_ordering ordering;
    assert_ok(siem_registry_ordering(registry, &ordering, &err)); /* its own is asked again */
    assert_true(l.questions > 0);
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    siem_mapping_close(mapping);
    siem_registry_close(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_out_of_order),
        cmocka_unit_test(test_cells_twice),
        cmocka_unit_test(test_wrong_divider),
        cmocka_unit_test(test_deleted_meanwhile),
        cmocka_unit_test(test_deleted_of_sorted),
        cmocka_unit_test(test_failing_columns),
        cmocka_unit_test(test_ends_of_ids),
        cmocka_unit_test(test_large_rows),
        cmocka_unit_test(test_conversion_without_memory),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_reading_within),
        cmocka_unit_test(test_stop_of_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
