/* fuzz_raw_event.c: any text as an event, and any texts within one: what is read is written as it
 * was, and gives the same records in every format. */
#include "source/raw_event.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *count, char ***arguments);

static siem_format *formats[4]; /* the first one is read again */
static siem_batch *before, *after;
static siem_raw_event_reader *reader, *other;

static void require(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    static const char *const names[] = {"event", "splunk", "ecs", "sentinel"};
    (void)count, (void)arguments;
    for (int i = 0; i < 4; i++) {
        require(siem_format_open(&formats[i], names[i], NULL, 0, NULL) == SIEM_OK);
    }
    require(siem_batch_open(&before, NULL) == SIEM_OK);
    require(siem_batch_open(&after, NULL) == SIEM_OK);
    require(siem_raw_event_reader_open(&reader, NULL) == SIEM_OK);
    require(siem_raw_event_reader_open(&other, NULL) == SIEM_OK);
    return 0;
}

static void render(siem_batch *batch, siem_event *event) {
    siem_batch_clear(batch);
    for (int i = 0; i < 4; i++) {
        require(siem_batch_write(batch, siem_format_mapping(formats[i]), event, NULL, NULL) ==
                SIEM_OK);
    }
}

static void require_survival(siem_event *event) {
    size_t size, other_size;
    siem_event *again;
    render(before, event);
    const char *record = siem_batch_at(before, 0, &size);
    require(siem_raw_event_read(other, record, size, &again, NULL) == SIEM_OK);
    render(after, again);
    const char *lines = siem_batch_bytes(before, &size);
    const char *other_lines = siem_batch_bytes(after, &other_size);
    require(size == other_size && memcmp(lines, other_lines, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const siem_value text = {.type = SIEM_TEXT, .bytes = (const char *)data, .size = size};
    const siem_value id = {.type = SIEM_INTEGER, .integer = 7};
    const siem_column row[] = {
        {"id", id}, {"kind", text}, {"token_id", text}, {"extra", text}, {"mine", text}};
    siem_event *event;
    require(siem_event_open(&event, row, sizeof row / sizeof *row, "r", NULL) == SIEM_OK);
    require_survival(event);
    siem_event_close(event);
    if (siem_raw_event_read(reader, text.bytes, size, &event, NULL) == SIEM_OK) {
        require_survival(event);
    }
    return 0;
}
