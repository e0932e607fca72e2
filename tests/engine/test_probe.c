/* test_probe.c: what targets answer to questions that are no delivery: are you there, is it set up,
 * a token, please, how many of these do you have. */
#include "sink/http/session.h"
#include "sink/http/status.h"
#include "sink/sink.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum question { HEALTH, PING, PRELUDE } question;

static siem_sink *sink;
static siem_outcome outcome;
static siem_answer answer;

static void open_sink(const char *kind, const siem_option *options) {
    size_t count = 0;
    while (options[count].name != NULL) count++;
    assert_ok(siem_sink_open(&sink, kind, options, count, &err));
    answer = siem_answer_begin(&outcome, 1);
}

static void close_sink(void) {
    siem_answer_clear(&answer);
    assert_ok(siem_sink_close(sink, &err));
}

static siem_response make_response(int status, const char *body) {
    siem_response response = {.status = status, .retry_after = -1};
    siem_buffer_add(&response.body, body, strlen(body) + 1);
    response.body.size--;
    return response;
}

/* Lets the sink read what came to a question. */
static void hear(question q, int status, const char *body) {
    const siem_protocol *protocol = ((siem_http_sink *)sink)->protocol;
    siem_response response = make_response(status, body);
    siem_answer_clear(&answer);
    answer = siem_answer_begin(&outcome, 1);
    if (q == HEALTH) protocol->read_health(sink, &response, &answer);
    else if (q == PING) protocol->read_ping(sink, &response, &answer);
    else protocol->read_prelude(sink, &response, &answer);
    siem_buffer_free(&response.body);
}

static void assert_answer(siem_verdict verdict, const char *part) {
    if (outcome.verdict != verdict || strstr(answer.reason, part) == NULL) {
        fail_msg("verdict %d instead of %d: '%s' for '%s'", (int)outcome.verdict, (int)verdict,
                 answer.reason, part);
    }
}

typedef struct heard {
    int status;
    const char *body;
    siem_verdict verdict;
    const char *part;
} heard;

static void assert_all(question q, const heard *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        hear(q, cases[i].status, cases[i].body);
        assert_answer(cases[i].verdict, cases[i].part);
    }
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Splunk ---- */

static void test_splunk(void **state) {
    static const heard health[] = {
        {200, "{\"text\":\"HEC is healthy\",\"code\":17}", SIEM_DELIVERED,
         "HEC is healthy (code 17)"},
        {200, "{\"text\":\"ok\",\"code\":0}", SIEM_DELIVERED, "HEC is healthy (code 0)"},
        {200, "{\"text\":\"ok\",\"code\":24}", SIEM_DELIVERED, "HEC is healthy (code 24)"},
        {200, "{\"text\":\"ok\",\"code\":25}", SIEM_DELIVERED, "HEC is healthy (code 25)"},
        {200, "fine", SIEM_DELIVERED, "there is a server (HTTP 200)"},
        {200, "{\"code\":28}", SIEM_DELIVERED, "there is a server (HTTP 200)"},
        {200, "{\"code\":99}", SIEM_DELIVERED, "there is a server (HTTP 200)"},
        {404, "", SIEM_DELIVERED, "the collector has no health page"},
        {405, "{\"code\":4}", SIEM_DELIVERED, "the collector has no health page"},
        {501, "", SIEM_DELIVERED, "the collector has no health page"},
        {503, "{\"text\":\"queues are full\",\"code\":18}", SIEM_RETRY,
         "HEC code 18: queues are full"},
        {503, "{\"text\":\"healthy?\",\"code\":17}", SIEM_RETRY, "HTTP 503"},
        {503, "", SIEM_RETRY, "HTTP 503"},
        {400, "{\"text\":\"no token\",\"code\":2}", SIEM_HOLD, "no token"},
        {403, "{\"text\":\"token disabled\",\"code\":1}", SIEM_HOLD, "token disabled"},
        {200, "<html>sign in</html>", SIEM_RETRY, ""},
    };
    static const heard ping[] = {
        {400, "{\"text\":\"No data\",\"code\":5}", SIEM_DELIVERED, "the collector takes the token"},
        {400, "{\"text\":\"Invalid data\",\"code\":6}", SIEM_DELIVERED, "takes the token"},
        {400, "{\"text\":\"no event field\",\"code\":12}", SIEM_DELIVERED, "takes the token"},
        {200, "{\"text\":\"Success\",\"code\":0}", SIEM_DELIVERED, "HEC code 0"},
        {200, "{}", SIEM_HOLD, "the server is not a HEC: correct the URL"},
        {200, "welcome", SIEM_HOLD, "the server is not a HEC: correct the URL"},
        {200, "{\"text\":\"Incorrect index\",\"code\":7}", SIEM_HOLD, "the server is not a HEC"},
        {403, "{\"text\":\"Invalid token\",\"code\":4}", SIEM_HOLD, "Invalid token"},
        {503, "{\"text\":\"busy\",\"code\":9}", SIEM_RETRY, "HEC code 9: busy"},
        {502, "", SIEM_RETRY, "HTTP 502"},
        {404, "", SIEM_HOLD, "HTTP 404"},
    };
    (void)state;
    open_sink("splunk", (const siem_option[]){{"url", "http://h"}, {"token", "t"}, {0}});
    assert_all(HEALTH, health, COUNT(health));
    assert_all(PING, ping, COUNT(ping));
    close_sink();
}

