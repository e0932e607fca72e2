/* json_reader.c: one pass over a text, without recursion, writing its canonical form. */
#include "base/json_reader.h"

#include "base/json_writer.h"

#include <stdlib.h>

/* Objects up to this many members are searched for double keys pair by pair; larger ones are
 * sorted, so that no text costs the square of its size. */
#define FEW_MEMBERS 24

typedef struct frame {
    bool object;
    size_t first_member; /* in reader->members */
} frame;

typedef struct cursor {
    siem_json_reader *reader;
    const char *at, *end;
    siem_buffer *out;
    frame frames[SIEM_JSON_DEPTH + SIEM_JSON_DEEPER];
    int depth;
} cursor;

static void skip_space(cursor *c) {
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
        c->at++;
    }
}

static int peek(const cursor *c) {
    return c->at < c->end ? (unsigned char)*c->at : -1;
}

static bool accept(cursor *c, char expected) {
    if (c->at == c->end || *c->at != expected) return false;
    c->at++;
    return true;
}

static bool accept_word(cursor *c, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(c->end - c->at) < size || memcmp(c->at, word, size) != 0) return false;
    c->at += size;
    return true;
}

static int hex_digit(char h) {
    if (h >= '0' && h <= '9') return h - '0';
    if (h >= 'a' && h <= 'f') return h - 'a' + 10;
    if (h >= 'A' && h <= 'F') return h - 'A' + 10;
    return -1;
}

/* Reads four hex digits at `at`; -1 when there are not four. */
static int hex_unit(const char *at, const char *end) {
    int unit = 0;
    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool read_escape(cursor *c) {
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    int name = peek(c);
    if (name < 0) return false;
    c->at++;
    if (name == 'u') {
        int unit = hex_unit(c->at, c->end);
        if (unit < 0) return false;
        c->at += 4;
        siem_json_write_unit(c->out, (unsigned)unit);
        return true;
    }
    const char *found = memchr(names, name, sizeof names - 1);
    if (found == NULL) return false;
    siem_json_write_unit(c->out, (unsigned char)meanings[found - names]);
    return true;
}

/* Reads a string whose opening quote is next. */
static bool read_string(cursor *c) {
    c->at++;
    siem_buffer_add_char(c->out, '"');
    for (;;) {
        c->at = siem_json_write_plain(c->out, c->at, c->end);
        int special = peek(c);
        if (special < 0x20) return false; /* the end, or a raw control character */
        if (special == '"') break;
        if (special == '\\') {
            c->at++;
            if (!read_escape(c)) return false;
        } else {
            c->at = siem_json_write_sequence(c->out, c->at, c->end, &c->reader->replaced);
        }
    }
    c->at++;
    siem_buffer_add_char(c->out, '"');
    return true;
}

static bool skip_digits(cursor *c) {
    const char *start = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') c->at++;
    return c->at > start;
}

static siem_json_result read_number(cursor *c) {
    const char *start = c->at;
    (void)accept(c, '-');
    if (accept_word(c, "Infinity")) return SIEM_JSON_NOT_A_NUMBER;
    if (!accept(c, '0') && !skip_digits(c)) return SIEM_JSON_MALFORMED;
    if (accept(c, '.') && !skip_digits(c)) return SIEM_JSON_MALFORMED;
    if (peek(c) == 'e' || peek(c) == 'E') {
        c->at++;
        if (!accept(c, '+')) (void)accept(c, '-');
        if (!skip_digits(c)) return SIEM_JSON_MALFORMED;
    }
    siem_buffer_add(c->out, start, (size_t)(c->at - start));
    return SIEM_JSON_READ;
}

static siem_json_result read_word(cursor *c) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (accept_word(c, words[i])) {
            siem_buffer_add(c->out, words[i], strlen(words[i]));
            return SIEM_JSON_READ;
        }
    }
    if (accept_word(c, "NaN") || accept_word(c, "Infinity")) return SIEM_JSON_NOT_A_NUMBER;
    return SIEM_JSON_MALFORMED;
}

static bool add_member(cursor *c, size_t start) {
    siem_json_reader *r = c->reader;
    if (r->member_count == r->member_capacity) {
        size_t capacity = r->member_capacity == 0 ? 32 : r->member_capacity * 2;
        siem_json_member *members =
            siem_resize(r->scratch.allocator, r->members, r->member_capacity * sizeof *members,
                        capacity * sizeof *members);
        if (members == NULL) {
            c->out->failed = true;
            return false;
        }
        r->members = members;
        r->member_capacity = capacity;
    }
    r->members[r->member_count++] = (siem_json_member){.start = start, .key = c->out->size - start};
    return true;
}

