/* http.c: libcurl's multi interface, with the settings that every exchange has. */
#include "http.h"

#include "error.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <zlib.h>

/* Answers are short; a longer one is cut, and cannot fill the memory. A _bulk answer to 10 MB of
 * small events that all fail has some megabytes. */
#define MOST_ANSWER ((size_t)16 << 20)

/* Level 1 takes a third of the time of 6, for a body about a tenth longer. */
#define GZIP_LEVEL  1
#define GZIP_WINDOW (15 + 16) /* zlib: 16 more asks for a gzip header */

struct siem_http {
    CURLM *multi;
    CURLSH *share; /* cookies: a load balancer finds the same node again */
    siem_http_settings settings;
    char *texts[4]; /* copies of the settings' texts */
};

/* libcurl's part of an exchange. */
typedef struct siem_transfer {
    CURL *easy;
    struct curl_slist *headers;
    siem_buffer compressed;
    char problem[CURL_ERROR_SIZE];
    bool active;
} siem_transfer;

/* ---- request ---- */

static void add_format(siem_buffer *out, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0 || !siem_buffer_reserve(out, (size_t)size + 1)) return;
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

/* Headers lie one after another, each behind a mark that says whether it is secret. */
void siem_request_add_header(siem_request *request, bool secret, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    siem_buffer_add_char(&request->headers, secret ? '!' : ' ');
    add_format(&request->headers, format, arguments);
    va_end(arguments);
}

/* Adds a header, of a secret one only its name and the scheme before the credential ("Bearer"). */
static void print_header(const char *header, siem_buffer *out) {
    const char *text = header + 1;
    size_t name = strcspn(text, ":");
    if (*header != '!') {
        siem_buffer_add(out, text, strlen(text));
    } else {
        bool has_scheme = name >= 13 && strncasecmp(text + name - 13, "authorization", 13) == 0;
        const char *value = text + name + strspn(text + name, ": ");
        const char *space = has_scheme ? strchr(value, ' ') : NULL;
        siem_buffer_add(out, text, name);
        siem_buffer_add(out, ": ", 2);
        if (space != NULL) siem_buffer_add(out, value, (size_t)(space + 1 - value));
        siem_buffer_add(out, "****", 4);
    }
    siem_buffer_add_char(out, '\n');
}

void siem_request_print(const siem_request *request, siem_buffer *out) {
    const char *at = request->headers.bytes, *end = at + request->headers.size;
    siem_buffer_add(out, request->method, strlen(request->method));
    siem_buffer_add_char(out, ' ');
    siem_buffer_add(out, request->url.bytes, request->url.size - 1);
    siem_buffer_add_char(out, '\n');
    for (; at < end; at += strlen(at) + 1) print_header(at, out);
    if (request->gzip) siem_buffer_add(out, "Content-Encoding: gzip\n", 23);
    siem_buffer_add_char(out, '\n');
    if (request->body_size > 0) siem_buffer_add(out, request->body, request->body_size);
    if (request->body_size > 0 && request->body[request->body_size - 1] != '\n') {
        siem_buffer_add_char(out, '\n');
    }
}

void siem_request_use_content(siem_request *request) {
    request->body = request->content.bytes;
    request->body_size = request->content.size;
}

void siem_request_clear(siem_request *request) {
    OPENSSL_cleanse(request->headers.bytes, request->headers.size);
    if (request->secret_body) OPENSSL_cleanse(request->content.bytes, request->content.size);
    request->headers.size = request->url.size = request->content.size = 0;
    request->headers.failed = request->url.failed = request->content.failed = false;
    request->method = "POST";
    request->body = NULL;
    request->body_size = 0;
    request->gzip = request->direct = request->secret_body = false;
}

void siem_request_free(siem_request *request) {
    siem_request_clear(request);
    siem_buffer_free(&request->url);
    siem_buffer_free(&request->headers);
    siem_buffer_free(&request->content);
}

/* ---- http ---- */

static siem_code copy_settings(siem_http *http, const siem_http_settings *settings,
                               siem_error *err) {
    const char *texts[] = {settings->ca_file, settings->client_cert, settings->client_key,
                           settings->proxy};
    for (size_t i = 0; i < 4; i++) {
        if (texts[i] == NULL) continue;
        http->texts[i] = strdup(texts[i]);
        if (http->texts[i] == NULL) return siem_error_no_memory(err);
    }
    http->settings = *settings;
    http->settings.ca_file = http->texts[0];
    http->settings.client_cert = http->texts[1];
    http->settings.client_key = http->texts[2];
    http->settings.proxy = http->texts[3];
    return SIEM_OK;
}

siem_code siem_http_open(siem_http **out, const siem_http_settings *settings, siem_error *err) {
    *out = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return siem_error_no_memory(err);
    siem_http *http = calloc(1, sizeof *http);
    siem_code rc = http != NULL ? copy_settings(http, settings, err) : siem_error_no_memory(err);
    if (rc == SIEM_OK) {
        http->multi = curl_multi_init();
        http->share = curl_share_init();
        if (http->multi == NULL || http->share == NULL) rc = siem_error_no_memory(err);
        else (void)curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    }
    if (rc == SIEM_OK) *out = http;
    else if (http != NULL) siem_http_close(http);
    else curl_global_cleanup();
    return rc;
}

