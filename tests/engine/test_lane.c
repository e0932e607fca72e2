/* test_lane.c: lanes keep apart what was promised on them. */
#include "sink/http/lane.h"

#include "base/curl.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static void a_lane_has_a_mark_and_cookies_of_its_own(void **state) {
    siem_lane *list = NULL, *first, *second;
    (void)state;
    assert_ok(siem_lane_take(&first, &list, &err));
    assert_ok(siem_lane_take(&second, &list, &err));
    assert_int_equal(strlen(siem_lane_mark(first)), 12);
    assert_int_equal(strspn(siem_lane_mark(first), "0123456789abcdef"), 12);
    assert_string_not_equal(siem_lane_mark(first), siem_lane_mark(second));
    assert_ptr_not_equal(siem_lane_cookies(first), siem_lane_cookies(second));
    siem_lane_close(first);
    siem_lane_close(second);
    siem_lane_close(NULL);
}

static void what_is_given_back_is_taken_again(void **state) {
    siem_lane *list = NULL, *lane, *again, *other;
    char mark[13];
    (void)state;
    assert_ok(siem_lane_take(&lane, &list, &err));
    (void)strcpy(mark, siem_lane_mark(lane));
    siem_lane_give(NULL, &list);
    siem_lane_give(lane, &list);
    assert_ok(siem_lane_take(&again, &list, &err));
    assert_string_equal(siem_lane_mark(again), mark);
    assert_ok(siem_lane_take(&other, &list, &err));
    siem_lane_give(again, &list);
    siem_lane_give(other, &list);
    siem_lane_close(list); /* both */
}

static void a_lane_that_is_renewed_is_another_one(void **state) {
    siem_lane *list = NULL, *lane;
    char mark[13];
    (void)state;
    assert_ok(siem_lane_take(&lane, &list, &err));
    (void)strcpy(mark, siem_lane_mark(lane));
    assert_ok(siem_lane_renew(lane, &err));
    assert_string_not_equal(siem_lane_mark(lane), mark);
    siem_lane_close(lane);
}

static CURL *open_transfer(const siem_lane *lane) {
    CURL *transfer = siem_curl.easy_init();
    assert_non_null(transfer);
    assert_int_equal(siem_curl.easy_setopt(transfer, CURLOPT_SHARE, siem_lane_cookies(lane)),
                     CURLE_OK);
    return transfer;
}

/* The cookies of a transfer, and the bytes of their lines. */
static size_t count_cookies(CURL *transfer, size_t *bytes) {
    struct curl_slist *cookies = NULL;
    size_t count = 0;
    *bytes = 0;
    assert_int_equal(siem_curl.easy_getinfo(transfer, CURLINFO_COOKIELIST, &cookies), CURLE_OK);
    for (const struct curl_slist *at = cookies; at != NULL; at = at->next) {
        count++;
        *bytes += strlen(at->data);
    }
    siem_curl.slist_free_all(cookies);
    return count;
}

/* The cookies of a lane that got so many of so many bytes each, after the lane was trimmed; and the
 * bytes of all before. */
static size_t cookies_left(size_t count, size_t bytes, size_t *all) {
    siem_lane *list = NULL, *lane;
    char cookie[8192];
    size_t left, left_bytes;
    assert_ok(siem_lane_take(&lane, &list, &err));
    CURL *transfer = open_transfer(lane);
    for (size_t i = 0; i < count; i++) {
        CURL *before = open_transfer(lane); /* one transfer takes no more than 50 */
        (void)snprintf(cookie, sizeof cookie, "Set-Cookie: c%zu=%0*d; domain=example.org; path=/",
                       i, (int)bytes, 0);
        assert_int_equal(siem_curl.easy_setopt(before, CURLOPT_COOKIELIST, cookie), CURLE_OK);
        siem_curl.easy_cleanup(before);
    }
    assert_int_equal(count_cookies(transfer, all), count);
    siem_lane_trim(lane, transfer);
    left = count_cookies(transfer, &left_bytes);
    siem_curl.easy_cleanup(transfer);
    siem_lane_close(lane);
    return left;
}

/* A server that sets more than balancers do loses them all. */
static void cookies_have_a_bound(void **state) {
    size_t all, most = (size_t)16 << 10;
    (void)state;
    assert_int_equal(cookies_left(0, 0, &all), 0);
    assert_int_equal(cookies_left(50, 10, &all), 50);
    assert_int_equal(cookies_left(51, 10, &all), 0);
    assert_int_equal(cookies_left(4, 1000, &all), 4);
    size_t bytes = 1000 + (most - all) / 4;
    assert_int_equal((most - all) % 4, 0);
    assert_int_equal(cookies_left(4, bytes, &all), 4);
    assert_int_equal(all, most);
    assert_int_equal(cookies_left(4, bytes + 1, &all), 0);
}

static int open_curl(void **state) {
    (void)state;
    return siem_curl_open(NULL) == SIEM_OK ? 0 : -1;
}

static int close_curl(void **state) {
    (void)state;
    siem_curl_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane_has_a_mark_and_cookies_of_its_own),
        cmocka_unit_test(what_is_given_back_is_taken_again),
        cmocka_unit_test(a_lane_that_is_renewed_is_another_one),
        cmocka_unit_test(cookies_have_a_bound),
    };
    return cmocka_run_group_tests(tests, open_curl, close_curl);
}
