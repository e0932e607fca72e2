/* test_continuity.c: whether a registry continues after a position that was reached in it. */
#include "source/continuity.h"
#include "source/registry.h"

#include "testing.h"

#include <stdio.h>
#include <string.h>

#define ADD "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 7);"

static siem_registry *registry;
static uint64_t fingerprint; /* of each event */

static void open_registry(const char *sql) {
    static int number;
    siem_event *event;
    char name[32];
    const siem_column row[] = {{"token_id", test_text("t")},
                               {"kind", test_text("dns")},
                               {"timestamp", {.type = SIEM_INTEGER, .integer = 7}}};
    (void)snprintf(name, sizeof name, "%d.db", number++);
    test_sql(name, sql);
    const siem_registry_options options = {
        .path = test_path(name), .registry_id = "r", .follow = true};
    assert_ok(siem_registry_open(&registry, &options, &err));
    assert_ok(siem_event_open(&event, row, 3, "r", &err));
    fingerprint = siem_event_fingerprint(event);
    siem_event_close(event);
}

static siem_continuity compare(const siem_identity *file, int64_t id, uint64_t of_event,
                               int64_t *largest) {
    siem_continuity continuity;
    const siem_position position = {.id = id, .fingerprint = of_event};
    assert_ok(siem_registry_compare(registry, file, &position, &continuity, largest, &err));
    return continuity;
}

/* An id that was given counts, also when its event was deleted. */
static void test_ids(void **state) {
    static const struct {
        const char *sql;
        int64_t id;
        bool has_fingerprint;
        siem_continuity continuity;
        int64_t largest;
    } cases[] = {
        {TABLE, 0, false, SIEM_CONTINUES, 0},
        {TABLE, 1, false, SIEM_IDS_BACK, 0},
        {TABLE ADD ADD ADD, 3, true, SIEM_CONTINUES, 3},
        {TABLE ADD ADD ADD, 2, true, SIEM_CONTINUES, 3},
        {TABLE ADD ADD ADD, 4, true, SIEM_IDS_BACK, 3},
        {TABLE ADD ADD ADD "DELETE FROM events WHERE id > 1", 3, true, SIEM_CONTINUES, 3},
        {TABLE ADD ADD ADD "DELETE FROM events", 3, false, SIEM_CONTINUES, 3},
        {TABLE ADD ADD "DELETE FROM sqlite_sequence", 2, true, SIEM_CONTINUES, 2},
        {TABLE ADD ADD "DELETE FROM sqlite_sequence", 3, true, SIEM_IDS_BACK, 2},
        {TABLE ADD ADD "UPDATE events SET timestamp = 8 WHERE id = 2", 2, true, SIEM_OTHER_EVENT,
         2},
        {TABLE ADD ADD "UPDATE events SET timestamp = 8 WHERE id = 2", 2, false, SIEM_CONTINUES, 2},
        {TABLE ADD ADD "UPDATE events SET timestamp = 8 WHERE id = 2", 1, true, SIEM_CONTINUES, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t largest = -1;
        open_registry(cases[i].sql);
        siem_continuity continuity = compare(&(siem_identity){0}, cases[i].id,
                                             cases[i].has_fingerprint ? fingerprint : 0, &largest);
        if (continuity != cases[i].continuity) fail_msg("%s: %d", cases[i].sql, (int)continuity);
        assert_int_equal(largest, cases[i].largest);
        siem_registry_close(registry);
    }
}

static void test_file(void **state) {
    int64_t largest;
    (void)state;
    open_registry(TABLE ADD ADD);
    const siem_identity own = siem_registry_origin(registry)->file;
    siem_identity other = own;
    other.inode++;
    assert_int_equal(compare(&own, 2, fingerprint, &largest), SIEM_CONTINUES);
    assert_int_equal(compare(&other, 2, fingerprint, &largest), SIEM_OTHER_FILE);
    siem_registry_close(registry);
}

static void assert_held(const siem_identity *file, int64_t id, uint64_t of_event,
                        const char *part) {
    siem_error err;
    const siem_position position = {.id = id, .fingerprint = of_event};
    assert_int_equal(siem_registry_check_position(registry, file, &position, "the.cp", &err),
                     SIEM_HELD);
    test_has(err.message, part);
    test_has(err.message, "'checkpoint set'");
    test_has(err.message, "'checkpoint reset'");
}

static void test_errors(void **state) {
    const siem_identity none = {0}, other = {.inode = 1};
    (void)state;
    open_registry(TABLE ADD ADD);
    assert_ok(siem_registry_check_position(registry, &none, &(siem_position){2, 7, fingerprint},
                                           "the.cp", &err));
    assert_held(&other, 2, fingerprint, "another file than the one that the checkpoint 'the.cp'");
    assert_held(&none, 3, fingerprint, "it has given 2, and event 3 was read before");
    assert_held(&none, 2, fingerprint + 1, "event 2 of the registry '");
    siem_registry_close(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ids), cmocka_unit_test(test_file),
                                       cmocka_unit_test(test_errors)};
    return cmocka_run_group_tests_name("continuity", tests, NULL, NULL);
}
