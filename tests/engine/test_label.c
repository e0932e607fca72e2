/* test_label.c: the key and the headers of a message, written and read again. */
#include "record/batch.h"
#include "sink/kafka/label.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static siem_kafka_labels labels;
static siem_batch *batch; /* a record of event 7, and its second one */

static int open_all(void **state) {
    (void)state;
    assert_ok(siem_document_hash_open(&labels.hash, &err));
    labels.ids = siem_document_ids_open(labels.hash);
    assert_non_null(labels.ids);
    assert_ok(siem_batch_open(&batch, &err));
    for (unsigned part = 0; part < 2; part++) {
        assert_ok(siem_batch_add(batch, "{}", 2, "7", "a b/\xc3\xa9~Z9", part, &err));
    }
    return 0;
}

static int close_all(void **state) {
    (void)state;
    siem_batch_close(batch);
    siem_document_ids_close(labels.ids);
    siem_document_hash_close(labels.hash);
    return 0;
}

static siem_document_id id_of(unsigned part) {
    siem_document_id id;
    assert_true(siem_document_ids_make(labels.ids, "a b/\xc3\xa9~Z9", "7", part, &id));
    return id;
}

static void make(siem_kafka_label *label, siem_kafka_key key, siem_kafka_style style, size_t at) {
    labels.key = key;
    labels.style = style;
    assert_true(siem_kafka_label_make(&labels, &(siem_item){batch, at}, label));
}

static void assert_headers(const siem_kafka_label *label, const char *expected) {
    char text[1024] = "";
    for (size_t i = 0; i < label->count; i++) {
        const siem_kafka_header *header = &label->headers[i];
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, "%s=%.*s\n", header->name,
                       (int)header->size, header->value);
    }
    assert_string_equal(text, expected);
}

static void assert_read(const siem_kafka_label *label, unsigned part) {
    siem_document_id id;
    assert_true(siem_kafka_label_read(&labels, label, &id));
    assert_string_equal(id.text, id_of(part).text);
}

static void test_keys(void **state) {
    (void)state;
    siem_kafka_label label;
    siem_document_id id;
    make(&label, SIEM_KAFKA_BY_REGISTRY, SIEM_KAFKA_NO_HEADERS, 0);
    assert_string_equal(label.key, "a b/\xc3\xa9~Z9");
    assert_int_equal(label.key_size, strlen(label.key));
    assert_int_equal(label.count, 0);
    assert_false(siem_kafka_label_read(&labels, &label, &id));
    make(&label, SIEM_KAFKA_BY_EVENT, SIEM_KAFKA_NO_HEADERS, 1);
    assert_string_equal(label.key, id_of(1).text);
    assert_int_equal(label.key_size, SIEM_DOCUMENT_ID_SIZE);
    assert_read(&label, 1);
    make(&label, SIEM_KAFKA_NO_KEY, SIEM_KAFKA_NO_HEADERS, 0);
    assert_null(label.key);
    assert_int_equal(label.key_size, 0);
    assert_false(siem_kafka_label_read(&labels, &label, &id));
}

static void test_oversight(void **state) {
    (void)state;
    siem_kafka_label label;
    make(&label, SIEM_KAFKA_NO_KEY, SIEM_KAFKA_OVERSIGHT, 0);
    assert_headers(&label, "oversight-schema=oversight-siem-1\n"
                           "oversight-registry-id=a b/\xc3\xa9~Z9\noversight-event-id=7\n");
    assert_read(&label, 0);
    make(&label, SIEM_KAFKA_NO_KEY, SIEM_KAFKA_OVERSIGHT, 1);
    assert_headers(&label, "oversight-schema=oversight-siem-1\n"
                           "oversight-registry-id=a b/\xc3\xa9~Z9\noversight-event-id=7\n"
                           "oversight-part=1\n");
    assert_read(&label, 1);
}

