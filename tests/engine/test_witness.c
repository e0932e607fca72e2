/* test_witness.c: one event against a log: whether it is in it, and what its record can say of it.
 */
#include "evidence/witness.h"
#include "server.h"
#include "source/event.h"
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LEAF                                                                                       \
    "{\"event\":\"beacon\",\"file_id\":null,\"kind\":\"http_img\",\"recipient_id\":null,"          \
    "\"source_ip\":null,\"timestamp\":\"2026-01-01T00:00:01Z\",\"token_id\":\"%s\","               \
    "\"user_agent\":null%s}"

/* What the leaf of an event with that token says. */
static const char *leaf_of(const char *token) {
    static char texts[4][256];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    (void)snprintf(text, sizeof texts[0], LEAF, token, "");
    return text;
}

static siem_event *make_event(const char *token, siem_value index) {
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}},
                               {"token_id", test_text(token)},
                               {"kind", test_text("http_img")},
                               {"timestamp", {.type = SIEM_INTEGER, .integer = 1}},
                               {"qualified_timestamp", test_text("2026-01-01T00:00:01Z")},
                               {"tlog_index", index}};
    siem_event *event;
    assert_ok(siem_event_open(&event, row, 6, "r", &err));
    return event;
}

static siem_value at(int64_t index) {
    return (siem_value){.type = SIEM_INTEGER, .integer = index};
}

/* ---- the log ---- */

static char path[160];
static siem_tlog *tlog;

static FILE *append(void) {
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    return file;
}

static void add_leaf(int64_t index, const char *leaf, const char *hashed) {
    FILE *file = append();
    test_write_leaf(file, index, leaf, hashed);
    assert_int_equal(fclose(file), 0);
}

static void add(int64_t index, const char *token) {
    add_leaf(index, leaf_of(token), leaf_of(token));
}

/* A log of these tokens; "": no line has that index. */
static void make_log(const char *const *tokens) {
    (void)stpcpy(path, test_path("leaves.jsonl"));
    (void)remove(path);
    (void)fclose(append());
    for (int64_t i = 0; tokens[i] != NULL; i++) {
        if (tokens[i][0] != '\0') add(i, tokens[i]);
    }
}

static void open_log(void) {
    assert_ok(siem_tlog_open(&tlog, &(siem_tlog_options){.source = path}, &err));
}

#define OPEN(...) make_log((const char *const[]){__VA_ARGS__, NULL}), open_log()

static siem_witness witness;

static void close_log(void) {
    siem_witness_close(&witness);
    witness = (siem_witness){0};
    siem_tlog_close(tlog);
}

/* ---- what is asserted ---- */

static void assert_text(const siem_value *value, const char *text) {
    assert_int_equal(value->type, SIEM_TEXT);
    assert_int_equal(value->size, strlen(text));
    assert_memory_equal(value->bytes, text, value->size);
}

static void assert_hash(const siem_value *value, const siem_hash *hash) {
    char hex[SIEM_HASH_HEX];
    siem_hash_write(hex, hash);
    assert_text(value, hex);
}

/* The fields of an event: a leaf's hash unless there is none, and the log. */
static void assert_fields(const siem_event *event, const char *leaf, bool is_verified,
                          int64_t size) {
    const siem_value *verified = &event->tlog[SIEM_TLOG_VERIFIED];
    siem_hash hash, root;
    if (leaf == NULL) {
        assert_int_equal(event->tlog[SIEM_TLOG_LEAF_HASH].type, SIEM_NULL);
    } else {
        assert_ok(siem_tlog_hash(&hash, leaf, strlen(leaf), &err));
        assert_hash(&event->tlog[SIEM_TLOG_LEAF_HASH], &hash);
    }
    assert_int_equal(verified->type, SIEM_JSON);
    assert_int_equal(verified->size, is_verified ? 4 : 5);
    assert_memory_equal(verified->bytes, is_verified ? "true" : "false", verified->size);
    assert_int_equal(event->tlog[SIEM_TLOG_SIZE].type, SIEM_INTEGER);
    assert_int_equal(event->tlog[SIEM_TLOG_SIZE].integer, size);
    if (siem_tlog_root(tlog, size, &root, NULL) == SIEM_OK) {
        assert_hash(&event->tlog[SIEM_TLOG_ROOT], &root);
    } else {
        assert_int_equal(event->tlog[SIEM_TLOG_ROOT].type, SIEM_NULL);
    }
}

