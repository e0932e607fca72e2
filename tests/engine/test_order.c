/* test_order.c: requests of a kind that keeps them in order, to a sink that answers as it is told.
 */
#include "base/clock.h"
#include "delivery/delivery.h"
#include "record/batch.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

/* What becomes of each parcel, in the order in which they begin: 'd' delivered, 'r' to be sent
 * again later, 'a' again at once, 'h' halved. All are answered once nothing more begins. */
typedef struct told_sink {
    siem_sink sink;
    const char *script;
    char begun[512]; /* "1-3 4-6 " */
    siem_parcel *waiting[8];
    char answers[8];
    size_t count;
} told_sink;

static siem_code begin(siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    told_sink *told = (told_sink *)sink;
    const siem_item *first = &parcel->items[0], *last = &parcel->items[parcel->count - 1];
    size_t at = strlen(told->begun);
    (void)err;
    (void)snprintf(told->begun + at, sizeof told->begun - at, "%s-%s ",
                   siem_batch_event_id(first->batch, first->record),
                   siem_batch_event_id(last->batch, last->record));
    told->answers[told->count] = *told->script != '\0' ? *told->script++ : 'd';
    told->waiting[told->count++] = parcel;
    return SIEM_OK;
}

static void wait_for(siem_sink *sink, int milliseconds) {
    (void)sink, (void)milliseconds;
}

static siem_parcel *next(siem_sink *sink, siem_answer *answer) {
    told_sink *told = (told_sink *)sink;
    if (told->count == 0) return NULL;
    siem_parcel *parcel = told->waiting[0];
    char what = told->answers[0];
    told->count--;
    memmove(told->waiting, told->waiting + 1, told->count * sizeof *told->waiting);
    memmove(told->answers, told->answers + 1, told->count);
    *answer = siem_answer_begin(parcel->outcomes, parcel->count);
    if (what == 'h') siem_answer_halve(answer, "one of them");
    else siem_answer_all(answer, what == 'r' ? SIEM_RETRY : SIEM_DELIVERED, "not now");
    if (what == 'a') answer->next = SIEM_AGAIN;
    return parcel;
}

static const siem_carrier carrier = {.begin = begin, .wait = wait_for, .next = next};
static const siem_sink_kind kind = {
    .name = "told", .can = SIEM_REJECTS | SIEM_IN_ORDER, .accepts = ~0u, .carrier = &carrier};

static siem_code settle(void *context, const siem_settlement *settlement, siem_error *err) {
    (void)context, (void)settlement, (void)err;
    return SIEM_OK;
}

static bool go_on(void *context) {
    (void)context;
    return true;
}

static void notice(void *context, const char *text) {
    (void)context, (void)text;
}

/* Sends events 1 to `last`, three a request, and compares the requests that began. */
static void assert_begun(const char *script, size_t in_flight, int last, const char *expected) {
    const siem_delivery_calls calls = {settle, go_on, notice, NULL};
    told_sink told = {.sink = {.kind = &kind}, .script = script};
    siem_delivery *delivery;
    siem_batch *batch;
    told.sink.pace = (siem_pace){.batch_bytes = SIZE_MAX,
                                 .batch_events = 3,
                                 .in_flight = in_flight,
                                 .patience = {.retries = 9, .base = 0.02, .cap = 0.02}};
    assert_ok(siem_batch_open(&batch, &err));
    for (int i = 1; i <= last; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        assert_ok(siem_batch_add(batch, "{}", 2, id, "r", 0, &err));
    }
    assert_ok(
        siem_delivery_open(&delivery, &told.sink, SIZE_MAX, (siem_position){0}, &calls, &err));
    assert_ok(siem_delivery_push_borrowed(delivery, batch, &err));
    assert_ok(siem_delivery_finish(delivery, &err));
    siem_delivery_close(delivery);
    siem_batch_close(batch);
    assert_string_equal(told.begun, expected);
}

static void test_ordinary(void **state) {
    (void)state;
    assert_begun("", 1, 7, "1-3 4-6 7-7 ");
    assert_begun("", 4, 7, "1-3 4-6 7-7 ");
}

/* A request that waits for its next attempt holds up those after it, begun or not. */
static void test_retry(void **state) {
    (void)state;
    assert_begun("r", 1, 6, "1-3 1-3 4-6 ");
    assert_begun("ra", 2, 9, "1-3 4-6 1-3 4-6 7-9 ");
    assert_begun("rara", 2, 6, "1-3 4-6 1-3 4-6 1-3 4-6 ");
}

/* One that is divided is sent whole before the next one begins. */
static void test_divided(void **state) {
    (void)state;
    assert_begun("h", 1, 6, "1-3 1-1 2-3 4-6 ");
    assert_begun("ha", 2, 6, "1-3 4-6 1-1 2-3 4-6 ");
    assert_begun("har", 2, 6, "1-3 4-6 1-1 1-1 2-3 4-6 ");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ordinary),
                                       cmocka_unit_test(test_retry),
                                       cmocka_unit_test(test_divided)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