/* Reads `"key" :` of the object that is open. */
static bool read_key(cursor *c) {
    size_t start = c->out->size;
    if (peek(c) != '"' || !read_string(c) || !add_member(c, start)) return false;
    skip_space(c);
    if (!accept(c, ':')) return false;
    siem_buffer_add_char(c->out, ':');
    return true;
}

static int compare_keys(const siem_json_member *a, const siem_json_member *b) {
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->key);
}

static int by_key_then_start(const void *left, const void *right) {
    const siem_json_member *a = left, *b = right;
    int order = compare_keys(a, b);
    if (order != 0) return order;
    return a->start < b->start ? -1 : a->start > b->start;
}

static int by_start(const void *left, const void *right) {
    const siem_json_member *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

static bool has_double_key(const siem_json_member *members, size_t count) {
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (compare_keys(&members[i], &members[j]) == 0) return true;
        }
    }
    return false;
}

/* Writes the members again, in order of first appearance, each with its last value. The members are
 * sorted by key and, within a key, by place. */
static void keep_last_values(cursor *c, siem_json_member *members, size_t count) {
    siem_buffer *scratch = &c->reader->scratch;
    size_t begin = members[0].start, first = 0;
    for (size_t i = 0; i < count; i++) begin = members[i].start < begin ? members[i].start : begin;
    for (size_t i = 1; i < count; i++) {
        if (compare_keys(&members[i], &members[first]) != 0) {
            first = i;
            continue;
        }
        members[first].bytes = c->out->bytes + members[i].start; /* the keys are equal */
        members[first].end = members[first].start + (members[i].end - members[i].start);
        members[i].dropped = true;
    }
    qsort(members, count, sizeof *members, by_start);
    scratch->size = 0;
    for (size_t i = 0; i < count; i++) {
        if (members[i].dropped) continue;
        if (scratch->size != 0) siem_buffer_add_char(scratch, ',');
        siem_buffer_add(scratch, members[i].bytes, members[i].end - members[i].start);
    }
    if (scratch->failed) c->out->failed = true;
    c->out->size = begin;
    siem_buffer_add(c->out, scratch->bytes, scratch->size);
}

static void close_object(cursor *c) {
    siem_json_reader *r = c->reader;
    siem_json_member *members = r->members + c->frames[c->depth - 1].first_member;
    size_t count = r->member_count - c->frames[c->depth - 1].first_member;
    r->member_count -= count;
    if (count < 2 || c->out->failed) return;
    for (size_t i = 0; i < count; i++) {
        members[i].bytes = c->out->bytes + members[i].start;
        members[i].end = i + 1 < count ? members[i + 1].start - 1 : c->out->size;
    }
    if (count <= FEW_MEMBERS && !has_double_key(members, count)) return;
    /* qsort needs as much memory again: this checks whether that is allowed. */
    r->scratch.size = 0;
    if (!siem_buffer_reserve(&r->scratch, count * sizeof *members)) {
        c->out->failed = true;
        return;
    }
    qsort(members, count, sizeof *members, by_key_then_start);
    for (size_t i = 1; i < count; i++) {
        if (compare_keys(&members[i - 1], &members[i]) == 0) {
            keep_last_values(c, members, count);
            return;
        }
    }
}

/* Opens an array or object; *done: it is empty and closed again. */
static siem_json_result open_frame(cursor *c, bool *done) {
    bool object = *c->at == '{';
    if (c->depth == SIEM_JSON_DEPTH + c->reader->deeper) return SIEM_JSON_TOO_DEEP;
    c->frames[c->depth++] = (frame){object, c->reader->member_count};
    siem_buffer_add_char(c->out, *c->at++);
    skip_space(c);
    *done = accept(c, object ? '}' : ']');
    if (*done) {
        c->depth--;
        siem_buffer_add_char(c->out, object ? '}' : ']');
    } else if (object && !read_key(c)) {
        return SIEM_JSON_MALFORMED;
    }
    return SIEM_JSON_READ;
}

/* Reads the start of one value; *done: the value is complete. */
static siem_json_result read_value(cursor *c, bool *done) {
    *done = true;
    skip_space(c);
    switch (peek(c)) {
    case '{':
    case '[': return open_frame(c, done);
    case '"': return read_string(c) ? SIEM_JSON_READ : SIEM_JSON_MALFORMED;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return read_number(c);
    default: return read_word(c);
    }
}

/* After a complete value: closes what ends here. False when neither a comma nor an end comes. */
static bool read_ends(cursor *c) {
    while (c->depth > 0) {
        bool object = c->frames[c->depth - 1].object;
        skip_space(c);
        if (accept(c, ',')) {
            siem_buffer_add_char(c->out, ',');
            skip_space(c);
            return !object || read_key(c);
        }
        if (!accept(c, object ? '}' : ']')) return false;
        if (object) close_object(c);
        siem_buffer_add_char(c->out, object ? '}' : ']');
        c->depth--;
    }
    return true;
}

