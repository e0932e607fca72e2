/* document_id.c: a digest of what a record is made of. */
#include "sink/document_id.h"

#include "base/error.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define DIGEST_BYTES 21 /* 168 bits do not meet by chance; in base64, a multiple of 4 */

/* Both are OpenSSL's. */
static EVP_MD *md_of(const siem_document_hash *hash) {
    return (EVP_MD *)hash;
}

static EVP_MD_CTX *context_of(siem_document_ids *ids) {
    return (EVP_MD_CTX *)ids;
}

siem_code siem_document_hash_open(siem_document_hash **out, siem_error *err) {
    *out = (siem_document_hash *)EVP_MD_fetch(NULL, "SHA256", NULL);
    return *out != NULL ? SIEM_OK : siem_error_no_memory(err);
}

void siem_document_hash_close(siem_document_hash *hash) {
    EVP_MD_free(md_of(hash));
}

siem_document_ids *siem_document_ids_open(const siem_document_hash *hash) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context != NULL && EVP_DigestInit_ex2(context, md_of(hash), NULL) == 1) {
        return (siem_document_ids *)context;
    }
    EVP_MD_CTX_free(context);
    return NULL;
}

bool siem_document_ids_make(siem_document_ids *ids, const char *registry_id, const char *event_id,
                            unsigned part, siem_document_id *out) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    char suffix[16]; /* of what is not the event's first record: a NUL and its number */
    size_t suffix_size =
        part > 0 ? 1 + (size_t)snprintf(suffix + 1, sizeof suffix - 1, "%u", part) : 0;
    suffix[0] = '\0';
    /* The NUL keeps registry "a1", event "2" apart from registry "a", event "12". */
    EVP_MD_CTX *context = context_of(ids);
    bool made = EVP_DigestInit_ex2(context, NULL, NULL) == 1 &&
                EVP_DigestUpdate(context, registry_id, strlen(registry_id) + 1) == 1 &&
                EVP_DigestUpdate(context, event_id, strlen(event_id)) == 1 &&
                EVP_DigestUpdate(context, suffix, suffix_size) == 1 &&
                EVP_DigestFinal_ex(context, digest, NULL) == 1;
    if (!made) return false;
    (void)EVP_EncodeBlock((unsigned char *)out->text, digest, DIGEST_BYTES);
    for (char *at = out->text; *at != '\0'; at++) { /* base64url: + and / need care in a URL */
        if (*at == '+') *at = '-';
        else if (*at == '/') *at = '_';
    }
    return true;
}

void siem_document_ids_close(siem_document_ids *ids) {
    EVP_MD_CTX_free(context_of(ids));
}
