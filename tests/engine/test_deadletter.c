/* test_deadletter.c: one line a refusal, whatever it is made of. */
#include "source/event.h"
#include "testing.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEEP 2000

static siem_deadletter *open_file(const char *path) {
    siem_deadletter *deadletter;
    assert_ok(siem_deadletter_open(&deadletter, path, &err));
    return deadletter;
}

static siem_event *make_event(void) {
    static const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 9}}};
    siem_event *event;
    assert_ok(siem_event_open(&event, row, 1, "reg", &err));
    return event;
}

/* Brackets in brackets, with one more character in the innermost. */
static char *make_deep(char inner) {
    char *text = malloc(2 * DEEP + 2);
    assert_non_null(text);
    memset(text, '[', DEEP);
    text[DEEP] = inner;
    memset(text + DEEP + 1, ']', DEEP);
    text[2 * DEEP + 1] = '\0';
    return text;
}

static void test_lines(void **state) {
    const char *path = test_path("lines.jsonl");
    siem_event *event = make_event();
    char *deep = make_deep('1');
    (void)state;
    siem_deadletter *deadletter = open_file(path);
    const struct {
        siem_event *event;
        siem_refusal refusal;
        const char *part, *other; /* that is there, and that is not */
    } cases[] = {
        {NULL, {.reason = "r"}, "\"reason\":\"r\"}", "event"},
        {event, {.reason = "r"}, "\"event_id\":\"9\",\"reason\":\"r\",\"event\":{", "record"},
        {event, {.reason = "r", .event_id = "8"}, "\"event_id\":\"8\",", "\"event_id\":\"9\",\"r"},
        {event,
         {.reason = "r", .source = "{\"a\":1}", .source_size = 7},
         "\"event_id\":\"9\",\"reason\":\"r\",\"event\":{\"a\":1}}",
         "token_id"},
        {NULL,
         {.reason = "r",
          .record = " [1, 2]",
          .record_size = 7,
          .part = 3,
          .http_status = 400,
          .code = 5,
          .sink = "s",
          .format = "f"},
         "\"format\":\"f\",\"sink\":\"s\",\"http_status\":400,\"code\":5,\"reason\":\"r\",\"part\":"
         "3,"
         "\"record\":[1,2]}",
         "event"},
        {NULL, {.reason = "r", .code = -1}, "\"reason\":\"r\"}", "code"},
        {NULL, {.reason = "r", .record = deep, .record_size = 2 * DEEP + 1}, deep, "event"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(truncate(path, 0), 0);
        assert_ok(siem_deadletter_write(deadletter, cases[i].event, &cases[i].refusal, &err));
        char *line = test_read(path);
        if (strstr(line, cases[i].part) == NULL) fail_msg("%s lacks %s", line, cases[i].part);
        if (strstr(line, cases[i].other) != NULL) fail_msg("%s has %s", line, cases[i].other);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        free(line);
    }
    assert_ok(siem_deadletter_close(deadletter, &err));
    siem_event_close(event);
    free(deep);
}

/* The fields of an event that a caller has masked are named. */
static void test_masked(void **state) {
    static const char *const names[] = {"source_ip", "user_agent", NULL};
    const char *path = test_path("masked.jsonl");
    siem_event *event = make_event();
    (void)state;
    siem_deadletter *deadletter = open_file(path);
    event->masked = names;
    assert_ok(siem_deadletter_write(deadletter, event, &(siem_refusal){.reason = "r"}, &err));
    assert_ok(siem_deadletter_close(deadletter, &err));
    char *line = test_read(path);
    test_has(line, ",\"masked\":[\"source_ip\",\"user_agent\"]}");
    free(line);
    event->masked = NULL;
    siem_event_close(event);
}

/* What would break a line is refused, and nothing of it is written. */
static void test_no_lines(void **state) {
    const char *path = test_path("none.jsonl");
    char *deep = make_deep('\n');
    siem_error err;
    (void)state;
    siem_deadletter *deadletter = open_file(path);
    const siem_refusal refusals[] = {
        {.reason = "r", .record = "{", .record_size = 1},
        {.reason = "r", .record = "", .record_size = 0},
        {.reason = "r", .source = "1 2", .source_size = 3},
        {.reason = "r", .source = "1 2", .source_size = 3, .record = "1", .record_size = 1},
        {.reason = "r", .record = deep, .record_size = 2 * DEEP + 1},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        assert_int_equal(siem_deadletter_write(deadletter, NULL, &refusals[i], &err), SIEM_INVALID);
        assert_non_null(strstr(err.message, "is not JSON"));
    }
    const siem_refusal missing[] = {{.reason = "r", .record_size = 3},
                                    {.reason = "r", .source_size = 3}};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        assert_int_equal(siem_deadletter_write(deadletter, NULL, &missing[i], &err), SIEM_INVALID);
        test_has(err.message, i == 0 ? "record is NULL" : "event is NULL");
    }
    assert_int_equal(siem_deadletter_append(deadletter, "", 0, &err), SIEM_INVALID);
    assert_int_equal(siem_deadletter_append(deadletter, "a\nb", 3, &err), SIEM_INVALID);
    assert_non_null(strstr(err.message, "without its line end"));
    assert_ok(siem_deadletter_append(deadletter, "a", 1, &err));
    assert_ok(siem_deadletter_close(deadletter, &err));
    char *text = test_read(path);
    assert_string_equal(text, "a\n");
    free(text);
    free(deep);
}

