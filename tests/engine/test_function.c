/* test_function.c: a sink that is a function of the caller: what it is given, and what it says. */
#include "sink/sink.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

#define RECORDS 4

/* What the caller does: the outcomes that it gives, and how it ends. */
typedef struct caller {
    siem_outcome outcomes[RECORDS];
    siem_code code;
    const char *message, *file;
    char records[64]; /* that it was given */
    int closed;
} caller;

static caller of;
static siem_batch *batch;
static siem_sink *sink;
static siem_outcome outcomes[RECORDS];
static siem_answer answer;
static siem_error failure;

static siem_code take(void *context, const siem_batch *records, siem_outcome *given,
                      siem_error *err) {
    caller *c = context;
    size_t size;
    const char *bytes = siem_batch_bytes(records, &size);
    (void)snprintf(c->records, sizeof c->records, "%.*s", (int)size, bytes);
    for (size_t i = 0; i < siem_batch_size(records); i++) {
        assert_int_equal(given[i].verdict, SIEM_DELIVERED); /* until it says something else */
        given[i] = c->outcomes[i];
    }
    if (c->message != NULL) (void)strcpy(err->message, c->message);
    if (c->file != NULL) (void)strcpy(err->file, c->file);
    return c->code;
}

static void count_close(void *context) {
    ((caller *)context)->closed++;
}

static int open_all(void **state) {
    static const char *const records[RECORDS] = {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}",
                                                 "{\"d\":4}"};
    (void)state;
    of = (caller){.code = SIEM_OK};
    for (size_t i = 0; i < RECORDS; i++) of.outcomes[i].verdict = SIEM_DELIVERED;
    assert_ok(siem_batch_open(&batch, &err));
    for (size_t i = 0; i < RECORDS; i++) {
        assert_ok(siem_batch_add(batch, records[i], strlen(records[i]), "1", "r", 0, &err));
    }
    assert_ok(siem_sink_open_function(&sink, take, count_close, &of, &err));
    return 0;
}

static int close_all(void **state) {
    (void)state;
    siem_answer_clear(&answer);
    answer = (siem_answer){0};
    assert_ok(siem_sink_close(sink, &err));
    assert_int_equal(of.closed, 1);
    siem_batch_close(batch);
    return 0;
}

/* Sends records `first` on in a parcel, whose answer comes at once. */
static siem_code send(size_t first, size_t count) {
    siem_item items[RECORDS];
    for (size_t i = 0; i < count; i++) items[i] = (siem_item){batch, first + i};
    siem_parcel parcel = {.items = items, .count = count, .outcomes = outcomes, .ticket = -1};
    const siem_carrier *carrier = sink->kind->carrier;
    siem_answer_clear(&answer);
    siem_code rc = carrier->begin(sink, &parcel, &failure);
    assert_ptr_equal(carrier->next(sink, &answer), &parcel);
    assert_null(carrier->next(sink, &answer));
    assert_int_equal(answer.count, count);
    return rc;
}

/* It is given the records of the parcel, whichever of a batch they are. */
static void test_records(void **state) {
    (void)state;
    assert_int_equal(send(0, RECORDS), SIEM_OK);
    assert_string_equal(of.records, "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n{\"d\":4}\n");
    assert_int_equal(send(1, 2), SIEM_OK);
    assert_string_equal(of.records, "{\"b\":2}\n{\"c\":3}\n");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(outcomes[i].verdict, SIEM_DELIVERED);
        assert_null(outcomes[i].reason);
    }
}

/* A reason is copied, for a rejected record and for one that is held; a record without one gets no
 * other's. */
static void test_verdicts(void **state) {
    char reason[16] = "too large";
    (void)state;
    of.outcomes[0] = (siem_outcome){.verdict = SIEM_REJECT, .http_status = 413, .reason = reason};
    of.outcomes[1] = (siem_outcome){.verdict = SIEM_REJECT};
    of.outcomes[2] = (siem_outcome){.verdict = SIEM_HOLD, .reason = "no key"};
    of.outcomes[3] = (siem_outcome){.verdict = SIEM_RETRY, .reason = "busy"};
    assert_int_equal(send(0, RECORDS), SIEM_OK);
    (void)strcpy(reason, "gone");
    assert_int_equal(outcomes[0].verdict, SIEM_REJECT);
    assert_int_equal(outcomes[0].http_status, 413);
    assert_string_equal(outcomes[0].reason, "too large");
    assert_int_equal(outcomes[1].verdict, SIEM_REJECT);
    assert_string_equal(outcomes[1].reason, "the sink gave no reason");
    assert_int_equal(outcomes[2].verdict, SIEM_HOLD);
    assert_string_equal(outcomes[2].reason, "no key");
    assert_int_equal(outcomes[3].verdict, SIEM_RETRY);
    assert_null(outcomes[3].reason);
    assert_string_equal(answer.reason, "busy"); /* of records that are sent again */
}

