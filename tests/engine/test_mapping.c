/* test_mapping.c: rows compiled and run: every station of a value, every error of a row. */
#include "record/batch.h"
#include "record/mapping.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static siem_event *event;
static siem_batch *batch;

static int open_nouns(void **state) {
    const siem_column row[] = {
        {"id", {.type = SIEM_INTEGER, .integer = 7}},
        {"kind", test_text("dns")},
        {"timestamp", {.type = SIEM_INTEGER, .integer = 1735000001}},
        {"token_id", test_text("T0k")},
        {"file_id", test_text("")},
        {"extra", test_text("{\"qname\":\"a.b\",\"n\":12345678901234567890,\"in\":{\"x.y\":[1]},"
                            "\"e\":\"\",\"big\":9007199254740993,\"yes\":true,\"null\":null}")},
        {"site", {.type = SIEM_REAL, .real = 1.5}},
        {"other_site", test_text("o")},
    };
    (void)state;
    assert_ok(siem_event_open(&event, row, sizeof row / sizeof *row, "reg", &err));
    assert_ok(siem_batch_open(&batch, &err));
    return 0;
}

static int close_nouns(void **state) {
    (void)state;
    siem_batch_close(batch);
    siem_event_close(event);
    return 0;
}

/* Renders the event through rows that end with one without destination. */
static siem_code render(const siem_row *rows, siem_error *err) {
    siem_mapping *mapping;
    siem_batch_clear(batch);
    siem_code rc = siem_mapping_open(&mapping, "test", err);
    for (; rc == SIEM_OK && rows->destination != NULL; rows++) {
        rc = siem_mapping_add(mapping, rows, err);
    }
    if (rc == SIEM_OK) rc = siem_mapping_compile(mapping, err);
    if (rc == SIEM_OK) rc = siem_batch_write(batch, mapping, event, NULL, err);
    siem_mapping_close(mapping);
    return rc;
}

static void assert_record(const siem_row *rows, const char *record) {
    siem_error err = {0};
    size_t size;
    siem_code rc = render(rows, &err);
    if (rc != SIEM_OK) fail_msg("%s", err.message);
    assert_int_equal(siem_batch_repairs(batch, 0), 0);
    const char *bytes = siem_batch_at(batch, 0, &size);
    if (size != strlen(record) || memcmp(bytes, record, size) != 0) {
        fail_msg("%.*s\nexpected %s", (int)size, bytes, record);
    }
}

static void assert_refused(const siem_row *rows, siem_code code, const char *part) {
    siem_error err = {0};
    assert_int_equal(render(rows, &err), code);
    if (strstr(err.message, part) == NULL) fail_msg("'%s' lacks '%s'", err.message, part);
    assert_int_equal(siem_batch_size(batch), 0);
}

#define FROM(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ROWS(...) ((const siem_row[]){__VA_ARGS__, {0}})

static void test_fields(void **state) {
    (void)state;
    assert_record(ROWS({"t", .from = FROM("token_id")}, {"f", .from = FROM("file_id")},
                       {"u", .from = FROM("user_agent")}, {"n", .from = FROM("occurred_unix")},
                       {"s", .from = FROM("site")}),
                  "{\"t\":\"T0k\",\"n\":1735000001,\"s\":1.5}");
    assert_record(ROWS({"f", .from = FROM("file_id"), .keep = true},
                       {"u", .from = FROM("user_agent"), .keep = true}),
                  "{\"f\":\"\",\"u\":null}");
    assert_record(ROWS({"first", .from = FROM("file_id", "user_agent", "token_id", "event_id")}),
                  "{\"first\":\"T0k\"}");
    assert_record(ROWS({"none", .from = FROM("file_id", "user_agent")}), "{}");
}

static void test_extra_paths(void **state) {
    (void)state;
    assert_record(ROWS({"q", .from = FROM("extra.qname")}, {"n", .from = FROM("extra.n")},
                       {"x", .from = FROM("extra.in.x\\.y")}, {"e", .from = FROM("extra.e")},
                       {"m", .from = FROM("extra.qname.more")}),
                  "{\"q\":\"a.b\",\"n\":12345678901234567890,\"x\":[1]}");
}

