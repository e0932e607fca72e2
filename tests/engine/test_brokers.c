/* test_brokers.c: sinks of Kafka where there is no cluster: their options, and what they report of
 * ports that are closed, silent, or of something else. */
#include "base/clock.h"
#include "server.h"
#include "sink/kafka/settings.h"
#include "testing.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- sinks ---- */

static siem_code try_open(siem_sink **sink, const char *brokers, const char *const *pairs,
                          siem_error *err) {
    siem_option options[16] = {{"brokers", brokers}, {"topic", "t"}};
    size_t count = 2;
    for (; *pairs != NULL; pairs += 2) options[count++] = (siem_option){pairs[0], pairs[1]};
    return siem_sink_open(sink, "kafka", options, count, err);
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static siem_sink *open_sink(const char *brokers, const char *const *pairs) {
    siem_sink *sink;
    assert_ok(try_open(&sink, brokers, pairs, &err));
    return sink;
}

static void close_sink(siem_sink *sink) {
    assert_ok(siem_sink_close(sink, &err));
}

/* Each number has its range, both ends of which are in it. */
static void test_ranges(void **state) {
    (void)state;
    static const struct {
        const char *name, *least, *most, *below, *above;
    } cases[] = {
        {"batch_bytes", "1", "67108864", "0", "67108865"},
        {"batch_events", "1", "2147483647", "0", "2147483648"},
        {"in_flight", "1", "64", "0", "65"},
        {"timeout", "0.1", "86400", "0.09", "86401"},
        {"retries", "0", "2147483647", "-1", "2147483648"},
        {"retry_base", "0", "86400", "-1", "86401"},
        {"retry_cap", "0", "86400", "-1", "86401"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_sink *sink;
        siem_error err = {0};
        close_sink(open_sink("127.0.0.1:1", PAIRS(cases[i].name, cases[i].least)));
        close_sink(open_sink("127.0.0.1:1", PAIRS(cases[i].name, cases[i].most)));
        assert_int_equal(try_open(&sink, "127.0.0.1:1", PAIRS(cases[i].name, cases[i].below), &err),
                         SIEM_INVALID);
        assert_int_equal(try_open(&sink, "127.0.0.1:1", PAIRS(cases[i].name, cases[i].above), &err),
                         SIEM_INVALID);
        assert_string_equal(err.options[0], cases[i].name);
    }
}

/* What is not given. */
static void test_defaults(void **state) {
    (void)state;
    siem_sink *sink = open_sink("127.0.0.1:1", (const char *const[]){NULL});
    const siem_pace *pace = &sink->pace;
    const siem_kafka_sink *kafka = (const siem_kafka_sink *)sink;
    assert_int_equal(pace->batch_bytes, 1 << 20);
    assert_int_equal(pace->batch_events, 0);
    assert_int_equal(pace->in_flight, 4);
    assert_int_equal(pace->patience.retries, 8);
    assert_true(pace->patience.base == 1 && pace->patience.cap == 60);
    assert_true(kafka->timeout == 60);
    assert_string_equal(kafka->compress, "zstd");
    assert_int_equal(kafka->labels.key, SIEM_KAFKA_BY_REGISTRY);
    assert_int_equal(kafka->labels.style, SIEM_KAFKA_OVERSIGHT);
    close_sink(sink);
}

/* A file of a secret that others can read is remarked, whichever property has it. */
static void test_exposed_file(void **state) {
    (void)state;
    char own[256], open[256], remark[SIEM_REPORT_SIZE];
    const char *const path = test_path("open");
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(test_path(i == 0 ? "own" : "open"), "w");
        assert_non_null(file);
        (void)fputs("secret\n", file);
        (void)fclose(file);
    }
    assert_int_equal(chmod(test_folder(), 0755), 0);
    assert_int_equal(chmod(test_path("own"), 0600), 0);
    assert_int_equal(chmod(path, 0644), 0);
    (void)snprintf(own, sizeof own, "ssl.key.password=file:%s", test_path("own"));
    (void)snprintf(open, sizeof open, "sasl.password=file:%s", path);
    siem_sink *sink = open_sink("127.0.0.1:1", PAIRS("kafka", own));
    assert_false(siem_sink_remark(sink, remark));
    close_sink(sink);
    sink = open_sink("127.0.0.1:1", PAIRS("kafka", open, "kafka", own));
    assert_true(siem_sink_remark(sink, remark));
    test_has(remark, "sasl.password: other users can read or change '");
    test_has(remark, path);
    assert_null(strstr(remark, "ssl.key.password"));
    close_sink(sink);
    assert_int_equal(chmod(test_folder(), 0700), 0);
}

/* ---- ports ---- */

static unsigned asked; /* whether to go on */

static bool go_on(void *context) {
    (void)context;
    asked++;
    return true;
}

/* A socket of 127.0.0.1. Connections to it are made, and never answered; or refused. */
static int open_port(char brokers[32], bool listens) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int port = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(port, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(port, (struct sockaddr *)&address, &size), 0);
    if (listens) assert_int_equal(listen(port, 16), 0);
    (void)snprintf(brokers, 32, "127.0.0.1:%d", ntohs(address.sin_port));
    return port;
}

/* The answer is why the connection failed, at once, and not that all brokers are down. */
static void test_closed_port(void **state) {
    (void)state;
    char brokers[32];
    siem_error err = {0};
    int port = open_port(brokers, false);
    siem_sink *sink = open_sink(brokers, PAIRS("timeout", "600"));
    assert_int_equal(siem_sink_ping(sink, NULL, &err), SIEM_UNAVAILABLE);
    test_has(err.message, "Connection refused");
    close_sink(sink);
    (void)close(port);
}

/* It is waited for as long as the options allow, and asked less and less often. */
static void test_silent_port(void **state) {
    (void)state;
    char brokers[32];
    siem_error err = {0};
    int port = open_port(brokers, true);
    siem_sink *sink = open_sink(brokers, PAIRS("timeout", "0.6"));
    siem_sink_set_go_on(sink, go_on, NULL);
    double start = siem_clock();
    asked = 0;
    assert_int_equal(siem_sink_ping(sink, NULL, &err), SIEM_UNAVAILABLE);
    assert_true(siem_clock() - start > 0.6);
    assert_true(asked <= 5);
    close_sink(sink);
    (void)close(port);
}

/* What is not TLS can be so for a while: only a certificate that is refused stays so. */
static void test_not_tls(void **state) {
    (void)state;
    test_server *server = test_server_open((const char *const[]){"", NULL});
    siem_error err = {0};
    const char *const brokers = test_server_url(server, "") + strlen("http://");
    siem_sink *sink = open_sink(brokers, PAIRS("timeout", "0.5", "kafka", "security.protocol=ssl"));
    assert_int_equal(siem_sink_ping(sink, NULL, &err), SIEM_UNAVAILABLE);
    close_sink(sink);
    test_server_close(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),       cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_exposed_file), cmocka_unit_test(test_closed_port),
        cmocka_unit_test(test_silent_port),  cmocka_unit_test(test_not_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
