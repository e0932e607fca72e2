/* test_misuse.c: every function called carelessly: SIEM_INVALID with a message, never a crash.
 */
#include "testing.h"

#include <oversight/counters.h>

#include <math.h>
#include <string.h>

/* What is right of a call, but for the one thing that the case is about. */
static struct {
    siem_registry *registry, *followed;
    siem_event *event;
    siem_query *query;
    siem_mapping *mapping, *raw; /* compiled, and not */
    siem_batch *batch;           /* with one record */
    siem_sink *sink;
    siem_deadletter *deadletter;
} g;

static const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}}};
static const siem_row plain = {"id", .from = (const char *const[]){"event_id", NULL}};
static const siem_refusal refusal = {.reason = "no"};
static const siem_value text_value = {.type = SIEM_TEXT, .bytes = "x", .size = 1};

static siem_code take_all(void *context, const siem_batch *batch, siem_outcome *outcomes,
                          siem_error *err) {
    (void)context, (void)batch, (void)outcomes, (void)err;
    return SIEM_OK;
}

static siem_mapping *make_mapping(const siem_row *only, bool compile) {
    siem_mapping *mapping;
    assert_ok(siem_mapping_open(&mapping, "mapping", &err));
    assert_ok(siem_mapping_add(mapping, only, &err));
    if (compile) assert_ok(siem_mapping_compile(mapping, &err));
    return mapping;
}

static void prepare(void) {
    siem_registry_options options = {.path = test_path("one.db"), .registry_id = "one"};
    assert_ok(siem_registry_open(&g.registry, &options, &err));
    options.follow = true;
    assert_ok(siem_registry_open(&g.followed, &options, &err));
    assert_ok(siem_event_open(&g.event, row, 1, "one", &err));
    assert_ok(siem_query_open(&g.query, g.registry, "SELECT ?1", &err));
    g.mapping = make_mapping(&plain, true);
    g.raw = make_mapping(&plain, false);
    assert_ok(siem_batch_open(&g.batch, &err));
    assert_ok(siem_batch_write(g.batch, g.mapping, g.event, NULL, &err));
    assert_ok(siem_sink_open_function(&g.sink, take_all, NULL, NULL, &err));
    assert_ok(siem_deadletter_open(&g.deadletter, test_path("dead.jsonl"), &err));
}

/* ---- arguments ---- */

#define CASE(name, call)                                                                           \
    static siem_code name(siem_error *err) {                                                       \
        return call;                                                                               \
    }
#define OUT(type) (&(siem_##type *){NULL})

CASE(event_out, siem_event_open(NULL, row, 1, "r", err))
CASE(event_row, siem_event_open(OUT(event), NULL, 3, "r", err))
CASE(event_count, siem_event_open(OUT(event), row, (size_t)-1, "r", err))
CASE(event_id, siem_event_open(OUT(event), row, 1, NULL, err))
CASE(event_zeroed, siem_event_open(OUT(event), &(siem_column){0}, 1, "r", err))
CASE(event_copy_out, siem_event_copy(NULL, g.event, err))
CASE(event_copy_event, siem_event_copy(OUT(event), NULL, err))
CASE(iso_out, siem_iso8601(NULL, 0, err))
CASE(time_out, siem_time_read(NULL, "now", 0, err))
CASE(time_text, siem_time_read(&(int64_t){0}, NULL, 0, err))
CASE(time_other, siem_time_read(&(int64_t){0}, "soon", 0, err))
CASE(iso_nan, siem_iso8601((char[24]){0}, (double)NAN, err))
CASE(iso_infinite, siem_iso8601((char[24]){0}, (double)INFINITY, err))

#define OPEN_REGISTRY(...)                                                                         \
    siem_registry_open(OUT(registry), &(siem_registry_options){__VA_ARGS__}, err)
