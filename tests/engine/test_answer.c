/* test_answer.c: what an answer means where its protocol has no word for it. */
#include "base/utf8.h"
#include "sink/http/session.h"
#include "sink/http/status.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

#define RECORDS 3

static const struct {
    const char *kind;
    siem_option options[4];
} targets[] = {
    {"http", {{"url", "http://h"}}},
    {"splunk", {{"url", "http://h"}, {"token", "t"}}},
    {"splunk", {{"url", "http://h"}, {"token", "t"}, {"ack", "true"}}},
    {"elastic", {{"url", "http://h"}, {"api_key", "k"}}},
    {"sentinel", {{"workspace_id", "w"}, {"shared_key", "a2V5"}}},
    {"azure",
     {{"endpoint", "http://h"}, {"rule_id", "r"}, {"stream", "s"}, {"managed_identity", "true"}}},
};
#define TARGETS (sizeof targets / sizeof *targets)

static siem_sink *sinks[TARGETS];
static siem_batch *batch;
static siem_outcome outcomes[RECORDS];
static siem_answer answer;

static int open_all(void **state) {
    const char *record = "{\"event\":{\"id\":1}}";
    (void)state;
    for (size_t i = 0; i < TARGETS; i++) {
        size_t count = 0;
        while (count < 4 && targets[i].options[count].name != NULL) count++;
        assert_ok(siem_sink_open(&sinks[i], targets[i].kind, targets[i].options, count, &err));
    }
    assert_ok(siem_batch_open(&batch, &err));
    for (int i = 0; i < RECORDS; i++) {
        assert_ok(siem_batch_add(batch, record, strlen(record), "1", "r", 0, &err));
    }
    return 0;
}

static int close_all(void **state) {
    (void)state;
    for (size_t i = 0; i < TARGETS; i++) assert_ok(siem_sink_close(sinks[i], &err));
    siem_batch_close(batch);
    return 0;
}

/* Lets a target read a response, whose verdicts are in `outcomes`. */
static void hear(size_t target, int status, const char *body) {
    const siem_item items[RECORDS] = {{batch, 0}, {batch, 1}, {batch, 2}};
    siem_response response = {.status = status, .retry_after = -1};
    siem_parcel parcel = {.items = items, .count = RECORDS, .ticket = -1};
    siem_answer_clear(&answer);
    strcpy(response.server, "Splunkd");
    strcpy(response.fault + 1, "of the answer before"); /* an exchange serves again */
    siem_buffer_add(&response.body, body, strlen(body) + 1);
    response.body.size--;
    answer = siem_answer_begin(outcomes, RECORDS);
    ((siem_http_sink *)sinks[target])->protocol->read(sinks[target], &parcel, &response, &answer);
    siem_buffer_free(&response.body);
}

static void assert_all(size_t target, int status, const char *body, siem_verdict verdict) {
    hear(target, status, body);
    for (size_t i = 0; i < RECORDS; i++) {
        if (outcomes[i].verdict == verdict && answer.next == SIEM_TAKE_OUTCOMES) continue;
        fail_msg("%s, HTTP %d, %s: verdict %d, next %d", targets[target].kind, status, body,
                 (int)outcomes[i].verdict, (int)answer.next);
    }
}

/* A target that is busy or broken is asked again, whatever it writes. */
static void test_passing_statuses(void **state) {
    static const int statuses[] = {408, 425, 429, 500, 502, 503, 504, 599};
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "null",
        "\"slow down\"",
        "busy",
        "{\"code\":99,\"text\":\"what is this\"}",
        "{\"code\":28}",
        "{\"code\":-1,\"text\":\"negative\"}",
        "{\"code\":\"7\"}",
        "{\"code\":7.5}",
        "{\"code\":1e99}",
        "{\"error\":{\"type\":\"unheard_of_exception\",\"code\":\"Unheard\"}}",
        "{\"error\":\"text\",\"status\":429}",
        "{\"items\":[]}",
        "<html>too many requests</html>",
        "{\"code\":99",
    };
    (void)state;
    for (size_t t = 0; t < TARGETS; t++) {
        for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++) {
            for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++) {
                assert_all(t, statuses[s], bodies[b], SIEM_RETRY);
            }
        }
    }
}

