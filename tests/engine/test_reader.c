/* test_reader.c: slices of a registry, by several readers, are what one road reads. */
#include "testing.h"

#include "base/buffer.h"
#include "source/event.h"
#include "source/registry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Events i = 1, 2 ... `count`, with a column of expressions over i for their time. */
#define EVENTS(count, id, time)                                                                    \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " count ") "         \
    "INSERT INTO events (id, token_id, kind, timestamp, extra) SELECT " id                         \
    ", 't' || i, 'dns', " time ", '{\"i\": ' || i || '}' FROM n;"
#define EVENT(id, time)                                                                            \
    "INSERT INTO events (id, token_id, kind, timestamp) VALUES (" id ", 't', 'dns', " time ");"

static siem_registry *open_with(const char *name, const siem_registry_options *options) {
    siem_registry *registry;
    siem_registry_options all = *options;
    all.path = test_path(name);
    all.registry_id = "r";
    assert_ok(siem_registry_open(&registry, &all, &err));
    return registry;
}

static siem_registry *open_registry(const char *name) {
    return open_with(name, &(siem_registry_options){.has_since = false});
}

static siem_reader *open_reader(const siem_registry *registry) {
    siem_reader *reader;
    assert_ok(siem_reader_open(&reader, siem_registry_origin(registry), &err));
    return reader;
}

static bool never(void *context) {
    ++*(int *)context;
    return false;
}

/* ---- what is read, as lines of JSON ---- */

static void add(siem_buffer *text, siem_event *event) {
    siem_event_write_json(event, text);
    siem_buffer_add_char(text, '\n');
}

/* What siem_registry_next gives, from the first event on. */
static siem_code read_one_road(siem_registry *registry, siem_buffer *text, siem_error *err) {
    siem_event *event;
    siem_code rc;
    siem_registry_rewind(registry);
    while ((rc = siem_registry_next(registry, &event, err)) == SIEM_OK) add(text, event);
    return rc;
}

/* One slice; how many events it had, or a code below 0. */
static int read_slice(siem_reader *reader, const siem_slice *slice, bool release, siem_buffer *text,
                      siem_error *err) {
    siem_event *event;
    siem_code rc;
    int count = 0;
    siem_reader_begin(reader, slice);
    while ((rc = siem_reader_next(reader, &event, err)) == SIEM_OK) {
        add(text, event);
        count++;
        if (release && count % 100 == 0) siem_reader_release(reader);
    }
    return rc == SIEM_END ? count : -(int)rc;
}

#define READERS 3

/* What readers that take turns give, joined in the order of the slices. */
static siem_code read_slices(siem_registry *registry, bool release, siem_buffer *text, int *slices,
                             siem_error *err) {
    siem_reader *readers[READERS];
    siem_slice slice;
    siem_code rc;
    int64_t total = 0;
    int count = 0;
    siem_registry_rewind(registry);
    for (int i = 0; i < READERS; i++) readers[i] = open_reader(registry);
    for (*slices = 0; (rc = siem_registry_next_slice(registry, &slice, err)) == SIEM_OK;) {
        siem_reader *reader = readers[(*slices)++ % READERS];
        size_t before = text->size;
        count = read_slice(reader, &slice, release, text, err);
        if (count < 0) break;
        assert_int_equal(slice.number, *slices - 1);
        assert_true(count <= SIEM_SLICE_EVENTS);
        total += count;
        siem_suspect found = siem_reader_suspect(reader);
        if (found.is_set == slice.suspect.is_set && found.id == slice.suspect.id) continue;
        assert_true(text->size > before);
        siem_registry_seek_slice(registry, slice.number + 1, found);
    }
    if (rc == SIEM_END) rc = siem_registry_check_complete(registry, total, err);
    for (int i = 0; i < READERS; i++) siem_reader_close(readers[i]);
    return count < 0 ? (siem_code)-count : rc;
}

