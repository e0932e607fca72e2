/* test_misuse_state.c: calls whose arguments are right and whose time or company is wrong. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static siem_registry *one, *two, *unfollowed;
static siem_mapping *mapping, *other_mapping;
static siem_event *event;
static siem_sink *sink;             /* a function */
static siem_checkpoint *checkpoint; /* of registry one, that mapping, and a function */
static siem_export *export_;        /* with it */
static siem_error *inner_error;     /* of a call within a call */

static siem_code take_all(void *context, const siem_batch *batch, siem_outcome *outcomes,
                          siem_error *err) {
    (void)context, (void)batch, (void)outcomes, (void)err;
    return SIEM_OK;
}

static siem_registry *open_registry(const char *name, bool follow) {
    siem_registry *registry;
    char id[8];
    (void)snprintf(id, sizeof id, "%.3s", name);
    siem_registry_options options = {.path = test_path(name), .registry_id = id, .follow = follow};
    assert_ok(siem_registry_open(&registry, &options, &err));
    return registry;
}

static siem_mapping *open_mapping(const char *name) {
    static const char *const from[] = {"event_id", NULL};
    siem_mapping *made;
    assert_ok(siem_mapping_open(&made, name, &err));
    assert_ok(siem_mapping_add(made, &(siem_row){"id", .from = from}, &err));
    assert_ok(siem_mapping_compile(made, &err));
    return made;
}

static siem_export *open_export(siem_export_options options) {
    siem_export *made;
    options.mapping = mapping;
    if (options.sink == NULL) options.sink = sink;
    assert_ok(siem_export_open(&made, &options, &err));
    return made;
}

static siem_sink *open_file(const char *path) {
    siem_sink *made;
    assert_ok(siem_sink_open_file(&made, path, false, &err));
    return made;
}

static void prepare(void) {
    static const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 9}}};
    one = open_registry("one.db", true);
    two = open_registry("two.db", true);
    unfollowed = open_registry("one.db", false);
    mapping = open_mapping("mapping");
    other_mapping = open_mapping("other");
    assert_ok(siem_event_open(&event, row, 1, "two", &err));
    assert_ok(siem_sink_open_function(&sink, take_all, NULL, NULL, &err));
    (void)unlink(test_path("checkpoint"));
    siem_checkpoint_options options = {
        .path = test_path("checkpoint"), .registry = one, .format = "mapping", .sink = "function"};
    assert_ok(siem_checkpoint_open(&checkpoint, &options, &err));
    export_ = open_export((siem_export_options){.checkpoint = checkpoint});
}

/* ---- checkpoints of others ---- */

static siem_code run_other(siem_error *err) {
    return siem_export_run(export_, two, err);
}

static siem_code follow_other(siem_error *err) {
    return siem_export_follow(export_, two, err);
}

static siem_code run_unfollowed(siem_error *err) {
    return siem_export_run(export_, unfollowed, err);
}

static siem_code follow_unfollowed(siem_error *err) {
    return siem_export_follow(open_export((siem_export_options){0}), unfollowed, err);
}

static siem_code consume_nothing(siem_error *err) {
    return siem_export_consume(export_, NULL, err);
}

static siem_code drain_nothing(siem_error *err) {
    return siem_export_drain(export_, NULL, err);
}

/* Nothing looks into it. */
static siem_code consume_with_checkpoint(siem_error *err) {
    return siem_export_consume(export_, (siem_source *)one, err);
}

static siem_code send_other(siem_error *err) {
    return siem_export_send(export_, event, err);
}

/* A copy has the same id and is another file. */
static siem_code run_copy(siem_error *err) {
    siem_registry *copy;
    siem_registry_options options = {
        .path = test_path("copy.db"), .registry_id = "one", .follow = true};
    assert_ok(siem_registry_open(&copy, &options, &err));
    return siem_export_run(export_, copy, err);
}

static siem_code open_with(siem_export_options options, siem_error *err) {
    siem_export *made;
    if (options.sink == NULL) options.sink = sink;
    if (options.mapping == NULL) options.mapping = mapping;
    options.checkpoint = checkpoint;
    return siem_export_open(&made, &options, err);
}

static siem_code open_other_format(siem_error *err) {
    return open_with((siem_export_options){.mapping = other_mapping}, err);
}

static siem_code open_other_sink(siem_error *err) {
    return open_with((siem_export_options){.sink = open_file(test_path("out.jsonl"))}, err);
}

static siem_code open_with_after(siem_error *err) {
    return open_with((siem_export_options){.after = 5}, err);
}

static siem_code run_after_unfollowed(siem_error *err) {
    return siem_export_run(open_export((siem_export_options){.after = 5}), unfollowed, err);
}

/* ---- files of the registry ---- */

static siem_code open_registry_file(siem_error *err) {
    siem_sink *made;
    return siem_sink_open_file(&made, test_path("one.db"), true, err);
}

static siem_code open_registry_link(siem_error *err) {
    siem_sink *made;
    return siem_sink_open_file(&made, test_path("hard"), true, err);
}

static siem_code open_registry_log(siem_error *err) {
    siem_sink *made;
    return siem_sink_open_file(&made, test_path("one.db-wal"), true, err);
}

