/* raw_event.c: events as JSON that loses nothing. */
#include "source/raw_event.h"

#include "base/error.h"
#include "base/json_writer.h"
#include "base/number.h"
#include "base/utf8.h"
#include "source/registry_id.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* ---- writing ---- */

static void add_member(siem_buffer *out, size_t start, const char *name) {
    siem_buffer_add_char(out, out->size == start ? '{' : ',');
    (void)siem_json_write_text(out, name, strlen(name));
    siem_buffer_add_char(out, ':');
}

void siem_raw_event_write_columns(siem_event *event, siem_buffer *out, unsigned *repairs) {
    size_t start = out->size;
    for (size_t i = 0; i < event->site_count; i++) {
        add_member(out, start, event->site_names[i]);
        siem_json_write_value(out, &event->site[i], repairs);
    }
    if (out->size > start) siem_buffer_add_char(out, '}');
}

static void add_base64(siem_buffer *out, const siem_value *text) {
    size_t size = 4 * ((text->size + 2) / 3);
    siem_buffer_add_char(out, '"');
    if (!siem_buffer_reserve(out, size + 1)) return; /* with a NUL */
    (void)EVP_EncodeBlock((unsigned char *)out->bytes + out->size,
                          (const unsigned char *)text->bytes, (int)text->size);
    out->size += size;
    siem_buffer_add_char(out, '"');
}

void siem_raw_event_write_bytes(siem_event *event, siem_buffer *out, unsigned *repairs) {
    size_t start = out->size, count = siem_event_size(event);
    (void)repairs; /* the field itself is repaired */
    for (size_t i = 0; i < count; i++) {
        if (i == SIEM_EXTRA) continue; /* canonical, as every format has it */
        siem_value value = siem_event_at(event, i);
        if (value.type != SIEM_TEXT || siem_utf8_is_well_formed(value.bytes, value.size)) continue;
        add_member(out, start, siem_event_name(event, i));
        add_base64(out, &value);
    }
    if (out->size > start) siem_buffer_add_char(out, '}');
}

/* ---- reading ---- */

struct siem_raw_event_reader {
    siem_event event;
    siem_json_reader json;
    siem_buffer object;   /* the event as canonical JSON */
    siem_buffer texts;    /* what was decoded; does not move while an event is read */
    siem_buffer written;  /* a value as it would be written */
    siem_buffer registry; /* the id that was checked last, with a NUL */
    siem_value *site;
    const char **site_names;
    size_t site_capacity;
};

siem_code siem_raw_event_reader_open(siem_raw_event_reader **out, siem_error *err) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return siem_error_no_memory(err);
    (*out)->json.deeper = 2; /* the event, and what wraps an extra that is not an object */
    return SIEM_OK;
}

void siem_raw_event_reader_close(siem_raw_event_reader *reader) {
    if (reader == NULL) return;
    siem_json_reader_free(&reader->json);
    siem_buffer_free(&reader->object);
    siem_buffer_free(&reader->texts);
    siem_buffer_free(&reader->written);
    siem_buffer_free(&reader->registry);
    free(reader->site);
    free(reader->site_names);
    free(reader);
}

/* Whether a value is written as that text. */
static bool is_written_as(siem_raw_event_reader *reader, const siem_value *value, const char *json,
                          size_t size) {
    unsigned ignored = 0;
    siem_buffer *written = &reader->written;
    written->size = 0;
    siem_json_write_value(written, value, &ignored);
    return written->size == size && memcmp(written->bytes, json, size) == 0;
}

/* A text that decoding would change, as it has half of a pair of surrogates, stays JSON. */
static siem_value read_text(siem_raw_event_reader *reader, const char *json, size_t size) {
    siem_buffer *texts = &reader->texts;
    siem_value text = {.type = SIEM_TEXT, .bytes = json + 1, .size = size - 2};
    if (memchr(json, '\\', size) == NULL) return text;
    text.bytes = texts->bytes + texts->size;
    siem_json_decode_text(json, size, texts);
    text.size = (size_t)(texts->bytes + texts->size - text.bytes);
    if (memmem(json, size, "\\ud", 3) == NULL) return text;
    if (is_written_as(reader, &text, json, size)) return text;
    return (siem_value){.type = SIEM_JSON, .bytes = json, .size = size};
}

