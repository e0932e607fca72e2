/* test_key.c: signatures by keys of an operator, and files that are not such keys. */
#include "testing.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define TEXT "{\"records\":3}"
#define SIZE (sizeof TEXT - 1)

/* The most that a file of a key may have. */
#define MOST_BYTES 65536

typedef enum form { PRIVATE, PUBLIC, ENCRYPTED, ENCRYPTED_BY_NOTHING } form;

static FILE *create(const char *name) {
    FILE *file = fopen(test_path(name), "wb");
    assert_non_null(file);
    return file;
}

static void write_pem(FILE *file, EVP_PKEY *key, form form) {
    char *passphrase = form == ENCRYPTED ? "x" : "";
    const EVP_CIPHER *cipher = form >= ENCRYPTED ? EVP_aes_128_cbc() : NULL;
    int written = form == PUBLIC ? PEM_write_PUBKEY(file, key)
                                 : PEM_write_PKCS8PrivateKey(file, key, cipher, passphrase,
                                                             (int)strlen(passphrase), NULL, NULL);
    assert_int_equal(written, 1);
}

static void write_key(const char *name, EVP_PKEY *key, form form) {
    FILE *file = create(name);
    write_pem(file, key, form);
    assert_int_equal(fclose(file), 0);
}

/* A key made of 32 equal bytes. */
static EVP_PKEY *make_key(int type, unsigned char seed) {
    unsigned char secret[32];
    memset(secret, seed, sizeof secret);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, secret, sizeof secret);
    assert_non_null(key);
    return key;
}

static int make_files(void **state) {
    EVP_PKEY *key = make_key(EVP_PKEY_ED25519, 1), *other = make_key(EVP_PKEY_ED25519, 2);
    EVP_PKEY *foreign = make_key(EVP_PKEY_X25519, 3);
    (void)state;
    write_key("key.pem", key, PRIVATE);
    write_key("key.pub", key, PUBLIC);
    write_key("other.pem", other, PRIVATE);
    write_key("other.pub", other, PUBLIC);
    write_key("encrypted.pem", key, ENCRYPTED);
    write_key("encrypted by nothing.pem", key, ENCRYPTED_BY_NOTHING);
    write_key("foreign.pem", foreign, PRIVATE);
    write_key("foreign.pub", foreign, PUBLIC);
    for (int more = 0; more < 2; more++) { /* text before a key is allowed in PEM */
        FILE *file = create(more ? "large.pem" : "longest.pem");
        write_pem(file, key, PRIVATE);
        long size = ftell(file);
        rewind(file);
        (void)fprintf(file, "%*s\n", (int)(MOST_BYTES - size - 1 + more), "");
        write_pem(file, key, PRIVATE);
        assert_int_equal(ftell(file), MOST_BYTES + more);
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(fclose(create("empty.pem")), 0);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EVP_PKEY_free(foreign);
    return 0;
}

static siem_code check(const unsigned char signature[64], const char *key, const char *text,
                       siem_error *err) {
    return siem_key_check(signature, test_path(key), text, strlen(text), err);
}

/* A signature holds for its key, private or public, and its text; and it is Ed25519's, which has
 * one signature of a text by a key. */
static void test_signature(void **state) {
    unsigned char signature[64] = {0}, empty[64], again[64];
    siem_error failure = {0};
    (void)state;
    assert_ok(siem_key_sign(signature, test_path("key.pem"), TEXT, SIZE, &err));
    assert_ok(check(signature, "key.pem", TEXT, &err));
    assert_ok(check(signature, "key.pub", TEXT, &err));
    assert_int_equal(check(signature, "other.pem", TEXT, &failure), SIEM_UNPROVED);
    test_has(failure.message, "it is not signed by the key in ");
    test_has(failure.message, "other.pem");
    assert_int_equal(check(signature, "other.pub", TEXT, &failure), SIEM_UNPROVED);
    assert_int_equal(check(signature, "key.pub", TEXT " ", &failure), SIEM_UNPROVED);
    assert_int_equal(check(signature, "key.pub", "", &failure), SIEM_UNPROVED);
    assert_ok(siem_key_sign(empty, test_path("key.pem"), "", 0, &err));
    assert_ok(check(empty, "key.pub", "", &err));
    assert_ok(siem_key_sign(again, test_path("longest.pem"), TEXT, SIZE, &err));
    assert_memory_equal(signature, again, sizeof again);
    for (size_t i = 0; i < sizeof signature; i += 63) {
        signature[i] ^= 1;
        assert_int_equal(check(signature, "key.pub", TEXT, &failure), SIEM_UNPROVED);
        signature[i] ^= 1;
    }
}

/* Each is refused with its path and the command that makes a key. Nobody is asked for a passphrase.
 */
static void test_no_keys(void **state) {
    static const char *const names[] = {"encrypted.pem", "encrypted by nothing.pem",
                                        "foreign.pem",   "foreign.pub",
                                        "large.pem",     "empty.pem"};
    unsigned char signature[64] = {0};
    siem_error failure = {0};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = test_path(names[i]);
        assert_int_equal(siem_key_sign(signature, path, TEXT, SIZE, &failure), SIEM_INVALID);
        test_has(failure.message, path);
        test_has(failure.message, " is not a private key of Ed25519 in PEM without a passphrase");
        test_has(failure.message, "openssl genpkey -algorithm ed25519");
        assert_int_equal(siem_key_check(signature, path, TEXT, SIZE, &failure), SIEM_INVALID);
        test_has(failure.message, " is not a key of Ed25519 in PEM without a passphrase");
    }
    assert_int_equal(siem_key_sign(signature, test_path("key.pub"), TEXT, SIZE, &failure),
                     SIEM_INVALID);
    test_has(failure.message, " is not a private key");
    assert_int_equal(siem_key_sign(signature, test_path("none"), TEXT, SIZE, &failure),
                     SIEM_NOT_FOUND);
    assert_int_equal(siem_key_check(signature, test_path("none"), TEXT, SIZE, &failure),
                     SIEM_NOT_FOUND);
    test_has(failure.message, "none");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signature),
                                       cmocka_unit_test(test_no_keys)};
    return cmocka_run_group_tests(tests, make_files, NULL);
}
