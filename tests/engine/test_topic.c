/* test_topic.c: a topic as the source of an export. */
#include "source/source.h"
#include "told_kafka.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static siem_source *source;
static char notices[1024];

static void note(void *context, const char *text) {
    size_t at = strlen(notices);
    (void)context;
    (void)snprintf(notices + at, sizeof notices - at, "%s\n", text);
}

static void open_source(const char *property) {
    const siem_option options[] = {{"brokers", "b"},
                                   {"topic", "t"},
                                   {"group", "g"},
                                   {"kafka", "client.id=site"},
                                   {"kafka", property}};
    assert_ok(siem_source_open(&source, "kafka", options, property != NULL ? 5 : 4, &err));
    source->notice = note;
}

static int begin(void **state) {
    (void)told_begin(state);
    told.protocol = "RANGE";
    notices[0] = '\0';
    open_source(NULL);
    return 0;
}

static int end(void **state) {
    siem_source_close(source);
    return told_end(state);
}

#define SOURCE(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void add(int32_t partition, int64_t offset) {
    char text[64];
    (void)snprintf(text, sizeof text, "{\"event_id\":\"%d\",\"registry_id\":\"r\"}", (int)offset);
    told_message(partition, offset, text);
}

/* Events 5 and 7, of partitions 0 and 1. */
static void read_two(void) {
    siem_event *event;
    assert_true(source->is_followed); /* it goes on, and back */
    source->kind->begin(source);
    told_give("01");
    add(0, 5);
    add(1, 7);
    for (int64_t number = 1; number <= 2; number++) {
        assert_ok(source->kind->next(source, &event, &err));
        assert_int_equal(siem_event_position(event).id, number);
    }
    told.did[0] = '\0';
}

static siem_code next(siem_event **event) {
    siem_error err = {0};
    return source->kind->next(source, event, &err);
}

static siem_code keep(int64_t number, bool waits) {
    siem_error err = {0};
    return source->kind->keep(source, (siem_position){.id = number}, waits, &err);
}

/* ---- events ---- */

static void test_events(void **state) {
    (void)state;
    siem_event *event;
    siem_error err = {0};
    siem_lag lag;
    read_two();
    told.high[1] = 10;
    told_message(1, 8, "no event");
    assert_int_equal(source->kind->next(source, &event, &err), SIEM_REFUSED);
    assert_non_null(event);
    assert_int_equal(siem_event_position(event).id, 3);
    test_has(err.message, "not a raw event");
    assert_int_equal(next(&event), SIEM_END);
    assert_null(event);
    assert_ok(source->kind->read_lag(source, 2, &lag));
    assert_int_equal(lag.events, 3);
    source->kind->seek(source, (siem_position){.id = 1});
    told_did("seek 1@7, ");
    assert_int_equal(keep(1, true), SIEM_OK);
    told_did("commit 0@6, ");
}

/* The export is to keep its position as soon as the group takes partitions away. */
static void assert_due(bool is_due) {
    assert_int_equal(source->is_due, is_due);
    assert_false(source->is_over);
}

static void test_due(void **state) {
    (void)state;
    siem_event *event;
    read_two();
    assert_due(false);
    told_take("01");
    assert_int_equal(next(&event), SIEM_END);
    assert_due(true);
    assert_int_equal(keep(2, false), SIEM_OK);
    assert_due(true);
    assert_int_equal(source->kind->wait(source, 10, NULL), SIEM_END);
    assert_due(false);
    told_give("0");
    told_take("0"); /* while the export waits for something else */
    told.now += 2;
    source->kind->tend(source);
    assert_due(true);
    source->kind->end(source);
    assert_due(false);
    told.did[0] = '\0';
    source->kind->end(source);
    told_did("");
}

static void test_due_of_wait(void **state) {
    (void)state;
    read_two();
    told_take("01");
    assert_int_equal(source->kind->wait(source, 10, NULL), SIEM_END);
    assert_due(true);
}

/* The group has released what it took when the position is kept. */
static void test_due_of_keep(void **state) {
    (void)state;
    read_two();
    for (int i = 0; i < 2; i++) told_commit(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, false);
    told_take("01");
    assert_int_equal(source->kind->wait(source, 10, NULL), SIEM_END);
    told_give("01");
    assert_int_equal(keep(2, true), SIEM_OK);
    assert_due(false);
}

