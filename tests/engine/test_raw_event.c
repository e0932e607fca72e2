/* test_raw_event.c: what becomes of an event when it is written as itself and read again: nothing.
 */
#include "source/raw_event.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGISTRY "deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef"

/* The format that is read again comes first. */
static const char *const names[] = {"event", "splunk", "ecs", "sentinel"};
enum { FORMATS = sizeof names / sizeof *names };
static siem_format *formats[FORMATS];
static siem_raw_event_reader *reader;

static int open_all(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMATS; i++) {
        assert_ok(siem_format_open(&formats[i], names[i], NULL, 0, &err));
    }
    assert_ok(siem_raw_event_reader_open(&reader, &err));
    return 0;
}

static int close_all(void **state) {
    (void)state;
    for (size_t i = 0; i < FORMATS; i++) siem_format_close(formats[i]);
    siem_raw_event_reader_close(reader);
    return 0;
}

/* The records of an event in all formats, a line each. */
static siem_batch *render(siem_event *event) {
    siem_batch *batch;
    assert_ok(siem_batch_open(&batch, &err));
    for (size_t i = 0; i < FORMATS; i++) {
        assert_ok(siem_batch_write(batch, siem_format_mapping(formats[i]), event, NULL, &err));
    }
    return batch;
}

static void assert_same(const siem_batch *a, const siem_batch *b) {
    for (size_t i = 0; i < FORMATS; i++) {
        size_t size, other_size;
        const char *record = siem_batch_at(a, i, &size);
        const char *other = siem_batch_at(b, i, &other_size);
        if (size != other_size || memcmp(record, other, size) != 0) {
            fail_msg("%s:\n%.*s\n%.*s", names[i], (int)size, record, (int)other_size, other);
        }
    }
}

/* Writes an event, reads it, and compares all records of both, and all fields. */
static void assert_survives(siem_event *event) {
    size_t size;
    siem_event *again;
    siem_batch *direct = render(event);
    const char *record = siem_batch_at(direct, 0, &size);
    assert_ok(siem_raw_event_read(reader, record, size, &again, &err));
    siem_batch *read = render(again);
    assert_same(direct, read);
    assert_int_equal(siem_event_size(again), siem_event_size(event));
    for (size_t i = 0; i < siem_event_size(event); i++) {
        siem_value a = siem_event_at(event, i);
        siem_value b = siem_event_get(again, siem_event_name(event, i));
        if (a.type != SIEM_TEXT) continue; /* records show all others */
        assert_int_equal(b.type, SIEM_TEXT);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.bytes, b.bytes, a.size);
    }
    siem_batch_close(direct);
    siem_batch_close(read);
}

/* Returns how many events it has. */
static int assert_registry_survives(const char *name) {
    const siem_registry_options options = {.path = test_path(name), .registry_id = REGISTRY};
    siem_registry *registry;
    siem_event *event;
    int count = 0;
    assert_ok(siem_registry_open(&registry, &options, &err));
    for (; siem_registry_next(registry, &event, NULL) == SIEM_OK; count++) assert_survives(event);
    siem_registry_close(registry);
    return count;
}

static void test_golden(void **state) {
    (void)state;
    static const char *const registries[] = {"ordinary", "odd"};
    for (size_t i = 0; i < 2; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s.sql", GOLDEN, registries[i]);
        char *sql = test_read(path);
        test_sql(registries[i], sql);
        free(sql);
        assert_true(assert_registry_survives(registries[i]) > 25);
    }
}

static char *deep(const char *open, const char *close, size_t depth) {
    char *text = calloc(1, depth * (strlen(open) + strlen(close)) + 1);
    for (size_t i = 0; i < depth; i++) strcat(text, open);
    for (size_t i = 0; i < depth; i++) strcat(text, close);
    return text;
}

