/* test_custom.c: a collector that a caller describes. */
#include "record/batch.h"
#include "server.h"
#include "sink/http/custom.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static siem_sink *sink;
static siem_batch *batch;
static test_server *server;

static int make_records(void **state) {
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_add(batch, "{\"a\":1}", 7, "1", "r", 0, &err));
    assert_ok(siem_batch_add(batch, "{\"b\":2}", 7, "2", "r", 0, &err));
    return 0;
}

static int free_records(void **state) {
    (void)state;
    siem_batch_close(batch);
    return 0;
}

/* What a caller does, and how often it was asked. */
typedef struct caller {
    const char *header, *body; /* NULL: none */
    siem_verdict verdict;      /* SIEM_UNDECIDED: what the HTTP status says */
    bool fails_to_write, fails_to_read;
    int writes, reads, status;
} caller;

static siem_code go_wrong(siem_error *err) {
    *err = (siem_error){.code = SIEM_REFUSED, .message = "it is wrong"};
    return SIEM_REFUSED;
}

static siem_code write_request(void *context, const siem_batch *records, siem_request *request,
                               siem_error *err) {
    caller *of = context;
    of->writes++;
    if (of->fails_to_write) return go_wrong(err);
    assert_true(siem_batch_size(records) > 0);
    if (of->header != NULL) siem_request_add_header(request, false, "%s", of->header);
    if (of->body == NULL) return SIEM_OK;
    siem_buffer_add(&request->content, of->body, strlen(of->body));
    siem_request_use_content(request);
    return SIEM_OK;
}

static siem_code read_answer(void *context, const siem_response *response, siem_answer *answer,
                             siem_error *err) {
    caller *of = context;
    of->reads++;
    of->status = response->status;
    if (of->fails_to_read) return go_wrong(err);
    if (of->verdict != SIEM_UNDECIDED) siem_answer_all(answer, of->verdict, "it says so");
    return SIEM_OK;
}

static void open_custom(caller *of, const char *compress) {
    const siem_custom custom = {.context = of, .write = write_request, .read = read_answer};
    const siem_option options[] = {
        {"url", test_server_url(server, "/in")}, {"retries", "0"}, {"compress", compress}};
    assert_ok(siem_sink_open_custom(&sink, &custom, options, compress != NULL ? 3 : 2, &err));
}

static siem_code send_once(caller *of, siem_outcome outcomes[2], siem_error *failure) {
    open_custom(of, NULL);
    siem_code rc = siem_sink_send(sink, batch, outcomes, failure);
    assert_ok(siem_sink_close(sink, &err));
    return rc;
}

/* Without a body, the records go as an array. */
static void test_array(void **state) {
    siem_outcome outcomes[2];
    caller of = {.header = "X-Open: yes"};
    (void)state;
    server = test_server_open((const char *const[]){OK, NULL});
    assert_ok(send_once(&of, outcomes, &err));
    for (int i = 0; i < 2; i++) assert_int_equal(outcomes[i].verdict, SIEM_DELIVERED);
    assert_int_equal(of.writes, 1);
    assert_int_equal(of.status, 200);
    const char *sent = test_server_request(server, 0);
    test_has(sent, "POST /in HTTP/1.1\r\n");
    test_has(sent, "\r\nX-Open: yes\r\n");
    test_has(sent, "\r\nContent-Type: application/json\r\n");
    test_has(sent, "\r\n\r\n[{\"a\":1},{\"b\":2}]");
    test_server_close(server);
}

static void test_own_body(void **state) {
    siem_outcome outcomes[2];
    caller of = {.header = "content-TYPE: text/plain", .body = "a=1\nb=2\n"};
    (void)state;
    server = test_server_open((const char *const[]){OK, NULL});
    assert_ok(send_once(&of, outcomes, &err));
    of.header = NULL;
    assert_ok(send_once(&of, outcomes, &err));
    const char *sent = test_server_request(server, 0);
    test_has(sent, "\r\n\r\na=1\nb=2\n");
    test_has(sent, "\r\ncontent-TYPE: text/plain\r\n");
    assert_null(strstr(sent, "application/json"));
    assert_null(strstr(test_server_request(server, 1), "application/json"));
    test_server_close(server);
}

/* The more records a request has, the longer its answer may be. */
static void test_expected(void **state) {
    const siem_item items[] = {{batch, 0}, {batch, 1}};
    siem_request request = {.method = NULL};
    caller of = {.body = NULL};
    size_t expected[3] = {0};
    (void)state;
    server = test_server_open((const char *const[]){OK, NULL});
    open_custom(&of, NULL);
    for (size_t count = 1; count <= 2; count++) {
        siem_parcel parcel = {.items = items, .count = count, .ticket = -1};
        assert_ok(siem_session_write(sink, &parcel, &request, &err));
        expected[count] = request.answer_bytes;
        siem_parcel_unprepare(&parcel);
    }
    assert_true(expected[1] > SIEM_ANSWER_BYTES && expected[2] > expected[1]);
    siem_request_free(&request);
    assert_ok(siem_sink_close(sink, &err));
    test_server_close(server);
}