static size_t lines_of(const siem_buffer *text) {
    size_t lines = 0;
    for (size_t i = 0; i < text->size; i++) lines += text->bytes[i] == '\n';
    return lines;
}

static void assert_same(const siem_buffer *a, const siem_buffer *b) {
    assert_false(a->failed || b->failed);
    assert_int_equal(a->size, b->size);
    if (a->size != 0) assert_memory_equal(a->bytes, b->bytes, a->size);
}

/* Both roads give the same `events` events; the second one in so many slices. */
static void assert_roads(const char *name, const siem_registry_options *options, size_t events,
                         int slices) {
    siem_buffer one = {0};
    siem_registry *registry = open_with(name, options);
    assert_int_equal(read_one_road(registry, &one, NULL), SIEM_END);
    assert_int_equal(lines_of(&one), events);
    for (int release = 0; release < 2; release++) {
        siem_buffer several = {0};
        int count;
        assert_ok(read_slices(registry, release, &several, &count, &err));
        assert_same(&one, &several);
        assert_int_equal(count, slices);
        siem_buffer_free(&several);
    }
    siem_buffer_free(&one);
    siem_registry_close(registry);
}

/* ---- orders and selections ---- */

#define ALL(...)                                                                                   \
    &(siem_registry_options) {                                                                     \
        __VA_ARGS__                                                                                \
    }

static void assert_selections(const char *name, size_t since_events, int since_slices) {
    assert_roads(name, ALL(.has_since = false), 3000, 3);
    assert_roads(name, ALL(.has_since = true, .since = 2000), since_events, since_slices);
    assert_roads(name, ALL(.has_since = true, .since = 99999), 0, 0);
    assert_roads(name, ALL(.has_limit = true, .limit = 0), 0, 0);
    assert_roads(name, ALL(.has_limit = true, .limit = 1), 1, 1);
    assert_roads(name, ALL(.has_limit = true, .limit = 1023), 1023, 1);
    assert_roads(name, ALL(.has_limit = true, .limit = 1024), 1024, 1);
    assert_roads(name, ALL(.has_limit = true, .limit = 1025), 1025, 2);
    assert_roads(name, ALL(.has_limit = true, .limit = 4000), 3000, 3);
    assert_roads(name, ALL(.limit = 5, .has_since = true, .since = 2000), 5, 1);
    assert_roads(name, ALL(.has_until = true, .until = 2000), 3000 - since_events, 2);
    assert_roads(name, ALL(.kinds = (const char *const[]){"dns", NULL}), 3000, 3);
    assert_roads(name, ALL(.kinds = (const char *const[]){"none", NULL}), 0, 0);
}

static void test_ordered(void **state) {
    (void)state;
    test_sql("ordered.db", TABLE EVENTS("3000", "3 * i", "i"));
    assert_selections("ordered.db", 1001, 1);
    test_sql("filtered.db", TABLE EVENTS("5000", "i", "i * (i % 2)"));
    assert_roads("filtered.db", ALL(.has_since = true, .since = 1), 2500, 3);
}

static int statements; /* that connections have begun */

static int count_statement(unsigned event, void *context, void *statement, void *sql) {
    (void)event, (void)context, (void)statement, (void)sql;
    statements++;
    return 0;
}

static int watch(sqlite3 *connection, char **message, const void *api) {
    (void)message, (void)api;
    return sqlite3_trace_v2(connection, SQLITE_TRACE_STMT, count_statement, NULL);
}

/* A statement gives many events of a slice. */
static void assert_few_statements(const char *name) {
    (void)sqlite3_auto_extension((void (*)(void))watch);
    statements = 0;
    assert_roads(name, ALL(.has_since = false), 3000, 3);
    sqlite3_reset_auto_extension();
    assert_in_range(statements, 1, 3000 - 1);
}