CASE(registry_out, siem_registry_open(NULL, &(siem_registry_options){0}, err))
CASE(registry_options, siem_registry_open(OUT(registry), NULL, err))
CASE(registry_zeroed, OPEN_REGISTRY(0))
CASE(registry_id, OPEN_REGISTRY(.path = test_path("one.db")))
CASE(registry_limit, OPEN_REGISTRY(.path = "p", .registry_id = "r", .has_limit = true, .limit = -1))
CASE(registry_busy, OPEN_REGISTRY(.path = "p", .registry_id = "r", .busy_timeout_ms = -1))
CASE(registry_kinds,
     OPEN_REGISTRY(.path = "p", .registry_id = "r", .kinds = (const char *const[]){NULL}))
CASE(next_registry, siem_registry_next(NULL, OUT(event), err))
CASE(next_event, siem_registry_next(g.registry, NULL, err))
CASE(wait_registry, siem_registry_wait(NULL, 1, err))
CASE(wait_unfollowed, siem_registry_wait(g.registry, 1, err))
CASE(wait_negative, siem_registry_wait(g.followed, -1, err))
CASE(lag_registry, siem_registry_lag(NULL, 1, &(siem_lag){0}, err))
CASE(lag_lag, siem_registry_lag(g.followed, 1, NULL, err))
CASE(lag_unfollowed, siem_registry_lag(g.registry, 1, &(siem_lag){0}, err))
CASE(ordering_registry, siem_registry_ordering(NULL, &(siem_ordering){0}, err))
CASE(ordering_ordering, siem_registry_ordering(g.registry, NULL, err))

CASE(query_out, siem_query_open(NULL, g.registry, "SELECT 1", err))
CASE(query_registry, siem_query_open(OUT(query), NULL, "SELECT 1", err))
CASE(query_sql, siem_query_open(OUT(query), g.registry, NULL, err))
CASE(query_set_query, siem_query_set(NULL, 1, text_value, err))
CASE(query_set_index, siem_query_set(g.query, -1, text_value, err))
CASE(query_set_type, siem_query_set(g.query, 1, (siem_value){.type = (siem_type)77}, err))
CASE(query_set_bytes, siem_query_set(g.query, 1, (siem_value){.type = SIEM_TEXT, .size = 5}, err))
CASE(query_next, siem_query_next(NULL, err))

CASE(mapping_out, siem_mapping_open(NULL, "m", err))
CASE(mapping_name, siem_mapping_open(OUT(mapping), NULL, err))
CASE(add_mapping, siem_mapping_add(NULL, &plain, err))
CASE(add_row, siem_mapping_add(g.raw, NULL, err))
CASE(add_zeroed, siem_mapping_add(g.raw, &(siem_row){0}, err))
CASE(add_late, siem_mapping_add(g.mapping, &(siem_row){"x", .value = "1"}, err))
CASE(function_mapping, siem_mapping_set_function(NULL, plain.with, NULL, err))
CASE(function_function, siem_mapping_set_function(g.raw, NULL, NULL, err))
CASE(filter_mapping, siem_mapping_set_filter(NULL, plain.with, NULL, err))
CASE(mask_mapping, siem_mapping_mask_dead_letter(NULL, err))
CASE(filter_filter, siem_mapping_set_filter(g.raw, NULL, NULL, err))
CASE(compile, siem_mapping_compile(NULL, err))
CASE(check_mapping, siem_mapping_check(NULL, g.registry, err))
CASE(check_registry, siem_mapping_check(g.mapping, NULL, err))

#define LOOKUP(pairs, size)                                                                        \
    siem_mapping_add(                                                                              \
        g.raw, &(siem_row){"x", .from = plain.from, .lookup = (pairs), .lookup_size = (size)},     \
        err)
CASE(lookup_zeroed, LOOKUP((&(siem_pair){0}), 1))
CASE(lookup_json, LOOKUP((&(siem_pair){.key = "k"}), 1))
CASE(lookup_null, LOOKUP(NULL, 3))
CASE(lookup_count, LOOKUP((&(siem_pair){"k", "1"}), (size_t)-1))
CASE(lookup_twice, LOOKUP(((siem_pair[]){{"twin", "1"}, {"twin", "2"}}), 2))
CASE(both_sources, siem_mapping_add(g.raw, &(siem_row){"x", .from = plain.from, .value = "1"}, err))