siem_json_result siem_json_read(siem_json_reader *reader, const char *text, size_t size,
                                siem_buffer *out) {
    cursor c;
    c.reader = reader;
    c.at = text;
    c.end = text + size;
    c.out = out;
    c.depth = 0;
    size_t start = out->size;
    reader->replaced = 0;
    reader->member_count = 0;
    siem_json_result result;
    bool done;
    do {
        result = read_value(&c, &done);
        if (result == SIEM_JSON_READ && done && !read_ends(&c)) result = SIEM_JSON_MALFORMED;
    } while (result == SIEM_JSON_READ && c.depth > 0);
    skip_space(&c);
    if (result == SIEM_JSON_READ && c.at != c.end) result = SIEM_JSON_MALFORMED;
    if (result != SIEM_JSON_READ) out->size = start;
    return result;
}

void siem_json_reader_free(siem_json_reader *reader) {
    (void)siem_resize(reader->scratch.allocator, reader->members,
                      reader->member_capacity * sizeof *reader->members, 0);
    siem_buffer_free(&reader->scratch);
    *reader = (siem_json_reader){.scratch = reader->scratch, .deeper = reader->deeper};
}

static const char *skip_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\') at++;
    }
    return at < end ? at + 1 : end;
}

const char *siem_json_skip(const char *at, const char *end) {
    int depth = 0;
    while (at < end) {
        char c = *at;
        if (c == '"') {
            at = skip_string(at, end);
            if (depth == 0) return at;
            continue;
        }
        if (c == '{' || c == '[') depth++;
        else if (c == '}' || c == ']') depth--;
        if (depth < 0 || (depth == 0 && c == ',')) return at;
        at++;
        if (depth == 0 && (c == '}' || c == ']')) return at;
    }
    return at;
}

/* Compares a canonical string (without quotes) with plain UTF-8 text, by writing the text. */
static bool key_equals(const char *string, size_t size, const char *key, size_t key_size) {
    if (memchr(string, '\\', size) == NULL) {
        return size == key_size && memcmp(string, key, size) == 0;
    }
    siem_buffer written = {0};
    siem_json_write_text(&written, key, key_size);
    bool equal =
        !written.failed && written.size == size + 2 && memcmp(written.bytes + 1, string, size) == 0;
    siem_buffer_free(&written);
    return equal;
}

bool siem_json_next(const char **at, const char *end, siem_json_pair *pair) {
    if (*at >= end || (**at != '{' && **at != ',')) return false;
    const char *key = *at + 1;
    if (key >= end || *key != '"') return false;
    const char *colon = skip_string(key, end);
    if (colon + 1 >= end || *colon != ':') return false;
    *at = siem_json_skip(colon + 1, end);
    *pair = (siem_json_pair){.key = key,
                             .key_size = (size_t)(colon - key),
                             .value = colon + 1,
                             .value_size = (size_t)(*at - colon) - 1};
    return true;
}

bool siem_json_find(const char *object, size_t size, const char *key, size_t key_size,
                    const char **value, size_t *value_size) {
    const char *at = object, *end = object + size;
    siem_json_pair pair;
    while (siem_json_next(&at, end, &pair)) {
        if (!key_equals(pair.key + 1, pair.key_size - 2, key, key_size)) continue;
        *value = pair.value;
        *value_size = pair.value_size;
        return true;
    }
    return false;
}

static void add_utf8(siem_buffer *out, uint32_t c) {
    char utf8[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--, c >>= 6) utf8[i] = (char)(0x80 | (c & 0x3f));
    utf8[0] = (char)(lead[size] | c);
    siem_buffer_add(out, utf8, size);
}

/* Decodes the \uXXXX at `at` (its backslash), and the second half of a pair after it. */
static const char *decode_unit(const char *at, const char *end, siem_buffer *out) {
    int unit = hex_unit(at + 2, end);
    at += 6;
    if (unit >= 0xd800 && unit < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        int low = hex_unit(at + 2, end);
        if (low >= 0xdc00 && low < 0xe000) {
            add_utf8(out, 0x10000U + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
            return at + 6;
        }
    }
    add_utf8(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffdU : (uint32_t)unit);
    return at;
}

void siem_json_decode_text(const char *string, size_t size, siem_buffer *out) {
    static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char *at = string + 1, *end = string + size - 1;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        siem_buffer_add(out, at, (size_t)((escape != NULL ? escape : end) - at));
        if (escape == NULL) return;
        if (escape[1] == 'u') {
            at = decode_unit(escape, end, out);
            continue;
        }
        const char *found = memchr(names, escape[1], sizeof names - 1);
        siem_buffer_add_char(out, *(found != NULL ? meanings + (found - names) : escape + 1));
        at = escape + 2;
    }
}
