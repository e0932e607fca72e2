/* test_join.c: events without a record, and records that the sink rejects: what is counted of them,
 * what is kept aside, and how far an export got that fails there. */
#include "base/error.h"
#include "export/turn.h"
#include "sink/sink.h"

#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static siem_mapping *rows, *pairs, *moods;
static siem_registry *registry;
static siem_sink *sink;
static siem_export *export_;
static siem_deadletter *deadletter;
static char delivered[200];  /* "1 2 ", the ids of records */
static const char *verdicts; /* of the records of a request: delivered, rejected, held */
static void (*look)(void);   /* while the sink has a request */

static siem_code take(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *err) {
    (void)context, (void)err;
    if (look != NULL) look();
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        char verdict = i < strlen(verdicts) ? verdicts[i] : 'd';
        size_t size = strlen(delivered);
        outcomes[i].verdict = verdict == 'd'   ? SIEM_DELIVERED
                              : verdict == 'r' ? SIEM_REJECT
                                               : SIEM_HOLD;
        if (verdict != 'd') outcomes[i].reason = "it is too old";
        if (verdict != 'd') continue;
        (void)snprintf(delivered + size, sizeof delivered - size, "%s ",
                       siem_batch_event_id(batch, i));
    }
    return SIEM_OK;
}

/* Gives two records of an event. */
static siem_code give_pair(void *context, siem_event *event, const siem_value *value,
                           siem_value *result, siem_error *err) {
    (void)context, (void)event, (void)value, (void)err;
    *result = test_text("[{\"a\":1},{\"a\":2}]");
    result->type = SIEM_JSON;
    return SIEM_OK;
}

static const char *refused = ""; /* the ids of events for which there is no record now */

static siem_code give_or_refuse(void *context, siem_event *event, const siem_value *value,
                                siem_value *result, siem_error *err) {
    const siem_value id = siem_event_get(event, "event_id");
    (void)context, (void)value;
    if (memchr(refused, id.bytes[0], strlen(refused)) != NULL) {
        return siem_error_set(err, SIEM_REFUSED, "not now");
    }
    *result = test_text("{\"a\":1}");
    result->type = SIEM_JSON;
    return SIEM_OK;
}

static int open_mappings(void **state) {
    static const char *const id[] = {"event_id", NULL}, *const file[] = {"file_id", NULL};
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_ok(siem_mapping_open(&rows, "rows", &err));
    assert_ok(siem_mapping_add(rows, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_add(rows, &(siem_row){"f", .from = file, .required = true}, &err));
    assert_ok(siem_mapping_compile(rows, &err));
    assert_ok(siem_mapping_open(&pairs, "pairs", &err));
    assert_ok(siem_mapping_set_function(pairs, give_pair, NULL, &err));
    assert_ok(siem_mapping_compile(pairs, &err));
    assert_ok(siem_mapping_open(&moods, "moods", &err));
    assert_ok(siem_mapping_set_function(moods, give_or_refuse, NULL, &err));
    assert_ok(siem_mapping_compile(moods, &err));
    return 0;
}

static int close_mappings(void **state) {
    (void)state;
    siem_mapping_close(moods);
    siem_mapping_close(pairs);
    siem_mapping_close(rows);
    return 0;
}

/* ---- an export ---- */

#define LETTERS "letters.jsonl"

/* Adds an event for each letter: "o" has a record, "x" has none. */
static void add_events(const char *events) {
    for (; *events != '\0'; events++) {
        test_sql("join.db", *events == 'x' ? "INSERT INTO events (token_id, kind, timestamp) "
                                             "VALUES ('t', 'dns', 7)"
                                           : "INSERT INTO events (token_id, kind, timestamp, "
                                             "file_id) VALUES ('t', 'dns', 7, 'a long name')");
    }
}

/* When a batch is due, and how many records make a request; 0: the usual ones. */
static size_t batch_bytes, batch_events;

static int questions; /* whether to go on, before the answer is no */

static bool goes_on(void *context, const siem_counts *counts) {
    (void)context, (void)counts;
    return questions-- > 0;
}

static void open_export(const char *events, bool follow, siem_mapping *mapping,
                        siem_on_error on_error, size_t field_bytes) {
    (void)unlink(test_path("join.db"));
    (void)unlink(test_path(LETTERS));
    test_sql("join.db", TABLE);
    add_events(events);
    delivered[0] = '\0';
    verdicts = "";
    const siem_registry_options options = {
        .path = test_path("join.db"), .registry_id = "r", .follow = follow};
    assert_ok(siem_registry_open(&registry, &options, &err));
    assert_ok(siem_deadletter_open(&deadletter, test_path(LETTERS), &err));
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    sink->pace.field_bytes = field_bytes;
    sink->pace.batch_events = batch_events;
    questions = 50;
    const siem_export_options to = {.mapping = mapping,
                                    .sink = sink,
                                    .on_error = on_error,
                                    .deadletter = deadletter,
                                    .batch_bytes = batch_bytes,
                                    .jobs = 1,
                                    .progress = goes_on};
    assert_ok(siem_export_open(&export_, &to, &err));
}

static siem_counts close_export(void) {
    const siem_counts counts = *siem_export_counts(export_);
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    assert_ok(siem_deadletter_close(deadletter, &err));
    siem_registry_close(registry);
    return counts;
}

static size_t letters(void) {
    size_t lines = 0;
    char *text = test_read(test_path(LETTERS));
    for (const char *at = text; *at != '\0'; at++) lines += *at == '\n';
    free(text);
    return lines;
}

static siem_code turn(void) {
    siem_turn how;
    return siem_export_turn(export_, registry, 100, &how, NULL);
}

/* ---- a dead letter that cannot be written ---- */

static off_t letter_size(void) {
    struct stat status;
    open_export("x", false, rows, SIEM_DEADLETTER_ON_ERROR, 0);
    assert_ok(siem_export_run(export_, registry, &err));
    (void)close_export();
    assert_int_equal(stat(test_path(LETTERS), &status), 0);
    return status.st_size;
}

/* The disk has room for so many bytes of a file. */
static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The export ends before the event: all that precede it are done, and none of them is lost. */
static void test_full_disk(void **state) {
    static const struct {
        const char *events;
        int room; /* for so many dead letters */
        const char *delivered;
        int64_t last_id;
        uint64_t refused;
    } cases[] = {
        {"xo", 0, "", 0, 0},
        {"oxo", 0, "1 ", 1, 0},
        {"oxxo", 1, "1 ", 2, 1},
        {"oxox", 1, "1 3 ", 3, 1},
        {"xxo", 1, "", 1, 1},
        {"xoxxx", 3, "2 ", 4, 3},
        {"oooox", 0, "1 2 3 4 ", 4, 0},
    };
    (void)state;
    const off_t size = letter_size();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_error failure = {0};
        open_export(cases[i].events, false, rows, SIEM_DEADLETTER_ON_ERROR, 0);
        limit_files((rlim_t)(size * cases[i].room + size / 2));
        siem_code rc = siem_export_run(export_, registry, &failure);
        limit_files(RLIM_INFINITY);
        if (rc != SIEM_IO) fail_msg("%s: %s", siem_code_name(rc), failure.message);
        test_has(failure.message, LETTERS);
        assert_string_equal(delivered, cases[i].delivered);
        siem_counts counts = close_export();
        assert_int_equal(counts.last_id, cases[i].last_id);
        assert_int_equal(counts.refused, cases[i].refused);
        assert_int_equal(letters(), cases[i].refused);
    }
}