/* One event in a hundred steps back; all are shuffled; all are in the reverse order. */
static void test_sorted(void **state) {
    (void)state;
    test_sql("back.db", TABLE EVENTS("3000", "i", "iif(i % 100 = 0, i - 50, i)"));
    assert_selections("back.db", 1000, 1);
    test_sql("shuffled.db", TABLE EVENTS("3000", "2 * i", "i * 7919 % 3000"));
    assert_selections("shuffled.db", 1000, 1);
    /* Names that the registry has in common with what its ids are joined with. */
    test_sql("shuffled.db", "CREATE TABLE oversight_runs (first, last); "
                            "ALTER TABLE events ADD COLUMN first; "
                            "ALTER TABLE events ADD COLUMN runs;");
    assert_selections("shuffled.db", 1000, 1);
    test_sql("reverse.db", TABLE EVENTS("3000", "i", "3000 - i"));
    assert_selections("reverse.db", 1000, 1);
    assert_few_statements("reverse.db");
}

/* In the order of ids, nothing is sorted, and what comes after the limit is not looked at. */
static void test_by_id(void **state) {
    siem_event *event;
    int questions = 0;
    (void)state;
    test_sql("by-id.db", TABLE EVENTS("30000", "i", "30000 - i"));
    assert_roads("by-id.db", ALL(.by_id = true), 30000, 30);
    assert_roads("by-id.db", ALL(.by_id = true, .limit = 1500), 1500, 2);
    assert_roads("by-id.db", ALL(.by_id = true, .has_limit = true, .limit = 0), 0, 0);
    siem_registry *registry =
        open_with("by-id.db", ALL(.by_id = true, .limit = 2, .has_since = true, .since = 20));
    siem_registry_set_go_on(registry, never, &questions);
    for (int id = 1; id <= 2; id++) {
        assert_ok(siem_registry_next(registry, &event, &err));
        assert_int_equal(event->row_id, id);
    }
    assert_int_equal(siem_registry_next(registry, &event, NULL), SIEM_END);
    assert_int_equal(questions, 0);
    siem_registry_close(registry);
}

static void test_few(void **state) {
    (void)state;
    test_sql("empty.db", TABLE);
    assert_roads("empty.db", ALL(.has_since = false), 0, 0);
    test_sql("one.db", TABLE EVENT("-5", "1"));
    assert_roads("one.db", ALL(.has_since = false), 1, 1);
    test_sql("full.db", TABLE EVENTS("2048", "i", "i"));
    assert_roads("full.db", ALL(.has_since = false), 2048, 2);
}

static void test_ends_of_ids(void **state) {
    (void)state;
    test_sql("ends.db", TABLE EVENT("-9223372036854775808", "1") EVENT("-9223372036854775807", "2")
                            EVENTS("1500", "i - 700", "2") EVENT("9223372036854775806", "3")
                                EVENT("9223372036854775807", "4"));
    assert_roads("ends.db", ALL(.has_since = false), 1504, 2);
    assert_roads("ends.db", ALL(.has_limit = true, .limit = 1), 1, 1);
    test_sql("ends-sorted.db",
             TABLE EVENT("-9223372036854775808", "4") EVENT("-9223372036854775807", "4")
                 EVENTS("1500", "i - 700", "i * 7 % 5") EVENT("9223372036854775806", "0")
                     EVENT("9223372036854775807", "0"));
    assert_roads("ends-sorted.db", ALL(.has_since = false), 1504, 2);
}

/* ---- what changes meanwhile ---- */

/* Reads one slice with a reader, and expects so many events. */
static void assert_slice(siem_registry *registry, siem_reader *reader, int events) {
    siem_buffer text = {0};
    siem_slice slice;
    assert_ok(siem_registry_next_slice(registry, &slice, &err));
    assert_int_equal(read_slice(reader, &slice, false, &text, NULL), events);
    siem_buffer_free(&text);
}