static void test_over(void **state) {
    (void)state;
    siem_event *event;
    source->ends = true;
    told.offsets_code = RD_KAFKA_RESP_ERR__TIMED_OUT; /* the ends are where nothing more is */
    read_two();
    assert_false(source->is_over);
    told_eof(0, 6);
    assert_int_equal(source->kind->wait(source, 10, NULL), SIEM_END);
    assert_false(source->is_over);
    told_eof(1, 8);
    assert_int_equal(next(&event), SIEM_END);
    assert_true(source->is_over);
    source->kind->end(source);
    assert_false(source->is_over);
    assert_int_equal(told.handles, 0);
}

/* ---- slices ---- */

/* Number, first event and how many more, of the next slice. */
static void assert_slice(int64_t number, const char *origin, const char *first, int more) {
    const siem_readers *readers = source->kind->readers;
    siem_slice slice;
    siem_event *event;
    void *reader;
    assert_ok(source->kind->next_slice(source, &slice, &err));
    assert_int_equal(slice.number, number);
    assert_string_equal(source->kind->origin(source), origin);
    assert_ok(readers->open(&reader, origin, NULL, NULL, &err));
    readers->begin(reader, &slice);
    assert_ok(readers->next(reader, &event, &err));
    const siem_value id = siem_event_at(event, SIEM_EVENT_ID);
    assert_int_equal(id.size, strlen(first));
    assert_memory_equal(id.bytes, first, id.size);
    for (int i = 0; i < more; i++) assert_ok(readers->next(reader, &event, &err));
    siem_error ended;
    assert_int_equal(readers->next(reader, &event, &ended), SIEM_END);
    readers->end(reader);
    readers->close(reader);
}

