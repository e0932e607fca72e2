/* event.c: the reference's rules for what a row means. */
#include "source/event.h"

#include "base/error.h"
#include "base/json_writer.h"
#include "base/misuse.h"
#include "source/registry_id.h"

#include <errno.h>
#include <stdlib.h>

/* ---- layout ---- */

struct siem_layout {
    size_t count;
    int *fields;       /* of each column, as siem_field_of_column gives it */
    char **site_names; /* ended by NULL */
    size_t site_count;
};

bool siem_layout_is_of_site(const char *column) {
    return siem_field_of_column(column) < 0;
}

const char *siem_unreadable_reason(const siem_unreadable *list, const char *column) {
    for (; list != NULL && list->column != NULL; list++) {
        if (strcmp(list->column, column) == 0) return list->reason;
    }
    return NULL;
}

siem_code siem_layout_open(siem_layout **out, const char *const *columns, size_t count,
                           siem_error *err) {
    siem_layout *layout = calloc(1, sizeof *layout);
    *out = NULL;
    if (layout == NULL) return siem_error_no_memory(err);
    layout->count = count;
    layout->fields = calloc(count + 1, sizeof *layout->fields);
    layout->site_names = calloc(count + 1, sizeof *layout->site_names);
    if (layout->fields == NULL || layout->site_names == NULL) goto no_memory;
    for (size_t i = 0; i < count; i++) {
        layout->fields[i] = siem_field_of_column(columns[i]);
        if (layout->fields[i] != SIEM_SITE_COLUMN) continue;
        char *name = strdup(columns[i]);
        if (name == NULL) goto no_memory;
        layout->site_names[layout->site_count++] = name;
    }
    *out = layout;
    return SIEM_OK;
no_memory:
    siem_layout_close(layout);
    return siem_error_no_memory(err);
}

void siem_layout_close(siem_layout *layout) {
    if (layout == NULL) return;
    for (size_t i = 0; i < layout->site_count; i++) free(layout->site_names[i]);
    free(layout->site_names);
    free(layout->fields);
    free(layout);
}

/* ---- normalizing ---- */

static bool is_false(const siem_value *value) {
    switch (value->type) {
    case SIEM_NULL: return true;
    case SIEM_INTEGER: return value->integer == 0;
    case SIEM_REAL: return value->real == 0;
    case SIEM_TEXT:
    case SIEM_JSON: return value->size == 0;
    }
    return true;
}

