/* test_follow.c: a registry that is followed, its checkpoint, and an export that goes on. */
#include "base/clock.h"
#include "source/finish.h"
#include "source/registry.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADD "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 7);"

static siem_mapping *mapping;

static int open_mapping(void **state) {
    static const char *const id[] = {"event_id", NULL};
    (void)state;
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return 0;
}

static int close_mapping(void **state) {
    (void)state;
    siem_mapping_close(mapping);
    return 0;
}

static siem_registry *open_followed(const char *name) {
    siem_registry *registry;
    const siem_registry_options options = {
        .path = test_path(name), .registry_id = "reg", .follow = true};
    assert_ok(siem_registry_open(&registry, &options, &err));
    return registry;
}

/* The events that are there now. */
static void assert_next(siem_registry *registry, const char *ids) {
    char text[200] = "";
    siem_event *event;
    siem_code rc;
    while ((rc = siem_registry_next(registry, &event, NULL)) == SIEM_OK) {
        siem_value id = siem_event_get(event, "event_id");
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s",
                       text[0] != '\0' ? " " : "", (int)id.size, id.bytes);
    }
    assert_int_equal(rc, SIEM_END);
    assert_string_equal(text, ids);
}

static siem_registry *open_until(const char *name, siem_registry_options options) {
    siem_registry *registry;
    options.path = test_path(name);
    options.registry_id = "reg";
    options.follow = true;
    assert_ok(siem_registry_open(&registry, &options, &err));
    return registry;
}

#define OPEN(name, ...) open_until(name, (siem_registry_options){__VA_ARGS__})

/* A limit counts from where reading began, and stays where it is when reading goes back. */
static void test_limit(void **state) {
    (void)state;
    test_sql("limit.db", "PRAGMA journal_mode = WAL;" TABLE ADD ADD ADD);
    siem_registry *registry = OPEN("limit.db", .limit = 5);
    siem_source *source = siem_registry_source(registry);
    siem_registry_seek(registry, 1);
    assert_next(registry, "2 3");
    assert_false(source->is_over);
    test_sql("limit.db", ADD ADD ADD ADD ADD ADD);
    assert_next(registry, "4 5 6");
    assert_true(source->is_over);
    siem_registry_seek(registry, 4);
    assert_next(registry, "5 6");
    test_sql("limit.db", ADD);
    assert_next(registry, "");
    siem_registry_rewind(registry);
    assert_next(registry, "1 2 3 4 5");
    siem_registry_close(registry);
    registry = OPEN("limit.db", .has_limit = true, .limit = 0);
    source = siem_registry_source(registry);
    assert_next(registry, "");
    assert_true(source->is_over);
    siem_registry_close(registry);
}

/* Events that are read again before it is reached count once. */
static void test_limit_of_what_is_read_again(void **state) {
    (void)state;
    test_sql("again.db", "PRAGMA journal_mode = WAL;" TABLE ADD ADD ADD);
    siem_registry *registry = OPEN("again.db", .limit = 5);
    assert_next(registry, "1 2 3");
    siem_registry_seek(registry, 1);
    assert_next(registry, "2 3");
    test_sql("again.db", ADD ADD ADD ADD);
    assert_next(registry, "4 5");
    siem_registry_close(registry);
}

/* Ids may be negative, or begin with the smallest one. */
static void test_limit_of_negative_ids(void **state) {
    (void)state;
    test_sql("negative.db",
             TABLE "INSERT INTO events (id, token_id, kind, timestamp) VALUES (-9, 't', 'dns', 7), "
                   "(-8, 't', 'dns', 7), (-5, 't', 'dns', 7);");
    siem_registry *registry = OPEN("negative.db", .limit = 2);
    const siem_source *source = siem_registry_source(registry);
    assert_next(registry, "-9 -8");
    assert_true(source->is_over);
    siem_registry_close(registry);
    test_sql("negative.db", "UPDATE events SET timestamp = 50 WHERE id = -8");
    registry = OPEN("negative.db", .has_until = true, .until = 50);
    assert_next(registry, "-9");
    siem_registry_close(registry);
    test_sql("smallest.db", TABLE "INSERT INTO events (id, token_id, kind, timestamp) VALUES "
                                  "(-9223372036854775808, 't', 'dns', 50), (1, 't', 'dns', 7);");
    registry = OPEN("smallest.db", .has_until = true, .until = 51);
    assert_next(registry, "-9223372036854775808 1");
    siem_registry_close(registry);
}

