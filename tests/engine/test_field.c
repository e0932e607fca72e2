/* test_field.c: the names of fields and columns, and what a name that is none may mean. */
#include "source/field.h"

#include "testing.h"

#include <stdio.h>
#include <string.h>

static void test_names(void **state) {
    (void)state;
    for (int i = 0; i < SIEM_FIELD_COUNT; i++) {
        const char *name = siem_field_name((size_t)i);
        assert_int_equal(siem_field_of(name, strlen(name)), i);
        assert_int_equal(siem_field_of(name, strlen(name) - 1), -1);
    }
    assert_int_equal(siem_tlog_field_of("tlog.leaf_hash"), 0);
    assert_int_equal(siem_tlog_field_of("tlog.size"), SIEM_TLOG_FIELDS - 1);
    assert_int_equal(siem_tlog_field_of("tlog.index"), -1);
}

/* A field that no column feeds hides a column of its name. */
static void test_columns(void **state) {
    (void)state;
    assert_int_equal(siem_field_of_column("id"), SIEM_EVENT_ID);
    assert_int_equal(siem_field_of_column("KIND"), SIEM_EVENT_KIND);
    assert_int_equal(siem_field_of_column("extra"), SIEM_EXTRA);
    assert_int_equal(siem_field_of_column("event_id"), SIEM_HIDDEN_COLUMN);
    assert_int_equal(siem_field_of_column("occurred_at"), SIEM_HIDDEN_COLUMN);
    assert_int_equal(siem_field_of_column("region"), SIEM_SITE_COLUMN);
}

/* The columns of the registry are guessed as well, when they are known; those that feed a field
 * have its name. */
static void test_unknown(void **state) {
    static const char *const columns[] = {"id", "timestamp", "region", "token_id", NULL};
    static const struct {
        const char *name, *meant; /* NULL: nothing */
        const char *const *columns;
    } cases[] = {
        {"id", "event_id", NULL},
        {"timestamp", "occurred_unix", NULL},
        {"Timestamp", "occurred_unix", columns},
        {"event-id", "event_id", NULL},
        {"xtra", "extra", NULL},
        {"token", "token_id", NULL},
        {"tokn_id", "token_id", NULL},
        {"kind", "event_kind", NULL},
        {"ip", "source_ip", NULL},
        {"agent", "user_agent", NULL},
        {"unix", "occurred_unix", NULL},
        {"tlog.leaf", NULL, NULL},
        {"tlog.leafhash", "tlog.leaf_hash", NULL},
        {"tlog.sise", "tlog.size", NULL},
        {"regoin", "region", columns},
        {"regoin", NULL, NULL},
        {"timestmp", NULL, columns},
        {"idd", NULL, columns},
        {"severity", NULL, columns},
        {"ent", NULL, NULL},
        {"toke", NULL, NULL},
        {"", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_error err;
        char expected[160], question[64] = "";
        if (cases[i].meant != NULL) {
            (void)snprintf(question, sizeof question, "; did you mean \"%s\"?", cases[i].meant);
        }
        (void)snprintf(expected, sizeof expected,
                       "\"%s\" is neither a field of an event nor a column of this registry%s",
                       cases[i].name, question);
        assert_int_equal(siem_field_unknown(cases[i].name, cases[i].columns, &err), SIEM_NOT_FOUND);
        assert_string_equal(err.message, expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_columns),
                                       cmocka_unit_test(test_unknown)};
    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
