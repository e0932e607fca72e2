/* test_credentials.c: credentials of targets: in files, in requests and answers, and refused. */
#include "sink/http/session.h"
#include "sink/kinds.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Each kind of credential, as an option that comes last. */
static const struct {
    const char *kind;
    siem_option options[8];
    const char *first, *second; /* two of its kind */
} credentials[] = {
    {"splunk", {{"url", "http://h"}, {"token", NULL}}, "s3cret-1", "s3cret-2"},
    {"elastic", {{"url", "http://h"}, {"api_key", NULL}}, "aWQ6czNjcmV0LTE=", "aWQ6czNjcmV0LTI="},
    {"elastic", {{"url", "http://h"}, {"user", "u"}, {"password", NULL}}, "s3cret 1", "s3cret 2"},
    {"sentinel", {{"workspace_id", "w"}, {"shared_key", NULL}}, "czNjcmV0LTE=", "czNjcmV0LTI="},
    {"azure",
     {{"endpoint", "http://h"},
      {"rule_id", "r"},
      {"stream", "s"},
      {"tenant", "t"},
      {"client_id", "c"},
      {"client_secret", NULL}},
     "s/cret~1",
     "s/cret~2"},
};
#define CREDENTIALS (sizeof credentials / sizeof *credentials)
#define AZURE       (CREDENTIALS - 1)
#define ELASTIC     1

static siem_batch *batch;
static siem_request request;

static int make_record(void **state) {
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_add(batch, "{\"a\":1}", 7, "1", "r", 0, &err));
    assert_int_equal(chmod(test_folder(), 0755), 0);
    siem_request_clear(&request);
    return 0;
}

static int free_record(void **state) {
    (void)state;
    siem_request_free(&request);
    siem_batch_close(batch);
    return 0;
}

static void write_file(const char *text, mode_t mode) {
    FILE *file = fopen(test_path("secret"), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(test_path("secret"), mode), 0);
}

/* Opens a sink with a credential of that value, which may be "file:PATH"; and the option's name. */
static siem_code try_to_open(siem_sink **sink, size_t index, const char *value, const char **name,
                             siem_error *err) {
    siem_option options[8];
    size_t last = 0;
    memcpy(options, credentials[index].options, sizeof options);
    while (options[last].value != NULL) last++;
    options[last].value = value;
    if (name != NULL) *name = options[last].name;
    return siem_sink_open(sink, credentials[index].kind, options, last + 1, err);
}

static siem_sink *open_sink(size_t index, const char *value, const char **name) {
    siem_sink *sink;
    assert_ok(try_to_open(&sink, index, value, name, &err));
    return sink;
}

static siem_sink *open_from_file(size_t index, const char **name) {
    char source[300];
    (void)snprintf(source, sizeof source, "file:%s", test_path("secret"));
    return open_sink(index, source, name);
}

static const siem_protocol *protocol_of(const siem_sink *sink) {
    return ((const siem_http_sink *)sink)->protocol;
}

static siem_response make_response(int status, const char *body) {
    siem_response response = {.status = status, .retry_after = -1};
    siem_buffer_add(&response.body, body, strlen(body) + 1);
    response.body.size--;
    return response;
}

/* A file that others can read is remarked, and used. */
static void test_open_files(void **state) {
    char remark[512];
    (void)state;
    for (size_t i = 0; i < CREDENTIALS; i++) {
        for (int is_open = 0; is_open < 2; is_open++) {
            const char *name;
            write_file(credentials[i].first, is_open ? 0644 : 0600);
            siem_sink *sink = open_from_file(i, &name);
            (void)snprintf(remark, sizeof remark,
                           "%s: other users can read or change '%s': chmod o= it", name,
                           test_path("secret"));
            if (is_open) test_has(sink->remark, remark);
            else assert_null(strstr(sink->remark, "other users"));
            assert_ok(siem_sink_close(sink, &err));
        }
    }
}

/* ---- answers that repeat one ---- */

/* Writes the request that has the credential: for a token, or of a record. */
static void write_request(siem_sink *sink) {
    const siem_protocol *protocol = protocol_of(sink);
    const siem_item item = {batch, 0};
    siem_parcel parcel = {.items = &item, .count = 1, .ticket = -1};
    siem_request_clear(&request);
    if (sink->kind == &siem_kind_azure) {
        assert_ok(protocol->write_prelude(sink, &request, &err));
        return;
    }
    assert_ok(siem_sink_prepare(sink, &parcel, &err));
    assert_ok(siem_session_write(sink, &parcel, &request, &err));
    siem_parcel_unprepare(&parcel);
}

static void assert_masked(const char *text) {
    char answer[256];
    (void)snprintf(answer, sizeof answer, "no to '%s' here", text);
    (void)siem_request_mask(&request, answer, strlen(answer));
    if (strstr(answer, text) != NULL) fail_msg("%s", answer);
    assert_memory_equal(answer, "no to '*", 8);
    assert_string_equal(answer + strlen(answer) - 6, "' here");
}

/* In every form in which the request has it, and those that a server can make of that. */
static void test_repeated(void **state) {
    static const char *const forms[CREDENTIALS][3] = {
        {"s3cret-1", "Splunk s3cret-1"},  {"aWQ6czNjcmV0LTE=", "s3cret-1"},
        {"s3cret 1", "dTpzM2NyZXQgMQ=="}, {"czNjcmV0LTE="},
        {"s/cret~1", "s%2Fcret%7E1"},
    };
    (void)state;
    for (size_t i = 0; i < CREDENTIALS; i++) {
        siem_sink *sink = open_sink(i, credentials[i].first, NULL);
        write_request(sink);
        for (size_t j = 0; j < 3 && forms[i][j] != NULL; j++) assert_masked(forms[i][j]);
        assert_ok(siem_sink_close(sink, &err));
    }
}

