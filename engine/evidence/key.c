/* key.c: Ed25519 keys of an operator, in PEM. */
#include "base/buffer.h"
#include "base/checked_file.h"
#include "base/error.h"
#include "base/misuse.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

/* A key with a passphrase is refused: there is nobody to ask. */
static int no_passphrase(char *text, int size, int is_new, void *context) {
    (void)text, (void)size, (void)is_new, (void)context;
    return -1;
}

static EVP_PKEY *read_pem(const siem_buffer *pem, bool is_public) {
    BIO *bio = BIO_new_mem_buf(pem->bytes, (int)pem->size);
    if (bio == NULL) return NULL;
    EVP_PKEY *key = is_public ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL)
                              : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return key;
    EVP_PKEY_free(key);
    return NULL;
}

#define MOST_PEM 65536

static siem_code read_key(EVP_PKEY **key, const char *path, bool is_public_enough,
                          siem_error *err) {
    siem_buffer pem = {0};
    *key = NULL;
    siem_code rc = siem_checked_file_read(&pem, path, SIEM_FILE_INPUT, err);
    if (rc == SIEM_OK && pem.size <= MOST_PEM) {
        *key = read_pem(&pem, false);
        if (*key == NULL && is_public_enough) *key = read_pem(&pem, true);
    }
    siem_buffer_free_secret(&pem);
    if (rc != SIEM_OK || *key != NULL) return rc;
    return siem_error_set(err, SIEM_INVALID,
                          "%s is not a%s key of Ed25519 in PEM without a passphrase: make one by "
                          "openssl genpkey -algorithm ed25519",
                          path, is_public_enough ? "" : " private");
}

static siem_code check_arguments(const char *function, const unsigned char *signature,
                                 const char *path, const char *text, size_t size, siem_error *err) {
    if (signature == NULL) return siem_misuse_null(function, "signature", err);
    if (path == NULL) return siem_misuse_null(function, "path", err);
    return siem_misuse_list(function, "text", text, size, err);
}

siem_code siem_key_sign(unsigned char signature[64], const char *path, const char *text,
                        size_t size, siem_error *err) {
    EVP_PKEY *key;
    size_t written = 64;
    siem_code rc = check_arguments(__func__, signature, path, text, size, err);
    if (rc == SIEM_OK) rc = read_key(&key, path, false, err);
    if (rc != SIEM_OK) return rc;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_signed =
        context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &written, (const unsigned char *)text, size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return is_signed ? SIEM_OK : siem_error_no_memory(err);
}

siem_code siem_key_check(const unsigned char signature[64], const char *path, const char *text,
                         size_t size, siem_error *err) {
    EVP_PKEY *key;
    siem_code rc = check_arguments(__func__, signature, path, text, size, err);
    if (rc == SIEM_OK) rc = read_key(&key, path, true, err);
    if (rc != SIEM_OK) return rc;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_right =
        context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestVerify(context, signature, 64, (const unsigned char *)text, size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    if (is_right) return SIEM_OK;
    return siem_error_set(err, SIEM_UNPROVED, "it is not signed by the key in %s", path);
}
