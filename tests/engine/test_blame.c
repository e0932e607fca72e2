/* test_blame.c: records that a target always fails while it takes others, and a target that fails
 * them all. */
#include "testing.h"
#include "told.h"

#include <stdio.h>
#include <string.h>

static told_sink told;
static const char *bad;   /* ids of events that fail: " 3 12 "; NULL: all */
static siem_answer fault; /* how they do: its status, retry_after and is_busy */

static bool is_bad(const siem_parcel *parcel, size_t index) {
    char id[16];
    (void)snprintf(id, sizeof id, " %d ", told_id(parcel, index));
    return bad == NULL || strstr(bad, id) != NULL;
}

/* A request fails as a whole when one of its records does. */
static void reply_whole(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    (void)sink;
    for (size_t i = 0; i < parcel->count; i++) {
        if (!is_bad(parcel, i)) continue;
        answer->http_status = fault.http_status;
        answer->retry_after = fault.retry_after;
        answer->is_busy = fault.is_busy;
        siem_answer_all(answer, SIEM_RETRY, "it chokes");
    }
}

/* The target judges each record by itself. */
static void reply_itemwise(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    (void)sink;
    answer->is_itemwise = true;
    for (size_t i = 0; i < parcel->count; i++) {
        if (is_bad(parcel, i)) siem_answer_one(answer, i, SIEM_RETRY, 503, "it chokes");
    }
}

static siem_code check_rejected(const siem_settlement *settlement, siem_error *err) {
    (void)err;
    for (size_t i = 0; i < settlement->count; i++) {
        const siem_outcome *outcome = &settlement->outcomes[i];
        if (outcome->verdict != SIEM_REJECT) continue;
        assert_memory_equal(outcome->reason, "failed ", 7);
        test_has(outcome->reason, " times, while the target took other records: it chokes");
        assert_int_equal(outcome->http_status, fault.http_status);
    }
    return SIEM_OK;
}

static void open_target(void (*reply)(told_sink *, siem_parcel *, siem_answer *), const char *ids,
                        size_t in_flight, size_t batch_events) {
    told_open(&told, in_flight, batch_events, 0);
    told.kind.can |= SIEM_STORES_ONCE;
    told.reply = reply;
    told.settle = check_rejected;
    told.sink.pace.patience.retries = 30;
    bad = ids;
    fault = (siem_answer){.http_status = 503, .retry_after = -1};
}

/* Sends events 1 to `last`. */
static void assert_settled(int last, const char *settled) {
    assert_ok(told_send(&told, last, &err));
    assert_string_equal(told.settled, settled);
    assert_null(strchr(told.released, '-'));
}

/* Sends events 1 to `last`, and gives up without blaming one of them. */
static void assert_given_up(int last) {
    siem_error failure;
    assert_int_equal(told_send(&told, last, &failure), SIEM_UNAVAILABLE);
    test_has(failure.message, "it chokes");
    assert_null(strchr(told.settled, 'R'));
}

/* ---- requests that fail as a whole ---- */

static void test_whole(void **state) {
    (void)state;
    for (size_t in_flight = 1; in_flight <= 3; in_flight++) {
        open_target(reply_whole, " 6 ", in_flight, 8);
        assert_settled(20, "DDDDDRDD DDDDDDDD DDDD@20 ");
        open_target(reply_whole, " 1 20 ", in_flight, 8);
        assert_settled(20, "RDDDDDDD DDDDDDDD DDDR@20 ");
        open_target(reply_whole, " 6 8 ", in_flight, 8);
        assert_settled(16, "DDDDDRDR DDDDDDDD@16 ");
    }
}

/* A quarter at a time is taken from what failed three times, until the record at fault has failed
 * alone, and often enough. Those beside it are sent while it waits for its next turn. */
