/* test_request.c: what each kind of target is sent, byte by byte, and how a request is shown. */
#include "sink/http/remote.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static siem_batch *batch;
static siem_request request;
static char text[4096]; /* of a request */

static int make_records(void **state) {
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_add(batch, "{\"a\":1}", 7, "1", "r", 0, &err));
    assert_ok(siem_batch_add(batch, "{\"b\":2}", 7, "12", "r", 0, &err));
    assert_ok(siem_batch_add(batch, "{\"c\":3}", 7, "12", "r", 3, &err));
    siem_request_clear(&request);
    return 0;
}

static int free_records(void **state) {
    (void)state;
    siem_request_free(&request);
    siem_batch_close(batch);
    return 0;
}

static siem_sink *open_sink(const char *kind, const siem_option *options) {
    siem_sink *sink;
    size_t count = 0;
    while (options[count].name != NULL) count++;
    assert_ok(siem_sink_open(&sink, kind, options, count, &err));
    return sink;
}

static const siem_protocol *protocol_of(const siem_sink *sink) {
    return ((const siem_http_sink *)sink)->protocol;
}

/* The request as text: a secret header has a mark, and nothing is masked. */
static const char *text_of_request(void) {
    size_t size = (size_t)snprintf(text, sizeof text, "%s %s\n", request.method, request.url.bytes);
    const char *at = request.headers.bytes, *end = at + request.headers.size;
    assert_true(siem_request_is_complete(&request));
    for (; at < end; at += strlen(at) + 1) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s\n", *at == ' ' ? at + 1 : at);
    }
    assert_true(size + request.body_size + 2 < sizeof text);
    text[size++] = '\n';
    siem_piece_reader body = {request.pieces, request.pieces + request.piece_count, 0};
    assert_int_equal(siem_piece_read(&body, text + size, sizeof text), request.body_size);
    text[size + request.body_size] = '\0';
    return text;
}

/* Writes the request of some records, or the question of a ticket. */
static const char *write_parcel(siem_sink *sink, size_t count, int64_t ticket) {
    const siem_item items[] = {{batch, 0}, {batch, 1}, {batch, 2}};
    siem_parcel parcel = {.items = items, .count = count, .ticket = ticket};
    assert_ok(siem_sink_prepare(sink, &parcel, &err));
    assert_true(parcel.is_prepared);
    if (ticket < 0) {
        size_t size = siem_sink_body_size(sink, count, siem_parcel_bytes(&parcel));
        assert_int_equal(parcel.body.plain_size, size);
    }
    assert_ok(siem_session_write(sink, &parcel, &request, &err));
    (void)text_of_request();
    siem_parcel_unprepare(&parcel);
    return text;
}

static void assert_written(const char *kind, const siem_option *options, const char *expected) {
    siem_sink *sink = open_sink(kind, options);
    assert_string_equal(write_parcel(sink, 2, -1), expected);
    assert_ok(siem_sink_close(sink, &err));
}

#define OPTIONS(...) ((const siem_option[]){__VA_ARGS__, {0}})

static void test_http(void **state) {
    (void)state;
    assert_written("http", OPTIONS({"url", "http://h/p?q=1"}),
                   "POST http://h/p?q=1\nContent-Type: application/json\n\n[{\"a\":1},{\"b\":2}]");
    assert_written("http", OPTIONS({"url", "http://h/"}, {"framing", "ndjson"}),
                   "POST http://h/\nContent-Type: application/x-ndjson\n\n{\"a\":1}\n{\"b\":2}\n");
    assert_written("http",
                   OPTIONS({"url", "http://h"}, {"header", "content-TYPE: text/plain"},
                           {"header", "X-Key: k"}),
                   "POST http://h\ncontent-TYPE: text/plain\n!X-Key: k\n\n[{\"a\":1},{\"b\":2}]");
}

static void test_splunk(void **state) {
    (void)state;
    assert_written("splunk", OPTIONS({"url", "http://h/"}, {"token", "t0k"}),
                   "POST http://h/services/collector/event\n!Authorization: Splunk t0k\n"
                   "Content-Type: application/json\n\n{\"a\":1}\n{\"b\":2}\n");
}

