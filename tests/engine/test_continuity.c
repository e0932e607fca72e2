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

#define PAGE 512

/* Lets seeks pass over the first leaf of the table: the root page says that all ids are after it
 * (SQLite file format, "B-tree Pages": cell pointers begin at byte 12 of an interior page, and a
 * cell is the number of a page and a key). */
static void hide_first_leaf(const char *path, int64_t root) {
    unsigned char page[PAGE];
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)(root - 1) * PAGE, SEEK_SET), 0);
    assert_int_equal(fread(page, 1, PAGE, file), PAGE);
    assert_int_equal(page[0], 5);
    size_t cell = (size_t)page[12] << 8 | page[13];
    assert_true(page[cell + 4] < 128);
    page[cell + 4] = 0;
    assert_int_equal(fseek(file, (long)(root - 1) * PAGE, SEEK_SET), 0);
    assert_int_equal(fwrite(page, 1, PAGE, file), PAGE);
    assert_int_equal(fclose(file), 0);
}

/* An event that a scan finds, and a seek does not, was not deleted: the file is damaged. */
static void test_damage(void **state) {
    siem_error err;
    siem_continuity continuity;
    int64_t largest, root;
    (void)state;
    open_registry("PRAGMA page_size = 512;" TABLE
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) "
                  "INSERT INTO events (token_id, kind, timestamp) SELECT 't', 'dns', 7 FROM n");
    assert_int_equal(siem_database_read_number(siem_registry_database(registry),
                                               "SELECT rootpage FROM sqlite_schema "
                                               "WHERE name = 'events'",
                                               &root, &err),
                     SIEM_OK);
    char path[200];
    (void)snprintf(path, sizeof path, "%s", siem_registry_origin(registry)->path);
    siem_registry_close(registry);
    hide_first_leaf(path, root);
    const siem_registry_options options = {.path = path, .registry_id = "r", .follow = true};
    assert_int_equal(siem_registry_open(&registry, &options, &err), SIEM_OK);
    for (int64_t id = 1; id <= 3; id++) {
        char text[64];
        const siem_position position = {.id = id, .fingerprint = fingerprint};
        assert_int_equal(siem_registry_compare(registry, &(siem_identity){0}, &position,
                                               &continuity, &largest, &err),
                         SIEM_IO);
        (void)snprintf(text, sizeof text, "event %d cannot be found by its id", (int)id);
        test_has(err.message, text);
    }
    assert_int_equal(compare(&(siem_identity){0}, 60, fingerprint, &largest), SIEM_CONTINUES);
    siem_registry_close(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ids), cmocka_unit_test(test_file),
                                       cmocka_unit_test(test_errors),
                                       cmocka_unit_test(test_damage)};
    return cmocka_run_group_tests_name("continuity", tests, NULL, NULL);
}
