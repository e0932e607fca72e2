/* sentinel_sign.c: HMAC-SHA256 signing with OpenSSL. */
#include "base/error.h"
#include "base/misuse.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SIZE 32

static bool has_line_break(const char *text) {
    return strpbrk(text, "\r\n") != NULL;
}

static bool is_base64(const char *text, size_t size) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t digits = strspn(text, alphabet);
    size_t padding = strspn(text + digits, "=");
    return size > 0 && size % 4 == 0 && padding <= 2 && digits + padding == size;
}

/* Decodes a key into memory that the caller cleanses and frees. The text is never repeated. */
static siem_code decode_key(const char *base64, unsigned char **key, size_t *size,
                            siem_error *err) {
    size_t text_size = strlen(base64);
    *key = NULL;
    if (!is_base64(base64, text_size)) {
        return siem_error_set(err, SIEM_INVALID,
                              "the shared key is not base64: copy it again, with its '=' signs");
    }
    size_t padding =
        (size_t)(base64[text_size - 1] == '=') + (size_t)(base64[text_size - 2] == '=');
    *key = OPENSSL_malloc(text_size);
    if (*key == NULL) return siem_error_no_memory(err);
    int decoded = EVP_DecodeBlock(*key, (const unsigned char *)base64, (int)text_size);
    if (decoded < 0) {
        return siem_error_set(err, SIEM_INVALID, "the shared key is not base64");
    }
    *size = (size_t)decoded - padding;
    return SIEM_OK;
}

static siem_code check_request(const siem_sentinel_request *request, siem_error *err) {
    const struct {
        const char *name, *value;
    } texts[] = {
        {"workspace id", request->workspace_id},
        {"date", request->date},
        {"method", request->method},
        {"content type", request->content_type},
        {"resource", request->resource},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool needed = i < 2;
        if (needed && (texts[i].value == NULL || texts[i].value[0] == '\0')) {
            return siem_error_set(err, SIEM_INVALID, "the %s is missing", texts[i].name);
        }
        if (texts[i].value != NULL && has_line_break(texts[i].value)) {
            return siem_error_set(err, SIEM_INVALID, "the %s holds a line break", texts[i].name);
        }
    }
    if (request->shared_key == NULL) {
        return siem_error_set(err, SIEM_INVALID, "the shared key is missing");
    }
    if (request->content_length < 0) {
        return siem_error_set(err, SIEM_INVALID,
                              "the content length %" PRId64 " is negative: give the body's bytes",
                              request->content_length);
    }
    return SIEM_OK;
}

/* The text that is signed; the caller frees it. */
static char *string_to_sign(const siem_sentinel_request *request) {
    char *text = NULL;
    const char *method = request->method != NULL ? request->method : "POST";
    const char *type = request->content_type != NULL ? request->content_type : "application/json";
    const char *resource = request->resource != NULL ? request->resource : "/api/logs";
    int size = asprintf(&text, "%s\n%" PRId64 "\n%s\nx-ms-date:%s\n%s", method,
                        request->content_length, type, request->date, resource);
    return size < 0 ? NULL : text;
}

siem_code siem_sentinel_authorization(char *out, size_t capacity,
                                      const siem_sentinel_request *request, siem_error *err) {
    unsigned char *key = NULL, digest[DIGEST_SIZE], encoded[4 * ((DIGEST_SIZE + 2) / 3) + 1];
    size_t key_size = 0;
    unsigned digest_size = 0;
    char *text = NULL;
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    if (capacity != 0) out[0] = '\0';
    if (request == NULL) return siem_misuse_null(__func__, "request", err);
    siem_code rc = check_request(request, err);
    if (rc == SIEM_OK) rc = decode_key(request->shared_key, &key, &key_size, err);
    if (rc != SIEM_OK) goto out;
    text = string_to_sign(request);
    if (text == NULL || HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)text,
                             strlen(text), digest, &digest_size) == NULL) {
        rc = siem_error_no_memory(err);
        goto out;
    }
    EVP_EncodeBlock(encoded, digest, DIGEST_SIZE);
    int size =
        snprintf(out, capacity, "SharedKey %s:%s", request->workspace_id, (const char *)encoded);
    if (size < 0 || (size_t)size >= capacity) {
        rc = siem_error_set(err, SIEM_INVALID, "the header needs a buffer of %d bytes", size + 1);
    }
out:
    OPENSSL_clear_free(key, strlen(request->shared_key != NULL ? request->shared_key : ""));
    free(text);
    return rc;
}
