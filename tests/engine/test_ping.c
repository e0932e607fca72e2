/* test_ping.c: questions that are no delivery, to a server: whether it is there, and how many
 * events it has. */
#include "server.h"
#include "sink/document_id.h"
#include "sink/sink.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

#define ANSWER(status, length, body)                                                               \
    "HTTP/1.1 " status "\r\nContent-Length: " length "\r\n\r\n" body
#define OK   ANSWER("200 OK", "2", "{}")
#define BUSY "HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"

static siem_sink *sink;
static test_server *server;
static char notices[512];

static void hear(void *context, const char *text) {
    (void)context;
    (void)strncat(notices, text, sizeof notices - strlen(notices) - 2);
    (void)strcat(notices, "\n");
}

static void open_sink(const char *kind, const siem_option *options) {
    size_t count = 0;
    while (options[count].name != NULL) count++;
    assert_ok(siem_sink_open(&sink, kind, options, count, &err));
    notices[0] = '\0';
    siem_sink_set_notice(sink, hear, NULL);
}

#define ANSWERS(...)    server = test_server_open((const char *const[]){__VA_ARGS__, NULL})
#define OPEN(kind, ...) open_sink(kind, (const siem_option[]){__VA_ARGS__, {0}})

static void close_all(void) {
    assert_ok(siem_sink_close(sink, &err));
    test_server_close(server);
}

static bool stop_once_heard(void *context) {
    assert_ptr_equal(context, &server);
    return test_server_count(server) == 0;
}

/* Of a URL that any may have, only that a server answers is known. */
static void test_no_question(void **state) {
    char answer[200] = "";
    siem_error failure = {0};
    (void)state;
    ANSWERS("HTTP/1.1 405 No\r\n\r\n");
    OPEN("http", {"url", test_server_url(server, "/in?key=s3cret")});
    assert_ok(siem_sink_ping(sink, answer, &err));
    assert_string_equal(answer, "there is a server (HTTP 405)");
    test_has(test_server_request(server, 0), "HEAD /in?key=s3cret HTTP/1.1\r\n");
    assert_null(strstr(test_server_request(server, 0), "Content-Length"));
    close_all();
    ANSWERS("");
    OPEN("http", {"url", test_server_url(server, "/in?key=s3cret")});
    (void)strcpy(answer, "as before");
    assert_int_equal(siem_sink_ping(sink, answer, &failure), SIEM_UNAVAILABLE);
    assert_string_equal(answer, "");
    assert_null(strstr(failure.message, "s3cret"));
    close_all();
}

/* What a target says of its health precedes what it says of the credentials. */
static void test_questions(void **state) {
    char answer[200] = "";
    siem_error failure = {0};
    (void)state;
    ANSWERS(ANSWER("200 OK", "36", "{\"text\":\"HEC is healthy\",\"code\":17}\r\n"),
            ANSWER("400 No", "27", "{\"text\":\"No data\",\"code\":5}"));
    OPEN("splunk", {"url", test_server_url(server, "")}, {"token", "t0k3n-of-hec"});
    assert_ok(siem_sink_ping(sink, answer, &err));
    test_has(answer, "HEC is healthy (code 17); ");
    assert_int_equal(test_server_count(server), 2);
    test_has(test_server_request(server, 1), "\r\n\r\n{}");
    close_all();
    ANSWERS(ANSWER("200 OK", "36", "{\"text\":\"HEC is healthy\",\"code\":17}\r\n"),
            ANSWER("403 No", "37", "{\"text\":\"not t0k3n-of-hec\",\"code\":4}  "));
    OPEN("splunk", {"url", test_server_url(server, "")}, {"token", "t0k3n-of-hec"});
    assert_int_equal(siem_sink_ping(sink, NULL, &failure), SIEM_HELD);
    test_has(failure.message, "splunk: ");
    assert_null(strstr(failure.message, "t0k3n"));
    close_all();
    ANSWERS(BUSY);
    OPEN("splunk", {"url", test_server_url(server, "")}, {"token", "t0k3n-of-hec"});
    assert_int_equal(siem_sink_ping(sink, NULL, &failure), SIEM_UNAVAILABLE);
    assert_int_equal(test_server_count(server), 1); /* the next question was not asked */
    close_all();
}

/* An array without records, whose signature is checked. */
static void test_empty_array(void **state) {
    char answer[200];
    (void)state;
    ANSWERS(ANSWER("400 No", "31", "{\"Error\":\"InvalidDataFormat\"}   "));
    OPEN("sentinel", {"workspace_id", "w"}, {"shared_key", "c2VjcmV0"},
         {"url", test_server_url(server, "")});
    assert_ok(siem_sink_ping(sink, answer, &err));
    assert_string_equal(answer, "the workspace takes the key");
    test_has(test_server_request(server, 0), "\r\nContent-Length: 2\r\n");
    test_has(test_server_request(server, 0), "\r\n\r\n[]");
    close_all();
}

