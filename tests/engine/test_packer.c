/* test_packer.c: requests that are cut off batches, and what is reached with each. */
#include "delivery/packer.h"
#include "record/batch.h"
#include "testing.h"

#include <string.h>

static siem_sink *sink;
static siem_packer *packer;

static siem_code take_all(void *context, const siem_batch *batch, siem_outcome *outcomes,
                          siem_error *err) {
    (void)context, (void)batch, (void)outcomes, (void)err;
    return SIEM_OK;
}

static size_t head_bytes; /* that the target has for each record */

static size_t body_size(const siem_sink *of, size_t count, size_t bytes) {
    (void)of;
    return bytes + count * head_bytes;
}

/* A packer for a sink that wants `events` records or `bytes` bytes, and takes `most` bytes. */
static void open_packer(unsigned can, size_t events, size_t bytes, size_t most) {
    static siem_sink_kind kind;
    static siem_carrier carrier;
    assert_ok(siem_sink_open_function(&sink, take_all, NULL, NULL, &err));
    kind = *sink->kind;
    kind.can = can;
    carrier = *kind.carrier;
    carrier.body_size = body_size;
    kind.carrier = &carrier;
    head_bytes = 0;
    sink->kind = &kind;
    sink->pace.batch_events = events;
    sink->pace.body_bytes = most;
    assert_ok(siem_packer_open(&packer, sink, bytes, &err));
    siem_packer_set_reached(packer, (siem_position){.id = 1});
}

static void close_packer(void) {
    siem_packer_close(packer);
    assert_ok(siem_sink_close(sink, &err));
}

static siem_code give(void *context, siem_event *event, const siem_value *value, siem_value *result,
                      siem_error *err) {
    (void)event, (void)value, (void)err;
    *result = test_text(context);
    result->type = SIEM_JSON;
    return SIEM_OK;
}

/* An event of some records, which have ten bytes each with their line ends. */
static void write_event(siem_batch *batch, int64_t id, size_t records) {
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = id}}};
    char list[128] = "[{\"a\":123}";
    siem_mapping *mapping;
    siem_event *event;
    while (--records > 0) strcat(list, ",{\"a\":123}");
    strcat(list, "]");
    assert_ok(siem_mapping_open(&mapping, "list", &err));
    assert_ok(siem_mapping_set_function(mapping, give, list, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_event_open(&event, row, 1, "reg", &err));
    assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    siem_event_close(event);
    siem_mapping_close(mapping);
}

/* Adds a batch of events, each of which is a letter, as often as it has records: "abbc" are events
 * 10, 11 (two records) and 12. `reached` is an event after them all; 0: none. */
static void add(const char *events, int64_t reached) {
    siem_batch *batch;
    assert_ok(siem_packer_take_batch(packer, &batch, &err));
    assert_int_equal(siem_batch_size(batch), 0);
    while (*events != '\0') {
        size_t records = strspn(events, (char[]){*events, '\0'});
        write_event(batch, *events - 'a' + 10, records);
        events += records;
    }
    siem_batch_reach(batch, (siem_position){.id = reached});
    assert_ok(siem_packer_add(packer, batch, batch, &err));
}

/* The next request, as the letters of its events, and what is reached with it. */
static void assert_next(bool all, const char *events, int64_t reached) {
    siem_request_items request;
    char letters[64] = "";
    assert_ok(siem_packer_next(packer, all, &request, &err));
    for (size_t i = 0; i < request.count; i++) {
        const siem_item *item = &request.items[i];
        letters[i] = (char)('a' + siem_batch_position(item->batch, item->record).id - 10);
    }
    assert_string_equal(letters, events);
    if (request.count > 0) assert_int_equal(request.position.id, reached);
    siem_packer_settle(packer, request.count);
}

static void test_by_events(void **state) {
    (void)state;
    open_packer(0, 3, 1000, 0);
    add("ab", 0);
    assert_next(false, "", 0);
    assert_true(siem_packer_has_waiting(packer));
    add("cdefg", 20);
    assert_next(false, "abc", 12);
    assert_next(false, "def", 15);
    assert_next(false, "", 0);
    assert_next(true, "g", 20); /* and what follows it without a record */
    assert_next(true, "", 0);
    assert_false(siem_packer_has_waiting(packer));
    add("", 30);
    assert_next(true, "", 0);
    add("h", 0);
    assert_next(true, "h", 17);
    close_packer();
}

