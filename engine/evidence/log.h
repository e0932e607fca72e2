/* log.h: a transparency log that was read: the hash of each leaf, where its line is, and what was
 * found on the way. */
#ifndef SIEM_LOG_H
#define SIEM_LOG_H

#include "evidence/expected.h"
#include "evidence/hash_tree.h"
#include "evidence/leaf.h"
#include "evidence/order.h"
#include "evidence/pages.h"

#include <pthread.h>

/* What is known of a leaf; bits. */
enum {
    SIEM_MARK_BEACON = 1,     /* of a callback, which has a row. Whether the text is JSON is checked
                                 when the row is missing */
    SIEM_MARK_NOT_JSON = 2,   /* its text */
    SIEM_MARK_ALTERED = 4,    /* its text is not what was hashed */
    SIEM_MARK_MISSING = 8,    /* no line has this index, and later lines exist */
    SIEM_MARK_TWICE = 16,     /* its line has the index of an earlier one */
    SIEM_MARK_MISPLACED = 32, /* its line is not in the order of indices */
    SIEM_MARK_USED = 64,      /* of a row that was verified */
    SIEM_MARK_CLAIMED = 128   /* a row that differs has its index; or its loss is reported */
};

/* A line that is not a leaf. */
typedef struct siem_bad_line {
    int64_t line; /* from 1 */
    size_t leaf;  /* the index that it may have had */
} siem_bad_line;

/* A leaf with the index of an earlier one. */
typedef struct siem_alias {
    int64_t index;
    size_t place;
} siem_alias;

/* What one thread needs to compare events with a log. All zero is a new one. */
typedef struct siem_witness {
    siem_hasher hasher;
    siem_expected expected;
    siem_leaf_reader reader;
    siem_buffer line;
    char leaf[SIEM_HASH_HEX], root[SIEM_HASH_HEX]; /* of the event, and of the log */
    bool knows_root;
    size_t size; /* of the log, when it had that root */
} siem_witness;

struct siem_tlog {
    int fd;
    siem_pages *pages; /* NULL: a file is read */
    siem_registry_go_on go_on;
    void *go_on_context;

    siem_hash_tree tree; /* in the order of indices */
    int64_t *offsets;    /* of each leaf's line, */
    int *sizes;          /* and its size in bytes */
    unsigned char *marks;
    size_t capacity, missing;
    siem_bad_line *bad_lines;
    size_t bad_count, bad_capacity;
    siem_alias *aliases; /* sorted by index */
    size_t alias_count, alias_capacity;

    siem_leaf_reader reader;
    siem_witness witness;  /* of programs that ask for one event */
    siem_buffer input;     /* what was read of the file */
    int64_t offset, lines; /* of the input's first byte; lines before it */
    bool awaits_end;       /* the last leaf's line had no end yet */
    siem_order order;

    pthread_rwlock_t lock; /* of all above, while several threads ask */
    int vain;              /* attempts to read on that found nothing */
};

/* Reads what has been added to the log since. Errors: SIEM_IO, SIEM_UNAVAILABLE, SIEM_UNPROVED when
 * so many leaves are missing that this is another file, SIEM_CANCELLED, SIEM_NO_MEMORY. */
siem_code siem_log_read(siem_tlog *log, siem_error *err);

/* Leaves the canonical form of a leaf's text in `witness->reader.canonical`. False when it is not
 * there, or not JSON. */
bool siem_log_reread(const siem_tlog *log, size_t place, siem_witness *witness);

/* Reads the log on for an event: its leaf was appended before it was committed. Errors: as
 * siem_log_read. */
siem_code siem_log_read_for(siem_tlog *log, int64_t index, siem_error *err);

void siem_witness_close(siem_witness *witness);

/* The first alias of an index, or where it would be. */
size_t siem_log_find_alias(const siem_tlog *log, int64_t index);

/* The size of a line that has begun at the end and is not a leaf; 0: there is none. */
size_t siem_log_rest(const siem_tlog *log);

#endif