/* A number that no integer or real is written as, such as 1.10, stays JSON. */
static siem_value read_number(siem_raw_event_reader *reader, const char *json, size_t size) {
    char digits[32];
    char *end;
    const siem_value exact = {.type = SIEM_JSON, .bytes = json, .size = size};
    if (size >= sizeof digits) return exact;
    memcpy(digits, json, size);
    digits[size] = '\0';
    errno = 0;
    siem_value number = {.type = SIEM_INTEGER, .integer = strtoll(digits, &end, 10)};
    if (*end != '\0')
        number = (siem_value){.type = SIEM_REAL, .real = siem_number_read(digits, NULL)};
    return is_written_as(reader, &number, json, size) ? number : exact;
}

static siem_value read_value(siem_raw_event_reader *reader, const siem_json_pair *pair) {
    const char first = pair->value[0];
    if (first == 'n') return (siem_value){0};
    if (first == '"') return read_text(reader, pair->value, pair->value_size);
    if (first == '-' || (first >= '0' && first <= '9')) {
        return read_number(reader, pair->value, pair->value_size);
    }
    return (siem_value){.type = SIEM_JSON, .bytes = pair->value, .size = pair->value_size};
}

static siem_code refuse(const char *name, const char *problem, siem_error *err) {
    return siem_error_set(err, SIEM_REFUSED, "%s %s", name, problem);
}

/* Ids end at a NUL in C. */
static bool is_id(const siem_value *value) {
    return value->type == SIEM_TEXT && value->size > 0 &&
           memchr(value->bytes, '\0', value->size) == NULL;
}

/* The id is the same in most events: it is checked when it is another one. */
static siem_code load_registry_id(siem_raw_event_reader *reader, const siem_value *value,
                                  siem_error *err) {
    siem_buffer *known = &reader->registry;
    if (!is_id(value)) return refuse("registry_id", "is not the id of a registry", err);
    reader->event.fields[SIEM_REGISTRY_ID] = *value;
    if (known->size == value->size + 1 && memcmp(known->bytes, value->bytes, value->size) == 0) {
        return SIEM_OK;
    }
    known->size = 0;
    siem_buffer_add(known, value->bytes, value->size);
    siem_buffer_add_char(known, '\0');
    if (known->failed) return siem_error_no_memory(err);
    siem_code rc = siem_registry_id_check(known->bytes, err);
    if (rc == SIEM_OK) return rc;
    known->size = 0;
    if (err != NULL) err->code = SIEM_REFUSED;
    return SIEM_REFUSED;
}

/* The id of a row as a number, where it is one. */
static int64_t row_of(const siem_value *event_id) {
    char digits[24], written[24];
    if (event_id->size >= sizeof digits) return 0;
    memcpy(digits, event_id->bytes, event_id->size);
    digits[event_id->size] = '\0';
    int64_t row = strtoll(digits, NULL, 10);
    (void)snprintf(written, sizeof written, "%" PRId64, row);
    return strcmp(digits, written) == 0 ? row : 0;
}

static siem_code load_time(siem_event *event, const siem_value *value, siem_error *err) {
    if (value->type == SIEM_NULL) return SIEM_OK;
    if (value->type != SIEM_INTEGER || !siem_timestamp_in_range(value->integer)) {
        return refuse("occurred_unix", "is not whole seconds in the years 1 to 9999", err);
    }
    event->fields[SIEM_OCCURRED_UNIX] = *value;
    if (value->integer == 0) return SIEM_OK;
    siem_timestamp_write(event->occurred_at, value->integer);
    event->fields[SIEM_OCCURRED_AT].size = SIEM_TIMESTAMP_SIZE;
    return SIEM_OK;
}

static siem_code load_extra(siem_event *event, const siem_value *value, siem_error *err) {
    bool is_object = value->type == SIEM_JSON && value->bytes[0] == '{';
    if (value->type != SIEM_NULL && !is_object) return refuse("extra", "is not an object", err);
    if (is_object && value->size > 2) event->fields[SIEM_EXTRA] = *value;
    return SIEM_OK;
}

