/* fuzz_answer.c: answers of servers, hostile ones among them, for every kind of sink. The first
 * byte chooses the kind, the second one the HTTP status and the server, the rest is the body. */
#include "sink/http/session.h"
#include "sink/http/status.h"

#include <stdlib.h>
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

static void open_all(void) {
    const char *record = "{\"index\":\"main\",\"event\":{\"id\":1}}";
    for (size_t i = 0; i < TARGETS; i++) {
        size_t count = 0;
        while (count < 4 && targets[i].options[count].name != NULL) count++;
        if (siem_sink_open(&sinks[i], targets[i].kind, targets[i].options, count, NULL) !=
            SIEM_OK) {
            abort();
        }
    }
    if (siem_batch_open(&batch, NULL) != SIEM_OK) abort();
    for (int i = 0; i < RECORDS; i++) {
        if (siem_batch_add(batch, record, strlen(record), "1", "r", 0, NULL) != SIEM_OK) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int statuses[] = {200, 201, 204, 307, 400, 401, 403, 404, 413, 415, 429, 500, 503};
    siem_outcome outcomes[RECORDS];
    siem_response response = {.retry_after = -1};
    if (batch == NULL) open_all();
    if (size < 2) return 0;
    const siem_item items[RECORDS] = {{batch, 0}, {batch, 1}, {batch, 2}};
    siem_sink *sink = sinks[data[0] % TARGETS];
    const siem_protocol *protocol = ((siem_http_sink *)sink)->protocol;
    response.status = statuses[data[1] % (sizeof statuses / sizeof *statuses)];
    if (data[1] & 0x80) (void)strcpy(response.server, "Splunkd");
    siem_buffer_add(&response.body, (const char *)data + 2, size - 2);
    siem_buffer_add_char(&response.body, '\0');
    response.body.size--;
    siem_parcel parcel = {.items = items, .count = RECORDS, .ticket = data[0] & 0x80 ? 7 : -1};
    siem_answer answer = siem_answer_begin(outcomes, RECORDS);
    protocol->read(sink, &parcel, &response, &answer);
    siem_answer_clear(&answer);
    if (protocol->read_health != NULL) {
        answer = siem_answer_begin(outcomes, 1);
        protocol->read_health(sink, &response, &answer);
        siem_answer_clear(&answer);
    }
    answer = siem_answer_begin(outcomes, 1);
    if (protocol->read_prelude != NULL) protocol->read_prelude(sink, &response, &answer);
    siem_answer_clear(&answer);
    answer = siem_answer_begin(outcomes, 1);
    if (protocol->read_ping != NULL) protocol->read_ping(sink, &response, &answer);
    siem_answer_clear(&answer);
    siem_buffer_free(&response.body);
    return 0;
}
