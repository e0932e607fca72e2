/* test_remote.c: what all kinds over HTTP share: options, URLs, and credentials that change. */
#include "sink/http/remote.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static siem_remote_sink *open_remote(const char *name, const char *value) {
    const siem_option options[] = {{"url", "http://h/in?key"}, {name, value}};
    siem_sink *sink;
    assert_ok(siem_sink_open(&sink, "http", options, name != NULL ? 2 : 1, &err));
    return (siem_remote_sink *)sink;
}

static void close_remote(siem_remote_sink *remote) {
    assert_ok(siem_sink_close(&remote->http.sink, &err));
}

/* Refuses an option, by a message that names it. */
static void assert_refused(const char *name, const char *value) {
    const siem_option options[] = {{"url", "http://h"}, {name, value}};
    siem_sink *sink;
    siem_error failure = {0};
    if (siem_sink_open(&sink, "http", options, 2, &failure) == SIEM_OK) {
        fail_msg("%s=%s", name, value);
    }
    test_has(failure.message, name);
    assert_string_equal(failure.options[0], name);
}

static void test_defaults(void **state) {
    (void)state;
    siem_remote_sink *remote = open_remote(NULL, NULL);
    const siem_pace *pace = &remote->http.sink.pace;
    assert_true(pace->patience.retries == 8);
    assert_true(pace->patience.base == 1);
    assert_true(pace->patience.cap == 60);
    assert_false(pace->patience.is_steady);
    assert_int_equal(pace->in_flight, 2);
    assert_int_equal(pace->batch_events, 0);
    assert_int_equal(pace->batch_bytes, 1 << 20);
    assert_int_equal(pace->body_bytes, 1 << 30);
    assert_int_equal(pace->field_bytes, 0);
    assert_true(remote->settings.timeout == 60);
    assert_true(remote->settings.connect_timeout == 10);
    assert_null(remote->http.compressors);
    assert_null(remote->settings.proxy);
    assert_string_equal(remote->http.sink.target, "http://h");
    assert_string_equal(remote->http.sink.remark, "");
    close_remote(remote);
}

