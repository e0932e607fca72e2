/* test_header.c: headers that somebody gives, and those that they may not be. */
#include "sink/http/header.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static siem_request request;

static void test_taken(void **state) {
    static const char *const taken[] = {
        "X-Key: value",        "x:y",        "A1!#$%&'*+-.^_`|~: v", "X-Tab:\ta\tb",
        "X-Space: a  b ",      "Hosts: h",   "Content-Length-X: 1",  "X-Content-Length: 1",
        "X-High: caf\xc3\xa9", "X-Colon: :", "Cookie: a=b",
    };
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        assert_ok(siem_header_check(taken[i], &err));
    }
}

static void test_refused(void **state) {
    static const struct {
        const char *header, *message;
    } cases[] = {
        {"", "header is 'Name: value'"},
        {"X-Key", "header is 'Name: value'"},
        {": value", "header is 'Name: value'"},
        {"X Key: value", "header is 'Name: value'"},
        {" X-Key: value", "header is 'Name: value'"},
        {"X-Key : value", "header is 'Name: value'"},
        {"X\nKey: value", "header is 'Name: value'"},
        {"caf\xc3\xa9: value", "header is 'Name: value'"},
        {"X-Key:", "header X-Key has no value"},
        {"X-Key: \t ", "header X-Key has no value"},
        {"X-Key: a\nb", "header X-Key holds a control character"},
        {"X-Key: a\rb", "header X-Key holds a control character"},
        {"X-Key: a\x7f", "header X-Key holds a control character"},
        {"HOST: h", "header HOST belongs to the transport, which sets it: omit it"},
        {"transfer-encoding: x",
         "header transfer-encoding belongs to the transport, which sets it: omit it"},
        {"Proxy-Authorization: x",
         "header Proxy-Authorization belongs to the transport, which sets it: omit it, and put the "
         "proxy's credentials into its URL"},
    };
    siem_error failure;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(siem_header_check(cases[i].header, &failure), SIEM_INVALID);
        assert_string_equal(failure.message, cases[i].message);
        assert_string_equal(failure.options[0], "header");
    }
}

/* All of the transport's own. */
static void test_transports(void **state) {
    static const char *const names[] = {
        "Connection", "Content-Encoding", "Content-Length",
        "Expect",     "HTTP2-Settings",   "Keep-Alive",
        "TE",         "Trailer",          "Proxy-Connection",
        "Upgrade",
    };
    char header[64];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(header, sizeof header, "%s: 1", names[i]);
        assert_int_equal(siem_header_check(header, NULL), SIEM_INVALID);
    }
}

/* A header that is not known to be harmless is secret; one that is not a list comes once. */
static void test_added(void **state) {
    siem_error failure;
    siem_buffer out = {0};
    (void)state;
    siem_request_clear(&request);
    siem_request_set_url(&request, "http://h");
    assert_false(siem_header_is_in(&request, "x-key"));
    assert_ok(siem_header_add(&request, "X-Key: s3cret", &err));
    assert_ok(siem_header_add(&request, "X-Key: s3cret2", &err));
    assert_ok(siem_header_add(&request, "Accept: text/plain", &err));
    assert_ok(siem_header_add(&request, "Content-TYPE: text/plain", &err));
    assert_ok(siem_header_add(&request, "Authorization: Bearer s3cret", &err));
    assert_true(siem_header_is_in(&request, "x-key"));
    assert_true(siem_header_is_in(&request, "ACCEPT"));
    assert_true(siem_header_is_in(&request, "authorization"));
    assert_false(siem_header_is_in(&request, "x"));
    assert_false(siem_header_is_in(&request, "text/plain"));
    assert_int_equal(siem_header_add(&request, "content-type: x", &failure), SIEM_INVALID);
    assert_string_equal(failure.message, "header content-type is given twice");
    assert_int_equal(siem_header_add(&request, "AUTHORIZATION: x", &failure), SIEM_INVALID);
    assert_int_equal(siem_header_add(&request, "Host: x", &failure), SIEM_INVALID);
    siem_request_print(&request, &out);
    siem_buffer_add_char(&out, '\0');
    assert_string_equal(out.bytes, "POST http://h\nX-Key: ****\nX-Key: ****\nAccept: text/plain\n"
                                   "Content-TYPE: text/plain\nAuthorization: Bearer ****\n\n");
    siem_buffer_free(&out);
    siem_request_free(&request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_transports),
        cmocka_unit_test(test_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
