/* test_session.c: parcels on their way to a server, and what is asked before them. */
#include "base/clock.h"
#include "server.h"
#include "sink/http/compression.h"
#include "sink/http/session.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
#define TAKEN "HTTP/1.1 204 OK\r\nContent-Length: 0\r\n\r\n"
#define TOKEN                                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Length: "                                                          \
    "43\r\n\r\n{\"access_token\":\"t0k3n1\",\"expires_in\":3600}"
#define REFUSED "HTTP/1.1 503 No\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"

static siem_batch *batch;
static siem_sink *sink;
static test_server *server;

static int make_records(void **state) {
    (void)state;
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_add(batch, "{\"a\":1}", 7, "1", "r", 0, &err));
    assert_ok(siem_batch_add(batch, "{\"b\":2}", 7, "2", "r", 0, &err));
    return 0;
}

static int free_records(void **state) {
    (void)state;
    siem_batch_close(batch);
    return 0;
}

/* A parcel of one record. */
typedef struct load {
    siem_item item;
    siem_outcome outcome;
    siem_parcel parcel;
} load;

static siem_parcel *make_parcel(load *of, size_t record) {
    *of = (load){.item = {batch, record}};
    of->parcel =
        (siem_parcel){.items = &of->item, .count = 1, .outcomes = &of->outcome, .ticket = -1};
    return &of->parcel;
}

static void open_sink(const char *kind, const siem_option *options) {
    size_t count = 0;
    while (options[count].name != NULL) count++;
    assert_ok(siem_sink_open(&sink, kind, options, count, &err));
}

#define ANSWERS(...)    server = test_server_open((const char *const[]){__VA_ARGS__, NULL})
#define OPEN(kind, ...) open_sink(kind, (const siem_option[]){__VA_ARGS__, {0}})

static void open_azure(void) {
    OPEN("azure", {"endpoint", test_server_url(server, "")}, {"rule_id", "r"}, {"stream", "s"},
         {"tenant", "t"}, {"client_id", "c"}, {"client_secret", "s3cret"},
         {"login_url", test_server_url(server, "/login")});
}

static void close_all(void) {
    siem_session_rest(sink);
    assert_ok(siem_sink_close(sink, &err));
    test_server_close(server);
}

static void begin(siem_parcel *parcel) {
    if (!parcel->is_prepared) {
        assert_ok(siem_session_prepare(sink, parcel, &err));
        parcel->is_prepared = true;
    }
    assert_ok(siem_session_begin(sink, parcel, &err));
}

static siem_parcel *next(siem_answer *answer) {
    siem_parcel *parcel;
    while ((parcel = siem_session_next(sink, answer)) == NULL) siem_session_wait(sink, 1000);
    return parcel;
}

static void release(siem_parcel *parcel) {
    siem_session_release(sink, parcel, true);
    assert_null(parcel->state);
    siem_parcel_unprepare(parcel);
}

static void test_ordinary(void **state) {
    load loads[2];
    siem_answer answer;
    (void)state;
    ANSWERS(TAKEN, REFUSED);
    OPEN("http", {"url", test_server_url(server, "/in")});
    for (size_t i = 0; i < 2; i++) {
        siem_parcel *parcel = make_parcel(&loads[i], i);
        begin(parcel);
        assert_non_null(parcel->state);
        assert_ptr_equal(next(&answer), parcel);
        assert_int_equal(loads[i].outcome.verdict, i == 0 ? SIEM_DELIVERED : SIEM_RETRY);
        assert_true(answer.retry_after == (i == 0 ? -1 : 9));
        siem_answer_clear(&answer);
        release(parcel);
        release(parcel); /* of one that is on no way, nothing is known */
    }
    assert_null(siem_session_next(sink, &answer));
    test_has(test_server_request(server, 0), "POST /in HTTP/1.1\r\n");
    test_has(test_server_request(server, 0), "\r\n\r\n[{\"a\":1}]");
    test_has(test_server_request(server, 1), "\r\n\r\n[{\"b\":2}]");
    siem_session_rest(sink);
    close_all();
}

