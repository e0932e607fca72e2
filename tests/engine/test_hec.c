/* test_hec.c: what each code of Splunk's HTTP Event Collector makes of the records that were sent.
 */
#include "sink/http/session.h"
#include "sink/http/status.h"
#include "sink/sink.h"
#include "testing.h"

#include <stdio.h>

typedef enum fate { TAKEN, FILLING, BUSY, FAILED, EVENT, TOKEN } fate;

static const struct {
    int code, status;
    fate fate;
} codes[] = {
    {0, 200, TAKEN},    {1, 403, TOKEN},   {2, 401, TOKEN},  {3, 401, TOKEN},   {4, 403, TOKEN},
    {5, 400, EVENT},    {6, 400, EVENT},   {7, 400, TOKEN},  {8, 500, FAILED},  {9, 503, BUSY},
    {10, 400, TOKEN},   {11, 400, TOKEN},  {12, 400, EVENT}, {13, 400, EVENT},  {14, 400, TOKEN},
    {15, 400, EVENT},   {16, 400, TOKEN},  {17, 200, TAKEN}, {18, 503, BUSY},   {19, 503, BUSY},
    {20, 503, BUSY},    {21, 400, TOKEN},  {22, 400, TOKEN}, {23, 503, BUSY},   {24, 200, FILLING},
    {25, 200, FILLING}, {26, 429, BUSY},   {27, 429, BUSY},  {28, 200, FAILED}, /* unknown codes */
    {28, 400, TOKEN},   {28, 503, FAILED}, {0, 503, FAILED},
};

static siem_answer ask(siem_sink *sink, const siem_batch *batch, int code, int status,
                       siem_outcome *outcomes) {
    const siem_item items[] = {{batch, 0}, {batch, 1}};
    char body[64];
    siem_parcel parcel = {.items = items, .count = 2, .ticket = -1};
    siem_response response = {.status = status, .retry_after = -1};
    int size = snprintf(body, sizeof body, "{\"text\":\"t\",\"code\":%d}", code);
    siem_buffer_add(&response.body, body, (size_t)size + 1);
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
        siem_answer answer = ask(sink, batch, codes[i].code, codes[i].status, outcomes);
        bool is_right = outcomes[1].verdict == verdicts[fate] &&
                        (answer.next == SIEM_HALVE) == (fate == EVENT) &&
                        answer.slow_down == (fate == FILLING) && answer.is_busy == (fate == BUSY);
        if (!is_right) {
            fail_msg("code %d, HTTP %d: verdict %d, next %d, slow %d, busy %d", codes[i].code,
                     codes[i].status, (int)outcomes[1].verdict, (int)answer.next, answer.slow_down,
                     answer.is_busy);
        }
        siem_answer_clear(&answer);
    }
    assert_ok(siem_sink_close(sink, &err));
    siem_batch_close(batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
