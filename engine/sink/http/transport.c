/* transport.c: libcurl's multi interface, with the options that every exchange has. */
#include "sink/http/transport.h"

#include "base/curl.h"
#include "base/error.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

/* A body goes out in pieces of this size; larger ones take fewer turns of the loop. */
#define UPLOAD_BUFFER 262144L

struct siem_transport {
    CURLM *multi;
    siem_transport_options options;
    char *texts[4]; /* copies of the options' texts */
    int active;     /* exchanges in flight, also those whose end was not given to the caller yet */
};

/* libcurl's part of an exchange. */
typedef struct siem_transfer {
    CURL *easy;
    struct curl_slist *headers;
    siem_piece_reader unsent; /* of the body */
    char problem[CURL_ERROR_SIZE];
    bool active;
} siem_transfer;

/* ---- http ---- */

/* A fault that libcurl finds later would not be known to be permanent. */
static siem_code check_proxy(const char *proxy, siem_error *err) {
    if (proxy == NULL || *proxy == '\0')
        return SIEM_OK; /* "" is none, whatever the environment says */
    char *host = NULL, *scheme = NULL;
    CURLU *url = siem_curl.url();
    if (url == NULL) return siem_error_no_memory(err);
    const unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
    CURLUcode code = siem_curl.url_set(url, CURLUPART_URL, proxy, flags);
    if (code == CURLUE_OK) code = siem_curl.url_get(url, CURLUPART_HOST, &host, 0);
    if (code == CURLUE_OK) code = siem_curl.url_get(url, CURLUPART_SCHEME, &scheme, 0);
    bool is_proxy =
        code == CURLUE_OK && (strncmp(scheme, "http", 4) == 0 || strncmp(scheme, "socks", 5) == 0);
    siem_curl.free(host);
    siem_curl.free(scheme);
    siem_curl.url_cleanup(url);
    if (is_proxy) return SIEM_OK;
    if (code == CURLUE_OUT_OF_MEMORY) return siem_error_no_memory(err);
    return siem_error_of_option(
        err, SIEM_INVALID, "proxy",
        "proxy is a URL: http://host:port, or one of https, socks4 or socks5");
}

static siem_code copy_options(siem_transport *http, const siem_transport_options *options,
                              siem_error *err) {
    siem_code rc = check_proxy(options->proxy, err);
    if (rc != SIEM_OK) return rc;
    const char *texts[] = {options->ca_file, options->client_cert, options->client_key,
                           options->proxy};
    for (size_t i = 0; i < 4; i++) {
        if (texts[i] == NULL) continue;
        http->texts[i] = strdup(texts[i]);
        if (http->texts[i] == NULL) return siem_error_no_memory(err);
    }
    http->options = *options;
    http->options.ca_file = http->texts[0];
    http->options.client_cert = http->texts[1];
    http->options.client_key = http->texts[2];
    http->options.proxy = http->texts[3];
    return SIEM_OK;
}

siem_code siem_transport_open(siem_transport **out, const siem_transport_options *options,
                              siem_error *err) {
    *out = NULL;
    siem_code rc = siem_curl_open(err);
    if (rc != SIEM_OK) return rc;
    siem_transport *http = calloc(1, sizeof *http);
    rc = http != NULL ? copy_options(http, options, err) : siem_error_no_memory(err);
    if (rc == SIEM_OK) {
        http->multi = siem_curl.multi_init();
        if (http->multi == NULL) rc = siem_error_no_memory(err);
    }
    if (rc == SIEM_OK) *out = http;
    else if (http != NULL) siem_transport_close(http);
    else siem_curl_close();
    return rc;
}

void siem_transport_close(siem_transport *http) {
    if (http == NULL) return;
    if (http->multi != NULL) (void)siem_curl.multi_cleanup(http->multi);
    for (size_t i = 0; i < 4; i++) {
        if (http->texts[i] != NULL) OPENSSL_cleanse(http->texts[i], strlen(http->texts[i]));
        free(http->texts[i]);
    }
    free(http);
    siem_curl_close();
}