void siem_http_close(siem_http *http) {
    if (http == NULL) return;
    if (http->multi != NULL) (void)curl_multi_cleanup(http->multi);
    if (http->share != NULL) (void)curl_share_cleanup(http->share);
    for (size_t i = 0; i < 4; i++) free(http->texts[i]);
    free(http);
    curl_global_cleanup();
}

/* ---- exchange ---- */

static size_t take_answer(char *bytes, size_t one, size_t size, void *context) {
    siem_response *response = context;
    size_t room = MOST_ANSWER - response->body.size, taken = size < room ? size : room;
    (void)one;
    siem_buffer_add(&response->body, bytes, taken);
    return taken == size && !response->body.failed ? size : 0;
}

/* gzip (RFC 1952) of the request's body. */
static siem_code compress_body(siem_exchange *exchange, siem_error *err) {
    const siem_request *request = &exchange->request;
    siem_buffer *out = &exchange->transfer->compressed;
    z_stream stream = {.next_in = (Bytef *)request->body, .avail_in = (uInt)request->body_size};
    if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return siem_error_no_memory(err);
    }
    out->size = 0;
    size_t bound = deflateBound(&stream, (uLong)request->body_size);
    if (siem_buffer_reserve(out, bound)) {
        stream.next_out = (Bytef *)out->bytes;
        stream.avail_out = (uInt)bound;
        (void)deflate(&stream, Z_FINISH); /* deflateBound makes room for all of it */
        out->size = bound - stream.avail_out;
    }
    (void)deflateEnd(&stream);
    return out->failed ? siem_error_no_memory(err) : SIEM_OK;
}

/* The strings hold credentials, so they are wiped before they are freed. */
static void free_headers(siem_transfer *transfer) {
    for (struct curl_slist *at = transfer->headers; at != NULL; at = at->next) {
        OPENSSL_cleanse(at->data, strlen(at->data));
    }
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
}

static bool add_header(siem_transfer *transfer, const char *header) {
    struct curl_slist *longer = curl_slist_append(transfer->headers, header);
    if (longer == NULL) return false;
    transfer->headers = longer;
    return true;
}

static siem_code set_headers(siem_exchange *exchange, siem_error *err) {
    const siem_request *request = &exchange->request;
    siem_transfer *transfer = exchange->transfer;
    const char *at = request->headers.bytes, *end = at + request->headers.size;
    free_headers(transfer);
    bool added = add_header(transfer, "Expect:"); /* no pause before the body */
    for (; added && at < end; at += strlen(at) + 1) {
        if (strpbrk(at, "\r\n") != NULL) {
            return siem_error_set(err, SIEM_INVALID, "a header holds a line break");
        }
        added = add_header(transfer, at + 1);
    }
    if (added && request->gzip) added = add_header(transfer, "Content-Encoding: gzip");
    (void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    return added ? SIEM_OK : siem_error_no_memory(err);
}

static void set_security(const siem_http *http, CURL *easy) {
    const siem_http_settings *s = &http->settings;
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, s->insecure ? 0L : 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, s->insecure ? 0L : 2L);
    if (s->ca_file != NULL) (void)curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file);
    if (s->client_cert != NULL) (void)curl_easy_setopt(easy, CURLOPT_SSLCERT, s->client_cert);
    if (s->client_key != NULL) (void)curl_easy_setopt(easy, CURLOPT_SSLKEY, s->client_key);
    /* A redirect would carry credentials to wherever an answer points. */
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
}

static void set_transport(const siem_http *http, siem_exchange *exchange) {
    CURL *easy = exchange->transfer->easy;
    const siem_http_settings *s = &http->settings;
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L); /* a library sets no handlers */
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_SHARE, http->share);
    (void)curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "oversight-siem/" SIEM_VERSION);
    if (exchange->request.direct) (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    else if (s->proxy != NULL) (void)curl_easy_setopt(easy, CURLOPT_PROXY, s->proxy);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->transfer->problem);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange->response);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
}

