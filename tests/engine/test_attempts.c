/* test_attempts.c: what a delivery does after each answer, what it reports, and how it ends. */
#include "base/clock.h"
#include "base/error.h"
#include "testing.h"
#include "told.h"

#include <string.h>

#define SOON  0.001
#define NEVER 3600

static told_sink told;

/* A sink that answers by a script: three records a parcel. */
static void open_scripted(const char *script, size_t in_flight, double pause) {
    told_open(&told, in_flight, 3, pause);
    told.reply = told_reply;
    told.script = script;
}

/* Every parcel that began was released, and nobody uses the sink. */
static void assert_free(void) {
    assert_int_equal(told.sink.users, 0);
    assert_int_equal(told.count, 0);
    assert_true(told.rests > 0);
}

/* Sends events 1 to `last`, all of which are delivered. */
static void assert_delivered(int last) {
    assert_ok(told_send(&told, last, &err));
    assert_null(strpbrk(told.settled, "R."));
    assert_null(strchr(told.released, '-'));
    assert_free();
}

/* The same, which fails. */
static void assert_fails(int last, siem_code code, const char *message) {
    siem_error failure = {0};
    siem_code rc = told_send(&told, last, &failure);
    if (rc != code) fail_msg("%s: %s", siem_code_name(rc), failure.message);
    test_has(failure.message, message);
    assert_free();
}

/* ---- attempts ---- */

/* Whichever is answered first, they are settled in the order of the events. */
static void test_order_of_settlements(void **state) {
    (void)state;
    open_scripted("ddd", 2, SOON);
    told.held = " 1 ";
    told.held_waits = 3;
    assert_delivered(7);
    assert_string_equal(told.begun, "1-3 4-6 7-7 ");
    assert_string_equal(told.settled, "DDD DDD D@7 ");
    assert_string_equal(told.released, "+++");
}

/* An outage is reported when it begins and when it ends, and each attempt counts. */
static void test_outage(void **state) {
    (void)state;
    open_scripted("rr", 1, SOON);
    told_begin(&told);
    assert_ok(told_push(&told, 1, 3, &err));
    assert_ok(siem_delivery_finish(told.delivery, &err));
    assert_int_equal(siem_delivery_retries(told.delivery), 2);
    assert_ok(told_end(&told, &err));
    assert_string_equal(told.begun, "1-3 1-3* 1-3* ");
    assert_string_equal(told.notices, "told: not now; trying again in 0.0 s\n"
                                      "told: works again, after 2 failed attempt(s) in 0 s\n");
}

/* While some records of a request fail, the outage goes on. */
static void reply_all_but_first(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    (void)sink;
    for (size_t i = 1; i < parcel->count; i++) siem_answer_one(answer, i, SIEM_RETRY, 200, "slow");
}

static void test_partly_taken(void **state) {
    (void)state;
    open_scripted("", 1, SOON);
    told.reply = reply_all_but_first;
    assert_delivered(3);
    assert_string_equal(told.begun, "1-3 2-3* 3-3* ");
    assert_string_equal(told.notices, "told: slow; trying again in 0.0 s\n"
                                      "told: works again, after 2 failed attempt(s) in 0 s\n");
}

/* An answer without a verdict is a failure, too. */
static void test_pauses(void **state) {
    (void)state;
    open_scripted("ru", 1, 0.03);
    double begun = siem_clock();
    assert_delivered(3);
    assert_string_equal(told.begun, "1-3 1-3* 1-3* ");
    assert_true(siem_clock() - begun >= 0.06);
}

/* A sink that answers at once is waited for as well. */
static void test_without_wait(void **state) {
    (void)state;
    open_scripted("ru", 0, 0.03);
    told.carrier.wait = NULL;
    double begun = siem_clock();
    assert_delivered(6);
    assert_string_equal(told.begun, "1-3 1-3* 1-3* 4-6 ");
    assert_true(siem_clock() - begun >= 0.06);
}

/* Attempts are counted from the start again after each record that is taken. */
static void reply_now_and_then(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    bool is_taken = sink->replies % 2 == 1;
    for (size_t i = is_taken; i < parcel->count; i++) {
        siem_answer_one(answer, i, SIEM_RETRY, 0, "slow");
    }
}