/* Columns of a site are found by their names, in whatever order rows ask for them. */
static void test_site_columns(void **state) {
    (void)state;
    assert_record(ROWS({"o", .from = FROM("other_site")}, {"s", .from = FROM("site")},
                       {"none", .from = FROM("no_site")},
                       {"first", .from = FROM("no_site", "other_site", "site")}),
                  "{\"o\":\"o\",\"s\":1.5,\"first\":\"o\"}");
}

static void test_objects(void **state) {
    (void)state;
    assert_record(ROWS({"a.b.c", .from = FROM("file_id")}, {"z", .from = FROM("token_id")}),
                  "{\"z\":\"T0k\"}");
    assert_record(
        ROWS({"a.b.c", .from = FROM("token_id")}, {"z", .value = "1"}, {"a.d", .value = "2"}),
        "{\"a\":{\"b\":{\"c\":\"T0k\"},\"d\":2},\"z\":1}");
    assert_record(
        ROWS({"a", .keep = true}, {"a.b", .from = FROM("file_id")}, {"c.d", .keep = true}),
        "{\"a\":{},\"c\":{\"d\":{}}}");
    assert_record(ROWS({"a.x", .from = FROM("file_id")}, {"a.y", .from = FROM("token_id")},
                       {"a.z", .value = "[ ]"}),
                  "{\"a\":{\"y\":\"T0k\",\"z\":[]}}");
    assert_record(ROWS({"dot\\.ted", .value = "true"}, {"qu\"ote", .value = "\"\\u00e9\""}),
                  "{\"dot.ted\":true,\"qu\\\"ote\":\"\\u00e9\"}");
    assert_record(ROWS({"gone", .value = "null"}, {"empty", .value = "\"\""},
                       {"kept", .value = "null", .keep = true}),
                  "{\"kept\":null}");
}

/* More rows than a mapping has places for at first, some of them empty. */
static void test_many_rows(void **state) {
    char names[100][8], record[2048] = "{";
    const char *const *file = FROM("file_id"), *const *token = FROM("token_id");
    siem_row rows[101] = {{0}};
    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(names[i], sizeof names[i], "k%d", i);
        rows[i].destination = names[i];
        rows[i].from = i % 3 == 0 ? file : token;
        if (i % 3 == 0) continue;
        (void)snprintf(record + strlen(record), 32, "%s\"k%d\":\"T0k\"", i > 1 ? "," : "", i);
    }
    assert_record(rows, strcat(record, "}"));
}

static void test_converters(void **state) {
    (void)state;
    assert_record(ROWS({"f", .from = FROM("occurred_unix"), .as = "float"},
                       {"i", .from = FROM("site"), .as = "integer"},
                       {"l", .from = FROM("token_id"), .as = "lower"},
                       {"u", .from = FROM("extra.qname"), .as = "upper"},
                       {"t", .from = FROM("site"), .as = "text"},
                       {"j", .from = FROM("extra.in"), .as = "json_text"},
                       {"no", .from = FROM("token_id"), .as = "integer"},
                       {"big", .from = FROM("extra.big"), .as = "text"}),
                  "{\"f\":1735000001.0,\"i\":1,\"l\":\"t0k\",\"u\":\"A.B\",\"t\":\"1.5\","
                  "\"j\":\"{\\\"x.y\\\":[1]}\",\"big\":\"9007199254740993\"}");
    for (size_t i = 0; siem_converter_at(i) != NULL; i++) {
        assert_true(strlen(siem_converter_name(siem_converter_at(i))) > 0);
        assert_true(strlen(siem_converter_summary(siem_converter_at(i))) > 0);
    }
}

static void test_lookup(void **state) {
    static const siem_pair kinds[] = {{"dns", "\"D\""}, {"ocsp", "[1]"}};
    static const siem_pair none[] = {{"x", "1"}};
    (void)state;
    assert_record(ROWS({"hit", .from = FROM("event_kind"), .lookup = kinds, .lookup_size = 2},
                       {"miss", .from = FROM("event_kind"), .lookup = none, .lookup_size = 1},
                       {"other", .from = FROM("event_kind"), .lookup = none, .lookup_size = 1,
                        .fallback = "{\"a\": 1}"},
                       {"prefix", .from = FROM("event_kind"), .lookup = none, .lookup_size = 1,
                        .fallback_prefix = "beacon-"}),
                  "{\"hit\":\"D\",\"other\":{\"a\":1},\"prefix\":\"beacon-dns\"}");
}

