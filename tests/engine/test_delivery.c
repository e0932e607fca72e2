/* test_delivery.c: outcomes by record, retries and their end, options of sinks. */
#include "sink/sink.h"
#include "testing.h"

#include <string.h>

/* ---- a sink that answers as it is told ---- */

typedef struct script {
    siem_verdict verdicts[4][4]; /* of each call, of each of its records */
    size_t calls, sizes[4];
    char ids[4][16]; /* the first event of each call */
} script;

static siem_code play(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *err) {
    script *s = context;
    (void)err;
    size_t call = s->calls++ % 4;
    s->sizes[call] = siem_batch_size(batch);
    strcpy(s->ids[call], siem_batch_event_id(batch, 0));
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        outcomes[i].verdict = s->verdicts[call][i];
    }
    return SIEM_OK;
}

static siem_sink *open_script(script *s) {
    siem_sink *sink;
    assert_ok(siem_sink_open_function(&sink, play, NULL, s, &err));
    sink->pace.patience.base = 0.0001;
    return sink;
}

static siem_batch *make_batch(size_t count) {
    siem_batch *batch;
    char id[8] = "1";
    assert_ok(siem_batch_open(&batch, &err));
    for (size_t i = 0; i < count; i++, id[0]++) {
        assert_ok(siem_batch_add(batch, "{\"a\": 1}", 8, id, "r", 0, &err));
    }
    return batch;
}