/* ---- Elasticsearch ---- */

#define STREAM  "logs-oversight.beacon-default"
#define NOTHING "{\"indices\":[],\"aliases\":[],\"data_streams\":[]}"

static void look(const char *index, int status, const char *body, siem_verdict verdict,
                 const char *part) {
    const siem_option options[] = {
        {"url", "http://h"}, {index != NULL ? "index" : NULL, index}, {0}};
    open_sink("elastic", options);
    hear(PRELUDE, status, body);
    assert_answer(verdict, part);
    close_sink();
}

static void test_names_of_indices(void **state) {
    static const char *const seen[] = {
        "{\"indices\":[],\"aliases\":[],\"data_streams\":[{\"name\":\"x\"},{\"name\":\"" STREAM
        "\"}]}",
        "{\"indices\":[{\"name\":\"" STREAM "\"}],\"aliases\":[],\"data_streams\":[]}",
        "{\"indices\":[],\"aliases\":[{\"name\":\"" STREAM "\"}],\"data_streams\":[]}"};
    static const char *const odd[] = {
        NOTHING, "{\"indices\":[{\"name\":5},null,7,{}],\"data_streams\":[{\"name\":null}]}",
        "{\"indices\":[{\"name\":\"" STREAM "-2\"}],\"aliases\":{\"name\":5},\"data_streams\":[]}"};
    static const heard unclear[] = {
        {200, "[]", SIEM_DELIVERED, ""},
        {200, "{}", SIEM_DELIVERED, ""},
        {200, "", SIEM_DELIVERED, ""},
        {200, "{\"indices\":[]}", SIEM_DELIVERED, ""},
        {200, "{\"data_streams\":[]}", SIEM_DELIVERED, ""},
        {201, NOTHING, SIEM_DELIVERED, ""},
        {400, "{\"error\":{\"type\":\"index_not_found_exception\"}}", SIEM_DELIVERED, ""},
        {404, "{\"error\":{\"type\":\"other_exception\"}}", SIEM_DELIVERED, ""},
        {404, "", SIEM_DELIVERED, ""},
        {500, "", SIEM_DELIVERED, ""},
        {505, "", SIEM_DELIVERED, ""},
    };
    static const int passing[] = {429, 502, 503, 504};
    (void)state;
    look(NULL, 200, seen[0], SIEM_DELIVERED, "data stream " STREAM);
    look(NULL, 200, seen[1], SIEM_HOLD, STREAM " is an index, not a data stream");
    look(NULL, 200, seen[2], SIEM_HOLD, STREAM " is an alias, not a data stream");
    look(STREAM, 200, seen[0], SIEM_DELIVERED, "data stream " STREAM);
    look(STREAM, 200, seen[1], SIEM_DELIVERED, "index " STREAM);
    look(STREAM, 200, seen[2], SIEM_DELIVERED, "alias " STREAM);
    for (size_t i = 0; i < COUNT(odd); i++) {
        look(NULL, 200, odd[i], SIEM_DELIVERED, "nothing is called " STREAM);
    }
    look(NULL, 404, "{\"error\":{\"type\":\"index_not_found_exception\"}}", SIEM_DELIVERED,
         "nothing is called " STREAM);
    for (size_t i = 0; i < COUNT(unclear); i++) {
        char part[128];
        (void)snprintf(part, sizeof part, "whether %s is set up cannot be seen: HTTP %d to %s",
                       STREAM, unclear[i].status, "_resolve/index");
        look(NULL, unclear[i].status, unclear[i].body, SIEM_DELIVERED, part);
        assert_true(answer.remark); /* nothing failed, and it is reported */
    }
    for (size_t i = 0; i < COUNT(passing); i++) look(NULL, passing[i], "", SIEM_RETRY, "HTTP ");
    look(NULL, 200, "<html>", SIEM_RETRY, "");
}

