/* test_body.c: the pieces of a body, how they are read, and what framings make of records. */
#include "record/batch.h"
#include "sink/http/framing.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>

/* All pieces, read by steps of `room` bytes. */
static const char *read_body(const siem_body *body, size_t room) {
    static char text[256];
    size_t size = 0, read;
    siem_piece_reader reader = {body->pieces, body->pieces + body->count, 0};
    while ((read = siem_piece_read(&reader, text + size, room)) > 0) {
        size += read;
        assert_true(read <= room && size < sizeof text);
        assert_true(read == room || size == body->size);
    }
    assert_int_equal(size, body->size);
    text[size] = '\0';
    return text;
}

static void test_pieces(void **state) {
    static const char text[] = "0123456789";
    siem_body body = {0};
    (void)state;
    assert_string_equal(read_body(&body, 7), "");
    siem_body_reserve(&body, 8);
    siem_body_add_own(&body, "<", 1);
    siem_body_add_own(&body, "!", 1);
    siem_body_add(&body, text, 3);
    siem_body_add(&body, text + 3, 2); /* which goes on where the last one ends */
    siem_body_add(&body, NULL, 0);
    siem_body_add_own(&body, ">", 1);
    siem_body_add(&body, text + 8, 2);
    assert_int_equal(body.count, 4);
    assert_int_equal(body.plain_size, body.size);
    for (size_t room = 1; room <= 12; room++) {
        assert_string_equal(read_body(&body, room), "<!01234>89");
    }
    siem_buffer shorter = {0};
    siem_buffer_add(&shorter, "short", 5);
    siem_body_replace(&body, &shorter, "gzip");
    assert_null(shorter.bytes);
    assert_string_equal(read_body(&body, 3), "short");
    assert_int_equal(body.plain_size, 10);
    assert_string_equal(body.encoding, "gzip");
    assert_false(body.failed);
    siem_body_free(&body);
    assert_null(body.pieces);
    assert_int_equal(body.size + body.plain_size, 0);
}

static void test_many_pieces(void **state) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    siem_body body = {0};
    (void)state;
    for (size_t i = 0; i < 100; i++) siem_body_add(&body, letters + i * 2 % 26, 1);
    assert_int_equal(body.count, 100);
    assert_int_equal(body.size, 100);
    assert_memory_equal(read_body(&body, 30), "acegikmoqsuwyacegikmoqsuwy", 26);
    siem_body_free(&body);
}

/* ---- framings ---- */

static void add(siem_batch *batch, const char *record) {
    assert_ok(siem_batch_add(batch, record, strlen(record), "1", "r", 0, &err));
}

/* Records of two batches, one of which is skipped. */
static void test_framings(void **state) {
    siem_batch *first, *second;
    (void)state;
    assert_ok(siem_batch_open(&first, &err));
    assert_ok(siem_batch_open(&second, &err));
    add(first, "{\"a\":1}");
    add(first, "{\"b\":2}");
    add(first, "{\"c\":3}");
    add(second, "{\"d\":4}");
    const siem_item items[] = {{first, 0}, {first, 1}, {second, 0}, {first, 2}};
    siem_parcel parcel = {.items = items, .count = 4, .ticket = -1};
    assert_ok(siem_frame_lines(&parcel, &err));
    assert_string_equal(read_body(&parcel.body, 9), "{\"a\":1}\n{\"b\":2}\n{\"d\":4}\n{\"c\":3}\n");
    assert_int_equal(parcel.body.count, 3);
    assert_int_equal(parcel.body.size, siem_parcel_bytes(&parcel));
    siem_parcel_unprepare(&parcel);
    assert_ok(siem_frame_array(&parcel, &err));
    assert_string_equal(read_body(&parcel.body, 9), "[{\"a\":1},{\"b\":2},{\"d\":4},{\"c\":3}]");
    assert_int_equal(parcel.body.size, siem_frame_array_size(siem_parcel_bytes(&parcel)));
    siem_parcel_unprepare(&parcel);
    assert_int_equal(parcel.body.size, 0);
    siem_batch_close(first);
    siem_batch_close(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_many_pieces),
        cmocka_unit_test(test_framings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
