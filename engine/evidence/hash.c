/* hash.c: one context of OpenSSL's that is used again: fetching an algorithm costs more than a hash
 * of a leaf. */
#include "evidence/hash.h"

#include "base/error.h"
#include "base/misuse.h"

#include <openssl/evp.h>
#include <string.h>

#define LEAF "\0"
#define NODE "\1"

siem_code siem_hasher_open(siem_hasher *hasher, siem_error *err) {
    *hasher = (siem_hasher){.context = EVP_MD_CTX_new()};
    if (hasher->context != NULL && EVP_DigestInit_ex(hasher->context, EVP_sha256(), NULL) == 1) {
        return SIEM_OK;
    }
    siem_hasher_close(hasher);
    return siem_error_no_memory(err);
}

void siem_hasher_close(siem_hasher *hasher) {
    EVP_MD_CTX_free(hasher->context);
    *hasher = (siem_hasher){0};
}

/* The hash of three pieces, one after the other. */
static siem_hash hash_pieces(siem_hasher *hasher, const char *prefix, size_t prefix_size,
                             const void *first, size_t first_size, const void *second,
                             size_t second_size) {
    siem_hash hash = {{0}};
    EVP_MD_CTX *context = hasher->context;
    if (EVP_DigestInit_ex2(context, NULL, NULL) != 1 ||
        EVP_DigestUpdate(context, prefix, prefix_size) != 1 ||
        EVP_DigestUpdate(context, first, first_size) != 1 ||
        EVP_DigestUpdate(context, second, second_size) != 1 ||
        EVP_DigestFinal_ex(context, hash.bytes, NULL) != 1) {
        hasher->failed = true;
    }
    return hash;
}

siem_hash siem_hash_leaf(siem_hasher *hasher, const char *text, size_t size) {
    return hash_pieces(hasher, LEAF, 1, text, size, "", 0);
}

siem_hash siem_hash_node(siem_hasher *hasher, const siem_hash *left, const siem_hash *right) {
    return hash_pieces(hasher, NODE, 1, left->bytes, sizeof left->bytes, right->bytes,
                       sizeof right->bytes);
}

siem_hash siem_hash_nothing(siem_hasher *hasher) {
    return hash_pieces(hasher, "", 0, "", 0, "", 0);
}

bool siem_hash_equals(const siem_hash *a, const siem_hash *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The value of a hex digit and one more; 0: it is none. A table: to guess costs more than a hash.
 */
static const unsigned char digit_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool siem_hex_read(unsigned char *bytes, size_t size, const char *hex, size_t hex_size) {
    if (hex_size != 2 * size) return false;
    for (size_t i = 0; i < size; i++) {
        unsigned high = digit_values[(unsigned char)hex[2 * i]];
        unsigned low = digit_values[(unsigned char)hex[2 * i + 1]];
        if (high == 0 || low == 0) return false;
        bytes[i] = (unsigned char)((high - 1) << 4 | (low - 1));
    }
    return true;
}

void siem_hex_write(char *hex, const unsigned char *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * size] = '\0';
}

void siem_hash_write(char hex[SIEM_HASH_HEX], const siem_hash *hash) {
    siem_hex_write(hex, hash->bytes, sizeof hash->bytes);
}

siem_code siem_tlog_hash(siem_hash *hash, const char *leaf, size_t size, siem_error *err) {
    siem_hasher hasher;
    if (hash == NULL) return siem_misuse_null(__func__, "hash", err);
    siem_code rc = siem_misuse_list(__func__, "leaf", leaf, size, err);
    if (rc == SIEM_OK) rc = siem_hasher_open(&hasher, err);
    if (rc != SIEM_OK) return rc;
    *hash = siem_hash_leaf(&hasher, leaf, size);
    if (hasher.failed) rc = siem_error_no_memory(err);
    siem_hasher_close(&hasher);
    return rc;
}
