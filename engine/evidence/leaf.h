/* leaf.h: a line of the log: the index of a leaf, its hash, and the text that was hashed. */
#ifndef SIEM_LEAF_H
#define SIEM_LEAF_H

#include "base/json_reader.h"
#include "evidence/hash.h"

typedef struct siem_leaf {
    int64_t index;
    siem_hash hash;   /* as the line says */
    const char *text; /* borrowed until the next line is read */
    size_t size;
} siem_leaf;

/* What the text of a leaf is. */
typedef enum siem_leaf_kind {
    SIEM_LEAF_OTHER = 0, /* of a registration, for example */
    SIEM_LEAF_BEACON,    /* of a callback, which has a row */
    SIEM_LEAF_NOT_JSON   /* not a JSON object */
} siem_leaf_kind;

/* Memory that is kept between lines. All zero is a new one. */
typedef struct siem_leaf_reader {
    siem_json_reader json;
    siem_buffer line, text, canonical;
} siem_leaf_reader;

/* Reads a line. False when it is malformed, or without memory: then `line.failed`. */
bool siem_leaf_read(siem_leaf_reader *reader, const char *line, size_t size, siem_leaf *leaf);

/* Whether its text begins as all that registries write of callbacks: members are sorted. */
bool siem_leaf_begins_as_beacon(const siem_leaf *leaf);

/* What a leaf's text is. Leaves its canonical form in `canonical`, unless it is not JSON. */
siem_leaf_kind siem_leaf_kind_of(siem_leaf_reader *reader, const char *text, size_t size);

bool siem_leaf_reader_failed(const siem_leaf_reader *reader);

void siem_leaf_reader_free(siem_leaf_reader *reader);

#endif