static void assert_deleted(const char *name, const siem_registry_options *options, int second) {
    siem_registry *registry = open_with(name, options);
    siem_reader *reader = open_reader(registry);
    siem_slice slice;
    assert_slice(registry, reader, 1024);
    test_sql(name, "DELETE FROM events WHERE id IN (1, 1025, 1100, 1101);"
                   "INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 5);");
    assert_slice(registry, reader, second);
    assert_int_equal(siem_registry_next_slice(registry, &slice, NULL), SIEM_END);
    assert_ok(siem_registry_check_complete(registry, 1024 + second, &err));
    assert_ok(siem_registry_check_complete(registry, 2000, &err));
    assert_ok(siem_registry_check_complete(registry, 2000 - 4, &err)); /* as many as were deleted */
    assert_int_equal(siem_registry_check_complete(registry, 2000 - 5, NULL), SIEM_IO);
    assert_int_equal(siem_registry_check_complete(registry, 900, NULL), SIEM_IO);
    siem_reader_close(reader);
    siem_registry_close(registry);
}

static void test_deleted_meanwhile(void **state) {
    (void)state;
    test_sql("deleted.db", "PRAGMA journal_mode = WAL;" TABLE EVENTS("2000", "i", "i"));
    assert_deleted("deleted.db", ALL(.has_since = false), 2000 - 1024 - 3);
    test_sql("less.db", "PRAGMA journal_mode = WAL;" TABLE EVENTS("5000", "i", "i"));
    assert_deleted("less.db", ALL(.has_limit = true, .limit = 2000), 2000 - 1024 - 3);
    /* Of sorted ids, too; what is left beyond the limit makes none of them missing. */
    test_sql("gone.db",
             "PRAGMA journal_mode = WAL;" TABLE EVENTS(
                 "5000", "i", "max(i, 2)") "UPDATE events SET timestamp = 6000 WHERE id = 4990;");
    assert_deleted("gone.db", ALL(.has_limit = true, .limit = 2000), 2000 - 1024 - 3);
}

/* A column that is added is there from the next transaction on. */
static void test_added_column(void **state) {
    siem_event *event;
    siem_slice slice;
    (void)state;
    test_sql("added.db", "PRAGMA journal_mode = WAL;" TABLE EVENTS("10", "i", "i"));
    siem_registry *registry = open_registry("added.db");
    siem_reader *reader = open_reader(registry);
    assert_int_equal(siem_reader_schema_number(reader), 1);
    assert_ok(siem_registry_next_slice(registry, &slice, &err));
    siem_reader_begin(reader, &slice);
    assert_ok(siem_reader_next(reader, &event, &err));
    test_sql("added.db", "ALTER TABLE events ADD COLUMN site TEXT DEFAULT 'here';");
    assert_ok(siem_reader_next(reader, &event, &err));
    assert_int_equal(siem_event_size(event), SIEM_FIELD_COUNT);
    siem_reader_release(reader);
    assert_ok(siem_reader_next(reader, &event, &err));
    assert_int_equal(siem_reader_schema_number(reader), 2);
    assert_int_equal(siem_event_get(event, "site").size, 4);
    assert_int_equal(event->row_id, 3);
    siem_reader_close(reader);
    siem_registry_close(registry);
}

/* A table that is a registry's no more is no registry's until it is one again. */
static void test_spoiled_table(void **state) {
    siem_event *event;
    siem_error err;
    (void)state;
    test_sql("spoiled.db", "PRAGMA journal_mode = WAL;" TABLE EVENTS("10", "i", "i"));
    siem_registry *registry = open_with("spoiled.db", ALL(.follow = true));
    assert_ok(siem_registry_next(registry, &event, &err));
    siem_registry_release(registry);
    test_sql("spoiled.db", "ALTER TABLE events RENAME COLUMN timestamp TO occurred;");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(siem_registry_next(registry, &event, &err), SIEM_SCHEMA);
        test_has(err.message, "has no column 'timestamp'");
    }
    test_sql("spoiled.db", "ALTER TABLE events RENAME COLUMN occurred TO timestamp;");
    assert_ok(siem_registry_next(registry, &event, &err));
    assert_int_equal(event->row_id, 2);
    siem_registry_close(registry);
}

