/* secret_form.c: how people copy credentials. */
#include "base/secret_form.h"

#include "base/error.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

static const char blanks[] = " \t\r\n";

/* Schemes that are known by name, so that one of another kind is not taken for a token. */
static const char *const schemes[] = {"Splunk", "ApiKey", "Bearer", "Basic", "SharedKey", NULL};

bool siem_secret_is_utf16(const char *bytes, size_t size) {
    return size >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0);
}

static void cut_front(char *text, size_t size) {
    memmove(text, text + size, strlen(text + size) + 1);
}

static void trim(char *text, bool also_front) {
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) cut_front(text, 3);
    for (size_t size = strlen(text); size > 0 && strchr(blanks, text[size - 1]) != NULL;) {
        text[--size] = '\0';
    }
    if (also_front) cut_front(text, strspn(text, blanks));
}

static siem_code refuse(const char *name, const char *problem, siem_error *err) {
    return siem_error_of_option(err, SIEM_HELD, name, "%s: %s", name, problem);
}

/* Cuts "Authorization:" and the form's scheme from the front; refuses another scheme. */
static siem_code cut_scheme(const siem_secret_form *form, const char *name, char *text,
                            siem_error *err) {
    static const char header[] = "Authorization:";
    if (strncasecmp(text, header, sizeof header - 1) == 0) {
        cut_front(text, sizeof header - 1);
        cut_front(text, strspn(text, blanks));
    }
    size_t size = strcspn(text, blanks);
    for (size_t i = 0; schemes[i] != NULL; i++) {
        if (strlen(schemes[i]) != size || strncasecmp(text, schemes[i], size) != 0) continue;
        if (form->scheme != NULL && strcmp(form->scheme, schemes[i]) == 0) {
            cut_front(text, size + strspn(text + size, blanks));
            return *text != '\0' ? SIEM_OK : refuse(name, "it is empty", err);
        }
        return siem_error_of_option(
            err, SIEM_HELD, name,
            "%s: it begins with '%s', which is another kind of credential: give "
            "the value that is meant alone",
            name, schemes[i]);
    }
    return SIEM_OK;
}

/* ${NAME}, $(command) or $NAME. */
static bool is_variable(const char *text) {
    static const char of_names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    if (text[0] != '$' || text[1] == '\0') return false;
    return strchr("{(", text[1]) != NULL || text[1 + strspn(text + 1, of_names)] == '\0';
}

/* A placeholder for a credential, or what is around one. */
static const char *find_wrapping(const siem_secret_form *form, const char *text) {
    size_t size = strlen(text);
    char first = text[0], last = text[size - 1];
    if (first == '{' || first == '[') {
        return form->pair ? "it is JSON: give the value of its \"encoded\" alone"
                          : "it is JSON: give the credential alone";
    }
    if (first == '<' && last == '>') return "it is a placeholder: put the credential in its place";
    if (is_variable(text)) return "it is a variable that nobody replaced";
    if (size > 1 && first == last && strchr("\"'`", first) != NULL) {
        return "it is in quotes: remove them";
    }
    return NULL;
}

static siem_code check_word(const char *name, const char *text, siem_error *err) {
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == ' ' || *at == '\t') return refuse(name, "it holds a space", err);
        if (*at > ' ' && *at <= '~') continue;
        return refuse(name,
                      "it holds a character that is not ASCII or not printable: copy it as plain "
                      "text",
                      err);
    }
    return SIEM_OK;
}

/* Base64 has no ":". */
static siem_code encode_pair(const char *name, char *text, size_t capacity, siem_error *err) {
    const char *colon = strchr(text, ':');
    size_t size = strlen(text);
    if (colon == NULL) return SIEM_OK;
    if (colon == text || colon[1] == '\0' || strchr(colon + 1, ':') != NULL) {
        return refuse(name, "it is neither an encoded key nor id:key", err);
    }
    if (4 * (size / 3 + 1) >= capacity || size >= 1024) return refuse(name, "it is too long", err);
    unsigned char pair[1024];
    memcpy(pair, text, size);
    (void)EVP_EncodeBlock((unsigned char *)text, pair, (int)size);
    OPENSSL_cleanse(pair, sizeof pair);
    return SIEM_OK;
}

static siem_code check_line(const char *name, const char *text, siem_error *err) {
    if (strpbrk(text, "\r\n") == NULL) return SIEM_OK;
    return refuse(name, "it holds a line break", err);
}

static siem_code apply_to_word(const siem_secret_form *form, const char *name, char *text,
                               size_t capacity, siem_error *err) {
    siem_code rc = cut_scheme(form, name, text, err);
    if (rc != SIEM_OK) return rc;
    const char *wrapping = find_wrapping(form, text); /* also after the scheme */
    if (wrapping != NULL) return refuse(name, wrapping, err);
    rc = check_line(name, text, err);
    if (rc == SIEM_OK) rc = check_word(name, text, err);
    return rc == SIEM_OK && form->pair ? encode_pair(name, text, capacity, err) : rc;
}

siem_code siem_secret_form_apply(const siem_secret_form *form, const char *name, char *text,
                                 size_t capacity, siem_error *err) {
    trim(text, form->word);
    if (*text == '\0') return refuse(name, "it is empty", err);
    if (form->word) return apply_to_word(form, name, text, capacity, err);
    return check_line(name, text, err);
}
