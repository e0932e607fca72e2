/* test_verify.c: the rows of a registry against the leaves of its log, with one thing changed. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 6

/* The leaf of a row as a registry writes it: Python's JSON, its members sorted. */
static const char *const leaves[ROWS] = {
    "{\"event\":\"beacon\",\"file_id\":\"f\",\"kind\":\"http_img\",\"recipient_id\":\"j\\u00f6rg\","
    "\"source_ip\":\"192.0.2.1\",\"timestamp\":\"2026-01-01T00:00:01Z\",\"token_id\":\"t1\","
    "\"user_agent\":\"a \\\"b\\\"\"}",
    "{\"event\":\"beacon\",\"file_id\":null,\"kind\":\"http_img\",\"recipient_id\":null,"
    "\"source_ip\":\"192.0.2.2\",\"timestamp\":\"2026-01-01T00:00:02Z\",\"token_id\":\"t2\","
    "\"user_agent\":null}",
    "{\"event\":\"register\",\"file_id\":\"f\"}",
    "{\"event\":\"beacon\",\"file_id\":\"f\",\"kind\":\"dns\",\"qname\":\"x.example\",\"qtype\":"
    "\"A\","
    "\"recipient_id\":\"j\",\"source_ip\":\"192.0.2.3\",\"timestamp\":\"2026-01-01T00:00:03Z\","
    "\"token_id\":\"t3\"}",
    "{\"event\":\"beacon\",\"file_id\":\"f\",\"kind\":\"http_img\",\"recipient_id\":\"j\","
    "\"source_ip\":\"192.0.2.4\",\"timestamp\":\"2026-01-01T00:00:04Z\",\"token_id\":\"t4\","
    "\"user_agent\":\"\"}",
    "{\"event\":\"beacon\",\"file_id\":\"f\",\"kind\":\"http_img\",\"recipient_id\":\"j\","
    "\"source_ip\":\"192.0.2.5\",\"timestamp\":\"2026-01-01T00:00:05Z\",\"token_id\":\"t5\","
    "\"user_agent\":\"ua\"}"};

/* Rows 1 to 5, with leaves 0, 1, 3, 4 and 5. */
static const char rows[] =
    "INSERT INTO events VALUES"
    "(1, 't1', 'f', 'jörg', 'i', 'http_img', '192.0.2.1', 'a \"b\"', NULL, 1,"
    " '2026-01-01T00:00:01Z', 0),"
    "(2, 't2', NULL, NULL, 'i', 'http_img', '192.0.2.2', NULL, NULL, 2,"
    " '2026-01-01T00:00:02Z', 1),"
    "(3, 't3', 'f', 'j', 'i', 'dns', '192.0.2.3', NULL, '{\"qname\": \"x.example\", \"qtype\": "
    "\"A\", \"more\": 1}', 3, '2026-01-01T00:00:03Z', 3),"
    "(4, 't4', 'f', 'j', 'i', 'http_img', '192.0.2.4', '', NULL, 4, '2026-01-01T00:00:04Z', 4),"
    "(5, 't5', 'f', 'j', 'i', 'http_img', '192.0.2.5', 'ua', NULL, 5, '2026-01-01T00:00:05Z', 5);";

static int number; /* of the registry that is open */
static siem_tlog_finding found[20];
static char details[20][64];
static size_t count;

static void hear(void *context, const siem_tlog_finding *finding) {
    (void)context;
    assert_true(count < 20);
    (void)snprintf(details[count], sizeof details[count], "%s", finding->detail);
    found[count++] = *finding;
}

/* Lines of leaves in that order, a digit each; "x" is a line that is not one. */
static void write_log(const char *path, const char *order) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (; *order != '\0'; order++) {
        if (*order == 'x') (void)fprintf(file, "{\"index\": oops\n");
        else test_write_leaf(file, *order - '0', leaves[*order - '0'], leaves[*order - '0']);
    }
    assert_int_equal(fclose(file), 0);
}

