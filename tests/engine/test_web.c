/* test_web.c: small answers of a registry: what they mean, and when a request is made again. */
#include "base/clock.h"
#include "base/curl.h"
#include "evidence/web.h"
#include "server.h"
#include "testing.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ANSWER ((size_t)64 << 20)
#define OK          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static test_server *server;
static siem_web web;
static siem_buffer out;

static void open_web(const char *const *answers, siem_registry_go_on go_on, void *context) {
    server = test_server_open(answers);
    assert_ok(siem_web_open(&web, go_on, context, &err));
}

static void close_all(void) {
    siem_web_close(&web);
    siem_web_close(&web); /* it is closed already */
    siem_buffer_free(&out);
    test_server_close(server);
}

#define OPEN(...) open_web((const char *const[]){__VA_ARGS__, NULL}, NULL, NULL)

static siem_code get(siem_error *err) {
    return siem_web_get(&web, &out, test_server_url(server, "/tlog/head"), err);
}

static void assert_out(const char *text) {
    assert_int_equal(out.size, strlen(text));
    assert_memory_equal(out.bytes, text, out.size);
}

/* An answer replaces the one before it. */
static void test_answers(void **state) {
    (void)state;
    OPEN("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlonger", OK);
    assert_ok(get(&err));
    assert_out("longer");
    assert_ok(get(&err));
    assert_out("ok");
    const char *sent = test_server_request(server, 0);
    test_has(sent, "GET /tlog/head HTTP/1.1\r\n");
    test_has(sent, "\r\nUser-Agent: oversight-siem/");
    assert_int_equal(test_server_count(server), 2);
    close_all();
}

/* Statuses that a later request would get as well: a page that is not there, and all others. */
static void test_statuses(void **state) {
    static const struct {
        int status;
        siem_code code;
    } cases[] = {{404, SIEM_NOT_FOUND}, {416, SIEM_NOT_FOUND}, {204, SIEM_INVALID},
                 {301, SIEM_INVALID},   {400, SIEM_INVALID},   {401, SIEM_INVALID},
                 {403, SIEM_INVALID},   {405, SIEM_INVALID},   {407, SIEM_INVALID},
                 {409, SIEM_INVALID},   {415, SIEM_INVALID},   {417, SIEM_INVALID},
                 {428, SIEM_INVALID},   {430, SIEM_INVALID},   {499, SIEM_INVALID}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char answer[128], expected[200];
        siem_error failure = {0};
        (void)snprintf(answer, sizeof answer, "HTTP/1.1 %d Some\r\nContent-Length: 0\r\n\r\n",
                       cases[i].status);
        OPEN(answer);
        siem_code rc = get(&failure);
        if (rc != cases[i].code) fail_msg("%d: %s", cases[i].status, siem_code_name(rc));
        (void)snprintf(expected, sizeof expected, "%s: the registry answers with status %d",
                       test_server_url(server, "/tlog/head"), cases[i].status);
        assert_string_equal(failure.message, expected);
        assert_int_equal(test_server_count(server), 1);
        close_all();
    }
}

/* ---- who asks can stop it ---- */

typedef struct asker {
    const siem_web *web;
    int calls, most; /* how often it goes on */
    double last;
    bool is_hurried; /* asked more than ten times a second */
} asker;

static bool go_on(void *context) {
    asker *a = context;
    a->is_hurried |= a->web->asked - a->last < 0.1;
    a->last = a->web->asked;
    return a->calls++ < a->most;
}

/* Within the pause before the next request, and not at its end. */
static void test_stopped_while_waiting(void **state) {
    static const char *const answers[] = {"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n",
                                          test_server_holds, NULL};
    asker asker = {.web = &web, .most = 2};
    siem_error failure = {0};
    (void)state;
    open_web(answers, go_on, &asker);
    assert_int_equal(get(&failure), SIEM_CANCELLED);
    assert_string_equal(failure.message, "stopped on request");
    assert_int_equal(asker.calls, 3);
    assert_false(asker.is_hurried);
    close_all();
}

/* ---- a registry that is busy or away for a moment ---- */

/* A registry that says nothing is given up after 30 seconds: here, after one. */
static __typeof__(curl_easy_setopt) *real_setopt;

static CURLcode set_shorter(CURL *easy, CURLoption option, ...) {
    va_list rest;
    va_start(rest, option);
    void *pointer = option >= CURLOPTTYPE_OBJECTPOINT ? va_arg(rest, void *) : NULL;
    long number = option >= CURLOPTTYPE_OBJECTPOINT ? 0 : va_arg(rest, long);
    va_end(rest);
    if (option >= CURLOPTTYPE_OBJECTPOINT) return real_setopt(easy, option, pointer);
    return real_setopt(easy, option, option == CURLOPT_LOW_SPEED_TIME ? 1L : number);
}

typedef struct visitor {
    const char *answers[3];
    test_server *server;
    char url[64];
    siem_web web;
    siem_buffer out;
    siem_error err;
    siem_code code;
    double seconds;
    asker asker;
    pthread_t thread;
} visitor;

static void *visit(void *context) {
    visitor *v = context;
    double start = siem_clock();
    v->code = siem_web_get(&v->web, &v->out, v->url, &v->err);
    v->seconds = siem_clock() - start;
    return NULL;
}