/* One token for all that wait, and none while it is good. */
static void test_token(void **state) {
    load loads[3];
    siem_answer answer;
    (void)state;
    ANSWERS(TOKEN, TAKEN);
    open_azure();
    for (size_t i = 0; i < 2; i++) begin(make_parcel(&loads[i], i));
    assert_null(siem_session_next(sink, &answer)); /* the token is on its way */
    /* The first hears of it, and the other asks whether it is needed. */
    for (size_t i = 0; i < 2; i++) {
        assert_ptr_equal(next(&answer), &loads[i].parcel);
        assert_int_equal(answer.next, SIEM_AGAIN);
    }
    char text[SIEM_REPORT_SIZE];
    assert_false(siem_sink_remark(sink, text));
    const siem_exchange *asked = &((siem_http_sink *)sink)->session.prelude;
    assert_null(asked->response.body.bytes); /* the answer with the token is not kept */
    assert_null(asked->transfer);
    assert_int_equal(test_server_count(server), 1);
    test_has(test_server_request(server, 0), "POST /login/t/oauth2/v2.0/token HTTP/1.1\r\n");
    begin(make_parcel(&loads[2], 0));
    for (size_t i = 0; i < 2; i++) begin(&loads[i].parcel);
    for (size_t i = 0; i < 3; i++) {
        const siem_parcel *parcel = next(&answer);
        assert_int_equal(parcel->outcomes[0].verdict, SIEM_DELIVERED);
        test_has(test_server_request(server, 1 + i), "\r\nAuthorization: Bearer t0k3n1\r\n");
        siem_answer_clear(&answer);
    }
    assert_int_equal(test_server_count(server), 4);
    for (size_t i = 0; i < 3; i++) release(&loads[i].parcel);
    siem_session_rest(sink);
    close_all();
}

/* The first one hears that there is no token; the others ask again. */
static void test_no_token(void **state) {
    load loads[2];
    siem_answer answer;
    (void)state;
    ANSWERS(REFUSED, TOKEN, TAKEN);
    open_azure();
    for (size_t i = 0; i < 2; i++) begin(make_parcel(&loads[i], i));
    assert_ptr_equal(next(&answer), &loads[0].parcel);
    assert_int_equal(loads[0].outcome.verdict, SIEM_RETRY);
    assert_int_equal(answer.http_status, 503);
    assert_true(answer.retry_after == 9);
    assert_true(answer.about_target);
    test_has(answer.reason, "503");
    siem_answer_clear(&answer);
    assert_ptr_equal(next(&answer), &loads[1].parcel);
    assert_int_equal(answer.next, SIEM_AGAIN);
    begin(&loads[1].parcel);
    assert_ptr_equal(next(&answer), &loads[1].parcel);
    assert_int_equal(answer.next, SIEM_AGAIN);
    assert_int_equal(test_server_count(server), 2);
    begin(&loads[1].parcel);
    assert_ptr_equal(next(&answer), &loads[1].parcel);
    assert_int_equal(loads[1].outcome.verdict, SIEM_DELIVERED);
    siem_answer_clear(&answer);
    for (size_t i = 0; i < 2; i++) release(&loads[i].parcel);
    close_all();
}

/* With the last one that waits for it, the question for a token is broken off. */
static void test_released_early(void **state) {
    load loads[2];
    siem_answer answer;
    (void)state;
    ANSWERS(test_server_holds, TOKEN, test_server_holds);
    open_azure();
    for (size_t i = 0; i < 2; i++) begin(make_parcel(&loads[i], i));
    while (test_server_count(server) < 1) siem_session_wait(sink, 10);
    release(&loads[0].parcel);
    siem_session_wait(sink, 0);
    begin(make_parcel(&loads[0], 0)); /* the question is on its way still */
    siem_session_wait(sink, 0);
    assert_int_equal(test_server_count(server), 1);
    release(&loads[1].parcel);
    release(&loads[0].parcel);
    test_server_await_break(server);
    begin(make_parcel(&loads[1], 1));
    assert_ptr_equal(next(&answer), &loads[1].parcel);
    assert_int_equal(answer.next, SIEM_AGAIN);
    begin(&loads[1].parcel);
    while (test_server_count(server) < 3) siem_session_wait(sink, 10);
    release(&loads[1].parcel);
    siem_session_wait(sink, 0);
    assert_null(siem_session_next(sink, &answer));
    siem_session_rest(sink);
    close_all();
}