/* A channel is a random GUID of version 4, another one for each sink. */
static void test_channels(void **state) {
    char channels[2][64], expected[512];
    (void)state;
    for (int i = 0; i < 2; i++) {
        siem_sink *sink =
            open_sink("splunk", OPTIONS({"url", "http://h"}, {"token", "t"}, {"ack", "true"}));
        const char *channel = strstr(write_parcel(sink, 1, -1), "Channel: ");
        assert_non_null(channel);
        assert_int_equal(sscanf(channel, "Channel: %63s", channels[i]), 1);
        assert_int_equal(strlen(channels[i]), 36);
        for (int at = 0; at < 36; at++) {
            bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
            assert_true(is_dash ? channels[i][at] == '-'
                                : strchr("0123456789abcdef", channels[i][at]) != NULL);
        }
        assert_int_equal(channels[i][14], '4');
        assert_non_null(strchr("89ab", channels[i][19]));
        (void)snprintf(expected, sizeof expected,
                       "POST http://h/services/collector/ack\n!Authorization: Splunk t\n"
                       "Content-Type: application/json\nX-Splunk-Request-Channel: %s\n\n"
                       "{\"acks\":[9007199254740993]}",
                       channels[i]);
        assert_string_equal(write_parcel(sink, 1, INT64_C(9007199254740993)), expected);
        assert_ok(siem_sink_close(sink, &err));
    }
    /* Each part of it is random. */
    static const int parts[] = {0, 9, 15, 20, 24, 26, 28, 30, 32, 34};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char part[3] = {channels[0][parts[i]], channels[0][parts[i] + 1]};
        for (size_t j = 0; j < i; j++) {
            char other[3] = {channels[0][parts[j]], channels[0][parts[j] + 1]};
            char again[2][3] = {{channels[1][parts[i]], channels[1][parts[i] + 1]},
                                {channels[1][parts[j]], channels[1][parts[j] + 1]}};
            assert_false(strcmp(part, other) == 0 && strcmp(again[0], again[1]) == 0);
        }
    }
    assert_string_not_equal(channels[0], channels[1]);
}

#define QUERY "?filter_path=errors,items.*.status,items.*.error,items.*.failure_store"

/* The ids are base64url of SHA-256 over the registry's id, a NUL, the event's id, and of later
 * records of an event a NUL and their number. */
static void test_elastic(void **state) {
    static const char documents[] =
        "{\"create\":{\"_id\":\"gVLsWTBUW1KYFjWvSPsP1Efolv9R\"}}\n{\"a\":1}\n"
        "{\"create\":{\"_id\":\"DyaIi6OuWbpAHEgGhDsyVrbFE5nA\"}}\n{\"b\":2}\n"
        "{\"create\":{\"_id\":\"uwbhZXXsjudI8E4QA-xalpE47eNp\"}}\n{\"c\":3}\n";
    char expected[2048];
    (void)state;
    siem_sink *sink =
        open_sink("elastic", OPTIONS({"url", "http://h/"}, {"api_key", "a2V5OmtleQ=="}));
    (void)snprintf(
        expected, sizeof expected,
        "POST http://h/logs-oversight.beacon-default/_bulk" QUERY
        "\n!Authorization: ApiKey a2V5OmtleQ==\nContent-Type: application/x-ndjson\n\n%s",
        documents);
    assert_string_equal(write_parcel(sink, 3, -1), expected);
    assert_ok(siem_sink_close(sink, &err));
    assert_written(
        "elastic",
        OPTIONS({"url", "http://h"}, {"index", "i"}, {"user", "u"}, {"password", "p:w"},
                {"bulk_path", "/x"}),
        "POST http://h/x" QUERY
        "\n!Authorization: Basic dTpwOnc=\nContent-Type: application/x-ndjson\n\n"
        "{\"create\":{\"_index\":\"i\",\"_id\":\"gVLsWTBUW1KYFjWvSPsP1Efolv9R\"}}\n{\"a\":1}\n"
        "{\"create\":{\"_index\":\"i\",\"_id\":\"DyaIi6OuWbpAHEgGhDsyVrbFE5nA\"}}\n{\"b\":2}\n");
}