CASE(batch_out, siem_batch_open(NULL, err))
CASE(write_batch, siem_batch_write(NULL, g.mapping, g.event, NULL, err))
CASE(write_mapping, siem_batch_write(g.batch, NULL, g.event, NULL, err))
CASE(write_event, siem_batch_write(g.batch, g.mapping, NULL, NULL, err))
CASE(write_raw, siem_batch_write(g.batch, g.raw, g.event, NULL, err))
CASE(batch_add_batch, siem_batch_add(NULL, "{}", 2, "1", "r", 0, err))
CASE(batch_add_record, siem_batch_add(g.batch, NULL, 2, "1", "r", 0, err))
CASE(batch_add_empty, siem_batch_add(g.batch, NULL, 0, "1", "r", 0, err))
CASE(batch_add_size, siem_batch_add(g.batch, "{}", (size_t)-2, "1", "r", 0, err))
CASE(batch_add_event, siem_batch_add(g.batch, "{}", 2, NULL, "r", 0, err))
CASE(batch_add_registry, siem_batch_add(g.batch, "{}", 2, "1", NULL, 0, err))

#define OPEN_SINK(kind, ...)                                                                       \
    siem_sink_open(OUT(sink), kind, (siem_option[]){__VA_ARGS__},                                  \
                   sizeof((siem_option[]){__VA_ARGS__}) / sizeof(siem_option), err)
CASE(file_out, siem_sink_open_file(NULL, "f", false, err))
CASE(file_path, siem_sink_open_file(OUT(sink), NULL, true, err))
CASE(stdout_out, siem_sink_open_stdout(NULL, err))
CASE(send_out, siem_sink_open_function(NULL, take_all, NULL, NULL, err))
CASE(send_send, siem_sink_open_function(OUT(sink), NULL, NULL, NULL, err))
CASE(sink_out, siem_sink_open(NULL, "http", NULL, 0, err))
CASE(sink_kind, siem_sink_open(OUT(sink), NULL, NULL, 0, err))
CASE(sink_options, siem_sink_open(OUT(sink), "http", NULL, 2, err))
CASE(sink_count, siem_sink_open(OUT(sink), "http", (siem_option[]){{"url", "u"}}, (size_t)-1, err))
CASE(sink_zeroed, OPEN_SINK("http", {0}))
CASE(sink_value, OPEN_SINK("http", {"url", NULL}))
CASE(sink_unknown, OPEN_SINK("http", {"url", "http://h"}, {"urll", "x"}))
CASE(sink_twice, OPEN_SINK("http", {"url", "http://h"}, {"url", "http://i"}))
CASE(sink_missing, OPEN_SINK("http", {"timeout", "5"}))
CASE(sink_send_sink, siem_sink_send(NULL, g.batch, NULL, err))
CASE(sink_send_batch, siem_sink_send(g.sink, NULL, NULL, err))
CASE(ping_sink, siem_sink_ping(NULL, NULL, err))
CASE(ping_local, siem_sink_ping(g.sink, (char[200]){0}, err))
CASE(count_sink, siem_sink_count(NULL, "r", (const char *[]){"1"}, 1, &(unsigned){0}, err))
CASE(count_id, siem_sink_count(g.sink, NULL, (const char *[]){"1"}, 1, &(unsigned){0}, err))
CASE(count_events, siem_sink_count(g.sink, "r", NULL, 1, &(unsigned){0}, err))
CASE(count_event, siem_sink_count(g.sink, "r", (const char *[]){NULL}, 1, &(unsigned){0}, err))
CASE(count_counts, siem_sink_count(g.sink, "r", (const char *[]){"1"}, 1, NULL, err))
CASE(count_many, siem_sink_count(g.sink, "r", (const char *[]){"1"}, 9999, &(unsigned){0}, err))
CASE(preview_sink, siem_sink_set_preview(NULL, NULL, NULL, err))
CASE(preview_preview, siem_sink_set_preview(g.sink, NULL, NULL, err))