#define STATUS(n) "HTTP/1.1 " #n " Later\r\nContent-Length: 2\r\n\r\nno"
static visitor visitors[] = {
    {.answers = {STATUS(408), OK}},       {.answers = {STATUS(429), OK}},
    {.answers = {STATUS(500), OK}},       {.answers = {STATUS(503), OK}},
    {.answers = {STATUS(599), OK}},       {.answers = {"", OK}},
    {.answers = {test_server_holds, OK}},
};
#define VISITORS (sizeof visitors / sizeof *visitors)

/* One that is stopped while it waits for an answer. */
static visitor stopped = {.answers = {test_server_holds, OK}, .asker = {.most = 1}};

static void open_visitor(visitor *v) {
    v->server = test_server_open(v->answers);
    (void)strcpy(v->url, test_server_url(v->server, "/"));
    v->asker.web = &v->web;
    assert_ok(siem_web_open(&v->web, v->asker.most > 0 ? go_on : NULL, &v->asker, &err));
}

static void begin_visit(visitor *v) {
    assert_int_equal(pthread_create(&v->thread, NULL, visit, v), 0);
}

/* The second request is answered. */
static void assert_visited(visitor *v) {
    if (v->code != SIEM_OK) fail_msg("%.24s: %s", v->answers[0], v->err.message);
    assert_int_equal(v->out.size, 2);
    assert_memory_equal(v->out.bytes, "ok", 2);
    assert_int_equal(test_server_count(v->server), 2);
    siem_web_close(&v->web);
    siem_buffer_free(&v->out);
    test_server_close(v->server);
}

/* All at once, because each waits: a second passes before the second request. */
static void test_again(void **state) {
    (void)state;
    assert_ok(siem_curl_open(&err));
    real_setopt = siem_curl.easy_setopt;
    siem_curl.easy_setopt = set_shorter;
    for (size_t i = 0; i < VISITORS; i++) open_visitor(&visitors[i]);
    siem_curl.easy_setopt = real_setopt;
    open_visitor(&stopped);
    for (size_t i = 0; i < VISITORS; i++) begin_visit(&visitors[i]);
    begin_visit(&stopped);
    for (size_t i = 0; i < VISITORS; i++) {
        (void)pthread_join(visitors[i].thread, NULL);
        assert_true(visitors[i].seconds >= 1);
        assert_visited(&visitors[i]);
    }
    (void)pthread_join(stopped.thread, NULL);
    assert_int_equal(stopped.code, SIEM_CANCELLED);
    assert_int_equal(stopped.asker.calls, 2);
    assert_false(stopped.asker.is_hurried);
    stopped.asker.most = 1000;
    (void)visit(&stopped); /* the next one goes on */
    assert_visited(&stopped);
    siem_curl_close();
}

/* ---- what is refused ---- */

static char *make_answer(size_t size) {
    char *answer = malloc(size + 128);
    assert_non_null(answer);
    int head = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    memset(answer + head, 'x', size);
    answer[(size_t)head + size] = '\0';
    return answer;
}

static void test_large(void **state) {
    char *largest = make_answer(MOST_ANSWER), *larger = make_answer(MOST_ANSWER + 1);
    siem_error failure = {0};
    (void)state;
    OPEN(largest, larger, OK);
    assert_ok(get(&err));
    assert_int_equal(out.size, MOST_ANSWER);
    assert_int_equal(get(&failure), SIEM_INVALID);
    test_has(failure.message, "/tlog/head has more than 67108864 bytes");
    assert_int_equal(test_server_count(server), 2);
    assert_ok(get(&err));
    assert_out("ok");
    close_all();
    free(largest);
    free(larger);
}

/* A URL with a user, whose password nobody is shown; no URL; and a file, which is never read. */
static void test_wrong_urls(void **state) {
    static const char *const wrong[] = {"http://me:s3cret@127.0.0.1:1/", "http://[", "http://"};
    asker asker = {.web = &web, .most = 1};
    siem_error failure = {0};
    (void)state;
    OPEN(OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(siem_web_get(&web, &out, wrong[i], &failure), SIEM_INVALID);
        assert_string_equal(failure.message,
                            "the registry's URL is wrong: give https://HOST, without a user");
    }
    siem_web_close(&web);
    assert_ok(siem_web_open(&web, go_on, &asker, &err));
    assert_int_equal(siem_web_get(&web, &out, "file:///proc/self/cmdline", &failure),
                     SIEM_CANCELLED);
    assert_int_equal(out.size, 0);
    assert_int_equal(test_server_count(server), 0);
    close_all();
}

/* ---- the program's signals ---- */

static void do_nothing(int signal) {
    (void)signal;
}

static bool has_handler(void *context) {
    struct sigaction action;
    assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
    *(bool *)context = action.sa_handler == do_nothing;
    return true;
}

/* A library leaves the program's handlers as they are, also while it waits for an answer. */
static void test_signals(void **state) {
    static const char *const answers[] = {OK, NULL};
    struct sigaction before, own = {.sa_handler = do_nothing};
    bool is_kept = false;
    (void)state;
    assert_int_equal(sigaction(SIGPIPE, &own, &before), 0);
    open_web(answers, has_handler, &is_kept);
    assert_ok(get(&err));
    assert_true(is_kept);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
    close_all();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_again),

        cmocka_unit_test(test_stopped_while_waiting),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_wrong_urls),
        cmocka_unit_test(test_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
