/* hash.h: SHA-256 of leaves and nodes of a Merkle tree (RFC 6962, section 2.1). */
#ifndef SIEM_HASH_H
#define SIEM_HASH_H

#include <oversight/siem.h>

/* One that is zeroed can be closed. After a failure of the library, which means that memory ran
 * out, `failed` stays true and hashes are wrong: check it before you use one. */
typedef struct siem_hasher {
    struct evp_md_ctx_st *context;
    bool failed;
} siem_hasher;

/* Errors: SIEM_NO_MEMORY. */
siem_code siem_hasher_open(siem_hasher *hasher, siem_error *err);

siem_hash siem_hash_leaf(siem_hasher *hasher, const char *text, size_t size);
siem_hash siem_hash_node(siem_hasher *hasher, const siem_hash *left, const siem_hash *right);

/* The root of a tree without leaves: the hash of nothing. */
siem_hash siem_hash_nothing(siem_hasher *hasher);

void siem_hasher_close(siem_hasher *hasher);

bool siem_hash_equals(const siem_hash *a, const siem_hash *b);

/* Reads exactly `size` bytes of hex digits, in either case. */
bool siem_hex_read(unsigned char *bytes, size_t size, const char *hex, size_t hex_size);

/* Writes lower-case digits and a NUL: 2 * size + 1 bytes. */
void siem_hex_write(char *hex, const unsigned char *bytes, size_t size);

#define SIEM_HASH_HEX 65
void siem_hash_write(char hex[SIEM_HASH_HEX], const siem_hash *hash);

#endif
