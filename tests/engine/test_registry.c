/* test_registry.c: a real database with a real writer beside it. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static siem_registry *open_registry(const char *name, const int64_t *since, int64_t limit) {
    siem_registry *registry;
    siem_registry_options options = {
        .path = test_path(name), .registry_id = "r", .has_limit = limit >= 0, .limit = limit};
    if (since != NULL) {
        options.has_since = true;
        options.since = *since;
    }
    assert_ok(siem_registry_open(&registry, &options, &err));
    return registry;
}

/* Reads all ids as "1 2 3", releasing the registry after each when asked to. */
static void assert_ids(siem_registry *registry, bool release, const char *expected) {
    char ids[512] = "";
    siem_event *event;
    siem_error err;
    siem_code rc;
    while ((rc = siem_registry_next(registry, &event, &err)) == SIEM_OK) {
        siem_value id = siem_event_get(event, "event_id");
        if (ids[0] != '\0') strcat(ids, " ");
        strncat(ids, id.bytes, id.size);
        if (release) siem_registry_release(registry);
    }
    assert_int_equal(rc, SIEM_END);
    assert_int_equal(siem_registry_next(registry, &event, &err), SIEM_END);
    assert_string_equal(ids, expected);
    siem_registry_close(registry);
}

#define EVENT(id, time)                                                                            \
    "INSERT INTO events (id, token_id, kind, timestamp) VALUES (" id ", 't', 'dns', " time ");"

static void test_following(void **state) {
    int64_t since = 20;
    siem_ordering ordering;
    (void)state;
    test_sql("follow.db", TABLE EVENT("1", "10") EVENT("2", "10") EVENT("5", "20")
                              EVENT("9", "30.5") EVENT("10", "31"));
    for (int release = 0; release < 2; release++) {
        assert_ids(open_registry("follow.db", NULL, -1), release, "1 2 5 9 10");
        assert_ids(open_registry("follow.db", NULL, 2), release, "1 2");
        assert_ids(open_registry("follow.db", NULL, 0), release, "");
        assert_ids(open_registry("follow.db", &since, -1), release, "5 9 10");
        assert_ids(open_registry("follow.db", &since, 1), release, "5");
    }
    siem_registry *registry = open_registry("follow.db", &since, -1);
    assert_ok(siem_registry_ordering(registry, &ordering, &err));
    assert_true(ordering.follows);
    assert_int_equal(ordering.count, 3);
    assert_int_equal(ordering.first_id, 5);
    assert_int_equal(ordering.last_id, 10);
    siem_registry_close(registry);
}

/* What is zeroed has its default: all events. */
static void test_zeroed_options(void **state) {
    siem_registry *registry;
    siem_registry_options options = {.path = test_path("zeroed.db"), .registry_id = "r"};
    (void)state;
    test_sql("zeroed.db", TABLE EVENT("1", "1") EVENT("2", "2") EVENT("3", "3"));
    assert_ok(siem_registry_open(&registry, &options, &err));
    assert_ids(registry, false, "1 2 3");
    options.limit = 2;
    assert_ok(siem_registry_open(&registry, &options, &err));
    assert_ids(registry, false, "1 2");
}

static void assert_selected(const siem_registry_options *options, const char *expected) {
    siem_registry *registry;
    siem_registry_options given = *options;
    given.path = test_path("select.db");
    given.registry_id = "r";
    assert_ok(siem_registry_open(&registry, &given, &err));
    assert_ids(registry, false, expected);
}

#define SELECT(...) (&(siem_registry_options){__VA_ARGS__})
#define KINDS(...)                                                                                 \
    .kinds = (const char *const[]) {                                                               \
        __VA_ARGS__, NULL                                                                          \
    }