/* A request is complete when it holds enough; a record that does not fit begins the next. */
static void test_by_bytes(void **state) {
    (void)state;
    open_packer(0, 0, 25, 30);
    add("abcdef", 0);
    assert_next(false, "abc", 12);
    assert_next(false, "def", 15);
    close_packer();
    open_packer(0, 0, 30, 25);
    add("abcd", 0);
    assert_next(false, "ab", 11);
    assert_next(false, "", 0);
    assert_next(true, "cd", 13);
    close_packer();
    open_packer(0, 0, 40, 29); /* a record's line end counts */
    add("abcd", 0);
    assert_next(false, "ab", 11);
    close_packer();
    open_packer(0, 0, 40, 29); /* and what is in front of it */
    head_bytes = 5;
    add("abcd", 0);
    assert_next(false, "a", 10);
    close_packer();
}

/* A request may hold more records than any batch. */
static void test_many(void **state) {
    siem_request_items request;
    (void)state;
    open_packer(0, 1000, 100000, 0);
    for (size_t i = 0; i < 50; i++) add("abcdefghijklmnopqrst", 0);
    assert_ok(siem_packer_next(packer, false, &request, &err));
    assert_int_equal(request.count, 1000);
    for (size_t i = 0; i < request.count; i++) {
        const siem_item *item = &request.items[i];
        assert_int_equal(siem_batch_position(item->batch, item->record).id, 10 + (int64_t)i % 20);
    }
    siem_packer_settle(packer, request.count);
    assert_false(siem_packer_has_waiting(packer));
    close_packer();
}

static void test_too_large(void **state) {
    siem_request_items request;
    (void)state;
    open_packer(0, 0, 100, 9);
    add("ab", 0);
    for (int64_t i = 0; i < 2; i++) {
        assert_ok(siem_packer_next(packer, false, &request, &err));
        assert_int_equal(request.count, 1);
        assert_int_equal(request.position.id, 10 + i);
        assert_true(request.is_too_large);
        siem_packer_settle(packer, 1);
    }
    close_packer();
    open_packer(0, 0, 10, 10);
    add("a", 0);
    assert_ok(siem_packer_next(packer, false, &request, &err));
    assert_int_equal(request.count, 1);
    assert_false(request.is_too_large);
    close_packer();
}

/* An event is reached with its last record; before, the one before it is. */
static void test_records_of_an_event(void **state) {
    (void)state;
    open_packer(0, 2, 1000, 0);
    add("abbbbc", 0);
    assert_next(false, "ab", 10);
    assert_next(false, "bb", 10);
    assert_next(false, "bc", 12);
    close_packer();
    open_packer(0, 2, 1000, 0);
    add("aaab", 0);
    assert_next(false, "aa", 1);
    assert_next(false, "ab", 11);
    close_packer();
}

/* A file gets whole events, and its request ends where one does. */
static void test_whole_events(void **state) {
    (void)state;
    open_packer(SIEM_WHOLE_EVENTS, 0, 25, 0);
    add("abbbbcd", 0);
    assert_next(false, "abbbb", 11);
    add("e", 0);
    assert_next(false, "cde", 14);
    add("ff", 0);
    assert_next(false, "", 0);
    assert_next(true, "ff", 15);
    close_packer();
}

/* A batch serves again once its records are settled, and not before. */
static void test_batches_serve_again(void **state) {
    siem_request_items request;
    siem_batch *other;
    (void)state;
    open_packer(0, 1, 1000, 0);
    add("ab", 0);
    assert_ok(siem_packer_next(packer, false, &request, &err));
    const siem_batch *first = request.items[0].batch;
    siem_packer_settle(packer, 1);
    assert_ok(siem_packer_take_batch(packer, &other, &err));
    assert_ptr_not_equal(other, first);
    siem_batch_close(other);
    assert_next(false, "b", 11);
    assert_ok(siem_packer_take_batch(packer, &other, &err));
    assert_ptr_equal(other, first);
    siem_batch_close(other);
    add("cd", 0);
    siem_packer_clear(packer);
    assert_next(true, "", 0);
    close_packer();
}

/* As many are kept as were wanted at once; one of another origin, which keeps sources, is closed.
 */
