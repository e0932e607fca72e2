/* test_batch.c: records and where they come from, batches of batches, texts that are cut. */
#include "record/batch.h"
#include "record/field_limit.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>

static siem_batch *make_batch(size_t count) {
    siem_batch *batch;
    char id[8] = "1";
    assert_ok(siem_batch_open(&batch, &err));
    for (size_t i = 0; i < count; i++, id[0]++) {
        assert_ok(siem_batch_add(batch, "{\"a\": 1}", 8, id, "r", 0, &err));
    }
    return batch;
}

static void assert_lines(const siem_batch *batch, const char *lines) {
    size_t size;
    const char *bytes = siem_batch_bytes(batch, &size);
    assert_int_equal(size, strlen(lines));
    assert_memory_equal(bytes, lines, size);
}

static void test_copy(void **state) {
    siem_batch *copy;
    (void)state;
    siem_batch *batch = make_batch(3);
    assert_ok(siem_batch_open(&copy, &err));
    assert_ok(siem_batch_append(copy, batch, 0, &err));
    assert_ok(siem_batch_append(copy, batch, 2, &err));
    siem_batch_close(batch);
    assert_int_equal(siem_batch_size(copy), 2);
    assert_string_equal(siem_batch_event_id(copy, 1), "3");
    assert_string_equal(siem_batch_registry_id(copy, 1), "r");
    siem_batch_truncate(copy, 2, (siem_position){.id = 5});
    assert_int_equal(siem_batch_size(copy), 2);
    siem_batch_truncate(copy, 1, (siem_position){.id = 4});
    assert_int_equal(siem_batch_reached(copy).id, 4);
    assert_int_equal(siem_batch_size(copy), 1);
    assert_lines(copy, "{\"a\":1}\n");
    siem_batch_truncate(copy, 0, (siem_position){0});
    assert_int_equal(siem_batch_size(copy), 0);
    assert_lines(copy, "");
    siem_batch_close(copy);
}

static void test_add_refuses(void **state) {
    static const char *const wrong[] = {"[1]", "{\"a\":", "7", "", "{} {}"};
    siem_error err;
    (void)state;
    siem_batch *batch = make_batch(1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(siem_batch_add(batch, wrong[i], strlen(wrong[i]), "7", "r", 0, &err),
                         SIEM_INVALID);
        assert_string_equal(err.message, "event 7: its record is not a JSON object");
        assert_lines(batch, "{\"a\":1}\n");
    }
    assert_int_equal(siem_batch_size(batch), 1);
    siem_batch_close(batch);
}

/* Each record has its own event, registry and part, also after those before it. */
static void test_records(void **state) {
    static const struct {
        const char *event, *registry;
        unsigned part;
    } records[] = {{"1", "r", 0}, {"1", "r", 1}, {"22", "rr", 0}, {"3", "r", 2}, {"", "rr", 7}};
    siem_batch *copy;
    size_t size = 7;
    siem_error err;
    (void)state;
    siem_batch *batch = make_batch(0);
    assert_null(siem_batch_at(batch, 0, &size));
    assert_int_equal(size, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_ok(siem_batch_add(batch, "{\"a\": 1}", 8, records[i].event, records[i].registry,
                                 records[i].part, &err));
        assert_int_equal(siem_batch_add(batch, "[]", 2, "lost", "lost", 0, &err), SIEM_INVALID);
    }
    assert_ok(siem_batch_open(&copy, &err));
    for (size_t i = 0; i < 5; i++) assert_ok(siem_batch_append(copy, batch, 4 - i, &err));
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(siem_batch_event_id(batch, i), records[i].event);
        assert_string_equal(siem_batch_registry_id(batch, i), records[i].registry);
        assert_int_equal(siem_batch_part(batch, i), records[i].part);
        assert_string_equal(siem_batch_event_id(copy, 4 - i), records[i].event);
        assert_string_equal(siem_batch_registry_id(copy, 4 - i), records[i].registry);
        assert_int_equal(siem_batch_part(copy, 4 - i), records[i].part);
        assert_memory_equal(siem_batch_at(copy, i, &size), "{\"a\":1}\n", 8);
        assert_int_equal(size, 7);
        assert_memory_equal(siem_batch_at(copy, i, NULL), "{\"a\":1}\n", 8);
    }
    assert_null(siem_batch_at(batch, 5, NULL));
    assert_null(siem_batch_event_id(batch, 5));
    siem_batch_clear(batch);
    assert_int_equal(siem_batch_size(batch), 0);
    assert_lines(batch, "");
    assert_lines(NULL, "");
    siem_batch_close(batch);
    siem_batch_close(copy);
}

