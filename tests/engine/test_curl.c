/* test_curl.c: libcurl from its first use to its last: where it is missing, and whose memory it
 * uses. */
#include "base/curl.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* ---- a machine without it ---- */

/* No file can be opened, so none can be loaded. */
static const char *check_missing(void) {
    static siem_error err;
    if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){0}) != 0) return "files can still be opened";
    if (siem_curl_open(&err) != SIEM_IO) return "it opens";
    bool is_named = strstr(err.message, "cannot load libcurl.so.4: install Debian's package "
                                        "libcurl4 (") != NULL;
    return is_named ? NULL : err.message;
}

static void test_missing(void **state) {
    (void)state;
    assert_true(test_in_child("without libcurl", check_missing));
}

/* ---- its memory ---- */

static size_t copies[2]; /* that each of two allocators made */

static char *copy_first(const char *text) {
    copies[0]++;
    return strdup(text);
}

static char *copy_second(const char *text) {
    copies[1]++;
    return strdup(text);
}

static const siem_curl_memory first = {malloc, free, realloc, copy_first, calloc},
                              second = {malloc, free, realloc, copy_second, calloc};

/* Which allocator libcurl makes a list with. */
static const siem_curl_memory *used_memory(void) {
    size_t before = copies[0] + copies[1], of_first = copies[0];
    struct curl_slist *list = siem_curl.slist_append(NULL, "X-Key: 1");
    assert_non_null(list);
    assert_string_equal(list->data, "X-Key: 1");
    siem_curl.slist_free_all(list);
    if (copies[0] + copies[1] == before) return NULL;
    return copies[0] > of_first ? &first : &second;
}

/* It is set by the first open, and stays until the last close. */
static void test_memory(void **state) {
    (void)state;
    siem_curl_use_memory(&first);
    assert_ok(siem_curl_open(&err));
    assert_ptr_equal(used_memory(), &first);
    siem_curl_use_memory(&second);
    assert_ok(siem_curl_open(&err));
    assert_ptr_equal(used_memory(), &first);
    siem_curl_close();
    assert_ptr_equal(used_memory(), &first);
    siem_curl_close();
    assert_ok(siem_curl_open(&err));
    assert_ptr_equal(used_memory(), &second);
    siem_curl_close();
    siem_curl_use_memory(NULL);
    assert_ok(siem_curl_open(&err));
    assert_null(used_memory());
    siem_curl_close();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_missing),
                                       cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests_name("curl", tests, NULL, NULL);
}