static siem_code open_registry_dead(siem_error *err) {
    siem_deadletter *made;
    return siem_deadletter_open(&made, test_path("one.db"), err);
}

static siem_code open_registry_checkpoint(siem_error *err) {
    siem_checkpoint *made;
    siem_checkpoint_options options = {
        .path = test_path("one.db"), .registry = one, .format = "mapping", .sink = "function"};
    return siem_checkpoint_open(&made, &options, err);
}

static siem_code set_registry(siem_error *err) {
    return siem_checkpoint_set(test_path("one.db"), 5, err);
}

static siem_code blank_registry(siem_error *err) {
    return siem_deadletter_blank(test_path("one.db"), &(siem_deadletter_place){0, 16}, 1, err);
}

static siem_code reset_registry(siem_error *err) {
    return siem_checkpoint_reset(test_path("soft"), err);
}

/* The file becomes the registry after it was opened: only the export can tell. */
static siem_code run_onto_registry(siem_error *err) {
    siem_registry *late;
    (void)unlink(test_path("late.db"));
    siem_sink *file = open_file(test_path("late.db"));
    test_sql("late.db", TABLE "INSERT INTO events (token_id, kind, timestamp) VALUES ('', '', 1)");
    siem_registry_options options = {.path = test_path("late.db"), .registry_id = "late"};
    assert_ok(siem_registry_open(&late, &options, &err));
    return siem_export_run(open_export((siem_export_options){.sink = file}), late, err);
}

static siem_code run_onto_journal(siem_error *err) {
    siem_registry *late;
    test_sql("new.db", "DROP TABLE IF EXISTS events;");
    (void)unlink(test_path("new.db"));
    siem_sink *file = open_file(test_path("new.db-journal"));
    test_sql("new.db", TABLE "INSERT INTO events (token_id, kind, timestamp) VALUES ('', '', 1)");
    siem_registry_options options = {.path = test_path("new.db"), .registry_id = "late"};
    assert_ok(siem_registry_open(&late, &options, &err));
    siem_sink *again = open_file(test_path("out.jsonl"));
    assert_int_equal(rename(test_path("out.jsonl"), test_path("new.db-journal")), 0);
    (void)file;
    return siem_export_run(open_export((siem_export_options){.sink = again}), late, err);
}

/* ---- sinks ---- */

static siem_export *open_on_closed(void) {
    siem_export *made = open_export((siem_export_options){0});
    siem_export_close(export_);
    export_ = NULL;
    assert_ok(siem_sink_close(sink, &err));
    return made;
}

static siem_code send_to_closed(siem_error *err) {
    static siem_export *made;
    if (made == NULL) made = open_on_closed();
    return siem_export_send(made, event, err);
}

static siem_code run_to_closed(siem_error *err) {
    static siem_export *made;
    if (made == NULL) made = open_on_closed();
    return siem_export_run(made, one, err);
}

static siem_code finish_to_closed(siem_error *err) {
    static siem_export *made;
    if (made == NULL) made = open_on_closed();
    siem_code rc = siem_export_finish(made, err);
    if (err == NULL) siem_export_close(made);
    return rc;
}

static siem_code close_under_export(siem_error *err) {
    siem_export *made = open_export((siem_export_options){0});
    assert_ok(siem_export_send(made, event, &err));
    return siem_sink_close(sink, err);
}

static siem_sink *open_target(void) {
    siem_sink *target;
    const siem_option options[] = {{"url", "http://127.0.0.1:1"}, {"batch_events", "100"}};
    assert_ok(siem_sink_open(&target, "http", options, 2, &err));
    siem_export *made = open_export((siem_export_options){.sink = target});
    assert_ok(siem_export_send(made, event, &err)); /* it waits in the batch */
    return target;
}

static siem_code share_target(siem_error *err) {
    return siem_export_send(open_export((siem_export_options){.sink = open_target()}), event, err);
}

static siem_code ping_shared(siem_error *err) {
    return siem_sink_ping(open_target(), NULL, err);
}

static siem_code send_shared(siem_error *err) {
    siem_batch *batch;
    assert_ok(siem_batch_open(&batch, &err));
    return siem_sink_send(open_target(), batch, NULL, err);
}

/* ---- what was closed ---- */

static siem_code query_of_closed(siem_error *err) {
    static siem_query *query;
    if (query == NULL) {
        assert_ok(siem_query_open(&query, unfollowed, "SELECT 1", &err));
        siem_registry_close(unfollowed);
    }
    siem_code rc = siem_query_next(query, err);
    if (err != NULL) return rc;
    siem_query_reset(query);
    assert_int_equal(siem_query_size(query), 0);
    assert_int_equal(siem_query_set(query, 1, (siem_value){0}, NULL), SIEM_INVALID);
    siem_query_close(query);
    return rc;
}

/* ---- calls within calls ---- */

static siem_mapping *rendering;

static siem_code render_again(void *context, siem_event *seen, const siem_value *value,
                              siem_value *result, siem_error *err) {
    siem_batch *batch;
    (void)context, (void)value, (void)result;
    assert_ok(siem_batch_open(&batch, &err));
    siem_code rc = siem_batch_write(batch, rendering, seen, NULL, err);
    siem_batch_close(batch);
    return rc;
}