static siem_code load_field(siem_raw_event_reader *reader, siem_field field,
                            const siem_value *value, siem_error *err) {
    siem_event *event = &reader->event;
    switch (field) {
    case SIEM_EVENT_ID:
        if (!is_id(value)) return refuse("event_id", "is not the id of an event", err);
        event->row_id = row_of(value);
        event->fields[field] = *value;
        return SIEM_OK;
    case SIEM_EVENT_KIND:
        if (value->type == SIEM_TEXT) event->fields[field] = *value;
        else if (value->type != SIEM_NULL) return refuse("event_kind", "is not a text", err);
        return SIEM_OK;
    case SIEM_OCCURRED_UNIX: return load_time(event, value, err);
    case SIEM_OCCURRED_AT: return SIEM_OK;
    case SIEM_REGISTRY_ID: return load_registry_id(reader, value, err);
    case SIEM_USER_AGENT:
        if (value->type != SIEM_TEXT || value->size > 0) event->fields[field] = *value;
        return SIEM_OK;
    case SIEM_EXTRA: return load_extra(event, value, err);
    default: event->fields[field] = *value; return SIEM_OK;
    }
}

static bool reserve_site(siem_raw_event_reader *reader) {
    siem_event *event = &reader->event;
    if (event->site_count < reader->site_capacity) return true;
    size_t capacity = reader->site_capacity == 0 ? 16 : 2 * reader->site_capacity;
    siem_value *site = realloc(reader->site, capacity * sizeof *site);
    if (site != NULL) event->site = reader->site = site;
    const char **names = realloc(reader->site_names, capacity * sizeof *names);
    if (names != NULL) event->site_names = reader->site_names = names;
    if (site == NULL || names == NULL) return false;
    reader->site_capacity = capacity;
    return true;
}

/* The name of a member, with a NUL; NULL when it holds one. */
static const char *read_name(siem_raw_event_reader *reader, const siem_json_pair *pair) {
    siem_buffer *texts = &reader->texts;
    size_t start = texts->size;
    siem_json_decode_text(pair->key, pair->key_size, texts);
    bool is_name = memchr(texts->bytes + start, '\0', texts->size - start) == NULL;
    siem_buffer_add_char(texts, '\0');
    return is_name ? texts->bytes + start : NULL;
}

static siem_code load_column(siem_raw_event_reader *reader, const siem_json_pair *pair,
                             siem_error *err) {
    const char *name = read_name(reader, pair);
    if (name == NULL) return refuse("the name of a column", "has a NUL", err);
    if (!reserve_site(reader)) return siem_error_no_memory(err);
    size_t index = reader->event.site_count++;
    reader->site[index] = read_value(reader, pair);
    reader->site_names[index] = name;
    return SIEM_OK;
}

/* Calls `load` for each member of an object. */
typedef siem_code (*load_function)(siem_raw_event_reader *reader, const siem_json_pair *pair,
                                   siem_error *err);

static siem_code load_members(siem_raw_event_reader *reader, const siem_json_pair *object,
                              const char *name, load_function load, siem_error *err) {
    const char *at = object->value;
    siem_code rc = SIEM_OK;
    siem_json_pair pair;
    if (at == NULL || *at == 'n') return SIEM_OK; /* it is missing, or null */
    if (*at != '{') return refuse(name, "is not an object", err);
    const char *end = at + object->value_size;
    while (rc == SIEM_OK && siem_json_next(&at, end, &pair)) rc = load(reader, &pair, err);
    return rc;
}

/* The text of that name, or NULL. */
static siem_value *find_text(siem_event *event, const char *name) {
    int field = siem_field_of(name, strlen(name));
    siem_value *value = field >= 0 ? &event->fields[field] : NULL;
    for (size_t i = 0; value == NULL && i < event->site_count; i++) {
        if (strcmp(event->site_names[i], name) == 0) value = &event->site[i];
    }
    return value != NULL && value->type == SIEM_TEXT ? value : NULL;
}

/* Puts the bytes that a text had in its place. */
static siem_code load_bytes(siem_raw_event_reader *reader, const siem_json_pair *pair,
                            siem_error *err) {
    siem_buffer *texts = &reader->texts;
    const char *name = read_name(reader, pair);
    siem_value *text = name != NULL ? find_text(&reader->event, name) : NULL;
    size_t size = pair->value_size - 2;
    if (text == NULL) return refuse("bytes", "has the name of what is not a text", err);
    bool is_text = pair->value[0] == '"' && size > 0 && size % 4 == 0 && size <= INT32_MAX;
    int decoded = !is_text ? -1
                           : EVP_DecodeBlock((unsigned char *)texts->bytes + texts->size,
                                             (const unsigned char *)pair->value + 1, (int)size);
    if (decoded < 0) return refuse(name, "has no base64 in bytes", err);
    const char *last = pair->value + size;
    decoded -= (last[0] == '=') + (last[-1] == '=');
    *text = (siem_value){
        .type = SIEM_TEXT, .bytes = texts->bytes + texts->size, .size = (size_t)decoded};
    texts->size += (size_t)decoded;
    return SIEM_OK;
}

