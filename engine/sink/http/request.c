/* request.c: writes, prints and wipes requests. */
#include "sink/http/request.h"

#include "sink/http/mask.h"
#include "sink/http/response.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

static void add_format(siem_buffer *out, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0 || !siem_buffer_reserve_secret(out, (size_t)size + 1)) return;
    (void)vsnprintf(out->bytes + out->size, (size_t)size + 1, format, arguments);
    out->size += (size_t)size + 1; /* with the NUL */
}

void siem_request_set_url(siem_request *request, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    request->url.size = 0;
    add_format(&request->url, format, arguments);
    va_end(arguments);
}

/* Headers follow one another, each after a mark that it is secret or not. */
void siem_request_add_header(siem_request *request, bool secret, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (siem_buffer_reserve_secret(&request->headers, 1)) {
        request->headers.bytes[request->headers.size++] = secret ? '!' : ' ';
    }
    add_format(&request->headers, format, arguments);
    va_end(arguments);
}

void siem_request_add_headers(siem_request *request, const siem_request *other) {
    if (!siem_buffer_reserve_secret(&request->headers, other->headers.size)) return;
    siem_buffer_add(&request->headers, other->headers.bytes, other->headers.size);
}

void siem_request_add_secret(siem_request *request, const char *secret) {
    size_t size = strlen(secret) + 1;
    if (!siem_buffer_reserve_secret(&request->secrets, size)) return;
    siem_buffer_add(&request->secrets, secret, size);
}

/* The value of a header, and in it the credential after the scheme ("Bearer"), or NULL. */
static const char *find_value(const char *header, const char **credential) {
    size_t name = strcspn(header, ":");
    const char *value = header + name + strspn(header + name, ": \t");
    bool has_scheme = name >= 13 && strncasecmp(header + name - 13, "authorization", 13) == 0;
    const char *space = has_scheme ? strchr(value, ' ') : NULL;
    *credential = space != NULL ? space + 1 : NULL;
    return value;
}

/* Adds a header, of a secret one only its name and the scheme before the credential. */
static void print_header(const char *header, siem_buffer *out) {
    const char *text = header + 1, *credential;
    if (*header != '!') {
        siem_buffer_add(out, text, strlen(text));
    } else {
        const char *value = find_value(text, &credential);
        siem_buffer_add(out, text, strcspn(text, ":"));
        siem_buffer_add(out, ": ", 2);
        if (credential != NULL) siem_buffer_add(out, value, (size_t)(credential - value));
        siem_buffer_add(out, "****", 4);
    }
    siem_buffer_add_char(out, '\n');
}

bool siem_request_mask(const siem_request *request, char *text, size_t size) {
    const char *at = request->headers.bytes, *end = at + request->headers.size, *credential;
    bool escaped = false;
    for (; at < end; at += strlen(at) + 1) {
        if (*at != '!') continue;
        const char *value = find_value(at + 1, &credential);
        escaped |= siem_mask(value, text, size);
        if (credential != NULL) escaped |= siem_mask(credential, text, size);
    }
    at = request->secrets.bytes;
    end = at + request->secrets.size;
    for (; at < end; at += strlen(at) + 1) escaped |= siem_mask(at, text, size);
    return escaped;
}

static bool has_secret(const siem_request *request) {
    const char *at = request->headers.bytes, *end = at + request->headers.size;
    for (; at < end; at += strlen(at) + 1) {
        if (*at == '!') return true;
    }
    return request->secret_body;
}

/* RFC 6761, 6.3, and the loopback addresses. */
static bool is_loopback(const char *host) {
    static const char name[] = "localhost";
    size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    size_t tail = sizeof name - 1;
    if (strncmp(host, "127.", 4) == 0) return strspn(host, "0123456789.") == size;
    if (size == 5 && strncmp(host, "[::1]", 5) == 0) return true;
    return size >= tail && strncasecmp(host + size - tail, name, tail) == 0 &&
           (size == tail || host[size - tail - 1] == '.');
}

