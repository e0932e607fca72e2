/* test_number.c: numbers in a host that expects a comma in them. */
#include "base/number.h"
#include "sink/options.h"
#include "testing.h"

#include <cjson/cJSON.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A locale of this test's own, as few machines have one. */
static int use_comma(void **state) {
    char command[300], text[32];
    (void)state;
    (void)snprintf(command, sizeof command,
                   "localedef --no-archive -c -i de_DE -f UTF-8 '%s/de_DE.UTF-8' 2>/dev/null",
                   test_folder());
    assert_true(system(command) <= 256); /* 1: with warnings */
    assert_int_equal(setenv("LOCPATH", test_folder(), 1), 0);
    assert_non_null(setlocale(LC_ALL, "de_DE.UTF-8"));
    (void)snprintf(text, sizeof text, "%.2f", 0.75);
    assert_string_equal(text, "0,75");
    return 0;
}

static void test_texts(void **state) {
    char text[64], *end;
    siem_error err;
    (void)state;
    assert_true(siem_number_read("0.75x", &end) == 0.75 && *end == 'x');
    assert_true(siem_number_read("0,75", &end) == 0 && *end == ',');
    assert_int_equal(siem_number_print(text, sizeof text, "%g s %s", 0.75, "ä"), 9);
    assert_string_equal(text, "0.75 s ä");
    assert_int_equal(siem_iso8601(text, 1.5e18, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "time 1.5e+18 is"));
    (void)snprintf(text, sizeof text, "%.2f", 0.75);
    assert_string_equal(text, "0,75"); /* the host's is as before */
}

/* What a format writes of a number, of a text that is one, and of one in extra. */
static void test_records(void **state) {
    const char *real[] = {"real", NULL}, *number[] = {"text", NULL}, *extra[] = {"extra.x", NULL};
    const siem_row rows[] = {{.destination = "real", .from = real},
                             {.destination = "text", .from = number, .as = "float"},
                             {.destination = "extra", .from = extra},
                             {.destination = "string", .from = real, .as = "text"},
                             {.destination = "value", .value = "0.5"}};
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 1}},
                               {"real", {.type = SIEM_REAL, .real = 0.30000000000000004}},
                               {"text", test_text("0.75")},
                               {"extra", test_text("{\"x\": 1.25}")}};
    siem_mapping *mapping;
    siem_event *event;
    siem_batch *batch;
    size_t size;
    (void)state;
    assert_ok(siem_mapping_open(&mapping, "comma", &err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(siem_mapping_add(mapping, &rows[i], &err));
    }
    assert_ok(siem_mapping_compile(mapping, &err));
    assert_ok(siem_event_open(&event, row, sizeof row / sizeof *row, "reg", &err));
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_write(batch, mapping, event, NULL, &err));
    static const char expected[] = "{\"real\":0.30000000000000004,\"text\":0.75,\"extra\":1.25,"
                                   "\"string\":\"0.30000000000000004\",\"value\":0.5}\n";
    const char *lines = siem_batch_bytes(batch, &size);
    assert_int_equal(size, sizeof expected - 1);
    assert_memory_equal(lines, expected, size);
    siem_batch_close(batch);
    siem_event_close(event);
    siem_mapping_close(mapping);
}

static void test_options_and_answers(void **state) {
    static const siem_option_spec spec[] = {
        {.name = "timeout", .kind = SIEM_OPTION_SECONDS, .least = 0.25, .most = 1}, {0}};
    const siem_option option = {"timeout", "0.5"}, wrong = {"timeout", "0,5"};
    double seconds = 0;
    siem_error err;
    (void)state;
    assert_ok(siem_options_read(&seconds, spec, NULL, &(siem_options){&option, 1}, &err));
    assert_true(seconds == 0.5);
    assert_int_equal(siem_options_read(&seconds, spec, NULL, &(siem_options){&wrong, 1}, &err),
                     SIEM_INVALID);
    assert_string_equal(err.message, "timeout is a number of seconds from 0.25 to 1");
    cJSON *answer = cJSON_Parse("{\"expires_in\": 3599.5}");
    assert_non_null(answer);
    assert_true(cJSON_GetObjectItem(answer, "expires_in")->valuedouble == 3599.5);
    cJSON_Delete(answer);
}

/* A format that is Lua, in a state of the library's. */
static void test_format(void **state) {
    siem_format *format;
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 1}},
                               {"timestamp", {.type = SIEM_REAL, .real = 1.5}},
                               {"extra", test_text("{\"x\": 1.25}")}};
    siem_event *event;
    siem_batch *batch;
    size_t size;
    (void)state;
    assert_ok(siem_format_open(&format, "splunk", NULL, 0, &err));
    assert_ok(siem_event_open(&event, row, sizeof row / sizeof *row, "reg", &err));
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_write(batch, siem_format_mapping(format), event, NULL, &err));
    const char *record = siem_batch_at(batch, 0, &size);
    assert_non_null(memmem(record, size, "1.25", 4));
    assert_null(memmem(record, size, "1,", 2));
    siem_batch_close(batch);
    siem_event_close(event);
    siem_format_close(format);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_records),
                                       cmocka_unit_test(test_options_and_answers),
                                       cmocka_unit_test(test_format)};
    return cmocka_run_group_tests(tests, use_comma, NULL);
}
