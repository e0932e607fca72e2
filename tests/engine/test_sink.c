/* test_sink.c: files beside log rotation, limits and full disks; dead letters; the export loop. */
#include "base/outage.h"
#include "testing.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static siem_mapping *mapping;

static int open_mapping(void **state) {
    static const char *const id[] = {"event_id", NULL};
    static const char *const file[] = {"file_id", NULL};
    (void)state;
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"file", .from = file, .required = true}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return 0;
}

static int close_mapping(void **state) {
    (void)state;
    siem_mapping_close(mapping);
    return 0;
}

static siem_event *make_event(int64_t id, const char *file) {
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = id}},
                               {"file_id", test_text(file)}};
    siem_event *event;
    assert_ok(siem_event_open(&event, row, 2, "r", &err));
    return event;
}

static siem_batch *make_batch(int64_t first, int64_t last) {
    siem_batch *batch;
    assert_ok(siem_batch_open(&batch, &err));
    for (int64_t id = first; id <= last; id++) {
        siem_event *event = make_event(id, "f");
        assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
        siem_event_close(event);
    }
    return batch;
}

static void assert_file(const char *path, const char *text) {
    char *read = test_read(path);
    assert_string_equal(read, text);
    free(read);
}

/* How many of the outcomes, none of which may be left from before, say that a record is in. */
static size_t delivered(const siem_outcome outcomes[9]) {
    size_t count = 0;
    for (size_t i = 0; i < 9; i++) count += outcomes[i].verdict == SIEM_DELIVERED;
    return count;
}

static void send(siem_sink *sink, int64_t first, int64_t last) {
    siem_outcome outcomes[9] = {{0}};
    siem_batch *batch = make_batch(first, last);
    assert_ok(siem_sink_send(sink, batch, outcomes, &err));
    assert_int_equal(delivered(outcomes), last - first + 1);
    siem_batch_close(batch);
}

static void test_append_and_truncate(void **state) {
    const char *path = test_path("append.jsonl");
    siem_sink *sink;
    struct stat status;
    (void)state;
    for (int64_t id = 1; id <= 2; id++) {
        assert_ok(siem_sink_open_file(&sink, path, false, &err));
        send(sink, id, id);
        assert_ok(siem_sink_close(sink, &err));
    }
    assert_file(path, "{\"id\":\"1\",\"file\":\"f\"}\n{\"id\":\"2\",\"file\":\"f\"}\n");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0137, 0); /* no more than 0640 */
    assert_ok(siem_sink_open_file(&sink, path, true, &err));
    send(sink, 3, 3);
    assert_ok(siem_sink_close(sink, &err));
    assert_file(path, "{\"id\":\"3\",\"file\":\"f\"}\n");
}

static void test_rotation(void **state) {
    const char *path = test_path("rotate.jsonl"), *old = test_path("rotate.jsonl.1");
    siem_sink *sink;
    (void)state;
    assert_ok(siem_sink_open_file(&sink, path, false, &err));
    send(sink, 1, 1);
    assert_int_equal(rename(path, old), 0);
    send(sink, 2, 2);
    assert_int_equal(unlink(path), 0);
    send(sink, 3, 3);
    assert_ok(siem_sink_close(sink, &err));
    assert_file(old, "{\"id\":\"1\",\"file\":\"f\"}\n");
    assert_file(path, "{\"id\":\"3\",\"file\":\"f\"}\n");
}

static void test_torn_file(void **state) {
    const char *path = test_path("torn.jsonl");
    siem_sink *sink;
    (void)state;
    FILE *file = fopen(path, "wb");
    fputs("{\"id\":", file);
    fclose(file);
    assert_ok(siem_sink_open_file(&sink, path, false, &err));
    send(sink, 1, 1);
    assert_ok(siem_sink_close(sink, &err));
    assert_file(path, "{\"id\":\n{\"id\":\"1\",\"file\":\"f\"}\n");
}

