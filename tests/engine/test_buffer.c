/* test_buffer.c: bytes that grow, and what becomes of them without memory. */
#include "base/buffer.h"
#include "testing.h"

#include <stdlib.h>

static void assert_bytes(const siem_buffer *buffer, const char *text) {
    assert_int_equal(buffer->size, strlen(text));
    assert_memory_equal(buffer->bytes, text, buffer->size);
}

static void test_grow(void **state) {
    siem_buffer buffer = {0};
    (void)state;
    assert_true(siem_buffer_reserve(&buffer, 0));
    assert_null(buffer.bytes);
    siem_buffer_add(&buffer, "ab", 2);
    siem_buffer_add_char(&buffer, 'c');
    siem_buffer_add_padded(&buffer, "0123456789abcdef....", 4);
    siem_buffer_add(&buffer, NULL, 0);
    assert_bytes(&buffer, "abc0123");
    for (size_t size = 8; size <= 1 << 20; size *= 2) {
        size_t before = buffer.capacity;
        bool fits = before - buffer.size >= size;
        assert_true(siem_buffer_reserve(&buffer, size));
        assert_true(buffer.capacity - buffer.size >= size);
        if (fits) assert_int_equal(buffer.capacity, before);
        else assert_true(buffer.capacity >= 2 * before);
        assert_bytes(&buffer, "abc0123");
    }
    siem_buffer_free(&buffer);
    assert_null(buffer.bytes);
    assert_int_equal(buffer.capacity, 0);
}

/* No more than twice of what is needed is taken. */
static void test_exact(void **state) {
    siem_buffer buffer = {0};
    (void)state;
    assert_true(siem_buffer_reserve(&buffer, 512));
    assert_int_equal(buffer.capacity, 512);
    buffer.size = 512;
    assert_true(siem_buffer_reserve(&buffer, 512));
    assert_int_equal(buffer.capacity, 1024);
    assert_true(siem_buffer_reserve(&buffer, 513));
    assert_int_equal(buffer.capacity, 2048);
    siem_buffer_free(&buffer);
}

/* What was written before stays; nothing is added until the buffer is freed. */
static void test_without_memory(void **state) {
    siem_buffer buffer = {0};
    (void)state;
    siem_buffer_add(&buffer, "abc", 3);
    assert_false(siem_buffer_reserve(&buffer, SIZE_MAX));
    assert_true(buffer.failed);
    assert_bytes(&buffer, "abc");
    assert_false(siem_buffer_grow(&buffer, 1));
    siem_buffer_free(&buffer);
    assert_false(buffer.failed);
    siem_buffer_add(&buffer, "d", 1);
    assert_bytes(&buffer, "d");
    siem_buffer_free(&buffer);
}

typedef struct limit {
    siem_allocator allocator;
    size_t used, most;
} limit;

static void *resize_within(siem_allocator *self, void *block, size_t had, size_t size) {
    limit *l = (limit *)self;
    if (l->used - had + size > l->most) return NULL;
    l->used = l->used - had + size;
    if (size != 0) return realloc(block, size);
    free(block);
    return NULL;
}

/* Under a limit a buffer doubles, then grows by an eighth and what is needed, then fails. */
static void test_limit(void **state) {
    limit l = {.allocator = {resize_within}, .most = 1500};
    siem_buffer buffer = {.allocator = &l.allocator};
    (void)state;
    assert_true(siem_buffer_reserve(&buffer, 1000));
    assert_int_equal(buffer.capacity, 1024);
    buffer.size = 1000;
    assert_true(siem_buffer_reserve(&buffer, 300));
    assert_int_equal(buffer.capacity, 1000 + 125 + 300);
    assert_int_equal(l.used, buffer.capacity);
    assert_false(siem_buffer_reserve(&buffer, SIZE_MAX));
    assert_false(siem_buffer_reserve(&buffer, 600));
    assert_int_equal(buffer.size, 1000);
    siem_buffer_free(&buffer);
    assert_int_equal(l.used, 0);
}

static void test_secret(void **state) {
    siem_buffer buffer = {0};
    (void)state;
    assert_true(siem_buffer_reserve_secret(&buffer, 3));
    siem_buffer_add(&buffer, "abc", 3);
    const char *bytes = buffer.bytes;
    assert_true(siem_buffer_reserve_secret(&buffer, buffer.capacity - buffer.size));
    assert_ptr_equal(buffer.bytes, bytes);
    assert_true(siem_buffer_reserve_secret(&buffer, buffer.capacity));
    assert_true(buffer.capacity - buffer.size >= 512);
    assert_bytes(&buffer, "abc");
    assert_false(siem_buffer_reserve_secret(&buffer, SIZE_MAX - 3));
    assert_true(buffer.failed);
    assert_bytes(&buffer, "abc");
    siem_buffer_free_secret(&buffer);
    assert_null(buffer.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_grow), cmocka_unit_test(test_exact),
                                       cmocka_unit_test(test_without_memory),
                                       cmocka_unit_test(test_limit), cmocka_unit_test(test_secret)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