/* A caller that fails to read an answer has nothing delivered. */
static void test_answers(void **state) {
    siem_outcome outcomes[2];
    siem_error failure;
    caller rejects = {.verdict = SIEM_REJECT}, holds = {.verdict = SIEM_HOLD};
    caller fails = {.fails_to_read = true}, status = {.verdict = SIEM_UNDECIDED};
    (void)state;
    server = test_server_open((const char *const[]){
        OK, OK, OK, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "", NULL});
    assert_int_equal(send_once(&rejects, outcomes, &failure), SIEM_REFUSED);
    assert_int_equal(outcomes[1].verdict, SIEM_REJECT);
    assert_int_equal(send_once(&holds, outcomes, &failure), SIEM_HELD);
    test_has(failure.message, "it says so");
    assert_int_equal(send_once(&fails, outcomes, &failure), SIEM_HELD);
    test_has(failure.message, "it is wrong");
    assert_int_equal(fails.reads, 1);
    assert_int_equal(send_once(&status, outcomes, &failure), SIEM_HELD);
    assert_int_equal(status.status, 403);
    /* Without an answer there is nothing to read. */
    assert_int_equal(send_once(&status, outcomes, &failure), SIEM_UNAVAILABLE);
    assert_int_equal(status.reads, 1);
    test_server_close(server);
}

static void test_failing_caller(void **state) {
    siem_outcome outcomes[2];
    siem_error failure;
    caller of = {.fails_to_write = true};
    (void)state;
    server = test_server_open((const char *const[]){OK, NULL});
    assert_int_not_equal(send_once(&of, outcomes, &failure), SIEM_OK);
    assert_string_equal(failure.message, "custom: it is wrong");
    assert_int_equal(of.reads, 0);
    assert_int_equal(test_server_count(server), 0);
    test_server_close(server);
}

/* Requests that are smaller than the batch: the caller sees the records of each alone. */
static void test_parts(void **state) {
    siem_outcome outcomes[2];
    caller of = {.header = NULL};
    const siem_custom custom = {.context = &of, .write = write_request, .read = read_answer};
    (void)state;
    server = test_server_open((const char *const[]){OK, NULL});
    const siem_option options[] = {
        {"url", test_server_url(server, "/in")}, {"batch_bytes", "1"}, {"in_flight", "1"}};
    assert_ok(siem_sink_open_custom(&sink, &custom, options, 3, &err));
    assert_ok(siem_sink_send(sink, batch, outcomes, &err));
    assert_ok(siem_sink_close(sink, &err));
    assert_int_equal(of.writes, 2);
    test_has(test_server_request(server, 0), "\r\n\r\n[{\"a\":1}]");
    test_has(test_server_request(server, 1), "\r\n\r\n[{\"b\":2}]");
    test_server_close(server);
}

static char shown[1024];

static void show(void *context, const char *bytes, size_t size) {
    (void)context;
    (void)snprintf(shown, sizeof shown, "%.*s", (int)size, bytes);
}

/* The query of a URL may hold a credential; a type of content is none. */
static void test_preview(void **state) {
    siem_outcome outcomes[2];
    caller of = {.header = NULL};
    const siem_custom custom = {.context = &of, .write = write_request, .read = read_answer};
    const siem_option url = {"url", "http://127.0.0.1:1/in?key=s3cret"};
    (void)state;
    assert_ok(siem_sink_open_custom(&sink, &custom, &url, 1, &err));
    assert_ok(siem_sink_set_preview(sink, show, NULL, &err));
    assert_ok(siem_sink_send(sink, batch, outcomes, &err));
    assert_ok(siem_sink_close(sink, &err));
    test_has(shown, "POST http://127.0.0.1:1/in?key=****\n");
    test_has(shown, "Content-Type: application/json\n");
}

static bool has_feature(const char *name) {
    const siem_feature *at;
    for (size_t i = 0; (at = siem_feature_at(i)) != NULL; i++) {
        if (strcmp(at->name, name) == 0) return at->is_built;
    }
    return false;
}

static void test_options(void **state) {
    const siem_custom custom = {.write = write_request, .read = read_answer};
    siem_error failure;
    (void)state;
    server = test_server_open((const char *const[]){OK, NULL});
    const siem_option wrong[][2] = {{{"retries", "0"}, {"batch_bytes", "1"}},
                                    {{"url", "nothing"}, {"batch_bytes", "1"}},
                                    {{"url", "http://h"}, {"batch_bytes", "0"}},
                                    {{"url", "http://h"}, {"of_another", "1"}}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(siem_sink_open_custom(&sink, &custom, wrong[i], 2, &failure),
                         SIEM_INVALID);
        assert_null(sink);
    }
    caller of = {.header = NULL};
    static const char *const ways[] = {"gzip", "zstd"};
    for (size_t i = 0; i < 2; i++) {
        siem_outcome outcomes[2];
        if (!has_feature(ways[i])) continue;
        open_custom(&of, ways[i]);
        assert_ok(siem_sink_send(sink, batch, outcomes, &err));
        test_has(test_server_request(server, test_server_count(server) - 1), ways[i]);
        assert_ok(siem_sink_close(sink, &err));
    }
    test_server_close(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_array),    cmocka_unit_test(test_own_body),
        cmocka_unit_test(test_expected), cmocka_unit_test(test_answers),
        cmocka_unit_test(test_options),  cmocka_unit_test(test_failing_caller),
        cmocka_unit_test(test_parts),    cmocka_unit_test(test_preview),
    };
    return cmocka_run_group_tests(tests, make_records, free_records);
}