static siem_code render_within(siem_error *err) {
    siem_batch *batch;
    assert_ok(siem_mapping_open(&rendering, "mapping", &err));
    assert_ok(siem_mapping_add(rendering, &(siem_row){"x", .with = render_again}, &err));
    assert_ok(siem_mapping_compile(rendering, &err));
    assert_ok(siem_batch_open(&batch, &err));
    return siem_batch_write(batch, rendering, event, NULL, err);
}

typedef siem_code inner_call(siem_export *running, siem_error *err);

static siem_export *running;
static inner_call *inner;
static siem_code inner_code;

static bool call_within(void *context, const siem_counts *counts) {
    (void)context, (void)counts;
    inner_code = inner(running, inner_error);
    return false;
}

static siem_code call_inside(inner_call *call, siem_error *err) {
    siem_error ignored;
    inner = call;
    inner_error = err;
    inner_code = SIEM_OK;
    running = open_export((siem_export_options){.progress = call_within});
    (void)siem_export_run(running, unfollowed, &ignored);
    return inner_code;
}

static siem_code run_again(siem_export *e, siem_error *err) {
    return siem_export_run(e, unfollowed, err);
}

static siem_code close_all(siem_export *e, siem_error *err) {
    siem_export_close(e); /* nothing: it is running */
    return siem_sink_close(sink, err);
}

static siem_code send_beside(siem_export *e, siem_error *err) {
    siem_batch *batch;
    (void)e;
    assert_ok(siem_batch_open(&batch, &err));
    return siem_sink_send(sink, batch, NULL, err);
}

static siem_code run_within(siem_error *err) {
    return call_inside(run_again, err);
}

static siem_code close_within(siem_error *err) {
    return call_inside(close_all, err);
}

static siem_code send_within(siem_error *err) {
    return call_inside(send_beside, err);
}

#define M(run, word)                                                                               \
    { #run, run, word }

static const test_misuse misuses[] = {
    M(run_other, "siem_export_run: the checkpoint"),
    M(follow_other, "siem_export_follow: the checkpoint"),
    M(run_unfollowed, "follow = true"),
    M(consume_nothing, "source is NULL"),
    M(drain_nothing, "siem_export_drain: source is NULL"),
    M(consume_with_checkpoint, "siem_export_consume: a checkpoint"),
    M(follow_unfollowed, "siem_export_follow: the registry is not followed"),
    M(send_other, "belongs to the registry 'one', not to 'two'"),
    M(run_copy, "another file"),
    M(open_other_format, "belongs to the format 'mapping', not to 'other'"),
    M(open_other_sink, "belongs to the kind of sink 'function', not to 'file'"),
    M(open_with_after, "not both"),
    M(run_after_unfollowed, "after"),
    M(open_registry_file, "database"),
    M(open_registry_link, "database"),
    M(open_registry_log, "database"),
    M(open_registry_dead, "database"),
    M(open_registry_checkpoint, "database"),
    M(set_registry, "database"),
    M(blank_registry, "database"),
    M(reset_registry, "database"),
    M(run_onto_registry, "it is the registry"),
    M(run_onto_journal, "it is the registry"),
    M(send_to_closed, "was closed"),
    M(run_to_closed, "was closed"),
    M(finish_to_closed, "was closed"),
    M(close_under_export, "finish or close"),
    M(share_target, "another export has records"),
    M(ping_shared, "another export has records"),
    M(send_shared, "another export has records"),
    M(query_of_closed, "the registry of this query was closed"),
    M(render_within, "a function of this mapping renders through it"),
    M(run_within, "is running"),
    M(close_within, "finish or close"),
    M(send_within, "is running"),
};

static void test_misuses(void **state) {
    (void)state;
    test_all_misuses(misuses, sizeof misuses / sizeof *misuses, prepare);
    struct stat status;
    assert_int_equal(stat(test_path("one.db"), &status), 0);
    assert_true(status.st_size >= 4096);
}

/* Nothing of that moved the checkpoint, and its own registry still does. */
static void test_right_use(void **state) {
    (void)state;
    prepare();
    assert_int_equal(siem_export_run(export_, two, NULL), SIEM_INVALID);
    assert_int_equal(siem_export_send(export_, event, NULL), SIEM_INVALID);
    assert_int_equal(siem_checkpoint_last_id(checkpoint), 0);
    assert_ok(siem_export_run(export_, one, &err));
    assert_int_equal(siem_checkpoint_last_id(checkpoint), 3);
}

#define EVENTS                                                                                     \
    "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 5), ('t', 'dns', 6), "     \
    "('t', 'dns', 7);"

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_misuses),
                                       cmocka_unit_test(test_right_use)};
    test_sql("one.db", TABLE EVENTS);
    test_sql("two.db", TABLE EVENTS);
    test_sql("copy.db", TABLE EVENTS);
    assert_int_equal(link(test_path("one.db"), test_path("hard")), 0);
    assert_int_equal(symlink(test_path("one.db"), test_path("soft")), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