/* It is waited for a server, as long as the caller says, and as long as the option does. */
static void test_waits(void **state) {
    load loads[1];
    siem_answer answer;
    double waited = 0;
    (void)state;
    ANSWERS(test_server_holds);
    OPEN("http", {"url", test_server_url(server, "/")}, {"timeout", "0.3"});
    siem_parcel *parcel = make_parcel(&loads[0], 0);
    double begun = siem_clock();
    begin(parcel);
    while (waited < 0.04 && siem_clock() - begun < 0.3) { /* it may be woken by the connection */
        double before = siem_clock();
        siem_session_wait(sink, 50);
        waited = siem_clock() - before;
    }
    assert_true(waited >= 0.04);
    assert_ptr_equal(next(&answer), parcel);
    assert_true(siem_clock() - begun >= 0.29);
    assert_int_equal(loads[0].outcome.verdict, SIEM_RETRY);
    test_has(answer.reason, "timed out");
    siem_answer_clear(&answer);
    release(parcel);
    close_all();
}

/* A node that failed is left: without its cookie, and under another mark. */
static void test_elsewhere(void **state) {
    load loads[1];
    siem_answer answer;
    char first[13];
    (void)state;
    ANSWERS("HTTP/1.1 503 No\r\nSet-Cookie: node=a\r\nContent-Length: 0\r\n\r\n", REFUSED);
    OPEN("http", {"url", test_server_url(server, "/")});
    siem_parcel *parcel = make_parcel(&loads[0], 0);
    for (size_t i = 0; i < 3; i++) {
        parcel->elsewhere = i == 2;
        begin(parcel);
        assert_false(parcel->elsewhere);
        if (i == 0) (void)snprintf(first, sizeof first, "%s", siem_lane_mark(parcel->lane));
        bool is_same = strcmp(siem_lane_mark(parcel->lane), first) == 0;
        assert_int_equal(is_same, i < 2);
        assert_ptr_equal(next(&answer), parcel);
        siem_answer_clear(&answer);
        bool has_cookie = strstr(test_server_request(server, i), "Cookie: node=a") != NULL;
        assert_int_equal(has_cookie, i == 1);
    }
    release(parcel);
    assert_null(parcel->lane);
    close_all();
}

/* What a lane may still be owed is not taken for another parcel's. */
static void test_lanes(void **state) {
    load loads[1];
    siem_answer answer;
    char marks[3][13];
    (void)state;
    ANSWERS(OK);
    OPEN("http", {"url", test_server_url(server, "/")});
    for (size_t i = 0; i < 3; i++) {
        siem_parcel *parcel = make_parcel(&loads[0], 0);
        begin(parcel);
        (void)snprintf(marks[i], sizeof marks[i], "%s", siem_lane_mark(parcel->lane));
        assert_ptr_equal(next(&answer), parcel);
        siem_answer_clear(&answer);
        siem_session_release(sink, parcel, i == 0);
        siem_parcel_unprepare(parcel);
    }
    assert_string_equal(marks[0], marks[1]);
    assert_string_not_equal(marks[1], marks[2]);
    close_all();
}

typedef struct shown {
    char text[4096];
    size_t size;
} shown;

static void show(void *context, const char *bytes, size_t size) {
    shown *at = context;
    assert_true(at->size + size < sizeof at->text);
    memcpy(at->text + at->size, bytes, size);
    at->size += size;
    at->text[at->size] = '\0';
}

