/* test_encoding.c: what looks into the text of records, and who accepts it. */
#include "record/batch.h"
#include "sink/sink.h"
#include "testing.h"

#include <string.h>

static const siem_encoding *json = &siem_encoding_json;

static void test_judge(void **state) {
    (void)state;
    assert_int_equal(json->judge("{}", 2), SIEM_IS_RECORD);
    assert_int_equal(json->judge("[{}]", 4), SIEM_IS_LIST);
    assert_int_equal(json->judge("7", 1), SIEM_IS_NO_RECORD);
    assert_int_equal(json->judge("[]", 1), SIEM_IS_LIST);
    for (size_t i = 0; i < 3; i++) {
        const char *text = i == 0 ? "" : i == 1 ? "{}" : "[]";
        assert_int_equal(json->judge(text, 0), SIEM_IS_NO_RECORD);
    }
}

/* The items of a list, each in angle brackets. */
static void assert_items(const char *list, const char *expected) {
    char items[128] = "";
    const char *at = list, *end = list + strlen(list), *rest;
    size_t size;
    for (; json->next(&at, end, &size, &rest); at = rest) {
        strcat(items, "<");
        strncat(items, at, size);
        strcat(items, ">");
    }
    assert_string_equal(items, expected);
}

static void test_list(void **state) {
    (void)state;
    assert_items("[{\"a\":1}]", "<{\"a\":1}>");
    assert_items("[{\"a\":[1,{}]},{},7,\"],[\"]", "<{\"a\":[1,{}]}><{}><7><\"],[\">");
    assert_items("[7]", "<7>");
    assert_items("[[],{}]", "<[]><{}>");
    assert_items("[]", "");
}

static void test_reading(void **state) {
    static const char *const none[] = {"", "[1]", "7", "{", "{} {}", "{\"a\":NaN}"};
    siem_buffer out = {0};
    (void)state;
    siem_buffer_add(&out, "x", 1);
    assert_true(json->read(&out, " { \"a\" : 1.0 } ", 15));
    assert_int_equal(out.size, 10);
    assert_memory_equal(out.bytes, "x{\"a\":1.0}", 10);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_false(json->read(&out, none[i], strlen(none[i])));
        assert_int_equal(out.size, 10);
    }
    siem_buffer_free(&out);
}

static void test_find(void **state) {
    static const char record[] = "{\"index\":\"main\",\"n\":{\"index\":7}}";
    const char *value;
    size_t size;
    (void)state;
    assert_true(json->find(record, sizeof record - 1, "index", &value, &size));
    assert_int_equal(size, 6);
    assert_memory_equal(value, "\"main\"", 6);
    assert_false(json->find(record, sizeof record - 1, "inde", &value, &size));
    assert_false(json->find("[1]", 3, "index", &value, &size));
}

static siem_code take_all(void *context, const siem_batch *batch, siem_outcome *outcomes,
                          siem_error *err) {
    (void)context, (void)batch, (void)outcomes, (void)err;
    return SIEM_OK;
}

/* A kind of sink that does not accept the mapping's encoding is told at the start. */
static void test_accepts(void **state) {
    static const char *const id[] = {"event_id", NULL};
    siem_sink_kind kind;
    siem_sink *sink;
    siem_mapping *mapping;
    siem_export *export_;
    siem_error failure;
    (void)state;
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_sink_open_function(&sink, take_all, NULL, NULL, &err));
    kind = *sink->kind;
    kind.accepts = ~(unsigned)SIEM_ACCEPTS_JSON;
    const siem_sink_kind *real = sink->kind;
    const siem_export_options options = {.mapping = mapping, .sink = sink};
    sink->kind = &kind;
    assert_int_equal(siem_export_open(&export_, &options, &failure), SIEM_INVALID);
    assert_non_null(strstr(failure.message, "a sink of kind function takes no records in json"));
    sink->kind = real;
    assert_ok(siem_export_open(&export_, &options, &err));
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    siem_mapping_close(mapping);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),   cmocka_unit_test(test_list),
        cmocka_unit_test(test_reading), cmocka_unit_test(test_find),
        cmocka_unit_test(test_accepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
