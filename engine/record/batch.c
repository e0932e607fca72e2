/* batch.c: one buffer of lines, one of ids, and where each record ends in them. */
#include "record/batch.h"

#include "base/error.h"
#include "base/misuse.h"
#include "record/mapping.h"
#include "source/event.h"
#include "source/registry_id.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct record {
    siem_position position; /* of its event */
    size_t end;             /* of its line, with the line end */
    size_t id;              /* of its event_id among the ids, NUL-terminated */
    size_t registry_id;     /* likewise; records in a row share one */
    size_t source_end;      /* of its event's JSON */
    unsigned repairs;
    unsigned part; /* which of its event's records it is */
} record;

/* An event without a record. */
typedef struct unmade {
    siem_position position;
    size_t record;           /* of a later event */
    size_t id, reason;       /* in `texts`, NUL-terminated */
    size_t source, text_end; /* its JSON, in `texts` as well */
} unmade;

struct siem_batch {
    const siem_encoding *encoding;
    char format[64]; /* the name of a mapping, which may be gone */
    siem_buffer lines, ids, sources;
    record *records;
    size_t count, capacity;
    siem_buffer texts; /* of the refusals */
    unmade *refusals;
    size_t refusal_count, refusal_capacity;
    siem_event_counts event_counts;
    siem_position reached;
    bool keeps_sources;
    const siem_masks *masks; /* of the JSON of events, or NULL */
};

/* How much of each buffer is in use; to go back to when a write fails. */
typedef struct mark {
    size_t lines, ids, sources, count;
} mark;

siem_code siem_batch_open(siem_batch **out, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return siem_error_no_memory(err);
    (*out)->encoding = &siem_encoding_json;
    return SIEM_OK;
}

void siem_batch_close(siem_batch *batch) {
    if (batch == NULL) return;
    siem_buffer_free(&batch->lines);
    siem_buffer_free(&batch->ids);
    siem_buffer_free(&batch->sources);
    siem_buffer_free(&batch->texts);
    free(batch->records);
    free(batch->refusals);
    free(batch);
}

void siem_batch_keep_sources(siem_batch *batch, bool keeps, const siem_masks *masks) {
    batch->keeps_sources = keeps;
    batch->masks = masks;
}