/* A preview shows what would be sent, what is asked before once, and asks nobody. */
static void test_preview(void **state) {
    load loads[2];
    siem_answer answer;
    shown at = {.size = 0};
    (void)state;
    ANSWERS(OK);
    open_azure();
    assert_ok(siem_sink_set_preview(sink, show, &at, &err));
    for (size_t i = 0; i < 2; i++) begin(make_parcel(&loads[i], i));
    double begun = siem_clock();
    siem_session_wait(sink, 60000); /* for nobody */
    assert_true(siem_clock() - begun < 30);
    for (size_t i = 0; i < 2; i++) {
        assert_ptr_equal(next(&answer), &loads[i].parcel);
        assert_int_equal(loads[i].outcome.verdict, SIEM_DELIVERED);
        siem_answer_clear(&answer);
        release(&loads[i].parcel);
    }
    assert_int_equal(test_server_count(server), 0);
    const char *login = strstr(at.text, "/login/t/oauth2");
    assert_non_null(login);
    assert_null(strstr(login + 1, "/login/t/oauth2"));
    assert_null(strstr(at.text, "s3cret"));
    test_has(at.text, "[{\"a\":1}]");
    test_has(at.text, "[{\"b\":2}]");
    siem_session_rest(sink);
    begin(make_parcel(&loads[0], 0)); /* another delivery shows it again */
    assert_non_null(strstr(login + 1, "/login/t/oauth2"));
    release(&loads[0].parcel);
    close_all();
}

/* What is compressed on its way is shown as it was before. */
static void test_compressed(void **state) {
    load loads[1];
    siem_answer answer;
    shown at = {.size = 0};
    (void)state;
    if (siem_compression_find("gzip")->open == NULL) skip();
    for (int is_shown = 0; is_shown < 2; is_shown++) {
        ANSWERS(OK);
        OPEN("http", {"url", test_server_url(server, "/")}, {"compress", "gzip"});
        if (is_shown) assert_ok(siem_sink_set_preview(sink, show, &at, &err));
        siem_parcel *parcel = make_parcel(&loads[0], 0);
        begin(parcel);
        assert_ptr_equal(next(&answer), parcel);
        assert_int_equal(loads[0].outcome.verdict, SIEM_DELIVERED);
        siem_answer_clear(&answer);
        assert_int_equal(test_server_count(server), !is_shown);
        const char *text = is_shown ? at.text : test_server_request(server, 0);
        test_has(text, "\nContent-Encoding: gzip");
        test_has(text, is_shown ? "\n\n[{\"a\":1}]" : "\r\n\r\n\x1f\x8b");
        release(parcel);
        close_all();
    }
}

/* Credentials over plain http are remarked once, without the path. */
static void test_exposed(void **state) {
    load loads[1];
    siem_answer answer;
    char text[SIEM_REPORT_SIZE];
    (void)state;
    ANSWERS(OK);
    OPEN("http", {"url", "http://192.0.2.1:9/in?x"}, {"header", "X-Key: s3cret"},
         {"proxy", test_server_url(server, "")});
    assert_false(siem_sink_remark(sink, text));
    for (size_t i = 0; i < 2; i++) {
        siem_parcel *parcel = make_parcel(&loads[0], 0);
        begin(parcel);
        assert_ptr_equal(next(&answer), parcel);
        siem_answer_clear(&answer);
        release(parcel);
        assert_int_equal(siem_sink_remark(sink, text), i == 0);
    }
    assert_string_equal(text, "credentials go to http://192.0.2.1:9 unencrypted: use https");
    close_all();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary), cmocka_unit_test(test_token),
        cmocka_unit_test(test_no_token), cmocka_unit_test(test_released_early),
        cmocka_unit_test(test_waits),    cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_lanes),    cmocka_unit_test(test_preview),
        cmocka_unit_test(test_exposed),  cmocka_unit_test(test_compressed),
    };
    return cmocka_run_group_tests(tests, make_records, free_records);
}
