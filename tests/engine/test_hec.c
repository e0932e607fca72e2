/* test_hec.c: what each code of Splunk's HTTP Event Collector makes of the records that were sent.
 */
#include "base/clock.h"
#include "sink/http/session.h"
#include "sink/http/status.h"
#include "sink/sink.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

typedef enum fate { TAKEN, FILLING, BUSY, FAILED, EVENT, TOKEN } fate;

static const struct {
    int code, status;
    fate fate;
} codes[] = {
    {0, 200, TAKEN},    {1, 403, TOKEN},  {2, 401, TOKEN},  {3, 401, TOKEN},   {4, 403, TOKEN},
    {5, 400, EVENT},    {6, 400, EVENT},  {7, 400, TOKEN},  {8, 500, FAILED},  {9, 503, BUSY},
    {10, 400, TOKEN},   {11, 400, TOKEN}, {12, 400, EVENT}, {13, 400, EVENT},  {14, 400, TOKEN},
    {15, 400, EVENT},   {16, 400, TOKEN}, {17, 200, TAKEN}, {18, 503, BUSY},   {19, 503, BUSY},
    {20, 503, BUSY},    {21, 400, TOKEN}, {22, 400, TOKEN}, {23, 503, BUSY},   {24, 200, FILLING},
    {25, 200, FILLING}, {26, 429, BUSY},  {27, 429, BUSY},  {28, 200, FAILED}, /* unknown codes */
    {8, 400, FAILED},   {9, 400, BUSY},   {26, 503, BUSY},  {28, 400, TOKEN},  {28, 503, FAILED},
    {0, 503, FAILED},
};

/* What an answer to a parcel of two records makes of them. */
static siem_answer read_two(siem_sink *sink, const siem_batch *batch, int status, const char *body,
                            bool is_splunkd, siem_outcome *outcomes) {
    const siem_item items[] = {{batch, 0}, {batch, 1}};
    siem_parcel parcel = {.items = items, .count = 2, .ticket = -1};
    siem_response response = {.status = status, .retry_after = -1};
    if (is_splunkd) strcpy(response.server, "Splunkd");
    siem_buffer_add(&response.body, body, strlen(body) + 1);
    response.body.size--;
    siem_answer answer = siem_answer_begin(outcomes, 2);
    ((siem_http_sink *)sink)->protocol->read(sink, &parcel, &response, &answer);
    siem_buffer_free(&response.body);
    return answer;
}

static void test_codes(void **state) {
    const siem_option options[] = {{"url", "http://h"}, {"token", "t"}};
    siem_outcome outcomes[2];
    siem_sink *sink;
    siem_batch *batch;
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    for (int i = 0; i < 2; i++) {
        assert_ok(siem_batch_add(batch, "{\"event\":1}", 11, "1", "r", 0, &err));
    }
    assert_ok(siem_sink_open(&sink, "splunk", options, 2, &err));
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        static const siem_verdict verdicts[] = {
            [TAKEN] = SIEM_DELIVERED, [FILLING] = SIEM_DELIVERED, [BUSY] = SIEM_RETRY,
            [FAILED] = SIEM_RETRY,    [EVENT] = SIEM_REJECT,      [TOKEN] = SIEM_HOLD};
        fate fate = codes[i].fate;
        char body[64];
        (void)snprintf(body, sizeof body, "{\"text\":\"t\",\"code\":%d}", codes[i].code);
        siem_answer answer = read_two(sink, batch, codes[i].status, body, false, outcomes);
        bool is_right = outcomes[1].verdict == verdicts[fate] &&
                        (answer.next == SIEM_HALVE) == (fate == EVENT) &&
                        answer.slow_down == (fate == FILLING) && answer.is_busy == (fate == BUSY);
        if (!is_right) {
            fail_msg("code %d, HTTP %d: verdict %d, next %d, slow %d, busy %d", codes[i].code,
                     codes[i].status, (int)outcomes[1].verdict, (int)answer.next, answer.slow_down,
                     answer.is_busy);
        }
        bool is_known_token = fate == TOKEN && codes[i].code != 7 && codes[i].code < 28;
        if (is_known_token) test_has(answer.reason, ": fix the collector's token");
        siem_answer_clear(&answer);
    }
    assert_ok(siem_sink_close(sink, &err));
    siem_batch_close(batch);
}

