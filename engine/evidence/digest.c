/* digest.c: one context of OpenSSL's, and the ids that went through it. */
#include "evidence/digest.h"

#include "base/error.h"
#include "base/misuse.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct siem_digest {
    EVP_MD_CTX *context;
    siem_digest_sum sum;
    bool failed;
};

static siem_code begin(siem_digest *digest, siem_error *err) {
    digest->sum = (siem_digest_sum){0};
    digest->failed = EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1;
    return digest->failed ? siem_error_no_memory(err) : SIEM_OK;
}

siem_code siem_digest_open(siem_digest **out, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    siem_digest *digest = calloc(1, sizeof *digest);
    if (digest == NULL) return siem_error_no_memory(err);
    digest->context = EVP_MD_CTX_new();
    siem_code rc = digest->context != NULL ? begin(digest, err) : siem_error_no_memory(err);
    if (rc == SIEM_OK) *out = digest;
    else siem_digest_close(digest);
    return rc;
}

void siem_digest_close(siem_digest *digest) {
    if (digest == NULL) return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

static void add(siem_digest *digest, const char *bytes, size_t size) {
    if (EVP_DigestUpdate(digest->context, bytes, size) != 1) digest->failed = true;
    digest->sum.bytes += size;
}

siem_code siem_digest_add(siem_digest *digest, const char *bytes, size_t size, siem_error *err) {
    if (digest == NULL) return siem_misuse_null(__func__, "digest", err);
    siem_code rc = siem_misuse_list(__func__, "bytes", bytes, size, err);
    if (rc != SIEM_OK) return rc;
    add(digest, bytes, size);
    return digest->failed ? siem_error_no_memory(err) : SIEM_OK;
}

void siem_digest_add_record(siem_digest *digest, const char *event_id, const char *record,
                            size_t size) {
    siem_digest_sum *sum = &digest->sum;
    int64_t id = strtoll(event_id, NULL, 10);
    add(digest, record, size);
    add(digest, "\n", 1);
    sum->records++;
    if (id == 0) return;
    if (sum->first_id == 0 || id < sum->first_id) sum->first_id = id;
    if (sum->last_id == 0 || id > sum->last_id) sum->last_id = id;
}

siem_code siem_digest_take(siem_digest *digest, siem_digest_sum *sum, siem_error *err) {
    if (digest == NULL) return siem_misuse_null(__func__, "digest", err);
    if (sum == NULL) return siem_misuse_null(__func__, "sum", err);
    bool failed =
        digest->failed || EVP_DigestFinal_ex(digest->context, digest->sum.hash.bytes, NULL) != 1;
    *sum = digest->sum;
    siem_code rc = begin(digest, err);
    return failed ? siem_error_no_memory(err) : rc;
}