/* An event is what its leaf says. */
static void assert_verified(const char *token, int64_t index, int64_t size) {
    siem_event *event = make_event(token, at(index));
    assert_ok(siem_witness_testify(&witness, tlog, event, &err));
    assert_fields(event, leaf_of(token), true, size);
    siem_event_close(event);
}

/* It is not, for that reason. `leaf`: the text of the leaf that it differs from, or NULL. */
static void assert_unproved(const char *token, siem_value index, const char *reason,
                            const char *leaf, int64_t size) {
    siem_error failure = {0};
    siem_hash hash, expected = {{0}};
    siem_event *event = make_event(token, index);
    assert_int_equal(siem_witness_testify(&witness, tlog, event, &failure), SIEM_UNPROVED);
    assert_string_equal(failure.message, reason);
    assert_fields(event, leaf, false, size);
    assert_int_equal(siem_tlog_find(tlog, event, &hash, &failure), SIEM_UNPROVED);
    assert_string_equal(failure.message, reason);
    if (leaf != NULL) assert_ok(siem_tlog_hash(&expected, leaf, strlen(leaf), &err));
    assert_memory_equal(&hash, &expected, sizeof hash);
    siem_event_close(event);
}

/* ---- tests ---- */

static void test_verified(void **state) {
    (void)state;
    OPEN("a", "b", "c");
    assert_verified("b", 1, 3);
    assert_verified("a", 0, 3);
    assert_verified("c", 2, 3);
    siem_hash hash, expected;
    siem_event *event = make_event("b", at(1));
    assert_ok(siem_tlog_find(tlog, event, &hash, &err));
    assert_ok(siem_tlog_leaf(tlog, 1, &expected, &err));
    assert_memory_equal(&hash, &expected, sizeof hash);
    siem_event_close(event);
    close_log();
}

static void test_unproved(void **state) {
    const siem_value none = {0}, text = test_text("0");
    static const char never[] = "the event never had a leaf in the log";
    (void)state;
    OPEN("a", "", "c");
    assert_unproved("x", at(0), "the event differs from leaf 0: token_id", leaf_of("a"), 3);
    assert_unproved("b", at(1), "leaf 1 is missing from the log", NULL, 3);
    assert_unproved("d", at(3), "the log has no leaf 3", NULL, 3);
    assert_unproved("a", at(-1), never, NULL, 3);
    assert_unproved("a", at(-2), never, NULL, 3);
    assert_unproved("a", none, never, NULL, 3);
    assert_unproved("a", text, never, NULL, 3);
    assert_verified("c", 2, 3); /* the hash of its leaf is known, the root is not */
    close_log();
}

/* A leaf that says the same in another encoding; and leaves that say something else, or nothing. */
static void test_texts(void **state) {
    static const char spaced[] =
        "{ \"event\": \"beacon\", \"file_id\": null, \"kind\": \"http_img\", \"recipient_id\": "
        "null, \"source_ip\": null, \"timestamp\": \"2026-01-01T00:00:01Z\", \"token_id\": \"a\", "
        "\"user_agent\": null }";
    static const char registered[] = "{\"event\":\"register\",\"file_id\":\"f\"}";
    char more[256], odd[256];
    (void)state;
    (void)snprintf(more, sizeof more, LEAF, "a", ",\"version\":2");
    (void)snprintf(odd, sizeof odd, LEAF, "a", ",\"}\":{}");
    make_log((const char *const[]){NULL});
    add_leaf(0, spaced, spaced);
    add_leaf(1, more, more);
    add_leaf(2, registered, registered);
    add_leaf(3, "no JSON", "no JSON");
    add_leaf(4, leaf_of("a"), "another text");
    add_leaf(5, odd, odd);
    open_log();
    siem_event *event = make_event("a", at(0));
    assert_ok(siem_witness_testify(&witness, tlog, event, &err));
    assert_fields(event, spaced, true, 6);
    siem_event_close(event);
    assert_unproved("a", at(1), "the event differs from leaf 1: the leaf has other members", more,
                    6);
    assert_unproved("a", at(2), "the event differs from leaf 2: the leaf is not of a callback",
                    registered, 6);
    assert_unproved("a", at(3), "the event differs from leaf 3: the leaf's text cannot be compared",
                    "no JSON", 6);
    assert_unproved("a", at(4), "the event differs from leaf 4: the leaf's text cannot be compared",
                    "another text", 6);
    assert_unproved("a", at(5), "the event differs from leaf 5: the leaf has other members", odd,
                    6);
    close_log();
}