/* An index that the token may not use is the fault of a record that names it, or of the set-up. */
static void test_indices(void **state) {
    static const struct {
        const char *first, *second, *body;
        bool is_splunkd;
        siem_verdict verdict; /* of the second; SIEM_REJECT: it, or some record, is at fault */
    } cases[] = {
        {"{\"index\":\"own\"}", "{\"index\":\"own\"}", "{\"code\":7}", true, SIEM_HOLD},
        {"{\"index\":\"own\"}", "{\"a\":1}", "{\"code\":7}", true, SIEM_HOLD},
        {"{\"index\":\"own\"}", "{\"index\":\"other\"}", "{\"code\":7}", true, SIEM_REJECT},
        {"{\"index\":\"owner\"}", "{\"index\":\"own\"}", "{\"code\":7}", true, SIEM_REJECT},
        {"{\"a\":1}", "{\"index\":\"ow\"}", "{\"code\":7}", false, SIEM_REJECT},
        {"{\"index\":\"own\"}", "{\"index\":\"other\"}", "{\"code\":7,\"invalid-event-number\":0}",
         true, SIEM_HOLD},
        {"{\"index\":\"own\"}", "{\"index\":\"other\"}", "{\"code\":7,\"invalid-event-number\":1}",
         true, SIEM_REJECT},
        {"{\"index\":\"own\"}", "{\"index\":\"other\"}", "{\"code\":7,\"invalid-event-number\":0}",
         false, SIEM_REJECT},
    };
    const siem_option options[] = {{"url", "http://h"}, {"token", "t"}, {"index", "own"}};
    siem_sink *sink;
    (void)state;
    assert_ok(siem_sink_open(&sink, "splunk", options, 3, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *records[] = {cases[i].first, cases[i].second};
        siem_outcome outcomes[2];
        siem_batch *batch;
        assert_ok(siem_batch_open(&batch, &err));
        for (int r = 0; r < 2; r++) {
            assert_ok(siem_batch_add(batch, records[r], strlen(records[r]), "1", "r", 0, &err));
        }
        siem_answer answer =
            read_two(sink, batch, 400, cases[i].body, cases[i].is_splunkd, outcomes);
        if (outcomes[1].verdict != cases[i].verdict) {
            fail_msg("case %zu: %d, %s", i, (int)outcomes[1].verdict, answer.reason);
        }
        bool is_number_one = strstr(cases[i].body, "-number\":1") != NULL;
        if (is_number_one) assert_int_equal(outcomes[0].verdict, SIEM_DELIVERED);
        siem_answer_clear(&answer);
        siem_batch_close(batch);
    }
    assert_ok(siem_sink_close(sink, &err));
}

/* Only splunkd's number is believed; another server's leads to the record that is tried alone. */
static void test_suspects(void **state) {
    static const struct {
        const char *body;
        int suspect;
    } cases[] = {
        {"{\"code\":6,\"invalid-event-number\":0}", 0},
        {"{\"code\":6,\"invalid-event-number\":1}", 1},
        {"{\"code\":6,\"invalid-event-number\":2}", -1}, /* there is none */
        {"{\"code\":6}", -1},
    };
    const siem_option options[] = {{"url", "http://h"}, {"token", "t"}};
    siem_outcome outcomes[2];
    siem_sink *sink;
    (void)state;
    assert_ok(siem_sink_open(&sink, "splunk", options, 2, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_answer answer = read_two(sink, NULL, 400, cases[i].body, false, outcomes);
        assert_int_equal(answer.next, SIEM_HALVE);
        assert_int_equal(answer.suspect, cases[i].suspect);
        siem_answer_clear(&answer);
    }
    assert_ok(siem_sink_close(sink, &err));
}

/* ---- acknowledgement ---- */

static siem_outcome outcome;

/* What an answer to a parcel of one record makes of it, or to its question when it has a ticket. */
static siem_answer read_one(siem_sink *sink, siem_parcel *parcel, int status, const char *body) {
    siem_response response = {.status = status, .retry_after = -1};
    siem_buffer_add(&response.body, body, strlen(body) + 1);
    response.body.size--;
    parcel->count = 1;
    siem_answer answer = siem_answer_begin(&outcome, 1);
    ((siem_http_sink *)sink)->protocol->read(sink, parcel, &response, &answer);
    siem_buffer_free(&response.body);
    return answer;
}

#define ACK_OPTIONS                                                                                \
    (const siem_option[]) {                                                                        \
        {"url", "http://h"}, {"token", "t"}, {"ack", "true"}, {                                    \
            "ack_timeout", "60"                                                                    \
        }                                                                                          \
    }

/* A record is in when its ticket is acknowledged, and only then. */
static void test_acks(void **state) {
    siem_parcel parcel = {.ticket = -1};
    siem_sink *sink;
    (void)state;
    assert_ok(siem_sink_open(&sink, "splunk", ACK_OPTIONS, 4, &err));
    siem_answer answer = read_one(sink, &parcel, 200, "{\"text\":\"t\",\"code\":0}");
    assert_int_equal(outcome.verdict, SIEM_HOLD);
    assert_non_null(strstr(answer.reason, "gives no ackId"));
    siem_answer_clear(&answer);
    answer = read_one(sink, &parcel, 200, "{\"text\":\"t\",\"code\":0,\"ackId\":7}");
    assert_int_equal(answer.next, SIEM_CONFIRM);
    assert_int_equal(parcel.ticket, 7);
    assert_true(siem_clock() - parcel.since < 60);
    assert_true(answer.retry_after > 0 && answer.retry_after < 60);
    static const char *const pending[] = {"{\"acks\":{\"7\":false}}", "{\"acks\":{\"8\":true}}",
                                          "{\"acks\":{}}", "{}", "<html>"};
    for (size_t i = 0; i < sizeof pending / sizeof *pending; i++) {
        answer = read_one(sink, &parcel, 200, pending[i]);
        assert_int_equal(answer.next, SIEM_CONFIRM);
        assert_true(answer.retry_after > 0);
    }
    answer = read_one(sink, &parcel, 503, "{\"acks\":{\"7\":true}}");
    assert_int_equal(answer.next, SIEM_CONFIRM);
    answer = read_one(sink, &parcel, 200, "{\"acks\":{\"7\":true}}");
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    assert_int_equal(outcome.verdict, SIEM_DELIVERED);
    siem_answer_clear(&answer);
    assert_ok(siem_sink_close(sink, &err));
}

/* Pauses double, and the last question is asked when patience ends. */
static void test_ack_pauses(void **state) {
    static const struct {
        double waited, least, most;
    } cases[] = {{2, 1.9, 4}, {4, 3.9, 8}, {59, 0.1, 1.1}};
    siem_parcel parcel = {.ticket = 7};
    siem_sink *sink;
    siem_answer answer;
    (void)state;
    assert_ok(siem_sink_open(&sink, "splunk", ACK_OPTIONS, 4, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parcel.since = siem_clock() - cases[i].waited;
        answer = read_one(sink, &parcel, 200, "{\"acks\":{\"7\":false}}");
        assert_int_equal(answer.next, SIEM_CONFIRM);
        if (answer.retry_after < cases[i].least || answer.retry_after > cases[i].most) {
            fail_msg("%g s after %g s", answer.retry_after, cases[i].waited);
        }
    }
    parcel.since = siem_clock() - 61;
    answer = read_one(sink, &parcel, 200, "{\"acks\":{\"7\":false}}");
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    assert_int_equal(outcome.verdict, SIEM_RETRY);
    assert_string_equal(answer.reason, "not acknowledged in 60 s");
    siem_answer_clear(&answer);
    /* A set-up that is wrong is no matter of patience. */
    answer = read_one(sink, &parcel, 400, "{\"text\":\"t\",\"code\":14}");
    assert_int_equal(outcome.verdict, SIEM_HOLD);
    siem_answer_clear(&answer);
    answer = read_one(sink, &parcel, 403, "");
    assert_int_equal(outcome.verdict, SIEM_HOLD);
    siem_answer_clear(&answer);
    assert_ok(siem_sink_close(sink, &err));
}

/* A token that was renewed in its file is tried at once, whatever says that the old one is wrong:
 * HTTP 401, or code 4. */
static void test_renewed_token(void **state) {
    static const struct {
        int status;
        const char *body;
        siem_next next;
    } cases[] = {
        {401, "{\"text\":\"t\",\"code\":2}", SIEM_RENEWED},
        {401, "", SIEM_RENEWED},
        {403, "{\"text\":\"t\",\"code\":4}", SIEM_RENEWED},
        {403, "{\"text\":\"t\",\"code\":1}", SIEM_TAKE_OUTCOMES},
        {400, "{\"text\":\"t\",\"code\":10}", SIEM_TAKE_OUTCOMES},
    };
    char path[256], option[300];
    (void)state;
    (void)snprintf(path, sizeof path, "%s", test_path("token"));
    (void)snprintf(option, sizeof option, "file:%s", path);
    const siem_option options[] = {{"url", "http://h"}, {"token", option}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_parcel parcel = {.ticket = -1};
        siem_sink *sink;
        for (int turn = 0; turn < 2; turn++) {
            FILE *file = fopen(path, "w");
            assert_non_null(file);
            assert_int_equal(fputs(turn == 0 ? "0ld-t0ken" : "n3w-t0ken", file) >= 0, 1);
            assert_int_equal(fclose(file), 0);
            if (turn == 0) assert_ok(siem_sink_open(&sink, "splunk", options, 2, &err));
        }
        siem_answer answer = read_one(sink, &parcel, cases[i].status, cases[i].body);
        assert_int_equal(outcome.verdict, SIEM_HOLD);
        assert_int_equal(answer.next, cases[i].next);
        siem_answer_clear(&answer);
        assert_ok(siem_sink_close(sink, &err));
    }
}

/* What is no answer of HEC's says nothing of records. */
static void test_others(void **state) {
    static const struct {
        int status;
        const char *body;
        siem_verdict verdict;
    } cases[] = {
        {200, "{\"text\":\"t\",\"code\":0}", SIEM_DELIVERED},
        {299, "{\"text\":\"t\",\"code\":0}", SIEM_DELIVERED},
        {300, "{\"text\":\"t\",\"code\":0}", SIEM_HOLD},
        {199, "{\"text\":\"t\",\"code\":0}", SIEM_HOLD},
        {200, "<html>", SIEM_RETRY},
        {200, "{}", SIEM_RETRY},
        {400, "", SIEM_HOLD},
        {400, "bad request", SIEM_HOLD},
        {413, "", SIEM_REJECT},
        {415, "", SIEM_HOLD},
        {503, "", SIEM_RETRY},
    };
    const siem_option options[] = {{"url", "http://h"}, {"token", "t"}};
    siem_sink *sink;
    (void)state;
    assert_ok(siem_sink_open(&sink, "splunk", options, 2, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_parcel parcel = {.ticket = -1};
        siem_answer answer = read_one(sink, &parcel, cases[i].status, cases[i].body);
        if (outcome.verdict != cases[i].verdict) {
            fail_msg("HTTP %d %s: %d", cases[i].status, cases[i].body, (int)outcome.verdict);
        }
        assert_int_equal(answer.next, cases[i].status == 413 ? SIEM_HALVE : SIEM_TAKE_OUTCOMES);
        siem_answer_clear(&answer);
    }
    assert_ok(siem_sink_close(sink, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),      cmocka_unit_test(test_indices),
        cmocka_unit_test(test_suspects),   cmocka_unit_test(test_acks),
        cmocka_unit_test(test_ack_pauses), cmocka_unit_test(test_renewed_token),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
