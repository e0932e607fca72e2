/* test_parcel.c: records of a request, of one batch or of several. */
#include "record/batch.h"
#include "sink/parcel.h"
#include "testing.h"

#include <string.h>

static siem_batch *batches[2];

/* Records {"a":1}, {"b":2}, {"c":3} in one batch, and {"d":4} in another. */
static int make_records(void **state) {
    static const char *const records[] = {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}", "{\"d\":44}"};
    (void)state;
    for (size_t i = 0; i < 2; i++) assert_ok(siem_batch_open(&batches[i], &err));
    for (size_t i = 0; i < 4; i++) {
        assert_ok(
            siem_batch_add(batches[i / 3], records[i], strlen(records[i]), "1", "r", 0, &err));
    }
    return 0;
}

static int free_records(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) siem_batch_close(batches[i]);
    return 0;
}

static void assert_lines(const siem_parcel *parcel, size_t index, size_t expected_count,
                         const char *expected) {
    size_t count, size;
    const char *lines = siem_parcel_lines(parcel, index, &count, &size);
    assert_int_equal(count, expected_count);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(lines, expected, size);
}

static void test_lines(void **state) {
    size_t size;
    const siem_item items[] = {
        {batches[0], 0}, {batches[0], 1}, {batches[1], 0}, {batches[0], 2}, {batches[0], 0}};
    const siem_parcel parcel = {.items = items, .count = 5};
    (void)state;
    assert_lines(&parcel, 0, 2, "{\"a\":1}\n{\"b\":2}\n");
    assert_lines(&parcel, 1, 1, "{\"b\":2}\n");
    assert_lines(&parcel, 2, 1, "{\"d\":44}\n");
    assert_lines(&parcel, 3, 1, "{\"c\":3}\n");
    assert_lines(&parcel, 4, 1, "{\"a\":1}\n");
    assert_int_equal(siem_parcel_bytes(&parcel), 4 * 8 + 9);
    assert_memory_equal(siem_parcel_at(&parcel, 2, &size), "{\"d\":44}", 8);
    assert_int_equal(size, 8);
    assert_int_equal(siem_parcel_bytes(&(siem_parcel){.count = 0}), 0);
}

/* A whole batch is lent; some of its records, in any order, are copied. */
static void test_batch(void **state) {
    const siem_item items[] = {{batches[0], 0}, {batches[0], 1}, {batches[0], 2}, {batches[1], 0}};
    const siem_batch *out;
    siem_batch *copy;
    size_t size;
    (void)state;
    assert_ok(siem_parcel_batch(&(siem_parcel){.items = items, .count = 3}, &out, &copy, &err));
    assert_ptr_equal(out, batches[0]);
    assert_null(copy);
    for (size_t first = 0; first < 2; first++) {
        const siem_parcel parcel = {.items = items + first, .count = first == 0 ? 2 : 3};
        assert_ok(siem_parcel_batch(&parcel, &out, &copy, &err));
        assert_ptr_equal(out, copy);
        assert_int_equal(siem_batch_size(copy), parcel.count);
        for (size_t i = 0; i < parcel.count; i++) {
            const char *copied = siem_batch_at(copy, i, &size);
            const siem_item *item = &items[first + i];
            assert_memory_equal(copied, siem_batch_at(item->batch, item->record, &size), size);
        }
        siem_batch_close(copy);
    }
    assert_ok(siem_parcel_batch(&(siem_parcel){.count = 0}, &out, &copy, &err));
    assert_int_equal(siem_batch_size(out), 0);
    siem_batch_close(copy);
}

static void test_unprepare(void **state) {
    siem_parcel parcel = {.is_prepared = true};
    (void)state;
    siem_parcel_unprepare(&parcel);
    assert_false(parcel.is_prepared);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_batch),
                                       cmocka_unit_test(test_unprepare)};
    return cmocka_run_group_tests(tests, make_records, free_records);
}
