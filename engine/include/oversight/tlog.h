/* tlog.h: the registry's transparency log. A registry appends each callback to a log, a Merkle tree
 * (RFC 6962), and signs its head. These functions check hashes, proofs and heads, and compare the
 * events of a registry with its log. The chapter of siem.h on evidence, which includes this file
 * and whose conventions hold here. Since 0.2.0. */
#ifndef OVERSIGHT_TLOG_H
#define OVERSIGHT_TLOG_H

#ifndef OVERSIGHT_SIEM_H
#error "include <oversight/siem.h>"
#endif

/* A SHA-256. */
typedef struct siem_hash {
    unsigned char bytes[32];
} siem_hash;

/* The hash of a leaf: of a byte 0 and its text (RFC 6962, section 2.1). */
SIEM_API siem_code siem_tlog_hash(siem_hash *hash, const char *leaf, size_t size, siem_error *err);

/* Checks that the leaf of that hash has that index in the tree of `size` leaves with that root.
 * `proof` has the hashes of the path, deepest sibling first. Errors: SIEM_UNPROVED when it does
 * not, SIEM_INVALID for an index that is negative or not below the size. */
SIEM_API siem_code siem_tlog_check_proof(const siem_hash *leaf, int64_t index, int64_t size,
                                         const siem_hash *proof, size_t count,
                                         const siem_hash *root, siem_error *err);

/* More hashes than a proof has. */
#define SIEM_TLOG_MOST_PROOF 64

/* What a registry signs: how large the log is, and the root of the tree. */
typedef struct siem_tlog_head {
    int64_t size;
    siem_hash root;
    bool is_signed;
    unsigned char signature[64]; /* Ed25519, of {"root":"<hex>","size":N} */
} siem_tlog_head;

/* Reads a head: JSON with `size`, `root` and perhaps `signature`, as /tlog/head gives it. Errors:
 * SIEM_INVALID for any other text. */
SIEM_API siem_code siem_tlog_read_head(siem_tlog_head *head, const char *json, size_t size,
                                       siem_error *err);

/* Checks that a registry signed the head. Its registry_id is its public key: 64 hex digits. Errors:
 * SIEM_UNPROVED when it did not, or when there is no signature; SIEM_INVALID for a registry_id that
 * is not such a key. */
SIEM_API siem_code siem_tlog_check_head(const siem_tlog_head *head, const char *registry_id,
                                        siem_error *err);

/* ---- a log that was read ---- */

/* All leaves of a log: their hashes and where their lines are, some 50 bytes each. */
typedef struct siem_tlog siem_tlog;

typedef struct siem_tlog_options {
    const char *source;        /* required: a file, as leaves.jsonl, or the URL of a registry */
    siem_registry_go_on go_on; /* called while the log is read, false: SIEM_CANCELLED; 0: none */
    void *go_on_context;
} siem_tlog_options;

/* Reads each leaf once. siem_tlog_verify reports what is wrong with leaves. Errors:
 * SIEM_NOT_FOUND, SIEM_HELD for another user's file in a folder to which all may write; SIEM_IO,
 * SIEM_UNAVAILABLE; SIEM_INVALID for a file or an answer that is not a log, SIEM_UNPROVED for a log
 * that lacks more than 65,536 leaves; SIEM_CANCELLED, SIEM_NO_MEMORY. */
SIEM_API siem_code siem_tlog_open(siem_tlog **out, const siem_tlog_options *options,
                                  siem_error *err);

/* Reads a head from a file, or from the registry at a URL. Errors: as siem_tlog_open and
 * siem_tlog_read_head. */
SIEM_API siem_code siem_tlog_open_head(siem_tlog_head *head, const siem_tlog_options *options,
                                       siem_error *err);

/* Reads the leaves that were added since. Errors: as siem_tlog_open. */
SIEM_API siem_code siem_tlog_grow(siem_tlog *log, siem_error *err);

/* How many leaves there are. */
SIEM_API int64_t siem_tlog_size(const siem_tlog *log);

/* The root of the first `size` leaves. Errors: SIEM_INVALID when there are fewer, SIEM_UNPROVED
 * when one of them is missing. */
SIEM_API siem_code siem_tlog_root(siem_tlog *log, int64_t size, siem_hash *root, siem_error *err);

/* The hash of a leaf. Errors: as siem_tlog_root. */
SIEM_API siem_code siem_tlog_leaf(const siem_tlog *log, int64_t index, siem_hash *hash,
                                  siem_error *err);

/* Whether the log has the leaf that an event must have: `leaf` receives its hash, or that of the
 * leaf with its index, or zeros. Errors: SIEM_UNPROVED when the log lacks it, and the message names
 * the fields that differ; SIEM_NO_MEMORY. */
SIEM_API siem_code siem_tlog_find(siem_tlog *log, siem_event *event, siem_hash *leaf,
                                  siem_error *err);