/* ---- exchange ---- */

static size_t take_head(char *bytes, size_t one, size_t size, void *response) {
    (void)bytes;
    (void)one; /* is 1 */
    return siem_response_add_head(response, size) ? size : 0;
}

static size_t take_answer(char *bytes, size_t one, size_t size, void *response) {
    (void)one;
    return siem_response_add(response, bytes, size) ? size : 0;
}

/* The strings hold credentials, so they are wiped before they are freed. */
static void free_headers(siem_transfer *transfer) {
    for (struct curl_slist *at = transfer->headers; at != NULL; at = at->next) {
        OPENSSL_cleanse(at->data, strlen(at->data));
    }
    siem_curl.slist_free_all(transfer->headers);
    transfer->headers = NULL;
}

static bool add_header(siem_transfer *transfer, const char *header) {
    struct curl_slist *longer = siem_curl.slist_append(transfer->headers, header);
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
    if (added && request->encoding != NULL && request->body_size > 0) {
        char header[64];
        (void)snprintf(header, sizeof header, "Content-Encoding: %s", request->encoding);
        added = add_header(transfer, header);
    }
    (void)siem_curl.easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    return added ? SIEM_OK : siem_error_no_memory(err);
}

static void set_security(const siem_transport *http, CURL *easy) {
    const siem_transport_options *s = &http->options;
    (void)siem_curl.easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)siem_curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, s->insecure ? 0L : 1L);
    (void)siem_curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, s->insecure ? 0L : 2L);
    if (s->ca_file != NULL) (void)siem_curl.easy_setopt(easy, CURLOPT_CAINFO, s->ca_file);
    if (s->client_cert != NULL) (void)siem_curl.easy_setopt(easy, CURLOPT_SSLCERT, s->client_cert);
    if (s->client_key != NULL) (void)siem_curl.easy_setopt(easy, CURLOPT_SSLKEY, s->client_key);
    /* A redirect would carry credentials to wherever an answer points. */
    (void)siem_curl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)siem_curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)siem_curl.easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
}

/* No child of the host inherits a connection. */
static int keep_from_children(void *unused, curl_socket_t fd, curlsocktype purpose) {
    (void)unused;
    (void)purpose;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return CURL_SOCKOPT_OK;
}

static void set_transport(const siem_transport *http, siem_exchange *exchange) {
    CURL *easy = exchange->transfer->easy;
    const siem_transport_options *s = &http->options;
    (void)siem_curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L); /* a library sets no handlers */
    (void)siem_curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    (void)siem_curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_timeout_ms);
    if (exchange->lane != NULL) {
        (void)siem_curl.easy_setopt(easy, CURLOPT_SHARE, siem_lane_cookies(exchange->lane));
    }
    (void)siem_curl.easy_setopt(easy, CURLOPT_COOKIEFILE, "");
    (void)siem_curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)siem_curl.easy_setopt(easy, CURLOPT_USERAGENT, "oversight-siem/" SIEM_VERSION);
    if (exchange->request.direct) (void)siem_curl.easy_setopt(easy, CURLOPT_PROXY, "");
    else if (s->proxy != NULL) (void)siem_curl.easy_setopt(easy, CURLOPT_PROXY, s->proxy);
    (void)siem_curl.easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, keep_from_children);
    (void)siem_curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->transfer->problem);
    (void)siem_curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    (void)siem_curl.easy_setopt(easy, CURLOPT_HEADERDATA, &exchange->response);
    (void)siem_curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    (void)siem_curl.easy_setopt(easy, CURLOPT_WRITEDATA, &exchange->response);
    (void)siem_curl.easy_setopt(easy, CURLOPT_PRIVATE, exchange);
}

static size_t give_body(char *to, size_t one, size_t room, void *context) {
    (void)one; /* is 1 */
    return siem_piece_read(context, to, room);
}