static void clear(siem_raw_event_reader *reader) {
    static const siem_value empty = {.type = SIEM_TEXT, .bytes = ""};
    siem_event *event = &reader->event;
    for (size_t i = 0; i < SIEM_FIELD_COUNT; i++) event->fields[i] = (siem_value){0};
    event->fields[SIEM_EVENT_KIND] = event->fields[SIEM_OCCURRED_AT] = empty;
    event->fields[SIEM_OCCURRED_AT].bytes = event->occurred_at;
    event->fields[SIEM_OCCURRED_UNIX] = (siem_value){.type = SIEM_INTEGER, .integer = 0};
    event->extra_ready = true;
    event->row_id = 0;
    event->site_count = 0;
    reader->texts.size = reader->object.size = 0;
}

/* The field of that name, or -1. `expected` is the one that comes next in the order of fields. */
static int field_of(const siem_event *event, const siem_json_pair *pair, size_t expected) {
    const char *name = expected < SIEM_FIELD_COUNT ? siem_event_name(event, expected) : "";
    size_t size = pair->key_size - 2;
    if (strlen(name) == size && memcmp(pair->key + 1, name, size) == 0) return (int)expected;
    return siem_field_of(pair->key + 1, size);
}

static bool is_named(const siem_json_pair *pair, const char *name) {
    return pair->key_size - 2 == strlen(name) && memcmp(pair->key + 1, name, strlen(name)) == 0;
}

static siem_code load_event(siem_raw_event_reader *reader, siem_error *err) {
    const char *at = reader->object.bytes, *end = at + reader->object.size;
    siem_json_pair pair, columns = {0}, bytes = {0};
    size_t expected = 0;
    siem_code rc = SIEM_OK;
    while (rc == SIEM_OK && siem_json_next(&at, end, &pair)) {
        int field = field_of(&reader->event, &pair, expected);
        if (field >= 0) {
            siem_value value = read_value(reader, &pair);
            rc = load_field(reader, (siem_field)field, &value, err);
            expected = (size_t)field + 1;
        } else if (is_named(&pair, "columns")) {
            columns = pair;
        } else if (is_named(&pair, "bytes")) {
            bytes = pair;
        } else {
            rc = load_column(reader, &pair, err);
        }
    }
    if (rc == SIEM_OK) rc = load_members(reader, &columns, "columns", load_column, err);
    return rc == SIEM_OK ? load_members(reader, &bytes, "bytes", load_bytes, err) : rc;
}

/* What is decoded is never longer than the canonical text, so nothing that is borrowed moves. */
static siem_code read_object(siem_raw_event_reader *reader, const char *json, size_t size,
                             siem_error *err) {
    siem_json_result result = siem_json_read(&reader->json, json, size, &reader->object);
    bool has_room = !reader->object.failed &&
                    siem_buffer_reserve(&reader->texts, reader->object.size + SIEM_PADDING);
    if (!has_room) {
        reader->object.failed = reader->texts.failed = false;
        return siem_error_no_memory(err);
    }
    if (result != SIEM_JSON_READ) return refuse("the event", "is not JSON", err);
    if (reader->object.bytes[0] != '{') return refuse("the event", "is not an object", err);
    return SIEM_OK;
}

siem_code siem_raw_event_read(siem_raw_event_reader *reader, const char *json, size_t size,
                              siem_event **event, siem_error *err) {
    *event = NULL;
    clear(reader);
    siem_code rc = read_object(reader, json, size, err);
    if (rc == SIEM_OK) rc = load_event(reader, err);
    if (rc != SIEM_OK) return rc;
    if (reader->event.fields[SIEM_EVENT_ID].type == SIEM_NULL) {
        return refuse("event_id", "is missing", err);
    }
    if (reader->event.fields[SIEM_REGISTRY_ID].type == SIEM_NULL) {
        return refuse("registry_id", "is missing", err);
    }
    *event = &reader->event;
    return SIEM_OK;
}
