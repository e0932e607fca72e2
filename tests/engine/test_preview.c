/* test_preview.c: requests that are shown instead of sent. */
#include "sink/http/preview.h"

#include "base/error.h"
#include "testing.h"

#include <string.h>

static siem_sink sink;
static char shown[1024];
static size_t times;
static bool is_needed, fails, is_broken;

static void show(void *context, const char *bytes, size_t size) {
    assert_ptr_equal(context, &sink);
    assert_true(size < sizeof shown);
    memcpy(shown, bytes, size);
    shown[size] = '\0';
    times++;
}

static bool needs(siem_sink *of) {
    assert_ptr_equal(of, &sink);
    return is_needed;
}

static siem_code write_login(siem_sink *of, siem_request *request, siem_error *err) {
    assert_ptr_equal(of, &sink);
    siem_request_set_url(request, "http://127.0.0.1/login");
    siem_request_add_header(request, true, "Authorization: Basic czNjcmV0");
    if (is_broken) request->url.failed = true; /* as without memory */
    return fails ? siem_error_set(err, SIEM_HELD, "no credentials") : SIEM_OK;
}

static const siem_protocol protocol = {.needs_prelude = needs, .write_prelude = write_login};

static siem_code preview(siem_error *err) {
    shown[0] = '\0';
    times = 0;
    sink.preview = show;
    sink.preview_context = &sink;
    return siem_preview_prelude(&sink, &protocol, err);
}

static void test_login(void **state) {
    (void)state;
    is_needed = true;
    assert_ok(preview(&err));
    assert_int_equal(times, 1);
    test_has(shown, "POST ");
    test_has(shown, "/login");
    test_has(shown, "Authorization: ");
    assert_null(strstr(shown, "czNjcmV0"));
}

/* Nothing is asked that is not needed, or of a target that has no such request. */
static void test_no_login(void **state) {
    static const siem_protocol none = {.write_prelude = write_login};
    (void)state;
    is_needed = false;
    assert_ok(preview(&err));
    assert_int_equal(times, 0);
    assert_ok(siem_preview_prelude(&sink, &none, &err));
    assert_int_equal(times, 0);
}

/* A request that cannot be written is not shown in part. */
static void test_failing(void **state) {
    siem_error failure = {0};
    (void)state;
    is_needed = fails = true;
    assert_int_equal(preview(&failure), SIEM_HELD);
    assert_string_equal(failure.message, "no credentials");
    assert_int_equal(times, 0);
    fails = false;
    is_broken = true;
    assert_int_equal(preview(&failure), SIEM_NO_MEMORY);
    assert_int_equal(times, 0);
    is_broken = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_login),
                                       cmocka_unit_test(test_no_login),
                                       cmocka_unit_test(test_failing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
