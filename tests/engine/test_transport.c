/* test_transport.c: exchanges with a server: what goes, what comes, and how they end. */
#include "base/curl.h"
#include "server.h"
#include "sink/http/transport.h"
#include "testing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static siem_transport *transport;
static test_server *server;

static void open_all(const char *const *answers, siem_transport_options options) {
    options.connect_timeout_ms = 60000;
    if (options.timeout_ms == 0) options.timeout_ms = 120000;
    server = test_server_open(answers);
    assert_ok(siem_transport_open(&transport, &options, &err));
}

static void close_all(void) {
    siem_transport_close(transport);
    test_server_close(server);
}

#define OPEN(...) open_all((const char *const[]){__VA_ARGS__, NULL}, (siem_transport_options){0})

static void set_request(siem_exchange *exchange, const char *method, const char *body) {
    siem_request *request = &exchange->request;
    siem_request_clear(request);
    request->method = method;
    siem_request_set_url(request, "%s", test_server_url(server, "/p?q=1"));
    siem_request_add_header(request, false, "X-Open: yes");
    siem_request_add_header(request, true, "X-Key: s3cret-key");
    siem_buffer_add(&request->content, body, strlen(body));
    if (body[0] != '\0') siem_request_use_content(request);
}

static void begin(siem_exchange *exchange, const char *method, const char *body) {
    set_request(exchange, method, body);
    assert_ok(siem_transport_begin(transport, exchange, &err));
}

static siem_exchange *next(void) {
    siem_exchange *ended;
    while ((ended = siem_transport_next(transport)) == NULL) siem_transport_wait(transport, 1000);
    return ended;
}

static const siem_response *exchange_once(siem_exchange *exchange, const char *body) {
    begin(exchange, "POST", body);
    assert_ptr_equal(next(), exchange);
    return &exchange->response;
}

static void test_ordinary(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN("HTTP/1.1 429 Slow\r\nServer: Nginx of somebody\r\nRetry-After: 7\r\nContent-Length: 5\r\n"
         "\r\nlater",
         OK);
    const siem_response *response = exchange_once(&exchange, "the body");
    assert_int_equal(response->status, 429);
    assert_string_equal(response->server, "Nginx of somebody");
    assert_true(response->retry_after == 7);
    assert_string_equal(response->body.bytes, "later");
    assert_string_equal(response->fault, "");
    assert_false(response->repeats_secret);
    const char *sent = test_server_request(server, 0);
    assert_memory_equal(sent, "POST /p?q=1 HTTP/1.1\r\n", 22);
    test_has(sent, "\r\nX-Open: yes\r\n");
    test_has(sent, "\r\nX-Key: s3cret-key\r\n");
    test_has(sent, "\r\nUser-Agent: oversight-siem/");
    test_has(sent, "\r\n\r\nthe body");
    assert_null(strstr(sent, "Expect"));
    /* The same exchange again, of which nothing is left. */
    response = exchange_once(&exchange, "");
    assert_int_equal(response->status, 200);
    assert_string_equal(response->server, "");
    assert_true(response->retry_after == -1);
    assert_string_equal(response->body.bytes, "ok");
    test_has(test_server_request(server, 1), "Content-Length: 0\r\n");
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* No program that the host starts inherits a connection, which is kept for the next exchange. */
static void test_not_inherited(void **state) {
    siem_exchange exchange = {0};
    size_t connections = 0;
    (void)state;
    OPEN(OK);
    (void)exchange_once(&exchange, "b");
    int port = atoi(strrchr(test_server_url(server, ""), ':') + 1);
    for (int fd = 0; fd < 1024; fd++) {
        struct sockaddr_in peer = {.sin_family = AF_UNSPEC};
        socklen_t size = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0) continue;
        if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != port) continue;
        connections++;
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
    assert_int_equal(connections, 1);
    siem_exchange_free(transport, &exchange);
    close_all();
}