/* The body comes from a function that cannot go back to its start: when a connection that was kept
 * ends before the answer, libcurl would send a body that it holds once more by itself, though the
 * server may have taken it. */
static void set_body(siem_exchange *exchange) {
    siem_transfer *transfer = exchange->transfer;
    CURL *easy = transfer->easy;
    const siem_request *request = &exchange->request;
    if (strcmp(request->method, "GET") == 0) {
        (void)siem_curl.easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    if (strcmp(request->method, "HEAD") == 0) { /* else it waits for the body of the answer */
        (void)siem_curl.easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    transfer->unsent =
        (siem_piece_reader){request->pieces, request->pieces + request->piece_count, 0};
    (void)siem_curl.easy_setopt(easy, CURLOPT_POST, 1L);
    (void)siem_curl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    (void)siem_curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    if (request->body_size == 0) {
        (void)siem_curl.easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        return;
    }
    (void)siem_curl.easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
    (void)siem_curl.easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    (void)siem_curl.easy_setopt(easy, CURLOPT_READDATA, &transfer->unsent);
}

static siem_code open_transfer(siem_exchange *exchange, siem_error *err) {
    if (exchange->transfer == NULL) {
        exchange->transfer = calloc(1, sizeof *exchange->transfer);
        if (exchange->transfer == NULL) return siem_error_no_memory(err);
        exchange->transfer->easy = siem_curl.easy_init();
    }
    if (exchange->transfer->easy == NULL) return siem_error_no_memory(err);
    /* libcurl 7.88 does not free the list of cookie files by the reset. */
    (void)siem_curl.easy_setopt(exchange->transfer->easy, CURLOPT_COOKIEFILE, NULL);
    siem_curl.easy_reset(exchange->transfer->easy);
    return SIEM_OK;
}

siem_code siem_transport_begin(siem_transport *http, siem_exchange *exchange, siem_error *err) {
    siem_request *request = &exchange->request;
    siem_code rc = open_transfer(exchange, err);
    siem_response_begin(&exchange->response, request->answer_bytes);
    if (!siem_request_is_complete(request)) return siem_error_no_memory(err);
    if (rc == SIEM_OK) rc = set_headers(exchange, err);
    if (rc != SIEM_OK) return rc;
    set_security(http, exchange->transfer->easy);
    set_transport(http, exchange);
    set_body(exchange);
    (void)siem_curl.easy_setopt(exchange->transfer->easy, CURLOPT_URL, request->url.bytes);
    if (siem_curl.multi_add_handle(http->multi, exchange->transfer->easy) != CURLM_OK) {
        return siem_error_no_memory(err);
    }
    exchange->transfer->active = true;
    http->active++;
    return SIEM_OK;
}

void siem_transport_wait(siem_transport *http, int milliseconds) {
    int running = 0, left = 0;
    (void)siem_curl.multi_perform(http->multi, &running);
    if (running < http->active) return; /* some exchange has ended: there is nothing to wait for */
    if (siem_curl.multi_poll(http->multi, NULL, 0, milliseconds, NULL) == CURLM_OK) {
        (void)siem_curl.multi_perform(http->multi, &left);
    }
}

/* libcurl's name of a fault that quotes the proxy, whose URL may hold a password. */
static bool quotes_proxy(const siem_transfer *transfer) {
    return strncmp(transfer->problem, "Unsupported proxy", 17) == 0;
}

/* The remedy for a permanent fault, or NULL. A broken handshake is not one: a server that is
 * stopping breaks it, too. */
static const char *remedy_of(const siem_transfer *transfer, CURLcode result) {
    long proxy_status = 0;
    (void)siem_curl.easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status == 407) return "the proxy wants credentials: put them into its URL";
    if (quotes_proxy(transfer)) return "correct the URL of the proxy";
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

/* Masks in each word what precedes an "@": in a URL, that is a user and a password. */
static void mask_users(char *text) {
    char *word = text;
    for (char *at = text; *at != '\0'; at++) {
        if (strchr(" '\"", *at) != NULL) word = at + 1;
        if (strncmp(at, "://", 3) == 0) word = at + 3;
        if (*at == '@') memset(word, '*', (size_t)(at - word));
    }
}

static const char *describe(const siem_exchange *exchange, CURLcode result) {
    const siem_transfer *transfer = exchange->transfer;
    if (quotes_proxy(transfer)) return "it is not the URL of one";
    if (result == CURLE_SEND_FAIL_REWIND) return "the connection ended before the answer";
    return transfer->problem[0] != '\0' ? transfer->problem : siem_curl.easy_strerror(result);
}

static void read_server(const siem_transfer *transfer, siem_response *response) {
    struct curl_header *header;
    if (siem_curl.easy_header(transfer->easy, "Server", 0, CURLH_HEADER, -1, &header) ==
        CURLHE_OK) {
        (void)snprintf(response->server, sizeof response->server, "%s", header->value);
    }
}

/* Some servers and gateways send gzip without being asked. */
static const char *encoding_of(const siem_transfer *transfer) {
    struct curl_header *header;
    CURL *easy = transfer->easy;
    if (siem_curl.easy_header(easy, "Content-Encoding", 0, CURLH_HEADER, -1, &header) !=
        CURLHE_OK) {
        return "";
    }
    return header->amount == 1 ? header->value : "several codings";
}

/* Keeps the response, with credentials masked, and why the exchange ended. */
static void finish(siem_transport *http, siem_exchange *exchange, CURLcode result) {
    siem_transfer *transfer = exchange->transfer;
    siem_response *response = &exchange->response;
    curl_off_t seconds = 0;
    long status = 0;
    (void)siem_curl.easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)siem_curl.easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &seconds);
    response->status = (int)status;
    if (seconds > 0) response->retry_after = (double)seconds;
    read_server(transfer, response);
    if (result == CURLE_OK || response->is_cut) {
        siem_response_finish(response, encoding_of(transfer));
    } else if (response->fault[0] == '\0') {
        (void)snprintf(response->fault, sizeof response->fault, "%s", describe(exchange, result));
        mask_users(response->fault);
        response->remedy = remedy_of(transfer, result);
    }
    (void)siem_request_mask(&exchange->request, response->fault, strlen(response->fault));
    response->repeats_secret =
        siem_request_mask(&exchange->request, response->body.bytes, response->body.size);
    siem_buffer_add_char(&response->body, '\0');
    if (response->body.size > 0) response->body.size--;
    if (exchange->lane != NULL) siem_lane_trim(exchange->lane, transfer->easy);
    siem_transport_cancel(http, exchange);
}

