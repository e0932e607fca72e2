/* web.c: libcurl, one request at a time. */
#include "evidence/web.h"

#include "base/clock.h"
#include "base/curl.h"
#include "base/error.h"

#include <poll.h>

#define MOST_ANSWER     ((size_t)64 << 20)
#define TRIES           4
#define CONNECT_SECONDS 15L
#define STILL_SECONDS   30L /* without a byte */
#define ASK_SECONDS     0.1

/* Calls `go_on`, not too often. */
static bool goes_on(siem_web *web) {
    double now = siem_clock();
    if (web->go_on == NULL || web->is_stopped || now - web->asked < ASK_SECONDS) {
        return !web->is_stopped;
    }
    web->asked = now;
    web->is_stopped = !web->go_on(web->go_on_context);
    return !web->is_stopped;
}

static int progress(void *context, curl_off_t total, curl_off_t had, curl_off_t all,
                    curl_off_t sent) {
    (void)total, (void)had, (void)all, (void)sent;
    return goes_on(context) ? 0 : 1;
}

static size_t take(char *bytes, size_t one, size_t size, void *context) {
    siem_web *web = context;
    (void)one;
    web->is_too_large = web->out->size + size > MOST_ANSWER;
    if (web->is_too_large) return 0;
    siem_buffer_add(web->out, bytes, size);
    return web->out->failed ? 0 : size;
}

siem_code siem_web_open(siem_web *web, siem_registry_go_on go_on, void *context, siem_error *err) {
    *web = (siem_web){.go_on = go_on, .go_on_context = context};
    siem_code rc = siem_curl_open(err);
    if (rc != SIEM_OK) return rc;
    CURL *easy = web->easy = siem_curl.easy_init();
    if (easy == NULL) {
        siem_curl_close();
        return siem_error_no_memory(err);
    }
    (void)siem_curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)siem_curl.easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    (void)siem_curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L); /* a library sets no handlers */
    (void)siem_curl.easy_setopt(easy, CURLOPT_USERAGENT, "oversight-siem/" SIEM_VERSION);
    (void)siem_curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    (void)siem_curl.easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)siem_curl.easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STILL_SECONDS);
    (void)siem_curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, web->problem);
    (void)siem_curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    (void)siem_curl.easy_setopt(easy, CURLOPT_WRITEDATA, web);
    (void)siem_curl.easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, progress);
    (void)siem_curl.easy_setopt(easy, CURLOPT_XFERINFODATA, web);
    (void)siem_curl.easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    return SIEM_OK;
}

void siem_web_close(siem_web *web) {
    if (web->easy == NULL) return;
    siem_curl.easy_cleanup(web->easy);
    siem_curl_close();
    web->easy = NULL;
}

/* Asks once. SIEM_UNAVAILABLE: again may help. */
static siem_code ask(siem_web *web, const char *url, siem_error *err) {
    long status = 0;
    web->out->size = 0;
    (void)siem_curl.easy_setopt(web->easy, CURLOPT_URL, url);
    CURLcode result = siem_curl.easy_perform(web->easy);
    (void)siem_curl.easy_getinfo(web->easy, CURLINFO_RESPONSE_CODE, &status);
    if (web->is_stopped) return siem_error_set(err, SIEM_CANCELLED, "stopped on request");
    if (web->out->failed || result == CURLE_OUT_OF_MEMORY) return siem_error_no_memory(err);
    if (web->is_too_large) {
        return siem_error_set(err, SIEM_INVALID, "the answer of %s has more than %zu bytes", url,
                              MOST_ANSWER);
    }
    if (result == CURLE_LOGIN_DENIED || result == CURLE_URL_MALFORMAT) {
        return siem_error_set(err, SIEM_INVALID,
                              "the registry's URL is wrong: give https://HOST, without a user");
    }
    if (result != CURLE_OK) {
        return siem_error_set(err, SIEM_UNAVAILABLE, "%s: %s", url,
                              web->problem[0] != '\0' ? web->problem
                                                      : siem_curl.easy_strerror(result));
    }
    if (status == 200) return SIEM_OK;
    bool may_come = status == 408 || status == 429 || status >= 500;
    bool is_beyond = status == 404 || status == 416;
    return siem_error_set(err,
                          may_come    ? SIEM_UNAVAILABLE
                          : is_beyond ? SIEM_NOT_FOUND
                                      : SIEM_INVALID,
                          "%s: the registry answers with status %ld", url, status);
}

/* Waits, unless it is to stop. */
static void wait_for(siem_web *web, double seconds) {
    double until = siem_clock() + seconds;
    while (siem_clock() < until && goes_on(web)) (void)poll(NULL, 0, (int)(ASK_SECONDS * 1000));
}

siem_code siem_web_get(siem_web *web, siem_buffer *out, const char *url, siem_error *err) {
    siem_code rc = SIEM_OK;
    web->out = out;
    web->is_stopped = false;
    for (int try = 0; try < TRIES; try++) {
        if (try > 0) wait_for(web, (double)(1 << (try - 1)));
        rc = ask(web, url, err);
        if (rc != SIEM_UNAVAILABLE) break;
    }
    return rc;
}
