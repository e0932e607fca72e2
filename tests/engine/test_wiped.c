/* test_wiped.c: that secrets are gone from memory that is given back. The linker puts the functions
 * below in front of the libraries' (--wrap): they look at each block that the engine frees or
 * unmaps, and note what it wipes. */
#include "base/curl.h"
#include "base/secret.h"
#include "program/curl_wipe.h"
#include "sink/http/request.h"
#include "sink/http/session.h"
#include "testing.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SECRET    "sesame-0123456789"
#define OTHER     "tulip-9876543210"
#define MOST      64
#define MOST_SIZE 2048

static int left;                    /* blocks that were given back with a secret in them */
static char wiped[MOST][MOST_SIZE]; /* what was wiped, as text; each as far as it fits */
static size_t wiped_count;

static bool holds(const void *memory, size_t size, const char *text) {
    return memory != NULL && memmem(memory, size, text, strlen(text)) != NULL;
}

static void look_at(const void *memory, size_t size) {
    left += holds(memory, size, SECRET) || holds(memory, size, OTHER);
}

void __real_free(void *memory);
void __wrap_free(void *memory);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __real_munmap(void *memory, size_t size);
int __wrap_munmap(void *memory, size_t size);
void __real_OPENSSL_cleanse(void *memory, size_t size);
void __wrap_OPENSSL_cleanse(void *memory, size_t size);
void __real_CRYPTO_clear_free(void *memory, size_t size, const char *file, int line);
void __wrap_CRYPTO_clear_free(void *memory, size_t size, const char *file, int line);

void __wrap_free(void *memory) {
    if (memory != NULL) look_at(memory, malloc_usable_size(memory));
    __real_free(memory);
}

/* It may move the block. */
void *__wrap_realloc(void *memory, size_t size) {
    if (memory != NULL) look_at(memory, malloc_usable_size(memory));
    return __real_realloc(memory, size);
}

int __wrap_munmap(void *memory, size_t size) {
    look_at(memory, size);
    return __real_munmap(memory, size);
}

static void note(const void *memory, size_t size) {
    if (memory == NULL || wiped_count == MOST) return;
    if (!holds(memory, size, SECRET) && !holds(memory, size, OTHER)) return;
    size_t kept = size < MOST_SIZE - 1 ? size : MOST_SIZE - 1;
    memcpy(wiped[wiped_count], memory, kept);
    wiped[wiped_count++][kept] = '\0';
}

void __wrap_OPENSSL_cleanse(void *memory, size_t size) {
    note(memory, size);
    __real_OPENSSL_cleanse(memory, size);
}

void __wrap_CRYPTO_clear_free(void *memory, size_t size, const char *file, int line) {
    note(memory, size);
    __real_CRYPTO_clear_free(memory, size, file, line);
}

/* How many of the wiped blocks begin with that text. */
static int count_wiped(const char *text) {
    int count = 0;
    for (size_t i = 0; i < wiped_count; i++) count += strncmp(wiped[i], text, strlen(text)) == 0;
    return count;
}

static void begin(void) {
    left = 0;
    wiped_count = 0;
}

static siem_sink *sink;
static siem_error err;

static void open_sink(const char *kind, const siem_option *options) {
    size_t count = 0;
    begin();
    while (options[count].name != NULL) count++;
    assert_ok(siem_sink_open(&sink, kind, options, count, &err));
}
#define OPTIONS(...) ((const siem_option[]){__VA_ARGS__, {NULL, NULL}})

/* Makes the request of an empty parcel, and forgets it. */
static void write_request(void) {
    siem_parcel parcel = {.ticket = -1};
    siem_request request = {0};
    siem_request_clear(&request);
    assert_ok(((siem_http_sink *)sink)->protocol->write(sink, &parcel, &request, &err));
    siem_request_free(&request);
}

static void close_sink(void) {
    assert_ok(siem_sink_close(sink, &err));
    assert_int_equal(left, 0);
}

