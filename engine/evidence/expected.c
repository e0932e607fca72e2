/* expected.c: the members of a leaf, and the fields of an event that they come from. */
#include "evidence/expected.h"

#include "base/error.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "source/event.h"

#include <stdio.h>

#define NONE (-1)

static const struct {
    const char *name;
    int field;         /* of the event, or NONE */
    const char *extra; /* NULL, or the member of the event's extra */
    const char *shown;
} members[SIEM_LEAF_MEMBERS] = {
    [SIEM_LEAF_EVENT] = {"event", NONE, NULL, "the leaf is not of a callback"},
    [SIEM_LEAF_FILE_ID] = {"file_id", SIEM_FILE_ID, NULL, "file_id"},
    [SIEM_LEAF_KIND] = {"kind", SIEM_EVENT_KIND, NULL, "kind"},
    [SIEM_LEAF_QNAME] = {"qname", NONE, "qname", "extra.qname"},
    [SIEM_LEAF_QTYPE] = {"qtype", NONE, "qtype", "extra.qtype"},
    [SIEM_LEAF_RECIPIENT_ID] = {"recipient_id", SIEM_RECIPIENT_ID, NULL, "recipient_id"},
    [SIEM_LEAF_SOURCE_IP] = {"source_ip", SIEM_SOURCE_IP, NULL, "source_ip"},
    [SIEM_LEAF_TIMESTAMP] = {"timestamp", SIEM_QUALIFIED_TIMESTAMP, NULL, "qualified_timestamp"},
    [SIEM_LEAF_TOKEN_ID] = {"token_id", SIEM_TOKEN_ID, NULL, "token_id"},
    [SIEM_LEAF_USER_AGENT] = {"user_agent", SIEM_USER_AGENT, NULL, "user_agent"},
};

/* ---- writing ---- */

static bool is_dns(const siem_event *event) {
    const siem_value *kind = &event->fields[SIEM_EVENT_KIND];
    return kind->type == SIEM_TEXT && kind->size == 3 && memcmp(kind->bytes, "dns", 3) == 0;
}

/* A callback over DNS has a question where one over HTTP has a user agent. */
static bool has_member(siem_leaf_member member, bool dns) {
    bool is_question = member == SIEM_LEAF_QNAME || member == SIEM_LEAF_QTYPE;
    return is_question ? dns : member != SIEM_LEAF_USER_AGENT || !dns;
}

static siem_value value_of(siem_event *event, siem_leaf_member member) {
    siem_value value = {.type = SIEM_TEXT, .bytes = "beacon", .size = 6};
    if (member == SIEM_LEAF_EVENT) return value;
    if (members[member].extra == NULL) return event->fields[members[member].field];
    const siem_value *extra = siem_event_extra(event);
    const char *name = members[member].extra;
    value = (siem_value){0};
    if (extra->type == SIEM_JSON &&
        siem_json_find(extra->bytes, extra->size, name, strlen(name), &value.bytes, &value.size)) {
        value.type = SIEM_JSON;
    }
    return value;
}

static void write_key(siem_buffer *out, siem_leaf_member member) {
    siem_buffer_add(out, member == SIEM_LEAF_EVENT ? "{\"" : ",\"", 2);
    siem_buffer_add(out, members[member].name, strlen(members[member].name));
    siem_buffer_add(out, "\":", 2);
}

static void write_ascii(siem_expected *expected, siem_event *event) {
    siem_buffer *out = &expected->texts[SIEM_LEAF_ASCII];
    bool dns = is_dns(event);
    unsigned ignored = 0;
    out->size = 0;
    for (siem_leaf_member m = 0; m < SIEM_LEAF_MEMBERS; m++) {
        expected->values[m].size = 0;
        if (!has_member(m, dns)) continue;
        siem_value value = value_of(event, m);
        write_key(out, m);
        expected->values[m].start = out->size;
        siem_json_write_value(out, &value, &ignored);
        expected->values[m].size = out->size - expected->values[m].start;
    }
    siem_buffer_add_char(out, '}');
}

/* RFC 8785, section 3.2.2.2: only what JSON requires is escaped. */
static void write_utf8_text(siem_buffer *out, const siem_buffer *text) {
    const char *end = text->bytes + text->size;
    siem_buffer_add_char(out, '"');
    for (const char *at = text->bytes; at < end;) {
        uint32_t c;
        size_t length = siem_utf8_decode(at, (size_t)(end - at), &c);
        if (c < 0x20 || c == '"' || c == '\\') siem_json_write_unit(out, c);
        else siem_buffer_add(out, at, length);
        at += length;
    }
    siem_buffer_add_char(out, '"');
}

