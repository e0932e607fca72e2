/* test_compression.c: bodies there and back, at each level, and answers that are damaged. */
#include "sink/http/compressors.h"

#include "sink/http/content_encoding.h"
#include "testing.h"

#include <pthread.h>
#include <stdio.h>

#define MOST ((size_t)1 << 20)

/* So many bytes that look like records, which a level can find more or less in. */
static void fill(siem_buffer *text, size_t size) {
    unsigned random = 7;
    text->size = 0;
    while (text->size < size) {
        char line[64];
        random = random * 1103515245 + 12345;
        int length = snprintf(line, sizeof line, "{\"token\":\"%08x\",\"kind\":\"dns\"}\n", random);
        siem_buffer_add(text, line, (size_t)length);
    }
    text->size = size;
}

static siem_compressor *open_compressor(const char *name, int level) {
    siem_compressor *compressor;
    const siem_compression *compression = siem_compression_find(name);
    assert_non_null(compression);
    assert_string_equal(compression->name, name);
    assert_true(level <= compression->most);
    assert_ok(siem_compressor_open(&compressor, compression, level, &err));
    return compressor;
}

/* Gzip of a text, at level 1. */
static void compress(siem_buffer *out, const siem_buffer *text) {
    siem_compressor *compressor = open_compressor("gzip", 1);
    assert_ok(siem_compressor_run(compressor, out, text->bytes, text->size, &err));
    siem_compressor_close(compressor);
}

/* Decodes a copy of some bytes. */
static siem_code decode(siem_buffer *out, const char *bytes, size_t size, const char *encoding,
                        size_t most, siem_error *err) {
    out->size = 0;
    siem_buffer_add(out, bytes, size);
    return siem_content_decode(out, encoding, most, err);
}

static void assert_decodes(const siem_buffer *compressed, const siem_buffer *text) {
    siem_buffer out = {0};
    assert_ok(decode(&out, compressed->bytes, compressed->size, "gzip", MOST, &err));
    assert_int_equal(out.size, text->size);
    assert_memory_equal(out.bytes, text->bytes, text->size);
    siem_buffer_free(&out);
}

static void test_levels(void **state) {
    siem_buffer text = {0}, out = {0};
    size_t fastest = 0, size = 0;
    (void)state;
    for (int level = 1; level <= siem_compression_find("gzip")->most; level++) {
        siem_compressor *compressor = open_compressor("gzip", level);
        for (size_t length = 1; length <= 1 << 18; length *= 8) {
            fill(&text, length);
            assert_ok(siem_compressor_run(compressor, &out, text.bytes, text.size, &err));
            assert_decodes(&out, &text);
        }
        size = out.size;
        if (level == 1) fastest = size;
        assert_true(size < text.size / 2);
        siem_compressor_close(compressor);
    }
    assert_true(size < fastest);
    siem_buffer_free(&text);
    siem_buffer_free(&out);
}

/* What a compressor did before changes nothing, nor does what `out` held. */
static void test_again(void **state) {
    siem_buffer text = {0}, first = {0}, again = {0};
    siem_compressor *compressor = open_compressor("gzip", 1);
    (void)state;
    fill(&text, 100000);
    assert_ok(siem_compressor_run(compressor, &first, text.bytes, text.size, &err));
    for (size_t size = 1; size <= 100000; size += 33333) {
        assert_ok(siem_compressor_run(compressor, &again, text.bytes, size, &err));
    }
    const char *bytes = again.bytes;
    size_t capacity = again.capacity;
    assert_ok(siem_compressor_run(compressor, &again, text.bytes, text.size, &err));
    assert_ptr_equal(again.bytes, bytes);
    assert_int_equal(again.capacity, capacity);
    assert_int_equal(again.size, first.size);
    assert_memory_equal(again.bytes, first.bytes, first.size);
    siem_compressor_close(compressor);
    siem_compressor_close(NULL);
    siem_buffer_free(&text);
    siem_buffer_free(&first);
    siem_buffer_free(&again);
}

/* ---- a library that fails ---- */

static const char *broken; /* what fails: "open", "run" or nothing */

static void *open_broken(int level) {
    static int opened;
    opened = level;
    return strcmp(broken, "open") == 0 ? NULL : &opened;
}

static void close_broken(void *state) {
    (void)state;
}

static size_t bound_broken(void *state, size_t size) {
    (void)state;
    return size;
}

/* One byte is all that it makes of a body. */
static size_t run_broken(void *state, char *out, size_t room, const char *bytes, size_t size) {
    assert_int_equal(*(const int *)state, 5);
    assert_int_equal(room, size);
    out[0] = bytes[0];
    return strcmp(broken, "run") == 0 ? 0 : 1;
}