static void test_division(void **state) {
    (void)state;
    open_target(reply_whole, " 6 ", 1, 8);
    assert_settled(16, "DDDDDRDD DDDDDDDD@16 ");
    assert_string_equal(told.begun,
                        "1-8 1-8* 1-8* 9-16 1-2* 3-8 3-3* 4-8 4-4* 5-8 5-5* 6-8 6-6* 7-8 ");
    open_target(reply_whole, " 2 ", 1, 2);
    assert_given_up(2);
    assert_memory_equal(told.begun, "1-2 1-2* 1-2* 1-1* 2-2 2-2* ", 28);
}

static size_t taking; /* the number of an answer */

/* That answer takes the first event alone; others fail. */
static void reply_once(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    reply_whole(sink, parcel, answer);
    if (sink->replies == taking) siem_answer_one(answer, 0, SIEM_DELIVERED, 200, "taken");
}

/* Three requests fail in a row before one is divided, counted from the last success. */
static void test_in_turn(void **state) {
    static const char *const begun[] = {"1-4 2-4* 2-4* 2-4* 2-2* ",
                                        "1-4 1-4* 2-4* 2-4* 2-4* 2-2* "};
    (void)state;
    for (taking = 0; taking < 2; taking++) {
        open_target(reply_once, NULL, 1, 4);
        assert_given_up(4);
        assert_memory_equal(told.begun, begun[taking], strlen(begun[taking]));
    }
}

/* Several among many. */
static void test_many(void **state) {
    static char ids[2048], settled[256];
    (void)state;
    for (int i = 1; i <= 240; i++) {
        size_t size = strlen(ids);
        bool fails = i % 60 == 0;
        if (fails) (void)snprintf(ids + size, sizeof ids - size, " %d ", i);
        settled[i - 1] = fails ? 'R' : 'D';
    }
    (void)strcat(settled, "@240 ");
    open_target(reply_whole, ids, 1, 240);
    assert_settled(240, settled);
}

/* What one request was divided into is nothing to the next ones in its place. */
static void test_one_after_another(void **state) {
    (void)state;
    for (size_t in_flight = 1; in_flight <= 2; in_flight++) {
        open_target(reply_whole, " 1 17 33 49 65 81 97 113 ", in_flight, 16);
        assert_settled(128, "RDDDDDDDDDDDDDDD RDDDDDDDDDDDDDDD RDDDDDDDDDDDDDDD RDDDDDDDDDDDDDDD "
                            "RDDDDDDDDDDDDDDD RDDDDDDDDDDDDDDD RDDDDDDDDDDDDDDD "
                            "RDDDDDDDDDDDDDDD@128 ");
    }
}

/* With one record a request, those of later requests take turns with it, however short the pauses
 * are; the next ones may be at fault as well. */
static void test_turns(void **state) {
    (void)state;
    for (size_t in_flight = 1; in_flight <= 3; in_flight++) {
        for (int pauses = 0; pauses < 2; pauses++) {
            open_target(reply_whole, " 2 ", in_flight, 1);
            told.sink.pace.patience.base = told.sink.pace.patience.cap = 0.01 * pauses;
            assert_settled(12, "D R D D D D D D D D D D@12 ");
            open_target(reply_whole, " 2 3 4 ", in_flight, 1);
            told.sink.pace.patience.base = told.sink.pace.patience.cap = 0.01 * pauses;
            assert_settled(12, "D R R R D D D D D D D D@12 ");
        }
    }
}

/* As many attempts as are allowed are enough. */
static void test_last_attempt(void **state) {
    (void)state;
    open_target(reply_whole, " 2 ", 1, 4);
    told.sink.pace.patience.retries = 3;
    assert_settled(4, "DRDD@4 ");
    assert_string_equal(told.begun, "1-4 1-4* 1-4* 1-1* 2-4 2-2* 3-3* 2-2 4-4* 2-2 ");
}

/* So they are for a record that takes turns with others. */
static void test_last_turn(void **state) {
    (void)state;
    open_target(reply_whole, " 2 ", 2, 1);
    told.sink.pace.patience.base = told.sink.pace.patience.cap = 0;
    told.sink.pace.patience.retries = 3;
    assert_settled(12, "D R D D D D D D D D D D@12 ");
}

