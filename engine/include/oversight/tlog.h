/* tlog.h: the registry's transparency log. A registry appends each callback to a log, a Merkle tree
 * (RFC 6962) whose head it signs: hashes, proofs and heads are checked here, and the events of a
 * registry against its log. The chapter of siem.h on evidence, which includes this file and whose
 * conventions hold here. Since 0.2.0. */
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

#endif