CASE(dead_out, siem_deadletter_open(NULL, "d", err))
CASE(dead_path, siem_deadletter_open(OUT(deadletter), NULL, err))
CASE(dead_write_dead, siem_deadletter_write(NULL, g.event, &refusal, err))
CASE(dead_write_refusal, siem_deadletter_write(g.deadletter, g.event, NULL, err))
CASE(dead_zeroed, siem_deadletter_write(g.deadletter, g.event, &(siem_refusal){0}, err))
#define REFUSE(...)                                                                                \
    siem_deadletter_write(g.deadletter, NULL, &(siem_refusal){.reason = "r", __VA_ARGS__}, err)
CASE(dead_source, REFUSE(.source = "{\"a\":", .source_size = 5))
CASE(dead_source_empty, REFUSE(.source = "{}"))
CASE(dead_record, REFUSE(.record = "nope", .record_size = 4))
CASE(dead_append_dead, siem_deadletter_append(NULL, "{}", 2, err))
CASE(dead_append_line, siem_deadletter_append(g.deadletter, NULL, 2, err))
CASE(dead_copy_dead, siem_deadletter_copy(NULL, "f", (siem_deadletter_place){0, 1}, err))
CASE(dead_copy_path, siem_deadletter_copy(g.deadletter, NULL, (siem_deadletter_place){0, 1}, err))
CASE(dead_append_two, siem_deadletter_append(g.deadletter, "{}\n{}", 5, err))
CASE(dead_sync, siem_deadletter_sync(NULL, err))
CASE(blank_path, siem_deadletter_blank(NULL, NULL, 0, err))
CASE(blank_places, siem_deadletter_blank("d", NULL, 1, err))
CASE(blank_place, siem_deadletter_blank("d", &(siem_deadletter_place){-1, 5}, 1, err))
CASE(blank_size, siem_deadletter_blank("d", &(siem_deadletter_place){1, (size_t)-1}, 1, err))

#define OPEN_CHECKPOINT(...)                                                                       \
    siem_checkpoint_open(OUT(checkpoint), &(siem_checkpoint_options){__VA_ARGS__}, err)
CASE(cp_out, siem_checkpoint_open(NULL, &(siem_checkpoint_options){0}, err))
CASE(cp_options, siem_checkpoint_open(OUT(checkpoint), NULL, err))
CASE(cp_zeroed, OPEN_CHECKPOINT(0))
CASE(cp_registry, OPEN_CHECKPOINT(.path = "c", .registry = NULL, .format = "f", .sink = "file"))
CASE(cp_format,
     OPEN_CHECKPOINT(.path = "c", .registry = g.followed, .format = NULL, .sink = "file"))
CASE(cp_sink, OPEN_CHECKPOINT(.path = "c", .registry = g.followed, .format = "f", .sink = NULL))
CASE(cp_unfollowed,
     OPEN_CHECKPOINT(.path = "c", .registry = g.registry, .format = "f", .sink = "file"))
CASE(cp_read_json, siem_checkpoint_read(NULL, "c", err))
CASE(cp_read_path, siem_checkpoint_read(&(char *){NULL}, NULL, err))
CASE(cp_set_path, siem_checkpoint_set(NULL, 1, err))
CASE(cp_set_id, siem_checkpoint_set("c", -1, err))
CASE(cp_reset, siem_checkpoint_reset(NULL, err))

#define OPEN_EXPORT(...) siem_export_open(OUT(export), &(siem_export_options){__VA_ARGS__}, err)
CASE(export_out, siem_export_open(NULL, &(siem_export_options){0}, err))
CASE(export_options, siem_export_open(OUT(export), NULL, err))
CASE(export_zeroed, OPEN_EXPORT(0))
CASE(export_sink, OPEN_EXPORT(.mapping = g.mapping))
CASE(export_raw, OPEN_EXPORT(.mapping = g.raw, .sink = g.sink))
CASE(export_on_error, OPEN_EXPORT(g.mapping, g.sink, .on_error = (siem_on_error)9))
CASE(export_unverified, OPEN_EXPORT(g.mapping, g.sink, .on_unverified = (siem_on_unverified)9))
CASE(export_tlog, OPEN_EXPORT(g.mapping, g.sink, .on_unverified = SIEM_STOP_UNVERIFIED))
CASE(export_dead, OPEN_EXPORT(g.mapping, g.sink, .on_error = SIEM_DEADLETTER_ON_ERROR))
CASE(send_export, siem_export_send(NULL, g.event, err))
CASE(run_export, siem_export_run(NULL, g.registry, err))
CASE(follow_export, siem_export_follow(NULL, g.followed, err))
CASE(consume_export, siem_export_consume(NULL, (siem_source *)g.sink, err))
CASE(drain_export, siem_export_drain(NULL, (siem_source *)g.sink, err))
CASE(source_ask, siem_source_ask(NULL, err))
CASE(source_out, siem_source_open(NULL, "kafka", NULL, 0, err))
CASE(source_kind, siem_source_open(OUT(source), NULL, NULL, 0, err))
CASE(source_options, siem_source_open(OUT(source), "kafka", NULL, 2, err))
CASE(finish_export, siem_export_finish(NULL, err))