/* The beginning of the URL that is asked for. */
static void assert_asked_for(const char *url) {
    siem_request request = {.method = NULL};
    siem_request_clear(&request);
    assert_ok(((siem_http_sink *)sink)->protocol->write_prelude(sink, &request, &err));
    assert_string_equal(request.method, "GET");
    assert_memory_equal(request.url.bytes, url, strlen(url));
    siem_request_free(&request);
}

/* Looks at templates, once nothing has the name. */
static void look_at_templates(const char *index, int status, const char *body, siem_verdict verdict,
                              const char *part) {
    const siem_option options[] = {
        {"url", "http://h"}, {index != NULL ? "index" : NULL, index}, {0}};
    const siem_protocol *protocol;
    open_sink("elastic", options);
    protocol = ((siem_http_sink *)sink)->protocol;
    assert_asked_for("http://h/_resolve/index/");
    hear(PRELUDE, 200, NOTHING);
    assert_true(protocol->needs_prelude(sink));
    assert_asked_for("http://h/_index_template?");
    hear(PRELUDE, status, body);
    assert_answer(verdict, part);
    assert_int_equal(protocol->needs_prelude(sink), verdict != SIEM_DELIVERED);
    close_sink();
}

static void test_patterns_of_templates(void **state) {
    static const char *const fitting[] = {"\"*\"",
                                          "\"**\"",
                                          "\"" STREAM "\"",
                                          "\"" STREAM "*\"",
                                          "\"" STREAM "**\"",
                                          "\"logs-*\"",
                                          "\"*default\"",
                                          "\"logs-*-default\"",
                                          "\"l*s*-*o*t\"",
                                          "\"*beacon-d*\"",
                                          "[\"x\",\"logs-*\"]",
                                          "[null,5,{},\"*\"]"};
    static const char *const others[] = {"\"\"",
                                         "\"logs\"",
                                         "\"logs-\"",
                                         "\"" STREAM "x\"",
                                         "\"x" STREAM "\"",
                                         "\"logs-*x\"",
                                         "\"*-defaul\"",
                                         "\"logs-o?ersight.beacon-default\"",
                                         "[]",
                                         "{}",
                                         "null",
                                         "5",
                                         "[\"x*\",\"*x\"]"};
    char body[512];
    (void)state;
    for (size_t i = 0; i < COUNT(fitting) + COUNT(others); i++) {
        bool fits = i < COUNT(fitting);
        (void)snprintf(body, sizeof body,
                       "{\"index_templates\":[{\"name\":\"mine\",\"index_template\":{"
                       "\"index_patterns\":%s,\"data_stream\":{}}}]}",
                       fits ? fitting[i] : others[i - COUNT(fitting)]);
        look_at_templates(NULL, 200, body, fits ? SIEM_DELIVERED : SIEM_HOLD,
                          fits ? "template mine makes the data stream " STREAM
                               : "there is no data stream " STREAM ", and no template");
    }
}