static void test_given_up(void **state) {
    (void)state;
    open_scripted("", 1, 0);
    told.reply = reply_now_and_then;
    told.sink.pace.patience.retries = 2;
    assert_delivered(3);
    assert_string_equal(told.begun, "1-3 1-3* 2-3* 2-3* 3-3* 3-3* ");
    open_scripted("", 1, 0);
    told.reply = reply_now_and_then;
    told.sink.pace.patience.retries = 1;
    assert_fails(3, SIEM_UNAVAILABLE, "told: given up after 2 attempt(s): slow");
    assert_string_equal(told.begun, "1-3 1-3* 2-3* ");
    assert_string_equal(told.settled, "D..@3 ");
}

/* A server that nears its limits has a second of rest. */
static void reply_slow_down(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    (void)parcel;
    answer->slow_down = sink->replies == 0;
}

static void test_slow_down(void **state) {
    (void)state;
    open_scripted("", 1, SOON);
    told.reply = reply_slow_down;
    double begun = siem_clock();
    assert_delivered(6);
    assert_true(siem_clock() - begun >= 1);
    assert_string_equal(told.notices, "");
}

/* ---- credentials and the target ---- */

/* Another credential is tried at once, and once in a row. */
static void test_renewed(void **state) {
    (void)state;
    open_scripted("nrn", 1, SOON);
    told_begin(&told);
    assert_ok(told_push(&told, 1, 3, &err));
    assert_ok(siem_delivery_finish(told.delivery, &err));
    assert_int_equal(siem_delivery_retries(told.delivery), 3);
    assert_ok(told_end(&told, &err));
    assert_string_equal(told.begun, "1-3 1-3 1-3* 1-3 ");
    open_scripted("nn", 1, SOON);
    assert_fails(3, SIEM_HELD, "told: not with this");
    assert_string_equal(told.begun, "1-3 1-3 ");
}

/* What the target answers before records are sent holds up all of them. */
static void test_target(void **state) {
    (void)state;
    open_scripted("Ra", 2, 0.02);
    double begun = siem_clock();
    assert_delivered(6);
    assert_string_equal(told.begun, "1-3 4-6 1-3 4-6 ");
    assert_true(siem_clock() - begun >= 0.02);
    test_has(told.notices, "told: not now; trying again in 0.0 s\n");
    open_scripted("RdR", 1, 0);
    told.sink.pace.patience.retries = 1;
    assert_delivered(6);
    assert_string_equal(told.begun, "1-3 1-3 4-6 4-6 ");
    open_scripted("RR", 1, 0);
    told.sink.pace.patience.retries = 1;
    assert_fails(3, SIEM_UNAVAILABLE, "told: given up after 2 attempt(s): not now");
    open_scripted("O", 1, 0);
    assert_fails(3, SIEM_HELD, "told: grant it");
    assert_string_equal(told.begun, "1-3 ");
}

static void test_target_renewed(void **state) {
    (void)state;
    open_scripted("NdN", 1, SOON);
    assert_delivered(6);
    assert_string_equal(told.begun, "1-3 1-3 4-6 4-6 ");
    open_scripted("NRN", 1, SOON);
    assert_delivered(3);
    open_scripted("NN", 1, SOON);
    assert_fails(3, SIEM_HELD, "told: not with this");
    assert_string_equal(told.begun, "1-3 1-3 ");
}

/* ---- confirmations ---- */

/* Records are promised, then are not there yet, then the question fails, then they are in. */
static void reply_confirm(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    if (told_id(parcel, 0) != 1) return;
    parcel->ticket = 0;
    answer->retry_after = sink->replies == 0 ? 0.3 : 0;
    if (sink->replies < 3) siem_answer_all(answer, SIEM_UNDECIDED, "not yet");
    else if (sink->replies == 3) siem_answer_all(answer, SIEM_RETRY, "no answer");
    else return;
    answer->next = SIEM_CONFIRM;
}