/* Reading ends before the first event of that time or later: what is after it is not passed by. */
static void test_until(void **state) {
    (void)state;
    test_sql("until.db",
             TABLE ADD ADD ADD ADD "UPDATE events SET timestamp = 50 WHERE id = 3;"
                                   "UPDATE events SET timestamp = 'soon' WHERE id = 2;");
    siem_registry *registry = OPEN("until.db", .has_until = true, .until = 50);
    siem_source *source = siem_registry_source(registry);
    assert_next(registry, "1 2");
    assert_true(source->is_over);
    siem_registry_close(registry);
    registry = OPEN("until.db", .has_until = true, .until = 51);
    source = siem_registry_source(registry);
    assert_next(registry, "1 2 3 4");
    assert_false(source->is_over);
    test_sql("until.db",
             "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 60);" ADD);
    assert_next(registry, "");
    assert_true(source->is_over);
    siem_registry_close(registry);
    /* With both, the earlier end counts; an event that is not selected ends nothing. */
    registry = OPEN("until.db", .has_until = true, .until = 50, .limit = 1);
    assert_next(registry, "1");
    siem_registry_close(registry);
    test_sql("until.db", "UPDATE events SET kind = 'ocsp' WHERE id = 3;");
    registry = OPEN("until.db", .has_until = true, .until = 50,
                    .kinds = (const char *const[]){"dns", NULL});
    assert_next(registry, "1 2 4");
    siem_registry_close(registry);
}

/* Where an end cannot be looked for, as the registry fails, that is no end. */
static void test_unknown_end(void **state) {
    const siem_registry_options ends[] = {{.limit = 5}, {.has_until = true, .until = 50}};
    siem_inquiry nobody = {.go_on = NULL};
    siem_database database;
    const siem_cursor start = {.is_set = false};
    (void)state;
    test_sql("tableless.db", "CREATE TABLE t (x);");
    assert_ok(siem_database_open(&database, test_path("tableless.db"), 1, &nobody, &err));
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        siem_finish finish;
        siem_error failure;
        int64_t end = 9;
        assert_ok(siem_finish_open(&finish, &ends[i], &err));
        siem_code rc = siem_finish_look(&finish, &database, NULL, &start, &end, &failure);
        assert_int_not_equal(rc, SIEM_OK);
        test_has(failure.message, "no such table: events");
        assert_int_equal(end, 9);
        siem_finish_close(&finish);
    }
    siem_database_close(&database);
}

/* Events that are passed by are not left for anybody; those after them are. */
static void test_lag_of_selection(void **state) {
    siem_lag lag;
    (void)state;
    test_sql("selected.db", "PRAGMA journal_mode = WAL;" TABLE ADD ADD ADD
                            "UPDATE events SET kind = 'ocsp' WHERE id > 1;");
    siem_registry *registry = OPEN("selected.db", .kinds = (const char *const[]){"dns", NULL});
    assert_next(registry, "1");
    assert_ok(siem_registry_lag(registry, 1, &lag, &err));
    assert_int_equal(lag.events, 0);
    assert_ok(siem_registry_lag(registry, 0, &lag, &err)); /* event 1 is not confirmed */
    assert_int_equal(lag.events, 3);
    test_sql("selected.db", ADD "UPDATE events SET kind = 'ocsp' WHERE id = 4;");
    assert_next(registry, "");
    assert_ok(siem_registry_lag(registry, 1, &lag, &err));
    assert_int_equal(lag.events, 0);
    test_sql("selected.db", ADD);
    assert_ok(siem_registry_lag(registry, 1, &lag, &err));
    assert_int_equal(lag.events, 1);
    assert_next(registry, "5");
    assert_ok(siem_registry_lag(registry, 1, &lag, &err));
    assert_int_equal(lag.events, 4);
    siem_registry_close(registry);
}