static void test_hostile(void **state) {
    (void)state;
    char *arrays = deep("[", "]", SIEM_JSON_DEPTH), *too_deep = deep("[", "]", SIEM_JSON_DEPTH + 1);
    char insert[4096];
    test_sql(
        "hostile", TABLE
        "ALTER TABLE events ADD COLUMN asn; ALTER TABLE events ADD COLUMN 'a \"b\" é';"
        "ALTER TABLE events ADD COLUMN bytes; ALTER TABLE events ADD COLUMN columns;"
        "INSERT INTO events (token_id, kind, timestamp, user_agent, source_ip, bytes)"
        "VALUES (cast(x'61ff62' AS TEXT), cast(x'c3' AS TEXT), 1, cast(x'ff' AS TEXT), "
        "x'00ff00', cast(x'fe' AS TEXT)), (x'', '', 1.9, '', '', ''), "
        "(9223372036854775807, -9223372036854775808, 'x', 0, 1e300, 4.9e-324),"
        "(9e999, -9e999, 9e999, -0.0, 0.1, 1e16), ('a', 'b', '', NULL, 'c', 0),"
        "(char(0), char(1114111), 253402300799, char(127), char(8232), ' 1 '),"
        "('\\ud800', '\\', -62135596801, '\"', '1.10', 'Infinity');"
        "INSERT INTO events (token_id, kind, timestamp, extra, asn, \"a \"\"b\"\" é\", columns)"
        "VALUES ('t', 'dns', 5, x'efbbbf7b2261223a317d', 64500, 'x', 1.5),"
        "('t', 'dns', 5, '{\"u\":\"\\ud800\",\"n\":1.10,\"t\":true,\"z\":null}', NULL, 1, x'80'),"
        "('t', 'dns', 5, '{\"n\": NaN}', cast(x'80' AS TEXT), NULL, '{\"a\":1}'),"
        "('t', 'dns', 5, '{\"a\":1,\"a\":{}}', '', '', ''), ('t', 'dns', 5, 7, 0, 0, 0),"
        "('t', 'dns', 5, cast(x'7b2261223a2280227d' AS TEXT), 0, 0, 0),"
        "('t', 'dns', 5, cast(x'80' AS TEXT), 0, 0, 0);");
    const char *const extras[] = {arrays, too_deep};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(insert, sizeof insert,
                       "INSERT INTO events (token_id, kind, timestamp, extra) "
                       "VALUES ('t', 'dns', 5, '%s'), ('t', 'dns', 5, '{\"a\":%.*s}')",
                       extras[i], (int)strlen(extras[i]) - 2, extras[i] + 1);
        test_sql("hostile", insert);
    }
    assert_int_equal(assert_registry_survives("hostile"), 18);
    free(arrays);
    free(too_deep);
}

static siem_value json(const char *text) {
    return (siem_value){.type = SIEM_JSON, .bytes = text, .size = strlen(text)};
}

/* A program can give JSON in any column. */
static void test_json_columns(void **state) {
    (void)state;
    static const char *const values[] = {"1.10",
                                         "1e5",
                                         "-0",
                                         "12345678901234567890123",
                                         "0.1",
                                         "\"\\ud800\"",
                                         "\"\\ud83d\\ude00\"",
                                         "true",
                                         "null",
                                         "\"\\u00e9\\udc00\"",
                                         "[1,{\"a\":null}]",
                                         "{\"a\":1.0}",
                                         "{}",
                                         "\"\"",
                                         "1E400"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = (int64_t)i + 1}},
                                   {"token_id", json(values[i])},
                                   {"mine", json(values[i])}};
        siem_event *event;
        assert_ok(siem_event_open(&event, row, 3, "r", &err));
        assert_survives(event);
        siem_event_close(event);
    }
}

#define IDS "\"event_id\":\"7\",\"registry_id\":\"r\""

static siem_event *read_event(const char *text) {
    siem_event *event;
    assert_ok(siem_raw_event_read(reader, text, strlen(text), &event, &err));
    return event;
}

static void assert_get(siem_event *event, const char *name, const char *text) {
    siem_value value = siem_event_get(event, name);
    assert_int_equal(value.type, SIEM_TEXT);
    assert_int_equal(value.size, strlen(text));
    assert_memory_equal(value.bytes, text, value.size);
}