#define TEMPLATE(name, rest)                                                                       \
    "{\"name\":\"" name "\",\"index_template\":{\"index_patterns\":\"*\"" rest "}}"

static void test_priorities_of_templates(void **state) {
    static const heard cases[] = {
        {200, "{\"index_templates\":[" TEMPLATE("a", "") "," TEMPLATE("b", "") "]}", SIEM_HOLD,
         "template a makes an index of"},
        {200,
         "{\"index_templates\":[" TEMPLATE("a", ",\"priority\":5") "," TEMPLATE(
             "b", ",\"priority\":7") "]}",
         SIEM_HOLD, "template b makes an index of"},
        {200,
         "{\"index_templates\":[" TEMPLATE("a", ",\"priority\":7") "," TEMPLATE(
             "b", ",\"priority\":5") "]}",
         SIEM_HOLD, "template a makes"},
        {200,
         "{\"index_templates\":[" TEMPLATE("a", ",\"priority\":\"9\"") "," TEMPLATE(
             "b", ",\"priority\":1") "]}",
         SIEM_HOLD, "template b makes"},
        {200, "{\"index_templates\":[{\"index_template\":{\"index_patterns\":\"*\"}}]}", SIEM_HOLD,
         "template ? makes an index of"},
        {200, "{\"index_templates\":[null,5,{\"name\":\"x\"}]}", SIEM_HOLD,
         "there is no data stream"},
        {200, "{}", SIEM_HOLD, "there is no data stream"},
        {200, "[]", SIEM_DELIVERED, "cannot be seen: HTTP 200 to _index_template"},
        {404, "{\"error\":{\"type\":\"index_not_found_exception\"}}", SIEM_DELIVERED,
         "cannot be seen: HTTP 404 to _index_template"},
        {503, "", SIEM_RETRY, "HTTP 503"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        look_at_templates(NULL, cases[i].status, cases[i].body, cases[i].verdict, cases[i].part);
    }
    look_at_templates("own", 200, cases[0].body, SIEM_DELIVERED, "template a makes the index own");
    look_at_templates("own", 200, "{}", SIEM_HOLD, "there is no index own, and no _index_template");
}

static void test_elastic_ping(void **state) {
    static const heard cases[] = {
        {200, "{\"cluster_name\":\"c\",\"version\":{\"number\":\"8.1\"}}", SIEM_DELIVERED,
         "Elasticsearch 8.1, cluster c"},
        {200, "{\"version\":{\"distribution\":\"opensearch\",\"number\":5}}", SIEM_DELIVERED,
         "opensearch ?, cluster ?"},
        {200, "{\"version\":\"8.1\"}", SIEM_HOLD,
         "the server is not Elasticsearch: correct the URL"},
        {200, "{}", SIEM_HOLD, "not Elasticsearch"},
        {200, "hello", SIEM_HOLD, "not Elasticsearch"},
        {201, "{\"version\":{}}", SIEM_DELIVERED, "HTTP 201"},
        {401, "{\"version\":{}}", SIEM_HOLD, "HTTP 401"},
        {503, "", SIEM_RETRY, "HTTP 503"},
    };
    (void)state;
    open_sink("elastic", (const siem_option[]){{"url", "http://h"}, {0}});
    assert_all(PING, cases, COUNT(cases));
    close_sink();
}

/* ---- how many documents ---- */

static const char *const events[] = {"1", "2", "3"};

/* The ids that a search asks for, by the order of events. */
static void read_ids(char ids[3][64]) {
    siem_request request = {0};
    char text[2048];
    siem_request_clear(&request);
    const siem_count count = {"r", events, 3, NULL};
    const siem_protocol *protocol = ((siem_http_sink *)sink)->protocol;
    assert_ok(protocol->write_count(sink, &count, &request, &err));
    assert_true(request.body_size < sizeof text);
    memcpy(text, request.whole.bytes, request.body_size);
    text[request.body_size] = '\0';
    assert_string_equal(text + request.body_size - 5, "\"]}}}");
    const char *values = strstr(text, "\"values\":[");
    assert_non_null(values);
    assert_int_equal(sscanf(values, "\"values\":[\"%63[^\"]\",\"%63[^\"]\",\"%63[^\"]\"]", ids[0],
                            ids[1], ids[2]),
                     3);
    siem_request_free(&request);
}

static void count(int status, const char *body, unsigned counts[3]) {
    siem_response response = make_response(status, body);
    siem_answer_clear(&answer);
    answer = siem_answer_begin(&outcome, 1);
    memset(counts, 0, 3 * sizeof *counts);
    const siem_count count = {"r", events, 3, counts};
    ((siem_http_sink *)sink)->protocol->read_count(sink, &response, &count, &answer);
    siem_buffer_free(&response.body);
}

static void test_count(void **state) {
    static const heard cases[] = {
        {200, "{\"timed_out\":false,\"_shards\":{\"failed\":0}}", SIEM_DELIVERED, ""},
        {200,
         "{\"timed_out\":false,\"_shards\":{\"failed\":0},\"hits\":{\"hits\":[null,7,{\"_id\":5},{"
         "\"_id\":\"x\"}]}}",
         SIEM_DELIVERED, ""},
        {200, "{\"timed_out\":false,\"_shards\":{\"failed\":1},\"hits\":{}}", SIEM_RETRY,
         "some shards did not answer"},
        {200, "{\"timed_out\":true,\"_shards\":{\"failed\":0},\"hits\":{}}", SIEM_RETRY,
         "some shards did not answer"},
        {200, "{\"timed_out\":\"no\",\"_shards\":{\"failed\":0}}", SIEM_HOLD,
         "not that of _search: correct the URL"},
        {200, "{\"timed_out\":false,\"_shards\":{\"failed\":\"0\"}}", SIEM_HOLD,
         "not that of _search"},
        {200, "{\"timed_out\":false}", SIEM_HOLD, "not that of _search"},
        {200, "{\"_shards\":{\"failed\":0}}", SIEM_HOLD, "not that of _search"},
        {200, "hello", SIEM_HOLD, "not that of _search"},
        {404, "{}", SIEM_HOLD, "HTTP 404"},
        {503, "{}", SIEM_RETRY, "HTTP 503"},
    };
    char ids[3][64], body[1024];
    unsigned counts[3];
    (void)state;
    open_sink("elastic", (const siem_option[]){{"url", "http://h"}, {0}});
    for (size_t i = 0; i < COUNT(cases); i++) {
        count(cases[i].status, cases[i].body, counts);
        assert_answer(cases[i].verdict, cases[i].part);
        assert_true(counts[0] == 0 && counts[1] == 0 && counts[2] == 0);
    }
    read_ids(ids);
    assert_string_not_equal(ids[0], ids[1]);
    (void)snprintf(body, sizeof body,
                   "{\"timed_out\":false,\"_shards\":{\"failed\":0},\"hits\":{\"hits\":["
                   "{\"_id\":\"%s\"},{\"_id\":\"%s\"},{\"_id\":\"%sx\"},{\"_id\":\"%s\"}]}}",
                   ids[2], ids[0], ids[1], ids[2]);
    count(200, body, counts);
    assert_int_equal(outcome.verdict, SIEM_DELIVERED);
    assert_true(counts[0] == 1 && counts[1] == 0 && counts[2] == 2);
    close_sink();
}

/* ---- tokens ---- */

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
}