static void test_methods(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN(OK, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", OK);
    begin(&exchange, "GET", "");
    assert_string_equal(next()->response.body.bytes, "ok");
    begin(&exchange, "HEAD", "");
    assert_int_equal(next()->response.status, 200);
    begin(&exchange, "PUT", "x");
    assert_int_equal(next()->response.status, 200);
    begin(&exchange, "GET", ""); /* of the one before, nothing is left */
    assert_string_equal(next()->response.body.bytes, "ok");
    assert_memory_equal(test_server_request(server, 0), "GET /p", 6);
    assert_memory_equal(test_server_request(server, 1), "HEAD /p", 7);
    assert_memory_equal(test_server_request(server, 2), "PUT /p", 6);
    test_has(test_server_request(server, 2), "\r\n\r\nx");
    assert_memory_equal(test_server_request(server, 3), "GET /p", 6);
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* Credentials do not follow to wherever an answer points. */
static void test_redirect(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN("HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(exchange_once(&exchange, "b")->status, 307);
    assert_int_equal(test_server_count(server), 1);
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* What may have reached the server is not sent again by itself. */
static void test_broken_connection(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN(OK, "", OK);
    assert_int_equal(exchange_once(&exchange, "first")->status, 200);
    const siem_response *response = exchange_once(&exchange, "second");
    assert_int_equal(response->status, 0);
    test_has(response->fault, "");
    assert_true(response->fault[0] != '\0');
    assert_null(response->remedy);
    assert_int_equal(test_server_count(server), 2);
    assert_int_equal(exchange_once(&exchange, "third")->status, 200);
    assert_string_equal(exchange.response.fault, "");
    siem_exchange_free(transport, &exchange);
    close_all();
}

static void test_timeout(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    open_all((const char *const[]){test_server_holds, NULL},
             (siem_transport_options){.timeout_ms = 50});
    const siem_response *response = exchange_once(&exchange, "b");
    assert_int_equal(response->status, 0);
    test_has(response->fault, "timed out");
    assert_null(response->remedy);
    siem_exchange_free(transport, &exchange);
    close_all();
}

static void test_wrong_url(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN(OK);
    siem_request_clear(&exchange.request);
    siem_request_set_url(&exchange.request, "http://[::x");
    assert_ok(siem_transport_begin(transport, &exchange, &err));
    assert_ptr_equal(next(), &exchange);
    assert_string_equal(exchange.response.remedy, "correct the URL");
    siem_request_clear(&exchange.request);
    siem_request_set_url(&exchange.request, "ftp://127.0.0.1/");
    assert_ok(siem_transport_begin(transport, &exchange, &err));
    assert_ptr_equal(next(), &exchange);
    test_has(exchange.response.fault, "ftp");
    siem_exchange_free(transport, &exchange);
    close_all();
}

static void test_line_break(void **state) {
    siem_exchange exchange = {0};
    siem_error failure;
    (void)state;
    OPEN(OK);
    siem_request_clear(&exchange.request);
    siem_request_set_url(&exchange.request, "%s", test_server_url(server, "/"));
    siem_request_add_header(&exchange.request, false, "X-Open: a\r\nX-Evil: b");
    assert_int_equal(siem_transport_begin(transport, &exchange, &failure), SIEM_INVALID);
    assert_string_equal(failure.message, "a header holds a line break");
    assert_null(siem_transport_next(transport));
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* Each lane has its cookies; without one, an exchange keeps its own until it is freed. */
static void test_cookies(void **state) {
    siem_exchange exchanges[3] = {{.owner = NULL}};
    siem_lane *list = NULL, *lanes[2];
    (void)state;
    OPEN("HTTP/1.1 200 OK\r\nSet-Cookie: node=a\r\nContent-Length: 0\r\n\r\n", OK);
    for (int i = 0; i < 2; i++) {
        assert_ok(siem_lane_take(&lanes[i], &list, &err));
        exchanges[i].lane = lanes[i];
    }
    (void)exchange_once(&exchanges[0], "0");
    (void)exchange_once(&exchanges[1], "1");
    (void)exchange_once(&exchanges[0], "2");
    (void)exchange_once(&exchanges[2], "3");
    assert_null(strstr(test_server_request(server, 1), "Cookie"));
    test_has(test_server_request(server, 2), "\r\nCookie: node=a\r\n");
    assert_null(strstr(test_server_request(server, 3), "Cookie"));
    /* Another lane of the same name has none of them. */
    assert_ok(siem_lane_renew(lanes[0], &err));
    (void)exchange_once(&exchanges[0], "4");
    assert_null(strstr(test_server_request(server, 4), "Cookie"));
    for (int i = 0; i < 3; i++) siem_exchange_free(transport, &exchanges[i]);
    for (int i = 0; i < 2; i++) siem_lane_close(lanes[i]);
    close_all();
}

/* Two on their way end in the order of their answers, and one that is broken off never does. */
static void test_several(void **state) {
    siem_exchange exchanges[3] = {{.owner = NULL}};
    (void)state;
    OPEN(test_server_holds, OK);
    begin(&exchanges[0], "POST", "held");
    while (test_server_count(server) < 1) siem_transport_wait(transport, 10);
    begin(&exchanges[1], "POST", "b");
    assert_ptr_equal(next(), &exchanges[1]);
    assert_null(siem_transport_next(transport));
    siem_transport_cancel(transport, &exchanges[0]);
    siem_transport_cancel(transport, &exchanges[0]);
    siem_transport_cancel(transport, &exchanges[2]);
    siem_transport_wait(transport, 0);
    assert_null(siem_transport_next(transport));
    test_server_await_break(server);
    assert_int_equal(exchange_once(&exchanges[0], "c")->status, 200);
    for (int i = 0; i < 3; i++) siem_exchange_free(transport, &exchanges[i]);
    close_all();
}

/* A server that repeats what it was sent, as it is or escaped. */
static void test_repeated_secret(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN("HTTP/1.1 401 No\r\nContent-Length: 13\r\n\r\ns3cret-key is.",
         "HTTP/1.1 401 No\r\nContent-Length: 17\r\n\r\n{\"s3cret\\u002dkey\"}");
    test_has(exchange_once(&exchange, "b")->body.bytes, "********** is");
    assert_false(exchange.response.repeats_secret);
    assert_null(strstr(exchange_once(&exchange, "b")->body.bytes, "s3cret"));
    assert_true(exchange.response.repeats_secret);
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* An answer is cut where its request expects no more. */
static void test_too_long(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789");
    siem_request_clear(&exchange.request);
    siem_request_set_url(&exchange.request, "%s", test_server_url(server, "/"));
    exchange.request.answer_bytes = 8;
    assert_ok(siem_transport_begin(transport, &exchange, &err));
    assert_ptr_equal(next(), &exchange);
    assert_true(exchange.response.is_cut);
    test_has(exchange.response.fault, "HTTP 200, but the answer is longer than");
    assert_string_equal(exchange.response.body.bytes, "12345678");
    exchange.request.answer_bytes = 9;
    assert_ok(siem_transport_begin(transport, &exchange, &err));
    assert_ptr_equal(next(), &exchange);
    assert_false(exchange.response.is_cut);
    assert_string_equal(exchange.response.body.bytes, "123456789");
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* The user of a proxy is in no message, and what goes directly needs no proxy. */
static void test_proxy(void **state) {
    siem_exchange exchange = {0};
    char proxy[] = "http://user:s3cret@127.0.0.1:1";
    (void)state;
    open_all((const char *const[]){OK, NULL}, (siem_transport_options){.proxy = proxy});
    memset(proxy, 0, sizeof proxy); /* which was copied */
    const siem_response *response = exchange_once(&exchange, "b");
    assert_int_equal(response->status, 0);
    assert_true(response->fault[0] != '\0');
    assert_null(strstr(response->fault, "s3cret"));
    exchange.request.direct = true;
    assert_ok(siem_transport_begin(transport, &exchange, &err));
    assert_ptr_equal(next(), &exchange);
    assert_int_equal(response->status, 200);
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* What no proxy can be is found at once, and nobody waits for it. */
static void test_proxies(void **state) {
    static const char *const taken[] = {
        "", "h", "h:1", "http://h:1", "https://u:p@h", "socks4://h", "socks5://h:1"};
    static const char *const refused[] = {"ftp://h", "none://h", "://", "http://", "http://h:x"};
    siem_error failure;
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        const siem_transport_options options = {.proxy = taken[i]};
        assert_ok(siem_transport_open(&transport, &options, &err));
        siem_transport_close(transport);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const siem_transport_options options = {.proxy = refused[i]};
        assert_int_equal(siem_transport_open(&transport, &options, &failure), SIEM_INVALID);
        assert_string_equal(failure.options[0], "proxy");
        assert_null(transport);
    }
}

/* The environment's is known by the first exchange, which quotes nothing of it. */
static void test_proxy_of_environment(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN(OK);
    assert_int_equal(setenv("http_proxy", "ftp://user:s3cret@127.0.0.1:1", 1), 0);
    const siem_response *response = exchange_once(&exchange, "b");
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(response->status, 0);
    assert_string_equal(response->fault, "it is not the URL of one");
    assert_string_equal(response->remedy, "correct the URL of the proxy");
    assert_int_equal(exchange_once(&exchange, "b")->status, 200);
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* ---- TLS ---- */

/* Writes a key, and a certificate of it that nobody signed. */
static void write_pair(const char *path) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* Files that cannot be used are found before anything goes, and waiting does not help. */
static void test_wrong_files(void **state) {
    static const char of_pair[] = "correct client_cert and client_key, PEM files of one pair";
    const char *pair = test_path("pair.pem"), *missing = test_path("missing.pem");
    const struct {
        siem_transport_options options;
        const char *remedy;
    } cases[] = {
        {{.ca_file = missing}, "ca_file holds no certificate in PEM"},
        {{.client_cert = missing}, of_pair},
        {{.client_cert = pair, .client_key = missing}, of_pair},
    };
    (void)state;
    write_pair(pair);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_exchange exchange = {0};
        open_all((const char *const[]){test_server_holds, NULL}, cases[i].options);
        siem_request_clear(&exchange.request);
        siem_request_set_url(&exchange.request, "https%s", test_server_url(server, "/") + 4);
        assert_ok(siem_transport_begin(transport, &exchange, &err));
        assert_ptr_equal(next(), &exchange);
        assert_int_equal(exchange.response.status, 0);
        assert_string_equal(exchange.response.remedy, cases[i].remedy);
        siem_exchange_free(transport, &exchange);
        close_all();
    }
}

/* ---- functions in place of libcurl's ---- */

static siem_curl_functions real; /* those of libcurl */
static long connect_timeout;     /* in milliseconds */

static CURLcode note_timeout(CURL *easy, CURLoption option, ...) {
    va_list values;
    CURLcode code;
    va_start(values, option);
    if (option < CURLOPTTYPE_OBJECTPOINT) {
        long value = va_arg(values, long);
        if (option == CURLOPT_CONNECTTIMEOUT_MS) connect_timeout = value;
        code = real.easy_setopt(easy, option, value);
    } else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
        code = real.easy_setopt(easy, option, va_arg(values, curl_off_t));
    } else {
        code = real.easy_setopt(easy, option, va_arg(values, void *));
    }
    va_end(values);
    return code;
}

/* A server that is not there is not waited for as long as one that works. */
static void test_connect_timeout(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN(OK);
    real = siem_curl;
    siem_curl.easy_setopt = note_timeout;
    assert_int_equal(exchange_once(&exchange, "b")->status, 200);
    siem_curl = real;
    assert_int_equal(connect_timeout, 60000);
    siem_exchange_free(transport, &exchange);
    close_all();
}

static CURLMsg *read_failure(CURLM *multi, int *left) {
    CURLMsg *message = real.multi_info_read(multi, left);
    if (message != NULL) message->data.result = CURLE_OUT_OF_MEMORY;
    return message;
}

/* A failure of which libcurl says no more than its code has the words of that, whatever was said of
 * an earlier one. */
static void test_no_words(void **state) {
    siem_exchange exchange = {0};
    (void)state;
    OPEN("", OK);
    assert_true(strlen(exchange_once(&exchange, "b")->fault) > 1);
    real = siem_curl;
    siem_curl.multi_info_read = read_failure;
    const siem_response *response = exchange_once(&exchange, "b");
    siem_curl = real;
    assert_string_equal(response->fault, real.easy_strerror(CURLE_OUT_OF_MEMORY));
    siem_exchange_free(transport, &exchange);
    close_all();
}

/* ---- libcurl without memory ---- */

static long until_failure; /* allocations that succeed before one fails */
static size_t blocks;      /* that libcurl holds */
static bool has_failed;

static bool fails(void) {
    has_failed |= until_failure == 0;
    return until_failure-- == 0;
}

static void *count_block(void *block) {
    blocks += block != NULL;
    return block;
}

static void *allocate(size_t size) {
    return fails() ? NULL : count_block(malloc(size));
}

static void *allocate_several(size_t count, size_t size) {
    return fails() ? NULL : count_block(calloc(count, size));
}

static char *copy_text(const char *text) {
    return fails() ? NULL : count_block(strdup(text));
}

static void *resize(void *block, size_t size) {
    if (block == NULL) return allocate(size);
    return fails() ? NULL : realloc(block, size);
}

static void release(void *block) {
    blocks -= block != NULL;
    free(block);
}

/* Two exchanges on a lane, which is then renewed. */
static siem_code use_lane(siem_exchange *exchange, siem_error *err) {
    siem_lane *list = NULL;
    siem_code rc = siem_lane_take(&exchange->lane, &list, err);
    for (int i = 0; rc == SIEM_OK && i < 2; i++) {
        set_request(exchange, "POST", "body");
        rc = siem_transport_begin(transport, exchange, err);
        if (rc == SIEM_OK) assert_ptr_equal(next(), exchange);
        if (rc == SIEM_OK) rc = siem_lane_renew(exchange->lane, err);
    }
    return rc;
}

static siem_code run_without_memory(siem_error *err) {
    const siem_transport_options options = {
        .connect_timeout_ms = 60000, .timeout_ms = 120000, .proxy = test_server_url(server, "")};
    siem_exchange exchange = {0};
    siem_code rc = siem_transport_open(&transport, &options, err);
    if (rc != SIEM_OK) {
        assert_null(transport);
        return rc;
    }
    rc = use_lane(&exchange, err);
    if (rc == SIEM_OK && exchange.response.status != 200) {
        assert_true(exchange.response.fault[0] != '\0');
    }
    siem_lane_close(exchange.lane);
    exchange.lane = NULL;
    siem_exchange_free(transport, &exchange);
    siem_transport_close(transport);
    return rc;
}

/* Each allocation fails once, in turn: that is an error, or the fault of an exchange. Nothing is
 * left. */
static void test_no_memory(void **state) {
    static const siem_curl_memory memory = {allocate, release, resize, copy_text, allocate_several};
    size_t refused = 0;
    (void)state;
    server = test_server_open((const char *const[]){
        "HTTP/1.1 200 OK\r\nSet-Cookie: node=a\r\nContent-Length: 2\r\n\r\nok", NULL});
    siem_curl_use_memory(&memory);
    for (long n = 0;; n++) {
        siem_error err = {0};
        until_failure = n;
        has_failed = false;
        siem_code rc = run_without_memory(&err);
        assert_int_equal(blocks, 0);
        if (!has_failed) assert_int_equal(rc, SIEM_OK);
        if (!has_failed) break;
        refused += rc != SIEM_OK;
        if (rc != SIEM_OK) assert_int_equal(rc, SIEM_NO_MEMORY);
        assert_true(n < 5000);
    }
    assert_true(refused > 0);
    siem_curl_use_memory(NULL);
    test_server_close(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary),
        cmocka_unit_test(test_not_inherited),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_redirect),
        cmocka_unit_test(test_broken_connection),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_wrong_url),
        cmocka_unit_test(test_line_break),
        cmocka_unit_test(test_cookies),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_repeated_secret),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_proxy_of_environment),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_no_words),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