/* A time that ends is not part of it, and kinds are compared byte by byte, of texts and blobs. */
static void test_selections(void **state) {
    siem_registry *registry;
    siem_error err;
    (void)state;
    test_sql(
        "select.db",
        TABLE EVENT("1", "10") EVENT("2", "20") EVENT("3", "20.5") EVENT("4", "15") EVENT("5", "''")
            EVENT("6", "'soon'") "UPDATE events SET kind = CAST('ocsp' AS BLOB) WHERE id = 2;"
                                 "UPDATE events SET kind = 'it''s' WHERE id = 3;"
                                 "UPDATE events SET kind = 'DNS' WHERE id = 4;");
    assert_selected(SELECT(.has_until = true, .until = 20), "1 4");
    assert_selected(SELECT(.has_until = true, .until = 21), "1 4 2 3");
    assert_selected(SELECT(.has_since = true, .since = 15, .has_until = true, .until = 20), "4");
    assert_selected(SELECT(.has_since = true, .since = 21), "5 6");
    assert_selected(SELECT(KINDS("dns")), "1 5 6");
    assert_selected(SELECT(KINDS("ocsp")), "2");
    assert_selected(SELECT(KINDS("it's", "DNS")), "4 3");
    assert_selected(SELECT(KINDS("license")), "");
    assert_selected(SELECT(KINDS("dns"), .limit = 1, .by_id = true), "1");
    assert_selected(SELECT(KINDS("dns", "ocsp"), .has_until = true, .until = 20, .limit = 3), "1");
    assert_int_equal(siem_registry_open(&registry,
                                        SELECT(.path = test_path("select.db"), .registry_id = "r",
                                               .kinds = (const char *const[]){NULL}),
                                        &err),
                     SIEM_INVALID);
    assert_string_equal(err.options[0], "kinds");
}

static void test_sorted(void **state) {
    int64_t since = 15;
    siem_ordering ordering;
    (void)state;
    test_sql("sort.db", TABLE EVENT("1", "30") EVENT("2", "10") EVENT("3", "30") EVENT("4", "20")
                            EVENT("5", "'text'"));
    for (int release = 0; release < 2; release++) {
        assert_ids(open_registry("sort.db", NULL, -1), release, "2 4 1 3 5");
        assert_ids(open_registry("sort.db", NULL, 3), release, "2 4 1");
        assert_ids(open_registry("sort.db", &since, -1), release, "4 1 3 5");
    }
    siem_registry *registry = open_registry("sort.db", NULL, -1);
    assert_ok(siem_registry_ordering(registry, &ordering, &err));
    assert_false(ordering.follows);
    assert_int_equal(ordering.first_break, 2);
    siem_registry_close(registry);
}

/* Mixed numbers are compared without loss, and an event below `since` in between stays out. */
static void test_order_of_mixed_numbers(void **state) {
    siem_ordering ordering;
    int64_t since = 8;
    (void)state;
    test_sql("mixed.db", TABLE EVENT("1", "9007199254740993") EVENT("2", "9007199254740992.0"));
    siem_registry *registry = open_registry("mixed.db", NULL, -1);
    assert_ok(siem_registry_ordering(registry, &ordering, &err));
    /* INTEGER affinity stores the whole real as an integer, one less than the first. */
    assert_false(ordering.follows);
    siem_registry_close(registry);
    test_sql("between.db", TABLE EVENT("1", "10") EVENT("2", "5") EVENT("3", "11"));
    assert_ids(open_registry("between.db", &since, -1), true, "1 3");
}

