/* test_checkpoint.c: a file that is not as it was written holds the export, whatever is wrong. */
#include "base/replaced_file.h"
#include "store/checkpoint.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD   "\"oversight_checkpoint\": 1"
#define EVENT  "\"last_id\": 5, \"last_event\": \"0123456789abcdef\""
#define NAMES  "\"registry_id\": \"reg\", \"format\": \"test\", \"sink\": \"file\""
#define FILES  "\"registry_file\": \"1:2:3\", \"output_file\": \"1:4:5\", \"output_size\": 9"
#define DIGITS "99999999999999999999999"

static void write_text(const char *text) {
    assert_ok(siem_replaced_file_write(test_path("cp"), text, strlen(text), 0600, false, &err));
}

static const struct {
    const char *members, *problem; /* NULL: it is read */
} texts[] = {
    {HEAD ", " EVENT ", " NAMES ", " FILES, NULL},
    {HEAD ", " EVENT, NULL},
    {HEAD ", " EVENT ", \"format\": \"test\"", NULL},
    {HEAD ", \"last_id\": 0", NULL},
    {HEAD ", \"last_id\": 5, \"last_event\": \"unknown\", \"last_timestamp\": -7", NULL},
    {HEAD ", " EVENT ", " NAMES ", \"registry_file\": \"1:2\"", NULL},
    {EVENT, "is damaged"},
    {"\"oversight_checkpoint\": 0, " EVENT, "is damaged"},
    {"\"oversight_checkpoint\": \"1\", " EVENT, "is damaged"},
    {"\"oversight_checkpoint\": 2, " EVENT, "was written by a later version (2)"},
    {HEAD, "is damaged"},
    {HEAD ", \"last_id\": -1, \"last_event\": \"unknown\"", "is damaged"},
    {HEAD ", \"last_id\": 1.5, \"last_event\": \"unknown\"", "is damaged"},
    {HEAD ", \"last_id\": 9223372036854775808, \"last_event\": \"unknown\"", "is damaged"},
    {HEAD ", \"last_id\": 1" DIGITS ", \"last_event\": \"unknown\"", "is damaged"},
    {HEAD ", " EVENT ", \"last_timestamp\": \"7\"", "is damaged"},
    {HEAD ", \"last_id\": 5", "is damaged"},
    {HEAD ", \"last_id\": 5, \"last_event\": 7", "is damaged"},
    {HEAD ", \"last_id\": 5, \"last_event\": \"0123456789abcde\"", "is damaged"},
    {HEAD ", \"last_id\": 5, \"last_event\": \"0123456789abcdef0\"", "is damaged"},
    {HEAD ", \"last_id\": 5, \"last_event\": \"0123456789abcdex\"", "is damaged"},
    {HEAD ", \"last_id\": 5, \"last_event\": \"0000000000000000\"", "is damaged"},
    {HEAD ", \"last_id\": 5, \"last_event\": \"0123456789abcdef01234567\"", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"registry_file\": 1", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"registry_file\": \"1\"", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"registry_file\": \"1:2:3:4\"", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"registry_file\": \"1:2x\"", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"registry_file\": \"" DIGITS ":2\"", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"registry_file\": \"1:2:" DIGITS DIGITS DIGITS "\"",
     "is damaged"},
    {HEAD ", " EVENT ", " FILES, "is damaged"},
    {HEAD ", " EVENT ", " FILES ", \"registry_id\": \"reg\", \"sink\": \"file\"", "is damaged"},
    {HEAD ", " EVENT ", " FILES ", \"registry_id\": \"reg\", \"format\": \"test\"", "is damaged"},
    {HEAD ", " EVENT ", \"registry_id\": 1", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"output_file\": \"1:4\"", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"output_file\": \"1\", \"output_size\": 9", "is damaged"},
    {HEAD ", " EVENT ", " NAMES ", \"output_file\": \"1:4\", \"output_size\": -1", "is damaged"},
};

static void test_texts(void **state) {
    char text[400], *json;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        siem_error err = {0};
        (void)snprintf(text, sizeof text, "{%s}", texts[i].members);
        write_text(text);
        siem_code rc = siem_checkpoint_read(&json, test_path("cp"), &err);
        if (texts[i].problem == NULL) {
            if (rc != SIEM_OK) fail_msg("%s: %s", text, err.message);
            assert_non_null(strstr(json, "\"last_id\":"));
            free(json);
            continue;
        }
        if (rc != SIEM_HELD) fail_msg("%s: %s", text, siem_code_name(rc));
        assert_null(json);
        assert_non_null(strstr(err.message, texts[i].problem));
        assert_non_null(strstr(err.message, test_path("cp")));
    }
}