/* Records of one event: the event's JSON stays beside each, and its repairs beside the first. */
static siem_code give_two(void *context, siem_event *event, const siem_value *value,
                          siem_value *result, siem_error *err) {
    (void)context, (void)event, (void)value, (void)err;
    *result = test_text("[{\"a\":\"\xff\"},{\"b\":[1,{}]}]");
    result->type = SIEM_JSON;
    return SIEM_OK;
}

static void assert_source(const siem_batch *batch, size_t index, const char *expected) {
    size_t size;
    const char *source = siem_batch_source(batch, index, &size);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(source, expected, size);
}

static void test_parts_and_sources(void **state) {
    static const char source[] =
        "{\"event_id\":\"7\",\"event_kind\":\"\",\"occurred_unix\":0,\"occurred_at\":\"\","
        "\"registry_id\":\"reg\"}";
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}}};
    siem_mapping *mapping;
    siem_event *event;
    siem_batch *copy;
    size_t size;
    unsigned repairs = 0;
    (void)state;
    siem_batch *batch = make_batch(1);
    siem_batch_keep_sources(batch, true, NULL);
    assert_string_equal(siem_batch_format(batch), "");
    assert_ok(siem_mapping_open(&mapping, "two", &err));
    assert_ok(siem_mapping_set_function(mapping, give_two, NULL, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_event_open(&event, row, 1, "reg", &err));
    for (size_t i = 1; i <= 3; i += 2) {
        assert_ok(siem_batch_write(batch, mapping, event, &repairs, &err));
        assert_int_equal(repairs, SIEM_REPAIRED_UTF8);
        for (unsigned part = 0; part < 2; part++) {
            assert_int_equal(siem_batch_part(batch, i + part), part);
            assert_int_equal(siem_batch_repairs(batch, i + part), part == 0 ? repairs : 0);
            assert_string_equal(siem_batch_event_id(batch, i + part), "7");
            assert_source(batch, i + part, source);
        }
    }
    assert_null(siem_batch_source(batch, 0, &size)); /* it has no event */
    assert_int_equal(size, 0);
    assert_lines(batch, "{\"a\":1}\n{\"a\":\"\\ufffd\"}\n{\"b\":[1,{}]}\n"
                        "{\"a\":\"\\ufffd\"}\n{\"b\":[1,{}]}\n");
    siem_batch_truncate(batch, 4, (siem_position){0});
    assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    assert_source(batch, 4, source);
    assert_source(batch, 5, source);
    assert_ok(siem_batch_open(&copy, &err));
    assert_ok(siem_batch_append(copy, batch, 1, &err));
    siem_batch_truncate(batch, 0, (siem_position){0});
    assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    assert_lines(batch, "{\"a\":\"\\ufffd\"}\n{\"b\":[1,{}]}\n");
    assert_source(batch, 0, source);
    siem_event_close(event);
    siem_mapping_close(mapping);
    siem_batch_close(batch);
    assert_string_equal(siem_batch_format(copy), "two"); /* its mapping is gone */
    siem_batch_close(copy);
}

/* More records than it has places for at first. */
static void test_many(void **state) {
    siem_batch *batch;
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    for (unsigned i = 0; i < 1000; i++) {
        assert_ok(siem_batch_add(batch, "{}", 2, i % 2 == 0 ? "even" : "odd", "r", i, &err));
    }
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(siem_batch_part(batch, i), i);
        assert_string_equal(siem_batch_event_id(batch, i), i % 2 == 0 ? "even" : "odd");
    }
    siem_batch_close(batch);
}