/* A web page is no success, up to the last status of one; from 300 on, the URL is wrong. */
static void test_web_pages(void **state) {
    static const int statuses[] = {200, 201, 202, 204, 206, 298, 299};
    static const char *const pages[] = {
        "<html>sign in</html>",
        "<!DOCTYPE html><title>Sign in</title>",
        " \r\n\t<!doctype HTML>",
        "\xef\xbb\xbf<HTML>",
        "<?xml version=\"1.0\"?>\n<!-- a page -->\n<html>",
    };
    (void)state;
    for (size_t t = 0; t < TARGETS; t++) {
        for (size_t p = 0; p < sizeof pages / sizeof *pages; p++) {
            for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++) {
                if (strcmp(targets[t].kind, "azure") == 0 && statuses[s] == 204) continue;
                assert_all(t, statuses[s], pages[p], SIEM_RETRY);
            }
            assert_all(t, 300, pages[p], SIEM_HOLD);
            assert_all(t, 399, pages[p], SIEM_HOLD);
            assert_all(t, 199, pages[p], SIEM_HOLD);
        }
    }
    for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++) {
        assert_all(0, statuses[s], "", SIEM_DELIVERED);
        assert_all(0, statuses[s], "<ok/>", SIEM_DELIVERED);
        assert_all(0, statuses[s], "\"<html>\"", SIEM_DELIVERED);
    }
    assert_all(0, 300, "", SIEM_HOLD);
    assert_all(0, 199, "", SIEM_HOLD);
}

/* ---- a status alone ---- */