static void test_cloudevents(void **state) {
    (void)state;
    char expected[512];
    siem_kafka_label label;
    make(&label, SIEM_KAFKA_NO_KEY, SIEM_KAFKA_CLOUDEVENTS, 1);
    (void)snprintf(expected, sizeof expected,
                   "ce_specversion=1.0\nce_type=oversight.beacon\n"
                   "ce_source=/oversight/registry/a%%20b%%2F%%C3%%A9~Z9\nce_id=%s\n"
                   "ce_dataschema=urn:oversight-siem-1:unknown\ncontent-type=application/json\n",
                   id_of(1).text);
    assert_headers(&label, expected);
    assert_read(&label, 1);
}

/* The id of a registry that is too long for a source is cut, and nothing of it is half escaped. */
static void test_long_source(void **state) {
    (void)state;
    siem_kafka_label label;
    siem_batch *own;
    char registry[600], expected[512] = "/oversight/registry/";
    const size_t before = strlen(expected);
    for (size_t spaces = 0; spaces < 3; spaces++) {
        memset(registry, 'x', sizeof registry - 1);
        registry[sizeof registry - 1] = '\0';
        /* What fills the room up to three spaces, of which each takes three characters. */
        memset(registry + 508 - before - spaces, ' ', 50);
        assert_ok(siem_batch_open(&own, &err));
        assert_ok(siem_batch_add(own, "{}", 2, "7", registry, 0, &err));
        labels.style = SIEM_KAFKA_CLOUDEVENTS;
        assert_true(siem_kafka_label_make(&labels, &(siem_item){own, 0}, &label));
        memset(expected + before, 'x', 508 - before - spaces);
        (void)strcpy(expected + 508 - spaces, spaces > 0 ? "%20" : "");
        assert_string_equal(label.source, expected);
        siem_batch_close(own);
    }
}

/* Of the second and later records of an event: a decimal number. */
static void test_parts(void **state) {
    (void)state;
    siem_kafka_label label;
    make(&label, SIEM_KAFKA_NO_KEY, SIEM_KAFKA_OVERSIGHT, 1);
    label.headers[3] = (siem_kafka_header){"oversight-part", "12", 2};
    assert_read(&label, 12);
    label.headers[3] = (siem_kafka_header){"oversight-part", "012", 3};
    assert_read(&label, 12);
}

/* What another program wrote: an id that does not fit, a part of the headers, or a key that is
 * none. */
static void test_foreign(void **state) {
    (void)state;
    char large[600];
    siem_document_id id;
    memset(large, 'x', sizeof large);
    siem_kafka_label label = {
        .count = 2,
        .headers = {{"ce_id", large, SIEM_DOCUMENT_ID_SIZE + 1}, {"oversight-event-id", "7", 1}}};
    assert_false(siem_kafka_label_read(&labels, &label, &id));
    label.headers[0].size = SIEM_DOCUMENT_ID_SIZE;
    assert_true(siem_kafka_label_read(&labels, &label, &id));
    assert_int_equal(strlen(id.text), SIEM_DOCUMENT_ID_SIZE);
    label.headers[0] = (siem_kafka_header){"oversight-registry-id", large, 512};
    assert_false(siem_kafka_label_read(&labels, &label, &id));
    label.headers[0].size = 511;
    assert_true(siem_kafka_label_read(&labels, &label, &id));
    label = (siem_kafka_label){.key = large, .key_size = SIEM_DOCUMENT_ID_SIZE - 1};
    assert_false(siem_kafka_label_read(&labels, &label, &id));
    label.key_size = SIEM_DOCUMENT_ID_SIZE + 1;
    assert_false(siem_kafka_label_read(&labels, &label, &id));
    label = (siem_kafka_label){.count = 1, .headers = {{"ce_id", NULL, 0}}};
    assert_false(siem_kafka_label_read(&labels, &label, &id));
    label.headers[0] = (siem_kafka_header){"ce_id", large, SIEM_DOCUMENT_ID_SIZE - 1};
    assert_false(siem_kafka_label_read(&labels, &label, &id));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),        cmocka_unit_test(test_oversight),
        cmocka_unit_test(test_cloudevents), cmocka_unit_test(test_long_source),
        cmocka_unit_test(test_parts),       cmocka_unit_test(test_foreign),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