/* A registry that started again may number leaves as others before: an event has one of them. */
static void test_same_index(void **state) {
    static const char *const tokens[] = {"d", "e", "f", "g", "h"};
    static const int64_t indices[] = {1, 0, 2, 0, 1};
    (void)state;
    make_log((const char *const[]){"a", "b", "c", NULL});
    for (size_t i = 0; i < 5; i++) add(indices[i], tokens[i]);
    open_log();
    assert_verified("a", 0, 8);
    for (size_t i = 0; i < 5; i++) assert_verified(tokens[i], indices[i], 8);
    assert_unproved("d", at(0), "the event differs from leaf 0: token_id", leaf_of("a"), 8);
    close_log();
}

/* The leaf of a newer event is read when it is asked for; an older event has the newer log, too. */
static void test_newer(void **state) {
    siem_witness other = {0};
    siem_error failure = {0};
    (void)state;
    OPEN("a", "b");
    siem_event *event = make_event("a", at(0)), *newest = make_event("c", at(2));
    assert_ok(siem_witness_testify(&other, tlog, event, &err));
    assert_fields(event, leaf_of("a"), true, 2);
    assert_int_equal(siem_witness_testify(&other, tlog, newest, &failure), SIEM_UNPROVED);
    add(2, "c");
    siem_hash hash;
    assert_int_equal(siem_tlog_find(tlog, newest, &hash, &failure), SIEM_UNPROVED); /* reads none */
    assert_verified("c", 2, 3);
    assert_ok(siem_witness_testify(&other, tlog, event, &err));
    assert_fields(event, leaf_of("a"), true, 3);
    siem_event_close(event);
    siem_event_close(newest);
    siem_witness_close(&other);
    close_log();
}

static bool is_stopped;

static bool go_on(void *context) {
    assert_ptr_equal(context, &is_stopped);
    return !is_stopped;
}

/* A log that is not read to its end is no verdict on an event. */
static void test_stopped(void **state) {
    siem_error failure = {0};
    (void)state;
    make_log((const char *const[]){"a", NULL});
    const siem_tlog_options options = {
        .source = path, .go_on = go_on, .go_on_context = &is_stopped};
    assert_ok(siem_tlog_open(&tlog, &options, &err));
    siem_event *event = make_event("b", at(1));
    is_stopped = true;
    assert_int_equal(siem_witness_testify(&witness, tlog, event, &failure), SIEM_CANCELLED);
    is_stopped = false;
    add(1, "b");
    assert_ok(siem_witness_testify(&witness, tlog, event, &err));
    siem_event_close(event);
    close_log();
}