void siem_batch_reserve(siem_batch *batch, size_t bytes) {
    if (batch->lines.capacity < bytes) (void)siem_buffer_set_capacity(&batch->lines, bytes);
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

static mark mark_of(const siem_batch *batch) {
    return (mark){batch->lines.size, batch->ids.size, batch->sources.size, batch->count};
}

static void go_back(siem_batch *batch, mark at) {
    batch->lines.size = at.lines;
    batch->ids.size = at.ids;
    batch->sources.size = at.sources;
    batch->count = at.count;
    batch->lines.failed = batch->ids.failed = batch->sources.failed = false;
}

/* Adds an id and its NUL. Returns where it begins. */
static size_t add_id(siem_batch *batch, const char *bytes, size_t size) {
    size_t start = batch->ids.size;
    siem_buffer_add(&batch->ids, bytes, size);
    siem_buffer_add_char(&batch->ids, '\0');
    return start;
}

/* Where the registry's id is: one copy serves all successive records that share it. */
static size_t add_registry_id(siem_batch *batch, const char *bytes, size_t size) {
    if (batch->count > 0) {
        size_t last = batch->records[batch->count - 1].registry_id;
        const char *known = batch->ids.bytes + last;
        if (strlen(known) == size && memcmp(known, bytes, size) == 0) return last;
    }
    return add_id(batch, bytes, size);
}

/* Completes the record whose line was written, all but its line end. */
static siem_code add_record(siem_batch *batch, size_t id, size_t registry_id, record details,
                            siem_error *err) {
    siem_buffer_add_char(&batch->lines, '\n');
    if (!reserve_record(batch) || batch->lines.failed || batch->ids.failed ||
        batch->sources.failed) {
        return siem_error_no_memory(err);
    }
    details.end = batch->lines.size;
    details.id = id;
    details.registry_id = registry_id;
    details.source_end = batch->sources.size;
    batch->records[batch->count++] = details;
    return SIEM_OK;
}

static siem_code add_record_of(siem_batch *batch, siem_event *event, record details,
                               siem_error *err) {
    const siem_value *event_id = &event->fields[SIEM_EVENT_ID];
    const siem_value *registry_id = &event->fields[SIEM_REGISTRY_ID];
    details.position = siem_event_position(event);
    if (batch->keeps_sources) siem_masks_write_event(batch->masks, event, &batch->sources);
    size_t id = add_id(batch, event_id->bytes, event_id->size);
    return add_record(batch, id, add_registry_id(batch, registry_id->bytes, registry_id->size),
                      details, err);
}

/* What the records since `start` hold. */
static size_t size_since(const siem_batch *batch, mark start) {
    return batch->lines.size - start.lines + batch->ids.size - start.ids + batch->sources.size -
           start.sources + (batch->count - start.count) * sizeof(record);
}

/* Makes a line of each record of the list that begins at `start`, in place: the bytes between them
 * have room for line ends. */
static siem_code split_list(siem_batch *batch, mark start, siem_event *event, unsigned repairs,
                            siem_error *err) {
    siem_buffer *lines = &batch->lines;
    const siem_encoding *encoding = batch->encoding;
    const char *at = lines->bytes + start.lines, *end = lines->bytes + lines->size, *rest;
    size_t size;
    lines->size = start.lines;
    for (unsigned part = 0; encoding->next(&at, end, &size, &rest); part++, at = rest) {
        if (encoding->judge(at, size) != SIEM_IS_RECORD) {
            return siem_error_set(err, SIEM_REFUSED,
                                  "item %u of the function's list is not a record", part + 1);
        }
        memmove(lines->bytes + lines->size, at, size);
        lines->size += size;
        record details = {.repairs = part == 0 ? repairs : 0, .part = part};
        siem_code rc = add_record_of(batch, event, details, err);
        if (rc != SIEM_OK) return rc;
        if (size_since(batch, start) > SIEM_MOST_MADE) {
            return siem_error_set(err, SIEM_REFUSED,
                                  "the records of the function's list take more than %zu MiB",
                                  SIEM_MOST_MADE >> 20);
        }
    }
    return SIEM_OK;
}

siem_code siem_batch_write(siem_batch *batch, siem_mapping *mapping, siem_event *event,
                           unsigned *repairs, siem_error *err) {
    if (batch == NULL) return siem_misuse_null(__func__, "batch", err);
    if (mapping == NULL) return siem_misuse_null(__func__, "mapping", err);
    if (event == NULL) return siem_misuse_null(__func__, "event", err);
    return siem_batch_render(batch, mapping, siem_mapping_own_state(mapping), event, repairs, err);
}

static bool is_list(const siem_batch *batch, mark start) {
    const siem_buffer *lines = &batch->lines;
    return batch->encoding->judge(lines->bytes + start.lines, lines->size - start.lines) ==
           SIEM_IS_LIST;
}

static void set_format(siem_batch *batch, const siem_mapping *mapping) {
    const char *name = siem_mapping_name(mapping);
    batch->encoding = siem_mapping_encoding(mapping);
    if (strcmp(batch->format, name) == 0) return;
    (void)snprintf(batch->format, sizeof batch->format, "%s", name);
}

siem_code siem_batch_render(siem_batch *batch, const siem_mapping *mapping,
                            siem_render_state *state, siem_event *event, unsigned *repairs,
                            siem_error *err) {
    unsigned bits = 0;
    mark start = mark_of(batch);
    set_format(batch, mapping);
    siem_code rc = siem_mapping_render(mapping, state, event, &batch->lines, &bits, err);
    if (rc == SIEM_OK && is_list(batch, start)) {
        rc = split_list(batch, start, event, bits, err);
    } else if (rc == SIEM_OK) {
        rc = add_record_of(batch, event, (record){.repairs = bits}, err);
    }
    if (rc != SIEM_OK) go_back(batch, start);
    else if (repairs != NULL) *repairs = bits;
    return rc;
}

siem_code siem_batch_add(siem_batch *batch, const char *json, size_t size, const char *event_id,
                         const char *registry_id, unsigned part, siem_error *err) {
    if (batch == NULL) return siem_misuse_null(__func__, "batch", err);
    if (event_id == NULL) return siem_misuse_null(__func__, "event_id", err);
    siem_code rc = siem_registry_id_check(registry_id, err);
    if (rc == SIEM_OK) rc = siem_misuse_list(__func__, "record", json, size, err);
    if (rc != SIEM_OK) return rc;
    mark start = mark_of(batch);
    bool is_read = batch->encoding->read(&batch->lines, json, size);
    if (!is_read && batch->lines.failed) {
        rc = siem_error_no_memory(err);
    } else if (!is_read) {
        rc = siem_error_set(err, SIEM_INVALID, "event %s: its record is not a JSON object",
                            event_id);
        siem_error_name_event(err, event_id, strlen(event_id));
    } else {
        size_t id = add_id(batch, event_id, strlen(event_id));
        rc = add_record(batch, id, add_registry_id(batch, registry_id, strlen(registry_id)),
                        (record){.part = part}, err);
    }
    if (rc != SIEM_OK) go_back(batch, start);
    return rc;
}

siem_code siem_batch_append(siem_batch *batch, const siem_batch *from, size_t index,
                            siem_error *err) {
    size_t size, source_size;
    mark start = mark_of(batch);
    const char *line = siem_batch_at(from, index, &size);
    const char *event_id = siem_batch_event_id(from, index);
    const char *registry_id = siem_batch_registry_id(from, index);
    const char *source = siem_batch_source(from, index, &source_size);
    memcpy(batch->format, from->format, sizeof batch->format);
    siem_buffer_add(&batch->lines, line, size);
    siem_buffer_add(&batch->sources, source, source_size);
    size_t id = add_id(batch, event_id, strlen(event_id));
    siem_code rc = add_record(batch, id, add_registry_id(batch, registry_id, strlen(registry_id)),
                              from->records[index], err);
    if (rc != SIEM_OK) go_back(batch, start);
    return rc;
}

const siem_encoding *siem_batch_encoding(const siem_batch *batch) {
    return batch->encoding;
}

const char *siem_batch_format(const siem_batch *batch) {
    return batch->format;
}

/* ---- what happened ---- */

siem_position siem_batch_position(const siem_batch *batch, size_t index) {
    return batch->records[index].position;
}

siem_position siem_batch_reached(const siem_batch *batch) {
    return batch->reached;
}

void siem_batch_reach(siem_batch *batch, siem_position position) {
    batch->reached = position;
}

siem_event_counts *siem_batch_event_counts(siem_batch *batch) {
    return &batch->event_counts;
}

static bool reserve_refusal(siem_batch *batch) {
    if (batch->refusal_count < batch->refusal_capacity) return true;
    size_t capacity = batch->refusal_capacity == 0 ? 16 : batch->refusal_capacity * 2;
    unmade *refusals = realloc(batch->refusals, capacity * sizeof *refusals);
    if (refusals == NULL) return false;
    batch->refusals = refusals;
    batch->refusal_capacity = capacity;
    return true;
}

/* Adds a text and its NUL. Returns where it begins. */
static size_t add_text(siem_buffer *texts, const char *bytes, size_t size) {
    size_t start = texts->size;
    siem_buffer_add(texts, bytes, size);
    siem_buffer_add_char(texts, '\0');
    return start;
}

siem_code siem_batch_refuse(siem_batch *batch, siem_event *event, const char *reason, bool keeps,
                            siem_error *err) {
    siem_buffer *texts = &batch->texts;
    const siem_value *event_id = &event->fields[SIEM_EVENT_ID];
    size_t start = texts->size;
    unmade refusal = {.position = siem_event_position(event), .record = batch->count};
    refusal.id = add_text(texts, event_id->bytes, event_id->size);
    refusal.reason = add_text(texts, reason, strlen(reason));
    refusal.source = texts->size;
    if (keeps) siem_masks_write_event(batch->masks, event, texts);
    refusal.text_end = texts->size;
    bool has_failed = texts->failed || event->extra.failed || event->text.failed;
    if (has_failed || !reserve_refusal(batch)) {
        texts->failed = false;
        texts->size = start;
        return siem_error_no_memory(err);
    }
    batch->refusals[batch->refusal_count++] = refusal;
    return SIEM_OK;
}

size_t siem_batch_unmade_count(const siem_batch *batch) {
    return batch->refusal_count;
}

siem_unmade siem_batch_unmade(const siem_batch *batch, size_t index) {
    const unmade *refusal = &batch->refusals[index];
    const char *texts = batch->texts.bytes;
    size_t size = refusal->text_end - refusal->source;
    return (siem_unmade){.position = refusal->position,
                         .record = refusal->record,
                         .event_id = texts + refusal->id,
                         .reason = texts + refusal->reason,
                         .source = size > 0 ? texts + refusal->source : NULL,
                         .source_size = size};
}

size_t siem_batch_weight(const siem_batch *batch) {
    return batch->lines.size + batch->texts.size;
}

size_t siem_batch_size(const siem_batch *batch) {
    return batch != NULL ? batch->count : 0;
}

const char *siem_batch_bytes(const siem_batch *batch, size_t *size) {
    bool is_empty = batch == NULL || batch->lines.size == 0;
    if (size != NULL) *size = is_empty ? 0 : batch->lines.size;
    return is_empty ? "" : batch->lines.bytes;
}

const char *siem_batch_at(const siem_batch *batch, size_t index, size_t *size) {
    if (size != NULL) *size = 0;
    if (index >= siem_batch_size(batch)) return NULL;
    size_t start = index == 0 ? 0 : batch->records[index - 1].end;
    if (size != NULL) *size = batch->records[index].end - start - 1;
    return batch->lines.bytes + start;
}

const char *siem_batch_event_id(const siem_batch *batch, size_t index) {
    return index < siem_batch_size(batch) ? batch->ids.bytes + batch->records[index].id : NULL;
}

unsigned siem_batch_part(const siem_batch *batch, size_t index) {
    return batch->records[index].part;
}

unsigned siem_batch_repairs(const siem_batch *batch, size_t index) {
    return batch->records[index].repairs;
}

const char *siem_batch_registry_id(const siem_batch *batch, size_t index) {
    return batch->ids.bytes + batch->records[index].registry_id;
}

const char *siem_batch_source(const siem_batch *batch, size_t index, size_t *size) {
    size_t start = index == 0 ? 0 : batch->records[index - 1].source_end;
    *size = batch->records[index].source_end - start;
    return *size > 0 ? batch->sources.bytes + start : NULL;
}

void siem_batch_clear(siem_batch *batch) {
    if (batch == NULL) return;
    go_back(batch, (mark){0});
    batch->texts.size = batch->refusal_count = 0;
    batch->event_counts = (siem_event_counts){0};
    batch->reached = (siem_position){0};
}

void siem_batch_truncate(siem_batch *batch, size_t count, siem_position reached) {
    batch->reached = reached;
    if (count >= batch->count) return;
    /* Ids stay where they are: later ones are found by their own place. */
    batch->count = count;
    batch->lines.size = count > 0 ? batch->records[count - 1].end : 0;
    batch->sources.size = count > 0 ? batch->records[count - 1].source_end : 0;
}

/* Cuts texts of the last record. */
static size_t cut_last(siem_batch *batch, size_t most) {
    size_t start = batch->count > 1 ? batch->records[batch->count - 2].end : 0;
    record *last = &batch->records[batch->count - 1];
    if (last->end - start <= most) return 0; /* no field can be longer */
    size_t count = batch->encoding->cut(&batch->lines, start, most);
    last->end = batch->lines.size;
    return count;
}

siem_code siem_batch_cut_fields(siem_batch *batch, size_t first, size_t most, siem_error *err) {
    siem_batch *copy;
    size_t count = batch->count - first;
    if (count == 1) batch->event_counts.cut += cut_last(batch, most);
    if (count < 2) return SIEM_OK;
    siem_code rc = siem_batch_open(&copy, err);
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        rc = siem_batch_append(copy, batch, first + i, err);
    }
    siem_batch_truncate(batch, first, batch->reached);
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        rc = siem_batch_append(batch, copy, i, err);
        if (rc == SIEM_OK) batch->event_counts.cut += cut_last(batch, most);
    }
    siem_batch_close(copy);
    return rc;
}
