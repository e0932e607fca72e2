/* test_nearest.c: which known name a mistyped one is most like. */
#include "base/nearest.h"
#include "testing.h"

#include <string.h>

static const char *nearest_of(const char *name, const char *const *known) {
    siem_nearest nearest = {.name = name};
    for (; *known != NULL; known++) siem_nearest_offer(&nearest, *known);
    return nearest.best;
}

#define KNOWN(...) ((const char *const[]){__VA_ARGS__, NULL})

static void assert_nearest(const char *name, const char *known) {
    const char *const *all = KNOWN("filter", "format", "file_id", "recipient_id", "on");
    const char *found = nearest_of(name, all);
    if (known == NULL) assert_null(found);
    else if (found == NULL) fail_msg("%s: nothing is near", name);
    else assert_string_equal(found, known);
}

static void test_steps(void **state) {
    (void)state;
    assert_nearest("filter", "filter");
    assert_nearest("filtre", "filter"); /* swapped */
    assert_nearest("filer", "filter");  /* one less */
    assert_nearest("filtter", "filter");
    assert_nearest("FILTAR", "filter");
    assert_nearest("recipient", "recipient_id"); /* three of twelve */
    assert_nearest("no", "on");
    assert_nearest("in", "on");
}

/* Two letters that changed places are one step, which is all that a short name may differ by. */
static void test_swapped(void **state) {
    static const struct {
        char name[8], known[8];
        bool is_near;
    } cases[] = {{"ab", "ba", true},   {"abc", "acb", true},  {"abc", "bac", true},
                 {"aBc", "Acb", true}, {"abc", "cba", false}, {"abc", "bca", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = nearest_of(cases[i].name, KNOWN(cases[i].known));
        assert_ptr_equal(found, cases[i].is_near ? cases[i].known : NULL);
    }
}

static void test_none(void **state) {
    char longer[130];
    (void)state;
    assert_nearest("", NULL);
    assert_nearest("zzz", NULL);
    assert_nearest("fi", NULL);
    assert_nearest("recipie", NULL); /* five of twelve */
    assert_null(nearest_of("x", KNOWN(NULL)));
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_null(nearest_of(longer, KNOWN("a", longer)));
    assert_null(nearest_of("a", KNOWN(longer)));
    longer[100] = '\0';
    assert_ptr_equal(nearest_of(longer, KNOWN(longer)), longer);
}

static void test_first_of_equals(void **state) {
    (void)state;
    assert_string_equal(nearest_of("abcx", KNOWN("abcy", "abcz")), "abcy");
    assert_string_equal(nearest_of("abcx", KNOWN("abcy", "abcx")), "abcx");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps), cmocka_unit_test(test_swapped),
                                       cmocka_unit_test(test_none),
                                       cmocka_unit_test(test_first_of_equals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
