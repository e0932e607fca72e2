/* transport.h: requests over libcurl: TLS, proxies, limits, several at once. */
#ifndef SIEM_TRANSPORT_H
#define SIEM_TRANSPORT_H

#include "sink/http/lane.h"
#include "sink/http/request.h"
#include "sink/http/response.h"

#include <oversight/siem.h>

/* Open connections, and the exchanges in flight. */
typedef struct siem_transport siem_transport;

typedef struct siem_transport_options {
    const char *ca_file;     /* PEM; NULL: the system's */
    const char *client_cert; /* PEM; NULL: none */
    const char *client_key;  /* PEM; NULL: in client_cert */
    const char *proxy;       /* NULL: http_proxy, https_proxy, no_proxy of the environment */
    bool insecure;           /* the server's certificate is not verified */
    int64_t timeout_ms;      /* for a whole exchange */
    int64_t connect_timeout_ms;
} siem_transport_options;

/* A request and its response; used again and again. */
typedef struct siem_exchange {
    siem_request request;
    siem_response response;
    siem_lane *lane; /* whose cookies it has, borrowed; NULL: its own, until it is freed */
    void *owner;     /* the caller's */
    struct siem_transfer *transfer;
} siem_exchange;

/* Copies the options. Errors: SIEM_INVALID, SIEM_NO_MEMORY. */
siem_code siem_transport_open(siem_transport **out, const siem_transport_options *options,
                              siem_error *err);
void siem_transport_close(siem_transport *http);

/* Sends the request of an exchange. Errors: SIEM_NO_MEMORY, SIEM_INVALID. */
siem_code siem_transport_begin(siem_transport *http, siem_exchange *exchange, siem_error *err);

/* Runs the exchanges, for at most `milliseconds`, until one ends. */
void siem_transport_wait(siem_transport *http, int milliseconds);

/* An exchange that has ended, or NULL. */
siem_exchange *siem_transport_next(siem_transport *http);

/* Cancels an exchange that is in flight. */
void siem_transport_cancel(siem_transport *http, siem_exchange *exchange);

void siem_exchange_free(siem_transport *http, siem_exchange *exchange);

#endif