/* What other programs may write. */
static void test_other_forms(void **state) {
    (void)state;
    siem_event *event = read_event("\n{ \"site\" : \"HQ\", \"registry_id\":\"r\",\"bytes\":null,"
                                   "\"columns\":{\"asn\":1}, \"event_id\":\"x7\" ,\"extra\":{},"
                                   "\"occurred_at\":\"never\", \"occurred_unix\":86400 } ");
    assert_get(event, "occurred_at", "1970-01-02T00:00:00Z");
    assert_get(event, "event_kind", "");
    assert_get(event, "site", "HQ");
    assert_int_equal(siem_event_get(event, "asn").integer, 1);
    assert_int_equal(siem_event_get(event, "extra").type, SIEM_NULL);
    assert_int_equal(event->row_id, 0);
    event = read_event("{" IDS
                       ",\"user_agent\":\"\",\"columns\":{},\"token_id\":1,\"token_id\":\"2\"}");
    assert_int_equal(event->row_id, 7);
    assert_int_equal(siem_event_size(event), SIEM_FIELD_COUNT);
    assert_int_equal(siem_event_get(event, "user_agent").type, SIEM_NULL);
    assert_int_equal(siem_event_get(event, "occurred_unix").integer, 0);
    assert_get(event, "occurred_at", "");
    assert_get(event, "token_id", "2");
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "the event is not JSON"},
        {"not json", "the event is not JSON"},
        {"{" IDS, "the event is not JSON"},
        {"{" IDS ",\"a\":\x01}", "the event is not JSON"},
        {"[]", "the event is not an object"},
        {"null", "the event is not an object"},
        {"{}", "event_id is missing"},
        {"{\"event_id\":\"7\"}", "registry_id is missing"},
        {"{\"registry_id\":\"r\"}", "event_id is missing"},
        {"{\"event_id\":7,\"registry_id\":\"r\"}", "event_id is not the id of an event"},
        {"{\"event_id\":\"\",\"registry_id\":\"r\"}", "event_id is not the id of an event"},
        {"{\"event_id\":\"7\\u0000\",\"registry_id\":\"r\"}", "event_id is not the id of an event"},
        {"{\"event_id\":\"7\",\"registry_id\":\" r\"}", "registry_id begins or ends"},
        {"{\"event_id\":\"7\",\"registry_id\":null}", "registry_id is not the id of a registry"},
        {"{" IDS ",\"event_kind\":1}", "event_kind is not a text"},
        {"{" IDS ",\"occurred_unix\":1.5}", "occurred_unix is not whole seconds"},
        {"{" IDS ",\"occurred_unix\":\"1\"}", "occurred_unix is not whole seconds"},
        {"{" IDS ",\"occurred_unix\":253402300800}", "occurred_unix is not whole seconds"},
        {"{" IDS ",\"extra\":\"{}\"}", "extra is not an object"},
        {"{" IDS ",\"extra\":[]}", "extra is not an object"},
        {"{" IDS ",\"columns\":[]}", "columns is not an object"},
        {"{" IDS ",\"columns\":{\"\\u0000\":1}}", "the name of a column has a NUL"},
        {"{" IDS ",\"bytes\":\"\"}", "bytes is not an object"},
        {"{" IDS ",\"bytes\":{\"token_id\":\"/w==\"}}", "bytes has the name of what is not a text"},
        {"{" IDS ",\"token_id\":\"x\",\"bytes\":{\"token_id\":\"/w=\"}}", "token_id has no base64"},
        {"{" IDS ",\"token_id\":\"x\",\"bytes\":{\"token_id\":7777}}", "token_id has no base64"},
        {"{" IDS ",\"token_id\":\"x\",\"bytes\":{\"token_id\":\"\"}}", "token_id has no base64"},
        {"{" IDS ",\"token_id\":\"x\",\"bytes\":{\"token_id\":\"!!!!\"}}",
         "token_id has no base64"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_error err = {0};
        siem_event *event = (siem_event *)&err;
        assert_int_equal(
            siem_raw_event_read(reader, cases[i].text, strlen(cases[i].text), &event, &err),
            SIEM_REFUSED);
        assert_null(event);
        assert_int_equal(err.code, SIEM_REFUSED);
        if (strstr(err.message, cases[i].reason) == NULL) {
            fail_msg("%s: %s", cases[i].text, err.message);
        }
    }
    (void)read_event("{" IDS "}");
}

