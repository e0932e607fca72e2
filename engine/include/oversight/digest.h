/* digest.h: what an export delivered, as one hash, and keys that sign it. The chapter of siem.h on
 * receipts, which includes this file and whose conventions hold here. Since 0.2.0. */
#ifndef OVERSIGHT_DIGEST_H
#define OVERSIGHT_DIGEST_H

#ifndef OVERSIGHT_SIEM_H
#error "include <oversight/siem.h>"
#endif

/* A SHA-256 of records, each with its line end, in the order in which they were delivered. */
typedef struct siem_digest siem_digest;

/* A digest of nothing. Errors: SIEM_NO_MEMORY. */
SIEM_API siem_code siem_digest_open(siem_digest **out, siem_error *err);

/* Adds bytes that are not records of an export, as those of a file to compare with. Errors:
 * SIEM_NO_MEMORY. */
SIEM_API siem_code siem_digest_add(siem_digest *digest, const char *bytes, size_t size,
                                   siem_error *err);

typedef struct siem_digest_sum {
    int64_t first_id, last_id; /* of the events; 0: none has a number */
    uint64_t records, bytes;
    siem_hash hash;
} siem_digest_sum;

/* Returns the sum of what was added since the last call, and empties the digest. Errors:
 * SIEM_NO_MEMORY. */
SIEM_API siem_code siem_digest_take(siem_digest *digest, siem_digest_sum *sum, siem_error *err);

/* Closes the digest, which no export uses any more. */
SIEM_API void siem_digest_close(siem_digest *digest);

/* Signs a text by an Ed25519 key, a file in PEM without a passphrase. Errors: SIEM_NOT_FOUND,
 * SIEM_HELD for another user's file in a folder to which all may write; SIEM_INVALID for a file
 * that is not such a key; SIEM_IO, SIEM_NO_MEMORY. */
SIEM_API siem_code siem_key_sign(unsigned char signature[64], const char *path, const char *text,
                                 size_t size, siem_error *err);

/* Checks a signature by the public key, or the private one, in a file. Errors: SIEM_UNPROVED when
 * it is not that key's; as siem_key_sign. */
SIEM_API siem_code siem_key_check(const unsigned char signature[64], const char *path,
                                  const char *text, size_t size, siem_error *err);

#endif
