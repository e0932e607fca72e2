/* json_reader.h: JSON text in, exactly: no digit of a number is ever lost. */
#ifndef SIEM_JSON_READER_H
#define SIEM_JSON_READER_H

#include "base/buffer.h"

#include <stdint.h>

/* Arrays and objects inside one another, beyond which a text is not read, and how many more a
 * reader may be allowed. */
#define SIEM_JSON_DEPTH  128
#define SIEM_JSON_DEEPER 2

typedef enum siem_json_result {
    SIEM_JSON_READ,         /* one value, and nothing but white space around it */
    SIEM_JSON_MALFORMED,    /* not JSON (RFC 8259) */
    SIEM_JSON_NOT_A_NUMBER, /* JSON except for a NaN or Infinity, which some encoders write */
    SIEM_JSON_TOO_DEEP      /* nested beyond SIEM_JSON_DEPTH */
} siem_json_result;

typedef struct siem_json_member {
    size_t start;      /* of the key's quote, in the output */
    size_t key;        /* size of the key with its quotes */
    size_t end;        /* of the value */
    const char *bytes; /* the key while members are compared */
    bool dropped;
} siem_json_member;

/* Memory that one reader keeps between texts. All zero is a new reader; its memory comes from the
 * allocator of `scratch`. */
typedef struct siem_json_reader {
    siem_json_member *members; /* of every object that is open, outermost first */
    size_t member_count, member_capacity;
    siem_buffer scratch;
    size_t replaced; /* ill-formed UTF-8 sequences in the last text */
    int deeper;      /* how deep a text may be beyond SIEM_JSON_DEPTH, up to SIEM_JSON_DEEPER */
} siem_json_reader;

/* Appends the canonical form of a text: compact, ASCII, escapes as json_writer writes them, numbers
 * as they are written. Of a key that comes twice the first place and the last value remain.
 * On any other result than SIEM_JSON_READ the output is as before. Without memory `out->failed`. */
siem_json_result siem_json_read(siem_json_reader *reader, const char *text, size_t size,
                                siem_buffer *out);

void siem_json_reader_free(siem_json_reader *reader);

/* What follows takes canonical text, as siem_json_read makes it. */

/* A member of an object. */
typedef struct siem_json_pair {
    const char *key, *value;     /* the key with its quotes */
    size_t key_size, value_size; /* in bytes */
} siem_json_pair;

/* The next member of the object that ends at `end`. `*at` is its brace before the first one. False
 * after the last, and for what is not an object. */
bool siem_json_next(const char **at, const char *end, siem_json_pair *pair);

/* The value of a member of an object; false when `object` is not an object or lacks the key. `key`
 * is plain UTF-8 text. The value's bytes are within `object`. */
bool siem_json_find(const char *object, size_t size, const char *key, size_t key_size,
                    const char **value, size_t *value_size);

/* Appends the decoded text of a string (with its quotes) as UTF-8; a lone surrogate is U+FFFD. */
void siem_json_decode_text(const char *string, size_t size, siem_buffer *out);

/* The end of the value that begins at `text`. */
const char *siem_json_skip(const char *text, const char *end);

#endif