/* Meanwhile others are sent, and no attempt is counted. */
static void test_confirmed(void **state) {
    (void)state;
    open_scripted("", 1, SOON);
    told.reply = reply_confirm;
    told.sink.pace.patience.retries = 0;
    assert_delivered(6);
    assert_string_equal(told.begun, "1-3 4-6 1-3? 1-3? 1-3? ");
    assert_string_equal(told.settled, "DDD DDD@6 ");
    assert_string_equal(told.notices, "told: no answer; trying again in 0.0 s\n"
                                      "told: works again, after 1 failed attempt(s) in 0 s\n");
}

/* What was promised and is then not there is sent again. */
static void reply_lost(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    if (sink->replies == 0) {
        parcel->ticket = 7;
        answer->next = SIEM_CONFIRM;
        answer->retry_after = 0.03;
    } else if (sink->replies == 1) {
        siem_answer_all(answer, SIEM_RETRY, "it is lost");
    }
}

static void test_lost(void **state) {
    (void)state;
    open_scripted("", 1, 0);
    told.reply = reply_lost;
    double begun = siem_clock();
    assert_delivered(3);
    assert_true(siem_clock() - begun >= 0.03);
    assert_string_equal(told.begun, "1-3 1-3? 1-3* ");
}

/* ---- requests that are divided ---- */

static int bad; /* the record that is at fault */

/* Names it, when asked to. */
static void reply_bad(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    for (size_t i = 0; i < parcel->count; i++) {
        if (told_id(parcel, i) != bad) continue;
        siem_answer_halve(answer, "bad one");
        if (sink->script[0] == 's') answer->suspect = (int)i;
    }
}

static siem_code check_reason(const siem_settlement *settlement, siem_error *err) {
    (void)err;
    for (size_t i = 0; i < settlement->count; i++) {
        bool is_bad = (int)i + 1 == bad;
        if (is_bad) assert_string_equal(settlement->outcomes[i].reason, "bad one");
        else assert_null(settlement->outcomes[i].reason);
    }
    return SIEM_OK;
}

static void test_divided(void **state) {
    (void)state;
    bad = 3;
    told_open(&told, 1, 6, SOON);
    told.reply = reply_bad;
    assert_ok(told_send(&told, 6, &err));
    assert_string_equal(told.begun, "1-6 1-3 1-1 2-3 2-2 3-3 4-6 ");
    assert_string_equal(told.settled, "DDRDDD@6 ");
    told_open(&told, 1, 6, SOON);
    told.reply = reply_bad;
    told.settle = check_reason;
    told.script = "s";
    assert_ok(told_send(&told, 6, &err));
    assert_string_equal(told.begun, "1-6 3-3 1-2 4-6 ");
    assert_string_equal(told.settled, "DDRDDD@6 ");
    assert_string_equal(told.notices, "");
}

/* When each of eight is refused alone, and nothing says why, it is not the records. */
static int status, code;

static void reply_vague(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    (void)sink;
    answer->http_status = status;
    answer->code = code;
    if (told_id(parcel, 0) != bad) siem_answer_halve(answer, "bad request");
}

static void test_all_refused(void **state) {
    (void)state;
    bad = 0, status = 400, code = -1;
    told_open(&told, 1, 8, SOON);
    told.reply = reply_vague;
    assert_fails(8, SIEM_HELD,
                 "told: bad request; so are all others, each alone: correct the sink's options or "
                 "the target");
    assert_string_equal(told.settled, "........@8 ");
    for (int i = 0; i < 3; i++) { /* too large; the protocol says why; one is taken */
        status = i == 0 ? 413 : 400;
        code = i == 1 ? 0 : -1;
        bad = i == 2 ? 8 : 0;
        told_open(&told, 1, 8, SOON);
        told.reply = reply_vague;
        assert_ok(told_send(&told, 8, &err));
        assert_string_equal(told.settled, i == 2 ? "RRRRRRRD@8 " : "RRRRRRRR@8 ");
    }
}

/* A record that is larger than the target takes is not sent. */
static siem_code check_size(const siem_settlement *settlement, siem_error *err) {
    (void)err;
    assert_int_equal(settlement->outcomes[0].code, -1);
    assert_string_equal(settlement->outcomes[0].reason,
                        "a request with this record alone has 13 bytes, and the target takes 12");
    return SIEM_OK;
}

