/* test_sequence.c: which numbers of a growing sequence are out of place. */
#include "evidence/order.h"
#include "testing.h"

#include <string.h>

/* Numbers of one digit, in the order in which they come. */
static const struct {
    const char *name, *numbers, *misplaced;
} cases[] = {
    {"in order", "01278", ""},
    {"one alone", "5", ""},
    {"the first came early", "9012", "9"},
    {"one came early", "12934", "9"},
    {"one came late", "13425", "2"},
    {"one came very late", "1345627", "2"},
    {"neighbours that were exchanged", "1324", "3"},
    {"two that were exchanged", "153426", "52"},
    {"two that were exchanged around one", "15326", "53"},
    {"the last number again", "1223", "2"},
    {"the number before the last one again", "12324", "2"},
    {"the only number again", "445", "4"},
    {"falling", "3210", "321"},
};

static void test_misplaced(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_order order = {0};
        siem_order_item misplaced;
        char found[16] = "";
        size_t count = 0;
        for (const char *digit = cases[i].numbers; *digit != '\0'; digit++) {
            const siem_order_item item = {*digit - '0', *digit};
            if (siem_order_see(&order, item, &misplaced)) found[count++] = (char)misplaced.id;
        }
        if (strcmp(found, cases[i].misplaced) != 0) fail_msg("%s: '%s'", cases[i].name, found);
    }
}

/* What has the number of the last item takes its place; what has an older number came late. */
static void test_same_number(void **state) {
    siem_order order = {0};
    siem_order_item misplaced;
    (void)state;
    assert_false(siem_order_see(&order, (siem_order_item){1, 10}, &misplaced));
    assert_false(siem_order_see(&order, (siem_order_item){2, 20}, &misplaced));
    assert_true(siem_order_see(&order, (siem_order_item){1, 30}, &misplaced));
    assert_int_equal(misplaced.id, 30);
    assert_true(siem_order_see(&order, (siem_order_item){2, 40}, &misplaced));
    assert_int_equal(misplaced.id, 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_misplaced),
                                       cmocka_unit_test(test_same_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
