/* test_memory.c: each allocation of the engine fails once, in turn: an error, no crash, and no leak
 * under a sanitizer. The linker puts the functions below in front of the C library's (--wrap). */
#include "sink/http/compression.h"
#include "sink/http/session.h"
#include "sink/sink.h"
#include "source/source.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long until_failure; /* allocations that succeed before one fails; negative: all do */
static bool has_failed;

static bool fails(void) {
    if (until_failure < 0 || until_failure-- > 0) return false;
    has_failed = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size) {
    return fails() ? NULL : __real_realloc(block, size);
}

char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size) {
    return fails() ? NULL : __real_strndup(text, size);
}

/* ---- what is done while an allocation fails ---- */

static char database[256], output[256], refused[256], position[256];

static siem_code open_mapping(siem_mapping **mapping, siem_error *err) {
    static const char *const id[] = {"event_id", NULL}, *const kind[] = {"event_kind", NULL},
                             *const name[] = {"extra.qname", "file_id", NULL},
                             *const time[] = {"occurred_unix", NULL},
                             *const token[] = {"token_id", NULL};
    static const siem_pair pairs[] = {{"dns", "\"name\""}, {"ocsp", "1"}};
    static const siem_row rows[] = {
        {.destination = "a.id", .from = id},
        {.destination = "a.b.kind",
         .from = kind,
         .lookup = pairs,
         .lookup_size = 2,
         .fallback_prefix = "x-"},
        {.destination = "c\\.d", .from = name, .as = "upper"},
        {.destination = "time", .from = time, .as = "rfc3339"},
        {.destination = "fixed", .value = "{\"x\":[1,2,{\"y\":null}]}"},
        {.destination = "must", .from = token, .required = true},
    };
    siem_code rc = siem_mapping_open(mapping, "test", err);
    for (size_t i = 0; rc == SIEM_OK && i < sizeof rows / sizeof *rows; i++) {
        rc = siem_mapping_add(*mapping, &rows[i], err);
    }
    return rc == SIEM_OK ? siem_mapping_compile(*mapping, err) : rc;
}

static siem_code open_registry(siem_registry **registry, bool follow, siem_error *err) {
    const siem_registry_options options = {
        .path = database, .registry_id = "reg", .follow = follow, .has_since = !follow, .since = 3};
    return siem_registry_open(registry, &options, err);
}

typedef struct parts {
    siem_registry *registry;
    siem_mapping *mapping;
    siem_sink *sink;
    siem_deadletter *deadletter;
    siem_checkpoint *checkpoint;
    siem_export *export_;
} parts;

static void close_parts(parts *p) {
    siem_error err;
    siem_export_close(p->export_);
    siem_checkpoint_close(p->checkpoint);
    (void)siem_deadletter_close(p->deadletter, &err);
    (void)siem_sink_close(p->sink, &err);
    siem_mapping_close(p->mapping);
    siem_registry_close(p->registry);
}

static siem_code run_export(parts *p, siem_error *err) {
    const siem_export_options options = {.mapping = p->mapping,
                                         .sink = p->sink,
                                         .checkpoint = p->checkpoint,
                                         .deadletter = p->deadletter,
                                         .on_error = SIEM_DEADLETTER_ON_ERROR,
                                         .batch_bytes = 300};
    siem_code rc = siem_export_open(&p->export_, &options, err);
    if (rc == SIEM_OK) rc = siem_export_run(p->export_, p->registry, err);
    return rc == SIEM_OK ? siem_export_finish(p->export_, err) : rc;
}

static siem_code export_to_file(siem_error *err) {
    parts p = {0};
    siem_code rc = open_registry(&p.registry, false, err);
    if (rc == SIEM_OK) rc = open_mapping(&p.mapping, err);
    if (rc == SIEM_OK) rc = siem_sink_open_file(&p.sink, output, true, err);
    if (rc == SIEM_OK) rc = siem_deadletter_open(&p.deadletter, refused, err);
    if (rc == SIEM_OK) rc = run_export(&p, err);
    close_parts(&p);
    return rc;
}

