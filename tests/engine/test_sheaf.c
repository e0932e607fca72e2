/* test_sheaf.c: messages that are copied, and read as events, here and on several threads. */
#include "base/task_queue.h"
#include "export/jobs.h"
#include "record/batch.h"
#include "testing.h"
#include "topic/sheaf.h"
#include "topic/translator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static siem_sheaf *open_sheaf(void) {
    siem_sheaf *sheaf;
    assert_ok(siem_sheaf_open(&sheaf, &err));
    return sheaf;
}

static void add(siem_sheaf *sheaf, int64_t number, const char *text) {
    const siem_message message = {.bytes = text,
                                  .size = strlen(text),
                                  .place = {.offset = 100 + number, .partition = 3},
                                  .number = number};
    assert_ok(siem_sheaf_add(sheaf, &message, &err));
}

static void add_event(siem_sheaf *sheaf, int64_t number) {
    char text[100];
    (void)snprintf(text, sizeof text, "{\"event_id\":\"%d\",\"registry_id\":\"r\"}", (int)number);
    add(sheaf, number, text);
}

static void test_copies(void **state) {
    (void)state;
    siem_sheaf *sheaf = open_sheaf();
    siem_message message;
    char text[] = "first";
    assert_false(siem_sheaf_at(sheaf, 0, &message));
    add(sheaf, 1, text);
    memset(text, 'x', strlen(text));
    add(sheaf, 2, "");
    add(sheaf, 3, "third");
    add(sheaf, 4, "4");
    assert_true(siem_sheaf_at(sheaf, 3, &message));
    assert_memory_equal(message.bytes, "4", 1);
    assert_true(siem_sheaf_at(sheaf, 0, &message));
    assert_int_equal(message.size, 5);
    assert_memory_equal(message.bytes, "first", 5);
    assert_int_equal(message.number, 1);
    assert_int_equal(message.place.offset, 101);
    assert_int_equal(message.place.partition, 3);
    assert_true(siem_sheaf_at(sheaf, 1, &message));
    assert_string_equal(message.bytes, "");
    assert_int_equal(message.size, 0);
    assert_true(siem_sheaf_at(sheaf, 2, &message));
    assert_memory_equal(message.bytes, "third", 5);
    assert_false(siem_sheaf_at(sheaf, 4, &message));
    assert_false(siem_sheaf_is_full(sheaf));
    siem_sheaf_close(sheaf);
    siem_sheaf_close(NULL);
}

/* By the number of messages, or by their bytes. */
static void test_full(void **state) {
    (void)state;
    siem_sheaf *sheaf = open_sheaf();
    for (int i = 1; i < SIEM_SLICE_EVENTS; i++) add(sheaf, i, "x");
    assert_false(siem_sheaf_is_full(sheaf));
    add(sheaf, SIEM_SLICE_EVENTS, "x");
    assert_true(siem_sheaf_is_full(sheaf));
    siem_sheaf_close(sheaf);
    char *large = calloc(1, 600001);
    assert_non_null(large);
    memset(large, 'x', 600000);
    sheaf = open_sheaf();
    add(sheaf, 1, large);
    assert_false(siem_sheaf_is_full(sheaf));
    add(sheaf, 2, large);
    assert_true(siem_sheaf_is_full(sheaf));
    siem_sheaf_close(sheaf);
    const size_t half = (size_t)1 << 19; /* of a MiB, which is full */
    large[half] = '\0';
    sheaf = open_sheaf();
    add(sheaf, 1, large);
    add(sheaf, 2, large + 1);
    assert_false(siem_sheaf_is_full(sheaf));
    add(sheaf, 3, "x");
    assert_true(siem_sheaf_is_full(sheaf));
    siem_sheaf_close(sheaf);
    free(large);
}

/* ---- events ---- */

static bool goes_on(void *context) {
    (void)context;
    return true;
}

static void assert_text(siem_event *event, siem_field field, const char *text) {
    const siem_value value = siem_event_at(event, (size_t)field);
    assert_int_equal(value.size, strlen(text));
    assert_memory_equal(value.bytes, text, value.size);
}