/* What the target says of records before that event is what ends the export. */
static void test_full_disk_and_target(void **state) {
    siem_error failure = {0};
    (void)state;
    const off_t size = letter_size();
    batch_bytes = 100; /* which an event without a record has */
    batch_events = 2;
    open_export("oxox", true, rows, SIEM_DEADLETTER_ON_ERROR, 0);
    batch_bytes = batch_events = 0;
    verdicts = "hh";
    limit_files((rlim_t)(size + size / 2));
    siem_code rc = siem_export_follow(export_, registry, &failure);
    limit_files(RLIM_INFINITY);
    if (rc != SIEM_HELD) fail_msg("%s: %s", siem_code_name(rc), failure.message);
    test_has(failure.message, "it is too old");
    siem_counts counts = close_export();
    assert_int_equal(counts.last_id, 0);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(letters(), 1);
}

/* ---- what is refused once ---- */

/* Where reading does not go back, ids may fall: each event counts. */
static void test_falling_ids(void **state) {
    (void)state;
    open_export("", false, rows, SIEM_DEADLETTER_ON_ERROR, 0);
    test_sql("join.db", "INSERT INTO events (token_id, kind, timestamp, file_id) VALUES "
                        "('t', 'dns', 9, NULL), ('t', 'dns', 8, 'f'), ('t', 'dns', 7, NULL)");
    assert_ok(siem_export_run(export_, registry, &err));
    assert_string_equal(delivered, "2 ");
    assert_int_equal(close_export().refused, 2);
    assert_int_equal(letters(), 2);
}

/* Events that are read again, as later ones failed, are not refused again. */
static void test_read_again(void **state) {
    (void)state;
    open_export("xoxo", true, rows, SIEM_DEADLETTER_ON_ERROR, 0);
    verdicts = "hh";
    assert_int_equal(turn(), SIEM_HELD);
    assert_int_equal(siem_export_counts(export_)->refused, 2);
    assert_int_equal(turn(), SIEM_HELD);
    verdicts = "";
    assert_int_equal(turn(), SIEM_OK);
    add_events("xo");
    assert_int_equal(turn(), SIEM_OK);
    assert_string_equal(delivered, "2 4 6 ");
    assert_int_equal(close_export().refused, 3);
    assert_int_equal(letters(), 3);
}