/* ---- cutting ---- */

static siem_code give_list(void *context, siem_event *event, const siem_value *value,
                           siem_value *result, siem_error *err) {
    const size_t *count = context;
    static char list[13 << 20];
    (void)event, (void)value, (void)err;
    list[0] = '[';
    for (size_t i = 0; i < *count; i++) memcpy(list + 1 + 3 * i, "{},", 3);
    list[3 * *count] = ']'; /* where the last comma is */
    *result = (siem_value){.type = SIEM_JSON, .bytes = list, .size = 3 * *count + 1};
    return SIEM_OK;
}

/* A list of a function may have many records; what they take as records is bounded, too. */
static void test_long_lists(void **state) {
    static const struct {
        size_t count;
        siem_code code;
    } lists[] = {{1, SIEM_OK}, {1000, SIEM_OK}, {4000000, SIEM_REFUSED}};
    siem_event *event;
    (void)state;
    assert_ok(siem_event_open(&event, NULL, 0, "r", &err));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        siem_mapping *mapping;
        siem_error err = {0};
        siem_batch *batch = make_batch(1);
        assert_ok(siem_mapping_open(&mapping, "m", &err));
        assert_ok(siem_mapping_set_function(mapping, give_list, (void *)&lists[i].count, &err));
        assert_ok(siem_mapping_compile(mapping, &err));
        assert_int_equal(siem_batch_write(batch, mapping, event, NULL, &err), lists[i].code);
        if (lists[i].code == SIEM_OK) {
            assert_int_equal(siem_batch_size(batch), 1 + lists[i].count);
        } else {
            assert_non_null(strstr(err.message, "the function's list take more than 64 MiB"));
            assert_lines(batch, "{\"a\":1}\n"); /* what was there before */
        }
        siem_batch_close(batch);
        siem_mapping_close(mapping);
    }
    siem_event_close(event);
}

static siem_code give_text(void *context, siem_event *event, const siem_value *value,
                           siem_value *result, siem_error *err) {
    (void)event, (void)value, (void)err;
    *result = *(const siem_value *)context;
    return SIEM_OK;
}