static void test_broken(void **state) {
    static const siem_compression compression = {"broken",     9,         open_broken, close_broken,
                                                 bound_broken, run_broken};
    siem_compressors *compressors;
    siem_body body = {0};
    siem_error err;
    (void)state;
    broken = "open";
    assert_int_equal(siem_compressors_open(&compressors, &compression, 5, &err), SIEM_NO_MEMORY);
    assert_null(compressors);
    broken = "run";
    assert_ok(siem_compressors_open(&compressors, &compression, 5, &err));
    siem_body_add(&body, "abc", 3);
    assert_int_equal(siem_compressors_run(compressors, &body, &err), SIEM_NO_MEMORY);
    assert_string_equal(err.message, "out of memory");
    assert_int_equal(body.size, 3); /* which is still as it was */
    assert_null(body.encoding);
    broken = "";
    assert_ok(siem_compressors_run(compressors, &body, &err));
    assert_int_equal(body.size, 1);
    assert_memory_equal(body.pieces[0].bytes, "a", 1);
    siem_body_free(&body);
    siem_compressors_close(compressors);
}

/* Bytes that do not fit are none. */
static void test_room(void **state) {
    siem_buffer text = {0};
    char out[8];
    (void)state;
    fill(&text, 10000);
    siem_compressor *compressor = open_compressor("gzip", 1);
    for (size_t room = 0; room <= sizeof out; room++) {
        assert_int_equal(siem_compression_gzip.run(compressor->state, out, room, text.bytes, 10000),
                         0);
    }
    siem_compressor_close(compressor);
    siem_buffer_free(&text);
}

/* ---- several threads ---- */

typedef struct compressing {
    siem_compressors *compressors;
    const siem_buffer *text;
    siem_body body;
    siem_error failure;
} compressing;

/* Compresses the halves of a text, which are two pieces, again and again. */
static void *compress_often(void *context) {
    compressing *c = context;
    size_t half = c->text->size / 2;
    for (int i = 0; i < 20; i++) {
        siem_body_free(&c->body);
        siem_body_add(&c->body, c->text->bytes + half, c->text->size - half);
        siem_body_add(&c->body, c->text->bytes, half);
        if (siem_compressors_run(c->compressors, &c->body, &c->failure) != SIEM_OK) return NULL;
    }
    return c;
}