/* Text of a value that was stored as a number, kept in the event's own memory. */
static siem_value as_text(siem_event *event, const siem_value *value) {
    if (value->type != SIEM_INTEGER && value->type != SIEM_REAL) return *value;
    size_t start = event->text.size;
    unsigned ignored = 0;
    siem_json_write_value(&event->text, value, &ignored);
    return (siem_value){
        .type = SIEM_TEXT, .bytes = event->text.bytes + start, .size = event->text.size - start};
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Reads a whole number as the reference does: spaces around it, a sign, single underscores between
 * digits. */
static bool parse_integer(const char *at, size_t size, int64_t *integer) {
    const char *end = at + size;
    while (at < end && is_space(*at)) at++;
    while (end > at && is_space(end[-1])) end--;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    int64_t number = 0;
    bool digit_before = false;
    for (; at < end; at++) {
        if (*at == '_' && digit_before && at + 1 < end) {
            digit_before = false;
            continue;
        }
        if (*at < '0' || *at > '9') return false;
        if (number > (INT64_MAX - 9) / 10) return false;
        number = number * 10 + (*at - '0');
        digit_before = true;
    }
    *integer = negative ? -number : number;
    return digit_before;
}

/* The time of a row in whole seconds; false when a record cannot hold it. */
static bool parse_timestamp(const siem_value *value, int64_t *seconds) {
    *seconds = 0;
    switch (value->type) {
    case SIEM_NULL: return true;
    case SIEM_INTEGER: *seconds = value->integer; break;
    case SIEM_REAL:
        if (!(value->real > -1e12 && value->real < 1e12)) return false;
        *seconds = (int64_t)value->real;
        break;
    case SIEM_TEXT:
    case SIEM_JSON:
        if (value->size != 0 && !parse_integer(value->bytes, value->size, seconds)) return false;
        break;
    }
    return siem_timestamp_in_range(*seconds);
}

static void load_timestamp(siem_event *event, const siem_value *value) {
    int64_t seconds;
    if (!parse_timestamp(value, &seconds)) {
        seconds = 0;
        event->repairs |= SIEM_REPAIRED_TIMESTAMP;
    }
    event->fields[SIEM_OCCURRED_UNIX] = (siem_value){.type = SIEM_INTEGER, .integer = seconds};
    if (seconds == 0) return;
    siem_timestamp_write(event->occurred_at, seconds);
    event->fields[SIEM_OCCURRED_AT].size = SIEM_TIMESTAMP_SIZE;
}

static void load_field(siem_event *event, siem_field field, const siem_value *value) {
    switch (field) {
    case SIEM_EVENT_ID:
        event->row_id = value->type == SIEM_INTEGER ? value->integer : 0;
        if (value->type != SIEM_NULL) event->fields[field] = as_text(event, value);
        break;
    case SIEM_EVENT_KIND:
        if (!is_false(value)) event->fields[field] = as_text(event, value);
        break;
    case SIEM_OCCURRED_UNIX: load_timestamp(event, value); break;
    case SIEM_USER_AGENT:
        if (!is_false(value)) event->fields[field] = *value;
        break;
    case SIEM_EXTRA:
        event->extra_source = *value;
        /* A registry stores it as text. */
        if (value->type == SIEM_JSON) event->extra_source.type = SIEM_TEXT;
        break;
    default: event->fields[field] = *value; break;
    }
}

void siem_event_load(siem_event *event, const siem_layout *layout, const siem_value *row,
                     bool has_blob) {
    static const siem_value empty = {.type = SIEM_TEXT, .bytes = ""};
    size_t site = 0;
    siem_value registry_id = event->fields[SIEM_REGISTRY_ID];
    for (size_t i = 0; i < SIEM_FIELD_COUNT; i++) event->fields[i].type = SIEM_NULL;
    event->fields[SIEM_EVENT_ID] = empty;
    event->fields[SIEM_EVENT_KIND] = empty;
    event->fields[SIEM_OCCURRED_UNIX] = (siem_value){.type = SIEM_INTEGER, .integer = 0};
    event->fields[SIEM_OCCURRED_AT] = empty;
    event->fields[SIEM_OCCURRED_AT].bytes = event->occurred_at;
    event->fields[SIEM_REGISTRY_ID] = registry_id;
    event->extra_source.type = SIEM_NULL;
    event->extra_ready = false;
    event->row_id = 0;
    event->repairs = has_blob ? SIEM_REPAIRED_BLOB : 0;
    event->text.size = 0;
    (void)siem_buffer_reserve(&event->text, 64); /* two numbers: it does not move while borrowed */
    for (size_t i = 0; i < layout->count; i++) {
        if (layout->fields[i] == SIEM_SITE_COLUMN) event->site[site++] = row[i];
        else if (layout->fields[i] >= 0) load_field(event, (siem_field)layout->fields[i], &row[i]);
    }
}

/* Writes `extra` after the prefix `{"raw":`, so that any other text is wrapped without
 * being moved. */
static siem_value canonical_extra(siem_event *event) {
    static const char prefix[] = "{\"raw\":", mark[] = "\xef\xbb\xbf";
    const size_t prefix_size = sizeof prefix - 1;
    siem_value source = event->extra_source;
    siem_buffer *out = &event->extra;
    siem_json_result result = SIEM_JSON_MALFORMED;
    if (is_false(&source)) return (siem_value){0};
    out->size = 0;
    siem_buffer_add(out, prefix, prefix_size);
    if (source.type == SIEM_TEXT) {
        bool marked =
            (event->repairs & SIEM_REPAIRED_BLOB) != 0 && source.size >= 3 &&
            memcmp(source.bytes, mark, 3) == 0; /* a blob may begin with one, a text not */
        size_t skipped = marked ? 3 : 0;
        result = siem_json_read(&event->reader, source.bytes + skipped, source.size - skipped, out);
        if (result != SIEM_JSON_MALFORMED && result != SIEM_JSON_READ) {
            event->repairs |= SIEM_REPAIRED_EXTRA;
        }
        if (result == SIEM_JSON_READ && event->reader.replaced != 0) {
            event->repairs |= SIEM_REPAIRED_UTF8;
        }
    }
    if (result != SIEM_JSON_READ) siem_json_write_value(out, &source, &event->repairs);
    if (out->failed) return (siem_value){0};
    siem_value extra = {.type = SIEM_JSON, .bytes = out->bytes, .size = out->size + 1};
    if (result == SIEM_JSON_READ && out->bytes[prefix_size] == '{') {
        extra.bytes += prefix_size;
        extra.size = out->size - prefix_size;
        if (extra.size == 2) extra = (siem_value){0};
        return extra;
    }
    siem_buffer_add_char(out, '}');
    extra.bytes = out->bytes;
    return extra;
}

const siem_value *siem_event_extra(siem_event *event) {
    if (!event->extra_ready) {
        event->fields[SIEM_EXTRA] = canonical_extra(event);
        event->extra_ready = true;
    }
    return &event->fields[SIEM_EXTRA];
}

siem_value siem_value_decode(siem_value json, siem_buffer *decoded) {
    siem_value value = json;
    if (json.bytes[0] == '"') {
        decoded->size = 0;
        siem_json_decode_text(json.bytes, json.size, decoded);
        value = (siem_value){.type = SIEM_TEXT, .bytes = decoded->bytes, .size = decoded->size};
    } else if (json.bytes[0] == 'n') {
        value = (siem_value){0};
    } else if (json.bytes[0] == '-' || (json.bytes[0] >= '0' && json.bytes[0] <= '9')) {
        char digits[24];
        char *end;
        bool negative_zero = json.size == 2 && json.bytes[0] == '-' && json.bytes[1] == '0';
        if (json.size >= sizeof digits || negative_zero) return value;
        memcpy(digits, json.bytes, json.size);
        digits[json.size] = '\0';
        errno = 0;
        int64_t integer = strtoll(digits, &end, 10);
        if (errno == 0 && *end == '\0') {
            value = (siem_value){.type = SIEM_INTEGER, .integer = integer};
        }
    }
    return value;
}

siem_value siem_value_at_path(siem_value value, const siem_path *path) {
    for (size_t i = 0; i < path->count; i++) {
        const char *key = path->keys[i];
        if (value.type != SIEM_JSON ||
            !siem_json_find(value.bytes, value.size, key, strlen(key), &value.bytes, &value.size)) {
            return (siem_value){0};
        }
    }
    return value;
}

siem_value siem_event_in_extra(siem_event *event, const siem_path *path) {
    return siem_value_at_path(*siem_event_extra(event), path);
}

/* ---- life ---- */

void siem_event_set_registry_id(siem_event *event, const char *registry_id) {
    event->fields[SIEM_REGISTRY_ID] =
        (siem_value){.type = SIEM_TEXT, .bytes = registry_id, .size = strlen(registry_id)};
}

siem_code siem_event_prepare(siem_event *event, const siem_layout *layout, siem_error *err) {
    event->site = calloc(layout->site_count + 1, sizeof *event->site);
    if (event->site == NULL) return siem_error_no_memory(err);
    event->site_names = (const char *const *)layout->site_names;
    event->site_count = layout->site_count;
    return SIEM_OK;
}

void siem_event_release(siem_event *event) {
    free(event->site);
    siem_buffer_free(&event->text);
    siem_buffer_free(&event->extra);
    siem_json_reader_free(&event->reader);
}

/* Takes a column of a caller's over. JSON becomes canonical text in `json`, which does not move. */
static siem_code take_column(const siem_column *column, size_t index, const char **name,
                             siem_value *value, siem_buffer *json, siem_error *err) {
    siem_json_reader reader = {0};
    siem_code rc = siem_misuse_value(&column->value, err);
    *name = column->name;
    *value = column->value;
    if (column->name == NULL) {
        return siem_error_set(err, SIEM_INVALID, "siem_event_open: column %zu has no name", index);
    }
    if (rc == SIEM_OK && value->type == SIEM_JSON) {
        size_t start = json->size;
        siem_json_result result = siem_json_read(&reader, value->bytes, value->size, json);
        value->bytes = json->bytes + start;
        value->size = json->size - start;
        if (result != SIEM_JSON_READ) rc = siem_error_set(err, SIEM_INVALID, "it is not JSON");
    }
    siem_json_reader_free(&reader);
    if (rc != SIEM_OK) siem_error_prefix(err, "siem_event_open: column '%s'", *name);
    return rc;
}

/* Bytes that the JSON of a row needs at most: its canonical form escapes each byte in six. */
static size_t json_size(const siem_column *row, size_t columns) {
    size_t size = 64;
    for (size_t i = 0; i < columns; i++) {
        if (row[i].value.type == SIEM_JSON) size += 6 * row[i].value.size;
    }
    return size;
}

siem_code siem_event_open(siem_event **out, const siem_column *row, size_t columns,
                          const char *registry_id, siem_error *err) {
    siem_event event = {0};
    siem_layout *layout = NULL;
    siem_buffer json = {0};
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    siem_code rc = siem_registry_id_check(registry_id, err);
    if (rc == SIEM_OK) rc = siem_misuse_list(__func__, "row", row, columns, err);
    if (rc != SIEM_OK) return rc;
    const char **names = calloc(columns + 1, sizeof *names);
    siem_value *values = calloc(columns + 1, sizeof *values);
    if (names == NULL || values == NULL || !siem_buffer_reserve(&json, json_size(row, columns))) {
        rc = siem_error_no_memory(err);
    }
    for (size_t i = 0; rc == SIEM_OK && i < columns; i++) {
        rc = take_column(&row[i], i, &names[i], &values[i], &json, err);
    }
    if (rc != SIEM_OK) goto out;
    if ((rc = siem_layout_open(&layout, names, columns, err)) != SIEM_OK) goto out;
    if ((rc = siem_event_prepare(&event, layout, err)) != SIEM_OK) goto out;
    siem_event_set_registry_id(&event, registry_id);
    siem_event_load(&event, layout, values, false);
    rc = siem_event_copy(out, &event, err);
out:
    siem_event_release(&event);
    siem_layout_close(layout);
    siem_buffer_free(&json);
    free(names);
    free(values);
    return rc;
}

/* Moves the bytes of a value to `*to`, and `*to` after them. */
static void copy_bytes(siem_value *value, char **to) {
    if (value->type != SIEM_TEXT && value->type != SIEM_JSON) return;
    if (value->size != 0) memcpy(*to, value->bytes, value->size);
    value->bytes = *to;
    *to += value->size;
}

static size_t text_size(const siem_value *value) {
    return value->type == SIEM_TEXT || value->type == SIEM_JSON ? value->size : 0;
}

/* One block: the event, the values and names of its site columns, ended by NULL, and then all text.
 */
size_t siem_event_weight(siem_event *event) {
    if (event == NULL) return 0;
    size_t size = sizeof *event + event->site_count * (sizeof(siem_value) + sizeof(char *)) +
                  sizeof(char *) + 1;
    (void)siem_event_extra(event);
    for (size_t i = 0; i < SIEM_FIELD_COUNT; i++) size += text_size(&event->fields[i]);
    for (size_t i = 0; i < event->site_count; i++) {
        size += text_size(&event->site[i]) + strlen(event->site_names[i]) + 1;
    }
    return size;
}

siem_code siem_event_copy(siem_event **out, siem_event *event, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (event == NULL) return siem_misuse_null(__func__, "event", err);
    size_t count = event->site_count;
    siem_event *copy = calloc(1, siem_event_weight(event));
    if (copy == NULL || event->extra.failed) {
        free(copy);
        return siem_error_no_memory(err);
    }
    siem_value *site = (siem_value *)(copy + 1);
    char **names = (char **)(site + count);
    char *text = (char *)(names + count + 1);
    memcpy(copy->fields, event->fields, sizeof copy->fields);
    for (size_t i = 0; i < SIEM_FIELD_COUNT; i++) copy_bytes(&copy->fields[i], &text);
    for (size_t i = 0; i < count; i++) {
        size_t name_size = strlen(event->site_names[i]) + 1;
        site[i] = event->site[i];
        copy_bytes(&site[i], &text);
        names[i] = memcpy(text, event->site_names[i], name_size);
        text += name_size;
    }
    copy->site = site;
    copy->site_names = (const char *const *)names;
    copy->site_count = count;
    copy->has_all_columns = event->has_all_columns;
    copy->row_id = event->row_id;
    copy->repairs = event->repairs;
    copy->extra_ready = true;
    *out = copy;
    return SIEM_OK;
}

void siem_event_close(siem_event *event) {
    free(event);
}

/* ---- fingerprint ---- */

/* FNV-1a (Fowler, Noll, Vo), eight bytes a step where there are as many. */
static uint64_t add_to_fingerprint(uint64_t fingerprint, const void *bytes, size_t size) {
    const uint64_t prime = 0x100000001b3;
    const unsigned char *at = bytes;
    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        fingerprint = (fingerprint ^ word) * prime;
        fingerprint ^= fingerprint >> 32;
    }
    for (; size > 0; size--) fingerprint = (fingerprint ^ *at++) * prime;
    return (fingerprint ^ 0xff) * prime; /* keeps "ab" "c" from "a" "bc" */
}