/* Writes an event by a row of its site's column, and one of a function if it gives something. */
static siem_code write_long(siem_value column, const siem_value *given, siem_error *err) {
    static const char *const site[] = {"site", NULL};
    const siem_column row = {"site", column};
    siem_event *event;
    siem_mapping *mapping;
    siem_batch *batch = make_batch(0);
    assert_ok(siem_event_open(&event, &row, 1, "r", &err));
    assert_ok(siem_mapping_open(&mapping, "m", &err));
    if (given != NULL) {
        const siem_row called = {"f", .with = give_text, .with_context = (void *)given};
        assert_ok(siem_mapping_add(mapping, &called, &err));
    }
    assert_ok(siem_mapping_add(mapping, &(siem_row){"s", .from = site}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    siem_code rc = siem_batch_write(batch, mapping, event, NULL, err);
    assert_int_equal(siem_batch_size(batch), rc == SIEM_OK);
    size_t least = given != NULL ? column.size + given->size : column.size;
    assert_true(rc != SIEM_OK || siem_batch_weight(batch) > least); /* it is whole */
    siem_mapping_close(mapping);
    siem_event_close(event);
    siem_batch_close(batch);
    return rc;
}

/* A record may be long because its event is; what functions make of it is bounded, by what it takes
 * as JSON, where a control character has six bytes. */
static void test_long_records(void **state) {
    const size_t size = (11 << 20) + (200 << 10);
    char *controls = malloc(size), *letters = malloc(size);
    siem_error err = {0};
    (void)state;
    assert_non_null(memset(controls, 1, size));
    assert_non_null(memset(letters, 'x', size));
    const siem_value escaped = {.type = SIEM_TEXT, .bytes = controls, .size = size};
    const siem_value plain = {.type = SIEM_TEXT, .bytes = letters, .size = size};
    const siem_value shorter = {.type = SIEM_TEXT, .bytes = "x", .size = 1};
    assert_ok(write_long(escaped, NULL, &err));
    assert_ok(write_long(shorter, &plain, &err));
    assert_int_equal(write_long(escaped, &shorter, &err), SIEM_REFUSED);
    assert_string_equal(err.message, "m: s: the record is longer than 64 MiB here");
    assert_int_equal(write_long(shorter, &escaped, &err), SIEM_REFUSED);
    assert_string_equal(err.message, "m: f: the record is longer than 64 MiB here");
    free(controls);
    free(letters);
}

static void cut(const char *json, size_t most, const char *expected, size_t count) {
    siem_buffer out = {0};
    siem_buffer_add(&out, "before", 6);
    siem_buffer_add(&out, json, strlen(json));
    siem_buffer_add_char(&out, '\n');
    assert_int_equal(siem_field_limit_cut(&out, 6, most), count);
    assert_int_equal(out.bytes[out.size - 1], '\n');
    out.bytes[out.size - 1] = '\0';
    assert_string_equal(out.bytes + 6, expected);
    assert_int_equal(out.size, 6 + strlen(expected) + 1);
    siem_buffer_free(&out);
}

static void test_cut(void **state) {
    (void)state;
    cut("{}", 10, "{}", 0);
    cut("{\"a\":\"0123456789\"}", 10, "{\"a\":\"0123456789\"}", 0);
    cut("{\"a\":\"\\udc00\\ud83e\\udd8a01234567\"}", 12, "{\"a\":\"\\udc00...[cut]\"}", 1);
    cut("{\"a\":\"0123456789x\"}", 10, "{\"a\":\"01...[cut]\"}", 1);
    cut("{\"a\":1,\"b\":\"0123456789x\",\"c\":\"0123456789y\",\"d\":null}", 10,
        "{\"a\":1,\"b\":\"01...[cut]\",\"c\":\"01...[cut]\",\"d\":null}", 2);
    cut("{\"b\":\"0123456789 and much more\",\"c\":\"0123456789 and more\",\"d\":\"short\"}", 10,
        "{\"b\":\"01...[cut]\",\"c\":\"01...[cut]\",\"d\":\"short\"}", 2);
    cut("{\"b\":\"0123456789abcdef and more\",\"c\":\"0123456789abcdef and more\"}", 20,
        "{\"b\":\"0123456789ab...[cut]\",\"c\":\"0123456789ab...[cut]\"}", 2);
    cut("{\"a\":\"\\n\\\"\\\\0123456789\"}", 12, "{\"a\":\"\\n\\\"\\\\0...[cut]\"}", 1);
    /* Objects and lists stay as they are: the target makes columns of them. */
    cut("{\"a\":{\"b\":\"0123456789x\"},\"c\":[\"0123456789x\"]}", 10,
        "{\"a\":{\"b\":\"0123456789x\"},\"c\":[\"0123456789x\"]}", 0);
}

/* Characters count as UTF-8, and none is torn: an e with accent has two bytes, an emoji four. */
static void test_cut_characters(void **state) {
    (void)state;
    cut("{\"a\":\"\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\"}", 10,
        "{\"a\":\"\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\"}", 0);
    cut("{\"a\":\"1\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\"}", 10, "{\"a\":\"1...[cut]\"}", 1);
    cut("{\"a\":\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"}", 13,
        "{\"a\":\"\\ud83d\\ude00...[cut]\"}", 1);
    cut("{\"a\":\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"}", 12,
        "{\"a\":\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"}", 0);
    cut("{\"a\":\"\\u20ac\\u20ac\\u20ac\"}", 9, "{\"a\":\"\\u20ac\\u20ac\\u20ac\"}", 0);
    cut("{\"a\":\"\\u20ac\\u20ac\\u20ac\\u20ac\"}", 11, "{\"a\":\"\\u20ac...[cut]\"}", 1);
    cut("{\"a\":\"\\u0001\\u007f\\u0080\\u07ff\\u0800\"}", 9,
        "{\"a\":\"\\u0001\\u007f\\u0080\\u07ff\\u0800\"}", 0);
    cut("{\"a\":\"\\u0001\\u007f\\u0080\\u07ff\\u0800\"}", 8, "{\"a\":\"...[cut]\"}", 1);
    cut("{\"a\":\"\\u0800\\u0800\\u0800\\u0800\"}", 11, "{\"a\":\"\\u0800...[cut]\"}", 1);
}