static void test_threads(void **state) {
    siem_compressors *compressors;
    siem_buffer text = {0}, turned = {0};
    compressing all[4];
    pthread_t threads[4];
    (void)state;
    assert_ok(siem_compressors_open(&compressors, siem_compression_find("gzip"), 1, &err));
    assert_string_equal(siem_compressors_encoding(compressors), "gzip");
    fill(&text, 50000);
    siem_buffer_add(&turned, text.bytes + 25000, 25000);
    siem_buffer_add(&turned, text.bytes, 25000);
    for (size_t i = 0; i < 4; i++) {
        all[i] = (compressing){.compressors = compressors, .text = &text};
        assert_int_equal(pthread_create(&threads[i], NULL, compress_often, &all[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        if (result == NULL) fail_msg("%s", all[i].failure.message);
        assert_decodes(&all[i].body.own, &turned);
        assert_int_equal(all[i].body.count, 1);
        assert_int_equal(all[i].body.plain_size, 50000);
        assert_true(all[i].body.own.capacity < 50000); /* no more than it takes */
        assert_string_equal(all[i].body.encoding, "gzip");
        siem_body_free(&all[i].body);
    }
    siem_compressors_rest(compressors);
    assert_non_null(compress_often(&all[0]));
    siem_body_free(&all[0].body);
    siem_compressors_close(compressors);
    siem_compressors_close(NULL);
    siem_buffer_free(&text);
    siem_buffer_free(&turned);
}

static void test_names(void **state) {
    (void)state;
    assert_null(siem_compression_find(""));
    assert_null(siem_compression_find("none"));
    assert_null(siem_compression_find("GZIP"));
    assert_null(siem_compression_find("gzip, gzip"));
}

/* One byte more than the bound is too long, however few it came in. */
static void test_bound(void **state) {
    siem_buffer text = {0}, out = {0}, compressed = {0}, two = {0};
    siem_error err;
    (void)state;
    for (size_t size = 1; size <= 1 << 20; size = size * 4 + 1) {
        fill(&text, size);
        compress(&compressed, &text);
        assert_int_equal(decode(&out, compressed.bytes, compressed.size, "gzip", size, &err),
                         SIEM_OK);
        assert_int_equal(out.size, size);
        assert_int_equal(decode(&out, compressed.bytes, compressed.size, "gzip", size - 1, &err),
                         SIEM_INVALID);
        char message[64];
        (void)snprintf(message, sizeof message, "the answer is longer than %zu KiB",
                       (size - 1) / 1024);
        assert_string_equal(err.message, message);
        assert_int_equal(out.size, 0);
        two.size = 0; /* members share the bound */
        siem_buffer_add(&two, compressed.bytes, compressed.size);
        siem_buffer_add(&two, compressed.bytes, compressed.size);
        assert_int_equal(decode(&out, two.bytes, two.size, "x-gzip", 2 * size, &err), SIEM_OK);
        assert_int_equal(out.size, 2 * size);
        assert_memory_equal(out.bytes + size, text.bytes, size);
        assert_int_equal(decode(&out, two.bytes, two.size, "gzip", 2 * size - 1, &err),
                         SIEM_INVALID);
    }
    siem_buffer_free(&text);
    siem_buffer_free(&out);
    siem_buffer_free(&compressed);
    siem_buffer_free(&two);
}

static void assert_damaged(const siem_buffer *body, size_t size) {
    siem_buffer out = {0};
    siem_error err;
    assert_int_equal(decode(&out, body->bytes, size, "gzip", MOST, &err), SIEM_INVALID);
    assert_string_equal(err.message,
                        "the answer is not the gzip that its Content-Encoding says, or "
                        "ends within it");
    assert_int_equal(out.size, 0);
}

/* Cut anywhere, and with a byte more. */
static void test_cut(void **state) {
    siem_buffer text = {0}, body = {0};
    (void)state;
    fill(&text, 2000);
    compress(&body, &text);
    for (size_t cut = 1; cut < body.size; cut++) assert_damaged(&body, cut);
    siem_buffer_add_char(&body, 'x');
    assert_damaged(&body, body.size);
    siem_buffer_free(&text);
    siem_buffer_free(&body);
}

/* A bit that is another one is found, or has no meaning: it is in the header, which has ten bytes,
 * or fills up the last byte before the check sum. */
static void test_flipped(void **state) {
    siem_buffer text = {0}, body = {0}, out = {0};
    siem_error err;
    size_t unnoticed = 0;
    (void)state;
    fill(&text, 2000);
    compress(&body, &text);
    for (size_t bit = 8 * 10; bit < 8 * body.size; bit++) {
        body.bytes[bit / 8] = (char)(body.bytes[bit / 8] ^ 1 << bit % 8);
        if (decode(&out, body.bytes, body.size, "gzip", MOST, &err) == SIEM_OK) {
            assert_int_equal(bit / 8, body.size - 9);
            assert_memory_equal(out.bytes, text.bytes, text.size);
            unnoticed++;
        }
        body.bytes[bit / 8] = (char)(body.bytes[bit / 8] ^ 1 << bit % 8);
    }
    assert_true(unnoticed < 8);
    siem_buffer_free(&text);
    siem_buffer_free(&body);
    siem_buffer_free(&out);
}

/* "deflate" with the header of zlib, and without. */
static void test_deflate(void **state) {
    static const char zlib[] = "\x78\x9c\x4b\x04\x00\x00\x62\x00\x62";
    siem_buffer out = {0};
    (void)state;
    assert_ok(decode(&out, zlib, sizeof zlib - 1, "Deflate", MOST, &err));
    assert_int_equal(out.size, 1);
    assert_memory_equal(out.bytes, "a", 1);
    assert_ok(decode(&out, zlib + 2, sizeof zlib - 7, "deflate", MOST, &err));
    assert_int_equal(out.size, 1);
    siem_buffer_free(&out);
}

static void test_others(void **state) {
    siem_buffer out = {0};
    siem_error err;
    (void)state;
    assert_ok(decode(&out, "plain", 5, "", MOST, &err));
    assert_ok(decode(&out, "plain", 5, "Identity", MOST, &err));
    assert_memory_equal(out.bytes, "plain", 5);
    assert_ok(decode(&out, "", 0, "br", MOST, &err));
    assert_int_equal(decode(&out, "plain", 5, "br", MOST, &err), SIEM_INVALID);
    assert_string_equal(err.message,
                        "the answer is encoded as 'br': only gzip and deflate can be read");
    assert_int_equal(out.size, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),  cmocka_unit_test(test_again),
        cmocka_unit_test(test_broken),  cmocka_unit_test(test_room),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_names),
        cmocka_unit_test(test_bound),   cmocka_unit_test(test_cut),
        cmocka_unit_test(test_flipped), cmocka_unit_test(test_deflate),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