static siem_code export_from_checkpoint(siem_error *err) {
    parts p = {0};
    (void)unlink(position);
    (void)unlink(output);
    siem_code rc = open_registry(&p.registry, true, err);
    if (rc == SIEM_OK) rc = open_mapping(&p.mapping, err);
    if (rc == SIEM_OK) rc = siem_sink_open_file(&p.sink, output, false, err);
    if (rc == SIEM_OK) rc = siem_deadletter_open(&p.deadletter, refused, err);
    const siem_checkpoint_options options = {
        .path = position, .registry = p.registry, .format = "test", .sink = "file"};
    if (rc == SIEM_OK) rc = siem_checkpoint_open(&p.checkpoint, &options, err);
    if (rc == SIEM_OK) rc = run_export(&p, err);
    close_parts(&p);
    return rc;
}

static size_t shown; /* bytes of requests */

static void show(void *context, const char *text, size_t size) {
    (void)context, (void)text;
    shown += size;
}

/* Requests are written, and not sent. */
static siem_code preview(const char *kind, const siem_option *options, size_t count,
                         siem_error *err) {
    parts p = {0};
    siem_code rc = open_registry(&p.registry, false, err);
    if (rc == SIEM_OK) rc = open_mapping(&p.mapping, err);
    if (rc == SIEM_OK) rc = siem_sink_open(&p.sink, kind, options, count, err);
    if (rc == SIEM_OK) rc = siem_sink_set_preview(p.sink, show, NULL, err);
    if (rc == SIEM_OK) rc = siem_deadletter_open(&p.deadletter, refused, err);
    if (rc == SIEM_OK) rc = run_export(&p, err);
    close_parts(&p);
    return rc;
}

/* Bodies are framed and compressed, and not sent. */
static siem_code prepare(const char *kind, const siem_option *options, size_t count,
                         siem_error *err) {
    siem_sink *sink = NULL;
    siem_batch *batch = NULL;
    siem_item items[20];
    siem_parcel parcel = {.items = items, .count = 20, .ticket = -1};
    siem_code rc = siem_sink_open(&sink, kind, options, count, err);
    if (rc == SIEM_OK) rc = siem_batch_open(&batch, err);
    for (size_t i = 0; rc == SIEM_OK && i < 20; i++) {
        items[i] = (siem_item){batch, i};
        rc = siem_batch_add(batch, "{\"a\":1}", 7, "1", "r", 0, err);
    }
    if (rc == SIEM_OK) rc = siem_sink_prepare(sink, &parcel, err);
    if (rc == SIEM_OK && (!parcel.is_prepared || parcel.body.size == 0)) rc = SIEM_INVALID;
    if (rc != SIEM_OK && parcel.body.count > 0) rc = SIEM_INVALID; /* nothing is left of it */
    siem_parcel_unprepare(&parcel);
    siem_batch_close(batch);
    (void)siem_sink_close(sink, NULL);
    return rc;
}

static siem_code prepare_elastic(siem_error *err) {
    static const siem_option options[] = {{"url", "http://127.0.0.1:1"}, {"compress", "gzip"}};
    return prepare("elastic", options, siem_compression_find("gzip")->open != NULL ? 2 : 1, err);
}

static siem_code prepare_http(siem_error *err) {
    static const siem_option options[] = {{"url", "http://127.0.0.1:1"}, {"compress", "zstd"}};
    return prepare("http", options, siem_compression_find("zstd")->open != NULL ? 2 : 1, err);
}

#define KEY "c2VjcmV0c2VjcmV0c2VjcmV0"

static siem_code preview_splunk(siem_error *err) {
    static const siem_option options[] = {{"url", "http://127.0.0.1:1/services/collector"},
                                          {"token", KEY},
                                          {"ack", "true"},
                                          {"index", "main"},
                                          {"batch_events", "2"}};
    return preview("splunk", options, 5, err);
}

static siem_code preview_elastic(siem_error *err) {
    static const siem_option options[] = {{"url", "http://127.0.0.1:1"},
                                          {"user", "u"},
                                          {"password", KEY},
                                          {"namespace", "n"},
                                          {"batch_events", "2"}};
    return preview("elastic", options, 5, err);
}