bool siem_request_is_exposed(const siem_request *request) {
    static const char scheme[] = "http://";
    size_t size = sizeof scheme - 1;
    return has_secret(request) && strncasecmp(request->url.bytes, scheme, size) == 0 &&
           !is_loopback(request->url.bytes + size);
}

/* Of a URL that was given, names in the query and no values. */
static void print_url(const siem_request *request, siem_buffer *out) {
    const char *at = request->url.bytes, *end = at + request->url.size - 1;
    const char *query = request->given_url ? memchr(at, '?', (size_t)(end - at)) : NULL;
    siem_buffer_add(out, at, (size_t)((query != NULL ? query : end) - at));
    for (at = query; at != NULL && at < end;) {
        size_t size = strcspn(at + 1, "&") + 1, name = strcspn(at, "=");
        siem_buffer_add(out, at, name < size ? name + 1 : 1);
        siem_buffer_add(out, "****", 4);
        at += size;
    }
}

/* What comes before a credential in it is in the first piece. */
static void print_body(const siem_request *request, siem_buffer *out) {
    if (request->secret_body) {
        siem_buffer_add(out, request->pieces[0].bytes, request->secret_from);
        siem_buffer_add(out, "****", 4);
        return;
    }
    for (size_t i = 0; i < request->piece_count; i++) {
        siem_buffer_add(out, request->pieces[i].bytes, request->pieces[i].size);
    }
}

void siem_request_print(const siem_request *request, siem_buffer *out) {
    const char *at = request->headers.bytes, *end = at + request->headers.size;
    siem_buffer_add(out, request->method, strlen(request->method));
    siem_buffer_add_char(out, ' ');
    print_url(request, out);
    siem_buffer_add_char(out, '\n');
    for (; at < end; at += strlen(at) + 1) print_header(at, out);
    if (request->encoding != NULL) {
        siem_buffer_add(out, "Content-Encoding: ", 18);
        siem_buffer_add(out, request->encoding, strlen(request->encoding));
        siem_buffer_add_char(out, '\n');
    }
    siem_buffer_add_char(out, '\n');
    print_body(request, out);
    bool ends_a_line = out->failed || out->bytes[out->size - 1] == '\n';
    if (request->body_size > 0 && !ends_a_line) siem_buffer_add_char(out, '\n');
}

bool siem_request_is_complete(const siem_request *request) {
    return !request->url.failed && !request->headers.failed && !request->secrets.failed &&
           !request->content.failed;
}

void siem_request_use_content(siem_request *request) {
    request->whole = (siem_piece){request->content.bytes, request->content.size};
    request->pieces = &request->whole;
    request->piece_count = 1;
    request->body_size = request->content.size;
    request->encoding = NULL;
}

void siem_request_use_body(siem_request *request, const siem_body *body) {
    request->pieces = body->pieces;
    request->piece_count = body->count;
    request->body_size = body->size;
    request->encoding = body->encoding;
}

void siem_request_clear(siem_request *request) {
    OPENSSL_cleanse(request->headers.bytes, request->headers.size);
    OPENSSL_cleanse(request->secrets.bytes, request->secrets.size);
    if (request->secret_body) OPENSSL_cleanse(request->content.bytes, request->content.size);
    request->headers.size = request->secrets.size = request->url.size = request->content.size = 0;
    request->headers.failed = request->secrets.failed = false;
    request->url.failed = request->content.failed = false;
    request->method = "POST";
    request->pieces = NULL;
    request->piece_count = request->body_size = 0;
    request->answer_bytes = SIEM_ANSWER_BYTES;
    request->encoding = NULL;
    request->direct = request->given_url = request->secret_body = false;
}

void siem_request_free(siem_request *request) {
    siem_request_clear(request);
    siem_buffer_free(&request->url);
    siem_buffer_free(&request->headers);
    siem_buffer_free(&request->secrets);
    siem_buffer_free(&request->content);
}