static void test_tokens(void **state) {
    static const heard cases[] = {
        {200, "{\"access_token\":\"t\",\"expires_in\":3599}", SIEM_DELIVERED, "a token for 3599 s"},
        {200, "{\"access_token\":\"t\",\"expires_in\":\"3599\"}", SIEM_DELIVERED,
         "a token for 3599 s"},
        {200, "{\"access_token\":\"t\",\"expires_in\":3.5e9}", SIEM_DELIVERED, "a token for "},
        {200, "{\"access_token\":\"\"}", SIEM_RETRY, "the answer holds no access token"},
        {200, "{\"access_token\":\"a\\nb\"}", SIEM_RETRY, "the answer holds no access token"},
        {200, "{\"access_token\":\"a\\r\"}", SIEM_RETRY, "the answer holds no access token"},
        {200, "{\"access_token\":5}", SIEM_RETRY, "the answer holds no access token"},
        {200, "{}", SIEM_RETRY, "the answer holds no access token"},
        {200, "hello", SIEM_RETRY, "the answer holds no access token"},
        {200, "<html>", SIEM_RETRY, ""},
        {400, "{\"error\":\"x\",\"error_description\":\"AADSTS7000215: Invalid\"}", SIEM_HOLD,
         "no token, HTTP 400: AADSTS7000215: Invalid"},
        {401, "denied", SIEM_HOLD,
         "no token, HTTP 401: correct tenant, client_id and client_secret"},
        {404, "", SIEM_HOLD, "no token, HTTP 404"},
        {429, "", SIEM_RETRY, "HTTP 429"},
        {503, "", SIEM_RETRY, "HTTP 503"},
    };
    (void)state;
    open_sink("azure", (const siem_option[]){{"endpoint", "http://h"},
                                             {"rule_id", "r"},
                                             {"stream", "s"},
                                             {"managed_identity", "true"},
                                             {0}});
    const siem_protocol *protocol = ((siem_http_sink *)sink)->protocol;
    for (size_t i = 0; i < COUNT(cases); i++) {
        hear(PRELUDE, cases[i].status, cases[i].body);
        assert_answer(cases[i].verdict, cases[i].part);
        if (cases[i].verdict == SIEM_DELIVERED) assert_false(protocol->needs_prelude(sink));
    }
    /* A life that is none, or as good as none, is a short one: a token is asked for, not for ever.
     */
    static const char *const lives[] = {"0",    "-5",       "1e-9",    "null",
                                        "\"\"", "\"soon\"", "\"nan\"", "[]"};
    for (size_t i = 0; i < COUNT(lives); i++) {
        char body[128];
        int seconds = 0;
        (void)snprintf(body, sizeof body, "{\"access_token\":\"t\",\"expires_in\":%s}", lives[i]);
        hear(PRELUDE, 200, body);
        assert_answer(SIEM_DELIVERED, "a token for ");
        assert_int_equal(sscanf(answer.reason, "a token for %d s", &seconds), 1);
        assert_true(seconds >= 1 && seconds <= 60);
        assert_false(protocol->needs_prelude(sink));
    }
    close_sink();
}