/* Ids and numbers of any length, of which some have a number of 64 bits, or a real. */
static void test_digits(void **state) {
    static const char ones[] = "111111111111111111111111111111111111111111111111";
    (void)state;
    for (int size = 1; size <= 48; size++) {
        char text[200];
        (void)snprintf(text, sizeof text,
                       "{\"event_id\":\"%.*s\",\"registry_id\":\"r\",\"token_id\":%.*s}", size,
                       ones, size, ones);
        siem_event *event = read_event(text);
        assert_int_equal(event->row_id, size < 20 ? strtoll(ones + 48 - size, NULL, 10) : 0);
        siem_value token = siem_event_get(event, "token_id");
        assert_int_equal(token.type, size < 20 ? SIEM_INTEGER : SIEM_JSON);
        if (size >= 20) assert_int_equal(token.size, size);
    }
}

/* An event that follows larger ones is not made of what they left. */
static void test_one_after_another(void **state) {
    (void)state;
    char *text = calloc(1, 1 << 16);
    for (int columns = 0; columns < 64; columns++) {
        size_t size = (size_t)sprintf(text, "{" IDS ",\"columns\":{");
        for (int i = 0; i < columns; i++) {
            size += (size_t)sprintf(text + size, "%s\"c%d\":\"%d\\n%0*d\"", i > 0 ? "," : "", i, i,
                                    8 * columns, columns);
        }
        (void)strcpy(text + size, "}}");
        siem_event *event = read_event(text);
        assert_int_equal(siem_event_size(event), SIEM_FIELD_COUNT + columns);
        for (int i = 0; i < columns; i++) {
            char name[16], value[1024];
            (void)snprintf(name, sizeof name, "c%d", i);
            (void)snprintf(value, sizeof value, "%d\n%0*d", i, 8 * columns, columns);
            assert_get(event, name, value);
        }
        assert_ok(siem_event_copy(&event, event, &err));
        assert_survives(event);
        siem_event_close(event);
    }
    free(text);
}

/* An allocator whose blocks end with bytes that nobody else may write to. */
#define GUARD "guard"

static bool is_guarded(const char *block, size_t size) {
    return memcmp(block + size, GUARD, sizeof GUARD) == 0;
}

static void *resize(siem_allocator *allocator, void *block, size_t had, size_t size) {
    (void)allocator;
    if (block != NULL) assert_true(is_guarded(block, had));
    char *more = size != 0 ? realloc(block, size + sizeof GUARD) : NULL;
    if (more != NULL) memcpy(more + size, GUARD, sizeof GUARD);
    else free(block);
    return more;
}

/* Texts that end where the memory does: base64 is written with a NUL. */
static void test_room(void **state) {
    siem_allocator allocator = {resize};
    char bytes[400];
    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    for (size_t size = 350; size <= sizeof bytes; size++) {
        siem_event *event;
        const siem_column row[] = {{"token_id", {.type = SIEM_TEXT, .bytes = bytes, .size = size}}};
        assert_ok(siem_event_open(&event, row, 1, "r", &err));
        for (size_t before = 0; before < 4; before++) {
            siem_buffer out = {.allocator = &allocator};
            unsigned repairs = 0;
            siem_buffer_add(&out, "    ", before);
            siem_raw_event_write_bytes(event, &out, &repairs);
            assert_true(is_guarded(out.bytes, out.capacity));
            const size_t text = strlen("{\"token_id\":\"\"}") + (size + 2) / 3 * 4;
            assert_int_equal(out.size, before + text);
            siem_buffer_free(&out);
        }
        siem_event_close(event);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_json_columns),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_one_after_another),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