/* Whether a second event follows a first one, as SQLite sorts their times. */
static void test_order_of_pairs(void **state) {
    static const struct {
        const char *first, *second;
        bool follows;
    } pairs[] = {
        {"5", "5", true},
        {"5", "4", false},
        {"5.5", "5.5", true},
        {"5.5", "5.4", false},
        {"5", "5.0", true},
        {"5.0", "5", true},
        {"5", "5.5", true},
        {"5.5", "5", false},
        {"5.5", "6", true},
        {"6", "5.5", false},
        {"-5.5", "-5", true},
        {"-5", "-5.5", false},
        {"1e300", "9223372036854775807", false},
        {"9223372036854775807", "1e300", true},
        {"9223372036854775807", "9223372036854775808.0", true},
        {"9223372036854775808.0", "9223372036854775807", false},
        {"-1e300", "-9223372036854775808", true},
        {"-9223372036854775808", "-1e300", false},
        {"-9223372036854775808", "-9223372036854775808.0", true},
        {"9007199254740993", "9007199254740992.0", false},
        {"9007199254740992.0", "9007199254740993", true},
        {"NULL", "1", false},
        {"1", "'1'", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char name[32], sql[256];
        siem_ordering ordering;
        (void)snprintf(name, sizeof name, "pair%zu.db", i);
        (void)snprintf(sql, sizeof sql,
                       "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp);"
                       "INSERT INTO events VALUES (3, %s), (7, %s);",
                       pairs[i].first, pairs[i].second);
        test_sql(name, sql);
        siem_registry *registry = open_registry(name, NULL, -1);
        assert_ok(siem_registry_ordering(registry, &ordering, &err));
        if (ordering.follows != pairs[i].follows) {
            fail_msg("%s and %s", pairs[i].first, pairs[i].second);
        }
        bool is_null = strcmp(pairs[i].first, "NULL") == 0; /* it breaks the order by itself */
        if (!ordering.follows) assert_int_equal(ordering.first_break, is_null ? 3 : 7);
        siem_registry_close(registry);
    }
}

/* A number is compared with the one before it, whatever those before were stored as. */
static void test_order_of_mixed_rows(void **state) {
    static const char *const rows[] = {"(1, 5), (2, 7.5), (3, 6)", "(1, 5.5), (2, 7), (3, 6.5)",
                                       "(1, 5.5), (2, 7.5), (3, 6)"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[32], sql[128];
        (void)snprintf(name, sizeof name, "rows%zu.db", i);
        (void)snprintf(sql, sizeof sql,
                       "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp);"
                       "INSERT INTO events VALUES %s;",
                       rows[i]);
        test_sql(name, sql);
        assert_ids(open_registry(name, NULL, -1), false, "1 3 2");
    }
}

static void test_empty(void **state) {
    (void)state;
    test_sql("empty.db", TABLE);
    assert_ids(open_registry("empty.db", NULL, -1), false, "");
}

static void test_highest_ids(void **state) {
    (void)state;
    test_sql("high.db", TABLE EVENT("-3", "1") EVENT("9223372036854775807", "2"));
    assert_ids(open_registry("high.db", NULL, -1), true, "-3 9223372036854775807");
}

/* The set of events is fixed at the first call, and the writer is never held up. */
static void test_beside_a_writer(void **state) {
    siem_event *event;
    (void)state;
    test_sql("live.db", "PRAGMA journal_mode = WAL;" TABLE EVENT("1", "1") EVENT("2", "2"));
    siem_registry *registry = open_registry("live.db", NULL, -1);
    assert_ok(siem_registry_next(registry, &event, &err));
    test_sql("live.db", EVENT("3", "3"));
    siem_registry_release(registry);
    /* Nothing reads: the log can be emptied while the caller waits for a network. */
    test_sql("live.db", EVENT("4", "4") "PRAGMA wal_checkpoint(TRUNCATE);");
    char wal[200];
    (void)snprintf(wal, sizeof wal, "%s-wal", test_path("live.db"));
    FILE *file = fopen(wal, "rb");
    if (file != NULL) {
        fseek(file, 0, SEEK_END);
        assert_int_equal(ftell(file), 0);
        fclose(file);
    }
    assert_ids(registry, true, "2");
}

/* A registry that opens and closes its database has a log only while it is open. */
static void test_await(void **state) {
    sqlite3 *writer;
    (void)state;
    test_sql("await.db", "PRAGMA journal_mode = WAL;" TABLE EVENT("1", "1"));
    assert_false(siem_registry_await(test_path("await.db"), 1));
    assert_false(siem_registry_await(test_path("none.db"), 1));
    assert_int_equal(sqlite3_open(test_path("await.db"), &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer, EVENT("2", "2"), NULL, NULL, NULL), SQLITE_OK);
    assert_true(siem_registry_await(test_path("await.db"), 60000));
    sqlite3_close(writer);
    assert_false(siem_registry_await(test_path("await.db"), 1));
}

static void assert_open_fails(const char *path, siem_code code, const char *part) {
    siem_registry *registry;
    siem_error err = {0};
    siem_registry_options options = {.path = path, .registry_id = "r", .busy_timeout_ms = 1};
    assert_int_equal(siem_registry_open(&registry, &options, &err), code);
    assert_null(registry);
    if (strstr(err.message, part) == NULL) fail_msg("'%s' lacks '%s'", err.message, part);
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_wrong_files(void **state) {
    (void)state;
    assert_open_fails(test_path("none.db"), SIEM_NOT_FOUND, "none.db");
    assert_open_fails(test_folder(), SIEM_SCHEMA, "folder");
    write_file(test_path("text.db"),
               "this is no database, it only looks like a file of some size\n");
    assert_open_fails(test_path("text.db"), SIEM_SCHEMA, "not a SQLite database");
    test_sql("other.db", "CREATE TABLE other (x);");
    assert_open_fails(test_path("other.db"), SIEM_SCHEMA, "no table 'events'");
    test_sql("view.db", "CREATE VIEW events AS SELECT 1 AS id, 2 AS timestamp;");
    assert_open_fails(test_path("view.db"), SIEM_SCHEMA, "view");
    test_sql("noid.db", "CREATE TABLE events (id TEXT PRIMARY KEY, timestamp);");
    assert_open_fails(test_path("noid.db"), SIEM_SCHEMA, "'id'");
    static const char *const keys[] = {"id INTEGER, other, PRIMARY KEY (id, other)",
                                       "id INT PRIMARY KEY",
                                       "id INTEGER PRIMARY KEY DESC",
                                       "other INTEGER PRIMARY KEY",
                                       "id INTEGER",
                                       "id INTEGER, other INTEGER PRIMARY KEY"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char name[32], sql[128];
        (void)snprintf(name, sizeof name, "key%zu.db", i);
        (void)snprintf(sql, sizeof sql, "CREATE TABLE events (%s%s)", "timestamp, ", keys[i]);
        test_sql(name, sql);
        assert_open_fails(test_path(name), SIEM_SCHEMA, "must be INTEGER PRIMARY KEY");
    }
    test_sql("norowid.db",
             "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp) WITHOUT ROWID;");
    assert_open_fails(test_path("norowid.db"), SIEM_SCHEMA, "must be INTEGER PRIMARY KEY");
    test_sql("notime.db", "CREATE TABLE events (id INTEGER PRIMARY KEY);");
    assert_open_fails(test_path("notime.db"), SIEM_SCHEMA, "'timestamp'");
    write_file(test_path("zero.db"), "");
    assert_open_fails(test_path("zero.db"), SIEM_SCHEMA, "no table 'events'");
}

static void test_locked(void **state) {
    sqlite3 *writer;
    (void)state;
    test_sql("locked.db", TABLE EVENT("1", "1"));
    assert_int_equal(sqlite3_open(test_path("locked.db"), &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_open_fails(test_path("locked.db"), SIEM_LOCKED, "locked for 1 ms");
    sqlite3_close(writer);
}

static void test_columns_of_a_site(void **state) {
    siem_event *event;
    (void)state;
    test_sql("site.db", "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp, region TEXT);"
                        "INSERT INTO events VALUES (1, 5, 'eu');");
    siem_registry *registry = open_registry("site.db", NULL, -1);
    assert_string_equal(siem_registry_columns(registry)[2], "region");
    assert_null(siem_registry_columns(registry)[3]);
    assert_ok(siem_registry_next(registry, &event, &err));
    assert_int_equal(siem_event_get(event, "region").size, 2);
    assert_int_equal(siem_event_get(event, "token_id").type, SIEM_NULL);
    siem_registry_close(registry);
}

static void test_query(void **state) {
    siem_query *query;
    siem_error err;
    (void)state;
    test_sql("query.db", TABLE EVENT("1", "1") EVENT("2", "2") EVENT("3", "3"));
    siem_registry *registry = open_registry("query.db", NULL, -1);
    assert_ok(
        siem_query_open(&query, registry, "SELECT id, kind FROM events WHERE id >= ?;", &err));
    assert_ok(siem_query_set(query, 1, (siem_value){.type = SIEM_INTEGER, .integer = 2}, &err));
    assert_int_equal(siem_query_set(query, 2, (siem_value){0}, &err), SIEM_INVALID);
    assert_int_equal(siem_query_size(query), 2);
    assert_string_equal(siem_query_name(query, 1), "kind");
    assert_ok(siem_query_next(query, &err));
    assert_int_equal(siem_query_at(query, 0).integer, 2);
    assert_ok(siem_query_next(query, &err));
    assert_int_equal(siem_query_next(query, &err), SIEM_END);
    siem_query_close(query);
    static const char *const wrong[] = {
        "SELEC",          "", "DELETE FROM events", "SELECT 1; SELECT 2", "PRAGMA query_only = 0",
        "ATTACH 'x' AS y"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        siem_code rc = siem_query_open(&query, registry, wrong[i], &err);
        if (rc != SIEM_INVALID) fail_msg("accepted: %s", wrong[i]);
        assert_null(query);
    }
    siem_registry_close(registry);
}

static void assert_query(siem_query *query, siem_value value, const char *text) {
    siem_error err;
    assert_ok(siem_query_set(query, 1, value, &err));
    assert_ok(siem_query_next(query, &err));
    siem_value type = siem_query_at(query, 0);
    assert_int_equal(type.size, strlen(text));
    assert_memory_equal(type.bytes, text, type.size);
    assert_int_equal(siem_query_next(query, &err), SIEM_END);
    siem_query_reset(query);
}

/* A query is asked again, each time with another value. */
static void test_query_parameters(void **state) {
    siem_query *query, *other;
    siem_error err;
    (void)state;
    test_sql("query.db", "");
    siem_registry *registry = open_registry("query.db", NULL, -1);
    assert_ok(siem_query_open(&other, registry, "SELECT 7 AS seven -- and a comment", &err));
    assert_int_equal(siem_query_parameters(other), 0);
    assert_ok(siem_query_open(&query, registry, "SELECT typeof(?1) || coalesce(?1, ''); ", &err));
    assert_int_equal(siem_query_parameters(query), 1);
    assert_int_equal(siem_query_at(query, 0).type, SIEM_NULL); /* no row is there */
    assert_query(query, (siem_value){0}, "null");
    assert_query(query, (siem_value){.type = SIEM_INTEGER, .integer = -5}, "integer-5");
    assert_query(query, (siem_value){.type = SIEM_REAL, .real = 0.5}, "real0.5");
    assert_query(query, test_text("ab"), "textab");
    assert_query(query, (siem_value){.type = SIEM_TEXT, .bytes = "abc", .size = 2}, "textab");
    assert_query(query, (siem_value){.type = SIEM_JSON, .bytes = "[1]", .size = 3}, "text[1]");
    assert_query(query, (siem_value){.type = SIEM_TEXT}, "text");
    assert_int_equal(siem_query_set(query, 0, (siem_value){0}, &err), SIEM_INVALID);
    siem_query_close(query);
    assert_ok(siem_query_next(other, &err));
    assert_int_equal(siem_query_at(other, 0).integer, 7);
    assert_int_equal(siem_query_at(other, 1).type, SIEM_NULL);
    assert_string_equal(siem_query_name(other, 0), "seven");
    assert_null(siem_query_name(other, 1));
    siem_registry_close(registry);
    assert_int_equal(siem_query_next(other, &err), SIEM_INVALID);
    assert_int_equal(siem_query_size(other), 0);
    assert_int_equal(siem_query_parameters(other), 0);
    assert_null(siem_query_name(other, 0));
    siem_query_close(other);
    assert_int_equal(siem_query_parameters(NULL), 0);
}

/* Rows of one registry: nothing of an event is left in the next one, and a blob is text. */
static void test_rows_by_themselves(void **state) {
    siem_event *event;
    (void)state;
    test_sql("rows.db",
             TABLE "INSERT INTO events (token_id, kind, user_agent, extra, timestamp) VALUES "
                   "('t', 'dns', 'agent', '{\"a\":1}', 7), ('u', '', '', NULL, 'soon'), "
                   "('v', x'646e73', NULL, x'EFBBBF7B2262223A327D', 8);");
    siem_registry *registry = open_registry("rows.db", NULL, -1);
    assert_ok(siem_registry_next(registry, &event, &err));
    assert_int_equal(siem_event_get(event, "user_agent").size, 5);
    assert_int_equal(siem_event_get(event, "extra").size, 7);
    assert_ok(siem_registry_next(registry, &event, &err));
    assert_memory_equal(siem_event_get(event, "event_kind").bytes, "dns", 3);
    assert_memory_equal(siem_event_get(event, "extra").bytes, "{\"b\":2}", 7);
    assert_int_equal(siem_event_get(event, "user_agent").type, SIEM_NULL);
    assert_ok(siem_registry_next(registry, &event, &err));
    assert_int_equal(siem_event_get(event, "event_kind").size, 0);
    assert_int_equal(siem_event_get(event, "user_agent").type, SIEM_NULL);
    assert_int_equal(siem_event_get(event, "extra").type, SIEM_NULL);
    assert_int_equal(siem_event_get(event, "occurred_at").size, 0);
    siem_registry_close(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_following),
        cmocka_unit_test(test_zeroed_options),
        cmocka_unit_test(test_selections),
        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_order_of_mixed_numbers),
        cmocka_unit_test(test_order_of_pairs),
        cmocka_unit_test(test_order_of_mixed_rows),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_highest_ids),
        cmocka_unit_test(test_beside_a_writer),
        cmocka_unit_test(test_await),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_locked),
        cmocka_unit_test(test_columns_of_a_site),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_parameters),
        cmocka_unit_test(test_rows_by_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