static void test_replaced_file(void **state) {
    siem_reader *reader;
    siem_error err = {0};
    char from[200];
    (void)state;
    test_sql("replaced.db", TABLE EVENT("1", "1"));
    test_sql("other.db", TABLE EVENT("1", "1"));
    siem_registry *registry = open_registry("replaced.db");
    (void)snprintf(from, sizeof from, "%s", test_path("other.db"));
    assert_int_equal(rename(from, test_path("replaced.db")), 0);
    assert_int_equal(siem_reader_open(&reader, siem_registry_origin(registry), &err), SIEM_HELD);
    assert_null(reader);
    assert_non_null(strstr(err.message, "was replaced by another file"));
    assert_int_equal(unlink(test_path("replaced.db")), 0);
    assert_int_equal(siem_reader_open(&reader, siem_registry_origin(registry), &err),
                     SIEM_NOT_FOUND);
    siem_registry_close(registry);
}

/* ---- a computed column that fails for one row ---- */

#define COMPUTED                                                                                   \
    "UPDATE events SET extra = 'none' WHERE id IN (1500, 1600);"                                   \
    "ALTER TABLE events ADD COLUMN v TEXT AS (json_extract(extra, '$.i'));"

/* It is omitted from there on, with any number of readers, whatever slices were given before. */
static void test_suspect(void **state) {
    siem_slice slice, early;
    siem_event *event;
    (void)state;
    test_sql("suspect.db", TABLE EVENTS("4000", "i", "i") COMPUTED);
    assert_roads("suspect.db", ALL(.has_since = false), 4000, 4);
    test_sql("sorted-suspect.db", TABLE EVENTS("4000", "i", "i - 2000 * (i % 1000 = 0)") COMPUTED);
    assert_roads("sorted-suspect.db", ALL(.has_since = false), 4000, 4);
    siem_registry *registry = open_registry("suspect.db");
    siem_reader *reader = open_reader(registry);
    assert_ok(siem_registry_next_slice(registry, &early, &err));
    assert_ok(siem_registry_next_slice(registry, &slice, &err));
    siem_reader_begin(reader, &slice);
    for (int id = 1025; id <= 1500; id++) {
        assert_ok(siem_reader_next(reader, &event, &err));
        assert_int_equal(siem_event_get(event, "v").type, id < 1500 ? SIEM_TEXT : SIEM_NULL);
    }
    assert_int_equal(siem_reader_suspect(reader).id, 1500);
    assert_non_null(
        strstr(siem_unreadable_reason(siem_reader_schema(reader)->unreadable, "v"), "event 1500"));
    siem_reader_begin(reader, &early); /* which was before it */
    assert_ok(siem_reader_next(reader, &event, &err));
    assert_int_equal(siem_event_get(event, "v").type, SIEM_TEXT);
    siem_reader_close(reader);
    siem_registry_close(registry);
}

/* ---- damage, bounds, the stop ---- */

static void test_large_row(void **state) {
    siem_buffer text = {0};
    siem_error err = {0};
    int slices;
    (void)state;
    test_sql("large.db", "CREATE TABLE events (timestamp, a TEXT AS (zeroblob(9000000 * (id = 7))),"
                         "b TEXT AS (zeroblob(9000000)), id INTEGER PRIMARY KEY AUTOINCREMENT); "
                         "INSERT INTO events (id, timestamp) VALUES (6, 5), (7, 5);");
    siem_registry *registry = open_registry("large.db");
    assert_int_equal(read_slices(registry, false, &text, &slices, &err), SIEM_SCHEMA);
    assert_int_equal(lines_of(&text), 1);
    assert_non_null(strstr(err.message, "event 7 of '"));
    siem_buffer_free(&text);
    siem_registry_close(registry);
}