static void test_batches_are_not_kept(void **state) {
    siem_batch *wanted, *other, *again;
    size_t size;
    (void)state;
    open_packer(0, 1, 1000, 0);
    assert_ok(siem_packer_take_batch(packer, &wanted, &err));
    write_event(wanted, 10, 1);
    assert_ok(siem_packer_add(packer, wanted, wanted, &err));
    assert_ok(siem_batch_open(&other, &err));
    siem_batch_keep_sources(other, true, NULL);
    write_event(other, 11, 1);
    assert_non_null(siem_batch_source(other, 0, &size));
    assert_ok(siem_packer_add(packer, other, other, &err));
    assert_next(false, "a", 10);
    assert_next(false, "b", 11);
    assert_ok(siem_packer_take_batch(packer, &again, &err));
    assert_ptr_equal(again, wanted);
    assert_ok(siem_packer_take_batch(packer, &again, &err));
    write_event(again, 12, 1);
    assert_null(siem_batch_source(again, 0, &size));
    siem_batch_close(again);
    siem_batch_close(wanted);
    close_packer();
}

/* What was packed in part is forgotten as well. */
static void test_cleared(void **state) {
    (void)state;
    open_packer(0, 2, 1000, 0);
    add("a", 0);
    assert_next(false, "", 0);
    assert_true(siem_packer_has_waiting(packer));
    siem_packer_clear(packer);
    assert_false(siem_packer_has_waiting(packer));
    add("cd", 0);
    assert_next(false, "cd", 13);
    close_packer();
}

/* Also when the last records of one are settled along with the first ones of the next. */
static void test_settled_across_batches(void **state) {
    siem_request_items request;
    siem_batch *other;
    (void)state;
    open_packer(0, 2, 1000, 0);
    add("abc", 0);
    add("def", 0);
    assert_ok(siem_packer_next(packer, false, &request, &err));
    const siem_batch *first = request.items[0].batch;
    siem_packer_settle(packer, 2);
    assert_next(false, "cd", 13);
    assert_ok(siem_packer_take_batch(packer, &other, &err));
    assert_ptr_equal(other, first);
    siem_batch_close(other);
    assert_next(false, "ef", 15);
    close_packer();
}

/* A batch that is lent stays the caller's. */
static void test_lent(void **state) {
    siem_batch *batch;
    (void)state;
    open_packer(0, 2, 1000, 0);
    assert_ok(siem_batch_open(&batch, &err));
    write_event(batch, 10, 3);
    assert_ok(siem_packer_add(packer, batch, NULL, &err));
    assert_next(false, "aa", 1);
    assert_next(true, "a", 10);
    assert_int_equal(siem_batch_size(batch), 3);
    siem_batch_close(batch);
    assert_ok(siem_packer_take_batch(packer, &batch, &err)); /* which is another one */
    assert_non_null(batch);
    assert_int_equal(siem_batch_size(batch), 0);
    siem_batch_close(batch);
    close_packer();
}

/* A large request is made of several batches, which are due before it is. */
static void test_due(void **state) {
    static char wide[100000];
    siem_batch *batch;
    (void)state;
    memset(wide, 'x', sizeof wide);
    memcpy(wide, "{\"a\":\"", 6);
    memcpy(wide + sizeof wide - 2, "\"}", 2);
    assert_ok(siem_batch_open(&batch, &err));
    open_packer(0, 0, 30, 0);
    write_event(batch, 10, 2);
    assert_false(siem_packer_is_due(packer, batch));
    write_event(batch, 11, 1);
    assert_true(siem_packer_is_due(packer, batch));
    close_packer();
    open_packer(0, 0, (size_t)10 << 20, 0);
    assert_false(siem_packer_is_due(packer, batch));
    while (siem_batch_weight(batch) < (size_t)1 << 20) {
        assert_false(siem_packer_is_due(packer, batch));
        assert_ok(siem_batch_add(batch, wide, sizeof wide, "1", "reg", 0, &err));
    }
    assert_true(siem_packer_is_due(packer, batch));
    close_packer();
    siem_batch_close(batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_events),
        cmocka_unit_test(test_by_bytes),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_records_of_an_event),
        cmocka_unit_test(test_whole_events),
        cmocka_unit_test(test_batches_serve_again),
        cmocka_unit_test(test_batches_are_not_kept),
        cmocka_unit_test(test_cleared),
        cmocka_unit_test(test_settled_across_batches),
        cmocka_unit_test(test_lent),
        cmocka_unit_test(test_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