/* The head of the first `size` leaves. */
static siem_tlog_head head_of(int64_t size) {
    siem_tlog *log;
    siem_tlog_head head = {.size = size};
    const char *path = test_path("whole.jsonl");
    write_log(path, "012345");
    assert_ok(siem_tlog_open(&log, &(siem_tlog_options){.source = path}, &err));
    assert_int_equal(siem_tlog_size(log), ROWS);
    assert_ok(siem_tlog_root(log, size, &head.root, &err));
    siem_tlog_close(log);
    return head;
}

static siem_registry *registry;

static void open_registry(const char *change) {
    char name[32], sql[2000];
    (void)snprintf(name, sizeof name, "verify%d.db", ++number);
    (void)snprintf(sql, sizeof sql, "PRAGMA journal_mode = WAL;%s%s%s", TABLE, rows, change);
    test_sql(name, sql);
    const siem_registry_options options = {
        .path = test_path(name), .registry_id = "r", .follow = true};
    assert_ok(siem_registry_open(&registry, &options, &err));
}

/* Verifies the rows, changed by `change`, against a file. */
static siem_tlog_summary verify_told(const char *change, const char *path, siem_tlog_check check) {
    siem_tlog *log;
    siem_tlog_summary summary;
    open_registry(change);
    assert_ok(siem_tlog_open(&log, &(siem_tlog_options){.source = path}, &err));
    check.registry = registry;
    count = 0;
    assert_ok(siem_tlog_verify(log, &check, &summary, &err));
    siem_tlog_close(log);
    siem_registry_close(registry);
    return summary;
}

static siem_tlog_summary verify_with(const char *change, const char *path, siem_tlog_check check) {
    check.report = hear;
    return verify_told(change, path, check);
}

static siem_tlog_summary verify_file(const char *change, const char *path,
                                     const siem_tlog_head *head) {
    return verify_with(change, path, (siem_tlog_check){.head = head});
}

static siem_tlog_summary verify(const char *change, const char *order) {
    const char *path = test_path("leaves.jsonl");
    write_log(path, order);
    return verify_file(change, path, NULL);
}

/* There is one finding. */
static void assert_one(siem_tlog_fault fault, int64_t row, int64_t leaf, const char *detail) {
    if (count != 1) {
        for (size_t i = 0; i < count; i++) {
            print_message("%s row %d leaf %d\n", siem_tlog_fault_name(found[i].fault),
                          (int)found[i].row, (int)found[i].leaf);
        }
        fail_msg("%zu findings for %s", count, siem_tlog_fault_name(fault));
    }
    assert_string_equal(siem_tlog_fault_name(found[0].fault), siem_tlog_fault_name(fault));
    assert_int_equal(found[0].row, row);
    assert_int_equal(found[0].leaf, leaf);
    if (detail != NULL) assert_string_equal(details[0], detail);
}

static void test_whole(void **state) {
    siem_tlog_head head = head_of(ROWS);
    (void)state;
    siem_tlog_summary summary = verify_file("", test_path("whole.jsonl"), &head);
    assert_int_equal(count, 0);
    assert_int_equal(summary.leaves, ROWS);
    assert_int_equal(summary.callbacks, 5);
    assert_int_equal(summary.rows, 5);
    assert_int_equal(summary.proved, 5);
    assert_int_equal(summary.after_head, 0);
    assert_memory_equal(&summary.root, &head.root, sizeof head.root);
    head = head_of(4);
    summary = verify_file("", test_path("whole.jsonl"), &head);
    assert_int_equal(count, 0);
    assert_int_equal(summary.after_head, 2);
}