static void test_statuses(void **state) {
    static const struct {
        int status;
        const char *body;
        siem_verdict verdict;
        siem_next next;
        const char *reason;
    } cases[] = {
        {200, "", SIEM_DELIVERED, SIEM_TAKE_OUTCOMES, "HTTP 200"},
        {299, "ok", SIEM_DELIVERED, SIEM_TAKE_OUTCOMES, "HTTP 299"},
        {300, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES,
         "HTTP 300: the server redirects: give its new URL"},
        {399, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 399: the server redirects"},
        {400, "", SIEM_REJECT, SIEM_HALVE, "HTTP 400"},
        {400, "bad id", SIEM_REJECT, SIEM_HALVE, "HTTP 400: bad id"},
        {400, "<html>", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "the answer is not that of a collector"},
        {401, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 401: the credentials are not accepted"},
        {402, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 402: correct the sink's options"},
        {403, "no", SIEM_HOLD, SIEM_TAKE_OUTCOMES,
         "HTTP 403: the credentials do not allow this: grant the right: no"},
        {404, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 404: the URL is wrong"},
        {405, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 405: the URL is wrong"},
        {406, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 406: correct the sink's options"},
        {407, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 407: the proxy wants credentials"},
        {408, "", SIEM_RETRY, SIEM_TAKE_OUTCOMES, "HTTP 408"},
        {413, "<html>", SIEM_REJECT, SIEM_HALVE, "HTTP 413: the record alone is too large"},
        {421, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 421"},
        {422, "bad id", SIEM_REJECT, SIEM_HALVE, "HTTP 422: bad id"},
        {422, "<html>", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "the answer is not that of a collector"},
        {425, "", SIEM_RETRY, SIEM_TAKE_OUTCOMES, "HTTP 425"},
        {429, "slow down", SIEM_RETRY, SIEM_TAKE_OUTCOMES, "HTTP 429: slow down"},
        {499, "<html>", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 499: correct the sink's options"},
        {500, "", SIEM_RETRY, SIEM_TAKE_OUTCOMES, "HTTP 500"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hear(0, cases[i].status, cases[i].body);
        size_t size = strlen(answer.reason);
        if (outcomes[0].verdict != cases[i].verdict || answer.next != cases[i].next ||
            strstr(answer.reason, cases[i].reason) == NULL || answer.reason[size - 1] == ' ') {
            fail_msg("HTTP %d: %d, %s", cases[i].status, outcomes[0].verdict, answer.reason);
        }
        assert_int_equal(outcomes[RECORDS - 1].http_status, cases[i].status);
    }
}

/* What the two interfaces of Microsoft Sentinel say. */
static void test_microsoft(void **state) {
    static const struct {
        size_t target;
        int status;
        const char *body;
        siem_verdict verdict;
        siem_next next;
        const char *reason;
    } cases[] = {
        {4, 200, "", SIEM_DELIVERED, SIEM_TAKE_OUTCOMES, ""},
        {4, 202, "", SIEM_RETRY, SIEM_TAKE_OUTCOMES,
         "HTTP 202: the answer is not that of the Data Collector"},
        {4, 400, "{\"Error\":\"InvalidDataFormat\"}", SIEM_REJECT, SIEM_HALVE, "InvalidDataFormat"},
        {4, 400, "{\"Error\":\"MissingLogType\"}", SIEM_HOLD, SIEM_TAKE_OUTCOMES,
         "HTTP 400: correct the sink's options: {\"Error\":\"MissingLogType\"}"},
        {4, 413, "", SIEM_REJECT, SIEM_HALVE, "HTTP 413"},
        {4, 500, "", SIEM_RETRY, SIEM_TAKE_OUTCOMES, "HTTP 500"},
        {5, 204, "", SIEM_DELIVERED, SIEM_TAKE_OUTCOMES, ""},
        {5, 200, "", SIEM_RETRY, SIEM_TAKE_OUTCOMES,
         "HTTP 200: the answer is not that of Logs Ingestion, which is 204"},
        {5, 400, "{\"error\":{\"code\":\"InvalidStream\"}}", SIEM_HOLD, SIEM_TAKE_OUTCOMES,
         "HTTP 400: correct the stream: {\"error\":{\"code\":\"InvalidStream\"}}"},
        {5, 400, "{\"error\":{\"code\":\"InvalidRecord\"}}", SIEM_REJECT, SIEM_HALVE,
         "InvalidRecord"},
        {5, 400, "{\"error\":{\"code\":5}}", SIEM_HOLD, SIEM_TAKE_OUTCOMES,
         "not that of Logs Ingestion"},
        {5, 401, "", SIEM_HOLD, SIEM_RENEWED, "HTTP 401"},
        {5, 403, "", SIEM_HOLD, SIEM_TAKE_OUTCOMES, "HTTP 403: give the application the role"},
        {5, 413, "", SIEM_REJECT, SIEM_HALVE, "HTTP 413"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hear(cases[i].target, cases[i].status, cases[i].body);
        if (outcomes[0].verdict != cases[i].verdict || answer.next != cases[i].next ||
            strstr(answer.reason, cases[i].reason) == NULL) {
            fail_msg("HTTP %d of %s: %d, %d, %s", cases[i].status, targets[cases[i].target].kind,
                     (int)outcomes[0].verdict, (int)answer.next, answer.reason);
        }
    }
}

/* A verdict for all takes the place of what was to be done before. */
static void test_last_word(void **state) {
    const siem_response response = {.status = 400};
    (void)state;
    siem_answer_clear(&answer);
    answer = siem_answer_begin(outcomes, RECORDS);
    assert_int_equal(answer.code, -1);
    assert_int_equal(outcomes[RECORDS - 1].code, -1);
    answer.suspect = 1;
    siem_answer_halve(&answer, "one of them");
    assert_int_equal(answer.next, SIEM_HALVE);
    assert_int_equal(answer.suspect, -1);
    siem_answer_not_its_own(&answer, &response, "Splunk");
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    assert_string_equal(answer.reason, "HTTP 400: the answer is not that of Splunk: correct the "
                                       "URL, or the proxy on the way");
}

/* What broke before there was an answer passes, unless the settings are wrong. */
static void test_faults(void **state) {
    siem_response response = {.fault = "cannot connect", .retry_after = 7};
    (void)state;
    siem_answer_clear(&answer);
    answer = siem_answer_begin(outcomes, RECORDS);
    siem_answer_http(&answer, &response);
    assert_int_equal(outcomes[0].verdict, SIEM_RETRY);
    assert_string_equal(answer.reason, "cannot connect");
    assert_true(answer.retry_after == 7);
    response.remedy = "correct ca_file";
    siem_answer_http(&answer, &response);
    assert_int_equal(outcomes[0].verdict, SIEM_HOLD);
    assert_string_equal(answer.reason, "correct ca_file: cannot connect");
}

/* A success of _bulk is not yet one of each document. */
static void test_bulk(void **state) {
    static const char *const body =
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":400,\"error\":{"
        "\"type\":\"mapper_parsing_exception\"}}},{\"create\":{\"status\":503}}]}";
    (void)state;
    for (int status = 200; status <= 299; status += 99) {
        hear(3, status, body);
        assert_int_equal(outcomes[0].verdict, SIEM_DELIVERED);
        assert_int_equal(outcomes[1].verdict, SIEM_REJECT);
        assert_int_equal(outcomes[2].verdict, SIEM_RETRY);
        assert_true(answer.is_itemwise);
    }
}

/* A request that is refused without an error of Elasticsearch's own did not reach it. */
static void test_bulk_refused(void **state) {
    (void)state;
    for (int status = 400; status <= 422; status += 22) {
        hear(3, status, "no");
        assert_int_equal(outcomes[0].verdict, SIEM_HOLD);
        test_has(answer.reason, "not that of Elasticsearch or OpenSearch");
        hear(3, status, "{\"error\":{\"type\":\"illegal_argument_exception\"}}");
        assert_null(strstr(answer.reason, "not that of"));
    }
}

/* A credential is in no reason, neither that of all records nor that of one. */
static void test_masked(void **state) {
    siem_request request = {0};
    (void)state;
    siem_request_clear(&request);
    siem_request_add_header(&request, true, "Authorization: Bearer t0k3n-s3cret");
    siem_answer_clear(&answer);
    answer = siem_answer_begin(outcomes, RECORDS);
    siem_answer_one(&answer, RECORDS - 1, SIEM_REJECT, 400, "no to t0k3n-s3cret of 3");
    siem_answer_one(&answer, 0, SIEM_RETRY, 503, "not t0k3n-s3cret now");
    siem_answer_mask(&answer, &request);
    assert_null(strstr(answer.reason, "t0k3n"));
    assert_memory_equal(answer.reason, "not *", 5);
    assert_null(outcomes[0].reason);
    assert_null(strstr(outcomes[RECORDS - 1].reason, "t0k3n"));
    test_has(outcomes[RECORDS - 1].reason, " of 3");
    siem_request_free(&request);
}

/* One line of printable ASCII, without blanks in a row. */
static void test_excerpts(void **state) {
    char longest[400], out[200];
    siem_response response = {.status = 500};
    (void)state;
    siem_answer_excerpt(&response, out);
    assert_string_equal(out, "");
    siem_buffer_add(&response.body, " \t a\r\n\x01 b~\x7f\xc3\xa9 c", 15);
    siem_answer_excerpt(&response, out);
    assert_string_equal(out, "a b~ c");
    memset(longest, 'x', sizeof longest);
    response.body.size = 0;
    siem_buffer_add(&response.body, longest, sizeof longest);
    siem_answer_excerpt(&response, out);
    assert_int_equal(strlen(out), 190);
    response.repeats_secret = true;
    siem_answer_excerpt(&response, out);
    assert_string_equal(out, "**** (its text is omitted: it repeats a credential)");
    siem_buffer_free(&response.body);
}

/* ---- reasons ---- */

static void assert_printable(const char *text) {
    size_t size = strlen(text);
    assert_true(size > 0);
    for (size_t at = 0; at < size;) {
        uint32_t point;
        at += siem_utf8_decode(text + at, size - at, &point);
        if (point == 0xfffd || point < ' ' || (point >= 0x7f && point < 0xa0)) {
            fail_msg("U+%04X in: %s", (unsigned)point, text);
        }
    }
}

static const char *const broken[] = {
    "lone \x80 and \xbf",
    "cut \xc3",
    "cut \xe2\x82",
    "cut \xf0\x9f\x98",
    "overlong \xc0\xaf",
    "no byte \xff\xfe",
    "beyond \xf4\x90\x80\x80",
    "surrogate \xed\xa0\x80",
    "control \x01\x1b[2J\x7f\xc2\x9b",
    "lines\r\nof \n many",
};

static void test_broken_texts(void **state) {
    char body[256];
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        siem_answer_clear(&answer);
        answer = siem_answer_begin(outcomes, RECORDS);
        siem_answer_all(&answer, SIEM_RETRY, "%s", broken[i]);
        assert_printable(answer.reason);
        siem_answer_one(&answer, 1, SIEM_REJECT, 400, "%s", broken[i]);
        assert_printable(outcomes[1].reason);
        siem_answer_one(&answer, 2, SIEM_RETRY, 503, "%s", broken[i]);
        assert_printable(answer.reason);
        siem_answer_add_reason(&answer, broken[i]);
        assert_printable(answer.reason);
        for (size_t t = 0; t < TARGETS; t++) {
            hear(t, 503, broken[i]);
            assert_printable(answer.reason);
        }
        (void)snprintf(body, sizeof body, "{\"code\":6,\"text\":\"%s\",\"invalid-event-number\":1}",
                       broken[i]);
        hear(1, 400, body);
        assert_printable(outcomes[1].reason != NULL ? outcomes[1].reason : answer.reason);
    }
}

/* A text that is cut at the end of its room ends with a whole character. */
static void test_cut_texts(void **state) {
    char text[600];
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t size = shift;
        memset(text, 'x', shift);
        for (; size + 4 < sizeof text; size += 4) memcpy(text + size, "\xf0\x9f\x98\x80", 4);
        text[size] = '\0';
        siem_answer_clear(&answer);
        answer = siem_answer_begin(outcomes, RECORDS);
        siem_answer_all(&answer, SIEM_RETRY, "%s", text);
        assert_printable(answer.reason);
        siem_answer_one(&answer, 0, SIEM_HOLD, 400, "%s", text);
        assert_printable(outcomes[0].reason);
        siem_answer_all(&answer, SIEM_RETRY, "short");
        siem_answer_add_reason(&answer, text);
        assert_printable(answer.reason);
        assert_true(answer.retry_after == -1); /* what comes next in memory */
    }
}

/* What holds up records is the reason of all of them; why one is rejected is its own. */
static void test_reasons(void **state) {
    (void)state;
    siem_answer_clear(&answer);
    answer = siem_answer_begin(outcomes, RECORDS);
    siem_answer_all(&answer, SIEM_DELIVERED, "fine");
    siem_answer_one(&answer, 0, SIEM_REJECT, 400, "wrong");
    assert_string_equal(answer.reason, "fine");
    assert_string_equal(outcomes[0].reason, "wrong");
    siem_answer_one(&answer, 1, SIEM_RETRY, 429, "busy");
    assert_string_equal(answer.reason, "busy");
    assert_null(outcomes[1].reason);
    siem_answer_one(&answer, 2, SIEM_HOLD, 403, "no key");
    assert_string_equal(answer.reason, "no key");
    assert_string_equal(outcomes[2].reason, "no key");
    assert_string_equal(outcomes[0].reason, "wrong");
}

/* Each outcome has what the target said: the status and the code of the answer, or a status of its
 * own. */
static void test_codes(void **state) {
    (void)state;
    siem_answer_clear(&answer);
    answer = siem_answer_begin(outcomes, RECORDS);
    answer.http_status = 503;
    answer.code = 9;
    siem_answer_all(&answer, SIEM_RETRY, "busy");
    for (size_t i = 0; i < RECORDS; i++) {
        assert_int_equal(outcomes[i].http_status, 503);
        assert_int_equal(outcomes[i].code, 9);
    }
    answer.code = 6;
    siem_answer_one(&answer, 1, SIEM_REJECT, 400, "wrong");
    assert_int_equal(outcomes[1].http_status, 400);
    assert_int_equal(outcomes[1].code, 6);
    assert_int_equal(outcomes[2].http_status, 503);
}

/* Nothing is left of the outcomes of another attempt. */
static void test_beginning(void **state) {
    siem_outcome old[RECORDS];
    (void)state;
    memset(old, 'x', sizeof old);
    const siem_answer begun = siem_answer_begin(old, RECORDS);
    assert_int_equal(begun.count, RECORDS);
    assert_ptr_equal(begun.outcomes, old);
    assert_int_equal(begun.next, SIEM_TAKE_OUTCOMES);
    assert_int_equal(begun.suspect, -1);
    assert_true(begun.retry_after < 0);
    for (size_t i = 0; i < RECORDS; i++) {
        assert_int_equal(old[i].verdict, SIEM_UNDECIDED);
        assert_int_equal(old[i].http_status, 0);
        assert_int_equal(old[i].code, -1);
        assert_false(old[i].existed || old[i].kept_aside);
        assert_null(old[i].reason);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passing_statuses),
        cmocka_unit_test(test_web_pages),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_last_word),
        cmocka_unit_test(test_microsoft),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_bulk),
        cmocka_unit_test(test_bulk_refused),
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_excerpts),
        cmocka_unit_test(test_broken_texts),
        cmocka_unit_test(test_cut_texts),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_beginning),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
