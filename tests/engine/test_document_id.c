/* test_document_id.c: the id of a record: the same whenever it is made, and no other record's. */
#include "sink/document_id.h"
#include "testing.h"

#include <openssl/evp.h>
#include <string.h>

static siem_document_hash *hash;

static int open_hash(void **state) {
    (void)state;
    assert_ok(siem_document_hash_open(&hash, &err));
    return 0;
}

static int close_hash(void **state) {
    (void)state;
    siem_document_hash_close(hash);
    siem_document_hash_close(NULL);
    return 0;
}

/* Documents of years are found by their ids: these stay what they are. */
static void test_ids(void **state) {
    static const struct {
        const char *registry, *event;
        unsigned part;
        const char *id;
    } cases[] = {
        {"reg", "1", 0, "LX68ffKgaKqSkdQju3KvixieH20A"},
        {"reg", "1", 1, "eqkvczAaQ6p9ALY14ieNOwK9Y6ST"},
        {"reg", "8", 0, "eS-PQ_w4UspDEB_4d81q28RAReg0"},
        {"a1", "2", 0, "5Y0gJ6l0jj4AOtTSAX9L4Oryglqr"},
    };
    (void)state;
    siem_document_ids *ids = siem_document_ids_open(hash);
    assert_non_null(ids);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_document_id made;
        assert_true(
            siem_document_ids_make(ids, cases[i].registry, cases[i].event, cases[i].part, &made));
        assert_string_equal(made.text, cases[i].id);
        assert_int_equal(strlen(made.text), SIEM_DOCUMENT_ID_SIZE);
    }
    siem_document_ids_close(ids);
    siem_document_ids_close(NULL);
}

/* Other registries, events and parts have other ids, also when their names run into one another. */
static void test_distinct(void **state) {
    static const struct {
        const char *registry, *event;
        unsigned part;
    } records[] = {{"a", "1", 0},  {"a", "1", 1},  {"a", "1", 2},       {"a", "1", 11},
                   {"a", "11", 0}, {"a", "11", 1}, {"a1", "", 0},       {"", "a1", 0},
                   {"a1", "1", 0}, {"b", "1", 0},  {"", "", 4294967295}};
    enum { COUNT = sizeof records / sizeof *records };
    siem_document_id made[COUNT];
    (void)state;
    siem_document_ids *ids = siem_document_ids_open(hash);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(siem_document_ids_make(ids, records[i].registry, records[i].event,
                                           records[i].part, &made[i]));
        for (size_t j = 0; j < i; j++) assert_string_not_equal(made[i].text, made[j].text);
    }
    siem_document_ids_close(ids);
}

/* A digest that cannot be made, here for want of a hash, is no id. */
static void test_no_digest(void **state) {
    siem_document_id made;
    EVP_MD_CTX *unready = EVP_MD_CTX_new();
    (void)state;
    assert_non_null(unready);
    assert_false(siem_document_ids_make((siem_document_ids *)unready, "reg", "1", 0, &made));
    EVP_MD_CTX_free(unready);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ids), cmocka_unit_test(test_distinct),
                                       cmocka_unit_test(test_no_digest)};
    return cmocka_run_group_tests(tests, open_hash, close_hash);
}