/* In the one leaf of a table of small pages, events 2 and 3 change places. */
static void test_cells_out_of_order(void **state) {
    siem_slice slice;
    siem_buffer text = {0};
    siem_error err = {0};
    unsigned char cells[4];
    (void)state;
    test_sql("cells.db", "PRAGMA page_size = 512;" TABLE EVENT("1", "5") EVENT("2", "5")
                             EVENT("3", "5") EVENT("4", "5"));
    siem_registry *registry = open_registry("cells.db");
    siem_reader *reader = open_reader(registry);
    assert_ok(siem_registry_next_slice(registry, &slice, &err));
    FILE *file = fopen(test_path("cells.db"), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 512 + 10, SEEK_SET), 0); /* page 2, after 8 bytes and one cell */
    assert_int_equal(fread(cells, sizeof cells, 1, file), 1);
    assert_int_equal(fseek(file, 512 + 10, SEEK_SET), 0);
    assert_int_equal(fwrite(cells + 2, 2, 1, file) + fwrite(cells, 2, 1, file), 2);
    assert_int_equal(fclose(file), 0);
    siem_reader_close(reader); /* its cache */
    reader = open_reader(registry);
    assert_int_equal(read_slice(reader, &slice, false, &text, &err), -SIEM_IO);
    assert_non_null(strstr(err.message, "is damaged: event 2 comes after event 3"));
    siem_reader_close(reader);
    siem_registry_close(registry);
    registry = open_registry("cells.db");
    assert_int_equal(siem_registry_next_slice(registry, &slice, &err), SIEM_IO);
    siem_registry_close(registry);
    siem_buffer_free(&text);
}

/* Each reader asks its own function, and goes on where it was after the stop. */
static void test_stop(void **state) {
    siem_event *event;
    siem_slice slice;
    siem_error err = {0};
    int questions = 0;
    (void)state;
    test_sql("stop.db", TABLE EVENTS("3000", "i", "iif(i = 2999, 0, 1)"));
    siem_registry *registry =
        open_with("stop.db", ALL(.has_since = true, .since = 1, .has_limit = true, .limit = 9));
    siem_reader *reader = open_reader(registry);
    siem_reader_set_go_on(reader, never, &questions);
    assert_ok(siem_registry_next_slice(registry, &slice, &err));
    siem_reader_begin(reader, &slice);
    assert_ok(siem_reader_next(reader, &event, &err)); /* it is not asked within a few steps */
    assert_int_equal(questions, 0);
    siem_reader_release(reader);
    slice.last = INT64_MAX;
    test_sql("stop.db", "UPDATE events SET timestamp = 0 WHERE id < 3000;");
    siem_reader_begin(reader, &slice);
    assert_int_equal(siem_reader_next(reader, &event, &err), SIEM_CANCELLED);
    assert_int_equal(questions, 1);
    siem_reader_set_go_on(reader, NULL, NULL);
    assert_ok(siem_reader_next(reader, &event, &err));
    assert_int_equal(event->row_id, 3000);
    siem_reader_close(reader);
    siem_registry_close(registry);
}

/* ---- a registry that is followed ---- */

