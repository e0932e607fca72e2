/* test_shipment.c: which records of a batch are sent next, and what answers decide. */
#include "delivery/shipment.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static siem_shipment shipment;
static siem_batch *batch;
static siem_outcome outcomes[16];

static int open_batch(void **state) {
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    for (size_t i = 0; i < 16; i++) {
        assert_ok(siem_batch_add(batch, "{}", 2, "1", "r", 0, &err));
    }
    return 0;
}

static int close_batch(void **state) {
    (void)state;
    siem_batch_close(batch);
    return 0;
}

static void load_again(size_t count) {
    siem_item items[16];
    for (size_t i = 0; i < count; i++) items[i] = (siem_item){batch, i};
    const siem_request_items request = {.items = items, .count = count, .position = {.id = 7}};
    assert_ok(siem_shipment_load(&shipment, &request, &err));
    assert_int_equal(shipment.count, count);
    assert_int_equal(shipment.position.id, 7);
}

static void load(size_t count) {
    shipment = (siem_shipment){0};
    load_again(count);
}

/* The records of the next parcel, as letters from "a" on; "" when none is left. */
static void assert_next(size_t most, const char *records) {
    char letters[32] = "";
    bool is_left = siem_shipment_next(&shipment, most, false);
    assert_int_equal(is_left, records[0] != '\0');
    for (size_t i = 0; is_left && i < shipment.parcel.count; i++) {
        letters[i] = (char)('a' + (int)shipment.records[i]);
    }
    assert_string_equal(letters, records);
}

/* An answer to the parcel, one letter a record: Delivered, Rejected, reTry, Hold, Undecided. */
static siem_decision answer(const char *verdicts) {
    siem_answer answer = siem_answer_begin(outcomes, shipment.parcel.count);
    assert_int_equal(strlen(verdicts), shipment.parcel.count);
    for (size_t i = 0; i < answer.count; i++) {
        siem_verdict verdict = verdicts[i] == 'D'   ? SIEM_DELIVERED
                               : verdicts[i] == 'R' ? SIEM_REJECT
                               : verdicts[i] == 'T' ? SIEM_RETRY
                               : verdicts[i] == 'H' ? SIEM_HOLD
                                                    : SIEM_UNDECIDED;
        siem_answer_one(&answer, i, verdict, 200, "reason %zu", i);
    }
    siem_decision decision = siem_shipment_record(&shipment, &answer);
    siem_answer_clear(&answer);
    return decision;
}

static void test_parcels(void **state) {
    (void)state;
    load(5);
    assert_next(9, "abcde");
    assert_next(2, "ab");
    siem_decision decision = answer("DT");
    assert_int_equal(decision.decided, 1);
    assert_int_equal(decision.delivered, 1);
    assert_true(decision.retry);
    assert_null(decision.remedy);
    assert_next(3, "bcd");
    decision = answer("RUD");
    assert_int_equal(decision.decided, 2);
    assert_int_equal(decision.delivered, 1);
    assert_false(decision.retry);
    assert_next(9, "ce");
    assert_int_equal(answer("DD").decided, 2);
    assert_next(9, "");
    assert_int_equal(shipment.outcomes[1].verdict, SIEM_REJECT);
    assert_string_equal(shipment.outcomes[1].reason, "reason 0");
    assert_int_equal(shipment.outcomes[2].verdict, SIEM_DELIVERED);
    siem_shipment_release(&shipment);
}

static void test_hold(void **state) {
    siem_outcome three[3];
    (void)state;
    load(3);
    assert_next(9, "abc");
    siem_answer held = siem_answer_begin(three, 3);
    siem_answer_one(&held, 0, SIEM_DELIVERED, 201, "in");
    siem_answer_one(&held, 1, SIEM_HOLD, 403, "grant %s", "this");
    siem_answer_one(&held, 2, SIEM_HOLD, 403, "grant %s", "that");
    siem_decision decision = siem_shipment_record(&shipment, &held);
    assert_string_equal(decision.remedy, "grant this"); /* of the first one */
    assert_int_equal(decision.decided, 1);
    siem_answer_clear(&held);
    assert_next(9, "bc");
    siem_shipment_release(&shipment);
}

/* Halves are sent one after the other, down to what is at fault; what is decided is passed over. */
static void test_halves(void **state) {
    (void)state;
    load(5);
    assert_next(9, "abcde");
    siem_shipment_halve(&shipment, -1);
    assert_next(9, "ab");
    (void)answer("DD");
    assert_next(9, "cde");
    siem_shipment_halve(&shipment, -1);
    assert_next(9, "c");
    (void)answer("R");
    assert_next(9, "de");
    siem_shipment_halve(&shipment, -1);
    assert_next(9, "d");
    (void)answer("D");
    assert_next(9, "e");
    (void)answer("D");
    assert_next(9, "");
    siem_shipment_release(&shipment);
}