/* Lines of another file, in any place of it; only whole ones. */
static void test_copy(void **state) {
    static const siem_deadletter_place wrong[] = {
        {0, 0},    {-1, 2},   {0, 3},         {0, 5},        {2, 1},
        {5, 2},    {9001, 1}, {INT64_MAX, 1}, {0, SIZE_MAX}, {9000, SIZE_MAX},
        {8994, 8}, {5, 8990}, {0, 1},         {6, 8986},     {8994, 6},
    };
    const char *path = test_path("copied.jsonl"), *from = test_path("from.jsonl");
    char text[9001];
    siem_error err;
    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "ab\n\x01\xff\n", 6); /* lines of 2, 2 and 8987 bytes, and 7 without an end */
    text[8993] = '\n';
    FILE *file = fopen(from, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, sizeof text, file), sizeof text);
    assert_int_equal(fclose(file), 0);
    siem_deadletter *deadletter = open_file(path);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (siem_deadletter_copy(deadletter, from, wrong[i], &err) != SIEM_INVALID) {
            fail_msg("place %zu is one", i);
        }
        assert_non_null(strstr(err.message, "there is no line of"));
    }
    assert_ok(siem_deadletter_copy(deadletter, from, (siem_deadletter_place){8994, 7}, &err));
    assert_ok(siem_deadletter_copy(deadletter, from, (siem_deadletter_place){6, 8987}, &err));
    assert_ok(siem_deadletter_copy(deadletter, from, (siem_deadletter_place){3, 2}, &err));
    assert_int_equal(siem_deadletter_copy(deadletter, test_path("no.jsonl"),
                                          (siem_deadletter_place){0, 1}, &err),
                     SIEM_NOT_FOUND);
    assert_ok(siem_deadletter_close(deadletter, &err));
    char *copied = test_read(path);
    assert_memory_equal(copied, "xxxxxxx\nxxx", 11);
    assert_memory_equal(copied + 8, text + 6, 8988);
    assert_memory_equal(copied + 8996, "\x01\xff\n", 3);
    free(copied);
}

/* A reader of records may go away, and that of refusals may not. */
static void test_closed_pipe(void **state) {
    const char *path = test_path("fifo");
    siem_error err;
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    siem_deadletter *deadletter = open_file(path);
    assert_ok(siem_deadletter_append(deadletter, "a", 1, &err));
    assert_ok(siem_deadletter_sync(deadletter, &err));
    assert_int_equal(close(reader), 0);
    assert_int_equal(siem_deadletter_append(deadletter, "b", 1, &err), SIEM_IO);
    assert_int_equal(err.code, SIEM_IO);
    assert_non_null(strstr(err.message, "went away"));
    assert_int_equal(siem_deadletter_append(deadletter, "b", 1, NULL), SIEM_IO);
    assert_ok(siem_deadletter_close(deadletter, &err));
}

/* Lines of several steps are blanked, and no byte beside them. */
static void test_blank(void **state) {
    const char *path = test_path("blank.jsonl");
    char text[12001];
    siem_error err;
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
    const siem_deadletter_place places[] = {
        {.offset = 1, .size = 1}, {.offset = 10, .size = 0}, {.offset = 100, .size = 9000}};
    assert_ok(siem_deadletter_blank(path, places, 3, &err));
    memset(text + 1, ' ', 1);
    memset(text + 100, ' ', 9000);
    char *there = test_read(path);
    assert_string_equal(there, text);
    free(there);
    const siem_deadletter_place wrong[] = {{.offset = -1, .size = 1},
                                           {.offset = INT64_MAX, .size = 1},
                                           {.offset = 0, .size = (size_t)INT64_MAX + 1}};
    const size_t count = SIZE_MAX > INT64_MAX ? 3 : 2; /* with 32 bits no size is wrong */
    for (size_t i = 0; i < count; i++) {
        const siem_deadletter_place both[] = {{.offset = 0, .size = 1}, wrong[i]};
        assert_int_equal(siem_deadletter_blank(path, both, 2, &err), SIEM_INVALID);
        assert_non_null(strstr(err.message, "place 1 is"));
    }
    test_sql("blank.db", TABLE);
    assert_int_equal(siem_deadletter_blank(test_path("blank.db"), places, 1, &err), SIEM_INVALID);
    assert_int_equal(siem_deadletter_blank(test_path("none"), places, 1, &err), SIEM_NOT_FOUND);
    there = test_read(path);
    assert_string_equal(there, text);
    free(there);
}

/* A private file stays private, and one that others can read becomes so. */
static void test_mode(void **state) {
    const char *path = test_path("mode.jsonl");
    struct stat status;
    (void)state;
    for (int made = 0; made < 2; made++) {
        siem_deadletter *deadletter = open_file(path);
        assert_ok(siem_deadletter_close(deadletter, &err));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
        assert_int_equal(chmod(path, 0644), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masked),   cmocka_unit_test(test_lines),
        cmocka_unit_test(test_no_lines), cmocka_unit_test(test_closed_pipe),
        cmocka_unit_test(test_blank),    cmocka_unit_test(test_mode),
        cmocka_unit_test(test_copy),
    };
    return cmocka_run_group_tests_name("deadletter", tests, NULL, NULL);
}