static void test_no_checkpoint(void **state) {
    static char large[70000];
    siem_error err;
    char *json;
    (void)state;
    memset(large, ' ', sizeof large - 1); /* JSON that ends where nobody reads any more */
    memcpy(large, "{" HEAD ", \"last_id\": 0", sizeof "{" HEAD ", \"last_id\": 0" - 1);
    large[sizeof large - 2] = '}';
    static const char *const wrong[] = {"", "[]", "{" HEAD, "\"text\"", large};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_text(wrong[i]);
        assert_int_equal(siem_checkpoint_read(&json, test_path("cp"), &err), SIEM_HELD);
    }
    /* What is damaged can be set and reset. */
    assert_ok(siem_checkpoint_set(test_path("cp"), 4, &err));
    assert_ok(siem_checkpoint_read(&json, test_path("cp"), &err));
    assert_non_null(strstr(json, "\"last_id\":4"));
    free(json);
    write_text("{");
    assert_ok(siem_checkpoint_reset(test_path("cp"), &err));
}

/* What is set by hand keeps whose it is, and neither the event nor the files. */
static void test_set(void **state) {
    char *json;
    (void)state;
    write_text("{" HEAD ", " EVENT ", " FILES ", \"registry_id\": \"r\\u00e9g\\n\", \"format\": "
               "\"test\", \"sink\": \"file\"}");
    assert_ok(siem_checkpoint_set(test_path("cp"), 3, &err));
    assert_ok(siem_checkpoint_read(&json, test_path("cp"), &err));
    static const char *const kept[] = {"\"last_id\":3", "\"last_event\":\"unknown\"",
                                       "\"registry_id\":\"r\\u00e9g\\n\"", "\"format\":\"test\"",
                                       "\"sink\":\"file\""};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (strstr(json, kept[i]) == NULL) fail_msg("%s lacks %s", json, kept[i]);
    }
    assert_null(strstr(json, "_file\""));
    free(json);
    assert_ok(siem_checkpoint_set(test_path("cp"), 0, &err));
    assert_ok(siem_checkpoint_read(&json, test_path("cp"), &err));
    assert_null(strstr(json, "last_event"));
    free(json);
}

/* A name of another one is quoted, as far as a message has room. */
static void test_others(void **state) {
    char text[400], name[101], quoted[101];
    siem_checkpoint *checkpoint;
    siem_registry *registry;
    siem_error err;
    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    (void)snprintf(quoted, sizeof quoted, "(\"%.79s, not \"test\")", name);
    test_sql("others.db", TABLE);
    const siem_registry_options of_registry = {
        .path = test_path("others.db"), .registry_id = "reg", .follow = true};
    assert_ok(siem_registry_open(&registry, &of_registry, &err));
    (void)snprintf(text, sizeof text,
                   "{" HEAD ", \"last_id\": 0, \"format\": \"%s\", \"sink\": \"file\"}", name);
    write_text(text);
    const siem_checkpoint_options options = {
        .path = test_path("cp"), .registry = registry, .format = "test", .sink = "file"};
    assert_int_equal(siem_checkpoint_open(&checkpoint, &options, &err), SIEM_HELD);
    assert_null(checkpoint);
    if (strstr(err.message, quoted) == NULL) fail_msg("'%s' lacks %s", err.message, quoted);
    write_text("{" HEAD ", \"last_id\": 0, \"format\": \"test\"}");
    assert_ok(siem_checkpoint_open(&checkpoint, &options, &err));
    assert_int_equal(siem_checkpoint_check_names(checkpoint, name, "file", &err), SIEM_INVALID);
    (void)snprintf(quoted, sizeof quoted, "not to '%.80s':", name);
    if (strstr(err.message, quoted) == NULL) fail_msg("'%s' lacks %s", err.message, quoted);
    assert_int_equal(siem_checkpoint_check_names(checkpoint, "test", "http", &err), SIEM_INVALID);
    assert_ok(siem_checkpoint_check_names(checkpoint, "test", "file", &err));
    siem_checkpoint_close(checkpoint);
    siem_registry_close(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_no_checkpoint),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
