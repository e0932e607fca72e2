/* test_threads.c: two exports at once, each with its own registry, format and Lua state. */
#include "testing.h"

#include <pthread.h>
#include <string.h>

static siem_code count_records(void *context, const siem_batch *batch, siem_outcome *outcomes,
                               siem_error *err) {
    (void)outcomes, (void)err;
    *(size_t *)context += siem_batch_size(batch);
    return SIEM_OK;
}

typedef struct job {
    const char *format, *path;
    size_t records;
    siem_error err;
} job;

static siem_code run_export(job *j, siem_format *format, siem_registry *registry) {
    siem_sink *sink;
    siem_export *export_;
    siem_code rc = siem_sink_open_function(&sink, count_records, NULL, &j->records, &j->err);
    if (rc != SIEM_OK) return rc;
    siem_export_options options = {
        .mapping = siem_format_mapping(format), .sink = sink, .batch_bytes = 4096};
    rc = siem_export_open(&export_, &options, &j->err);
    if (rc == SIEM_OK) rc = siem_export_run(export_, registry, &j->err);
    siem_export_close(export_);
    (void)siem_sink_close(sink, NULL);
    return rc;
}

static void *run(void *context) {
    job *j = context;
    siem_format *format = NULL;
    siem_registry *registry = NULL;
    siem_registry_options options = {.path = j->path, .registry_id = "r"};
    siem_code rc = siem_format_open(&format, j->format, NULL, 0, &j->err);
    if (rc == SIEM_OK) rc = siem_registry_open(&registry, &options, &j->err);
    if (rc == SIEM_OK) rc = run_export(j, format, registry);
    siem_registry_close(registry);
    siem_format_close(format);
    return rc == SIEM_OK ? j : NULL;
}

static void test_two_exports(void **state) {
    pthread_t threads[2];
    void *result;
    (void)state;
    test_sql("threads.db",
             TABLE "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
                   "INSERT INTO events (token_id, kind, extra, timestamp) "
                   "SELECT 't', 'dns', '{\"a\": [1]}', i FROM n;");
    job jobs[2] = {{.format = "ecs", .path = test_path("threads.db")},
                   {.format = "splunk", .path = test_path("threads.db")}};
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, run, &jobs[i]);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &result);
        if (result == NULL) fail_msg("%s", jobs[i].err.message);
        assert_int_equal(jobs[i].records, 2000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_exports)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