static void test_slices(void **state) {
    (void)state;
    siem_slice slice;
    siem_error err = {0};
    source->kind->begin(source);
    told_give("0");
    for (int64_t i = 1; i <= SIEM_SLICE_EVENTS + 2; i++) add(0, i);
    assert_slice(0, "t", "1", SIEM_SLICE_EVENTS - 1);
    char first[16];
    (void)snprintf(first, sizeof first, "%d", SIEM_SLICE_EVENTS + 1);
    assert_slice(1, "t", first, 1);
    told_fault(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(source->kind->next_slice(source, &slice, &err), SIEM_HELD);
    test_has(err.message, "kafka: topic t: ");
    assert_null(slice.sheaf);
    told_take("0");
    assert_int_equal(source->kind->next_slice(source, &slice, NULL), SIEM_END);
    assert_true(source->is_due);
}

/* ---- partitions ---- */

static void test_partitions(void **state) {
    (void)state;
    assert_null(siem_source_partition(source, 0));
    told.partitions = 3;
    told.high[0] = 14;
    told.committed[0] = 10;
    assert_ok(siem_source_ask(source, &err));
    const siem_partition *partition = siem_source_partition(source, 0);
    assert_int_equal(partition->lag, 4);
    assert_int_equal(siem_source_partition(source, 2)->number, 2);
    assert_null(siem_source_partition(source, 3));
    told.partitions = 1;
    assert_ok(siem_source_ask(source, &err)); /* again */
    assert_null(siem_source_partition(source, 1));
    told.partitions = 2;
    read_two(); /* its own ones, from here on */
    assert_int_equal(siem_source_partition(source, 1)->number, 1);
    assert_null(siem_source_partition(source, 2));
    siem_error err = {0};
    source->kind->end(source);
    told.metadata = RD_KAFKA_RESP_ERR__TRANSPORT;
    assert_int_equal(siem_source_ask(source, &err), SIEM_UNAVAILABLE);
    assert_null(siem_source_partition(source, 0));
    assert_null(siem_source_partition(NULL, 0));
    assert_int_equal(siem_source_ask(NULL, &err), SIEM_INVALID);
    told.metadata = RD_KAFKA_RESP_ERR_NO_ERROR;
    assert_ok(siem_source_ask(source, &err)); /* the source is closed with an answer */
}

/* ---- notices ---- */

/* What librdkafka logs, without what is secret. */
static void test_log(void **state) {
    (void)state;
    siem_event *event;
    siem_source_close(source);
    open_source("sasl.password=hunter2-hunter2");
    source->kind->begin(source);
    told_log("FAIL", "b: not hunter2-hunter2");
    assert_int_equal(next(&event), SIEM_END);
    assert_string_equal(notices, "kafka: b: not ***************\n");
}

/* A file of a secret that others can read is reported at each start. */
static void test_exposed_file(void **state) {
    char property[300], expected[400];
    (void)state;
    FILE *file = fopen(test_path("secret"), "w");
    assert_non_null(file);
    (void)fputs("secret\n", file);
    (void)fclose(file);
    assert_int_equal(chmod(test_folder(), 0755), 0);
    assert_int_equal(chmod(test_path("secret"), 0644), 0);
    (void)snprintf(property, sizeof property, "sasl.password=file:%s", test_path("secret"));
    siem_source_close(source);
    open_source(property);
    source->kind->begin(source);
    (void)snprintf(expected, sizeof expected,
                   "sasl.password: other users can read or change '%s': chmod o= it\n",
                   test_path("secret"));
    assert_string_equal(notices, expected);
    source->notice = NULL; /* nobody listens */
    source->kind->begin(source);
    siem_source_close(source);
    const siem_option options[] = {
        {"brokers", "b"}, {"topic", "t"}, {"group", "g"}, {"kafka", property}};
    assert_ok(siem_source_open(&source, "kafka", options, 4, &err));
    source->notice = note;
    source->kind->begin(source); /* whichever property has it */
    assert_int_equal(strlen(notices), 2 * strlen(expected));
    assert_int_equal(chmod(test_folder(), 0700), 0);
}

/* ---- options ---- */

static void test_options(void **state) {
    (void)state;
    static const struct {
        const char *kind, *name, *value, *word;
        siem_code code;
    } cases[] = {
        {"mqtt", "group", "g", "give kafka", SIEM_NOT_FOUND},
        {"kafka", "kafka", "no.such=1", "No such configuration property", SIEM_INVALID},
        {"kafka", "handover", "-1", "handover", SIEM_INVALID},
        {"kafka", "handover", "3601", "handover", SIEM_INVALID},
        {"kafka", "kafka", "enable.auto.commit=true", "the source sets it", SIEM_INVALID},
        {"kafka", "kafka", "group.id=other", "the source sets it", SIEM_INVALID},
        {"kafka", "colour", "red", "colour", SIEM_INVALID},
        {"kafka", "topic", "other", "twice", SIEM_INVALID},
        {"kafka", "kafka", "sasl.password=file:/nowhere/at/all", "/nowhere/at/all", SIEM_HELD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_source *source;
        siem_error err = {0};
        const siem_option options[] = {{"brokers", "127.0.0.1:1"},
                                       {"topic", "t"},
                                       {"group", "h"},
                                       {cases[i].name, cases[i].value}};
        siem_code rc = siem_source_open(&source, cases[i].kind, options, 4, &err);
        if (rc != cases[i].code) fail_msg("%s: %s", siem_code_name(rc), err.message);
        if (strstr(err.message, cases[i].word) == NULL) fail_msg("%s", err.message);
        assert_null(source);
    }
    siem_source *source;
    const siem_option options[] = {{"brokers", "127.0.0.1:1"}, {"topic", "t"}};
    siem_error err = {0};
    assert_int_equal(siem_source_open(&source, "kafka", options, 2, &err), SIEM_INVALID);
    assert_string_equal(err.options[0], "group");
    assert_int_equal(siem_source_open(&source, "kafka", NULL, 1, &err), SIEM_INVALID);
    assert_null(source);
    for (int i = 0; i < 2; i++) { /* both ends of the range */
        const siem_option good[] = {{"brokers", "127.0.0.1:1"},
                                    {"topic", "t"},
                                    {"group", "h"},
                                    {"handover", i == 0 ? "0" : "3600"}};
        assert_ok(siem_source_open(&source, "kafka", good, 4, &err));
        siem_source_close(source);
    }
    siem_source_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE(test_events),       SOURCE(test_due),
        SOURCE(test_due_of_wait),  SOURCE(test_due_of_keep),
        SOURCE(test_over),         SOURCE(test_slices),
        SOURCE(test_partitions),   SOURCE(test_log),
        SOURCE(test_exposed_file), cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests_name("topic", tests, NULL, NULL);
}
