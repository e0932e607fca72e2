/* test_export.c: what an export does on the way: its position, records that wait, and how it ends
 * while it reads; and events that come one by one. */
#include "base/clock.h"
#include "source/event.h"
#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EVENTS 640

/* The engine's clock in this program: time passes with the pages that were read. */
static double seconds;

double siem_clock(void) {
    return seconds;
}

static siem_mapping *mapping;
static siem_registry *registry;
static siem_sink *sink;
static siem_export *export_;
static char delivered[100]; /* "1 7 ", ids */

#define PAGE  64 /* events between two reports */
#define PAGES (EVENTS / PAGE)

/* What was reported first after each page of one run. */
static struct {
    bool is_known;
    siem_counts counts;
    char delivered[100];
} pages[PAGES + 1];
static uint64_t stops_at; /* events; 0: never */
static char notices[600];

static siem_code take(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *err) {
    (void)context, (void)outcomes, (void)err;
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        size_t size = strlen(delivered);
        (void)snprintf(delivered + size, sizeof delivered - size, "%s ",
                       siem_batch_event_id(batch, i));
    }
    return SIEM_OK;
}

static bool note(void *context, const siem_counts *counts) {
    (void)context;
    size_t page = counts->events / PAGE;
    seconds = 1000 + 0.3 * (double)page;
    if (page <= PAGES && !pages[page].is_known) {
        pages[page].is_known = true;
        pages[page].counts = *counts;
        strcpy(pages[page].delivered, delivered);
    }
    return stops_at == 0 || counts->events < stops_at;
}

static void keep_notice(void *context, const char *text) {
    (void)context;
    size_t size = strlen(notices);
    (void)snprintf(notices + size, sizeof notices - size, "%s\n", text);
}

/* Drops all events but those with a file. */
static siem_code filter(void *context, siem_event *event, const siem_value *value,
                        siem_value *result, siem_error *err) {
    (void)context, (void)value, (void)err;
    *result = test_text(event->fields[SIEM_FILE_ID].type == SIEM_TEXT ? "true" : "false");
    result->type = SIEM_JSON;
    return SIEM_OK;
}

