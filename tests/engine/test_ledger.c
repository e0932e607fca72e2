/* test_ledger.c: what was read of a topic, and what of it is done. */
#include "testing.h"
#include "topic/ledger.h"

#include <stdio.h>
#include <string.h>

static siem_ledger *open_ledger(void) {
    siem_ledger *ledger;
    assert_ok(siem_ledger_open(&ledger, &err));
    return ledger;
}

static int64_t add(siem_ledger *ledger, int32_t partition, int64_t offset) {
    int64_t number;
    const siem_message_place place = {
        .partition = partition, .offset = offset, .time = 1000 + offset};
    assert_ok(siem_ledger_add(ledger, &place, &number, &err));
    return number;
}

static void test_done(void **state) {
    (void)state;
    siem_ledger *ledger = open_ledger();
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    assert_ok(siem_ledger_hold(ledger, 7, -1, &err));
    assert_int_equal(add(ledger, 7, 100), 1);
    assert_int_equal(add(ledger, 0, 5), 2);
    assert_int_equal(add(ledger, 7, 103), 3);
    assert_int_equal(siem_ledger_find(ledger, 7)->start, 100);
    assert_int_equal(siem_ledger_oldest(ledger), 1100);
    siem_ledger_settle(ledger, 0);
    assert_int_equal(siem_ledger_find(ledger, 7)->done, -1);
    siem_ledger_settle(ledger, 2);
    assert_int_equal(siem_ledger_find(ledger, 7)->done, 101);
    assert_int_equal(siem_ledger_find(ledger, 0)->done, 6);
    assert_int_equal(siem_ledger_open_count(ledger), 1);
    assert_int_equal(siem_ledger_oldest(ledger), 1103);
    siem_ledger_settle(ledger, 99); /* beyond the last one */
    assert_int_equal(siem_ledger_find(ledger, 7)->done, 104);
    assert_int_equal(siem_ledger_oldest(ledger), 0);
    assert_int_equal(add(ledger, 7, 104), 4);
    assert_int_equal(siem_ledger_share(ledger, 1)->partition, 7);
    assert_null(siem_ledger_share(ledger, 2));
    assert_null(siem_ledger_find(ledger, 1));
    siem_ledger_close(ledger);
    siem_ledger_close(NULL);
}

/* More than it has room for at first, and around its end. */
static void test_many(void **state) {
    (void)state;
    siem_ledger *ledger = open_ledger();
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    for (int64_t i = 1; i <= 10000; i++) {
        assert_int_equal(add(ledger, 0, i), i);
        if (i % 3 == 0) siem_ledger_settle(ledger, i / 2);
    }
    siem_ledger_settle(ledger, 9999);
    assert_int_equal(siem_ledger_find(ledger, 0)->done, 10000);
    assert_int_equal(siem_ledger_open_count(ledger), 1);
    siem_ledger_close(ledger);
}

/* Each keeps its place when there are more than it has room for. */
static void test_grows(void **state) {
    (void)state;
    siem_ledger *ledger = open_ledger();
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    for (int64_t i = 1; i <= 5000; i++) (void)add(ledger, 0, 10 * i);
    for (int64_t i = 1; i <= 5000; i++) {
        assert_int_equal(siem_ledger_oldest(ledger), 1000 + 10 * i);
        siem_ledger_settle(ledger, i);
        assert_int_equal(siem_ledger_find(ledger, 0)->done, 10 * i + 1);
    }
    siem_ledger_close(ledger);
}

/* What is another member's is not done by this one, although its records arrive. */
static void test_drop(void **state) {
    (void)state;
    siem_ledger *ledger = open_ledger();
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    assert_ok(siem_ledger_hold(ledger, 1, -1, &err));
    (void)add(ledger, 0, 10);
    (void)add(ledger, 1, 20);
    siem_ledger_drop(ledger, 0);
    siem_ledger_drop(ledger, 5);
    assert_false(siem_ledger_find(ledger, 0)->is_held);
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err)); /* it comes back, further on */
    siem_ledger_settle(ledger, 2);
    assert_int_equal(siem_ledger_find(ledger, 0)->done, -1);
    assert_int_equal(siem_ledger_find(ledger, 1)->done, 21);
    siem_ledger_close(ledger);
}

static void note(void *context, int32_t partition, int64_t offset) {
    char *text = context;
    (void)sprintf(text + strlen(text), "%d@%d ", (int)partition, (int)offset);
}