/* Each column that a leaf covers, by its name; and those that it does not cover. */
static void test_rows_altered(void **state) {
    static const struct {
        const char *change;
        int64_t row, leaf;
        const char *fields;
    } cases[] = {
        {"UPDATE events SET token_id = 'T' WHERE id = 1;", 1, 0, "token_id"},
        {"UPDATE events SET file_id = 'x' WHERE id = 2;", 2, 1, "file_id"},
        {"UPDATE events SET recipient_id = 'jorg' WHERE id = 1;", 1, 0, "recipient_id"},
        {"UPDATE events SET source_ip = NULL WHERE id = 4;", 4, 4, "source_ip"},
        {"UPDATE events SET user_agent = NULL WHERE id = 1;", 1, 0, "user_agent"},
        {"UPDATE events SET qualified_timestamp = '2026' WHERE id = 5;", 5, 5,
         "qualified_timestamp"},
        {"UPDATE events SET extra = '{\"qname\":\"y\",\"qtype\":\"A\"}' WHERE id = 3;", 3, 3,
         "extra.qname"},
        {"UPDATE events SET user_agent = 'ab' WHERE id = 4;", 4, 4, "user_agent"},
        {"UPDATE events SET kind = 'http_css' WHERE id = 5;", 5, 5, "kind"},
        {"UPDATE events SET kind = 'dns' WHERE id = 5;", 5, 5, "kind"},
        {"UPDATE events SET source_ip = '::1', token_id = 'T' WHERE id = 5;", 5, 5,
         "source_ip, token_id"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_tlog_summary summary = verify(cases[i].change, "012345");
        assert_one(SIEM_TLOG_ROW_ALTERED, cases[i].row, cases[i].leaf, cases[i].fields);
        assert_int_equal(summary.proved, 4);
        assert_int_equal(summary.findings[SIEM_TLOG_ROW_ALTERED], 1);
    }
    (void)verify("UPDATE events SET issuer_id = 'x', timestamp = 9;", "012345");
    assert_int_equal(count, 0);
}

static void test_rows(void **state) {
    (void)state;
    (void)verify("UPDATE events SET tlog_index = -1 WHERE id = 5;", "01234");
    assert_one(SIEM_TLOG_ROW_NEVER_LOGGED, 5, -1, "");
    (void)verify("", "01234");
    assert_one(SIEM_TLOG_ROW_WITHOUT_LEAF, 5, 5, "");
    (void)verify("INSERT INTO events SELECT 6, token_id, file_id, recipient_id, issuer_id, kind,"
                 "source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index "
                 "FROM events WHERE id = 5;",
                 "012345");
    assert_one(SIEM_TLOG_ROW_TWICE, 6, 5, NULL);
}

static void test_lines(void **state) {
    siem_tlog_head head = head_of(ROWS);
    char path[256];
    (void)state;
    (void)stpcpy(path, test_path("lines.jsonl"));
    siem_tlog_summary summary = verify("", "01x345");
    assert_true(count > 0);
    assert_int_equal(summary.findings[SIEM_TLOG_LINE_MALFORMED], 1);
    summary = verify("DELETE FROM events WHERE id < 3;", "0xx345");
    assert_int_equal(summary.findings[SIEM_TLOG_LINE_MALFORMED], 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found[i].leaf, 1 + i);
        assert_int_equal(found[i].line, 2 + i);
    }
    summary = verify("", "01345");
    assert_int_equal(summary.findings[SIEM_TLOG_LEAF_MISSING], 1);
    summary = verify("", "0123345");
    /* And those after it, whose place is one further. */
    assert_int_equal(summary.findings[SIEM_TLOG_LEAF_TWICE], 3);
    summary = verify("", "013245");
    assert_int_equal(summary.findings[SIEM_TLOG_LEAF_MISPLACED], 1);
    write_log(path, "01234");
    summary = verify_file("DELETE FROM events WHERE id = 5;", path, &head);
    assert_one(SIEM_TLOG_TRUNCATED, 0, 5, NULL);
    assert_int_equal(found[0].other, 6);
    head.root.bytes[0] ^= 1;
    write_log(path, "012345");
    summary = verify_file("", path, &head);
    assert_int_equal(summary.findings[SIEM_TLOG_HEAD_ROOT], 1);
}