static const siem_sentinel_request signable = {
    .workspace_id = "w", .shared_key = "c2VjcmV0", .date = "d"};
CASE(sign_out, siem_sentinel_authorization(NULL, 200, &signable, err))
CASE(sign_capacity, siem_sentinel_authorization((char[9]){0}, 0, &signable, err))
CASE(sign_request, siem_sentinel_authorization((char[99]){0}, 99, NULL, err))
CASE(sign_zeroed, siem_sentinel_authorization((char[9]){0}, 9, &(siem_sentinel_request){0}, err))

CASE(format_out, siem_format_open(NULL, "ecs", NULL, 0, err))
CASE(format_name, siem_format_open(OUT(format), NULL, NULL, 0, err))
CASE(format_options, siem_format_open(OUT(format), "ecs", NULL, 1, err))
CASE(format_zeroed, siem_format_open(OUT(format), "ecs", &(siem_option){0}, 1, err))
CASE(format_host, siem_format_open_in(OUT(format), NULL, "ecs", NULL, 0, err))

/* ---- values ---- */

static siem_code open_value(siem_value value, siem_error *err) {
    return siem_event_open(OUT(event), &(siem_column){"site", value}, 1, "r", err);
}

CASE(value_type, open_value((siem_value){.type = (siem_type)77}, err))
CASE(value_text, open_value((siem_value){.type = SIEM_TEXT, .size = 9}, err))
CASE(value_size, open_value((siem_value){.type = SIEM_TEXT, {.bytes = "x"}, (size_t)-1}, err))
CASE(value_json, open_value((siem_value){.type = SIEM_JSON, {.bytes = "{oops"}, 5}, err))
CASE(value_no_json, open_value((siem_value){.type = SIEM_JSON}, err))

/* ---- functions of the caller ---- */

typedef struct giver {
    siem_code code;
    siem_value value;
} giver;

/* Fails without a word, or gives any value. */
static siem_code give(void *context, siem_event *event, const siem_value *value, siem_value *result,
                      siem_error *err) {
    const giver *what = context;
    (void)event, (void)value, (void)err;
    *result = what->value;
    return what->code;
}

static siem_code write_with(giver what, siem_error *err) {
    siem_mapping *mapping =
        make_mapping(&(siem_row){"x", .with = give, .with_context = &what}, true);
    return siem_batch_write(g.batch, mapping, g.event, NULL, err);
}

CASE(with_silent, write_with((giver){.code = SIEM_INVALID}, err))
CASE(with_end, write_with((giver){.code = SIEM_END}, err))
CASE(with_code, write_with((giver){.code = (siem_code)99}, err))
CASE(with_type, write_with((giver){.value = {.type = (siem_type)77}}, err))
CASE(with_text, write_with((giver){.value = {.type = SIEM_TEXT, .size = 3}}, err))
CASE(with_json, write_with((giver){.value = {.type = SIEM_JSON, .size = 3}}, err))

