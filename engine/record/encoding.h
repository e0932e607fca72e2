/* encoding.h: how a record is written. Code that looks into a record's text calls its encoding.
 *
 * A mapping has an encoding, its batches carry it, and a kind of sink says which it accepts. */
#ifndef SIEM_ENCODING_H
#define SIEM_ENCODING_H

#include "base/buffer.h"

/* Bits of what a kind of sink accepts. */
enum { SIEM_ACCEPTS_JSON = 1 };

/* What became of a text that is to be a record. */
typedef enum siem_encoding_result {
    SIEM_IS_RECORD,
    SIEM_IS_NO_RECORD,
    SIEM_IS_LIST /* of records, which siem_encoding.next takes apart */
} siem_encoding_result;

typedef struct siem_encoding {
    const char *name;
    unsigned bit; /* SIEM_ACCEPTS_ */
    /* Whether rendered text is a record, or several. */
    siem_encoding_result (*judge)(const char *text, size_t size);
    /* Finds the next record of a list, between `*at` and `end`. `*at` moves to it, and `*rest` to
     * what follows. False at the end. */
    bool (*next)(const char **at, const char *end, size_t *size, const char **rest);
    /* Appends a text from outside as a record in the form that records have. False: it is none, and
     * `out` is as before. */
    bool (*read)(siem_buffer *out, const char *text, size_t size);
    /* The value of a name within a record, as it is written there. False: it has none. */
    bool (*find)(const char *record, size_t size, const char *name, const char **value,
                 size_t *value_size);
    /* Cuts texts of the record that fills `out` from `start` on that are longer than `most` bytes
     * of UTF-8, once decoded. Returns how many. */
    size_t (*cut)(siem_buffer *out, size_t start, size_t most);
} siem_encoding;

/* A JSON object in ASCII (RFC 8259). */
extern const siem_encoding siem_encoding_json;

#endif