static void test_followed(void **state) {
    siem_slice slice;
    siem_event *event;
    siem_buffer one = {0}, several = {0};
    int slices;
    (void)state;
    test_sql("tail.db", "PRAGMA journal_mode = WAL;" TABLE EVENTS("3000", "i", "i * 7919 % 3000"));
    siem_ordering ordering;
    siem_registry *registry = open_with("tail.db", ALL(.follow = true));
    assert_ok(siem_registry_ordering(registry, &ordering, &err)); /* of all, whatever is read */
    assert_int_equal(ordering.count, 3000);
    assert_int_equal(read_one_road(registry, &one, NULL), SIEM_END);
    assert_ok(read_slices(registry, true, &several, &slices, &err));
    assert_int_equal(slices, 3);
    assert_same(&one, &several);
    /* From a position on, with what tells the event; what is added later is not of these slices. */
    siem_reader *reader = open_reader(registry);
    siem_registry_seek(registry, 2999);
    assert_ok(siem_registry_next_slice(registry, &slice, &err));
    test_sql("tail.db", EVENTS("2", "3000 + i", "5"));
    siem_reader_begin(reader, &slice);
    assert_ok(siem_reader_next(reader, &event, &err));
    assert_int_equal(event->row_id, 3000);
    uint64_t fingerprint = event->fingerprint;
    assert_true(fingerprint != 0);
    assert_int_equal(siem_reader_next(reader, &event, NULL), SIEM_END);
    assert_int_equal(siem_registry_next_slice(registry, &slice, NULL), SIEM_END);
    siem_registry_seek_event(registry, 3000, fingerprint);
    assert_ok(siem_registry_next(registry, &event, &err));
    assert_int_equal(event->row_id, 3001);
    assert_ok(siem_registry_ordering(registry, &ordering, &err));
    assert_int_equal(ordering.count, 3002);
    siem_registry_seek_event(registry, 3000, fingerprint + 1);
    assert_int_equal(siem_registry_next_slice(registry, &slice, NULL), SIEM_HELD);
    siem_reader_close(reader);
    siem_registry_close(registry);
    siem_buffer_free(&one);
    siem_buffer_free(&several);
}

/* ---- threads ---- */

typedef struct job {
    const siem_registry *registry;
    const siem_slice *slices;
    siem_buffer *texts; /* one a slice */
    int first, step, count;
    bool failed;
} job;

static void *read_every_other(void *context) {
    job *j = context;
    siem_reader *reader;
    siem_code rc = siem_reader_open(&reader, siem_registry_origin(j->registry), NULL);
    j->failed = rc != SIEM_OK;
    for (int i = j->first; !j->failed && i < j->count; i += j->step) {
        j->failed = read_slice(reader, &j->slices[i], i % 2 == 0, &j->texts[i], NULL) < 0;
    }
    siem_reader_close(reader);
    return NULL;
}

#define MOST_SLICES 16

static void assert_threads(const char *name) {
    siem_slice slices[MOST_SLICES];
    siem_buffer texts[MOST_SLICES] = {0}, one = {0}, joined = {0};
    pthread_t threads[2];
    siem_registry *registry = open_registry(name);
    int count = 0;
    while (siem_registry_next_slice(registry, &slices[count], NULL) == SIEM_OK) count++;
    job jobs[2];
    for (int i = 0; i < 2; i++) {
        jobs[i] = (job){.registry = registry, .slices = slices, .texts = texts};
        jobs[i].first = i;
        jobs[i].step = 2;
        jobs[i].count = count;
        assert_int_equal(pthread_create(&threads[i], NULL, read_every_other, &jobs[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(jobs[i].failed);
    }
    for (int i = 0; i < count; i++) {
        siem_buffer_add(&joined, texts[i].bytes, texts[i].size);
        siem_buffer_free(&texts[i]);
    }
    assert_int_equal(read_one_road(registry, &one, NULL), SIEM_END);
    assert_same(&one, &joined);
    siem_buffer_free(&one);
    siem_buffer_free(&joined);
    siem_registry_close(registry);
}

static void test_threads(void **state) {
    (void)state;
    test_sql("threads.db", "PRAGMA journal_mode = WAL;" TABLE EVENTS("10000", "i", "i"));
    assert_threads("threads.db");
    test_sql("sorting.db", TABLE EVENTS("10000", "i", "i % 17"));
    assert_threads("sorting.db");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordered),       cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_by_id),         cmocka_unit_test(test_few),
        cmocka_unit_test(test_ends_of_ids),   cmocka_unit_test(test_deleted_meanwhile),
        cmocka_unit_test(test_added_column),  cmocka_unit_test(test_spoiled_table),
        cmocka_unit_test(test_replaced_file), cmocka_unit_test(test_suspect),
        cmocka_unit_test(test_large_row),     cmocka_unit_test(test_cells_out_of_order),
        cmocka_unit_test(test_stop),          cmocka_unit_test(test_followed),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
