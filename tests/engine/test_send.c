/* test_send.c: a batch that is sent at once, and what becomes of each of its records. */
#include "base/error.h"
#include "sink/sink.h"
#include "testing.h"

#include <string.h>

#define LONG "{\"a\":\"0123456789\"}"

static char taken[256]; /* records, each with a line end */
static size_t calls;

/* Rejects each record with "bad" in it; fails on one with "end". */
static siem_code take(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *err) {
    (void)context;
    calls++;
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        size_t size;
        const char *record = siem_batch_at(batch, i, &size);
        if (memmem(record, size, "end", 3) != NULL) {
            return siem_error_set(err, SIEM_IO, "it is over");
        }
        bool is_bad = memmem(record, size, "bad", 3) != NULL;
        outcomes[i].verdict = is_bad ? SIEM_REJECT : SIEM_DELIVERED;
        outcomes[i].http_status = is_bad ? 400 : 200;
        if (is_bad) outcomes[i].reason = "it is bad";
        if (!is_bad) (void)strcat(strncat(taken, record, size), "\n");
    }
    return SIEM_OK;
}

static siem_sink *open_sink(void) {
    siem_sink *sink;
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    taken[0] = '\0';
    calls = 0;
    return sink;
}

static siem_batch *make_batch(const char *const *records, size_t count) {
    siem_batch *batch;
    assert_ok(siem_batch_open(&batch, &err));
    for (size_t i = 0; i < count; i++) {
        char id[2] = {(char)('1' + i), '\0'};
        assert_ok(siem_batch_add(batch, records[i], strlen(records[i]), id, "reg", 0, &err));
    }
    return batch;
}

/* The target gets texts as long as it stores them; the caller's batch is not changed. */
static void test_cut(void **state) {
    const char *const records[] = {LONG, "{\"a\":1}"};
    size_t size;
    (void)state;
    siem_sink *sink = open_sink();
    siem_batch *batch = make_batch(records, 2);
    assert_ok(siem_sink_send(sink, batch, NULL, &err));
    assert_string_equal(taken, LONG "\n{\"a\":1}\n");
    taken[0] = '\0';
    sink->pace.field_bytes = 5;
    assert_ok(siem_sink_send(sink, batch, NULL, &err));
    assert_null(strstr(taken, "0123456789"));
    assert_non_null(strstr(taken, "\n{\"a\":1}\n"));
    assert_memory_equal(siem_batch_at(batch, 0, &size), LONG "\n", sizeof LONG);
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

/* Whatever stood in the outcomes, there is one for each record, also where one is rejected. */
static void test_outcomes(void **state) {
    const char *const records[] = {"{\"a\":1}", "{\"a\":\"bad\"}", "{\"a\":3}"};
    siem_outcome outcomes[4];
    siem_error failure = {0};
    (void)state;
    siem_sink *sink = open_sink();
    siem_batch *batch = make_batch(records, 3);
    memset(outcomes, 0x55, sizeof outcomes);
    assert_int_equal(siem_sink_send(sink, batch, outcomes, &failure), SIEM_REFUSED);
    test_has(failure.message, "event 2");
    test_has(failure.message, "it is bad");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(outcomes[i].verdict, i == 1 ? SIEM_REJECT : SIEM_DELIVERED);
        assert_int_equal(outcomes[i].http_status, i == 1 ? 400 : 200);
    }
    assert_string_equal(outcomes[1].reason, "it is bad");
    assert_int_equal(((unsigned char *)&outcomes[3])[0], 0x55);
    assert_int_equal(siem_sink_send(sink, batch, NULL, NULL), SIEM_REFUSED);
    assert_int_equal(sink->reason_count, 0); /* a reason lives until the next call */
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

static void test_failure(void **state) {
    const char *const records[] = {"{\"a\":1}", "{\"a\":\"end\"}"};
    siem_outcome outcomes[2];
    siem_error failure = {0};
    (void)state;
    siem_sink *sink = open_sink();
    siem_batch *batch = make_batch(records, 2);
    assert_int_equal(siem_sink_send(sink, batch, outcomes, &failure), SIEM_IO);
    test_has(failure.message, "it is over");
    siem_batch_close(batch);
    /* What comes after a request that fails was not sent. */
    const char *const three[] = {"{\"a\":\"end\"}", "{\"a\":2}", "{\"a\":3}"};
    siem_outcome all[3];
    batch = make_batch(three, 3);
    sink->pace.batch_events = 1;
    memset(all, 0x55, sizeof all);
    assert_int_equal(siem_sink_send(sink, batch, all, &failure), SIEM_IO);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all[i].verdict, SIEM_UNDECIDED);
        assert_null(all[i].reason);
    }
    siem_batch_close(batch);
    assert_ok(siem_batch_open(&batch, &err));
    calls = 0;
    assert_ok(siem_sink_send(sink, batch, outcomes, &err));
    assert_int_equal(calls, 0);
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