/* An answer that is too long is cut, and nothing of the next one is added to it. */
static void test_long_answers(void **state) {
    static const char before[] = "Elasticsearch 8, cluster ";
    (void)state;
    for (size_t size = 194; size <= 201; size++) {
        char name[256] = "", body[512], first[1024], answer[200];
        memset(name, 'x', size - strlen(before));
        int length = snprintf(body, sizeof body,
                              "{\"version\":{\"number\":\"8\"},\"cluster_name\":\"%s\"}", name);
        (void)snprintf(first, sizeof first, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s",
                       length, body);
        ANSWERS(first, ANSWER("403 No", "0", ""));
        OPEN("elastic", {"url", test_server_url(server, "")});
        assert_ok(siem_sink_ping(sink, answer, &err));
        assert_memory_equal(answer, before, strlen(before));
        size_t shown = strspn(answer + strlen(before), "x") + strlen(before);
        assert_int_equal(shown, size < 199 ? size : 199);
        if (size < 197) assert_memory_equal(answer + size, "; whether", 199 - size);
        else assert_int_equal(strlen(answer), shown);
        close_all();
    }
}

static void test_stopped(void **state) {
    siem_error failure = {0};
    (void)state;
    ANSWERS(test_server_holds);
    OPEN("http", {"url", test_server_url(server, "")});
    siem_sink_set_go_on(sink, stop_once_heard, &server);
    assert_int_equal(siem_sink_ping(sink, NULL, &failure), SIEM_CANCELLED);
    test_has(failure.message, "stopped on request");
    test_server_await_break(server);
    close_all();
}

static const char *const ids[] = {"1", "2", "3"};

/* An answer of _search with event 3 twice, 1 once, and one that nobody asked for. */
static const char *make_hits(char text[1024]) {
    char body[700];
    siem_document_id first, third;
    siem_document_hash *hash;
    assert_ok(siem_document_hash_open(&hash, &err));
    siem_document_ids *made = siem_document_ids_open(hash);
    assert_non_null(made);
    assert_true(siem_document_ids_make(made, "reg", "1", 0, &first));
    assert_true(siem_document_ids_make(made, "reg", "3", 0, &third));
    siem_document_ids_close(made);
    siem_document_hash_close(hash);
    int size = snprintf(body, sizeof body,
                        "{\"timed_out\":false,\"_shards\":{\"failed\":0},\"hits\":{\"hits\":["
                        "{\"_id\":\"%s\"},{\"_id\":\"%s\"},{\"_id\":\"%s\"},{\"_id\":\"other\"}]}}",
                        third.text, first.text, third.text);
    (void)snprintf(text, 1024, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, body);
    return text;
}

static void test_counts(void **state) {
    char hits[1024];
    unsigned counts[3] = {9, 9, 9};
    (void)state;
    ANSWERS(make_hits(hits));
    OPEN("elastic", {"url", test_server_url(server, "")});
    assert_ok(siem_sink_count(sink, "reg", ids, 3, counts, &err));
    assert_string_equal(notices, "");
    close_all();
    ANSWERS(BUSY, "", make_hits(hits));
    OPEN("elastic", {"url", test_server_url(server, "")}, {"retries", "2"}, {"retry_base", "0"});
    assert_ok(siem_sink_count(sink, "reg", ids, 3, counts, &err));
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 2);
    assert_int_equal(test_server_count(server), 3);
    test_has(notices, "elastic at http://127.0.0.1:");
    test_has(notices, ": HTTP 503; trying again in ");
    test_has(notices, ": works again, after 2 failed attempt(s) in ");
    close_all();
}

/* It is asked as often as the option says, and not again when asking again changes nothing. */
static void test_counts_fail(void **state) {
    unsigned counts[3];
    siem_error failure = {0};
    (void)state;
    ANSWERS(BUSY);
    OPEN("elastic", {"url", test_server_url(server, "")}, {"retries", "1"}, {"retry_base", "0"});
    assert_int_equal(siem_sink_count(sink, "reg", ids, 3, counts, &failure), SIEM_UNAVAILABLE);
    assert_int_equal(test_server_count(server), 2);
    assert_null(strstr(notices, "works again"));
    close_all();
    ANSWERS(ANSWER("401 No", "2", "{}"));
    OPEN("elastic", {"url", test_server_url(server, "")}, {"api_key", "k3y"});
    assert_int_equal(siem_sink_count(sink, "reg", ids, 3, counts, &failure), SIEM_HELD);
    assert_int_equal(test_server_count(server), 1);
    close_all();
    ANSWERS("HTTP/1.1 503 No\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n");
    OPEN("elastic", {"url", test_server_url(server, "")});
    siem_sink_set_go_on(sink, stop_once_heard, &server);
    assert_int_equal(siem_sink_count(sink, "reg", ids, 3, counts, &failure), SIEM_CANCELLED);
    assert_int_equal(test_server_count(server), 1);
    close_all();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_question), cmocka_unit_test(test_questions),
        cmocka_unit_test(test_empty_array), cmocka_unit_test(test_long_answers),
        cmocka_unit_test(test_stopped),     cmocka_unit_test(test_counts),
        cmocka_unit_test(test_counts_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
