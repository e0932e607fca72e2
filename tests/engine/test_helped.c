/* test_helped.c: parcels that a helping thread prepares before it is their turn. */
#include "testing.h"
#include "told.h"

#include <string.h>

static told_sink told;

static bool is_helping, is_lazy;
static size_t helped, prepared; /* parcels, by the helper, and all */

static siem_code prepare(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    (void)sink, (void)parcel, (void)err;
    prepared++;
    helped += is_helping;
    return SIEM_OK;
}

static void help(void *queue) {
    is_helping = true;
    if (!is_lazy) siem_task_queue_help(queue);
    is_helping = false;
}

/* Begins a delivery of parcels that another thread prepares. */
static void begin_helped(const char *record) {
    told_open(&told, 1, 3, 0.001);
    told.carrier.prepare = prepare;
    told.record = record;
    helped = prepared = 0;
    told_begin(&told);
    siem_task_queue *queue = siem_delivery_parcels(told.delivery);
    siem_task_queue_set_helpers(queue, help, queue);
}

/* A record of so many bytes. */
static const char *make_record(size_t size) {
    static char record[100000];
    assert_true(size < sizeof record);
    memset(record, 'x', size);
    memcpy(record, "{\"a\":\"", 6);
    memcpy(record + size - 2, "\"}", 3);
    return record;
}

/* While one is in flight, the next is prepared, unless it is small. */
static void reply_when_prepared(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    (void)parcel, (void)answer;
    assert_int_equal(prepared, sink->replies == 0 ? 2 : 3);
}

static void test_prepared_elsewhere(void **state) {
    (void)state;
    begin_helped(make_record(30000));
    told.reply = reply_when_prepared;
    assert_ok(told_push(&told, 1, 9, &err));
    assert_ok(told_end(&told, &err));
    assert_int_equal(helped, 3);
    assert_int_equal(prepared, 3);
    begin_helped("{}");
    assert_ok(told_push(&told, 1, 9, &err));
    assert_ok(told_end(&told, &err));
    assert_int_equal(helped, 0);
    assert_int_equal(prepared, 3);
}

/* What waits for a thread when none helps any more, the delivery prepares by itself. */
static void wait_for_helper(siem_sink *sink, int milliseconds) {
    assert_true(milliseconds <= 100);
    if (++((told_sink *)sink)->waits == 4) {
        siem_task_queue_set_helpers(siem_delivery_parcels(told.delivery), NULL, NULL);
    }
}

static void test_helper_leaves(void **state) {
    (void)state;
    is_lazy = true;
    begin_helped(make_record(30000));
    told.carrier.wait = wait_for_helper;
    assert_ok(told_push(&told, 1, 3, &err));
    assert_ok(told_end(&told, &err));
    assert_true(told.waits >= 4);
    assert_int_equal(helped, 0);
    assert_int_equal(prepared, 1);
    assert_string_equal(told.settled, "DDD@3 ");
    is_lazy = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_prepared_elsewhere),
                                       cmocka_unit_test(test_helper_leaves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