/* More keys than fit in the smallest table, each with its own value. */
static void test_large_lookup(void **state) {
    char keys[40][16], values[40][24], expected[64];
    siem_pair pairs[40];
    (void)state;
    for (int i = 0; i < 40; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "%sdns%d", i % 2 == 0 ? "" : "a longer ", i);
        (void)snprintf(values[i], sizeof values[i], "[%d,\"\xc3\xa9\"]", i);
        pairs[i] = (siem_pair){keys[i], values[i]};
    }
    for (int i = 0; i < 40; i++) {
        pairs[i].key = "dns";
        (void)snprintf(expected, sizeof expected, "{\"v\":[%d,\"\\u00e9\"]}", i);
        assert_record(ROWS({"v", .from = FROM("event_kind"), .lookup = pairs, .lookup_size = 40}),
                      expected);
        pairs[i].key = keys[i];
    }
    assert_record(ROWS({"v", .from = FROM("event_kind"), .lookup = pairs, .lookup_size = 40}),
                  "{}");
}

/* Null is looked up as the empty text; a value of extra as what it stands for. */
static void test_lookup_of_other_values(void **state) {
    static const siem_pair pairs[] = {{"", "\"none\""},    {"1.5", "\"real\""},
                                      {"7", "\"whole\""},  {"true", "\"yes\""},
                                      {"a.b", "\"text\""}, {"[1]", "\"list\""}};
    static const char *const cases[][2] = {
        {"file_id", "none"},    {"user_agent", "none"},     {"site", "real"},
        {"event_id", "whole"},  {"extra.yes", "yes"},       {"extra.qname", "text"},
        {"extra.null", "none"}, {"extra.in.x\\.y", "list"}, {"extra.no_such", "none"}};
    char expected[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)snprintf(expected, sizeof expected, "{\"v\":\"%s\"}", cases[i][1]);
        assert_record(ROWS({"v", .from = FROM(cases[i][0]), .lookup = pairs, .lookup_size = 6}),
                      expected);
    }
}

static siem_code shout(void *context, siem_event *seen, const siem_value *value, siem_value *result,
                       siem_error *err) {
    (void)err;
    assert_ptr_equal(seen, event);
    assert_true(value->type == SIEM_TEXT || value->type == SIEM_NULL);
    *result = test_text(context);
    return SIEM_OK;
}

static siem_code give_json(void *context, siem_event *seen, const siem_value *value,
                           siem_value *result, siem_error *err) {
    (void)seen, (void)value, (void)err;
    *result = test_text(context);
    result->type = SIEM_JSON;
    return SIEM_OK;
}

static siem_code refuse(void *context, siem_event *seen, const siem_value *value,
                        siem_value *result, siem_error *err) {
    (void)seen, (void)value, (void)result;
    if (err != NULL) strcpy(err->message, context);
    return SIEM_REFUSED;
}

static void test_functions(void **state) {
    (void)state;
    assert_record(
        ROWS({"w", .from = FROM("token_id"), .with = shout, .with_context = "hey"},
             {"alone", .with = shout, .with_context = "you"},
             {"off", .from = FROM("token_id"), .when = give_json, .when_context = "false"},
             {"on", .from = FROM("token_id"), .when = give_json, .when_context = "true"},
             {"json", .with = give_json, .with_context = "{ \"a\" : \"\\u00E9\" }"}),
        "{\"w\":\"hey\",\"alone\":\"you\",\"on\":\"T0k\",\"json\":{\"a\":\"\\u00e9\"}}");
    assert_refused(ROWS({"w", .from = FROM("token_id"), .with = refuse, .with_context = "no"}),
                   SIEM_REFUSED, "test: w: no");
    assert_refused(ROWS({"w", .with = give_json, .with_context = "{"}), SIEM_REFUSED, "not JSON");
}