/* A leaf whose text is not what was hashed, of a callback and of a registration. */
static void test_leaves_altered(void **state) {
    char path[256];
    (void)state;
    (void)stpcpy(path, test_path("altered.jsonl"));
    for (int at = 0; at < 3; at += 2) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        for (int i = 0; i < ROWS; i++) {
            test_write_leaf(file, i, i == at ? "{\"event\":\"other\"}" : leaves[i], leaves[i]);
        }
        assert_int_equal(fclose(file), 0);
        siem_tlog_summary summary = verify_file("", path, NULL);
        assert_one(SIEM_TLOG_LEAF_ALTERED, 0, at, NULL);
        assert_int_equal(summary.proved, 5);
    }
}

/* A line that is lost is taken from its row when the head proves it, and only then. */
static void test_recovered(void **state) {
    siem_tlog_head head = head_of(ROWS);
    char path[256];
    (void)state;
    (void)stpcpy(path, test_path("lost.jsonl"));
    write_log(path, "01245");
    siem_tlog_summary summary = verify_file("", path, &head);
    assert_one(SIEM_TLOG_LEAF_MISSING, 0, 3, NULL);
    assert_int_equal(summary.proved, 5);
    assert_memory_equal(&summary.root, &head.root, sizeof head.root);
    summary = verify_file("UPDATE events SET token_id = 'T' WHERE id = 3;", path, &head);
    assert_int_equal(summary.findings[SIEM_TLOG_LEAF_MISSING], 1);
    assert_true(count > 1);
    assert_int_equal(summary.proved, 4);
    /* Beside a row that was altered, whose leaf stays what it is. */
    summary = verify_file("UPDATE events SET token_id = 'T' WHERE id = 1;", path, &head);
    assert_int_equal(count, 2);
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_ALTERED], 1);
    assert_int_equal(summary.findings[SIEM_TLOG_LEAF_MISSING], 1);
    assert_int_equal(summary.proved, 4);
    write_log(path, "0245"); /* two of them */
    summary = verify_file("", path, &head);
    assert_int_equal(count, 2);
    assert_int_equal(summary.findings[SIEM_TLOG_LEAF_MISSING], 2);
    assert_int_equal(summary.proved, 5);
    write_log(path, "01245");
    /* As much as the head has, or nothing is proved by it. */
    siem_tlog_head longer = {.size = ROWS + 1, .root = head.root};
    summary = verify_file("", path, &longer);
    assert_int_equal(summary.findings[SIEM_TLOG_TRUNCATED], 1);
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_WITHOUT_LEAF], 1);
    assert_int_equal(summary.proved, 4);
    write_log(path, "0135"); /* row 4 has no leaf: its leaf was not the only one that is missing */
    summary = verify_file("", path, &head);
    assert_int_equal(summary.findings[SIEM_TLOG_LEAF_MISSING], 2);
    assert_int_equal(summary.proved, 4);
}

/* Of a leaf that was taken from its row, the text stays unknown. */
static void test_recovered_before(void **state) {
    siem_tlog_head head = head_of(ROWS);
    const char *path = test_path("lost.jsonl");
    siem_tlog *log;
    siem_tlog_summary summary;
    (void)state;
    write_log(path, "01245");
    assert_ok(siem_tlog_open(&log, &(siem_tlog_options){.source = path}, &err));
    for (size_t i = 0; i < 2; i++) {
        open_registry(i == 0 ? "" : "UPDATE events SET token_id = 'T' WHERE id = 3;");
        const siem_tlog_check check = {.registry = registry, .head = &head, .report = hear};
        count = 0;
        assert_ok(siem_tlog_verify(log, &check, &summary, &err));
        assert_int_equal(summary.proved, 5 - i);
        siem_registry_close(registry);
    }
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_ALTERED], 1);
    assert_string_equal(details[0], "the leaf's text cannot be compared");
    siem_tlog_close(log);
}

/* A row with the index of another leaf, which is free. */
static void test_swapped(void **state) {
    (void)state;
    siem_tlog_summary summary =
        verify("UPDATE events SET tlog_index = 5 - tlog_index WHERE id IN (1, 5);", "012345");
    assert_int_equal(count, 2);
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_SWAPPED], 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found[i].row, i == 0 ? 1 : 5);
        assert_int_equal(found[i].leaf, i == 0 ? 5 : 0);
        assert_int_equal(found[i].other, i == 0 ? 0 : 5);
    }
    assert_int_equal(summary.proved, 3);
}