/* A secret that is refused is read again: one that changed is tried at once. */
static void test_refused_secrets(void **state) {
    char path[256], from[300];
    (void)state;
    (void)snprintf(path, sizeof path, "%s", test_path("secret"));
    (void)snprintf(from, sizeof from, "file:%s", path);
    write_file(path, "first-secret\n");
    open_sink("azure", (const siem_option[]){{"endpoint", "http://h"},
                                             {"rule_id", "r"},
                                             {"stream", "s"},
                                             {"tenant", "t"},
                                             {"client_id", "c"},
                                             {"client_secret", from},
                                             {0}});
    hear(PRELUDE, 401, "{\"error_description\":\"expired\"}");
    assert_answer(SIEM_HOLD, "no token, HTTP 401: expired");
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    write_file(path, "second-secret\n");
    hear(PRELUDE, 401, "{\"error_description\":\"expired\"}");
    assert_int_equal(answer.next, SIEM_RENEWED);
    hear(PRELUDE, 401, "{\"error_description\":\"expired\"}");
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    assert_int_equal(unlink(path), 0);
    hear(PRELUDE, 401, "{\"error_description\":\"expired\"}");
    assert_answer(SIEM_HOLD, "no token, HTTP 401: expired");
    assert_non_null(strstr(answer.reason, "secret"));
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    close_sink();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splunk),
        cmocka_unit_test(test_names_of_indices),
        cmocka_unit_test(test_patterns_of_templates),
        cmocka_unit_test(test_priorities_of_templates),
        cmocka_unit_test(test_elastic_ping),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_refused_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