static size_t body_size(const siem_sink *sink, size_t count, size_t bytes) {
    (void)sink;
    return 10 * count + bytes;
}

static void test_too_large(void **state) {
    (void)state;
    open_scripted("", 1, SOON);
    told.carrier.body_size = body_size;
    told.sink.pace.body_bytes = 12;
    told.settle = check_size;
    assert_ok(told_send(&told, 2, &err));
    assert_string_equal(told.settled, "R R@2 ");
    assert_string_equal(told.begun, "");
}

/* ---- the caller ---- */

/* A delivery takes records until it has enough for its requests. */
static void test_push(void **state) {
    (void)state;
    open_scripted("", 2, SOON);
    told_begin(&told);
    assert_ok(told_push(&told, 1, 0, &err));
    assert_int_equal(told.sink.users, 0);
    assert_false(siem_delivery_uses_sink(told.delivery));
    assert_int_equal(siem_delivery_reached(told.delivery).id, 0);
    assert_ok(told_push(&told, 1, 2, &err));
    assert_true(siem_delivery_uses_sink(told.delivery));
    assert_true(siem_delivery_has_waiting(told.delivery));
    assert_false(siem_delivery_is_in_flight(told.delivery));
    assert_ok(told_push(&told, 3, 4, &err));
    assert_int_equal(told.sink.users, 1);
    assert_true(siem_delivery_is_in_flight(told.delivery));
    assert_int_equal(siem_delivery_reached(told.delivery).id, 4);
    assert_string_equal(told.begun, "1-3 ");
    assert_int_equal(told.waits, 0);
    assert_ok(told_push(&told, 5, 12, &err));
    assert_string_equal(told.begun, "1-3 4-6 7-9 10-12 ");
    assert_false(siem_delivery_has_waiting(told.delivery));
    assert_ok(told_end(&told, &err));
    assert_string_equal(told.settled, "DDD DDD DDD DDD@12 ");
    assert_free();
}

/* Polling sends, collects and settles; it waits no longer than it is told. */
static void test_poll(void **state) {
    (void)state;
    open_scripted("r", 1, 0.02);
    told_begin(&told);
    assert_ok(siem_delivery_poll(told.delivery, NEVER, &err));
    assert_int_equal(told.waits, 0);
    assert_ok(told_push(&told, 1, 3, &err));
    double begun = siem_clock();
    while (siem_delivery_is_in_flight(told.delivery)) {
        assert_ok(siem_delivery_poll(told.delivery, 5, &err));
    }
    assert_true(siem_clock() - begun >= 0.02);
    assert_string_equal(told.begun, "1-3 1-3* ");
    assert_string_equal(told.settled, "DDD@3 ");
    assert_ok(told_end(&told, &err));
}

/* What the sink remarks is reported when it begins a request. */
static void test_remark(void **state) {
    (void)state;
    open_scripted("", 1, SOON);
    siem_sink_add_remark(&told.sink, "mind the gap");
    assert_delivered(3);
    assert_string_equal(told.notices, "mind the gap\n");
}

/* A preview needs no waiting. */
static void show(void *context, const char *text, size_t size) {
    (void)context, (void)text, (void)size;
}

static void test_preview(void **state) {
    (void)state;
    open_scripted("", 2, SOON);
    told.sink.preview = show;
    assert_delivered(9);
    assert_int_equal(told.waits, 0);
}

/* ---- ends ---- */

/* The first failure counts; what is in flight is answered, and settled. */
static void test_hold(void **state) {
    siem_error failure;
    (void)state;
    open_scripted("oo", 3, SOON);
    told.held = " 7 ";
    told.held_waits = 5;
    told_begin(&told);
    assert_ok(told_push(&told, 1, 9, &err));
    assert_int_equal(told_push(&told, 10, 12, &failure), SIEM_HELD);
    assert_string_equal(failure.message, "told: grant it");
    assert_string_equal(told.begun, "1-3 4-6 7-9 ");
    assert_string_equal(told.settled, "... ... DDD@9 ...@12 ");
    assert_string_equal(told.released, "---");
    assert_free();
    memset(&failure, 0, sizeof failure);
    assert_int_equal(siem_delivery_poll(told.delivery, 0, &failure), SIEM_HELD);
    assert_int_equal(told_push(&told, 13, 15, NULL), SIEM_HELD);
    assert_int_equal(told_end(&told, &failure), SIEM_HELD);
    assert_string_equal(failure.message, "told: grant it");
    assert_string_equal(told.begun, "1-3 4-6 7-9 ");
}

