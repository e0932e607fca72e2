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
    assert_ok(siem_ledger_hold(ledger, 0, &err));
    assert_ok(siem_ledger_hold(ledger, 7, &err));
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
    assert_ok(siem_ledger_hold(ledger, 0, &err));
    for (int64_t i = 1; i <= 10000; i++) {
        assert_int_equal(add(ledger, 0, i), i);
        if (i % 3 == 0) siem_ledger_settle(ledger, i / 2);
    }
    siem_ledger_settle(ledger, 9999);
    assert_int_equal(siem_ledger_find(ledger, 0)->done, 10000);
    assert_int_equal(siem_ledger_open_count(ledger), 1);
    siem_ledger_close(ledger);
}

/* What is another member's is not done by this one, although its records arrive. */
static void test_drop(void **state) {
    (void)state;
    siem_ledger *ledger = open_ledger();
    assert_ok(siem_ledger_hold(ledger, 0, &err));
    assert_ok(siem_ledger_hold(ledger, 1, &err));
    (void)add(ledger, 0, 10);
    (void)add(ledger, 1, 20);
    siem_ledger_drop(ledger, 0);
    siem_ledger_drop(ledger, 5);
    assert_false(siem_ledger_find(ledger, 0)->is_held);
    assert_ok(siem_ledger_hold(ledger, 0, &err)); /* it comes back, further on */
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
    for (int32_t i = 0; i < 3; i++) assert_ok(siem_ledger_hold(ledger, i, &err));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_rewind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