uint64_t siem_event_fingerprint(const siem_event *event) {
    static const siem_field texts[] = {SIEM_EVENT_KIND, SIEM_TOKEN_ID};
    uint64_t fingerprint = 0xcbf29ce484222325;
    int64_t seconds = event->fields[SIEM_OCCURRED_UNIX].integer;
    fingerprint = add_to_fingerprint(fingerprint, &seconds, sizeof seconds);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const siem_value *value = &event->fields[texts[i]];
        if (value->type == SIEM_TEXT) {
            fingerprint = add_to_fingerprint(fingerprint, value->bytes, value->size);
        } else if (value->type != SIEM_NULL) {
            fingerprint = add_to_fingerprint(fingerprint, &value->integer, 8);
        }
    }
    return fingerprint != 0 ? fingerprint : 1;
}

/* ---- reading ---- */

size_t siem_event_size(const siem_event *event) {
    return event != NULL ? SIEM_FIELD_COUNT + event->site_count : 0;
}

const char *siem_event_name(const siem_event *event, size_t index) {
    if (event == NULL) return NULL;
    if (index < SIEM_FIELD_COUNT) return siem_field_name(index);
    index -= SIEM_FIELD_COUNT;
    return index < event->site_count ? event->site_names[index] : NULL;
}

siem_value siem_event_at(siem_event *event, size_t index) {
    if (event == NULL) return (siem_value){0};
    if (index < SIEM_FIELD_COUNT) return *siem_event_field(event, index);
    index -= SIEM_FIELD_COUNT;
    return index < event->site_count ? event->site[index] : (siem_value){0};
}

