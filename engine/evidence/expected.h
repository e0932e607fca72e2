/* expected.h: the leaf that an event must have, in both encodings that registries write: Python's
 * JSON, which is ASCII, and RFC 8785, which is UTF-8. */
#ifndef SIEM_EXPECTED_H
#define SIEM_EXPECTED_H

#include "base/buffer.h"
#include "evidence/leaf.h"

/* The members of a leaf, in their order. */
typedef enum siem_leaf_member {
    SIEM_LEAF_EVENT,
    SIEM_LEAF_FILE_ID,
    SIEM_LEAF_KIND,
    SIEM_LEAF_QNAME,
    SIEM_LEAF_QTYPE,
    SIEM_LEAF_RECIPIENT_ID,
    SIEM_LEAF_SOURCE_IP,
    SIEM_LEAF_TIMESTAMP,
    SIEM_LEAF_TOKEN_ID,
    SIEM_LEAF_USER_AGENT,
    SIEM_LEAF_MEMBERS
} siem_leaf_member;

typedef enum siem_leaf_encoding {
    SIEM_LEAF_ASCII,
    SIEM_LEAF_UTF8,
    SIEM_LEAF_ENCODINGS
} siem_leaf_encoding;

/* All zero is a new one, which keeps its memory between events. */
typedef struct siem_expected {
    siem_buffer texts[SIEM_LEAF_ENCODINGS];
    siem_hash hashes[SIEM_LEAF_ENCODINGS];
    struct {
        size_t start, size; /* of the value, in the ASCII text; 0: the leaf has no such member */
    } values[SIEM_LEAF_MEMBERS];
    siem_buffer decoded;
} siem_expected;

/* Errors: SIEM_NO_MEMORY. */
siem_code siem_expect(siem_expected *expected, siem_event *event, siem_hasher *hasher,
                      siem_error *err);

/* Whether a leaf of that hash is the event's. */
bool siem_expected_matches(const siem_expected *expected, const siem_hash *hash);

/* The members in which a leaf differs from the event: bits 1 << siem_leaf_member, and
 * SIEM_LEAF_HAS_MORE for members that the event's leaf has not. 0: it says the same, in some other
 * encoding. `canonical` is the leaf's text as json_reader.h has it, an object. */
#define SIEM_LEAF_HAS_MORE (1U << SIEM_LEAF_MEMBERS)
#define SIEM_LEAF_UNKNOWN  (2U << SIEM_LEAF_MEMBERS) /* what the leaf says cannot be read */
unsigned siem_expected_compare(const siem_expected *expected, const siem_buffer *canonical);

/* Writes the names of the fields of an event that those bits mean: "source_ip, user_agent". */
#define SIEM_FIELDS_SIZE 160
void siem_expected_describe(char out[SIEM_FIELDS_SIZE], unsigned members);

void siem_expected_free(siem_expected *expected);

#endif