/* The proof that a leaf is one of the first `size`, as siem_tlog_check_proof takes it, and how many
 * hashes it has. Errors: as siem_tlog_root. */
SIEM_API siem_code siem_tlog_prove(siem_tlog *log, int64_t index, int64_t size,
                                   siem_hash proof[SIEM_TLOG_MOST_PROOF], size_t *count,
                                   siem_error *err);

/* Closes the log. */
SIEM_API void siem_tlog_close(siem_tlog *log);

/* ---- events against the log ---- */

/* What can be wrong. A leaf covers kind, token_id, file_id, recipient_id, source_ip and
 * qualified_timestamp of a row, its user_agent, and of DNS qname and qtype in extra instead. It
 * does not cover id, issuer_id, the integer timestamp, the rest of extra and columns of the site.
 */
typedef enum siem_tlog_fault {
    SIEM_TLOG_ROW_ALTERED = 0,  /* a row differs from its leaf; `detail` names the fields */
    SIEM_TLOG_ROW_SWAPPED,      /* it is what leaf `other` says, which has no row of its own */
    SIEM_TLOG_ROW_WITHOUT_LEAF, /* the log has no leaf of its index */
    SIEM_TLOG_ROW_NEVER_LOGGED, /* its index is -1 or null: the registry could not append a leaf */
    SIEM_TLOG_ROW_TWICE,        /* its leaf is that of another row */
    SIEM_TLOG_ROW_MISPLACED,    /* by its leaf, it comes before or after its neighbours */
    SIEM_TLOG_LEAF_WITHOUT_ROW, /* the row was deleted, or the registry crashed before its commit */
    SIEM_TLOG_LEAF_ALTERED,     /* its text is not what was hashed */
    SIEM_TLOG_LEAF_NOT_JSON,    /* its text */
    SIEM_TLOG_LEAF_TWICE,       /* its line has the index of an earlier one */
    SIEM_TLOG_LEAF_MISPLACED,   /* its line is not in the order of indices */
    SIEM_TLOG_LEAF_MISSING,     /* no line has its index, and later lines exist */
    SIEM_TLOG_LINE_MALFORMED,   /* line `line` is not a leaf; `leaf`: which one is missing there */
    SIEM_TLOG_HEAD_SIGNATURE,   /* `detail`: why the signature of a head is not valid */
    SIEM_TLOG_HEAD_ROOT,        /* the leaves do not have the head's root */
    SIEM_TLOG_TRUNCATED,        /* there are `leaf` leaves, and the head has `other` */
    SIEM_TLOG_FORKED,           /* the log does not continue that of the older head */
    SIEM_TLOG_FAULTS
} siem_tlog_fault;

/* The name of a fault as Lua has it ("row_altered"), and one for people. Static; NULL beyond
 * the last. */
SIEM_API const char *siem_tlog_fault_name(siem_tlog_fault fault);
SIEM_API const char *siem_tlog_fault_title(siem_tlog_fault fault);

typedef struct siem_tlog_finding {
    siem_tlog_fault fault;
    int64_t row;        /* the id; 0: it is not about a row */
    int64_t leaf;       /* the index; -1: it is not about a leaf */
    int64_t other;      /* another leaf; -1: none */
    int64_t line;       /* of the file, from 1; 0: not known */
    const char *detail; /* "" for no more details. Borrowed during the call */
} siem_tlog_finding;
typedef void (*siem_tlog_report)(void *context, const siem_tlog_finding *finding);

typedef struct siem_tlog_check {
    siem_registry *registry;          /* required: opened to be followed, before the log */
    const siem_tlog_head *head;       /* NULL: none; the log may have changed with the rows */
    const siem_tlog_head *since_head; /* an older one, whose log this one continues; NULL: none */
    const char *registry_id;          /* the key that signs; NULL: signatures are not checked */
    siem_tlog_report report;          /* called for each finding; NULL: none */
    void *report_context;
} siem_tlog_check;

typedef struct siem_tlog_summary {
    int64_t leaves, callbacks; /* of all leaves, those that have a row */
    int64_t rows, proved;      /* of all rows, those that are what their leaf says */
    int64_t after_head;        /* of these, those whose leaf the head does not have */
    siem_hash root;            /* of all leaves, or of the head's; zero when leaves are missing */
    bool is_signed;            /* the head's signature is valid */
    uint64_t findings[SIEM_TLOG_FAULTS];
} siem_tlog_summary;

/* Compares each row of a registry with its leaf, each leaf with its row, and the log with its
 * heads. The registry is read from its first event on. When a row has a later leaf, newer leaves of
 * the log are read. Errors: those of the registry and of siem_tlog_grow; SIEM_INVALID for a
 * registry that is not followed, and for a registry_id that is not a key. */
SIEM_API siem_code siem_tlog_verify(siem_tlog *log, const siem_tlog_check *check,
                                    siem_tlog_summary *summary, siem_error *err);

#endif