/* A target that refuses does not work again. */
static void test_hold_after_outage(void **state) {
    (void)state;
    open_scripted("ro", 1, SOON);
    assert_fails(3, SIEM_HELD, "told: grant it");
    assert_string_equal(told.notices, "told: not now; trying again in 0.0 s\n");
}

/* Reasons are one printable line. */
static void reply_lines(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    (void)sink, (void)parcel;
    siem_answer_all(answer, SIEM_HOLD, "%s", "");
    strcpy(answer->reason, "two\nlines\t");
}

static void test_printable(void **state) {
    siem_error failure;
    (void)state;
    open_scripted("", 1, SOON);
    told.reply = reply_lines;
    assert_int_equal(told_send(&told, 3, &failure), SIEM_HELD);
    assert_null(strpbrk(failure.message, "\n\t"));
    test_has(failure.message, "told: two");
}

/* A request that cannot begin ends the delivery, with what it delivered before. */
static void reply_first(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    (void)sink, (void)parcel;
    siem_answer_all(answer, SIEM_UNDECIDED, "%s", "");
    siem_answer_one(answer, 0, SIEM_DELIVERED, 200, "%s", "");
}

static void test_cannot_begin(void **state) {
    (void)state;
    open_scripted("", 0, SOON);
    told.carrier.wait = NULL;
    told.reply = reply_first;
    told.fails = " 1 ";
    assert_fails(3, SIEM_IO, "told: no way there");
    assert_string_equal(told.settled, "D..@3 ");
    open_scripted("", 2, SOON);
    told.fails = " 4 ";
    assert_fails(6, SIEM_IO, "told: no way there");
    assert_string_equal(told.settled, "DDD ...@6 ");
}

static siem_code refuse_to_settle(const siem_settlement *settlement, siem_error *err) {
    assert_int_equal(settlement->count, 3);
    assert_true(settlement->seconds >= 0 && settlement->seconds < NEVER);
    return siem_error_set(err, SIEM_IO, "no room for it");
}

static void test_cannot_settle(void **state) {
    (void)state;
    open_scripted("", 2, SOON);
    told.settle = refuse_to_settle;
    assert_fails(6, SIEM_IO, "no room for it");
}

/* A request to stop waits for what is in flight, and names what failed until then. */
static void test_stopped(void **state) {
    (void)state;
    open_scripted("r", 2, NEVER);
    told.held = " 4 ";
    told.held_waits = 9;
    told.goes_on = 3;
    assert_fails(6, SIEM_CANCELLED, "the last one: told: not now");
    assert_string_equal(told.begun, "1-3 4-6 ");
    assert_string_equal(told.settled, "... DDD@6 ");
}

/* A delivery that is closed before its end cancels what is in flight. */
static void test_closed_early(void **state) {
    (void)state;
    open_scripted("", 2, SOON);
    told_begin(&told);
    assert_ok(told_push(&told, 1, 7, &err));
    siem_delivery_close(told.delivery);
    assert_string_equal(told.begun, "1-3 4-6 ");
    assert_string_equal(told.released, "--");
    assert_free();
    siem_delivery_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_settlements),
        cmocka_unit_test(test_outage),
        cmocka_unit_test(test_partly_taken),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_without_wait),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_slow_down),
        cmocka_unit_test(test_renewed),
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_target_renewed),
        cmocka_unit_test(test_confirmed),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_divided),
        cmocka_unit_test(test_all_refused),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_poll),
        cmocka_unit_test(test_remark),
        cmocka_unit_test(test_preview),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_hold_after_outage),
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_cannot_begin),
        cmocka_unit_test(test_cannot_settle),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_closed_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