/* A password is sent whole, however long it is. */
static void test_long_password(void **state) {
    char password[399] = "", expected[640] = "\n!Authorization: Basic dTpw"; /* u:p */
    (void)state;
    memset(password, 'p', sizeof password - 1);
    for (size_t i = 1; i < sizeof password / 3; i++) (void)strcat(expected, "cHBw");
    (void)strcat(expected, "cA==\n");
    siem_sink *sink =
        open_sink("elastic", OPTIONS({"url", "http://h"}, {"user", "u"}, {"password", password}));
    test_has(write_parcel(sink, 1, -1), expected);
    assert_ok(siem_sink_close(sink, &err));
}

static siem_response make_response(const char *body) {
    siem_response response = {.status = 200, .retry_after = -1};
    siem_buffer_add(&response.body, body, strlen(body) + 1);
    response.body.size--;
    return response;
}

static void test_azure(void **state) {
    siem_outcome outcome;
    siem_answer answer = siem_answer_begin(&outcome, 1);
    siem_response response = make_response("{\"access_token\":\"tok\",\"expires_in\":3600}");
    (void)state;
    siem_sink *sink =
        open_sink("azure", OPTIONS({"endpoint", "http://h/"}, {"rule_id", "dcr-1"},
                                   {"stream", "Custom-S"}, {"tenant", "t.x"}, {"client_id", "c-1"},
                                   {"client_secret", "s/e+c~ret"}, {"login_url", "http://l"}));
    const siem_protocol *protocol = protocol_of(sink);
    assert_true(protocol->needs_prelude(sink));
    siem_request_clear(&request);
    assert_ok(protocol->write_prelude(sink, &request, &err));
    assert_string_equal(
        text_of_request(),
        "POST http://l/t.x/oauth2/v2.0/token\n"
        "Content-Type: application/x-www-form-urlencoded\n\n"
        "grant_type=client_credentials&scope=https%3A%2F%2Fmonitor.azure.com%2F.default"
        "&client_id=c-1&client_secret=s%2Fe%2Bc%7Eret");
    char echo[] = "s/e+c~ret, s%2Fe%2Bc%7Eret, cyUyRmUlMkJjJTdFcmV0"; /* in base64 */
    (void)siem_request_mask(&request, echo, strlen(echo));
    assert_string_equal(echo, "*********, ***************, ********************");
    protocol->read_prelude(sink, &response, &answer);
    assert_false(protocol->needs_prelude(sink));
    assert_string_equal(write_parcel(sink, 2, -1),
                        "POST http://h/dataCollectionRules/dcr-1/streams/Custom-S"
                        "?api-version=2023-01-01\n!Authorization: Bearer tok\n"
                        "Content-Type: application/json\n\n[{\"a\":1},{\"b\":2}]");
    siem_buffer_free(&response.body);
    siem_answer_clear(&answer);
    assert_ok(siem_sink_close(sink, &err));
    sink = open_sink("azure", OPTIONS({"endpoint", "http://h"}, {"rule_id", "r"}, {"stream", "s"},
                                      {"managed_identity", "true"}, {"client_id", "c"}));
    siem_request_clear(&request);
    assert_ok(protocol->write_prelude(sink, &request, &err));
    assert_string_equal(text_of_request(),
                        "GET http://169.254.169.254/metadata/identity/oauth2/token"
                        "?api-version=2018-02-01&resource=https%3A%2F%2Fmonitor.azure.com"
                        "&client_id=c\nMetadata: true\n\n");
    assert_true(request.direct);
    assert_ok(siem_sink_close(sink, &err));
}