static void test_cut_last(void **state) {
    siem_batch *batch;
    size_t size;
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    for (int i = 0; i < 2; i++) {
        assert_ok(siem_batch_add(batch, "{\"a\":\"0123456789x\"}", 19, "1", "r", 0, &err));
    }
    assert_ok(siem_batch_cut_fields(batch, 1, 20, &err));
    assert_int_equal(siem_batch_event_counts(batch)->cut, 0);
    assert_ok(siem_batch_cut_fields(batch, 1, 10, &err));
    assert_int_equal(siem_batch_event_counts(batch)->cut, 1);
    assert_ok(siem_batch_add(batch, "{}", 2, "2", "r", 0, &err));
    assert_lines(batch, "{\"a\":\"0123456789x\"}\n{\"a\":\"01...[cut]\"}\n{}\n");
    assert_memory_equal(siem_batch_at(batch, 2, &size), "{}\n", 3);
    assert_int_equal(size, 2);
    siem_batch_close(batch);
}

/* Several records of one event, each with its own length. */
static void test_cut_several(void **state) {
    static const char *const records[] = {"{\"a\":1}", "{\"a\":\"0123456789x\"}",
                                          "{\"b\":\"0123456789yy\"}"};
    siem_batch *batch;
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(siem_batch_add(batch, records[i], strlen(records[i]), "1", "r", i, &err));
    }
    assert_ok(siem_batch_cut_fields(batch, 1, 10, &err));
    assert_int_equal(siem_batch_event_counts(batch)->cut, 2);
    assert_lines(batch, "{\"a\":1}\n{\"a\":\"01...[cut]\"}\n{\"b\":\"01...[cut]\"}\n");
    assert_int_equal(siem_batch_part(batch, 2), 2);
    siem_batch_close(batch);
}

/* Events without a record, between those that have one. */
static void test_refusals(void **state) {
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}}};
    siem_event *event;
    (void)state;
    siem_batch *batch = make_batch(2);
    assert_ok(siem_event_open(&event, row, 1, "reg", &err));
    assert_ok(siem_batch_refuse(batch, event, "no good", true, &err));
    for (int i = 0; i < 40; i++) assert_ok(siem_batch_refuse(batch, event, "", false, &err));
    assert_int_equal(siem_batch_unmade_count(batch), 41);
    siem_unmade first = siem_batch_unmade(batch, 0), last = siem_batch_unmade(batch, 40);
    assert_int_equal(first.record, 2);
    assert_int_equal(first.position.id, 7);
    assert_string_equal(first.event_id, "7");
    assert_string_equal(first.reason, "no good");
    assert_memory_equal(first.source, "{\"event_id\":\"7\"", 15);
    assert_int_equal(first.source[first.source_size - 1], '}');
    assert_string_equal(last.reason, "");
    assert_null(last.source);
    assert_int_equal(siem_batch_size(batch), 2);
    siem_batch_clear(batch);
    assert_int_equal(siem_batch_unmade_count(batch), 0);
    siem_event_close(event);
    siem_batch_close(batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),           cmocka_unit_test(test_add_refuses),
        cmocka_unit_test(test_records),        cmocka_unit_test(test_parts_and_sources),
        cmocka_unit_test(test_many),           cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_long_records),   cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_characters), cmocka_unit_test(test_cut_last),
        cmocka_unit_test(test_cut_several),    cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