static void test_cursor(void **state) {
    siem_lag lag;
    (void)state;
    test_sql("cursor.db", "PRAGMA journal_mode = WAL;" TABLE ADD ADD);
    siem_registry *registry = open_followed("cursor.db");
    assert_next(registry, "1 2");
    assert_next(registry, "");
    assert_int_equal(siem_registry_wait(registry, 0, NULL), SIEM_END);
    test_sql("cursor.db", ADD "UPDATE events SET timestamp = 1 WHERE id = 1;");
    assert_ok(siem_registry_wait(registry, 10000, &err));
    assert_next(registry, "3");
    siem_registry_seek(registry, 1);
    assert_next(registry, "2 3");
    siem_registry_rewind(registry);
    assert_next(registry, "1 2 3");
    assert_ok(siem_registry_lag(registry, 1, &lag, &err));
    assert_int_equal(lag.events, 2);
    assert_true(lag.seconds > 1e9); /* since second 7 */
    assert_ok(siem_registry_lag(registry, 3, &lag, &err));
    assert_int_equal(lag.events, 0);
    assert_true(lag.seconds == 0);
    siem_registry_close(registry);
}

/* Times of no year that an event can have make no lag; a lock is not waited for by an export. */
static void test_lag(void **state) {
    static const char *const times[] = {"9e999", "-9e999", "1e300", "-1e300", "'x'"};
    char sql[100];
    siem_lag lag;
    siem_registry *registry;
    sqlite3 *other;
    const siem_registry_options options = {.path = test_path("lag.db"),
                                           .registry_id = "reg",
                                           .busy_timeout_ms = 60000,
                                           .follow = true};
    (void)state;
    test_sql("lag.db", TABLE ADD ADD);
    assert_ok(siem_registry_open(&registry, &options, &err));
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE events SET timestamp = %s", times[i]);
        test_sql("lag.db", sql);
        assert_ok(siem_registry_lag(registry, 0, &lag, &err));
        assert_int_equal(lag.events, 2);
        if (lag.seconds != 0) fail_msg("%s makes a lag of %g s", times[i], lag.seconds);
    }
    assert_int_equal(sqlite3_open(options.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    double begun = siem_clock();
    assert_int_equal(siem_registry_lag_at_once(registry, 0, &lag), SIEM_LOCKED);
    assert_true(siem_clock() - begun < 30);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_ok(siem_registry_lag_at_once(registry, 0, &lag));
    siem_registry_close(registry);
}

static void test_largest_id(void **state) {
    (void)state;
    test_sql("largest.db",
             TABLE "INSERT INTO events (id, token_id, kind, timestamp) VALUES (-5, 't', 'dns', 1), "
                   "(9223372036854775807, 't', 'dns', 2);");
    siem_registry *registry = open_followed("largest.db");
    assert_next(registry, "-5 9223372036854775807");
    assert_next(registry, "");
    siem_registry_close(registry);
}

/* While its folder is another thing, the registry cannot be looked at; it is opened again after. */
static void test_hidden_folder(void **state) {
    siem_error err;
    (void)state;
    assert_int_equal(mkdir(test_path("f"), 0700), 0);
    test_sql("f/r.db", "PRAGMA journal_mode = WAL;" TABLE ADD ADD);
    siem_registry *registry = open_followed("f/r.db");
    assert_next(registry, "1 2");
    assert_int_equal(rename(test_path("f"), test_path("g")), 0);
    FILE *file = fopen(test_path("f"), "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(siem_registry_wait(registry, 0, &err), SIEM_IO);
    test_has(err.message, "f/r.db' is gone: Not a directory");
    assert_int_equal(unlink(test_path("f")), 0);
    assert_int_equal(rename(test_path("g"), test_path("f")), 0);
    assert_ok(siem_registry_wait(registry, 0, &err)); /* the next read opens it */
    assert_next(registry, "");
    assert_int_equal(siem_registry_wait(registry, 0, &err), SIEM_END);
    test_sql("f/r.db", ADD);
    assert_ok(siem_registry_wait(registry, 60000, &err));
    assert_next(registry, "3");
    siem_registry_close(registry);
}

static void test_reused_ids(void **state) {
    siem_registry *registry;
    siem_error err;
    const siem_registry_options options = {
        .path = test_path("reused.db"), .registry_id = "reg", .follow = true};
    (void)state;
    test_sql("reused.db", "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp);");
    assert_int_equal(siem_registry_open(&registry, &options, &err), SIEM_SCHEMA);
    assert_null(registry);
    test_has(err.message, "cannot be followed: column 'id' of 'events' is not AUTOINCREMENT");
}

/* No transaction stays open: the log can be emptied between two rounds, and in the middle of one.
 */
static void test_holds_nothing(void **state) {
    siem_event *event;
    struct stat status;
    char wal[200];
    (void)state;
    test_sql("free.db", "PRAGMA journal_mode = WAL;" TABLE ADD ADD);
    siem_registry *registry = open_followed("free.db");
    assert_ok(siem_registry_next(registry, &event, &err));
    siem_registry_release(registry);
    test_sql("free.db", ADD "PRAGMA wal_checkpoint(TRUNCATE);");
    (void)snprintf(wal, sizeof wal, "%s-wal", test_path("free.db"));
    assert_int_equal(stat(wal, &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_next(registry, "2 3");
    test_sql("free.db", ADD "PRAGMA wal_checkpoint(TRUNCATE);");
    assert_int_equal(stat(wal, &status), 0);
    assert_int_equal(status.st_size, 0);
    siem_registry_close(registry);
}

static siem_code open_checkpoint(siem_checkpoint **out, siem_registry *registry, const char *format,
                                 siem_error *err) {
    const siem_checkpoint_options options = {
        .path = test_path("cp"), .registry = registry, .format = format, .sink = "file"};
    return siem_checkpoint_open(out, &options, err);
}

static void test_checkpoint(void **state) {
    siem_checkpoint *checkpoint, *second;
    siem_error failure;
    char *json;
    (void)state;
    test_sql("cp.db", TABLE ADD ADD);
    siem_registry *registry = open_followed("cp.db");
    assert_int_equal(siem_checkpoint_read(&json, test_path("cp"), NULL), SIEM_NOT_FOUND);
    assert_null(json);
    assert_ok(siem_checkpoint_set(test_path("cp"), 2, &err));
    assert_ok(siem_checkpoint_read(&json, test_path("cp"), &err));
    assert_non_null(strstr(json, "\"last_id\":2"));
    free(json);
    assert_ok(open_checkpoint(&checkpoint, registry, "ids", &err));
    assert_int_equal(siem_checkpoint_last_id(checkpoint), 2);
    assert_int_equal(open_checkpoint(&second, registry, "ids", &failure), SIEM_LOCKED);
    assert_null(second);
    assert_int_equal(siem_checkpoint_set(test_path("cp"), 1, NULL), SIEM_LOCKED);
    assert_int_equal(siem_checkpoint_reset(test_path("cp"), NULL), SIEM_LOCKED);
    siem_checkpoint_close(checkpoint);
    assert_ok(siem_checkpoint_reset(test_path("cp"), &err));
    assert_int_equal(siem_checkpoint_reset(test_path("cp"), NULL), SIEM_NOT_FOUND);
    siem_registry_close(registry);
    const siem_registry_options bounded = {.path = test_path("cp.db"), .registry_id = "reg"};
    assert_ok(siem_registry_open(&registry, &bounded, &err));
    assert_int_equal(open_checkpoint(&checkpoint, registry, "ids", NULL), SIEM_INVALID);
    siem_registry_close(registry);
}

/* Adds events while the export runs, and ends it when all are in. */
static bool add_and_stop(void *context, const siem_counts *counts) {
    int *added = context;
    if (*added < 3 && counts->exported == (uint64_t)*added + 2) {
        test_sql("export.db", ADD);
        ++*added;
    }
    return counts->exported < 5;
}

static void run_follow(siem_checkpoint *checkpoint, siem_registry *registry, siem_sink *sink,
                       siem_progress_function progress, void *context, int64_t after) {
    siem_export *export_;
    siem_error failure;
    const siem_export_options options = {.mapping = mapping,
                                         .sink = sink,
                                         .checkpoint = checkpoint,
                                         .after = after,
                                         .progress = progress,
                                         .progress_context = context};
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_int_equal(siem_export_follow(export_, registry, &failure), SIEM_CANCELLED);
    siem_export_close(export_);
}

static bool stop_at_five(void *context, const siem_counts *counts) {
    (void)context;
    return counts->last_id < 5;
}

static void test_export(void **state) {
    siem_checkpoint *checkpoint;
    siem_sink *sink;
    int added = 0;
    (void)state;
    test_sql("export.db", "PRAGMA journal_mode = WAL;" TABLE ADD ADD);
    siem_registry *registry = open_followed("export.db");
    assert_ok(siem_sink_open_file(&sink, test_path("export.jsonl"), false, &err));
    assert_ok(open_checkpoint(&checkpoint, registry, "ids", &err));
    run_follow(checkpoint, registry, sink, add_and_stop, &added, 0);
    assert_int_equal(siem_checkpoint_last_id(checkpoint), 5);
    char *text = test_read(test_path("export.jsonl"));
    assert_string_equal(
        text, "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n{\"id\":\"4\"}\n{\"id\":\"5\"}\n");
    free(text);
    siem_checkpoint_close(checkpoint);
    assert_ok(siem_sink_close(sink, &err));
    /* Without one, `after` is where it begins. */
    assert_ok(siem_sink_open_file(&sink, test_path("after.jsonl"), false, &err));
    run_follow(NULL, registry, sink, stop_at_five, NULL, 3);
    assert_ok(siem_sink_close(sink, &err));
    text = test_read(test_path("after.jsonl"));
    assert_string_equal(text, "{\"id\":\"4\"}\n{\"id\":\"5\"}\n");
    free(text);
    siem_registry_close(registry);
}

static bool stop_at_one(void *context, const siem_counts *counts) {
    (void)context;
    return counts->last_id < 1;
}

/* An export whose checkpoint is of another format, or another registry, does not begin. */
static void test_another_checkpoint(void **state) {
    siem_sink *sink;
    siem_export *export_;
    siem_error failure;
    (void)state;
    test_sql("mine.db", "PRAGMA journal_mode = WAL;" TABLE ADD);
    test_sql("other.db", "PRAGMA journal_mode = WAL;" TABLE ADD);
    siem_registry *mine = open_followed("mine.db"), *other = open_followed("other.db");
    assert_ok(siem_sink_open_file(&sink, test_path("other.jsonl"), false, &err));
    siem_export_options options = {.mapping = mapping, .sink = sink, .progress = stop_at_one};
    (void)unlink(test_path("cp"));
    assert_ok(open_checkpoint(&options.checkpoint, mine, "names", &err));
    assert_int_equal(siem_export_open(&export_, &options, &failure), SIEM_INVALID);
    test_has(failure.message, "siem_export_open: ");
    siem_checkpoint_close(options.checkpoint);
    (void)unlink(test_path("cp"));
    assert_ok(open_checkpoint(&options.checkpoint, mine, "ids", &err));
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_int_equal(siem_export_follow(export_, other, &failure), SIEM_INVALID);
    test_has(failure.message, "siem_export_follow: ");
    assert_int_equal(siem_export_counts(export_)->events, 0);
    siem_export_close(export_);
    siem_checkpoint_close(options.checkpoint);
    assert_ok(siem_sink_close(sink, &err));
    siem_registry_close(other);
    siem_registry_close(mine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_of_negative_ids),
        cmocka_unit_test(test_limit_of_what_is_read_again),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_unknown_end),
        cmocka_unit_test(test_lag_of_selection),
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_lag),
        cmocka_unit_test(test_largest_id),
        cmocka_unit_test(test_holds_nothing),
        cmocka_unit_test(test_hidden_folder),
        cmocka_unit_test(test_reused_ids),
        cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_another_checkpoint),
    };
    return cmocka_run_group_tests_name("follow", tests, open_mapping, close_mapping);
}