static void test_whole_function(void **state) {
    siem_mapping *mapping;
    siem_error err;
    size_t size;
    (void)state;
    siem_batch_clear(batch);
    assert_ok(siem_mapping_open(&mapping, "whole", &err));
    assert_ok(siem_mapping_set_function(mapping, give_json, "{\"a\": 1}", &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    assert_memory_equal(siem_batch_at(batch, 0, &size), "{\"a\":1}", 7);
    assert_string_equal(siem_batch_event_id(batch, 0), "7");
    assert_int_equal(siem_mapping_add(mapping, &(siem_row){"x", .value = "1"}, &err), SIEM_INVALID);
    siem_mapping_close(mapping);
}

/* What a function for the whole record may give, and what a filter may. */
static void test_whole_results(void **state) {
    static const struct {
        const char *json, *lines, *error;
        siem_code code;
    } cases[] = {
        {"{}", "{}\n", NULL, SIEM_OK},
        {"[{\"a\":1},{\"b\":[2,3]}]", "{\"a\":1}\n{\"b\":[2,3]}\n", NULL, SIEM_OK},
        {"[]", "", "whole: the function gave a list without records", SIEM_DROPPED},
        {"7", "", "whole: the function gave no table of named values", SIEM_REFUSED},
        {"\"{\"", "", "no table of named values", SIEM_REFUSED},
        {"null", "", "no table of named values", SIEM_REFUSED},
        {"[{},7,{}]", "", "item 2 of the function's list is not a record", SIEM_REFUSED},
        {"[7]", "", "item 1 of the function's list is not a record", SIEM_REFUSED},
        {"{", "", "whole: a function gave a value that is not JSON", SIEM_REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_mapping *mapping;
        siem_error err = {0};
        size_t size;
        siem_batch_clear(batch);
        assert_ok(siem_mapping_open(&mapping, "whole", &err));
        assert_ok(siem_mapping_set_function(mapping, give_json, (void *)cases[i].json, &err));
        assert_ok(siem_mapping_compile(mapping, &err));
        assert_int_equal(siem_batch_write(batch, mapping, event, NULL, &err), cases[i].code);
        const char *lines = siem_batch_bytes(batch, &size);
        assert_int_equal(size, strlen(cases[i].lines));
        assert_memory_equal(lines, cases[i].lines, size);
        if (cases[i].error != NULL) assert_non_null(strstr(err.message, cases[i].error));
        siem_mapping_close(mapping);
    }
}

static siem_code filter_by(siem_function function, const char *context, siem_error *err) {
    siem_mapping *mapping;
    siem_batch_clear(batch);
    assert_ok(siem_mapping_open(&mapping, "test", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"a", .value = "1"}, &err));
    assert_ok(siem_mapping_set_filter(mapping, function, (void *)context, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    siem_code rc = siem_batch_write(batch, mapping, event, NULL, err);
    assert_int_equal(siem_batch_size(batch), rc == SIEM_OK);
    siem_mapping_close(mapping);
    return rc;
}

static void test_filter(void **state) {
    static const char *const yes[] = {"true", "0", "\"\"", "{}", "\"false\"", "[1,2]", "12345"};
    siem_error err;
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_int_equal(filter_by(give_json, yes[i], &err), SIEM_OK);
    }
    assert_int_equal(filter_by(give_json, "false", &err), SIEM_DROPPED);
    assert_string_equal(err.message, "test: filter: dropped by the filter");
    assert_int_equal(filter_by(refuse, "broken", &err), SIEM_REFUSED);
    assert_string_equal(err.message, "test: filter: broken");
}

/* A row that is wrong is named by its label, or by the mapping and its destination. */
static void test_names(void **state) {
    siem_mapping *mapping;
    siem_error err;
    (void)state;
    assert_ok(siem_mapping_open(&mapping, "m", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"a", .value = "1"}, &err));
    siem_row again = {"a", .value = "2"};
    assert_int_equal(siem_mapping_add(mapping, &again, &err), SIEM_INVALID);
    assert_string_equal(err.message, "m: a: another row has this destination already");
    again.label = "acme.lua:3: row 2";
    assert_int_equal(siem_mapping_add(mapping, &again, &err), SIEM_INVALID);
    assert_string_equal(err.message, "acme.lua:3: row 2: another row has this destination already");
    assert_int_equal(siem_mapping_add(mapping, &(siem_row){.value = "1"}, &err), SIEM_INVALID);
    assert_string_equal(err.message, "m: a row has no destination: give its dotted path");
    siem_mapping_close(mapping);
}

/* A mapping is made once: rows or a function, then a filter, then it is compiled. */
static void test_order(void **state) {
    siem_mapping *mapping;
    siem_error err;
    const siem_row row = {"a", .value = "1"};
    (void)state;
    assert_ok(siem_mapping_open(&mapping, "m", &err));
    assert_int_equal(siem_mapping_compile(mapping, &err), SIEM_INVALID);
    assert_string_equal(err.message, "m: the format has no rows");
    assert_ok(siem_mapping_set_function(mapping, give_json, "{}", &err));
    assert_int_equal(siem_mapping_add(mapping, &row, &err), SIEM_INVALID);
    assert_string_equal(err.message, "m: no further row can be added");
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_mapping_compile(mapping, &err)); /* which it is */
    assert_int_equal(siem_mapping_set_function(mapping, give_json, "{}", &err), SIEM_INVALID);
    siem_mapping_close(mapping);
    assert_ok(siem_mapping_open(&mapping, "m", &err));
    assert_ok(siem_mapping_add(mapping, &row, &err));
    assert_int_equal(siem_mapping_set_function(mapping, give_json, "{}", &err), SIEM_INVALID);
    assert_string_equal(err.message, "m: a format has rows or a function, not both");
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_int_equal(siem_mapping_set_filter(mapping, give_json, "true", &err), SIEM_INVALID);
    assert_string_equal(err.message, "m: a filter is set before compiling");
    siem_mapping_close(mapping);
}

/* An allocator that knows how large each of its blocks is, how much is out, and how much may be. */
typedef struct ledger {
    siem_allocator allocator;
    size_t out, most, calls;
} ledger;

static void *resize_noted(siem_allocator *self, void *block, size_t had, size_t size) {
    const size_t head = 16;
    ledger *l = (ledger *)self;
    char *start = block != NULL ? (char *)block - head : NULL;
    assert_int_equal(start != NULL ? *(size_t *)(void *)start : 0, had);
    if (size > had && l->out + (size - had) > l->most) return NULL;
    l->out += size - had;
    l->calls++;
    if (size == 0) {
        free(start);
        return NULL;
    }
    start = realloc(start, head + size);
    assert_non_null(start);
    *(size_t *)(void *)start = size;
    return start + head;
}

/* Whoever counts what a mapping takes gets all of it back, each block by the size that it had. */
static void test_allocator(void **state) {
    const siem_pair pairs[] = {{"dns", "[1]"}, {"ocsp", "2"}, {"license", "3"}};
    const siem_row rows[] = {
        {"a.b", .from = FROM("event_kind"), .lookup = pairs, .lookup_size = 3, .fallback = "{}"},
        {"c", .value = "{\"long\": [1, 2, 3]}"},
        {"d", .from = FROM("extra.qname"), .as = "upper"},
        {"e", .from = FROM("file_id", "extra.in"), .as = "json_text"}};
    ledger l = {.allocator = {resize_noted}, .most = SIZE_MAX};
    siem_mapping *mapping;
    siem_error err;
    size_t size;
    (void)state;
    siem_batch_clear(batch);
    assert_ok(siem_mapping_open(&mapping, "m", &err));
    siem_mapping_set_allocator(mapping, &l.allocator);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(siem_mapping_add(mapping, &rows[i], &err));
    }
    assert_ok(siem_mapping_compile(mapping, &err));
    for (int i = 0; i < 3; i++) assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    static const char record[] = "{\"a\":{\"b\":[1]},\"c\":{\"long\":[1,2,3]},\"d\":\"A.B\","
                                 "\"e\":\"{\\\"x.y\\\":[1]}\"}";
    const char *written = siem_batch_at(batch, 2, &size);
    assert_int_equal(size, sizeof record - 1);
    assert_memory_equal(written, record, size);
    siem_mapping_trim(mapping);
    assert_true(l.out > 0);
    l.most = l.out; /* there is no more: one event is refused, not the machine out of memory */
    assert_int_equal(siem_batch_write(batch, mapping, event, NULL, &err), SIEM_REFUSED);
    assert_string_equal(err.message, "m: a value needs more memory than the format may use");
    siem_mapping_close(mapping);
    assert_true(l.calls > 8);
    assert_int_equal(l.out, 0);
}

