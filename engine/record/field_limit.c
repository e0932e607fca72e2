/* field_limit.c: measures and shortens JSON strings without decoding them. */
#include "record/field_limit.h"

#include "base/json_reader.h"

#include <stdlib.h>

/* One escape or plain byte of a string: how long it is as JSON, and as UTF-8. Records are ASCII. */
typedef struct unit {
    size_t json, utf8;
} unit;

static unsigned hex_of(const char *digits) {
    char text[5] = {digits[0], digits[1], digits[2], digits[3], '\0'};
    return (unsigned)strtoul(text, NULL, 16);
}

static unit unit_at(const char *at) {
    if (*at != '\\') return (unit){1, 1};
    if (at[1] != 'u') return (unit){2, 1};
    unsigned code = hex_of(at + 2);
    bool pair = code >= 0xd800 && code < 0xdc00 && at[6] == '\\' && at[7] == 'u';
    if (pair) return (unit){12, 4};
    return (unit){6, code < 0x80 ? 1 : code < 0x800 ? 2 : 3};
}

/* Where to cut a string's content of at most `most` bytes; `end` when it fits as it is. */
static const char *cut_at(const char *content, const char *end, size_t most) {
    size_t room = most - strlen(SIEM_CUT_MARKER), size = 0;
    const char *cut = content;
    for (const char *at = content; at < end;) {
        unit u = unit_at(at);
        size += u.utf8;
        at += u.json;
        if (size <= room) cut = at;
        if (size > most) return cut;
    }
    return end;
}

/* Puts the marker in place of the bytes between `cut` and `end`. */
static void replace(siem_buffer *out, size_t cut, size_t end) {
    size_t marker = strlen(SIEM_CUT_MARKER);
    memcpy(out->bytes + cut, SIEM_CUT_MARKER, marker);
    memmove(out->bytes + cut + marker, out->bytes + end, out->size - end);
    out->size -= end - cut - marker;
}

size_t siem_field_limit_cut(siem_buffer *out, size_t start, size_t most) {
    size_t count = 0, at = start + 1;
    while (out->bytes[at] == '"' || out->bytes[at] == ',') {
        if (out->bytes[at] == ',') at++;
        const char *end = out->bytes + out->size;
        const char *value = siem_json_skip(out->bytes + at, end) + 1;
        const char *value_end = siem_json_skip(value, end);
        if (*value == '"') {
            const char *cut = cut_at(value + 1, value_end - 1, most);
            if (cut != value_end - 1) {
                replace(out, (size_t)(cut - out->bytes), (size_t)(value_end - 1 - out->bytes));
                value_end = cut + strlen(SIEM_CUT_MARKER) + 1;
                count++;
            }
        }
        at = (size_t)(value_end - out->bytes);
    }
    return count;
}