/* The leaf of an event in both encodings; what is not ASCII is written as it is in one of them. */
static void test_expected(void **state) {
    static const char ascii[] =
        "{\"event\":\"beacon\",\"file_id\":null,\"kind\":\"http_img\",\"recipient_id\":null,"
        "\"source_ip\":null,\"timestamp\":\"2026-01-01T00:00:01Z\",\"token_id\":"
        "\"a \\u00f6\\\"\\\\\\u0001\\n\\ud83d\\ude00\",\"user_agent\":null}";
    static const char utf8[] =
        "{\"event\":\"beacon\",\"file_id\":null,\"kind\":\"http_img\",\"recipient_id\":null,"
        "\"source_ip\":null,\"timestamp\":\"2026-01-01T00:00:01Z\",\"token_id\":"
        "\"a \xc3\xb6\\\"\\\\\\u0001\\n\xf0\x9f\x98\x80\",\"user_agent\":null}";
    static const char *const texts[] = {ascii, utf8};
    siem_expected expected = {.decoded = {0}};
    siem_hasher hasher;
    (void)state;
    siem_event *event = make_event("a \xc3\xb6\"\\\x01\n\xf0\x9f\x98\x80", at(0));
    assert_ok(siem_hasher_open(&hasher, &err));
    for (int again = 0; again < 2; again++) {
        assert_ok(siem_expect(&expected, event, &hasher, &err));
        for (size_t i = 0; i < SIEM_LEAF_ENCODINGS; i++) {
            siem_hash hash = siem_hash_leaf(&hasher, texts[i], strlen(texts[i]));
            assert_int_equal(expected.texts[i].size, strlen(texts[i]));
            assert_memory_equal(expected.texts[i].bytes, texts[i], strlen(texts[i]));
            assert_true(siem_expected_matches(&expected, &hash));
        }
    }
    siem_hasher_close(&hasher);
    siem_expected_free(&expected);
    siem_event_close(event);
}

/* Without standard input, a log is file 0. */
static const char *read_as_first(void) {
    siem_error err;
    const siem_tlog_options missing = {.source = test_path("no such file")};
    if (dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO) < 0) return "no /dev/null";
    if (siem_tlog_open(&tlog, &missing, &err) == SIEM_OK) return "there is such a file";
    if (fcntl(STDIN_FILENO, F_GETFD) < 0) return "another file was closed";
    (void)close(STDIN_FILENO);
    if (siem_tlog_open(&tlog, &(siem_tlog_options){.source = path}, &err) != SIEM_OK) {
        return "it cannot be opened";
    }
    if (fcntl(STDIN_FILENO, F_GETFD) < 0) return "it is another file";
    if (siem_tlog_size(tlog) != 1) return "it is not read";
    siem_tlog_close(tlog);
    return fcntl(STDIN_FILENO, F_GETFD) < 0 ? NULL : "it is still open";
}

static void test_without_input(void **state) {
    (void)state;
    make_log((const char *const[]){"a", NULL});
    assert_true(test_in_child("a log without standard input", read_as_first));
}

/* ---- over HTTP ---- */

#define EMPTY_PAGE "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"entries\":[]}"

/* A registry is not asked for ever for leaves that it does not have: two pages a time, a hundred
 * times. */
static void test_in_vain(void **state) {
    static const char *const answers[] = {EMPTY_PAGE, NULL};
    siem_error failure = {0};
    (void)state;
    test_server *server = test_server_open(answers);
    const siem_tlog_options options = {.source = test_server_url(server, "")};
    assert_ok(siem_tlog_open(&tlog, &options, &err));
    siem_event *event = make_event("a", at(0));
    for (size_t i = 1; i <= 102; i++) {
        assert_int_equal(siem_witness_testify(&witness, tlog, event, &failure), SIEM_UNPROVED);
        assert_string_equal(failure.message, "the log has no leaf 0");
        assert_int_equal(test_server_count(server), 2 + 2 * (i < 100 ? i : 100));
    }
    siem_event_close(event);
    close_log();
    test_server_close(server);
}

/* However long a log is, it is read in pieces that are forgotten. */
static void test_long_log(void **state) {
    const int64_t count = 4000;
    (void)state;
    make_log((const char *const[]){NULL});
    FILE *file = append();
    for (int64_t i = 0; i < count; i++) test_write_leaf(file, i, leaf_of("t"), leaf_of("t"));
    long size = ftell(file);
    assert_int_equal(fclose(file), 0);
    open_log();
    assert_ok(siem_log_read(tlog, &err));
    assert_int_equal(tlog->tree.count, count);
    assert_true(size > 1 << 20 && tlog->input.capacity < 1 << 20);
    close_log();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verified),      cmocka_unit_test(test_unproved),
        cmocka_unit_test(test_texts),         cmocka_unit_test(test_same_index),
        cmocka_unit_test(test_newer),         cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_without_input), cmocka_unit_test(test_expected),
        cmocka_unit_test(test_in_vain),       cmocka_unit_test(test_long_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