/* The looking itself. */
static void test_looks(void **state) {
    char *block = strdup("x" SECRET);
    (void)state;
    begin();
    assert_non_null(block);
    free(block);
    assert_int_equal(left, 1);
    block = strdup("x" SECRET);
    assert_non_null(block);
    OPENSSL_cleanse(block, strlen(block));
    free(block);
    assert_int_equal(left, 1);
    assert_int_equal(count_wiped("x" SECRET), 1);
}

static void test_request(void **state) {
    siem_request request = {0};
    (void)state;
    begin();
    siem_request_clear(&request);
    for (int i = 0; i < 100; i++) { /* it grows several times */
        siem_request_add_header(&request, true, "Authorization: " SECRET "-%d", i);
        siem_request_add_secret(&request, OTHER);
    }
    siem_buffer_add(&request.content, SECRET, sizeof SECRET);
    request.secret_body = true;
    siem_request_clear(&request);
    assert_false(holds(request.headers.bytes, request.headers.capacity, SECRET));
    assert_false(holds(request.secrets.bytes, request.secrets.capacity, OTHER));
    assert_false(holds(request.content.bytes, request.content.capacity, SECRET));
    siem_request_add_header(&request, true, "Authorization: " SECRET);
    siem_request_free(&request);
    assert_int_equal(left, 0);
}

static void test_buffer(void **state) {
    siem_buffer buffer = {0};
    (void)state;
    begin();
    siem_buffer_add(&buffer, SECRET, sizeof SECRET);
    buffer.size = 0; /* what was there before is wiped as well */
    siem_buffer_free_secret(&buffer);
    assert_int_equal(left, 0);
}

/* Where a secret comes from, its own memory, and a pair that is encoded. */
static void test_secret(void **state) {
    static const siem_secret_form word = {.word = true}, pair = {.word = true, .pair = true};
    siem_secret *secret;
    (void)state;
    begin();
    assert_ok(siem_secret_open(&secret, "token", &word, SECRET, &err));
    assert_ok(siem_secret_reload(secret, NULL, &err));
    siem_secret_close(secret);
    assert_ok(siem_secret_keep(&secret, "token", OTHER, &err));
    siem_secret_close(secret);
    assert_int_equal(siem_secret_open(&secret, "token", &word, "two words " SECRET, &err),
                     SIEM_HELD);
    assert_ok(siem_secret_open(&secret, "api_key", &pair, "id:" SECRET, &err));
    siem_secret_close(secret);
    assert_int_equal(left, 0);
    assert_true(count_wiped("id:" SECRET) >= 2); /* the source, and the copy that is encoded */
}

/* Options that hold a secret as they are. */
static void test_options(void **state) {
    (void)state;
    open_sink("http", OPTIONS({"url", "http://127.0.0.1:1"}, {"header", "X-Key: " SECRET},
                              {"header", "X-Other: " OTHER},
                              {"proxy", "http://user:" SECRET "@127.0.0.1:1"}));
    write_request();
    close_sink();
    assert_true(count_wiped("http://user:" SECRET) >= 2); /* the sink's, and the transport's */
}

/* Properties of librdkafka, of a sink and of a source. */
static void test_kafka(void **state) {
    const siem_option *options = OPTIONS({"brokers", "127.0.0.1:1"}, {"topic", "t"}, {"group", "g"},
                                         {"kafka", "sasl.password=" SECRET});
    siem_source *source;
    size_t feature = 0;
    (void)state;
    while (strcmp(siem_feature_at(feature)->name, "kafka") != 0) feature++;
    if (!siem_feature_at(feature)->is_built) skip();
    open_sink("kafka", OPTIONS({"brokers", "127.0.0.1:1"}, {"topic", "t"},
                               {"kafka", "sasl.password=" SECRET}));
    close_sink();
    assert_ok(siem_source_open(&source, "kafka", options, 4, &err));
    siem_source_close(source);
    assert_int_equal(left, 0);
}