/* Either the three of an application, or the machine's identity, which needs none of the secret. */
static void test_azure_credentials(void **state) {
    static const siem_option given[] = {{"tenant", "t"},
                                        {"client_id", "c"},
                                        {"client_secret", "s3cret"},
                                        {"managed_identity", "true"}};
    (void)state;
    for (unsigned set = 0; set < 16; set++) {
        siem_option options[7] = {{"endpoint", "http://h"}, {"rule_id", "r"}, {"stream", "s"}};
        size_t count = 3;
        siem_sink *sink;
        siem_error err = {0};
        for (unsigned i = 0; i < 4; i++) {
            if (set & 1U << i) options[count++] = given[i];
        }
        siem_code rc = siem_sink_open(&sink, "azure", options, count, &err);
        if (set == 7 || set == 8 || set == 10) {
            assert_int_equal(rc, SIEM_OK);
            assert_ok(siem_sink_close(sink, &err));
            continue;
        }
        assert_int_equal(rc, SIEM_INVALID);
        assert_non_null(
            strstr(err.message, set & 8 ? "managed_identity needs neither tenant nor client_secret"
                                        : "give tenant, client_id and client_secret, or"));
    }
}

/* RFC 9110, 5.6.7: with the day of the week that it is. */
static void assert_date(const char *date) {
    static const char format[] = "%a, %d %b %Y %H:%M:%S GMT";
    char again[64];
    struct tm read = {0};
    assert_non_null(strptime(date, format, &read));
    time_t seconds = timegm(&read);
    assert_true(difftime(time(NULL), seconds) < 3600);
    assert_int_equal(strftime(again, sizeof again, format, gmtime(&seconds)), 29);
    assert_string_equal(date, again);
}