/* A record that is to be sent again, or for which nothing was said, needs no reason. */
static void test_no_reasons(void **state) {
    (void)state;
    of.outcomes[0].verdict = SIEM_RETRY;
    of.outcomes[1].verdict = SIEM_UNDECIDED;
    assert_int_equal(send(0, RECORDS), SIEM_OK);
    assert_int_equal(outcomes[0].verdict, SIEM_RETRY);
    assert_int_equal(outcomes[1].verdict, SIEM_UNDECIDED);
    for (size_t i = 0; i < RECORDS; i++) assert_null(outcomes[i].reason);
    assert_string_equal(answer.reason, "the sink gave no reason");
}

/* What is no verdict ends the export, and nothing that was said counts. */
static void test_unknown_verdicts(void **state) {
    (void)state;
    for (int verdict = -1; verdict <= SIEM_HOLD + 1; verdict += SIEM_HOLD + 2) {
        of.outcomes[0] = (siem_outcome){.verdict = SIEM_REJECT, .reason = "wrong"};
        of.outcomes[3].verdict = (siem_verdict)verdict;
        assert_int_equal(send(0, RECORDS), SIEM_INVALID);
        char expected[128];
        (void)snprintf(expected, sizeof expected,
                       "the function 'send' gave record 3 the unknown verdict %d: give one of "
                       "siem_verdict",
                       verdict);
        assert_string_equal(failure.message, expected);
        for (size_t i = 0; i < RECORDS; i++) {
            assert_int_equal(outcomes[i].verdict, SIEM_UNDECIDED);
            assert_null(outcomes[i].reason);
        }
    }
}

static void test_failure(void **state) {
    (void)state;
    of.code = SIEM_IO;
    of.message = "the disk is full";
    of.file = "output.c";
    for (size_t i = 0; i < RECORDS; i++) of.outcomes[i].reason = "kept by the caller";
    assert_int_equal(send(0, RECORDS), SIEM_IO);
    assert_string_equal(failure.message, "the disk is full");
    assert_string_equal(failure.file, "output.c");
    for (size_t i = 0; i < RECORDS; i++) {
        assert_int_equal(outcomes[i].verdict, SIEM_UNDECIDED);
        assert_null(outcomes[i].reason);
    }
    assert_string_equal(answer.reason, "the sink failed");
    of.message = "x";
    assert_int_equal(send(0, RECORDS), SIEM_IO);
    assert_string_equal(failure.message, "x");
    of.message = "";
    assert_int_equal(send(0, RECORDS), SIEM_IO);
    assert_string_equal(failure.message, "the function 'send' failed without a message");
    of.code = (siem_code)12345;
    assert_int_equal(send(0, RECORDS), SIEM_INVALID);
    test_has(failure.message, "the function 'send' returned 12345");
}

/* Sent by a program itself, reasons last until it sends again. */
static void test_sent(void **state) {
    siem_outcome given[RECORDS] = {{0}};
    (void)state;
    of.outcomes[1] = (siem_outcome){.verdict = SIEM_REJECT, .reason = "wrong"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(siem_sink_send(sink, batch, given, &failure), SIEM_REFUSED);
        assert_string_equal(failure.message, "event 1: wrong");
        assert_int_equal(given[0].verdict, SIEM_DELIVERED);
        assert_int_equal(given[1].verdict, SIEM_REJECT);
        assert_string_equal(given[1].reason, "wrong");
    }
    const siem_patience *patience = &sink->pace.patience;
    assert_true(patience->retries == 8 && patience->base == 1 && patience->cap == 60);
    assert_string_equal(siem_sink_name(sink), "function");
    assert_null(siem_sink_target(sink));
    assert_null(siem_sink_beginning(sink));
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
    const struct CMUnitTest tests[] = {
        TEST(test_records),          TEST(test_verdicts), TEST(test_no_reasons),
        TEST(test_unknown_verdicts), TEST(test_failure),  TEST(test_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