static void assert_column(siem_event *event, const char *name, const char *text, int64_t integer) {
    siem_value value;
    assert_true(siem_event_find(event, name, &value));
    assert_int_equal(value.type, text != NULL ? SIEM_TEXT : SIEM_INTEGER);
    if (text == NULL) assert_int_equal(value.integer, integer);
    if (text == NULL) return;
    assert_int_equal(value.size, strlen(text));
    assert_memory_equal(value.bytes, text, value.size);
}

static void test_events(void **state) {
    (void)state;
    const siem_readers *readers = &siem_sheaf_readers;
    siem_slice slice = {.sheaf = open_sheaf()};
    siem_event *event;
    siem_error failure;
    void *reader;
    add_event(slice.sheaf, 7);
    add(slice.sheaf, 8, "no event");
    add_event(slice.sheaf, 9);
    assert_ok(readers->open(&reader, "raw", goes_on, NULL, &err));
    readers->begin(reader, &slice);
    assert_ok(readers->next(reader, &event, &err));
    assert_text(event, SIEM_EVENT_ID, "7");
    assert_int_equal(siem_event_position(event).id, 7);
    assert_int_equal(readers->next(reader, &event, &failure), SIEM_REFUSED);
    assert_non_null(event);
    assert_text(event, SIEM_EVENT_ID, "raw[3]@108");
    assert_int_equal(siem_event_position(event).id, 8);
    assert_non_null(strstr(failure.message, "not a raw event"));
    assert_column(event, "topic", "raw", 0); /* for a dead letter */
    assert_column(event, "partition", NULL, 3);
    assert_column(event, "offset", NULL, 108);
    assert_column(event, "message", "no event", 0);
    assert_ok(readers->next(reader, &event, &err));
    assert_text(event, SIEM_EVENT_ID, "9");
    assert_int_equal(readers->next(reader, &event, &failure), SIEM_END);
    assert_null(event);
    readers->end(reader);
    slice = (siem_slice){.sheaf = open_sheaf()}; /* another one, which is not read */
    readers->drop(&slice);
    assert_null(slice.sheaf);
    readers->close(reader);
}

/* ---- several threads ---- */

#define SLICES 40
#define EACH   50

static siem_mapping *open_mapping(void) {
    const char *const id[] = {"event_id", NULL};
    siem_mapping *mapping;
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){.destination = "id", .from = id}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return mapping;
}

static void add_slice(siem_jobs *jobs, int index) {
    siem_batch *batch;
    siem_slice slice = {.number = index, .sheaf = open_sheaf()};
    for (int i = 1; i <= EACH; i++) add_event(slice.sheaf, (int64_t)index * EACH + i);
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_jobs_add(jobs, &slice, batch, &err));
}

/* The batches are in the order of the slices; those that nobody takes are freed. */
static void run_jobs(int wanted) {
    siem_jobs *jobs;
    siem_task_queue *parcels;
    siem_mapping *mapping = open_mapping();
    const siem_renderer renderer = {.mapping = mapping};
    int added = 0, taken = 0;
    int64_t reached = 0;
    assert_ok(siem_task_queue_open(&parcels, &err));
    assert_ok(
        siem_jobs_open(&jobs, 3, &siem_sheaf_readers, "raw", &renderer, NULL, parcels, 300, &err));
    while (taken < wanted) {
        siem_rendered rendered;
        while (added < SLICES && siem_jobs_has_room(jobs)) add_slice(jobs, added++);
        if (!siem_jobs_take(jobs, 100, &rendered)) continue;
        assert_int_equal(rendered.failure.code, SIEM_OK);
        int64_t before = reached;
        if (rendered.batch != NULL && siem_batch_size(rendered.batch) > 0) {
            reached = siem_batch_reached(rendered.batch).id;
            assert_int_equal(reached, before + (int64_t)siem_batch_size(rendered.batch));
        }
        siem_batch_close(rendered.batch);
        taken += rendered.is_last;
    }
    assert_int_equal(reached, (int64_t)wanted * EACH);
    siem_jobs_close(jobs);
    siem_task_queue_close(parcels);
    siem_mapping_close(mapping);
}

static void test_threads(void **state) {
    (void)state;
    run_jobs(SLICES);
    for (int wanted = 0; wanted < 6; wanted++) run_jobs(wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
