/* test_zstd.c: bodies in Zstandard, which its own library reads back. */
#include "sink/http/compression.h"
#include "testing.h"

#include <stdio.h>
#include <zstd.h>

/* So many bytes that look like records. */
static void fill(siem_buffer *text, size_t size) {
    unsigned random = 7;
    text->size = 0;
    while (text->size < size) {
        char line[96];
        random = random * 1103515245 + 12345;
        int length =
            snprintf(line, sizeof line, "{\"id\":%zu,\"user\":\"user-%u@example.com\",\"n\":%u}\n",
                     text->size, random >> 22, random >> 12 & 15);
        siem_buffer_add(text, line, (size_t)length);
    }
    text->size = size;
}

static void assert_decodes(const siem_buffer *compressed, const siem_buffer *text) {
    siem_buffer out = {0};
    assert_true(siem_buffer_reserve(&out, text->size));
    size_t size = ZSTD_decompress(out.bytes, text->size, compressed->bytes, compressed->size);
    assert_int_equal(size, text->size);
    assert_memory_equal(out.bytes, text->bytes, size);
    siem_buffer_free(&out);
}

static void test_levels(void **state) {
    const siem_compression *zstd = siem_compression_find("zstd");
    siem_buffer text = {0}, out = {0};
    size_t fastest = 0;
    (void)state;
    for (int level = 1; level <= zstd->most; level += 3) {
        siem_compressor *compressor;
        assert_ok(siem_compressor_open(&compressor, zstd, level, &err));
        for (size_t length = 1; length <= 1 << 18; length *= 8) {
            fill(&text, length);
            assert_ok(siem_compressor_run(compressor, &out, text.bytes, text.size, &err));
            assert_decodes(&out, &text);
        }
        if (level == 1) fastest = out.size;
        assert_true(out.size < text.size / 2);
        siem_compressor_close(compressor);
    }
    assert_true(out.size < fastest);
    siem_buffer_free(&text);
    siem_buffer_free(&out);
}

/* RFC 9659: a receiver need not have more than 8 MiB, whatever the level and the size. */
static void test_window(void **state) {
    const size_t size = (size_t)9 << 20;
    siem_buffer text = {0}, out = {0};
    siem_compressor *compressor;
    const siem_compression *zstd = siem_compression_find("zstd");
    (void)state;
    assert_true(siem_buffer_reserve(&text, size));
    memset(text.bytes, 'x', size);
    text.size = size;
    assert_ok(siem_compressor_open(&compressor, zstd, zstd->most, &err));
    assert_ok(siem_compressor_run(compressor, &out, text.bytes, text.size, &err));
    assert_decodes(&out, &text);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    char some[256];
    ZSTD_inBuffer from = {out.bytes, out.size, 0};
    ZSTD_outBuffer to = {some, sizeof some, 0};
    assert_false(ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23)));
    assert_false(ZSTD_isError(ZSTD_decompressStream(context, &to, &from)));
    (void)ZSTD_freeDCtx(context);
    siem_compressor_close(compressor);
    siem_buffer_free(&text);
    siem_buffer_free(&out);
}

/* Bytes that do not fit are none. */
static void test_room(void **state) {
    siem_buffer text = {0};
    siem_compressor *compressor;
    char out[8];
    (void)state;
    fill(&text, 10000);
    assert_ok(siem_compressor_open(&compressor, &siem_compression_zstd, 1, &err));
    for (size_t room = 0; room <= sizeof out; room++) {
        assert_int_equal(siem_compression_zstd.run(compressor->state, out, room, text.bytes, 10000),
                         0);
    }
    siem_compressor_close(compressor);
    siem_buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels), cmocka_unit_test(test_window),
                                       cmocka_unit_test(test_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