static void test_outcomes(void **state) {
    script s = {.verdicts = {{SIEM_DELIVERED, SIEM_RETRY, SIEM_DELIVERED, SIEM_RETRY},
                             {SIEM_RETRY, SIEM_DELIVERED},
                             {SIEM_DELIVERED}}};
    siem_outcome outcomes[4];
    (void)state;
    siem_sink *sink = open_script(&s);
    siem_batch *batch = make_batch(4);
    assert_ok(siem_sink_send(sink, batch, outcomes, &err));
    assert_int_equal(s.calls, 3);
    assert_int_equal(s.sizes[1], 2); /* only what was not taken is sent again */
    assert_string_equal(s.ids[1], "2");
    assert_int_equal(s.sizes[2], 1);
    assert_string_equal(s.ids[2], "2");
    for (int i = 0; i < 4; i++) assert_int_equal(outcomes[i].verdict, SIEM_DELIVERED);
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

static siem_code reject_second(void *context, const siem_batch *batch, siem_outcome *outcomes,
                               siem_error *err) {
    static char reason[16]; /* the engine copies it: it changes after the call */
    (void)context, (void)batch, (void)err;
    strcpy(reason, "too old");
    outcomes[1].verdict = SIEM_REJECT;
    outcomes[1].reason = reason;
    outcomes[1].http_status = 422;
    return SIEM_OK;
}

static void test_reject(void **state) {
    siem_outcome outcomes[3];
    siem_sink *sink;
    siem_error err;
    (void)state;
    assert_ok(siem_sink_open_function(&sink, reject_second, NULL, NULL, &err));
    siem_batch *batch = make_batch(3);
    assert_int_equal(siem_sink_send(sink, batch, outcomes, &err), SIEM_REFUSED);
    assert_string_equal(err.message, "event 2: too old");
    assert_int_equal(outcomes[0].verdict, SIEM_DELIVERED);
    assert_int_equal(outcomes[1].verdict, SIEM_REJECT);
    assert_string_equal(outcomes[1].reason, "too old");
    assert_int_equal(outcomes[1].http_status, 422);
    assert_int_equal(outcomes[2].verdict, SIEM_DELIVERED);
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

static void test_given_up(void **state) {
    script s = {.verdicts = {{SIEM_RETRY}, {SIEM_RETRY}, {SIEM_RETRY}, {SIEM_RETRY}}};
    siem_outcome outcomes[1];
    siem_error err;
    (void)state;
    siem_sink *sink = open_script(&s);
    sink->pace.patience.retries = 2;
    siem_batch *batch = make_batch(1);
    assert_int_equal(siem_sink_send(sink, batch, outcomes, &err), SIEM_UNAVAILABLE);
    assert_string_equal(err.message,
                        "function: given up after 3 attempt(s): the sink gave no reason");
    assert_int_equal(s.calls, 3);
    assert_int_equal(outcomes[0].verdict, SIEM_UNDECIDED);
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

/* What is decided beside a hold counts; what is not is told as undecided. */
static void test_hold(void **state) {
    script s = {.verdicts = {{SIEM_DELIVERED, SIEM_HOLD, SIEM_RETRY}}};
    siem_outcome outcomes[3];
    siem_error err;
    (void)state;
    siem_sink *sink = open_script(&s);
    siem_batch *batch = make_batch(3);
    assert_int_equal(siem_sink_send(sink, batch, outcomes, &err), SIEM_HELD);
    assert_int_equal(s.calls, 1);
    assert_int_equal(outcomes[0].verdict, SIEM_DELIVERED);
    assert_int_equal(outcomes[1].verdict, SIEM_UNDECIDED);
    assert_int_equal(outcomes[2].verdict, SIEM_UNDECIDED);
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

/* ---- options ---- */

static void refuse(const char *kind, const siem_option *options, size_t count,
                   const char *message) {
    siem_sink *sink;
    siem_error err = {0};
    siem_code rc = siem_sink_open(&sink, kind, options, count, &err);
    assert_int_not_equal(rc, SIEM_OK);
    assert_null(sink);
    if (strstr(err.message, message) == NULL) fail_msg("%s: %s", message, err.message);
    assert_null(strstr(err.message, "hunter2"));
}

#define REFUSE(kind, message, ...)                                                                 \
    do {                                                                                           \
        const siem_option given[] = {__VA_ARGS__};                                                 \
        refuse(kind, given, sizeof given / sizeof *given, message);                                \
    } while (0)

static void test_options(void **state) {
    (void)state;
    REFUSE("nowhere", "there is no kind of sink 'nowhere'", {"url", "http://h"});
    REFUSE("http", "url is missing", {"timeout", "1"});
    REFUSE("http", "there is no option 'colour'", {"url", "http://h"}, {"colour", "red"});
    REFUSE("http", "url begins with https:// or http://", {"url", "ftp://h"});
    REFUSE("http", "url begins with https:// or http://", {"url", "https:///path"});
    REFUSE("http", "url holds credentials", {"url", "https://me:hunter2@h/"});
    REFUSE("http", "url holds a space", {"url", "http://h/a\r\nX: hunter2"});
    REFUSE("http", "framing is array or ndjson", {"url", "http://h"}, {"framing", "xml"});
    REFUSE("http", "header is 'Name: value'", {"url", "http://h"}, {"header", "hunter2"});
    REFUSE("http", "holds a control character", {"url", "http://h"},
           {"header", "A: b\nC: hunter2"});
    REFUSE("http", "timeout is a number of seconds", {"url", "http://h"}, {"timeout", "soon"});
    REFUSE("http", "in_flight is a whole number from 1 to 64", {"url", "http://h"},
           {"in_flight", "65"});
    REFUSE("http", "compress is gzip, zstd or none", {"url", "http://h"}, {"compress", "br"});
    REFUSE("http", "compress_level goes with compress", {"url", "http://h"},
           {"compress_level", "1"});
    REFUSE("http", "compress_level is a whole number from 1 to 19", {"url", "http://h"},
           {"compress", "gzip"}, {"compress_level", "0"});
    REFUSE("http", "compress_level is 12 at most for gzip", {"url", "http://h"},
           {"compress", "gzip"}, {"compress_level", "13"});
    REFUSE("splunk", "this target takes no zstd", {"url", "http://h"}, {"token", "hunter2"},
           {"compress", "zstd"});
    REFUSE("http", "ca_file: cannot read /no/such", {"url", "http://h"}, {"ca_file", "/no/such"});
    REFUSE("splunk", "token is missing", {"url", "http://h"});
    REFUSE("splunk", "channel is a GUID", {"url", "http://h"}, {"token", "hunter2"},
           {"channel", "x"});
    REFUSE("splunk", "channel is a GUID", {"url", "http://h"}, {"token", "hunter2"},
           {"channel", "0123456789abcdef-0123-456789abcdef-0"});
    REFUSE("splunk", "token is empty", {"url", "http://h"}, {"token", ""});
    REFUSE("splunk", "token: it holds a line break", {"url", "http://h"}, {"token", "hunter2\nx"});
    REFUSE("elastic", "either api_key, or user", {"url", "http://h"}, {"api_key", "hunter2"},
           {"user", "u"});
    REFUSE("elastic", "user and password belong together", {"url", "http://h"}, {"user", "u"});
    REFUSE("elastic", "made of a-z", {"url", "http://h"}, {"index", "Upper"});
    REFUSE("elastic", "made of a-z", {"url", "http://h"}, {"index", "../_all"});
    REFUSE("elastic", "namespace holds no '-'", {"url", "http://h"}, {"namespace", "a-b"});
    REFUSE("sentinel", "takes no compressed bodies", {"workspace_id", "w"},
           {"shared_key", "aHVudGVyMg=="}, {"compress", "gzip"});
    REFUSE("sentinel", "cloud is public, us or cn", {"workspace_id", "w"},
           {"shared_key", "aHVudGVyMg=="}, {"cloud", "mars"});
    REFUSE("sentinel", "log_type is made of", {"workspace_id", "w"}, {"shared_key", "aHVudGVyMg=="},
           {"log_type", "a-b"});
    REFUSE("azure", "or managed_identity", {"endpoint", "http://h"}, {"rule_id", "dcr-1"},
           {"stream", "s"});
    REFUSE("azure", "stream is made of", {"endpoint", "http://h"}, {"rule_id", "dcr-1"},
           {"stream", "a/b"}, {"managed_identity", "true"});
    REFUSE("azure", "batch_bytes is a whole number from 1 to 1048576", {"endpoint", "http://h"},
           {"rule_id", "dcr-1"}, {"stream", "s"}, {"managed_identity", "true"},
           {"batch_bytes", "1048577"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes), cmocka_unit_test(test_reject),
        cmocka_unit_test(test_given_up), cmocka_unit_test(test_hold),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
