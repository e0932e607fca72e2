/* test_refusals.c: like reasons are one, and there are never many. */
#include "export/refusals.h"

#include "testing.h"

#include <stdio.h>
#include <string.h>

static void test_alike(void **state) {
    siem_refusals reasons = {.count = 0};
    (void)state;
    siem_refusals_add(&reasons, "field 'a 1' has 17 bytes", "3");
    siem_refusals_add(&reasons, "field 'b' has 4711 bytes", "17");
    siem_refusals_add(&reasons, "field 'b' has no bytes", "18");
    siem_refusals_add(&reasons, "field 'c\" has 1 bytes", "19"); /* no quote that ends */
    siem_refusals_add(&reasons, "field '' has 1 bytes", "20");
    siem_refusals_add(&reasons, "field 'd' has 2 bytes", "21");
    assert_int_equal(reasons.count, 3);
    assert_string_equal(reasons.list[0].text, "field 'a 1' has 17 bytes");
    assert_int_equal(reasons.list[0].count, 4);
    assert_string_equal(reasons.list[0].events[0], "3");
    assert_string_equal(reasons.list[0].events[1], "17");
    assert_string_equal(reasons.list[0].events[2], "20");
    assert_int_equal(reasons.list[1].count, 1);
    assert_string_equal(reasons.list[1].events[1], "");
}

/* Which texts are one reason, and which are two. */
static void test_pairs(void **state) {
    static const struct {
        const char *left, *right;
        size_t reasons;
    } pairs[] = {
        {"7 fields", "17 fields", 1},
        {"7 fields", " fields", 2},
        {"field 1 of 2", "field 10 of 20", 1},
        {"field 12", "field 1 2", 2},
        {"'a' is empty", "'b' is empty", 1},
        {"'a' is empty", "'b' is full", 2},
        {"not ''", "not 'a'", 1},
        {"no \"a\"", "no \"b c\"", 1},
        {"can't read 'a'", "can't read 'b'", 1}, /* an apostrophe quotes nothing */
        {"can't read 'a'", "can't send 'a'", 2},
        {"a '", "b '", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        siem_refusals reasons = {.count = 0};
        siem_refusals_add(&reasons, pairs[i].left, "1");
        siem_refusals_add(&reasons, pairs[i].right, "2");
        if (reasons.count != pairs[i].reasons) fail_msg("%s, %s", pairs[i].left, pairs[i].right);
    }
}

static void test_many(void **state) {
    siem_refusals reasons = {.count = 0};
    char text[32] = "";
    (void)state;
    for (int i = 0; i < 20; i++) {
        strcat(text, "x");
        siem_refusals_add(&reasons, text, "1");
        siem_refusals_add(&reasons, text, "2");
    }
    assert_int_equal(reasons.count, SIEM_MOST_REASONS + 1);
    assert_string_equal(reasons.list[7].text, "xxxxxxxx");
    assert_int_equal(reasons.list[7].count, 2);
    assert_string_equal(reasons.list[8].text, "other reasons");
    assert_int_equal(reasons.list[8].count, 24);
}

/* Of each reason the first events are kept, and all are counted. */
static void test_events(void **state) {
    siem_refusals reasons = {.count = 0};
    char id[16];
    (void)state;
    siem_refusals_add(&reasons, "one", "0");
    siem_refusals_add(&reasons, "two", "first");
    for (int i = 1; i < 3 * SIEM_REASON_EVENTS; i++) {
        (void)snprintf(id, sizeof id, "%d", i);
        siem_refusals_add(&reasons, "one", id);
    }
    assert_int_equal(reasons.list[0].count, 3 * SIEM_REASON_EVENTS);
    for (int i = 0; i < SIEM_REASON_EVENTS; i++) {
        (void)snprintf(id, sizeof id, "%d", i);
        assert_string_equal(reasons.list[0].events[i], id);
    }
    assert_string_equal(reasons.list[0].text, "one");
    assert_string_equal(reasons.list[1].text, "two");
    assert_string_equal(reasons.list[1].events[0], "first");
    assert_int_equal(reasons.list[1].count, 1);
}

/* Texts come from outside: they are cut to whole characters, and made one line. */
static void test_texts(void **state) {
    siem_refusals reasons = {.count = 0};
    char text[600], *at = text;
    (void)state;
    for (int i = 0; i < 250; i++) at += sprintf(at, "\xc3\xa9");
    siem_refusals_add(&reasons, text, "1\n2");
    siem_refusals_add(&reasons, "", "");
    assert_int_equal(reasons.count, 2);
    assert_true(strlen(reasons.list[0].text) < sizeof reasons.list[0].text);
    assert_string_equal(reasons.list[0].events[0], "1 2");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alike), cmocka_unit_test(test_pairs),
                                       cmocka_unit_test(test_many), cmocka_unit_test(test_events),
                                       cmocka_unit_test(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