/* A target that is down takes none. What is sent is divided, but into few pieces. */
static void test_down(void **state) {
    (void)state;
    open_target(reply_whole, NULL, 1, 16);
    told.sink.pace.patience.retries = 15;
    assert_given_up(16);
    assert_string_equal(told.begun, "1-16 1-16* 1-16* 1-4* 5-7* 8-9* 10-10* 11-11* 12-16* 11-11* "
                                    "10-10* 8-9* 5-7* 1-4* 12-16* 11-11* ");
    open_target(reply_whole, NULL, 3, 4);
    assert_given_up(20);
}

/* Below 500, with a pause, or when it is busy, a failure is not about a record. */
static void test_busy(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        open_target(reply_whole, " 6 ", 1, 8);
        if (i == 0) fault.http_status = 499;
        if (i == 1) fault.retry_after = 0;
        if (i == 2) fault.is_busy = true;
        if (i == 3) fault.http_status = 500;
        if (i < 3) assert_given_up(16);
        else assert_settled(16, "DDDDDRDD DDDDDDDD@16 ");
    }
}

/* ---- records that are judged by themselves ---- */

/* One that is stored goes along, and shows that the target takes any. */
static void test_itemwise(void **state) {
    (void)state;
    open_target(reply_itemwise, " 6 ", 1, 8);
    assert_settled(16, "DDDDDRDD DDDDDDDD@16 ");
    assert_string_equal(told.begun, "1-8 6-6* 9-16 6-1* 6-1* 6-1* 6-1* ");
    open_target(reply_itemwise, " 1 8 ", 1, 8);
    assert_settled(16, "RDDDDDDR DDDDDDDD@16 ");
}

/* No more than eight are anybody's fault. */
static void test_many_items(void **state) {
    (void)state;
    open_target(reply_itemwise, " 1 2 3 4 5 6 7 8 ", 1, 12);
    assert_settled(12, "RRRRRRRRDDDD@12 ");
    open_target(reply_itemwise, " 1 2 3 4 5 6 7 8 9 ", 1, 12);
    assert_given_up(12);
    assert_string_equal(told.settled, ".........DDD@12 ");
    open_target(reply_itemwise, NULL, 1, 4);
    assert_given_up(4);
}

/* Event 3 comes too early for a while. */
static void reply_early(told_sink *sink, siem_parcel *parcel, siem_answer *answer) {
    reply_itemwise(sink, parcel, answer);
    for (size_t i = 0; i < parcel->count; i++) {
        bool is_early = told_id(parcel, i) == 3 && sink->replies < 12;
        if (is_early) siem_answer_one(answer, i, SIEM_RETRY, 429, "later");
    }
}

/* What the target only puts off is not at fault beside one that is. */
static void test_put_off(void **state) {
    (void)state;
    open_target(reply_early, " 6 ", 1, 8);
    assert_settled(8, "DDDDDRDD@8 ");
}

/* Nothing is known of a target that stores records twice, unless it takes others. */
static void test_stores_twice(void **state) {
    (void)state;
    open_target(reply_itemwise, " 6 ", 1, 8);
    told.kind.can = SIEM_REJECTS;
    assert_given_up(16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),        cmocka_unit_test(test_division),
        cmocka_unit_test(test_many),         cmocka_unit_test(test_turns),
        cmocka_unit_test(test_last_attempt), cmocka_unit_test(test_last_turn),
        cmocka_unit_test(test_down),         cmocka_unit_test(test_busy),
        cmocka_unit_test(test_itemwise),     cmocka_unit_test(test_many_items),
        cmocka_unit_test(test_stores_twice), cmocka_unit_test(test_in_turn),
        cmocka_unit_test(test_put_off),      cmocka_unit_test(test_one_after_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
