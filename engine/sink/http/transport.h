/* transport.h: requests over libcurl: TLS, proxies, limits, several at once. */
#ifndef SIEM_HTTP_H
#define SIEM_HTTP_H

#include "sink/http/lane.h"
#include "sink/http/request.h"
#include "sink/http/response.h"

#include <oversight/siem.h>

/* Connections that are kept, and the exchanges on their way. */
typedef struct siem_http siem_http;

typedef struct siem_http_settings {
    const char *ca_file;     /* PEM; NULL: the system's */
    const char *client_cert; /* PEM; NULL: none */
    const char *client_key;  /* PEM; NULL: in client_cert */
    const char *proxy;       /* NULL: http_proxy, https_proxy, no_proxy of the environment */
    bool insecure;           /* the server's certificate is not verified */
    int64_t timeout_ms;      /* for a whole exchange */
    int64_t connect_timeout_ms;
} siem_http_settings;

/* A request and its response; used again and again. */
typedef struct siem_exchange {
    siem_request request;
    siem_response response;
    siem_lane *lane; /* whose cookies it has, borrowed; NULL: its own, until it is freed */
    void *owner;     /* the caller's */
    struct siem_transfer *transfer;
} siem_exchange;

/* Copies the settings. Errors: SIEM_INVALID, SIEM_NO_MEMORY. */
siem_code siem_http_open(siem_http **out, const siem_http_settings *settings, siem_error *err);
void siem_http_close(siem_http *http);

/* Sends the request of an exchange. Errors: SIEM_NO_MEMORY, SIEM_INVALID. */
siem_code siem_http_begin(siem_http *http, siem_exchange *exchange, siem_error *err);

/* Drives what is on its way, for at most `milliseconds`, until some exchange ends. */
void siem_http_wait(siem_http *http, int milliseconds);

/* An exchange that has ended, or NULL. */
siem_exchange *siem_http_next(siem_http *http);

/* Breaks an exchange off, when it is on its way. */
void siem_http_cancel(siem_http *http, siem_exchange *exchange);

void siem_exchange_free(siem_http *http, siem_exchange *exchange);

#endif
