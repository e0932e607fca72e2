/* leaf.c: a line is JSON, and holds the text of a leaf as a string. */
#include "evidence/leaf.h"

#include "evidence/member.h"

bool siem_leaf_read(siem_leaf_reader *reader, const char *line, size_t size, siem_leaf *leaf) {
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