/* The strings of libcurl, which frees them itself. */
static void test_transfer(void **state) {
    siem_batch *batch;
    siem_outcome outcome;
    (void)state;
    open_sink("http", OPTIONS({"url", "http://127.0.0.1:1"}, {"header", "X-Key: " SECRET},
                              {"proxy", ""}, {"retries", "0"}));
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_add(batch, "{\"a\":1}", 7, "1", "r", 0, &err));
    int before = count_wiped("X-Key: " SECRET);
    assert_int_equal(siem_sink_send(sink, batch, &outcome, &err), SIEM_UNAVAILABLE);
    assert_int_equal(count_wiped("X-Key: " SECRET), before + 1);
    siem_batch_close(batch);
    close_sink();
}

/* The key within an API key: base64 of "id:" SECRET. */
static void test_elastic(void **state) {
    (void)state;
    open_sink("elastic",
              OPTIONS({"url", "http://127.0.0.1:1"}, {"api_key", "aWQ6c2VzYW1lLTAxMjM0NTY3ODk="}));
    int before = count_wiped("id:" SECRET);
    write_request();
    assert_int_equal(count_wiped("id:" SECRET), before + 1);
    close_sink();
}

/* The key, decoded, of which the signature is made: base64 of SECRET; and the signature. */
static void test_sentinel(void **state) {
    (void)state;
    open_sink("sentinel",
              OPTIONS({"workspace_id", SECRET}, {"shared_key", "c2VzYW1lLTAxMjM0NTY3ODk="}));
    write_request();
    assert_int_equal(count_wiped(SECRET), 1);
    assert_true(count_wiped("SharedKey " SECRET ":") == 1);
    assert_ok(siem_sink_close(sink, &err)); /* the workspace's name is no secret */
}

/* A token, in the answer that brought it and as cJSON read it. */
static void test_azure(void **state) {
    static const char body[] = "{\"access_token\": \"" OTHER "\", \"expires_in\": 3600}";
    siem_outcome outcome;
    siem_answer answer = siem_answer_begin(&outcome, 1);
    siem_response response = {.status = 200, .retry_after = -1};
    (void)state;
    open_sink("azure", OPTIONS({"endpoint", "https://h"}, {"rule_id", "r"}, {"stream", "s"},
                               {"tenant", "t"}, {"client_id", "c"}, {"client_secret", SECRET}));
    siem_buffer_add(&response.body, body, sizeof body);
    response.body.size--;
    ((siem_http_sink *)sink)->protocol->read_prelude(sink, &response, &answer);
    assert_int_equal(outcome.verdict, SIEM_DELIVERED);
    assert_int_equal(count_wiped(OTHER), 1);
    assert_false(holds(response.body.bytes, response.body.capacity, OTHER));
    siem_buffer_free(&response.body);
    siem_answer_clear(&answer);
    write_request();
    close_sink();
}

/* What libcurl frees, and what it gives up when a buffer grows, in the program. */
static void test_curl(void **state) {
    char text[64 * sizeof SECRET] = "http://h/", *whole;
    (void)state;
    begin();
    assert_ok(siem_curl_open(&err));
    struct curl_slist *list = siem_curl.slist_append(NULL, "X-Key: " SECRET);
    assert_non_null(list);
    siem_curl.slist_free_all(list);
    assert_int_equal(count_wiped("X-Key: " SECRET), 1);
    for (int i = 0; i < 60; i++) memcpy(text + strlen(text), SECRET, sizeof SECRET);
    CURLU *url = siem_curl.url();
    assert_non_null(url);
    assert_int_equal(siem_curl.url_set(url, CURLUPART_URL, text, 0), CURLUE_OK);
    assert_int_equal(siem_curl.url_get(url, CURLUPART_URL, &whole, 0), CURLUE_OK);
    size_t before = wiped_count;
    siem_curl.free(whole);
    assert_int_equal(wiped_count, before + 1);
    siem_curl.url_cleanup(url);
    assert_true(wiped_count > before + 1);
    assert_int_equal(left, 0);
    siem_curl_close();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks),   cmocka_unit_test(test_request),
        cmocka_unit_test(test_buffer),  cmocka_unit_test(test_secret),
        cmocka_unit_test(test_options), cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_elastic), cmocka_unit_test(test_sentinel),
        cmocka_unit_test(test_azure),   cmocka_unit_test(test_kafka),
        cmocka_unit_test(test_curl),
    };
    siem_curl_wipe_set();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