/* Rows whose ids were exchanged are what their leaves say, but not in the order of these. */
static void test_misplaced(void **state) {
    (void)state;
    siem_tlog_summary summary = verify("UPDATE events SET id = id - 6 WHERE id IN (1, 5);"
                                       "UPDATE events SET id = -id WHERE id < 0;",
                                       "012345");
    assert_int_equal(count, 2);
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_MISPLACED], 2);
    assert_int_equal(summary.proved, 5);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found[i].row, i == 0 ? 1 : 5);
        assert_int_equal(found[i].leaf, i == 0 ? 5 : 0);
    }
}

/* Leaves that have no row: they were deleted, or are not JSON, even if one begins as a callback. */
static void test_without_row(void **state) {
    const char *path = test_path("text.jsonl");
    (void)state;
    write_log(path, "012345");
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    test_write_leaf(file, ROWS, "hello", "hello");
    test_write_leaf(file, ROWS + 1, "{\"event\":\"beacon\",", "{\"event\":\"beacon\",");
    assert_int_equal(fclose(file), 0);
    siem_tlog_summary summary = verify_file("DELETE FROM events WHERE id > 3;", path, NULL);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(found[i].fault,
                         i < 2 ? SIEM_TLOG_LEAF_WITHOUT_ROW : SIEM_TLOG_LEAF_NOT_JSON);
        assert_int_equal(found[i].row, 0);
        assert_int_equal(found[i].leaf, 4 + i);
        assert_string_equal(details[i], "");
    }
    assert_int_equal(summary.leaves, ROWS + 2);
    assert_int_equal(summary.callbacks, 6);
    assert_int_equal(summary.rows, 3);
}

/* Rows that differ are compared with all leaves at the end, however many they are. */
static void test_many_altered(void **state) {
    static const char changed[] =
        "WITH RECURSIVE n(i) AS (SELECT 6 UNION ALL SELECT i + 1 FROM n WHERE i < 305) INSERT INTO "
        "events (id, token_id, kind, timestamp, tlog_index) SELECT i, 'x', 'http_img', 6, i "
        "FROM n;";
    const char *path = test_path("many.jsonl");
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i <= 305; i++) {
        const char *leaf = leaves[i < ROWS ? i : 0];
        test_write_leaf(file, i, leaf, leaf);
    }
    assert_int_equal(fclose(file), 0);
    siem_tlog_summary summary = verify_told(changed, path, (siem_tlog_check){.report = NULL});
    assert_int_equal(summary.proved, 5);
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_ALTERED], 300);
}

/* Of very many, the last ones are reported as they come, by the same causes. */
static void test_too_many(void **state) {
    static const char added[] =
        "WITH RECURSIVE n(i) AS (SELECT 6 UNION ALL SELECT i + 1 FROM n WHERE i < 65543) INSERT "
        "INTO events (id, token_id, kind, timestamp, tlog_index) "
        "SELECT i, 'x', 'http_img', 6, CASE i WHEN 65543 THEN 5 ELSE 2 END FROM n;";
    const char *path = test_path("leaves.jsonl");
    (void)state;
    write_log(path, "01345");
    siem_tlog_summary summary = verify_told(added, path, (siem_tlog_check){.report = NULL});
    assert_int_equal(summary.rows, 65543);
    assert_int_equal(summary.proved, 5);
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_WITHOUT_LEAF], 65537);
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_TWICE], 1);
    assert_int_equal(summary.findings[SIEM_TLOG_ROW_ALTERED], 0);
}

/* ---- rows that come while the others are read ---- */

static const char *late; /* what is done at the first finding; NULL: nothing */

static void hear_late(void *context, const siem_tlog_finding *finding) {
    char name[32];
    hear(context, finding);
    if (late == NULL) return;
    (void)snprintf(name, sizeof name, "verify%d.db", number);
    test_sql(name, late);
    late = NULL;
}

