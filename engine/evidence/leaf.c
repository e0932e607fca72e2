/* leaf.c: a line is JSON, and holds the text of a leaf as a string. Lines as registries write them
 * are read in one pass, as a log has many. */
#include "evidence/leaf.h"

#include "evidence/member.h"

/* ---- lines as registries write them ---- */

typedef struct cursor {
    const char *at, *end;
} cursor;

/* Skips a text that comes next, and a space that may follow it. */
static bool pass(cursor *c, const char *text, size_t size) {
    if ((size_t)(c->end - c->at) < size || memcmp(c->at, text, size) != 0) return false;
    c->at += size;
    if (c->at < c->end && *c->at == ' ') c->at++;
    return true;
}
#define PASS(c, text) pass(c, text, sizeof(text) - 1)

/* Begins a text, whose spaces are its own. */
static bool pass_quote(cursor *c) {
    bool is_quote = c->at < c->end && *c->at == '"';
    if (is_quote) c->at++;
    return is_quote;
}

static bool pass_index(cursor *c, int64_t *index) {
    const char *start = c->at;
    *index = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && c->at - start < 18) {
        *index = *index * 10 + (*c->at++ - '0');
    }
    return c->at > start && (*start != '0' || c->at == start + 1);
}

static bool pass_hash(cursor *c, siem_hash *hash) {
    const size_t size = 2 * sizeof hash->bytes;
    if ((size_t)(c->end - c->at) < size) return false;
    c->at += size;
    return siem_hex_read(hash->bytes, sizeof hash->bytes, c->at - size, size);
}

/* Decodes a text up to its last quote: of ASCII, with no escapes but those that JSON in JSON needs.
 */
static bool pass_text(cursor *c, siem_buffer *text) {
    if (!siem_buffer_reserve(text, (size_t)(c->end - c->at) + 1)) return false;
    char *to = text->bytes;
    for (; c->at < c->end && *c->at != '"'; c->at++) {
        if (*c->at == '\\' && (++c->at == c->end || (*c->at != '"' && *c->at != '\\')))
            return false;
        if ((unsigned char)*c->at < 0x20 || (unsigned char)*c->at > 0x7f) return false;
        *to++ = *c->at;
    }
    text->size = (size_t)(to - text->bytes);
    return c->at < c->end;
}

/* One pass, without a canonical form. False for a line in another form, which may still be a leaf.
 */
static bool read_usual(siem_leaf_reader *reader, const char *line, size_t size, siem_leaf *leaf) {
    cursor c = {line, line + size};
    bool is_usual = PASS(&c, "{\"index\":") && pass_index(&c, &leaf->index) && PASS(&c, ",") &&
                    PASS(&c, "\"leaf_hash\":") && pass_quote(&c) && pass_hash(&c, &leaf->hash) &&
                    PASS(&c, "\",") && PASS(&c, "\"leaf_data\":") && pass_quote(&c) &&
                    pass_text(&c, &reader->text) && PASS(&c, "\"}");
    leaf->text = reader->text.bytes;
    leaf->size = reader->text.size;
    return is_usual && c.at == c.end;
}

/* ---- any line ---- */

static bool read_any(siem_leaf_reader *reader, const char *line, size_t size, siem_leaf *leaf) {
    siem_buffer *canonical = &reader->line;
    siem_text hash, text;
    canonical->size = 0;
    reader->text.size = 0;
    if (siem_json_read(&reader->json, line, size, canonical) != SIEM_JSON_READ ||
        canonical->failed || canonical->bytes[0] != '{') {
        return false;
    }
    if (!siem_member_integer(canonical->bytes, canonical->size, "index", &leaf->index) ||
        !siem_member_text(canonical->bytes, canonical->size, "leaf_hash", &hash) ||
        !siem_member_text(canonical->bytes, canonical->size, "leaf_data", &text) ||
        !siem_hex_read(leaf->hash.bytes, sizeof leaf->hash.bytes, hash.bytes, hash.size) ||
        leaf->index < 0) {
        return false;
    }
    siem_json_decode_text(text.bytes - 1, text.size + 2, &reader->text);
    leaf->text = reader->text.bytes;
    leaf->size = reader->text.size;
    return !reader->text.failed;
}

bool siem_leaf_read(siem_leaf_reader *reader, const char *line, size_t size, siem_leaf *leaf) {
    return read_usual(reader, line, size, leaf) || read_any(reader, line, size, leaf);
}

/* ---- what it says ---- */

bool siem_leaf_begins_as_beacon(const siem_leaf *leaf) {
    static const char beginning[] = "{\"event\":\"beacon\",";
    return leaf->size >= sizeof beginning - 1 &&
           memcmp(leaf->text, beginning, sizeof beginning - 1) == 0;
}

siem_leaf_kind siem_leaf_kind_of(siem_leaf_reader *reader, const char *text, size_t size) {
    siem_buffer *canonical = &reader->canonical;
    siem_text event;
    canonical->size = 0;
    if (siem_json_read(&reader->json, text, size, canonical) != SIEM_JSON_READ ||
        canonical->bytes[0] != '{') {
        return SIEM_LEAF_NOT_JSON;
    }
    bool is_beacon = siem_member_text(canonical->bytes, canonical->size, "event", &event) &&
                     event.size == 6 && memcmp(event.bytes, "beacon", 6) == 0;
    return is_beacon ? SIEM_LEAF_BEACON : SIEM_LEAF_OTHER;
}

bool siem_leaf_reader_failed(const siem_leaf_reader *reader) {
    return reader->line.failed || reader->text.failed || reader->canonical.failed;
}

void siem_leaf_reader_free(siem_leaf_reader *reader) {
    siem_json_reader_free(&reader->json);
    siem_buffer_free(&reader->line);
    siem_buffer_free(&reader->text);
    siem_buffer_free(&reader->canonical);
}