static siem_code preview_azure(siem_error *err) {
    static const siem_option options[] = {{"endpoint", "http://127.0.0.1:1"},
                                          {"rule_id", "dcr-0"},
                                          {"stream", "Custom-X"},
                                          {"tenant", "t"},
                                          {"client_id", "c"},
                                          {"client_secret", KEY}};
    return preview("azure", options, 6, err);
}

static siem_code preview_sentinel(siem_error *err) {
    static const siem_option options[] = {{"workspace_id", "w"}, {"shared_key", KEY}};
    return preview("sentinel", options, 2, err);
}

static siem_code preview_http(siem_error *err) {
    static const siem_option options[] = {
        {"url", "http://127.0.0.1:1/x?y"}, {"header", "X-Key: " KEY}, {"compress", "gzip"}};
    bool has_gzip = siem_compression_find("gzip")->open != NULL;
    return preview("http", options, has_gzip ? 3 : 2, err);
}

static siem_code preview_kafka(siem_error *err) {
    static const siem_option options[] = {{"brokers", "127.0.0.1:1"},
                                          {"topic", "t"},
                                          {"kafka_key", "event"},
                                          {"kafka", "client.id=site"},
                                          {"kafka", "sasl.password=" KEY}};
    return preview("kafka", options, 5, err);
}

/* A topic, and what another thread reads it with. */
static siem_code open_topic(siem_error *err) {
    static const siem_option options[] = {{"brokers", "127.0.0.1:1"},
                                          {"topic", "t"},
                                          {"group", "g"},
                                          {"kafka", "sasl.password=" KEY}};
    siem_source *source;
    void *reader;
    siem_code rc = siem_source_open(&source, "kafka", options, 4, err);
    if (rc != SIEM_OK) return rc;
    const siem_readers *readers = source->kind->readers;
    rc = readers->open(&reader, source->kind->origin(source), NULL, NULL, err);
    if (rc == SIEM_OK) readers->close(reader);
    siem_source_close(source);
    return rc;
}

/* An answer that counts one event of two. */
static siem_code count(siem_error *err) {
    static const char body[] =
        "{\"timed_out\":false,\"_shards\":{\"failed\":0},\"hits\":{\"hits\":["
        "{\"_id\":\"DyaIi6OuWbpAHEgGhDsyVrbFE5nA\"}]}}";
    static const siem_option options[] = {{"url", "http://127.0.0.1:1"}};
    unsigned counts[2] = {0, 0};
    const siem_count asked = {"r", (const char *const[]){"1", "12"}, 2, counts};
    siem_response response = {.status = 200, .retry_after = -1};
    siem_request request = {.method = NULL};
    siem_outcome outcome;
    siem_answer answer = siem_answer_begin(&outcome, 1);
    siem_sink *sink = NULL;
    siem_request_clear(&request);
    siem_code rc = siem_sink_open(&sink, "elastic", options, 1, err);
    if (rc == SIEM_OK) {
        const siem_protocol *protocol = ((siem_http_sink *)sink)->protocol;
        rc = protocol->write_count(sink, &asked, &request, err);
        siem_buffer_add(&response.body, body, sizeof body - 1);
        if (rc == SIEM_OK && !response.body.failed) {
            protocol->read_count(sink, &response, &asked, &answer);
            bool is_counted = counts[0] == 0 && counts[1] == 1;
            assert_int_equal(outcome.verdict, is_counted ? SIEM_DELIVERED : SIEM_RETRY);
        }
    }
    siem_answer_clear(&answer);
    siem_buffer_free(&response.body);
    siem_request_free(&request);
    (void)siem_sink_close(sink, NULL);
    return rc;
}

static siem_code query(siem_error *err) {
    siem_registry *registry = NULL;
    siem_query *query = NULL;
    siem_event *event, *copy = NULL;
    siem_ordering ordering;
    siem_code rc = open_registry(&registry, false, err);
    if (rc == SIEM_OK) rc = siem_registry_ordering(registry, &ordering, err);
    if (rc == SIEM_OK) rc = siem_registry_next(registry, &event, err);
    if (rc == SIEM_OK) rc = siem_event_copy(&copy, event, err);
    if (rc == SIEM_OK)
        rc =
            siem_query_open(&query, registry, "SELECT id, token_id FROM events WHERE id > ?1", err);
    if (rc == SIEM_OK)
        rc = siem_query_set(query, 1, (siem_value){.type = SIEM_INTEGER, .integer = 1}, err);
    if (rc == SIEM_OK) rc = siem_query_next(query, err);
    siem_query_close(query);
    siem_event_close(copy);
    siem_registry_close(registry);
    return rc;
}

