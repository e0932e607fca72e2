/* batch.c: one buffer of lines, one of ids, and where each record ends in them. */
#include "batch.h"

#include "error.h"
#include "event.h"
#include "mapping.h"

#include <stdlib.h>

typedef struct record {
    size_t end; /* of its line, with the line end */
    size_t id;  /* of its event_id among the ids, NUL-terminated */
    unsigned repairs;
} record;

struct siem_batch {
    siem_buffer lines, ids;
    record *records;
    size_t count, capacity;
};

siem_code siem_batch_open(siem_batch **out, siem_error *err) {
    *out = calloc(1, sizeof **out);
    return *out != NULL ? SIEM_OK : siem_error_no_memory(err);
}

void siem_batch_close(siem_batch *batch) {
    if (batch == NULL) return;
    siem_buffer_free(&batch->lines);
    siem_buffer_free(&batch->ids);
    free(batch->records);
    free(batch);
}

static bool reserve_record(siem_batch *batch) {
    if (batch->count < batch->capacity) return true;
    size_t capacity = batch->capacity == 0 ? 256 : batch->capacity * 2;
    record *records = realloc(batch->records, capacity * sizeof *records);
    if (records == NULL) return false;
    batch->records = records;
    batch->capacity = capacity;
    return true;
}

siem_code siem_batch_write(siem_batch *batch, siem_mapping *mapping, siem_event *event,
                           unsigned *repairs, siem_error *err) {
    unsigned bits = 0;
    size_t line = batch->lines.size, id = batch->ids.size;
    if (!reserve_record(batch)) return siem_error_no_memory(err);
    siem_code rc = siem_mapping_render(mapping, event, &batch->lines, &bits, err);
    if (rc == SIEM_OK) {
        const siem_value *event_id = &event->fields[SIEM_EVENT_ID];
        siem_buffer_add_char(&batch->lines, '\n');
        siem_buffer_add(&batch->ids, event_id->bytes, event_id->size);
        siem_buffer_add_char(&batch->ids, '\0');
        if (batch->lines.failed || batch->ids.failed) rc = siem_error_no_memory(err);
    }
    if (rc != SIEM_OK) {
        batch->lines.size = line;
        batch->ids.size = id;
        batch->lines.failed = batch->ids.failed = false;
        return rc;
    }
    batch->records[batch->count++] = (record){batch->lines.size, id, bits};
    if (repairs != NULL) *repairs = bits;
    return SIEM_OK;
}

size_t siem_batch_size(const siem_batch *batch) {
    return batch->count;
}

const char *siem_batch_bytes(const siem_batch *batch, size_t *size) {
    *size = batch->lines.size;
    return batch->lines.size != 0 ? batch->lines.bytes : "";
}

const char *siem_batch_at(const siem_batch *batch, size_t index, size_t *size) {
    *size = 0;
    if (index >= batch->count) return NULL;
    size_t start = index == 0 ? 0 : batch->records[index - 1].end;
    *size = batch->records[index].end - start - 1;
    return batch->lines.bytes + start;
}

const char *siem_batch_event_id(const siem_batch *batch, size_t index) {
    return index < batch->count ? batch->ids.bytes + batch->records[index].id : NULL;
}

unsigned siem_batch_repairs(const siem_batch *batch, size_t index) {
    return batch->records[index].repairs;
}

void siem_batch_clear(siem_batch *batch) {
    batch->count = 0;
    batch->lines.size = 0;
    batch->ids.size = 0;
}

void siem_batch_drop(siem_batch *batch, size_t count) {
    if (count == 0) return;
    if (count >= batch->count) {
        siem_batch_clear(batch);
        return;
    }
    size_t line = batch->records[count - 1].end, id = batch->records[count].id;
    batch->count -= count;
    batch->lines.size -= line;
    batch->ids.size -= id;
    memmove(batch->lines.bytes, batch->lines.bytes + line, batch->lines.size);
    memmove(batch->ids.bytes, batch->ids.bytes + id, batch->ids.size);
    for (size_t i = 0; i < batch->count; i++) {
        record *r = &batch->records[i];
        *r = batch->records[i + count];
        r->end -= line;
        r->id -= id;
    }
}