static siem_mapping *at_work;

static siem_code render_again(void *context, siem_event *seen, const siem_value *value,
                              siem_value *result, siem_error *err) {
    (void)context, (void)value, (void)result;
    return siem_batch_write(batch, at_work, seen, NULL, err);
}

/* What a mapping needs while it renders is there once. */
static void test_renders_itself(void **state) {
    siem_error err = {0};
    (void)state;
    siem_batch_clear(batch);
    assert_ok(siem_mapping_open(&at_work, "m", &err));
    assert_ok(siem_mapping_add(at_work, &(siem_row){"a", .with = render_again}, &err));
    assert_ok(siem_mapping_compile(at_work, &err));
    assert_int_equal(siem_batch_write(batch, at_work, event, NULL, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "a function of this mapping renders through it"));
    assert_int_equal(siem_batch_size(batch), 0);
    siem_mapping_close(at_work);
}

static siem_code check(const siem_row *rows, const siem_registry *registry, siem_error *err) {
    siem_mapping *mapping;
    assert_ok(siem_mapping_open(&mapping, "test", &err));
    for (; rows->destination != NULL; rows++) assert_ok(siem_mapping_add(mapping, rows, &err));
    siem_code rc = siem_mapping_check(mapping, registry, err);
    siem_mapping_close(mapping);
    return rc;
}