static void test_sentinel(void **state) {
    (void)state;
    siem_sink *sink =
        open_sink("sentinel", OPTIONS({"workspace_id", "w-1"}, {"shared_key", "c2VjcmV0"},
                                      {"log_type", "Mine"}, {"url", "http://h"}));
    char expected[1024], authorization[256], date[64], head[512];
    write_parcel(sink, 2, -1);
    const char *at = strstr(text, "x-ms-date: ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "x-ms-date: %63[^\n]", date), 1);
    assert_date(date);
    const siem_sentinel_request parts = {
        .workspace_id = "w-1", .shared_key = "c2VjcmV0", .content_length = 17, .date = date};
    assert_ok(siem_sentinel_authorization(authorization, sizeof authorization, &parts, &err));
    (void)snprintf(head, sizeof head,
                   "POST http://h/api/logs?api-version=2016-04-01\nContent-Type: application/json\n"
                   "Log-Type: Mine\ntime-generated-field: TimeGenerated\n!Authorization: %s\n"
                   "x-ms-date: %s\n",
                   authorization, date);
    (void)snprintf(expected, sizeof expected, "%s\n[{\"a\":1},{\"b\":2}]", head);
    assert_string_equal(text, expected);
    char answer[] = "c2VjcmV0 is no key"; /* it is masked, although it is not sent */
    (void)siem_request_mask(&request, answer, strlen(answer));
    assert_string_equal(answer, "******** is no key");
    assert_int_equal(sink->pace.field_bytes, 32768); /* that the workspace stores of a text */
    assert_ok(siem_sink_close(sink, &err));
}

/* A key that cannot sign is a fault of the set-up, not of the records. */
static void test_sentinel_key(void **state) {
    siem_parcel parcel = {.ticket = -1};
    siem_error failure = {0};
    (void)state;
    siem_sink *sink = open_sink("sentinel", OPTIONS({"workspace_id", "w"}, {"shared_key", "abc"}));
    assert_int_equal(siem_session_write(sink, &parcel, &request, &failure), SIEM_HELD);
    assert_int_equal(failure.code, SIEM_HELD);
    test_has(failure.message, "the shared key is not base64");
    assert_ok(siem_sink_close(sink, &err));
}

/* ---- what else a request says ---- */

/* Options of kind that are refused, by the beginning of the message; NULL: they are taken. */
static void assert_opens(const char *kind, const siem_option *options, const char *message) {
    siem_sink *sink = NULL;
    size_t count = 0;
    siem_error failure = {0};
    while (options[count].name != NULL) count++;
    siem_code rc = siem_sink_open(&sink, kind, options, count, &failure);
    if (rc == SIEM_OK && message != NULL) fail_msg("taken: %s", options[count - 1].value);
    if (rc != SIEM_OK && message == NULL) fail_msg("%s", failure.message);
    if (message != NULL) assert_non_null(strstr(failure.message, message));
    if (message == NULL) assert_ok(siem_sink_close(sink, &err));
}

#define NAME_OF_10 "Abcdefgh_9"
#define NAME_OF_50 NAME_OF_10 NAME_OF_10 NAME_OF_10 NAME_OF_10 NAME_OF_10
#define ID_OF_32   "0123456789-bcdef0123456789Abcdef"

static void test_names(void **state) {
    static const struct {
        const char *workspace, *log_type, *message;
    } given[] = {
        {ID_OF_32 ID_OF_32, NAME_OF_50 NAME_OF_50, NULL},
        {"w", "T", NULL},
        {ID_OF_32 ID_OF_32 "0", "T", "workspace_id is made of"},
        {"", "T", "workspace_id"},
        {"w_1", "T", "workspace_id is made of"},
        {"w/../x", "T", "workspace_id is made of"},
        {"w", NAME_OF_50 NAME_OF_50 "x", "log_type is made of"},
        {"w", "", "log_type"},
        {"w", "a-b", "log_type is made of"},
        {"w", "a\nX-Evil: 1", "log_type is made of"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        assert_opens("sentinel",
                     OPTIONS({"shared_key", "c2VjcmV0"}, {"workspace_id", given[i].workspace},
                             {"log_type", given[i].log_type}),
                     given[i].message);
    }
}

/* What is necessary, and the least and most that there may be. */
static void test_limits(void **state) {
    static char name[258];
    (void)state;
    assert_opens("sentinel", OPTIONS({"workspace_id", "w"}), "shared_key is missing");
    assert_opens("sentinel", OPTIONS({"shared_key", "c2VjcmV0"}), "workspace_id is missing");
    assert_opens("splunk", OPTIONS({"token", "t"}), "url is missing");
    assert_opens("splunk", OPTIONS({"url", "http://h"}), "token is missing");
    assert_opens("elastic", OPTIONS({"index", "i"}), "url is missing");
    assert_opens("azure", OPTIONS({"rule_id", "r"}, {"stream", "s"}), "endpoint is missing");
    assert_opens("azure", OPTIONS({"endpoint", "http://h"}, {"stream", "s"}), "rule_id is missing");
    assert_opens("azure", OPTIONS({"endpoint", "http://h"}, {"rule_id", "r"}), "stream is missing");
    for (int i = 0; i < 2; i++) {
        const char *bytes = i == 0 ? "1" : "0", *message = i == 0 ? NULL : "batch_bytes";
        assert_opens("splunk", OPTIONS({"url", "http://h"}, {"token", "t"}, {"batch_bytes", bytes}),
                     message);
        assert_opens("elastic", OPTIONS({"url", "http://h"}, {"batch_bytes", bytes}), message);
        assert_opens(
            "sentinel",
            OPTIONS({"workspace_id", "w"}, {"shared_key", "c2VjcmV0"}, {"batch_bytes", bytes}),
            message);
        assert_opens("azure",
                     OPTIONS({"endpoint", "http://h"}, {"rule_id", "r"}, {"stream", "s"},
                             {"managed_identity", "true"}, {"batch_bytes", bytes}),
                     message);
    }
    assert_opens("splunk",
                 OPTIONS({"url", "http://h"}, {"token", "t"}, {"ack", "true"}, {"ack_pause", "0"},
                         {"ack_timeout", "0"}),
                 NULL);
    memset(name, 'a', 255);
    assert_opens("elastic", OPTIONS({"url", "http://h"}, {"index", name}), NULL);
    name[255] = 'a';
    assert_opens("elastic", OPTIONS({"url", "http://h"}, {"index", name}), "made of a-z");
    assert_opens("elastic", OPTIONS({"url", "http://h/_bulk"}), NULL);
    assert_opens("elastic", OPTIONS({"url", "http://h/behind"}), NULL);
    assert_opens("elastic", OPTIONS({"url", "http://h/i/_bulk"}), "url is that of a node");
    assert_opens("elastic", OPTIONS({"url", "http://h/i/_bulk?q"}), "url ends before '?'");
    assert_opens("elastic", OPTIONS({"url", "http://h"}, {"bulk_path", "/_bulk"}), NULL);
    assert_opens("elastic", OPTIONS({"url", "http://h"}, {"bulk_path", "_bulk"}),
                 "bulk_path is a path such as /_bulk");
    assert_opens("elastic", OPTIONS({"url", "http://h"}, {"bulk_path", "/_bulk?a"}),
                 "bulk_path is a path such as /_bulk");
}

/* The host is that of the workspace in its cloud. */
static void test_clouds(void **state) {
    static const char *const hosts[][2] = {
        {"public", "POST https://w-1.ods.opinsights.azure.com/api/logs?"},
        {"us", "POST https://w-1.ods.opinsights.azure.us/api/logs?"},
        {"cn", "POST https://w-1.ods.opinsights.azure.cn/api/logs?"},
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        siem_sink *sink =
            open_sink("sentinel", OPTIONS({"workspace_id", "w-1"}, {"shared_key", "c2VjcmV0"},
                                          {"cloud", hosts[i][0]}));
        assert_memory_equal(write_parcel(sink, 1, -1), hosts[i][1], strlen(hosts[i][1]));
        assert_ok(siem_sink_close(sink, &err));
    }
}

static void test_guids(void **state) {
    static const char *const wrong[] = {
        "",
        "01234567-89ab-cdef-ABCD-00112233445",
        "01234567-89ab-cdef-ABCD-0011223344556",
        "01234567-89ab-cdef-ABCD-00112233445g",
        "0123456-789ab-cdef-ABCD-001122334455",
        "g1234567-89ab-cdef-ABCD-001122334455",
        "01234567-89ab-cdef-ABCD0001122334455",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_opens("splunk", OPTIONS({"url", "http://h"}, {"token", "t"}, {"channel", wrong[i]}),
                     "channel");
    }
    assert_written("splunk",
                   OPTIONS({"url", "http://h/"}, {"token", "t0k"},
                           {"channel", "01234567-89ab-cdef-ABCD-001122334455"}),
                   "POST http://h/services/collector/event\n!Authorization: Splunk t0k\n"
                   "Content-Type: application/json\n"
                   "X-Splunk-Request-Channel: 01234567-89ab-cdef-ABCD-001122334455\n\n"
                   "{\"a\":1}\n{\"b\":2}\n");
}

/* Targets that answer about each record may say more, the more they were sent. A URL that somebody
 * gave may hold a credential. */
static void test_expected(void **state) {
    static const struct {
        const char *kind;
        siem_option options[6];
        bool expects_items, given_url;
    } kinds[] = {
        {"http", {{"url", "http://h?key=k"}}, true, true},
        {"splunk", {{"url", "http://h"}, {"token", "t"}}, false, false},
        {"elastic", {{"url", "http://h"}}, true, false},
        {"sentinel", {{"workspace_id", "w"}, {"shared_key", "c2VjcmV0"}}, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        siem_sink *sink = open_sink(kinds[i].kind, kinds[i].options);
        write_parcel(sink, 1, -1);
        size_t of_one = request.answer_bytes;
        assert_int_equal(request.given_url, kinds[i].given_url);
        write_parcel(sink, 3, -1);
        if (kinds[i].expects_items) assert_true(request.answer_bytes > of_one);
        else assert_int_equal(request.answer_bytes, of_one);
        assert_ok(siem_sink_close(sink, &err));
    }
}

/* ---- what is shown ---- */

static void assert_shown(const char *expected) {
    siem_buffer out = {0};
    siem_request_print(&request, &out);
    siem_buffer_add_char(&out, '\0');
    assert_string_equal(out.bytes, expected);
    siem_buffer_free(&out);
}

static void test_print(void **state) {
    (void)state;
    siem_request_clear(&request);
    siem_request_set_url(&request, "http://h/%s?a=1&b&token=s3cret", "p");
    siem_request_add_header(&request, true, "Authorization: Bearer %s", "s3cret");
    siem_request_add_header(&request, true, "Authorization: s3cret");
    siem_request_add_header(&request, true, "Proxy-Authorization: Basic s3cret");
    siem_request_add_header(&request, true, "X-Key:s3cret of mine");
    siem_request_add_header(&request, false, "X-Open: yes");
    siem_buffer_add(&request.content, "body", 4);
    siem_request_use_content(&request);
    assert_shown(
        "POST http://h/p?a=1&b&token=s3cret\nAuthorization: Bearer ****\n"
        "Authorization: ****\nProxy-Authorization: Basic ****\nX-Key: ****\nX-Open: yes\n\n"
        "body\n");
    request.given_url = true;
    request.secret_body = true;
    request.secret_from = 2;
    request.method = "PUT";
    assert_shown(
        "PUT http://h/p?a=****&****&token=****\nAuthorization: Bearer ****\n"
        "Authorization: ****\nProxy-Authorization: Basic ****\nX-Key: ****\nX-Open: yes\n\n"
        "bo****\n");
    siem_request_clear(&request);
    siem_request_set_url(&request, "http://h");
    assert_shown("POST http://h\n\n");
    siem_buffer_add(&request.content, "{}\n", 3);
    siem_request_use_content(&request);
    assert_shown("POST http://h\n\n{}\n");
}

static void test_masked(void **state) {
    char answer[] = "bearer tok3n1, tok3n1, all of k3y0ne two, k3y0ne, s3cond, other1";
    (void)state;
    siem_request_clear(&request);
    siem_request_add_header(&request, true, "Authorization: Bearer tok3n1");
    siem_request_add_header(&request, true, "X-Key: k3y0ne two");
    siem_request_add_header(&request, false, "X-Open: other1");
    siem_request_add_secret(&request, "k3y0ne");
    siem_request_add_secret(&request, "s3cond");
    assert_false(siem_request_mask(&request, answer, strlen(answer)));
    assert_string_equal(answer, "****** ******, ******, all of ****** ***, ******, ******, other1");
    char escaped[] = "tok3n\\u0031";
    assert_true(siem_request_mask(&request, escaped, strlen(escaped)));
    assert_string_equal(escaped, "***********");
}

/* A credential over plain http is remarked, unless nobody but this machine can see it. */
static void test_exposed(void **state) {
    static const char *const open[] = {
        "http://h",
        "HTTP://h",
        "http://127.0.0.1.evil",
        "http://127.evil",
        "http://localhost.evil",
        "http://mylocalhost",
        "http://[::2]",
        "http://[::1%25x]",
        "http://1.127.0.0",
    };
    static const char *const closed[] = {
        "https://h",        "http://127.0.0.1",     "http://127.1.2.3:80/p",
        "http://localhost", "http://LOCALHOST:9?q", "http://a.localhost/p",
        "http://[::1]",     "http://[::1]:80/p",    "ftp://h",
    };
    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof *open + sizeof closed / sizeof *closed; i++) {
        bool is_open = i < sizeof open / sizeof *open;
        const char *url = is_open ? open[i] : closed[i - sizeof open / sizeof *open];
        siem_request_clear(&request);
        siem_request_set_url(&request, "%s", url);
        siem_request_add_header(&request, false, "X-Open: yes");
        assert_false(siem_request_is_exposed(&request));
        siem_request_add_header(&request, true, "X-Key: k");
        if (siem_request_is_exposed(&request) != is_open) fail_msg("%s", url);
        siem_request_clear(&request);
        siem_request_set_url(&request, "%s", url);
        request.secret_body = true;
        assert_int_equal(siem_request_is_exposed(&request), is_open);
    }
    siem_request_clear(&request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),          cmocka_unit_test(test_splunk),
        cmocka_unit_test(test_channels),      cmocka_unit_test(test_elastic),
        cmocka_unit_test(test_azure),         cmocka_unit_test(test_sentinel),
        cmocka_unit_test(test_sentinel_key),  cmocka_unit_test(test_azure_credentials),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_limits),
        cmocka_unit_test(test_clouds),        cmocka_unit_test(test_guids),
        cmocka_unit_test(test_expected),      cmocka_unit_test(test_print),
        cmocka_unit_test(test_long_password), cmocka_unit_test(test_masked),
        cmocka_unit_test(test_exposed),
    };
    return cmocka_run_group_tests(tests, make_records, free_records);
}
