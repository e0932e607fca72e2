/* test_schema.c: which tables are a registry's, and which of their columns can be read. */
#include "source/schema.h"

#include "testing.h"

#include <stdio.h>
#include <string.h>

#define KEY "id INTEGER PRIMARY KEY AUTOINCREMENT"

static siem_inquiry nobody;

static siem_code read_schema(siem_schema *schema, const char *sql, bool follow,
                             const int64_t *suspect, siem_error *err) {
    static int number;
    siem_database database;
    char name[32];
    (void)snprintf(name, sizeof name, "schema%d.db", number++);
    test_sql(name, sql);
    *schema = (siem_schema){0};
    assert_ok(siem_database_open(&database, test_path(name), 0, &nobody, &err));
    siem_code rc = siem_schema_read(schema, &database, follow, suspect, err);
    siem_database_close(&database);
    return rc;
}

static const struct {
    const char *sql;
    const char *problem, *followed; /* NULL: it is a registry, to be read once and followed */
} tables[] = {
    {"CREATE TABLE events (" KEY ", timestamp)", NULL, NULL},
    {"CREATE TABLE EVENTS (ID integer primary key autoincrement, TIMESTAMP INT)", NULL, NULL},
    {"CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp)", NULL, "is not AUTOINCREMENT"},
    {"CREATE TABLE other (" KEY ", timestamp)", "has no table 'events'", NULL},
    {"CREATE TABLE other (" KEY ", timestamp); CREATE INDEX events ON other (timestamp)",
     "has no table 'events'", NULL},
    {"CREATE TABLE o (" KEY ", timestamp); CREATE VIEW events AS SELECT * FROM o",
     "is a view, not a table", NULL},
    {"CREATE TABLE events (" KEY ", occurred)", "has no column 'timestamp'", NULL},
    {"CREATE TABLE events (timestamp)", "must be INTEGER PRIMARY KEY", NULL},
    {"CREATE TABLE events (id INTEGER, timestamp)", "must be INTEGER PRIMARY KEY", NULL},
    {"CREATE TABLE events (id INT PRIMARY KEY, timestamp)", "must be INTEGER PRIMARY KEY", NULL},
    {"CREATE TABLE events (id INTEGER PRIMARY KEY DESC, timestamp)", "must be INTEGER PRIMARY KEY",
     NULL},
    {"CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp) WITHOUT ROWID",
     "must be INTEGER PRIMARY KEY", NULL},
    {"CREATE TABLE events (id INTEGER, t INTEGER, timestamp, PRIMARY KEY (id, t))",
     "must be INTEGER PRIMARY KEY", NULL},
    {"CREATE TABLE events (event INTEGER PRIMARY KEY, id INTEGER, timestamp)",
     "must be INTEGER PRIMARY KEY", NULL},
};

static void test_tables(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (int follow = 0; follow < 2; follow++) {
            siem_schema schema;
            siem_error err = {0};
            const char *problem =
                follow != 0 && tables[i].followed != NULL ? tables[i].followed : tables[i].problem;
            siem_code rc = read_schema(&schema, tables[i].sql, follow != 0, NULL, &err);
            if (rc != (problem == NULL ? SIEM_OK : SIEM_SCHEMA)) {
                fail_msg("%s: %s: %s", tables[i].sql, siem_code_name(rc), err.message);
            }
            if (problem != NULL && strstr(err.message, problem) == NULL) {
                fail_msg("'%s' lacks '%s'", err.message, problem);
            }
            siem_schema_free(&schema);
            siem_schema_free(&schema);
        }
    }
}

/* Columns of the site are NULL where the registry's own are selected alone. */
static void test_columns(void **state) {
    siem_schema schema;
    (void)state;
    assert_ok(read_schema(&schema,
                          "CREATE TABLE events (\"a \"\"b\" TEXT, kind TEXT, timestamp, "
                          "Id INTEGER PRIMARY KEY AUTOINCREMENT, site INT AS (id + 1))",
                          false, NULL, &err));
    assert_int_equal(schema.column_count, 5);
    assert_int_equal(schema.id_column, 3);
    assert_string_equal(schema.columns[0], "a \"b");
    assert_string_equal(schema.columns[4], "site");
    assert_null(schema.columns[5]);
    assert_string_equal(schema.selection, "events.\"a \"\"b\", events.\"kind\", "
                                          "events.\"timestamp\", events.\"Id\", events.\"site\"");
    assert_string_equal(schema.own,
                        "NULL, events.\"kind\", events.\"timestamp\", events.\"Id\", NULL");
    assert_non_null(schema.layout);
    assert_null(schema.unreadable[0].column);
    siem_schema_free(&schema);
}

#define FAULTY                                                                                     \
    "CREATE TABLE events (" KEY ", note TEXT, timestamp);"                                         \
    "INSERT INTO events (note, timestamp) VALUES ('1', 5), ('no', 6);"                             \
    "ALTER TABLE events ADD COLUMN a TEXT AS (json(note));"                                        \
    "ALTER TABLE events ADD COLUMN b TEXT AS (upper(note));"                                       \
    "ALTER TABLE events ADD COLUMN c TEXT AS (json(note || ''));"

/* Only the columns that fail for the suspect are set aside, and without one none is. */
static void test_unreadable(void **state) {
    const int64_t good = 1, bad = 2, none = 3;
    siem_schema schema;
    siem_error err;
    (void)state;
    const int64_t *const harmless[] = {NULL, &good, &none};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        assert_ok(read_schema(&schema, FAULTY, false, harmless[i], &err));
        assert_int_equal(schema.column_count, 6);
        assert_null(schema.unreadable[0].column);
        siem_schema_free(&schema);
    }
    assert_ok(read_schema(&schema, FAULTY, false, &bad, &err));
    assert_int_equal(schema.column_count, 4);
    assert_string_equal(schema.columns[3], "b");
    assert_string_equal(schema.unreadable[0].column, "a");
    assert_string_equal(schema.unreadable[1].column, "c");
    assert_string_equal(schema.unreadable[1].reason, "malformed JSON, in event 2");
    assert_null(schema.unreadable[2].column);
    siem_schema_free(&schema);
    assert_int_equal(read_schema(&schema,
                                 FAULTY "ALTER TABLE events ADD COLUMN kind TEXT AS (json(note));",
                                 false, &bad, &err),
                     SIEM_SCHEMA);
    assert_non_null(strstr(err.message, "column 'kind' of 'events'"));
    siem_schema_free(&schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables),
                                       cmocka_unit_test(test_columns),
                                       cmocka_unit_test(test_unreadable)};
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