/* The last leaf of a file is that of row 5, which is committed after the others were read. */
static void verify_late(const char *change, int64_t leaf, int proved) {
    const char *path = test_path("leaves.jsonl");
    char row[256];
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    test_write_leaf(file, leaf, leaves[5], leaves[5]);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(row, sizeof row,
                   "INSERT INTO events VALUES (5, 't5', 'f', 'j', 'i', 'http_img', "
                   "'192.0.2.5', 'ua', NULL, 5, '2026-01-01T00:00:05Z', %d);",
                   (int)leaf);
    late = row;
    siem_tlog_summary summary = verify_told(change, path, (siem_tlog_check){.report = hear_late});
    assert_int_equal(summary.rows, 5);
    assert_int_equal(summary.proved, proved);
    assert_int_equal(summary.findings[SIEM_TLOG_LEAF_WITHOUT_ROW], 0);
}

/* The row of a leaf may be committed a moment after it: it is awaited, however long the log is. */
static void test_late(void **state) {
    static const char change[] =
        "UPDATE events SET tlog_index = -1 WHERE id = 1; DELETE FROM events WHERE id = 5;";
    static const int64_t last[] = {5, 100};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *path = test_path("leaves.jsonl");
        write_log(path, "1234");
        FILE *file = fopen(path, "a");
        assert_non_null(file);
        for (int64_t at = 5; at < last[i]; at++) test_write_leaf(file, at, leaves[2], leaves[2]);
        assert_int_equal(fclose(file), 0);
        verify_late(change, last[i], 4);
    }
    /* Of a log whose other leaves all have their rows. */
    write_log(test_path("leaves.jsonl"), "01");
    verify_late("UPDATE events SET tlog_index = -1 WHERE id IN (3, 4);"
                "DELETE FROM events WHERE id = 5;",
                2, 3);
}

/* A last line without its end may be on its way: what has begun and is no leaf is reported. */
static void test_torn(void **state) {
    char path[256];
    (void)state;
    (void)stpcpy(path, test_path("torn.jsonl"));
    write_log(path, "012345");
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    (void)fprintf(file, "{\"index\": 6, \"leaf_ha");
    assert_int_equal(fclose(file), 0);
    siem_tlog_summary summary = verify_file("", path, NULL);
    assert_int_equal(summary.proved, 5);
    assert_one(SIEM_TLOG_LINE_MALFORMED, 0, -1, NULL);
    assert_int_equal(found[0].line, 7);
}

/* The log of an older head goes on as this one, or it was another log. */
static void test_since(void **state) {
    siem_tlog_head older = head_of(4), newer = head_of(ROWS);
    const siem_tlog_check check = {.head = &newer, .since_head = &older};
    (void)state;
    (void)verify_with("", test_path("whole.jsonl"), check);
    assert_int_equal(count, 0);
    older.root.bytes[31] ^= 1;
    (void)verify_with("", test_path("whole.jsonl"), check);
    assert_one(SIEM_TLOG_FORKED, 0, -1, NULL);
    assert_int_equal(found[0].other, 4);
    assert_int_equal(found[0].line, 0);
}

/* No root is known of leaves one of which is missing: only an older head can be another one. */
static void test_heads_of_missing(void **state) {
    static const siem_hash none;
    siem_tlog_head oldest = head_of(2), older = head_of(4), newer = head_of(ROWS);
    siem_tlog_check check = {.head = &newer, .since_head = &older};
    const char *path = test_path("leaves.jsonl");
    (void)state;
    write_log(path, "01345");
    siem_tlog_summary summary = verify_with("", path, check);
    assert_one(SIEM_TLOG_LEAF_MISSING, 0, 2, NULL);
    assert_int_equal(summary.proved, 5);
    assert_memory_equal(&summary.root, &none, sizeof none);
    check.since_head = &oldest;
    oldest.root.bytes[0] ^= 1;
    summary = verify_with("", path, check);
    assert_int_equal(count, 2);
    assert_int_equal(summary.findings[SIEM_TLOG_FORKED], 1);
}