/* From the ASCII text, which has an escape \u for each character that is written otherwise. */
static void write_utf8(siem_expected *expected) {
    const siem_buffer *ascii = &expected->texts[SIEM_LEAF_ASCII];
    siem_buffer *out = &expected->texts[SIEM_LEAF_UTF8];
    out->size = 0;
    for (siem_leaf_member m = 0; m < SIEM_LEAF_MEMBERS; m++) {
        const char *value = ascii->bytes + expected->values[m].start;
        size_t size = expected->values[m].size;
        if (size == 0) continue;
        write_key(out, m);
        if (*value != '"') {
            siem_buffer_add(out, value, size);
            continue;
        }
        expected->decoded.size = 0;
        siem_json_decode_text(value, size, &expected->decoded);
        write_utf8_text(out, &expected->decoded);
    }
    siem_buffer_add_char(out, '}');
}

siem_code siem_expect(siem_expected *expected, siem_event *event, siem_hasher *hasher,
                      siem_error *err) {
    siem_buffer *ascii = &expected->texts[SIEM_LEAF_ASCII];
    siem_buffer *utf8 = &expected->texts[SIEM_LEAF_UTF8];
    write_ascii(expected, event);
    if (ascii->failed) return siem_error_no_memory(err);
    expected->hashes[SIEM_LEAF_ASCII] = siem_hash_leaf(hasher, ascii->bytes, ascii->size);
    if (memmem(ascii->bytes, ascii->size, "\\u", 2) == NULL) {
        expected->hashes[SIEM_LEAF_UTF8] = expected->hashes[SIEM_LEAF_ASCII];
    } else {
        write_utf8(expected);
        expected->hashes[SIEM_LEAF_UTF8] = siem_hash_leaf(hasher, utf8->bytes, utf8->size);
    }
    return utf8->failed || expected->decoded.failed || hasher->failed ? siem_error_no_memory(err)
                                                                      : SIEM_OK;
}

void siem_expected_free(siem_expected *expected) {
    for (size_t i = 0; i < SIEM_LEAF_ENCODINGS; i++) siem_buffer_free(&expected->texts[i]);
    siem_buffer_free(&expected->decoded);
}

/* ---- comparing ---- */

bool siem_expected_matches(const siem_expected *expected, const siem_hash *hash) {
    return siem_hash_equals(&expected->hashes[SIEM_LEAF_ASCII], hash) ||
           siem_hash_equals(&expected->hashes[SIEM_LEAF_UTF8], hash);
}

static size_t count_members(const char *at, const char *end) {
    size_t count = 0;
    while (at < end && *at != '}' && at[1] != '}') {
        at = siem_json_skip(at + 1, end); /* the key, past { or , */
        at = siem_json_skip(at + 1, end); /* the value, past : */
        count++;
    }
    return count;
}

/* An event has null where its row has an empty user agent. */
static bool is_same(const char *value, size_t size, const char *leaf, size_t leaf_size) {
    bool is_null = size == 4 && memcmp(value, "null", 4) == 0;
    return (size == leaf_size && memcmp(value, leaf, size) == 0) ||
           (is_null && leaf_size == 2 && memcmp(leaf, "\"\"", 2) == 0);
}

unsigned siem_expected_compare(const siem_expected *expected, const siem_buffer *canonical) {
    unsigned differing = 0;
    size_t expects = 0;
    for (siem_leaf_member m = 0; m < SIEM_LEAF_MEMBERS; m++) {
        const char *value = expected->texts[SIEM_LEAF_ASCII].bytes + expected->values[m].start;
        const char *leaf = "null";
        size_t leaf_size = 4;
        if (expected->values[m].size == 0) continue;
        expects += siem_json_find(canonical->bytes, canonical->size, members[m].name,
                                  strlen(members[m].name), &leaf, &leaf_size);
        if (!is_same(value, expected->values[m].size, leaf, leaf_size)) differing |= 1U << m;
    }
    /* A kind that was changed brings other members with it. */
    bool is_of_kind = (differing & (1U << SIEM_LEAF_EVENT | 1U << SIEM_LEAF_KIND)) == 0;
    size_t has = count_members(canonical->bytes, canonical->bytes + canonical->size);
    if (is_of_kind && has != expects) differing |= SIEM_LEAF_HAS_MORE;
    return differing;
}

void siem_expected_describe(char out[SIEM_FIELDS_SIZE], unsigned differing) {
    size_t at = 0;
    out[0] = '\0';
    if (differing & 1U << SIEM_LEAF_EVENT) differing = 1U << SIEM_LEAF_EVENT;
    for (int m = 0; m <= SIEM_LEAF_MEMBERS + 1; m++) {
        if ((differing & 1U << m) == 0) continue;
        const char *shown = m < SIEM_LEAF_MEMBERS    ? members[m].shown
                            : m == SIEM_LEAF_MEMBERS ? "the leaf has other members"
                                                     : "the leaf's text cannot be compared";
        at += (size_t)snprintf(out + at, SIEM_FIELDS_SIZE - at, "%s%s", at != 0 ? ", " : "", shown);
    }
}
