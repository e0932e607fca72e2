/* parcel.c: lines of records that may lie in several batches. */
#include "sink/parcel.h"

#include "record/batch.h"

const char *siem_parcel_at(const siem_parcel *parcel, size_t index, size_t *size) {
    return siem_batch_at(parcel->items[index].batch, parcel->items[index].record, size);
}

size_t siem_parcel_bytes(const siem_parcel *parcel) {
    size_t size, count, bytes = 0;
    for (size_t i = 0; i < parcel->count; i += count) {
        (void)siem_parcel_lines(parcel, i, &count, &size);
        bytes += size;
    }
    return bytes;
}

const char *siem_parcel_lines(const siem_parcel *parcel, size_t index, size_t *count,
                              size_t *size) {
    const siem_item *first = &parcel->items[index];
    size_t n = 1, most = parcel->count - index, last_size;
    while (n < most && first[n].batch == first->batch && first[n].record == first->record + n) n++;
    const char *start = siem_batch_at(first->batch, first->record, &last_size);
    const char *last = siem_batch_at(first->batch, first->record + n - 1, &last_size);
    *count = n;
    *size = (size_t)(last - start) + last_size + 1;
    return start;
}

void siem_parcel_unprepare(siem_parcel *parcel) {
    siem_body_free(&parcel->body);
    parcel->is_prepared = false;
}

/* Whether the records are those of one batch, all of them and in their order. */
static bool is_batch(const siem_parcel *parcel) {
    size_t count, size;
    if (parcel->count == 0) return false;
    (void)siem_parcel_lines(parcel, 0, &count, &size);
    return count == parcel->count && count == siem_batch_size(parcel->items[0].batch);
}

siem_code siem_parcel_batch(const siem_parcel *parcel, const siem_batch **out, siem_batch **copy,
                            siem_error *err) {
    *copy = NULL;
    *out = is_batch(parcel) ? parcel->items[0].batch : NULL;
    if (*out != NULL) return SIEM_OK;
    siem_code rc = siem_batch_open(copy, err);
    for (size_t i = 0; rc == SIEM_OK && i < parcel->count; i++) {
        rc = siem_batch_append(*copy, parcel->items[i].batch, parcel->items[i].record, err);
    }
    if (rc != SIEM_OK) siem_batch_close(*copy);
    if (rc != SIEM_OK) *copy = NULL;
    *out = *copy;
    return rc;
}
