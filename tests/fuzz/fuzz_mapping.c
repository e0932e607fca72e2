/* fuzz_mapping.c: any row through the three formats' shapes: each gives one line of JSON. */
#include "base/json_reader.h"
#include "source/event.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *count, char ***arguments);

static siem_format *formats[3];
static siem_batch *batch;

static void require(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    static const char *const names[] = {"splunk", "ecs", "sentinel"};
    (void)count, (void)arguments;
    for (int i = 0; i < 3; i++) {
        require(siem_format_open(&formats[i], names[i], NULL, 0, NULL) == SIEM_OK);
    }
    require(siem_batch_open(&batch, NULL) == SIEM_OK);
    return 0;
}

/* Takes a value off the input: a byte for its type, then eight bytes, or a size and that much. */
static siem_value take_value(const uint8_t **data, size_t *size) {
    siem_value value = {.type = SIEM_NULL};
    if (*size < 9) return value;
    uint8_t type = **data % 4;
    const uint8_t *at = *data + 1;
    *data += 9;
    *size -= 9;
    if (type == 1) {
        value.type = SIEM_INTEGER;
        memcpy(&value.integer, at, 8);
    } else if (type == 2) {
        value.type = SIEM_REAL;
        memcpy(&value.real, at, 8);
    } else if (type == 3) {
        size_t length = (size_t)at[0] | (size_t)at[1] << 8;
        if (length > *size) length = *size;
        value = (siem_value){.type = SIEM_TEXT, .bytes = (const char *)*data, .size = length};
        *data += length;
        *size -= length;
    }
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"extra",     "timestamp",    "token_id",  "kind",
                                        "id",        "user_agent",   "source_ip", "file_id",
                                        "issuer_id", "recipient_id", "tlog_index"};
    siem_column row[sizeof names / sizeof *names];
    siem_json_reader reader = {0};
    siem_buffer read = {0};
    siem_event *event;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        row[i] = (siem_column){names[i], take_value(&data, &size)};
    }
    require(siem_event_open(&event, row, sizeof row / sizeof *row, "registry", NULL) == SIEM_OK);
    for (int i = 0; i < 3; i++) {
        siem_batch_clear(batch);
        require(siem_batch_write(batch, siem_format_mapping(formats[i]), event, NULL, NULL) ==
                SIEM_OK);
        size_t record_size;
        const char *record = siem_batch_at(batch, 0, &record_size);
        require(memchr(record, '\n', record_size) == NULL);
        read.size = 0;
        /* extra may be as deep as is allowed, inside the record's own objects. */
        siem_json_result result = siem_json_read(&reader, record, record_size, &read);
        require(result == SIEM_JSON_READ || result == SIEM_JSON_TOO_DEEP);
    }
    siem_event_close(event);
    siem_buffer_free(&read);
    siem_json_reader_free(&reader);
    return 0;
}
