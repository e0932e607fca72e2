/* refused.c: a sorted list. Events come in the order of ids, so that most are added at its end. */
#include "export/refused.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_ROOM 64

static bool is_before(const siem_refused_record *record, int64_t id, unsigned part) {
    return record->id < id || (record->id == id && record->part < part);
}

/* Where the record is, or would be. */
static size_t find(const siem_refused *refused, int64_t id, unsigned part) {
    size_t first = 0, end = refused->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (is_before(&refused->list[middle], id, part)) first = middle + 1;
        else end = middle;
    }
    return first;
}

bool siem_refused_has(const siem_refused *refused, int64_t id, unsigned part) {
    size_t at = find(refused, id, part);
    return at < refused->count && refused->list[at].id == id && refused->list[at].part == part;
}

static siem_code grow(siem_refused *refused, siem_error *err) {
    size_t capacity = refused->capacity == 0 ? LEAST_ROOM : 2 * refused->capacity;
    siem_refused_record *list = realloc(refused->list, capacity * sizeof *list);
    if (list == NULL) return siem_error_no_memory(err);
    refused->list = list;
    refused->capacity = capacity;
    return SIEM_OK;
}

siem_code siem_refused_add(siem_refused *refused, int64_t id, unsigned part, siem_error *err) {
    siem_code rc = refused->count == refused->capacity ? grow(refused, err) : SIEM_OK;
    if (rc != SIEM_OK) return rc;
    size_t at = find(refused, id, part);
    siem_refused_record *record = &refused->list[at];
    memmove(record + 1, record, (refused->count - at) * sizeof *record);
    *record = (siem_refused_record){id, part};
    refused->count++;
    return SIEM_OK;
}

void siem_refused_forget(siem_refused *refused, int64_t id) {
    size_t end = id < INT64_MAX ? find(refused, id + 1, 0) : refused->count;
    if (end == 0) return;
    refused->count -= end;
    memmove(refused->list, refused->list + end, refused->count * sizeof *refused->list);
}

void siem_refused_clear(siem_refused *refused) {
    free(refused->list);
    *refused = (siem_refused){.count = 0};
}
