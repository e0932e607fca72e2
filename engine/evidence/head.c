/* head.c: what a registry signs of its log. */
#include "base/error.h"
#include "base/json_reader.h"
#include "base/misuse.h"
#include "evidence/hash.h"
#include "evidence/member.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define KEY_SIZE 32

static siem_code not_a_head(siem_error *err, const char *why) {
    return siem_error_set(err, SIEM_INVALID, "this is not the head of a log: %s", why);
}

/* Takes the members of canonical JSON. */
static siem_code take_members(siem_tlog_head *head, const char *json, size_t size,
                              siem_error *err) {
    siem_text root, signature;
    if (!siem_member_integer(json, size, "size", &head->size) &&
        !siem_member_integer(json, size, "tree_size", &head->size)) {
        return not_a_head(err, "it has no whole number 'size'");
    }
    if (head->size < 0) return not_a_head(err, "its size is negative");
    if (!siem_member_text(json, size, "root", &root) ||
        !siem_hex_read(head->root.bytes, sizeof head->root.bytes, root.bytes, root.size)) {
        return not_a_head(err, "its 'root' is not a hash of 64 hex digits");
    }
    if (siem_member_is_null(json, size, "signature")) return SIEM_OK;
    head->is_signed =
        siem_member_text(json, size, "signature", &signature) &&
        siem_hex_read(head->signature, sizeof head->signature, signature.bytes, signature.size);
    return head->is_signed ? SIEM_OK : not_a_head(err, "its 'signature' is not 128 hex digits");
}

siem_code siem_tlog_read_head(siem_tlog_head *head, const char *json, size_t size,
                              siem_error *err) {
    siem_json_reader reader = {0};
    siem_buffer text = {0};
    if (head == NULL) return siem_misuse_null(__func__, "head", err);
    *head = (siem_tlog_head){0};
    siem_code rc = siem_misuse_list(__func__, "json", json, size, err);
    if (rc != SIEM_OK) return rc;
    bool is_json = siem_json_read(&reader, json, size, &text) == SIEM_JSON_READ;
    if (text.failed) rc = siem_error_no_memory(err);
    else if (!is_json || text.bytes[0] != '{') rc = not_a_head(err, "it is not a JSON object");
    else rc = take_members(head, text.bytes, text.size, err);
    if (rc != SIEM_OK) *head = (siem_tlog_head){0};
    siem_buffer_free(&text);
    siem_json_reader_free(&reader);
    return rc;
}

/* Whether a key signed a text. */
static bool is_signature(const unsigned char key[KEY_SIZE], const unsigned char signature[64],
                         const char *text, size_t size) {
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_right =
        public != NULL && context != NULL &&
        EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1 &&
        EVP_DigestVerify(context, signature, 64, (const unsigned char *)text, size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return is_right;
}

siem_code siem_tlog_check_head(const siem_tlog_head *head, const char *registry_id,
                               siem_error *err) {
    unsigned char key[KEY_SIZE];
    char root[SIEM_HASH_HEX], text[128];
    if (head == NULL) return siem_misuse_null(__func__, "head", err);
    if (registry_id == NULL) return siem_misuse_null(__func__, "registry_id", err);
    if (!siem_hex_read(key, sizeof key, registry_id, strlen(registry_id))) {
        return siem_error_of_option(
            err, SIEM_INVALID, "registry_id",
            "registry_id is not a public key: give the 64 hex digits of ed25519_pub");
    }
    if (!head->is_signed) {
        return siem_error_set(err, SIEM_UNPROVED, "the head has no signature");
    }
    siem_hash_write(root, &head->root);
    int size =
        snprintf(text, sizeof text, "{\"root\":\"%s\",\"size\":%" PRId64 "}", root, head->size);
    if (is_signature(key, head->signature, text, (size_t)size)) return SIEM_OK;
    return siem_error_set(err, SIEM_UNPROVED,
                          "the head is not signed by the key that registry_id names");
}
