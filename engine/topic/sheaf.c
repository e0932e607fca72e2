/* sheaf.c: the bytes of all messages in one buffer, and where each of them begins. */
#include "topic/sheaf.h"

#include "base/buffer.h"
#include "base/error.h"
#include "source/slice.h"

#include <stdlib.h>

#define MOST_BYTES ((size_t)1 << 20)

typedef struct entry {
    siem_message_place place;
    int64_t number;
    size_t start, size;
} entry;

struct siem_sheaf {
    siem_buffer bytes;
    size_t count;
    entry entries[SIEM_SLICE_EVENTS];
};

siem_code siem_sheaf_open(siem_sheaf **out, siem_error *err) {
    siem_sheaf *sheaf = *out = malloc(sizeof *sheaf);
    if (sheaf == NULL) return siem_error_no_memory(err);
    sheaf->bytes = (siem_buffer){0};
    sheaf->count = 0;
    return SIEM_OK;
}

siem_code siem_sheaf_add(siem_sheaf *sheaf, const siem_message *message, siem_error *err) {
    entry *at = &sheaf->entries[sheaf->count];
    *at = (entry){message->place, message->number, sheaf->bytes.size, message->size};
    siem_buffer_add(&sheaf->bytes, message->bytes, message->size);
    if (sheaf->bytes.failed) return siem_error_no_memory(err);
    sheaf->count++;
    return SIEM_OK;
}

bool siem_sheaf_is_full(const siem_sheaf *sheaf) {
    return sheaf->count == SIEM_SLICE_EVENTS || sheaf->bytes.size >= MOST_BYTES;
}

bool siem_sheaf_at(const siem_sheaf *sheaf, size_t index, siem_message *message) {
    if (index >= sheaf->count) return false;
    const entry *at = &sheaf->entries[index];
    *message = (siem_message){.bytes = at->size > 0 ? sheaf->bytes.bytes + at->start : "",
                              .size = at->size,
                              .place = at->place,
                              .number = at->number};
    return true;
}

void siem_sheaf_close(siem_sheaf *sheaf) {
    if (sheaf == NULL) return;
    siem_buffer_free(&sheaf->bytes);
    free(sheaf);
}
