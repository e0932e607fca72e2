/* test_outage.c: which failures are reported while they are waited out, and what a sink tells. */
#include "base/outage.h"

#include "sink/sink.h"
#include "testing.h"

#include <string.h>
#include <time.h>

static char text[SIEM_REPORT_SIZE];

/* Makes as much time pass for an outage. */
static void pass(siem_outage *outage, double seconds) {
    outage->begun -= seconds;
    if (outage->reported != 0) outage->reported -= seconds;
}

static bool fails(siem_outage *outage) {
    siem_outage_add(outage, "HTTP 503");
    return siem_outage_report(outage, 4, -1, text);
}

/* The time in a text that is `seconds` from now, after some words. */
static void assert_time(const char *words, double seconds) {
    struct tm parts = {0};
    const char *at = strstr(text, words);
    assert_non_null(at);
    assert_non_null(strptime(at + strlen(words), "%Y-%m-%dT%H:%M:%SZ", &parts));
    double off = difftime(timegm(&parts), time(NULL)) - seconds;
    assert_true(off > -60 && off < 60); /* a machine may be slow, and this one is not a day late */
}

static void test_rarer(void **state) {
    siem_outage outage = {0};
    (void)state;
    assert_true(fails(&outage));
    assert_string_equal(text, "HTTP 503; trying again in 4.0 s");
    for (int minute = 1; minute <= 16; minute++) {
        bool is_due = minute == 1 || minute == 2 || minute == 4 || minute == 8 || minute == 16;
        pass(&outage, 30);
        assert_false(fails(&outage));
        pass(&outage, 30);
        assert_int_equal(fails(&outage), is_due);
    }
    assert_non_null(strstr(text, "HTTP 503; 33 failed attempts since 20"));
    assert_true(siem_outage_end(&outage, "works again", text));
    assert_string_equal(text, "works again, after 33 failed attempt(s) in 960 s");
    assert_true(outage.since == 0);
}

/* What fails and works by turns is reported once a minute; a longer pause is reported always. */
static void test_turns(void **state) {
    siem_outage outage = {0};
    (void)state;
    assert_true(fails(&outage));
    assert_true(siem_outage_end(&outage, "works again", text));
    assert_false(fails(&outage));
    assert_false(siem_outage_end(&outage, "works again", text));
    siem_outage_add(&outage, "HTTP 429");
    assert_true(siem_outage_report(&outage, 3600, 86400, text));
    assert_non_null(strstr(text, "HTTP 429; it asks for a pause of 86400 s, until 20"));
    assert_time("until ", 86400);
    assert_time("; trying again in 3600 s, at ", 3600);
    assert_false(siem_outage_report(&outage, 3600, 86400, text));
    assert_true(siem_outage_end(&outage, "works again", text));
    pass(&outage, 61);
    assert_true(fails(&outage));
}

/* A pause that the server asks for is reported as often as it grows, in each outage. */
static void test_pauses(void **state) {
    siem_outage outage = {0};
    (void)state;
    siem_outage_add(&outage, "HTTP 429");
    assert_true(siem_outage_report(&outage, 58, -1, text));
    assert_string_equal(text, "HTTP 429; trying again in 58 s");
    assert_false(siem_outage_report(&outage, 600, -1, text));
    assert_false(siem_outage_report(&outage, 600, 0, text)); /* it asks for none */
    assert_true(siem_outage_report(&outage, 60, 60, text));
    assert_non_null(strstr(text, "; trying again in 60 s, at 20"));
    assert_false(siem_outage_report(&outage, 61, 61, text));
    assert_true(siem_outage_report(&outage, 61.5, 61.5, text));
    assert_true(siem_outage_report(&outage, 3600, 3600, text));
    assert_true(siem_outage_end(&outage, "works again", text));
    siem_outage_add(&outage, "HTTP 429");
    assert_true(siem_outage_report(&outage, 1.5, 1.5, text));
    assert_string_not_equal(text, "");
}

static void test_wording(void **state) {
    siem_outage outage = {0};
    (void)state;
    siem_outage_add(&outage, "HTTP 503");
    assert_true(siem_outage_report(&outage, 9.75, 0, text));
    assert_string_equal(text, "HTTP 503; trying again in 9.8 s");
    siem_outage_describe_pause(0.75, text);
    test_has(text, "; it asks for a pause of 1 s, until 20");
    siem_outage_describe_pause(1e15, text); /* until a year that no date has */
    assert_string_equal(text, "; it asks for a pause of 1000000000000000 s");
    siem_outage_describe_pause(0, text);
    assert_string_equal(text, "");
    siem_outage_add(&outage, "HTTP 502");
    pass(&outage, 60);
    assert_true(siem_outage_report(&outage, 10, -1, text));
    assert_non_null(strstr(text, "HTTP 502; 2 failed attempts since 20"));
    assert_non_null(strstr(text, "; trying again in 10 s"));
}

static void test_cancelled(void **state) {
    siem_outage outage = {0};
    siem_error err;
    (void)state;
    assert_int_equal(siem_outage_cancelled(&outage, &err), SIEM_CANCELLED);
    assert_string_equal(err.message, "stopped on request");
    siem_outage_add(&outage, "the disk is full");
    assert_int_equal(siem_outage_cancelled(&outage, &err), SIEM_CANCELLED);
    assert_non_null(strstr(err.message, "stopped on request, with 1 attempt(s) failed since 20"));
    assert_non_null(strstr(err.message, "the last one: the disk is full"));
}

/* ---- of a sink ---- */

static siem_code fail_twice(void *context, const siem_batch *batch, siem_outcome *outcomes,
                            siem_error *err) {
    int *calls = context;
    (void)batch, (void)err;
    outcomes[0].verdict = (*calls)++ < 2 ? SIEM_RETRY : SIEM_DELIVERED;
    return SIEM_OK;
}

static void hear(void *context, const char *notice) {
    strcat(context, notice);
    strcat(context, "\n");
}

static void test_sink(void **state) {
    int calls = 0;
    char heard[2 * SIEM_REPORT_SIZE] = "";
    siem_sink *sink;
    siem_batch *batch;
    (void)state;
    assert_ok(siem_sink_open_function(&sink, fail_twice, NULL, &calls, &err));
    assert_null(siem_sink_target(sink));
    sink->pace.patience.base = 0.0001;
    siem_sink_set_notice(sink, hear, heard);
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_add(batch, "{}", 2, "1", "r", 0, &err));
    assert_ok(siem_sink_send(sink, batch, NULL, &err));
    assert_string_equal(heard, "function: the sink gave no reason; trying again in 0.0 s\n"
                               "function: works again, after 2 failed attempt(s) in 0 s\n");
    siem_batch_close(batch);
    assert_ok(siem_sink_close(sink, &err));
}

static void test_target(void **state) {
    const siem_option hook[] = {{"url", "https://collector:9000/hook/secret?token=secret"}};
    siem_sink *sink;
    (void)state;
    assert_ok(siem_sink_open(&sink, "http", hook, 1, &err));
    assert_string_equal(siem_sink_target(sink), "https://collector:9000");
    assert_ok(siem_sink_close(sink, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rarer),     cmocka_unit_test(test_turns),
        cmocka_unit_test(test_pauses),    cmocka_unit_test(test_wording),
        cmocka_unit_test(test_cancelled), cmocka_unit_test(test_sink),
        cmocka_unit_test(test_target)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
