/* encoding.c: records in JSON. */
#include "record/encoding.h"

#include "base/json_reader.h"
#include "record/field_limit.h"

static siem_encoding_result judge_json(const char *text, size_t size) {
    if (size > 0 && text[0] == '[') return SIEM_IS_LIST;
    return size > 0 && text[0] == '{' ? SIEM_IS_RECORD : SIEM_IS_NO_RECORD;
}

/* Brackets and commas are between the records. */
static bool next_json(const char **at, const char *end, size_t *size, const char **rest) {
    if (**at == ']' || (*at)[1] == ']') return false; /* the end of a list, or of an empty one */
    (*at)++;
    *rest = siem_json_skip(*at, end);
    *size = (size_t)(*rest - *at);
    return true;
}

static bool read_json(siem_buffer *out, const char *text, size_t size) {
    siem_json_reader reader = {0};
    size_t start = out->size;
    siem_json_result result = siem_json_read(&reader, text, size, out);
    siem_json_reader_free(&reader);
    if (result == SIEM_JSON_READ && out->bytes[start] == '{') return true;
    out->size = start;
    return false;
}

static bool find_json(const char *record, size_t size, const char *name, const char **value,
                      size_t *value_size) {
    return siem_json_find(record, size, name, strlen(name), value, value_size);
}

const siem_encoding siem_encoding_json = {.name = "json",
                                          .bit = SIEM_ACCEPTS_JSON,
                                          .judge = judge_json,
                                          .next = next_json,
                                          .read = read_json,
                                          .find = find_json,
                                          .cut = siem_field_limit_cut};