static siem_code filter_silent(siem_error *err) {
    giver what = {.code = SIEM_INVALID};
    siem_mapping *mapping = make_mapping(&plain, false);
    assert_ok(siem_mapping_set_filter(mapping, give, &what, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return siem_batch_write(g.batch, mapping, g.event, NULL, err);
}

static siem_code send_as_told(void *context, const siem_batch *batch, siem_outcome *outcomes,
                              siem_error *err) {
    (void)batch, (void)err;
    outcomes[0].verdict = *(const siem_verdict *)context;
    return outcomes[0].verdict == SIEM_UNDECIDED ? SIEM_INVALID : SIEM_OK;
}

static siem_code send_to(siem_verdict verdict, siem_error *err) {
    siem_sink *sink;
    assert_ok(siem_sink_open_function(&sink, send_as_told, NULL, &verdict, &err));
    return siem_sink_send(sink, g.batch, NULL, err);
}

CASE(send_silent, send_to(SIEM_UNDECIDED, err))
CASE(send_verdict, send_to((siem_verdict)42, err))

/* ---- the table ---- */

#define M(run, word)                                                                               \
    { #run, run, word }

static const test_misuse misuses[] = {
    M(event_out, "siem_event_open: out is NULL"),
    M(event_row, "row"),
    M(event_count, "negative"),
    M(event_id, "registry_id"),
    M(event_zeroed, "no name"),
    M(event_copy_out, "out"),
    M(event_copy_event, "siem_event_copy: event"),
    M(iso_out, "out"),
    M(time_out, "out"),
    M(time_text, "text"),
    M(time_other, "a time is"),
    M(iso_nan, "1 to 9999"),
    M(iso_infinite, "1 to 9999"),
    M(registry_out, "out"),
    M(registry_options, "options"),
    M(registry_zeroed, "path"),
    M(registry_id, "registry_id"),
    M(registry_limit, "limit"),
    M(registry_busy, "busy_timeout_ms"),
    M(registry_kinds, "kinds"),
    M(next_registry, "registry"),
    M(next_event, "event"),
    M(wait_registry, "siem_registry_wait: registry"),
    M(wait_unfollowed, "follow = true"),
    M(wait_negative, "milliseconds"),
    M(lag_registry, "registry"),
    M(lag_lag, "lag"),
    M(lag_unfollowed, "follow = true"),
    M(ordering_registry, "registry"),
    M(ordering_ordering, "ordering"),
    M(query_out, "out"),
    M(query_registry, "registry"),
    M(query_sql, "sql"),
    M(query_set_query, "query"),
    M(query_set_index, "parameter -1"),
    M(query_set_type, "siem_query_set: a value has the unknown"),
    M(query_set_bytes, "bytes is NULL"),
    M(query_next, "query"),
    M(mapping_out, "out"),
    M(mapping_name, "name"),
    M(add_mapping, "mapping"),
    M(add_row, "row"),
    M(add_zeroed, "destination"),
    M(add_late, "no further row can be added"),
    M(function_mapping, "mapping"),
    M(function_function, "whole"),
    M(filter_mapping, "mapping"),
    M(mask_mapping, "mapping"),
    M(filter_filter, "filter"),
    M(compile, "mapping"),
    M(check_mapping, "mapping"),
    M(check_registry, "registry"),
    M(lookup_zeroed, "no key"),
    M(lookup_json, "no json"),
    M(lookup_null, "lookup is NULL"),
    M(lookup_count, "negative"),
    M(lookup_twice, "twin"),
    M(both_sources, "from or value"),
    M(batch_out, "out"),
    M(write_batch, "batch"),
    M(write_mapping, "mapping"),
    M(write_event, "event"),
    M(write_raw, "siem_mapping_compile"),
    M(batch_add_batch, "batch"),
    M(batch_add_record, "record"),
    M(batch_add_empty, "JSON"),
    M(batch_add_size, "negative"),
    M(batch_add_event, "event_id"),
    M(batch_add_registry, "registry_id"),
    M(file_out, "out"),
    M(file_path, "path"),
    M(stdout_out, "out"),
    M(send_out, "out"),
    M(send_send, "send"),
    M(sink_out, "out"),
    M(sink_kind, "kind"),
    M(sink_options, "options"),
    M(sink_count, "negative"),
    M(sink_zeroed, "option 1 has no name"),
    M(sink_value, "'url' has no value"),
    M(sink_unknown, "'urll'"),
    M(sink_twice, "'url' comes twice"),
    M(sink_missing, "url is missing"),
    M(sink_send_sink, "siem_sink_send: sink"),
    M(sink_send_batch, "batch"),
    M(ping_sink, "sink"),
    M(ping_local, "no target"),
    M(count_sink, "sink"),
    M(count_id, "registry_id"),
    M(count_events, "event_ids"),
    M(count_event, "event id"),
    M(count_counts, "counts"),
    M(count_many, "2500"),
    M(preview_sink, "sink"),
    M(preview_preview, "preview"),
    M(dead_out, "out"),
    M(dead_path, "path"),
    M(dead_write_dead, "deadletter"),
    M(dead_write_refusal, "refusal"),
    M(dead_zeroed, "reason"),
    M(dead_source, "event is not JSON"),
    M(dead_source_empty, "event is not JSON"),
    M(dead_record, "record is not JSON"),
    M(dead_append_dead, "deadletter"),
    M(dead_append_line, "line"),
    M(dead_append_two, "one line"),
    M(dead_copy_dead, "deadletter"),
    M(dead_copy_path, "path"),
    M(dead_sync, "deadletter"),
    M(blank_path, "path"),
    M(blank_places, "places"),
    M(blank_place, "offset -1"),
    M(blank_size, "place 0"),
    M(cp_out, "out"),
    M(cp_options, "options"),
    M(cp_zeroed, "path"),
    M(cp_registry, "registry"),
    M(cp_format, "format"),
    M(cp_sink, "sink"),
    M(cp_unfollowed, "followed"),
    M(cp_read_json, "json"),
    M(cp_read_path, "path"),
    M(cp_set_path, "path"),
    M(cp_set_id, "last_id"),
    M(cp_reset, "path"),
    M(export_out, "out"),
    M(export_options, "options"),
    M(export_zeroed, "mapping"),
    M(export_sink, "sink"),
    M(export_raw, "siem_mapping_compile"),
    M(export_on_error, "on_error is 9"),
    M(export_unverified, "on_unverified is 9"),
    M(export_tlog, "tlog is NULL"),
    M(export_dead, "deadletter"),
    M(send_export, "export"),
    M(run_export, "export"),
    M(follow_export, "export"),
    M(consume_export, "export"),
    M(drain_export, "export"),
    M(source_ask, "source is NULL"),
    M(source_out, "out"),
    M(source_kind, "kind"),
    M(source_options, "options"),
    M(finish_export, "export"),
    M(sign_out, "out"),
    M(sign_capacity, "buffer"),
    M(sign_request, "request"),
    M(sign_zeroed, "workspace id"),
    M(format_out, "out"),
    M(format_name, "name"),
    M(format_options, "options"),
    M(format_zeroed, "option 1 has no name"),
    M(format_host, "host"),
    M(value_type, "column 'site': a value has the unknown type 77"),
    M(value_text, "bytes is NULL"),
    M(value_size, "negative"),
    M(value_json, "not JSON"),
    M(value_no_json, "not JSON"),
    M(with_silent, "mapping: x: the function 'with' failed without a message"),
    M(with_end, "the function 'with' returned 1"),
    M(with_code, "returned 99"),
    M(with_type, "unknown type 77"),
    M(with_text, "bytes is NULL"),
    M(with_json, "bytes is NULL"),
    M(filter_silent, "the function 'filter' failed without a message"),
    M(send_silent, "the function 'send' failed without a message"),
    M(send_verdict, "verdict 42"),
};

static void test_misuses(void **state) {
    (void)state;
    test_all_misuses(misuses, sizeof misuses / sizeof *misuses, prepare);
}

/* ---- what gives no code takes NULL for nothing ---- */

#define NOTHING(call)                                                                              \
    if (call) return #call

static const char *check_queries_of_nothing(void) {
    size_t size = 9;
    NOTHING(siem_event_weight(NULL) != 0);
    NOTHING(siem_event_size(NULL) != 0);
    NOTHING(siem_event_name(NULL, 0) != NULL);
    NOTHING(siem_event_at(NULL, 0).type != SIEM_NULL);
    NOTHING(siem_event_get(NULL, "x").type != SIEM_NULL);
    NOTHING(siem_action_of(NULL) != NULL);
    NOTHING(siem_registry_columns(NULL) != NULL);
    NOTHING(siem_registry_await(NULL, 1));
    NOTHING(siem_query_parameters(NULL) != 0);
    NOTHING(siem_query_size(NULL) != 0);
    NOTHING(siem_query_name(NULL, 0) != NULL);
    NOTHING(siem_query_at(NULL, 0).type != SIEM_NULL);
    NOTHING(siem_mapping_name(NULL) != NULL);
    NOTHING(siem_converter_name(NULL) != NULL);
    NOTHING(siem_converter_summary(NULL) != NULL);
    NOTHING(siem_converter_masks(NULL));
    NOTHING(siem_batch_size(NULL) != 0);
    NOTHING(siem_batch_bytes(NULL, &size)[0] != '\0' || size != 0);
    NOTHING(siem_batch_bytes(NULL, NULL)[0] != '\0');
    NOTHING(siem_batch_at(NULL, 0, NULL) != NULL);
    NOTHING(siem_batch_event_id(NULL, 0) != NULL);
    NOTHING(siem_sink_kind_name(NULL) != NULL);
    NOTHING(siem_sink_kind_summary(NULL) != NULL);
    NOTHING(siem_sink_kind_format(NULL) != NULL);
    NOTHING(siem_sink_kind_option(NULL, 0, &(siem_sink_option){0}));
    NOTHING(siem_sink_name(NULL) != NULL);
    NOTHING(siem_sink_target(NULL) != NULL);
    NOTHING(siem_sink_beginning(NULL) != NULL);
    NOTHING(siem_export_reason(NULL, 0) != NULL);
    NOTHING(siem_checkpoint_last_id(NULL) != 0);
    NOTHING(siem_export_counts(NULL) != NULL);
    NOTHING(siem_counter_value(0, NULL).type != SIEM_NULL);
    NOTHING(siem_format_mapping(NULL) != NULL);
    return NULL;
}

static const char *check_closing_nothing(void) {
    siem_registry_rewind(NULL);
    siem_registry_seek(NULL, 1);
    siem_registry_release(NULL);
    siem_query_reset(NULL);
    siem_batch_clear(NULL);
    siem_registry_set_go_on(NULL, NULL, NULL);
    siem_sink_set_go_on(NULL, NULL, NULL);
    siem_sink_set_notice(NULL, NULL, NULL);
    siem_event_close(NULL);
    siem_registry_close(NULL);
    siem_query_close(NULL);
    siem_mapping_close(NULL);
    siem_batch_close(NULL);
    siem_checkpoint_close(NULL);
    siem_export_close(NULL);
    siem_format_close(NULL);
    siem_source_close(NULL);
    NOTHING(siem_sink_close(NULL, NULL) != SIEM_OK);
    NOTHING(siem_deadletter_close(NULL, NULL) != SIEM_OK);
    return NULL;
}

static const char *check_beyond(void) {
    prepare();
    NOTHING(siem_source_partition(NULL, 0) != NULL);
    NOTHING(siem_event_get(g.event, NULL).type != SIEM_NULL);
    NOTHING(siem_event_at(g.event, (size_t)-1).type != SIEM_NULL);
    NOTHING(siem_query_name(g.query, SIZE_MAX / 2 + 1) != NULL);
    NOTHING(siem_query_at(g.query, SIZE_MAX / 2 + 1).type != SIEM_NULL);
    NOTHING(siem_batch_at(g.batch, 0, NULL) == NULL);
    NOTHING(siem_batch_at(g.batch, (size_t)-1, NULL) != NULL);
    NOTHING(siem_converter_at((size_t)-1) != NULL);
    NOTHING(siem_sink_kind_at((size_t)-1) != NULL);
    return NULL;
}

static void test_nothing(void **state) {
    (void)state;
    assert_true(test_in_child("queries", check_queries_of_nothing));
    assert_true(test_in_child("closing", check_closing_nothing));
    assert_true(test_in_child("beyond", check_beyond));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_misuses),
                                       cmocka_unit_test(test_nothing)};
    test_sql("one.db", TABLE "INSERT INTO events (id, token_id, kind, timestamp) "
                             "VALUES (1, 't', 'dns', 5);");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