static void test_bounds(void **state) {
    static const struct {
        const char *name, *below, *least, *most, *above;
    } cases[] = {
        {"batch_events", "0", "1", "2147483647", "2147483648"},
        {"batch_bytes", "0", "1", "1073741824", "1073741825"},
        {"in_flight", "0", "1", "64", "65"},
        {"timeout", "0.00009", "0.0001", "86400", "86401"},
        {"connect_timeout", "0.00009", "0.0001", "86400", "86401"},
        {"retries", "-1", "0", "2147483647", "2147483648"},
        {"retry_base", "-0.1", "0", "86400", "86401"},
        {"retry_cap", "-0.1", "0", "86400", "86401"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        close_remote(open_remote(cases[i].name, cases[i].least));
        close_remote(open_remote(cases[i].name, cases[i].most));
        assert_refused(cases[i].name, cases[i].below);
        assert_refused(cases[i].name, cases[i].above);
    }
    siem_remote_sink *remote = open_remote("batch_events", "5");
    assert_int_equal(remote->http.sink.pace.batch_events, 5);
    close_remote(remote);
}

/* ---- files ---- */

static const char *make_file(const char *name, const char *text, mode_t mode) {
    const char *path = test_path(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void test_files(void **state) {
    static const char *const names[] = {"ca_file", "client_cert", "client_key"};
    (void)state;
    assert_int_equal(chmod(test_folder(), 0755), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_refused(names[i], test_path("none.pem"));
        /* The key is secret: in a file of its own, or with the certificate. */
        for (int open = 0; open < 2; open++) {
            const char *path = make_file("some.pem", "", open ? 0644 : 0600);
            siem_remote_sink *remote = open_remote(names[i], path);
            if (i == 0 || !open) assert_string_equal(remote->http.sink.remark, "");
            else test_has(remote->http.sink.remark, "client_key: other users can read or change");
            close_remote(remote);
        }
    }
}

static void test_insecure(void **state) {
    (void)state;
    siem_remote_sink *remote = open_remote("insecure", "true");
    test_has(remote->http.sink.remark, "insecure: the server's certificate is not verified");
    close_remote(remote);
    remote = open_remote("insecure", "false");
    assert_string_equal(remote->http.sink.remark, "");
    close_remote(remote);
}

/* ---- URLs ---- */

/* What follows the origin can hold a credential. */
static void test_target(void **state) {
    static const struct {
        const char *url, *origin;
    } cases[] = {
        {"https://h:8088/hook/s3cret", "https://h:8088"},
        {"http://h?k=s3cret", "http://h"},
        {"http://h#s3cret", "http://h"},
        {"http://[::1]:9", "http://[::1]:9"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_sink *sink;
        const siem_option options[] = {{"url", cases[i].url}};
        assert_ok(siem_sink_open(&sink, "http", options, 1, &err));
        assert_string_equal(siem_sink_target(sink), cases[i].origin);
        assert_ok(siem_sink_close(sink, &err));
    }
}

static void test_base(void **state) {
    static const struct {
        const char *url, *endpoint, *base; /* NULL: it is refused */
    } cases[] = {
        {"http://h", "/in", "http://h"},
        {"http://h/", "/in", "http://h"},
        {"http://h//", NULL, "http://h"},
        {"HTTPS://h/a/", "/in", "HTTPS://h/a"},
        {"http://h/a/in/event", "/in", "http://h/a"},
        {"http://h/a/in", NULL, "http://h/a/in"},
        {"http://in/a", "/in", "http://in/a"},
        {"http://h/a?b", "/in", NULL},
        {"http://h#b", "/in", NULL},
        {"http://h/a b", "/in", NULL},
        {"http://u@h/", "/in", NULL},
        {"http://h/@", "/in", "http://h/@"},
        {"http:///", "/in", NULL},
        {"http://?", "/in", NULL},
        {"ftp://h", "/in", NULL},
        {"ws://host/in", "/in", NULL},
        {"http:/h", "/in", NULL},
        {"", "/in", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[64];
        siem_error failure = {0};
        (void)strcpy(url, cases[i].url);
        siem_code rc = siem_remote_cut_base("base", url, cases[i].endpoint, &failure);
        if ((rc == SIEM_OK) != (cases[i].base != NULL)) fail_msg("%s: %d", cases[i].url, (int)rc);
        if (rc == SIEM_OK) assert_string_equal(url, cases[i].base);
        else assert_string_equal(failure.options[0], "base");
    }
}

/* ---- credentials ---- */

static siem_secret *secret;
static siem_outcome outcome;

/* What is done next after a refusal of a request that was written with that credential. */
static siem_answer renew(unsigned generation, siem_verdict verdict) {
    const siem_parcel parcel = {.credential = generation};
    siem_answer answer = siem_answer_begin(&outcome, 1);
    siem_answer_all(&answer, verdict, "HTTP 401");
    siem_remote_renew(secret, &parcel, &answer);
    return answer;
}

/* The source is read again, unless another request had it read since. */
static void test_renewed(void **state) {
    static const siem_secret_form form = {.word = true};
    char source[300];
    (void)state;
    (void)snprintf(source, sizeof source, "file:%s", make_file("key", "first", 0600));
    assert_ok(siem_secret_open(&secret, "key", &form, source, &err));
    unsigned first = siem_secret_generation(secret);
    siem_answer answer = renew(first, SIEM_HOLD);
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    assert_string_equal(answer.reason, "HTTP 401");
    (void)make_file("key", "second", 0600);
    answer = renew(first, SIEM_RETRY); /* it is not refused */
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    assert_string_equal(siem_secret_text(secret), "first");
    answer = renew(first, SIEM_HOLD);
    assert_int_equal(answer.next, SIEM_RENEWED);
    assert_string_equal(siem_secret_text(secret), "second");
    (void)make_file("key", "third", 0600);
    answer = renew(first, SIEM_HOLD); /* the second is not tried yet */
    assert_int_equal(answer.next, SIEM_RENEWED);
    assert_string_equal(siem_secret_text(secret), "second");
    assert_int_equal(remove(test_path("key")), 0);
    answer = renew(siem_secret_generation(secret), SIEM_HOLD);
    assert_int_equal(answer.next, SIEM_TAKE_OUTCOMES);
    assert_memory_equal(answer.reason, "HTTP 401; ", 10);
    test_has(answer.reason, "key");
    siem_secret_close(secret);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_files),    cmocka_unit_test(test_insecure),
        cmocka_unit_test(test_target),   cmocka_unit_test(test_base),
        cmocka_unit_test(test_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