/* ---- each allocation in turn ---- */

typedef siem_code (*scenario)(siem_error *err);

/* How many bytes the records in the file have. */
static int64_t output_size(void) {
    struct stat status;
    return stat(output, &status) == 0 ? status.st_size : -1;
}

static void fail_each(scenario run) {
    siem_error err = {0};
    shown = 0;
    siem_code rc = run(&err);
    const size_t all_shown = shown;
    const int64_t all_written = output_size();
    if (rc != SIEM_OK) fail_msg("%s", err.message);
    for (long n = 0;; n++) {
        err = (siem_error){0};
        until_failure = n;
        has_failed = false;
        shown = 0;
        rc = run(&err);
        until_failure = -1;
        if (rc == SIEM_OK) assert_int_equal(shown, all_shown);
        if (rc == SIEM_OK) assert_int_equal(output_size(), all_written);
        if (!has_failed) break;
        /* What can be done without goes on; everything else says so. */
        if (rc != SIEM_OK && rc != SIEM_NO_MEMORY) fail_msg("allocation %ld: %s", n, err.message);
        if (rc == SIEM_NO_MEMORY) assert_non_null(strstr(err.message, "out of memory"));
        assert_true(n < 20000);
    }
    assert_int_equal(rc, SIEM_OK);
}

#define TEST(name)                                                                                 \
    static void fail_##name(void **state) {                                                        \
        (void)state;                                                                               \
        fail_each(name);                                                                           \
    }
TEST(export_to_file)
TEST(export_from_checkpoint)
TEST(preview_splunk)
TEST(preview_elastic)
TEST(preview_azure)
TEST(preview_sentinel)
TEST(preview_http)
TEST(prepare_elastic)
TEST(prepare_http)
TEST(count)
TEST(query)

static bool has_kafka(void) {
    size_t i = 0;
    while (strcmp(siem_feature_at(i)->name, "kafka") != 0) i++;
    return siem_feature_at(i)->is_built;
}

static void fail_kafka(void **state) {
    (void)state;
    if (!has_kafka()) skip();
    fail_each(preview_kafka);
    fail_each(open_topic);
}

static int make_registry(void **state) {
    (void)state;
    test_sql("memory.db", "PRAGMA journal_mode = WAL;" TABLE
                          "INSERT INTO events (token_id, kind, timestamp, extra, file_id) VALUES "
                          "('t', 'dns', 5, '{\"qname\":\"a.b\",\"n\":[1,2.5,\"\\u00e9\"]}', 'f'),"
                          "('', 'ocsp', 4, NULL, NULL), ('caf\xc3\xa9', 'smtp', 9, 'no json', 'g'),"
                          "('t', 'dns', 7, '{}', x'ff00');");
    (void)snprintf(database, sizeof database, "%s", test_path("memory.db"));
    (void)snprintf(output, sizeof output, "%s", test_path("out.jsonl"));
    (void)snprintf(refused, sizeof refused, "%s", test_path("refused.jsonl"));
    (void)snprintf(position, sizeof position, "%s", test_path("position"));
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_export_to_file), cmocka_unit_test(fail_export_from_checkpoint),
        cmocka_unit_test(fail_preview_splunk), cmocka_unit_test(fail_preview_elastic),
        cmocka_unit_test(fail_preview_azure),  cmocka_unit_test(fail_preview_sentinel),
        cmocka_unit_test(fail_preview_http),   cmocka_unit_test(fail_prepare_elastic),
        cmocka_unit_test(fail_prepare_http),   cmocka_unit_test(fail_kafka),
        cmocka_unit_test(fail_count),          cmocka_unit_test(fail_query),
    };
    until_failure = -1;
    return cmocka_run_group_tests(tests, make_registry, NULL);
}