/* An event with a file and without a recipient is refused. */
static int open_mapping(void **state) {
    static const char *const id[] = {"event_id", NULL}, *const recipient[] = {"recipient_id", NULL};
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(
        siem_mapping_add(mapping, &(siem_row){"to", .from = recipient, .required = true}, &err));
    assert_ok(siem_mapping_set_filter(mapping, filter, NULL, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return 0;
}

static int close_mapping(void **state) {
    (void)state;
    siem_mapping_close(mapping);
    return 0;
}

/* Events that are dropped, but for what `change` makes of them. */
static void open_registry(const char *change, bool follow) {
    (void)unlink(test_path("r.db"));
    test_sql("r.db", TABLE
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 640) "
             "INSERT INTO events (id, token_id, kind, timestamp) SELECT i, 't', 'dns', i FROM n");
    test_sql("r.db", change);
    const siem_registry_options options = {
        .path = test_path("r.db"), .registry_id = "r", .follow = follow};
    assert_ok(siem_registry_open(&registry, &options, &err));
    memset(pages, 0, sizeof pages);
    stops_at = 0;
    delivered[0] = notices[0] = '\0';
    seconds = 1000;
}

static void open_export(siem_deadletter *deadletter) {
    const siem_export_options options = {.mapping = mapping,
                                         .sink = sink,
                                         .jobs = 1,
                                         .deadletter = deadletter,
                                         .on_error = deadletter != NULL ? SIEM_DEADLETTER_ON_ERROR
                                                                        : SIEM_STOP_ON_ERROR,
                                         .progress = note,
                                         .notice = keep_notice};
    assert_ok(siem_export_open(&export_, &options, &err));
}

static void open_all(const char *change, bool follow) {
    open_registry(change, follow);
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    open_export(NULL);
}

static void close_all(void) {
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
}

/* Events that are dropped are done as soon as they were read. */
static void test_dropped(void **state) {
    (void)state;
    open_all("", false);
    assert_ok(siem_export_run(export_, registry, &err));
    for (size_t i = 1; i <= PAGES; i++) {
        assert_int_equal(pages[i].counts.dropped, PAGE * i);
        assert_int_equal(pages[i].counts.last_id, PAGE * i);
    }
    close_all();
}

/* A record waits for others for a second, and no later event is done meanwhile. */
static void test_single_record(void **state) {
    (void)state;
    open_all("UPDATE events SET file_id = 'f', recipient_id = 'a' WHERE id IN (70, 500)", false);
    assert_ok(siem_export_run(export_, registry, &err));
    for (size_t i = 1; i <= 5; i++) {
        assert_int_equal(pages[i].counts.last_id, i < 5 ? PAGE : 5 * PAGE);
        assert_string_equal(pages[i].delivered, i < 5 ? "" : "70 ");
    }
    assert_string_equal(delivered, "70 500 ");
    close_all();
}

/* That a column is omitted is reported once, and not for each event. */
static void test_failing_column(void **state) {
    (void)state;
    open_all("UPDATE events SET extra = 'none' WHERE id = 5;"
             "ALTER TABLE events ADD COLUMN v AS (json_extract(extra, '$.v'))",
             false);
    assert_ok(siem_export_run(export_, registry, &err));
    assert_int_equal(siem_export_counts(export_)->dropped, EVENTS);
    assert_string_equal(notices, "column 'v' of the registry cannot be read, and is omitted: "
                                 "malformed JSON, in event 5\n");
    close_all();
}

/* It ends at once when it is asked to, in the middle of what is dropped. */
static void test_stopped(void **state) {
    siem_error failure;
    (void)state;
    open_all("", false);
    stops_at = 2 * PAGE;
    assert_int_equal(siem_export_run(export_, registry, &failure), SIEM_CANCELLED);
    assert_int_equal(siem_export_counts(export_)->events, 2 * PAGE);
    close_all();
}

/* A dead letter that cannot be written ends it before it reads on: the event is nowhere else. */
static void test_full_disk(void **state) {
    siem_deadletter *deadletter;
    siem_error failure;
    struct rlimit before, none;
    (void)state;
    open_registry("UPDATE events SET file_id = 'f' WHERE id = 5", false);
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    assert_ok(siem_deadletter_open(&deadletter, test_path("refused.jsonl"), &err));
    open_export(deadletter);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    siem_code rc = siem_export_run(export_, registry, &failure);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, SIEM_IO);
    test_has(failure.message, "refused.jsonl");
    assert_int_equal(siem_export_counts(export_)->events, PAGE);
    assert_true(siem_export_counts(export_)->last_id < 5);
    siem_export_close(export_);
    (void)siem_deadletter_close(deadletter, NULL);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
}

/* Without a recipient it is refused. */
static siem_code send_columns(int64_t id, bool has_recipient) {
    siem_event *event;
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = id}},
                               {"file_id", test_text("f")},
                               {"recipient_id", test_text("a")}};
    assert_ok(siem_event_open(&event, row, has_recipient ? 3 : 2, "r", &err));
    siem_code rc = siem_export_send(export_, event, NULL);
    siem_event_close(event);
    return rc;
}

static siem_code send(int64_t id) {
    return send_columns(id, true);
}

static void send_one(int64_t id) {
    assert_int_equal(send(id), SIEM_OK);
    assert_ok(siem_export_finish(export_, &err));
}

static void export_one(int64_t id) {
    char change[100];
    (void)snprintf(change, sizeof change,
                   "UPDATE events SET file_id = 'f', recipient_id = 'a' WHERE id = %d", (int)id);
    open_registry(change, false);
    assert_ok(siem_export_run(export_, registry, &err));
    siem_registry_close(registry);
}

/* When an export has written its events, another one may write to the file, although the sinks of
 * both are open. */
static void assert_file_of_two(void (*write)(int64_t id)) {
    siem_sink *sinks[2];
    siem_export *exports[2];
    (void)unlink(test_path("out.jsonl"));
    for (int i = 0; i < 2; i++) {
        assert_ok(siem_sink_open_file(&sink, test_path("out.jsonl"), false, &err));
        open_export(NULL);
        write(1 + i);
        sinks[i] = sink;
        exports[i] = export_;
    }
    for (int i = 0; i < 2; i++) {
        siem_export_close(exports[i]);
        assert_ok(siem_sink_close(sinks[i], &err));
    }
    char *text = test_read(test_path("out.jsonl"));
    assert_string_equal(text, "{\"id\":\"1\",\"to\":\"a\"}\n{\"id\":\"2\",\"to\":\"a\"}\n");
    free(text);
}

static void test_file_of_two(void **state) {
    (void)state;
    assert_file_of_two(send_one);
    assert_file_of_two(export_one);
}

