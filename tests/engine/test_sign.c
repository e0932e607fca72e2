/* test_sign.c: signatures computed with another implementation:
 * printf '<string to sign>' | openssl dgst -sha256 -mac HMAC -macopt hexkey:<key> -binary | base64
 */
#include "testing.h"

#include <string.h>

#define KEY "bm90IGEgcmVhbCBrZXksIG9ubHkgYnl0ZXM=" /* "not a real key, only bytes" */

static siem_code sign(char *out, size_t capacity, siem_sentinel_request request, siem_error *err) {
    return siem_sentinel_authorization(out, capacity, &request, err);
}

static void test_vectors(void **state) {
    char header[256];
    (void)state;
    assert_ok(sign(header, sizeof header,
                   (siem_sentinel_request){.workspace_id = "ws-1",
                                           .shared_key = KEY,
                                           .content_length = 1024,
                                           .date = "Mon, 15 Jan 2024 10:00:00 GMT"},
                   &err));
    assert_string_equal(header, "SharedKey ws-1:M/Me8Gxzxd7H8F32yK+X6Y7RZAqfNvwuzbjUNO3dDHU=");
    assert_ok(sign(header, sizeof header,
                   (siem_sentinel_request){.workspace_id = "w",
                                           .shared_key = KEY,
                                           .date = "d",
                                           .method = "PUT",
                                           .content_type = "text/plain",
                                           .resource = "/r"},
                   &err));
    assert_string_equal(header, "SharedKey w:8CRDqfgAqT9H2z06TKu2Eujb1Ynwb81t43Qmd/hHbIo=");
}

/* Keys that end with two, with one and without '='. */
static void test_padding(void **state) {
    static const char *const cases[][2] = {
        {"YQ==", "SharedKey w:s61MwTZDjoGwrKqKEwnow+CtulHaSib19pDx2juYMco="},
        {"YWJj", "SharedKey w:z5Ig84xGsI//8ZDJkdOgmuT8c9IASXWj9zc7u/gnqB4="},
        /* As many bytes as HMAC takes without a hash, and one more. */
        {"AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09rh6O/2/QQLEhkgJy41PENKUVhfZm10e4KJkJeepayzug==",
         "SharedKey w:FmNHc05hZTGJqi+rbvgC9YB7tInUJp1t0rYgSsU9qrs="},
        {"AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09rh6O/2/QQLEhkgJy41PENKUVhfZm10e4KJkJeepayzusE=",
         "SharedKey w:gGkzdO934vSSN0riBuzkyD3WqhmLH8xAU+2wWaDvQ3Y="},
    };
    char header[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(sign(
            header, sizeof header,
            (siem_sentinel_request){
                .workspace_id = "w", .shared_key = cases[i][0], .content_length = 7, .date = "d"},
            &err));
        assert_string_equal(header, cases[i][1]);
    }
}

static void assert_refused(siem_sentinel_request request, const char *part) {
    char header[256];
    siem_error err = {0};
    assert_int_equal(sign(header, sizeof header, request, &err), SIEM_INVALID);
    if (strstr(err.message, part) == NULL) fail_msg("'%s' lacks '%s'", err.message, part);
    if (request.shared_key != NULL && request.shared_key[0] != '\0') {
        assert_null(strstr(err.message, request.shared_key));
    }
}

static void test_wrong_requests(void **state) {
    static const char *const keys[] = {"", "abc", "abc!", "ab=c", "a===", "YWJj\n", "YW Jj"};
    siem_sentinel_request good = {.workspace_id = "w", .shared_key = KEY, .date = "d"};
    siem_sentinel_request request;
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        request = good;
        request.shared_key = keys[i];
        assert_refused(request, "base64");
    }
    request = good;
    request.content_length = -1;
    assert_refused(request, "-1 is negative");
    request = good;
    request.date = "d\r\nX: y";
    assert_refused(request, "line break");
    request = good;
    request.workspace_id = NULL;
    assert_refused(request, "workspace id");
    request = good;
    request.shared_key = NULL;
    assert_refused(request, "key is missing");
}

/* The header fits exactly, or not at all. */
static void test_buffer(void **state) {
    const size_t enough = sizeof "SharedKey w:s61MwTZDjoGwrKqKEwnow+CtulHaSib19pDx2juYMco=";
    const siem_sentinel_request request = {
        .workspace_id = "w", .shared_key = "YQ==", .content_length = 7, .date = "d"};
    char header[256] = "untouched";
    siem_error err;
    (void)state;
    assert_int_equal(sign(header, 0, request, &err), SIEM_INVALID);
    assert_string_equal(header, "untouched");
    assert_int_equal(sign(header, enough - 1, request, &err), SIEM_INVALID);
    assert_ok(sign(header, enough, request, &err));
    assert_int_equal(strlen(header), enough - 1);
    assert_int_equal(sign(header, 1, (siem_sentinel_request){0}, &err), SIEM_INVALID);
    assert_string_equal(header, "");
}

static void test_small_buffer(void **state) {
    char header[16];
    siem_error err;
    siem_sentinel_request request = {.workspace_id = "w", .shared_key = KEY, .date = "d"};
    (void)state;
    assert_int_equal(sign(header, sizeof header, request, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "the header needs a buffer of 57 bytes"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_wrong_requests), cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_small_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
