/* member.c: found by name, checked by kind. */
#include "evidence/member.h"

#include "base/json_reader.h"

#define MOST_DIGITS 18

static bool find(const char *object, size_t size, const char *key, siem_text *value) {
    return siem_json_find(object, size, key, strlen(key), &value->bytes, &value->size);
}

bool siem_member_integer(const char *object, size_t size, const char *key, int64_t *integer) {
    siem_text value;
    if (!find(object, size, key, &value)) return false;
    bool is_negative = value.bytes[0] == '-';
    size_t at = is_negative ? 1 : 0;
    if (value.size == at || value.size - at > MOST_DIGITS) return false;
    *integer = 0;
    for (; at < value.size; at++) {
        if (value.bytes[at] < '0' || value.bytes[at] > '9') return false;
        *integer = *integer * 10 + (value.bytes[at] - '0');
    }
    if (is_negative) *integer = -*integer;
    return true;
}

bool siem_member_text(const char *object, size_t size, const char *key, siem_text *text) {
    if (!find(object, size, key, text) || text->bytes[0] != '"') return false;
    text->bytes++;
    text->size -= 2;
    return true;
}

bool siem_member_is_null(const char *object, size_t size, const char *key) {
    siem_text value;
    return !find(object, size, key, &value) || value.bytes[0] == 'n';
}