static void set_body(siem_exchange *exchange) {
    CURL *easy = exchange->transfer->easy;
    const siem_request *request = &exchange->request;
    const siem_buffer *compressed = &exchange->transfer->compressed;
    if (strcmp(request->method, "GET") == 0) {
        (void)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    if (strcmp(request->method, "HEAD") == 0) { /* else it waits for the body of the answer */
        (void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                           (curl_off_t)(request->gzip ? compressed->size : request->body_size));
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                           request->gzip           ? compressed->bytes
                           : request->body != NULL ? request->body
                                                   : "");
}

static siem_code open_transfer(siem_exchange *exchange, siem_error *err) {
    if (exchange->transfer == NULL) {
        exchange->transfer = calloc(1, sizeof *exchange->transfer);
        if (exchange->transfer == NULL) return siem_error_no_memory(err);
        exchange->transfer->easy = curl_easy_init();
    }
    if (exchange->transfer->easy == NULL) return siem_error_no_memory(err);
    /* libcurl 7.88 does not free the list of cookie files by the reset. */
    (void)curl_easy_setopt(exchange->transfer->easy, CURLOPT_COOKIEFILE, NULL);
    curl_easy_reset(exchange->transfer->easy);
    return SIEM_OK;
}

siem_code siem_http_begin(siem_http *http, siem_exchange *exchange, siem_error *err) {
    siem_request *request = &exchange->request;
    siem_response *response = &exchange->response;
    siem_code rc = open_transfer(exchange, err);
    response->body.size = 0;
    response->status = 0;
    response->retry_after = -1;
    response->fault[0] = '\0';
    response->remedy = NULL;
    if (request->url.failed || request->headers.failed || request->content.failed) {
        return siem_error_no_memory(err);
    }
    if (request->body_size == 0) request->gzip = false;
    if (rc == SIEM_OK && request->gzip) rc = compress_body(exchange, err);
    if (rc == SIEM_OK) rc = set_headers(exchange, err);
    if (rc != SIEM_OK) return rc;
    set_security(http, exchange->transfer->easy);
    set_transport(http, exchange);
    set_body(exchange);
    (void)curl_easy_setopt(exchange->transfer->easy, CURLOPT_URL, request->url.bytes);
    if (curl_multi_add_handle(http->multi, exchange->transfer->easy) != CURLM_OK) {
        return siem_error_no_memory(err);
    }
    exchange->transfer->active = true;
    return SIEM_OK;
}

void siem_http_wait(siem_http *http, int milliseconds) {
    int running = 0, left = 0;
    (void)curl_multi_perform(http->multi, &running);
    if (curl_multi_poll(http->multi, NULL, 0, milliseconds, NULL) == CURLM_OK) {
        (void)curl_multi_perform(http->multi, &left);
    }
}

/* What mends a fault that waiting does not, or NULL. A handshake that breaks is not among them: a
 * server that is about to stop breaks it, too. */
static const char *remedy_of(CURL *easy, CURLcode result) {
    long proxy_status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status == 407) return "the proxy wants credentials: put them into its URL";
    switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return "the server's certificate does not verify: name its authority by ca_file, and in "
               "the URL a host of the certificate";
    case CURLE_SSL_CACERT_BADFILE: return "ca_file holds no certificate in PEM";
    case CURLE_SSL_CERTPROBLEM: return "correct client_cert and client_key, PEM files of one pair";
    case CURLE_SSL_CLIENTCERT: return "the server wants a certificate: give another client_cert";
    case CURLE_URL_MALFORMAT: return "correct the URL";
    default: return NULL;
    }
}

/* Takes down what came, and why it ended. */
static void finish(siem_http *http, siem_exchange *exchange, CURLcode result) {
    siem_transfer *transfer = exchange->transfer;
    siem_response *response = &exchange->response;
    curl_off_t seconds = 0;
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &seconds);
    response->status = (int)status;
    if (seconds > 0) response->retry_after = (double)seconds;
    if (result != CURLE_OK) {
        const char *reason =
            transfer->problem[0] != '\0' ? transfer->problem : curl_easy_strerror(result);
        if (response->body.size == MOST_ANSWER) reason = "the answer is longer than 16 MiB";
        (void)snprintf(response->fault, sizeof response->fault, "%s", reason);
        response->remedy = remedy_of(transfer->easy, result);
    }
    siem_buffer_add_char(&response->body, '\0');
    if (response->body.size > 0) response->body.size--;
    siem_http_cancel(http, exchange);
}

siem_exchange *siem_http_next(siem_http *http) {
    int left;
    CURLMsg *message = curl_multi_info_read(http->multi, &left);
    if (message == NULL) return NULL;
    siem_exchange *exchange = NULL;
    CURLcode result = message->data.result;
    (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
    finish(http, exchange, result);
    return exchange;
}

void siem_http_cancel(siem_http *http, siem_exchange *exchange) {
    siem_transfer *transfer = exchange->transfer;
    if (transfer == NULL || !transfer->active) return;
    (void)curl_multi_remove_handle(http->multi, transfer->easy);
    transfer->active = false;
    free_headers(transfer);
}

void siem_exchange_free(siem_http *http, siem_exchange *exchange) {
    siem_transfer *transfer = exchange->transfer;
    siem_http_cancel(http, exchange);
    if (transfer != NULL) {
        curl_easy_cleanup(transfer->easy);
        siem_buffer_free(&transfer->compressed);
        free(transfer);
    }
    siem_request_free(&exchange->request);
    siem_buffer_free(&exchange->response.body);
    *exchange = (siem_exchange){.owner = NULL};
}
