/* test_response.c: answers that are bounded while they come, and judged when they are there. */
#include "sink/http/response.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static siem_response response;

static void begin(int status, size_t most, const char *body) {
    siem_response_begin(&response, most);
    response.status = status;
    (void)siem_response_add(&response, body, strlen(body));
}

static void finish(const char *encoding, const char *fault, const char *body) {
    siem_response_finish(&response, encoding);
    siem_buffer_add_char(&response.body, '\0');
    assert_string_equal(response.fault, fault);
    assert_string_equal(response.body.bytes, body);
    siem_buffer_free_secret(&response.body);
}

static void test_begin(void **state) {
    (void)state;
    response = (siem_response){.status = 7,
                               .retry_after = 3,
                               .server = "s",
                               .fault = "f",
                               .remedy = "r",
                               .head_size = 9,
                               .is_cut = true,
                               .repeats_secret = true};
    siem_response_begin(&response, 5);
    assert_int_equal(response.status, 0);
    assert_true(response.retry_after == -1);
    assert_string_equal(response.server, "");
    assert_string_equal(response.fault, "");
    assert_null(response.remedy);
    assert_int_equal(response.head_size, 0);
    assert_int_equal(response.most, 5);
    assert_false(response.is_cut || response.repeats_secret);
}

static void test_head(void **state) {
    (void)state;
    siem_response_begin(&response, 5);
    assert_true(siem_response_add_head(&response, 32768));
    assert_true(siem_response_add_head(&response, 32768));
    assert_string_equal(response.fault, "");
    assert_false(siem_response_add_head(&response, 1));
    assert_string_equal(response.fault, "the headers of the answer are longer than 64 KiB");
}

static void test_size(void **state) {
    (void)state;
    siem_response_begin(&response, 4096);
    response.status = 200;
    assert_true(siem_response_add(&response, "ab", 2));
    assert_true(siem_response_add(&response, "cd", 2));
    assert_false(response.is_cut);
    finish("", "", "abcd");
    siem_response_begin(&response, 2048);
    response.status = 200;
    char text[2049];
    memset(text, 'x', 2048);
    text[2048] = '\0';
    assert_true(siem_response_add(&response, text, 2048));
    assert_false(siem_response_add(&response, "y", 1));
    finish("", "HTTP 200, but the answer is longer than 2 KiB", text);
    /* There is always room for a NUL: an answer may be secret, and is not copied for one. */
    for (size_t size = 1; size <= 1024; size *= 2) {
        siem_response_begin(&response, 2048);
        assert_true(siem_response_add(&response, text, size));
        assert_true(response.body.capacity > response.body.size);
        siem_buffer_free_secret(&response.body);
    }
}

/* Any other status says enough alone; of what is encoded, a beginning says nothing. */
static void test_cut(void **state) {
    (void)state;
    begin(503, 4, "abcdef");
    finish("", "", "abcd");
    begin(299, 1024, "");
    response.is_cut = true;
    finish("gzip", "HTTP 299, but the answer is longer than 1 KiB", "");
    begin(300, 4, "abcdef");
    finish("br", "", "");
    begin(199, 4, "abcdef");
    finish("", "", "abcd");
}

static void test_encoding(void **state) {
    (void)state;
    begin(200, 64, "abc");
    finish("identity", "", "abc");
    begin(200, 64, "abc");
    siem_response_finish(&response, "nothing-known");
    assert_memory_equal(response.fault, "HTTP 200, but ", 14);
    siem_buffer_free_secret(&response.body);
    begin(404, 64, "abc");
    siem_response_finish(&response, "nothing-known");
    assert_string_equal(response.fault, "");
    siem_buffer_free_secret(&response.body);
}

/* With 32 bytes a value, 128 bytes hold four. */
static void test_values(void **state) {
    static const char fault[] = "HTTP 200, but the answer has more than 4 values";
    static const struct {
        const char *body;
        bool is_taken;
    } cases[] = {
        {"[1,2,3]", true},
        {"[1,2,3,4]", false},
        {" \t\r\n[1,2,3,4]", false},
        {"{\"a\":[{}]}", true},
        {"{\"a\":[{},{}]}", false},
        {"{\"a\":\",,,,[[[[{{{{\"}", true},
        {"{\"a\":\"\\\",,,,,\"}", true},
        {"{\"a\":\"\\\\\",\"b\":1,\"c\":2,\"d\":3}", false},
        {"plain, text, with, many, commas", true},
        {"", true},
        {"  ", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(200, 128, cases[i].body);
        finish("", cases[i].is_taken ? "" : fault, cases[i].is_taken ? cases[i].body : "");
    }
    begin(500, 128, "[1,2,3,4]");
    finish("", "", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begin),    cmocka_unit_test(test_head),
        cmocka_unit_test(test_size),     cmocka_unit_test(test_cut),
        cmocka_unit_test(test_encoding), cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