/* A key that is no pair in base64 is all that can be repeated. */
static void test_other_keys(void **state) {
    static const char *const keys[] = {"c2VjcmV0", "s3cret_key", "s3cret-k3y-", "a"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        siem_sink *sink = open_sink(ELASTIC, keys[i], NULL);
        write_request(sink);
        test_has(request.headers.bytes, keys[i]);
        assert_int_equal(request.secrets.size, 0);
        assert_ok(siem_sink_close(sink, &err));
    }
}

/* What is not one is not sent. A password may be any text. */
static void test_wrong_forms(void **state) {
    (void)state;
    for (size_t i = 0; i < CREDENTIALS; i++) {
        siem_error failure = {0};
        siem_sink *sink = NULL;
        siem_code rc = try_to_open(&sink, i, "two words", NULL, &failure);
        bool is_password = strcmp(credentials[i].options[1].name, "user") == 0;
        assert_int_equal(rc, is_password ? SIEM_OK : SIEM_HELD);
        assert_null(strstr(failure.message, "two words"));
        if (rc == SIEM_OK) assert_ok(siem_sink_close(sink, &err));
    }
}

static void test_wrong_keys(void **state) {
    static const char *const keys[] = {"Bearer aWQ6a2V5", "{\"id\":\"a\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        siem_error failure = {0};
        siem_sink *sink;
        assert_int_equal(try_to_open(&sink, ELASTIC, keys[i], NULL, &failure), SIEM_HELD);
        assert_memory_equal(failure.message, "elastic: api_key: ", 18);
        assert_null(strstr(failure.message, keys[i]));
    }
}

/* ---- one that is refused ---- */

static siem_next hear_refusal(siem_sink *sink, siem_parcel *parcel) {
    siem_response response = make_response(401, "{}");
    siem_answer answer = siem_answer_begin(parcel->outcomes, 1);
    protocol_of(sink)->read(sink, parcel, &response, &answer);
    assert_int_equal(parcel->outcomes[0].verdict, SIEM_HOLD);
    siem_next next = answer.next;
    siem_answer_clear(&answer);
    siem_buffer_free(&response.body);
    return next;
}

/* A credential that is another one by now in its file is tried, and only then. */
static void test_refused(void **state) {
    const siem_item item = {batch, 0};
    siem_outcome outcome;
    (void)state;
    for (size_t i = 0; i < AZURE; i++) {
        siem_parcel parcel = {.items = &item, .count = 1, .outcomes = &outcome, .ticket = -1};
        write_file(credentials[i].first, 0600);
        siem_sink *sink = open_from_file(i, NULL);
        assert_ok(siem_sink_prepare(sink, &parcel, &err));
        assert_ok(siem_session_write(sink, &parcel, &request, &err));
        assert_int_equal(hear_refusal(sink, &parcel), SIEM_TAKE_OUTCOMES);
        write_file(credentials[i].second, 0600);
        assert_int_equal(hear_refusal(sink, &parcel), SIEM_RENEWED);
        assert_int_equal(hear_refusal(sink, &parcel), SIEM_RENEWED); /* written with the first */
        assert_ok(siem_session_write(sink, &parcel, &request, &err));
        assert_int_equal(hear_refusal(sink, &parcel), SIEM_TAKE_OUTCOMES);
        siem_parcel_unprepare(&parcel);
        assert_ok(siem_sink_close(sink, &err));
    }
}

static void take_token(siem_sink *sink) {
    siem_outcome outcome;
    siem_answer answer = siem_answer_begin(&outcome, 1);
    siem_response response = make_response(200, "{\"access_token\":\"t\",\"expires_in\":3600}");
    protocol_of(sink)->read_prelude(sink, &response, &answer);
    assert_int_equal(outcome.verdict, SIEM_DELIVERED);
    siem_answer_clear(&answer);
    siem_buffer_free(&response.body);
}

/* A token that is refused is forgotten, and another one asked for with what the file holds by then.
 * A refusal of the token before it changes nothing. */
static void test_refused_token(void **state) {
    const siem_item item = {batch, 0};
    siem_outcome outcome;
    siem_parcel parcel = {.items = &item, .count = 1, .outcomes = &outcome, .ticket = -1};
    (void)state;
    write_file(credentials[AZURE].first, 0600);
    siem_sink *sink = open_from_file(AZURE, NULL);
    const siem_protocol *protocol = protocol_of(sink);
    take_token(sink);
    assert_false(protocol->needs_prelude(sink));
    assert_ok(siem_sink_prepare(sink, &parcel, &err));
    assert_ok(siem_session_write(sink, &parcel, &request, &err));
    write_file(credentials[AZURE].second, 0600);
    assert_int_equal(hear_refusal(sink, &parcel), SIEM_RENEWED);
    assert_true(protocol->needs_prelude(sink));
    write_request(sink);
    assert_masked("s%2Fcret%7E2");
    take_token(sink);
    assert_int_equal(hear_refusal(sink, &parcel), SIEM_RENEWED);
    assert_false(protocol->needs_prelude(sink));
    siem_parcel_unprepare(&parcel);
    assert_ok(siem_sink_close(sink, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_files),    cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_other_keys),    cmocka_unit_test(test_wrong_forms),
        cmocka_unit_test(test_wrong_keys),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_token),
    };
    return cmocka_run_group_tests(tests, make_record, free_record);
}