/* Each head must be signed by the registry, when its key is known. */
static void test_signatures(void **state) {
    static const char key[] = "b7f45ace3bf98baf49d978d24a9ddfe1194020af87d51f45e418ff3746d01980";
    siem_tlog_head older = head_of(4), newer = head_of(ROWS);
    (void)state;
    siem_tlog_summary summary =
        verify_with("", test_path("whole.jsonl"),
                    (siem_tlog_check){.registry_id = key, .head = &newer, .since_head = &older});
    assert_int_equal(count, 2);
    assert_int_equal(summary.findings[SIEM_TLOG_HEAD_SIGNATURE], 2);
    assert_false(summary.is_signed);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found[i].fault, SIEM_TLOG_HEAD_SIGNATURE);
        assert_int_equal(found[i].row, 0);
        assert_int_equal(found[i].leaf, -1);
        assert_int_equal(found[i].other, i == 0 ? ROWS : 4);
        assert_int_equal(found[i].line, 0);
        assert_string_equal(details[i], "the head has no signature");
    }
    summary = verify_with("", test_path("whole.jsonl"), (siem_tlog_check){.registry_id = key});
    assert_int_equal(count, 0);
    assert_false(summary.is_signed);
}

/* What a log is asked for, at both ends of it and beyond. */
static void test_questions(void **state) {
    siem_hash root, leaf, proof[SIEM_TLOG_MOST_PROOF];
    siem_error failure = {0};
    size_t hashes;
    siem_tlog *log;
    const char *path = test_path("asked.jsonl");
    (void)state;
    write_log(path, "012345");
    assert_ok(siem_tlog_open(&log, &(siem_tlog_options){.source = path}, &err));
    for (int64_t size = 1; size <= ROWS; size++) {
        assert_ok(siem_tlog_root(log, size, &root, &err));
        for (int64_t i = 0; i < size; i++) {
            assert_ok(siem_tlog_leaf(log, i, &leaf, &err));
            assert_ok(siem_tlog_prove(log, i, size, proof, &hashes, &err));
            assert_ok(siem_tlog_check_proof(&leaf, i, size, proof, hashes, &root, &err));
        }
        assert_int_equal(siem_tlog_prove(log, size, size, proof, &hashes, &failure), SIEM_INVALID);
        assert_int_equal(siem_tlog_prove(log, -1, size, proof, &hashes, &failure), SIEM_INVALID);
    }
    assert_int_equal(siem_tlog_root(log, ROWS + 1, &root, &failure), SIEM_INVALID);
    assert_int_equal(siem_tlog_leaf(log, ROWS, &leaf, &failure), SIEM_INVALID);
    siem_tlog_close(log);
    write_log(path, "01245");
    assert_ok(siem_tlog_open(&log, &(siem_tlog_options){.source = path}, &err));
    assert_ok(siem_tlog_root(log, 3, &root, &err));
    assert_int_equal(siem_tlog_root(log, 4, &root, &failure), SIEM_UNPROVED);
    test_has(failure.message, "leaf 3 is missing");
    assert_int_equal(siem_tlog_leaf(log, 3, &leaf, &failure), SIEM_UNPROVED);
    assert_ok(siem_tlog_leaf(log, 4, &leaf, &err));
    siem_tlog_close(log);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 70000; i++) (void)fputs("x\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(siem_tlog_open(&log, &(siem_tlog_options){.source = path}, &failure),
                     SIEM_INVALID);
    test_has(failure.message, path);
    test_has(failure.message, ": 65536 lines of it are not leaves");
    const siem_tlog_options missing = {.source = test_path("no such file")};
    assert_int_equal(siem_tlog_open(&log, &missing, &failure), SIEM_NOT_FOUND);
    test_has(failure.message, missing.source);
    assert_null(strstr(strstr(failure.message, missing.source) + 1, missing.source)); /* once */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_rows_altered),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_leaves_altered),
        cmocka_unit_test(test_recovered),
        cmocka_unit_test(test_swapped),
        cmocka_unit_test(test_misplaced),
        cmocka_unit_test(test_without_row),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_torn),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_many_altered),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_recovered_before),
        cmocka_unit_test(test_heads_of_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