/* Of a record that is rejected, too: records of one event are refused one by one. */
static void test_rejected_again(void **state) {
    (void)state;
    open_export("ooo", true, pairs, SIEM_DEADLETTER_ON_ERROR, 0);
    verdicts = "drrhdd";
    assert_int_equal(turn(), SIEM_HELD);
    assert_int_equal(siem_export_counts(export_)->refused, 2);
    assert_int_equal(siem_export_counts(export_)->last_id, 1);
    verdicts = "rrdd"; /* from event 2 on */
    assert_int_equal(turn(), SIEM_OK);
    assert_string_equal(delivered, "1 3 3 3 3 ");
    test_has(siem_export_reason(export_, 0)->text, "function rejects it: it is too old");
    assert_int_equal(siem_export_reason(export_, 0)->count, 3);
    siem_counts counts = close_export();
    assert_int_equal(counts.refused, 3);
    assert_int_equal(counts.last_id, 3);
    assert_int_equal(letters(), 3);
}

/* What is rejected after a record that is not settled is sent again with it: it is refused then, by
 * this process or the next one. */
static void test_rejected_later(void **state) {
    (void)state;
    open_export("oooo", true, rows, SIEM_DEADLETTER_ON_ERROR, 0);
    verdicts = "rhrd";
    assert_int_equal(turn(), SIEM_HELD);
    assert_int_equal(siem_export_counts(export_)->refused, 1);
    assert_int_equal(letters(), 1);
    verdicts = "drd"; /* from event 2 on */
    assert_int_equal(turn(), SIEM_OK);
    assert_string_equal(delivered, "4 2 4 ");
    assert_int_equal(close_export().refused, 2);
    assert_int_equal(letters(), 2);
}

/* A format may refuse an event that it rendered before it was read again, as a table has changed:
 * it is refused, although a later one was before. */
static void test_refused_again(void **state) {
    (void)state;
    open_export("ooo", true, moods, SIEM_DEADLETTER_ON_ERROR, 0);
    refused = "2";
    verdicts = "h";
    assert_int_equal(turn(), SIEM_HELD);
    assert_int_equal(letters(), 1);
    refused = "12";
    assert_int_equal(turn(), SIEM_HELD);
    assert_int_equal(siem_export_counts(export_)->refused, 2);
    verdicts = "";
    assert_int_equal(turn(), SIEM_OK);
    assert_string_equal(delivered, "3 3 ");
    assert_int_equal(close_export().refused, 2);
    assert_int_equal(letters(), 2);
    refused = "";
}

/* An event of which a record was not taken is not done, also when it is the first one. */
static void test_half_an_event(void **state) {
    (void)state;
    open_export("oo", true, pairs, SIEM_SKIP_ON_ERROR, 0);
    verdicts = "dh";
    assert_int_equal(turn(), SIEM_HELD);
    assert_int_equal(siem_export_counts(export_)->last_id, 0);
    verdicts = "";
    assert_int_equal(turn(), SIEM_OK);
    test_has(delivered, "1 1 2 2 ");
    assert_int_equal(close_export().last_id, 2);
}

/* ---- a request ---- */

/* The registry is written to, and its log can be emptied. */
static void empty_log(void) {
    struct stat status;
    test_sql("join.db", "INSERT INTO notes VALUES (1); PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(stat(test_path("join.db-wal"), &status), 0);
    assert_int_equal(status.st_size, 0);
}

/* While a sink takes its time, the registry is nobody's: events are not read to their end. */
static void test_holds_nothing(void **state) {
    (void)state;
    batch_events = 1;
    open_export("", true, rows, SIEM_SKIP_ON_ERROR, 0);
    batch_events = 0;
    test_sql("join.db", "PRAGMA journal_mode = WAL; CREATE TABLE notes (x)");
    add_events("ooo");
    look = empty_log;
    siem_code rc = turn();
    look = NULL;
    assert_int_equal(rc, SIEM_OK);
    assert_string_equal(delivered, "1 2 3 ");
    (void)close_export();
}

/* ---- counts ---- */

static void test_cut(void **state) {
    (void)state;
    open_export("oxo", false, rows, SIEM_SKIP_ON_ERROR, 4);
    assert_ok(siem_export_run(export_, registry, &err));
    test_has(siem_export_reason(export_, 0)->text, "f");
    assert_null(siem_export_reason(export_, 1));
    siem_counts counts = close_export();
    assert_int_equal(counts.events, 3);
    assert_int_equal(counts.rendered, 2);
    assert_int_equal(counts.cut, 2);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(letters(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_disk),      cmocka_unit_test(test_full_disk_and_target),
        cmocka_unit_test(test_holds_nothing),  cmocka_unit_test(test_falling_ids),
        cmocka_unit_test(test_read_again),     cmocka_unit_test(test_rejected_again),
        cmocka_unit_test(test_rejected_later), cmocka_unit_test(test_refused_again),
        cmocka_unit_test(test_half_an_event),  cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests_name("join", tests, open_mappings, close_mappings);
}