siem_position siem_event_position(const siem_event *event) {
    return (siem_position){event->row_id, event->fields[SIEM_OCCURRED_UNIX].integer,
                           event->fingerprint};
}

void siem_event_write_member(siem_buffer *out, size_t start, const char *name, siem_value value) {
    unsigned ignored = 0;
    if (value.type == SIEM_NULL) return;
    siem_buffer_add_char(out, out->size == start ? '{' : ',');
    (void)siem_json_write_text(out, name, strlen(name));
    siem_buffer_add_char(out, ':');
    siem_json_write_value(out, &value, &ignored);
}

void siem_event_write_json(siem_event *event, siem_buffer *out) {
    size_t start = out->size;
    for (size_t i = 0; i < siem_event_size(event); i++) {
        siem_event_write_member(out, start, siem_event_name(event, i), siem_event_at(event, i));
    }
    if (out->size == start) siem_buffer_add_char(out, '{');
    siem_buffer_add_char(out, '}');
}

bool siem_event_find(siem_event *event, const char *name, siem_value *value) {
    int field = siem_field_of(name, strlen(name));
    if (field >= 0) {
        *value = *siem_event_field(event, (size_t)field);
        return true;
    }
    if ((field = siem_tlog_field_of(name)) >= 0) {
        *value = event->tlog[field];
        return true;
    }
    for (size_t i = 0; i < event->site_count; i++) {
        if (strcmp(event->site_names[i], name) != 0) continue;
        *value = event->site[i];
        return true;
    }
    *value = (siem_value){0};
    return false;
}

siem_value siem_event_get(siem_event *event, const char *name) {
    siem_value value = {0};
    if (event != NULL && name != NULL) (void)siem_event_find(event, name, &value);
    return value;
}

/* ---- kinds and actions ---- */

static const char *const kinds[] = {"dns", "http_img", "ocsp", "license", NULL};
static const char *const actions[] = {"beacon-dns-callback", "beacon-http-pixel",
                                      "beacon-ocsp-callback", "beacon-license-check"};

const char *const *siem_beacon_kinds(void) {
    return kinds;
}

const char *siem_action_of(const char *kind) {
    for (size_t i = 0; kind != NULL && kinds[i] != NULL; i++) {
        if (strcmp(kinds[i], kind) == 0) return actions[i];
    }
    return NULL;
}