/* Whether the registry has what a format reads. */
static void test_check(void **state) {
    siem_registry *registry;
    siem_error err;
    (void)state;
    test_sql("site.db", "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp, region TEXT);");
    const siem_registry_options options = {.path = test_path("site.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &options, &err));
    assert_ok(check(ROWS({"a", .from = FROM("region", "user_agent")},
                         {"b.c", .from = FROM("extra.any", "event_kind")}, {"d", .value = "1"}),
                    registry, &err));
    assert_int_equal(
        check(ROWS({"a", .from = FROM("event_id", "colour")}, {"b", .value = "1"}), registry, &err),
        SIEM_NOT_FOUND);
    assert_string_equal(err.message,
                        "test: a: \"colour\" is neither a field of an event nor a column of "
                        "this registry");
    assert_int_equal(check(ROWS({"b.c.d", .from = FROM("colour")}), registry, &err),
                     SIEM_NOT_FOUND);
    assert_non_null(strstr(err.message, "test: b.c.d: \"colour\""));
    assert_int_equal(
        check(ROWS({"a", .from = FROM("colour"), .label = "site.lua:7"}), registry, &err),
        SIEM_NOT_FOUND);
    assert_non_null(strstr(err.message, "site.lua:7: \"colour\""));
    siem_registry_close(registry);
}

static void test_required(void **state) {
    (void)state;
    assert_refused(ROWS({"f", .from = FROM("file_id"), .required = true}), SIEM_REFUSED,
                   "test: f: ");
    assert_record(ROWS({"t", .from = FROM("token_id"), .required = true}), "{\"t\":\"T0k\"}");
}

/* Keys of a path: each may hold dots and backslashes, and there is a bound on their number. */
static void test_paths(void **state) {
    char path[2 * 40] = "k", record[512] = "";
    (void)state;
    assert_record(ROWS({"a\\.b.c\\\\d", .value = "1"}), "{\"a.b\":{\"c\\\\d\":1}}");
    assert_refused(ROWS({".a", .value = "1"}), SIEM_INVALID, "empty key");
    assert_refused(ROWS({"a.", .value = "1"}), SIEM_INVALID, "empty key");
    assert_refused(ROWS({"", .value = "1"}), SIEM_INVALID, "empty key");
    assert_refused(ROWS({"a\\", .value = "1"}), SIEM_INVALID, "backslash");
    for (int depth = 1; depth < 32; depth++) strcat(path, ".k");
    for (int depth = 0; depth < 32; depth++) strcat(record, "{\"k\":");
    strcat(record, "1");
    for (int depth = 0; depth < 32; depth++) strcat(record, "}");
    assert_record(ROWS({path, .value = "1"}), record);
    assert_refused(ROWS({strcat(path, ".k"), .value = "1"}), SIEM_INVALID,
                   "more than 32 objects in one another");
}

static void test_wrong_rows(void **state) {
    static const siem_pair twice[] = {{"x", "1"}, {"x", "2"}};
    static const siem_pair no_json[] = {{"x", "one"}};
    static const siem_pair no_key[] = {{"x", "1"}, {NULL, "2"}}, no_value[] = {{"x", NULL}};
    (void)state;
    assert_refused(ROWS({"a", .value = "1"}, {"a", .value = "2"}), SIEM_INVALID, "a: ");
    assert_refused(ROWS({"a", .value = "1"}, {"a.b", .value = "2"}), SIEM_INVALID,
                   "\"a\" is a value");
    assert_refused(ROWS({"a.b", .value = "1"}, {"a", .value = "2"}), SIEM_INVALID, "object");
    assert_refused(ROWS({"a", .value = "nope"}), SIEM_INVALID, "not JSON");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .as = "nope"}), SIEM_INVALID, "\"nope\"");
    assert_refused(ROWS({"a", .value = NULL}), SIEM_INVALID, "no source");
    assert_refused(ROWS({"a..b", .value = "1"}), SIEM_INVALID, "empty key");
    assert_refused(ROWS({"a\\b", .value = "1"}), SIEM_INVALID, "backslash");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .value = "1"}), SIEM_INVALID, "not both");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .fallback = "1"}), SIEM_INVALID, "lookup");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .lookup = twice, .lookup_size = 2}),
                   SIEM_INVALID, "twice");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .lookup = no_json, .lookup_size = 1}),
                   SIEM_INVALID, "not JSON");
    assert_refused(ROWS({0}), SIEM_INVALID, "no rows");
    assert_refused(ROWS({"a", .from = FROM("")}), SIEM_INVALID, "a field has no name");
    assert_refused(ROWS({"a", .from = FROM(NULL)}), SIEM_INVALID, "the list is empty");
    assert_refused(ROWS({"a", .from = FROM("extra.")}), SIEM_INVALID, "empty key");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .lookup_size = 1}), SIEM_INVALID,
                   "lookup_size is not 0");
    assert_refused(ROWS({"a", .value = "1", .lookup = no_json, .lookup_size = 1}), SIEM_INVALID,
                   "lookup needs from");
    assert_refused(ROWS({"a", .keep = true, .as = "text"}), SIEM_INVALID, "takes no other key");
    assert_refused(ROWS({"a", .keep = true, .required = true}), SIEM_INVALID, "takes no other key");
    assert_refused(ROWS({"a", .keep = true, .when = give_json, .when_context = "true"}),
                   SIEM_INVALID, "takes no other key");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .fallback_prefix = "x"}), SIEM_INVALID,
                   "default needs lookup");
    assert_refused(ROWS({"a.b", .keep = true}, {"a.b", .keep = true}), SIEM_INVALID,
                   "an object already");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .lookup = no_key, .lookup_size = 2}),
                   SIEM_INVALID, "lookup: entry 2 has no key");
    assert_refused(ROWS({"a", .from = FROM("token_id"), .lookup = no_value, .lookup_size = 1}),
                   SIEM_INVALID, "lookup: entry 1 has no json");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_extra_paths),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_converters),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_site_columns),
        cmocka_unit_test(test_large_lookup),
        cmocka_unit_test(test_lookup_of_other_values),
        cmocka_unit_test(test_whole_results),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_whole_function),
        cmocka_unit_test(test_wrong_rows),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_allocator),
        cmocka_unit_test(test_renders_itself),
    };
    return cmocka_run_group_tests(tests, open_nouns, close_nouns);
}