/* A suspect is sent alone, and then the halves without it. */
static void test_suspect(void **state) {
    (void)state;
    load(6);
    assert_next(1, "a");
    (void)answer("D");
    assert_next(9, "bcdef");
    siem_shipment_halve(&shipment, 1);
    assert_next(9, "c");
    (void)answer("R");
    assert_next(9, "b");
    (void)answer("D");
    assert_next(9, "def");
    (void)answer("DDD");
    assert_next(9, "");
    siem_shipment_release(&shipment);
    load(4); /* the first one */
    assert_next(9, "abcd");
    siem_shipment_halve(&shipment, 0);
    assert_next(9, "a");
    (void)answer("R");
    assert_next(9, "b");
    siem_shipment_release(&shipment);
}

/* Where the target stores a record once, one that it has goes with those that failed by themselves.
 */
static void test_companion(void **state) {
    (void)state;
    load(3);
    assert_next(9, "abc");
    (void)answer("DTT");
    shipment.is_itemwise = true;
    shipment.blames[1].failures = 1;
    assert_true(siem_shipment_next(&shipment, 9, true));
    assert_int_equal(shipment.parcel.count, 2);
    shipment.blames[1].failures = 2;
    assert_true(siem_shipment_next(&shipment, 9, false));
    assert_int_equal(shipment.parcel.count, 2);
    assert_true(siem_shipment_next(&shipment, 9, true));
    assert_int_equal(shipment.parcel.count, 3);
    assert_int_equal(shipment.records[2], 0);
    siem_decision decision = answer("TDR"); /* what the companion gets changes nothing */
    assert_int_equal(decision.decided, 1);
    assert_int_equal(shipment.outcomes[0].verdict, SIEM_DELIVERED);
    assert_int_equal(shipment.outcomes[2].verdict, SIEM_DELIVERED);
    assert_next(9, "b");
    siem_shipment_release(&shipment);
}

/* Eight that are refused, and none taken: it is not the records. */
static void test_absolve(void **state) {
    (void)state;
    load(9);
    assert_next(7, "abcdefg");
    (void)answer("RRRRRRR");
    assert_false(siem_shipment_absolve(&shipment));
    assert_next(1, "h");
    (void)answer("R");
    assert_true(siem_shipment_absolve(&shipment));
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(shipment.outcomes[i].verdict, SIEM_UNDECIDED);
        assert_null(shipment.outcomes[i].reason);
        assert_int_equal(shipment.outcomes[i].code, -1);
    }
    assert_next(9, "abcdefghi");
    (void)answer("RRRRRRRRD");
    assert_false(siem_shipment_absolve(&shipment));
    siem_shipment_clear(&shipment);
    assert_int_equal(shipment.count, 0);
    siem_shipment_release(&shipment);
}

/* A parcel that goes again with the same records is not prepared again. */
static void test_same_records(void **state) {
    siem_parcel *parcel = &shipment.parcel;
    (void)state;
    load(4);
    assert_next(9, "abcd");
    assert_false(parcel->is_prepared);
    siem_body_add(&parcel->body, "body", 4);
    parcel->is_prepared = true;
    (void)answer("TTTT");
    assert_next(9, "abcd");
    assert_true(parcel->is_prepared);
    assert_int_equal(parcel->body.size, 4);
    assert_next(3, "abc"); /* fewer, */
    assert_false(parcel->is_prepared);
    assert_int_equal(parcel->body.size, 0);
    parcel->is_prepared = true;
    assert_next(4, "abcd"); /* more, */
    assert_false(parcel->is_prepared);
    parcel->is_prepared = true;
    (void)answer("DTTT");
    assert_next(4, "bcd");
    (void)answer("TDT");
    parcel->is_prepared = true;
    assert_next(1, "b");
    parcel->is_prepared = true;
    (void)answer("D");
    assert_next(1, "d"); /* and others */
    assert_false(parcel->is_prepared);
    parcel->is_prepared = true;
    siem_shipment_clear(&shipment);
    assert_false(parcel->is_prepared);
    siem_shipment_release(&shipment);
}

/* One that serves again knows nothing of the records before. */
static void test_again(void **state) {
    (void)state;
    load(5);
    assert_next(9, "abcde");
    siem_shipment_halve(&shipment, -1);
    assert_next(9, "ab");
    (void)answer("RD");
    siem_shipment_clear(&shipment);
    load_again(5);
    assert_next(9, "abcde");
    (void)answer("DDDDD");
    assert_next(9, "");
    siem_shipment_release(&shipment);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parcels),      cmocka_unit_test(test_hold),
        cmocka_unit_test(test_halves),       cmocka_unit_test(test_suspect),
        cmocka_unit_test(test_companion),    cmocka_unit_test(test_absolve),
        cmocka_unit_test(test_same_records), cmocka_unit_test(test_again),
    };
    return cmocka_run_group_tests(tests, open_batch, close_batch);
}
