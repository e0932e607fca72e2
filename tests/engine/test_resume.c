/* test_resume.c: an export that continues: in its output file, where the checkpoint says, and after
 * faults of the disk. */
#include "base/clock.h"
#include "export/turn.h"

#include "testing.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The engine's clock in this program: a pause passes with the first tick. */
static double ahead;

double siem_clock(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return ahead + (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What the disk answers when a file is to be forced to it. */
static bool sync_fails;

int fsync(int fd) {
    if (!sync_fails) return fdatasync(fd);
    errno = EIO;
    return -1;
}

static siem_mapping *mapping;
static siem_registry *registry;
static siem_sink *sink;
static siem_checkpoint *checkpoint;
static siem_export *export_;
static char notices[2000];

static int open_mapping(void **state) {
    static const char *const id[] = {"event_id", NULL};
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
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

static void note(void *context, const char *text) {
    size_t size = strlen(notices);
    (void)context;
    (void)snprintf(notices + size, sizeof notices - size, "%s\n", text);
}

static void add_events(int count) {
    char sql[200];
    (void)snprintf(sql, sizeof sql,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                   "INSERT INTO events (token_id, kind, timestamp) SELECT 't', 'dns', 7 FROM n",
                   count);
    test_sql("r.db", sql);
}

/* Folders of its own for the output and the checkpoint, which a test can take away. */
static int make_place(void **state) {
    char command[400];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'/* && mkdir '%s' '%s'", test_folder(),
                   test_path("out"), test_path("at"));
    assert_int_equal(system(command), 0);
    test_sql("r.db", "PRAGMA journal_mode = WAL;" TABLE);
    return 0;
}

#define OUTPUT   "out/events.jsonl"
#define POSITION "at/position"

/* With a request for each event. */
static void open_export(const char *output, siem_progress_function progress) {
    const siem_registry_options options = {
        .path = test_path("r.db"), .registry_id = "r", .follow = true};
    notices[0] = '\0';
    assert_ok(siem_registry_open(&registry, &options, &err));
    assert_ok(siem_sink_open_file(&sink, output, false, &err));
    const siem_checkpoint_options at = {
        .path = test_path(POSITION), .registry = registry, .format = "ids", .sink = "file"};
    assert_ok(siem_checkpoint_open(&checkpoint, &at, &err));
    const siem_export_options to = {.mapping = mapping,
                                    .sink = sink,
                                    .checkpoint = checkpoint,
                                    .jobs = 1,
                                    .batch_bytes = 1,
                                    .progress = progress,
                                    .notice = note};
    assert_ok(siem_export_open(&export_, &to, &err));
}

static siem_counts close_export(void) {
    const siem_counts counts = *siem_export_counts(export_);
    siem_export_close(export_);
    siem_checkpoint_close(checkpoint);
    (void)siem_sink_close(sink, NULL);
    siem_registry_close(registry);
    return counts;
}

static siem_code turn(uint64_t most, siem_error *err) {
    siem_turn how;
    return siem_export_turn(export_, registry, most, &how, err);
}

/* A whole export of what is there. */
static void export_all(void) {
    open_export(test_path(OUTPUT), NULL);
    assert_ok(turn(1000, &err));
    assert_ok(siem_export_stop(export_, &err));
    (void)close_export();
}

/* The output has these events, in this order. */
static void assert_output(const char *name, int first, int last) {
    char *text = test_read(test_path(name)), line[32];
    const char *at = text;
    for (int id = first; id <= last; id++) {
        int size = snprintf(line, sizeof line, "{\"id\":\"%d\"}\n", id);
        if (strncmp(at, line, (size_t)size) != 0) fail_msg("event %d is not next: %.30s", id, at);
        at += size;
    }
    assert_string_equal(at, "");
    free(text);
}

static void assert_position(const char *part) {
    char *json;
    assert_ok(siem_checkpoint_read(&json, test_path(POSITION), &err));
    test_has(json, part);
    free(json);
}

/* ---- the output file ---- */

static void test_same_file(void **state) {
    (void)state;
    for (int last = 2; last <= 6; last += 2) {
        add_events(2);
        export_all();
        assert_string_equal(notices, "");
        assert_output(OUTPUT, 1, last);
    }
    assert_position("\"last_id\":6");
}

/* What an export wrote that did not get to save its position is not written twice. */
static void test_unconfirmed_lines(void **state) {
    (void)state;
    add_events(2);
    export_all();
    FILE *file = fopen(test_path(OUTPUT), "a");
    assert_non_null(file);
    assert_true(fputs("{\"id\":\"3\"}\n{\"id\":", file) > 0);
    assert_int_equal(fclose(file), 0);
    add_events(2);
    export_all();
    assert_output(OUTPUT, 1, 4);
    assert_string_equal(notices, "");
}

/* One that is in its folder was rotated; one that is not is reported, once. */
static void test_other_file(void **state) {
    (void)state;
    add_events(2);
    export_all();
    assert_int_equal(rename(test_path(OUTPUT), test_path("out/events.jsonl.1")), 0);
    add_events(1);
    export_all();
    assert_string_equal(notices, "");
    assert_output("out/events.jsonl.1", 1, 2);
    assert_output(OUTPUT, 3, 3);
    assert_int_equal(unlink(test_path(OUTPUT)), 0);
    add_events(1);
    export_all();
    test_has(notices, "the output file of the checkpoint is not in its folder");
    assert_output(OUTPUT, 4, 4);
    add_events(1);
    export_all();
    assert_string_equal(notices, "");
    assert_output(OUTPUT, 4, 5);
}

/* The checkpoint names the file before its first line; what is no file is not named. */
static void test_before_the_first_line(void **state) {
    char *json;
    (void)state;
    open_export("/dev/null", NULL);
    assert_ok(turn(1000, &err));
    assert_int_equal(siem_checkpoint_read(&json, test_path(POSITION), NULL), SIEM_NOT_FOUND);
    (void)close_export();
    open_export(test_path(OUTPUT), NULL);
    assert_ok(turn(1000, &err));
    assert_position("\"last_id\":0");
    (void)close_export();
    assert_output(OUTPUT, 1, 0);
}

/* ---- faults of the disk ---- */

/* Files of that size are full. */
static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

#define ROOM  4096 /* bytes, more than a checkpoint has */
#define MANY  600  /* events, which need more */
#define SAVED 200

/* What was counted goes back with the position, so that no event counts twice. */
static void test_full_disk(void **state) {
    siem_error failure;
    (void)state;
    add_events(MANY);
    open_export(test_path(OUTPUT), NULL);
    assert_ok(turn(SAVED, &err));
    assert_ok(siem_export_tend(export_, &err));
    assert_position("\"last_id\":200");
    limit_files(ROOM);
    assert_int_equal(turn(1000, &failure), SIEM_IO);
    limit_files(RLIM_INFINITY);
    test_has(failure.message, OUTPUT);
    assert_position("\"last_id\":200");
    assert_ok(turn(1000, &err));
    assert_ok(siem_export_stop(export_, &err));
    assert_output(OUTPUT, 1, MANY);
    siem_counts counts = close_export();
    assert_int_equal(counts.exported, MANY);
    assert_int_equal(counts.last_id, MANY);
}

/* Lines that may not be on the disk are not confirmed: they are compared, or written again. */
static void test_unforced_lines(void **state) {
    siem_error failure;
    (void)state;
    add_events(4);
    open_export(test_path(OUTPUT), NULL);
    assert_ok(turn(2, &err));
    assert_ok(siem_export_tend(export_, &err));
    assert_ok(turn(1, &err));
    sync_fails = true;
    siem_code rc = siem_export_tend(export_, &failure);
    sync_fails = false;
    assert_int_equal(rc, SIEM_IO);
    test_has(failure.message, OUTPUT);
    test_has(failure.message, strerror(EIO));
    assert_position("\"last_id\":2");
    assert_ok(turn(1000, &err));
    assert_ok(siem_export_stop(export_, &err));
    assert_output(OUTPUT, 1, 4);
    assert_int_equal(close_export().exported, 4);
    assert_position("\"last_id\":4");
}

static int asked; /* how often, since the disk was full */

/* There is room again by the time of the next attempt. */
static bool make_room(void *context, const siem_counts *counts) {
    (void)context;
    if (notices[0] == '\0') return true;
    ahead += asked < 10;
    if (asked == 0) assert_position("\"retrying_cause\":");
    assert_int_equal(counts->retrying_since != 0, strstr(notices, "going on") == NULL);
    if (asked++ == 0) limit_files(RLIM_INFINITY);
    return counts->last_id < MANY || strstr(notices, "going on") == NULL;
}

static void test_following_a_full_disk(void **state) {
    siem_error failure;
    (void)state;
    asked = 0;
    add_events(MANY);
    open_export(test_path(OUTPUT), make_room);
    limit_files(ROOM);
    siem_code rc = siem_export_follow(export_, registry, &failure);
    limit_files(RLIM_INFINITY);
    if (rc != SIEM_CANCELLED) fail_msg("%s: %s", siem_code_name(rc), failure.message);
    assert_string_equal(failure.message, "stopped on request");
    assert_output(OUTPUT, 1, MANY);
    test_has(notices, OUTPUT);
    test_has(notices, "; trying again in 1.0 s\n");
    test_has(notices, "going on, after 1 failed attempt(s) in ");
    siem_counts counts = close_export();
    assert_int_equal(counts.exported, MANY);
    assert_position("\"last_id\":600");
}

/* ---- a checkpoint that cannot be saved ---- */

static void test_unsaved_position(void **state) {
    siem_error failure;
    (void)state;
    add_events(4);
    open_export(test_path(OUTPUT), NULL);
    assert_ok(turn(2, &err));
    assert_ok(siem_export_tend(export_, &err));
    assert_ok(turn(2, &err));
    assert_int_equal(rename(test_path("at"), test_path("away")), 0);
    assert_ok(siem_export_tend(export_, &err)); /* it will be saved later */
    test_has(notices, "; trying again in 0.");
    assert_int_equal(siem_export_counts(export_)->save_failures, 1);
    assert_int_equal(siem_export_stop(export_, &failure), SIEM_NOT_FOUND);
    test_has(failure.message, "; the position on the disk is event 2: the next export sends later "
                              "events again");
    assert_int_equal(siem_export_counts(export_)->last_id, 2);
    assert_int_equal(rename(test_path("away"), test_path("at")), 0);
    (void)close_export();
    export_all();
    assert_output(OUTPUT, 1, 4);
    assert_position("\"last_id\":4");
}

/* What ended the export is told, not that its position cannot be saved either. */
static void test_failure_with_unsaved_position(void **state) {
    siem_error failure;
    (void)state;
    add_events(4);
    open_export(test_path(OUTPUT), NULL);
    assert_ok(turn(2, &err));
    assert_int_equal(rename(test_path("at"), test_path("away")), 0);
    assert_int_equal(rename(test_path("r.db"), test_path("moved.db")), 0);
    assert_int_equal(turn(2, &failure), SIEM_NOT_FOUND);
    test_has(failure.message, "r.db' is gone");
    assert_int_equal(siem_export_counts(export_)->last_id, 0);
    assert_int_equal(rename(test_path("moved.db"), test_path("r.db")), 0);
    assert_int_equal(rename(test_path("away"), test_path("at")), 0);
    (void)close_export();
    export_all();
    assert_output(OUTPUT, 1, 4);
}

#define TEST(name) cmocka_unit_test_setup(name, make_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_same_file),        TEST(test_unconfirmed_lines),
        TEST(test_other_file),       TEST(test_before_the_first_line),
        TEST(test_full_disk),        TEST(test_following_a_full_disk),
        TEST(test_unsaved_position), TEST(test_failure_with_unsaved_position),
        TEST(test_unforced_lines),
    };
    return cmocka_run_group_tests_name("resume", tests, open_mapping, close_mapping);
}
