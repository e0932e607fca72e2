/* test_digest.c: one hash of all records that were delivered, and the ids of their events. */
#include "evidence/digest.h"
#include "testing.h"

#include <openssl/evp.h>
#include <string.h>

static siem_digest *digest;

static int open_digest(void **state) {
    (void)state;
    assert_ok(siem_digest_open(&digest, &err));
    return 0;
}

static int close_digest(void **state) {
    (void)state;
    siem_digest_close(digest);
    digest = NULL;
    return 0;
}

static void add(const char *event_id, const char *record) {
    siem_digest_add_record(digest, event_id, record, strlen(record));
}

/* Takes the sum, which is of that text. */
static void assert_taken(const char *text, uint64_t records, int64_t first_id, int64_t last_id) {
    siem_digest_sum sum;
    siem_hash hash;
    assert_ok(siem_digest_take(digest, &sum, &err));
    assert_int_equal(EVP_Digest(text, strlen(text), hash.bytes, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(&sum.hash, &hash, sizeof hash);
    assert_int_equal(sum.bytes, strlen(text));
    assert_int_equal(sum.records, records);
    assert_int_equal(sum.first_id, first_id);
    assert_int_equal(sum.last_id, last_id);
}

/* As a file has them: each record with its line end. */
static void test_records(void **state) {
    (void)state;
    add("7", "{\"a\":1}");
    add("8", "{}");
    add("8", "{\"b\":\"x\"}");
    assert_taken("{\"a\":1}\n{}\n{\"b\":\"x\"}\n", 3, 7, 8);
}

/* The lowest and the highest id, in whatever order the events were delivered. */
static void test_ids(void **state) {
    static const char *const orders[][3] = {
        {"1", "2", "9"}, {"9", "2", "1"}, {"2", "9", "1"}, {"2", "1", "9"}};
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        for (size_t j = 0; j < 3; j++) add(orders[i][j], "{}");
        assert_taken("{}\n{}\n{}\n", 3, 1, 9);
    }
    add("9223372036854775807", "{}");
    assert_taken("{}\n", 1, INT64_MAX, INT64_MAX);
    add("-3", "{}");
    add("-5", "{}");
    assert_taken("{}\n{}\n", 2, -5, -3);
}

/* A record counts whose event has no number for an id. */
static void test_no_number(void **state) {
    (void)state;
    add("", "{}");
    add("a message", "{}");
    assert_taken("{}\n{}\n", 2, 0, 0);
    add("4", "{}");
    add("0", "{}");
    assert_taken("{}\n{}\n", 2, 4, 4);
}

/* Bytes of a file, in pieces of any size, have the hash of the records that were written to it. */
static void test_bytes(void **state) {
    (void)state;
    assert_ok(siem_digest_add(digest, "{\"a\":1", 6, &err));
    assert_ok(siem_digest_add(digest, NULL, 0, &err));
    assert_ok(siem_digest_add(digest, "}\n{}\n", 5, &err));
    assert_taken("{\"a\":1}\n{}\n", 0, 0, 0);
}

/* A sum is of what came since the last one; of nothing, it is the hash of nothing. */
static void test_taken(void **state) {
    (void)state;
    assert_taken("", 0, 0, 0);
    add("5", "{}");
    assert_taken("{}\n", 1, 5, 5);
    add("3", "[]");
    assert_taken("[]\n", 1, 3, 3);
    assert_taken("", 0, 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),   cmocka_unit_test(test_ids),
        cmocka_unit_test(test_no_number), cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_taken),
    };
    return cmocka_run_group_tests(tests, open_digest, close_digest);
}