/* A registry that cannot be begun has no part in what was sent before. */
static void test_not_begun(void **state) {
    static const char *const id[] = {"event_id", NULL}, *const column[] = {"of_a_site", NULL};
    siem_mapping *own = mapping;
    siem_event *event;
    siem_error failure;
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 9}},
                               {"of_a_site", test_text("x")}};
    (void)state;
    assert_ok(siem_mapping_open(&mapping, "site", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"x", .from = column}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    open_all("", false);
    assert_ok(siem_event_open(&event, row, 2, "r", &err));
    assert_ok(siem_export_send(export_, event, &err));
    assert_int_equal(siem_export_run(export_, registry, &failure), SIEM_NOT_FOUND);
    test_has(failure.message, "of_a_site");
    assert_string_equal(delivered, "");
    assert_ok(siem_export_finish(export_, &err));
    assert_string_equal(delivered, "9 ");
    siem_event_close(event);
    close_all();
    siem_mapping_close(mapping);
    mapping = own;
}

/* Where nothing is read again after a failure, an event that comes twice is refused twice. */
static void test_refused_twice(void **state) {
    siem_deadletter *deadletter;
    (void)state;
    open_registry("UPDATE events SET file_id = 'f' WHERE id = 5", false);
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    assert_ok(siem_deadletter_open(&deadletter, test_path("twice.jsonl"), &err));
    open_export(deadletter);
    for (uint64_t i = 0; i < 2; i++) {
        assert_int_equal(send_columns(5, false), SIEM_OK);
        assert_ok(siem_export_finish(export_, &err));
        assert_int_equal(siem_export_counts(export_)->refused, 2 * i + 1);
        assert_ok(siem_export_run(export_, registry, &err));
        assert_int_equal(siem_export_counts(export_)->refused, 2 * i + 2);
    }
    siem_export_close(export_);
    assert_ok(siem_deadletter_close(deadletter, &err));
    char *text = test_read(test_path("twice.jsonl"));
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at++) lines += *at == '\n';
    assert_int_equal(lines, 4);
    free(text);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
}

/* The output is the registry if its file was made one after it was opened, or if that has its name
 * by now. */
static void assert_own_registry(bool is_open, bool is_named) {
    siem_error failure;
    (void)unlink(test_path("own.jsonl"));
    (void)unlink(test_path("made.db"));
    assert_ok(siem_sink_open_file(&sink, test_path("own.jsonl"), false, &err));
    if (is_open) assert_int_equal(link(test_path("own.jsonl"), test_path("made.db")), 0);
    test_sql("made.db", TABLE);
    assert_int_equal(unlink(test_path("own.jsonl")), 0);
    const char *named = is_named ? "made.db" : "other";
    assert_int_equal(link(test_path(named), test_path("own.jsonl")), 0);
    const siem_registry_options options = {.path = test_path("made.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &options, &err));
    open_export(NULL);
    siem_code rc = siem_export_run(export_, registry, &failure);
    assert_int_equal(rc, is_open || is_named ? SIEM_INVALID : SIEM_OK);
    if (rc != SIEM_OK) test_has(failure.message, "own.jsonl: it is the registry");
    close_all();
}

static void test_own_registry(void **state) {
    FILE *other = fopen(test_path("other"), "w");
    (void)state;
    assert_non_null(other);
    assert_int_equal(fclose(other), 0);
    assert_own_registry(true, true);
    assert_own_registry(true, false);
    assert_own_registry(false, true);
    assert_own_registry(false, false);
}

/* What was sent and is not finished ends where a registry is followed from its position on. */
static void test_unfinished(void **state) {
    (void)state;
    open_all("UPDATE events SET file_id = 'f', recipient_id = 'a' WHERE id = 3", true);
    assert_int_equal(send(1), SIEM_OK);
    assert_ok(siem_export_run(export_, registry, &err));
    assert_string_equal(delivered, "3 ");
    close_all();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dropped),        cmocka_unit_test(test_single_record),
        cmocka_unit_test(test_failing_column), cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_full_disk),      cmocka_unit_test(test_file_of_two),
        cmocka_unit_test(test_unfinished),     cmocka_unit_test(test_not_begun),
        cmocka_unit_test(test_refused_twice),  cmocka_unit_test(test_own_registry),
    };
    return cmocka_run_group_tests_name("export", tests, open_mapping, close_mapping);
}