/* The line end that is due first cannot be written: the file stays known as torn. */
static void test_torn_file_without_room(void **state) {
    const char *path = test_path("torn2.jsonl");
    struct rlimit before, limit;
    siem_sink *sink;
    siem_error err;
    siem_outcome outcomes[9] = {{0}};
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    FILE *file = fopen(path, "wb");
    fputs("{\"id\":", file);
    fclose(file);
    siem_batch *batch = make_batch(1, 1);
    assert_ok(siem_sink_open_file(&sink, path, false, &err));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){6, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    siem_code rc = siem_sink_send(sink, batch, outcomes, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, SIEM_IO);
    assert_int_equal(delivered(outcomes), 0);
    assert_ok(siem_sink_send(sink, batch, outcomes, &err));
    assert_file(path, "{\"id\":\n{\"id\":\"1\",\"file\":\"f\"}\n");
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

/* A limit in the middle of a line: what is in are whole lines, and the count says how many. */
static void test_file_size_limit(void **state) {
    const char *path = test_path("limit.jsonl");
    const rlim_t line = 22, room = 3 * line + 5;
    struct rlimit before, limit;
    siem_sink *sink;
    siem_error err;
    siem_outcome outcomes[9] = {{0}};
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    siem_batch *batch = make_batch(1, 9);
    assert_ok(siem_sink_open_file(&sink, path, false, &err));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){room, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    siem_code rc = siem_sink_send(sink, batch, outcomes, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, SIEM_IO);
    assert_non_null(strstr(err.message, "limit.jsonl"));
    assert_int_equal(delivered(outcomes), 3);
    assert_file(path, "{\"id\":\"1\",\"file\":\"f\"}\n{\"id\":\"2\",\"file\":\"f\"}\n"
                      "{\"id\":\"3\",\"file\":\"f\"}\n");
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

static void test_full_disk(void **state) {
    siem_sink *sink;
    siem_error err;
    siem_outcome outcomes[9] = {{0}};
    (void)state;
    siem_batch *batch = make_batch(1, 2);
    assert_ok(siem_sink_open_file(&sink, "/dev/full", false, &err));
    assert_int_equal(siem_sink_send(sink, batch, outcomes, &err), SIEM_IO);
    assert_int_equal(delivered(outcomes), 0);
    assert_non_null(strstr(err.message, "No space left"));
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

static void test_missing_folder(void **state) {
    siem_sink *sink;
    siem_error err;
    (void)state;
    assert_int_equal(siem_sink_open_file(&sink, test_path("no/such/file"), false, &err),
                     SIEM_NOT_FOUND);
    assert_null(sink);
    assert_non_null(strstr(err.message, "no/such/file"));
}

/* ---- export ---- */

typedef struct receiver {
    size_t calls, records, fail_at; /* fail_at: the call that fails, 0 for none */
    int closed;
} receiver;

static siem_code receive(void *context, const siem_batch *batch, siem_outcome *outcomes,
                         siem_error *err) {
    receiver *r = context;
    (void)outcomes;
    if (++r->calls == r->fail_at) {
        err->code = SIEM_IO;
        strcpy(err->message, "the receiver is away");
        return SIEM_IO;
    }
    r->records += siem_batch_size(batch);
    return SIEM_OK;
}

static void count_close(void *context) {
    ((receiver *)context)->closed++;
}

static siem_sink *open_receiver(receiver *r) {
    siem_sink *sink;
    assert_ok(siem_sink_open_function(&sink, receive, count_close, r, &err));
    return sink;
}

static siem_registry *open_registry(void) {
    siem_registry *registry;
    siem_registry_options options = {.path = test_path("export.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &options, &err));
    return registry;
}

static void make_registry(void) {
    if (access(test_path("export.db"), F_OK) == 0) return;
    test_sql("export.db",
             TABLE "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
                   "INSERT INTO events (token_id, kind, file_id, timestamp) "
                   "SELECT 't', 'dns', CASE WHEN i = 50 THEN '' ELSE 'f' END, i FROM n;");
}

static void test_stop(void **state) {
    receiver r = {0};
    siem_export *export_;
    siem_error err;
    (void)state;
    make_registry();
    siem_sink *sink = open_receiver(&r);
    siem_registry *registry = open_registry();
    siem_export_options options = {.mapping = mapping, .sink = sink};
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_int_equal(siem_export_run(export_, registry, &err), SIEM_REFUSED);
    assert_non_null(strstr(err.message, "event 50: ids: file: "));
    assert_int_equal(r.records, 49); /* what was rendered before is delivered */
    assert_int_equal(siem_export_counts(export_)->exported, 49);
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
    assert_int_equal(r.closed, 1);
}

static bool stop_after_two(void *context, const siem_counts *counts) {
    (void)counts;
    return ++*(int *)context < 2;
}

static void test_skip_and_cancel(void **state) {
    receiver r = {0};
    int batches = 0;
    siem_export *export_;
    siem_error err;
    (void)state;
    make_registry();
    siem_sink *sink = open_receiver(&r);
    siem_registry *registry = open_registry();
    siem_export_options options = {
        .mapping = mapping, .sink = sink, .on_error = SIEM_SKIP_ON_ERROR, .batch_bytes = 100};
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_ok(siem_export_run(export_, registry, &err));
    assert_int_equal(r.records, 99);
    assert_true(r.calls > 10);
    assert_int_equal(siem_export_counts(export_)->refused, 1);
    siem_export_close(export_);
    siem_registry_close(registry);
    options.progress = stop_after_two;
    options.progress_context = &batches;
    registry = open_registry();
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_int_equal(siem_export_run(export_, registry, &err), SIEM_CANCELLED);
    assert_int_equal(batches, 2);
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
}

/* A sink that fails ends the export: what it did not take is not counted, and nothing follows. */
static void test_failing_sink(void **state) {
    receiver r = {.fail_at = 2};
    siem_export *export_;
    siem_error err;
    (void)state;
    siem_sink *sink = open_receiver(&r);
    siem_export_options options = {.mapping = mapping, .sink = sink, .batch_bytes = 1};
    assert_ok(siem_export_open(&export_, &options, &err));
    siem_event *event = make_event(1, "f");
    assert_ok(siem_export_send(export_, event, &err));
    assert_int_equal(siem_export_send(export_, event, &err), SIEM_IO);
    assert_int_equal(siem_export_counts(export_)->exported, 1);
    assert_int_equal(siem_export_send(export_, event, &err), SIEM_IO);
    assert_int_equal(siem_export_finish(export_, &err), SIEM_IO);
    assert_non_null(strstr(err.message, "the receiver is away"));
    assert_int_equal(siem_export_counts(export_)->exported, 1);
    assert_int_equal(r.records, 1);
    siem_event_close(event);
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
}

static void test_dead_letter(void **state) {
    const char *path = test_path("dead.jsonl");
    receiver r = {0};
    siem_export *export_;
    siem_deadletter *deadletter;
    struct stat status;
    (void)state;
    make_registry();
    assert_ok(siem_deadletter_open(&deadletter, path, &err));
    siem_sink *sink = open_receiver(&r);
    siem_registry *registry = open_registry();
    siem_export_options options = {.mapping = mapping,
                                   .sink = sink,
                                   .deadletter = deadletter,
                                   .on_error = SIEM_DEADLETTER_ON_ERROR};
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_ok(siem_export_run(export_, registry, &err));
    assert_int_equal(r.records, 99);
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_ok(siem_sink_close(sink, &err));
    assert_ok(siem_deadletter_close(deadletter, &err));
    char *line = test_read(path);
    assert_non_null(
        strstr(line, "\"event_id\":\"50\",\"format\":\"ids\",\"reason\":\"ids: file: "));
    assert_non_null(strstr(line, "\"event\":{\"event_id\":\"50\",\"event_kind\":\"dns\""));
    free(line);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_wrong_options(void **state) {
    siem_export *export_;
    siem_error err;
    (void)state;
    assert_int_equal(siem_export_open(&export_, &(siem_export_options){.mapping = mapping}, &err),
                     SIEM_INVALID);
    assert_null(export_);
}

/* As many as there may be, or none, for which no target is asked. */
static void test_counted(void **state) {
    static const char *ids[SIEM_MOST_COUNTED + 1];
    static unsigned counts[SIEM_MOST_COUNTED + 1];
    const siem_option options[] = {{"url", "http://127.0.0.1:1"}, {"retries", "0"}};
    siem_sink *sink;
    siem_error failure;
    (void)state;
    for (size_t i = 0; i <= SIEM_MOST_COUNTED; i++) ids[i] = "1";
    assert_ok(siem_sink_open(&sink, "elastic", options, 2, &err));
    assert_ok(siem_sink_count(sink, "r", NULL, 0, NULL, &err));
    assert_int_equal(siem_sink_count(sink, "r", ids, 1, counts, &failure), SIEM_UNAVAILABLE);
    assert_int_equal(siem_sink_count(sink, "r", ids, SIEM_MOST_COUNTED, counts, &failure),
                     SIEM_UNAVAILABLE);
    assert_int_equal(siem_sink_count(sink, "r", ids, SIEM_MOST_COUNTED + 1, counts, &failure),
                     SIEM_INVALID);
    assert_ok(siem_sink_close(sink, &err));
    assert_ok(siem_sink_open(&sink, "http", options, 2, &err));
    assert_int_equal(siem_sink_count(sink, "r", ids, 1, counts, &failure), SIEM_INVALID);
    assert_string_equal(failure.message, "a sink of kind http cannot count events");
    assert_ok(siem_sink_close(sink, &err));
}

/* What waits in a batch is more than the one before it held, and is never sent. */
static void test_closed_while_filling(void **state) {
    siem_export *export_;
    siem_sink *sink;
    (void)state;
    assert_ok(siem_sink_open_file(&sink, test_path("filling.jsonl"), false, &err));
    const siem_export_options options = {.mapping = mapping, .sink = sink};
    assert_ok(siem_export_open(&export_, &options, &err));
    for (int64_t id = 1; id <= 2000; id++) {
        siem_event *event = make_event(id, "f");
        assert_ok(siem_export_send(export_, event, &err));
        if (id == 1) assert_ok(siem_export_finish(export_, &err));
        siem_event_close(event);
    }
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    assert_file(test_path("filling.jsonl"), "{\"id\":\"1\",\"file\":\"f\"}\n");
}

/* ---- remarks ---- */

static void keep_notice(void *context, const char *text) {
    (void)snprintf(context, SIEM_REPORT_SIZE, "%s", text);
}

/* ---- standard output ---- */

static int output_flags; /* negative: it is closed */

static const char *open_output(void) {
    siem_sink *sink;
    siem_error err = {0};
    bool is_usable = output_flags == O_WRONLY || output_flags == O_RDWR;
    int fd = open("/dev/null", output_flags >= 0 ? output_flags : O_RDWR);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0) return "cannot open /dev/null";
    if (output_flags < 0) (void)close(STDOUT_FILENO);
    siem_code rc = siem_sink_open_stdout(&sink, &err);
    if (rc == SIEM_OK) rc = siem_sink_close(sink, &err);
    if (is_usable) return rc == SIEM_OK ? NULL : "it cannot be used";
    return rc == SIEM_IO && strstr(err.message, "open for reading only") != NULL ? NULL
                                                                                 : "it can be";
}

static void test_output(void **state) {
    static const int flags[] = {O_WRONLY, O_RDWR, O_RDONLY, O_PATH, -1};
    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        output_flags = flags[i];
        assert_true(test_in_child("standard output", open_output));
    }
}

/* Of how a sink is set up, once, before its first request. */
static void test_remarks(void **state) {
    static const siem_option options[] = {
        {"url", "http://0.0.0.0:1"}, {"token", "hunter2"}, {"insecure", "true"}};
    char notice[SIEM_REPORT_SIZE] = "";
    siem_error err;
    siem_sink *sink;
    (void)state;
    assert_ok(siem_sink_open(&sink, "splunk", options, 3, &err));
    siem_sink_set_notice(sink, keep_notice, notice);
    assert_int_equal(siem_sink_ping(sink, NULL, &err), SIEM_UNAVAILABLE);
    assert_string_equal(notice, "insecure: the server's certificate is not verified, so that "
                                "anyone on the way can pose as it: use ca_file; credentials go to "
                                "http://0.0.0.0:1 unencrypted: use https");
    notice[0] = '\0';
    assert_int_equal(siem_sink_ping(sink, NULL, &err), SIEM_UNAVAILABLE);
    assert_string_equal(notice, "");
    assert_ok(siem_sink_close(sink, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_while_filling),
        cmocka_unit_test(test_append_and_truncate),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_torn_file),
        cmocka_unit_test(test_torn_file_without_room),
        cmocka_unit_test(test_file_size_limit),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_missing_folder),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_skip_and_cancel),
        cmocka_unit_test(test_failing_sink),
        cmocka_unit_test(test_dead_letter),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_counted),
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_remarks),
    };
    return cmocka_run_group_tests(tests, open_mapping, close_mapping);
}