static void test_rewind(void **state) {
    (void)state;
    char text[100] = "";
    siem_ledger *ledger = open_ledger();
    for (int32_t i = 0; i < 3; i++) assert_ok(siem_ledger_hold(ledger, i, -1, &err));
    (void)add(ledger, 0, 10);
    (void)add(ledger, 1, 20);
    (void)add(ledger, 1, 21);
    (void)add(ledger, 0, 11);
    (void)add(ledger, 2, 30);
    siem_ledger_drop(ledger, 2);
    siem_ledger_rewind(ledger, 2, note, text);
    assert_string_equal(text, "0@11 1@21 ");
    assert_int_equal(add(ledger, 1, 21), 6); /* numbers go on */
    siem_ledger_settle(ledger, 5);
    assert_int_equal(siem_ledger_find(ledger, 0)->done, 11);
    assert_int_equal(siem_ledger_find(ledger, 1)->done, 21);
    siem_ledger_settle(ledger, 6);
    assert_int_equal(siem_ledger_find(ledger, 1)->done, 22);
    siem_ledger_rewind(ledger, 0, note, text);
    assert_string_equal(text, "0@11 1@21 "); /* all is done */
    siem_ledger_close(ledger);
}

/* A partition that comes back after a loss. `committed`: what the group knows by then. */
static void assert_return(int64_t committed, int64_t start, int64_t done) {
    siem_ledger *ledger = open_ledger();
    assert_ok(siem_ledger_hold(ledger, 3, 40, &err));
    siem_share *share = siem_ledger_find(ledger, 3);
    assert_int_equal(share->start, 40);
    assert_int_equal(share->committed, 40);
    assert_false(siem_ledger_is_ahead(ledger));
    (void)add(ledger, 3, 49);
    (void)add(ledger, 3, 50);
    siem_ledger_settle(ledger, 1);
    assert_true(siem_ledger_is_ahead(ledger));
    siem_ledger_drop(ledger, 3);
    siem_ledger_settle(ledger, 2);
    assert_true(siem_ledger_is_ahead(ledger));
    assert_ok(siem_ledger_hold(ledger, 3, committed, &err));
    assert_true(share->is_held);
    assert_int_equal(share->start, start);
    assert_int_equal(share->done, done);
    assert_int_equal(share->committed, committed);
    assert_int_equal(siem_ledger_is_ahead(ledger), done > committed);
    siem_ledger_close(ledger);
}

/* It continues after what this member has done, unless the group is further on, or was set back. */
static void test_return(void **state) {
    (void)state;
    assert_return(40, 50, 50);
    assert_return(45, 50, 50);
    assert_return(49, 50, 50);
    assert_return(50, 50, -1);
    assert_return(51, 51, -1);
    assert_return(39, 39, -1);
    assert_return(-1, -1, -1);
}

/* It begins where the group is, although the first message there is gone. */
static void test_removed_messages(void **state) {
    (void)state;
    siem_ledger *ledger = open_ledger();
    for (int32_t committed = 0; committed < 2; committed++) {
        assert_ok(siem_ledger_hold(ledger, committed, committed, &err));
        (void)add(ledger, committed, 5);
        assert_int_equal(siem_ledger_find(ledger, committed)->start, committed);
    }
    siem_ledger_close(ledger);
}

/* What a group that has committed nothing does not know. */
static void test_return_of_new_group(void **state) {
    (void)state;
    siem_ledger *ledger = open_ledger();
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    (void)add(ledger, 0, 7);
    siem_ledger_settle(ledger, 1);
    siem_ledger_drop(ledger, 0);
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    assert_int_equal(siem_ledger_find(ledger, 0)->start, 8);
    int64_t open = add(ledger, 0, 8);
    siem_ledger_forget(ledger);
    assert_null(siem_ledger_share(ledger, 0));
    assert_false(siem_ledger_is_ahead(ledger));
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    assert_int_equal(siem_ledger_find(ledger, 0)->start, -1);
    siem_ledger_settle(ledger, open); /* it was read by the member that is no longer one */
    assert_int_equal(siem_ledger_find(ledger, 0)->done, -1);
    siem_ledger_close(ledger);
}

/* Where reading ends: known for as long as the member is one. */
static void test_end(void **state) {
    (void)state;
    siem_ledger *ledger = open_ledger();
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    siem_share *share = siem_ledger_find(ledger, 0);
    assert_int_equal(share->end, -1);
    (void)add(ledger, 0, 10);
    assert_false(share->is_read);
    share->end = 13;
    (void)add(ledger, 0, 11);
    assert_false(share->is_read);
    (void)add(ledger, 0, 12);
    assert_true(share->is_read);
    siem_ledger_rewind(ledger, 2, note, (char[100]){""});
    assert_false(share->is_read);
    siem_ledger_drop(ledger, 0);
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    assert_int_equal(share->end, 13);
    (void)add(ledger, 0, 12);
    assert_true(share->is_read);
    assert_ok(siem_ledger_hold(ledger, 0, -1, &err));
    assert_false(share->is_read);
    (void)add(ledger, 0, 20); /* a message that another one removed the end of */
    assert_true(share->is_read);
    siem_ledger_close(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_return),
        cmocka_unit_test(test_removed_messages),
        cmocka_unit_test(test_return_of_new_group),
        cmocka_unit_test(test_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