siem_exchange *siem_transport_next(siem_transport *http) {
    int left;
    CURLMsg *message = siem_curl.multi_info_read(http->multi, &left);
    if (message == NULL) return NULL;
    siem_exchange *exchange = NULL;
    CURLcode result = message->data.result;
    (void)siem_curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
    finish(http, exchange, result);
    return exchange;
}

void siem_transport_cancel(siem_transport *http, siem_exchange *exchange) {
    siem_transfer *transfer = exchange->transfer;
    if (transfer == NULL || !transfer->active) return;
    (void)siem_curl.multi_remove_handle(http->multi, transfer->easy);
    (void)siem_curl.easy_setopt(transfer->easy, CURLOPT_SHARE, NULL); /* a lane may end before it */
    transfer->active = false;
    http->active--;
    free_headers(transfer);
}

void siem_exchange_free(siem_transport *http, siem_exchange *exchange) {
    siem_transfer *transfer = exchange->transfer;
    siem_transport_cancel(http, exchange);
    if (transfer != NULL) {
        free_headers(transfer); /* of one that could not begin */
        siem_curl.easy_cleanup(transfer->easy);
        free(transfer);
    }
    siem_request_free(&exchange->request);
    siem_buffer_free_secret(&exchange->response.body);
    *exchange = (siem_exchange){.owner = NULL};
}
