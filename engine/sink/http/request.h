/* request.h: a request over HTTP: address, headers and body, some of them secret. */
#ifndef SIEM_REQUEST_H
#define SIEM_REQUEST_H

#include "sink/body.h"

#include <oversight/siem.h>

typedef struct siem_request {
    const char *method;       /* "POST", "GET" */
    siem_buffer url;          /* NUL-terminated */
    siem_buffer headers;      /* of siem_request_add_header */
    siem_buffer secrets;      /* of siem_request_add_secret */
    siem_buffer content;      /* of siem_request_use_content */
    siem_piece whole;         /* all of it */
    const siem_piece *pieces; /* the body: `whole`, or borrowed; NULL: none */
    size_t piece_count;
    size_t body_size;
    const char *encoding; /* of the body, as Content-Encoding has it; NULL: none */
    bool direct;          /* no proxy, whatever the options say */
    bool given_url;   /* by somebody who may have put a credential into its query: masked when it is
                         shown */
    bool secret_body; /* the body holds a credential: it is wiped after use, and masked when it is
                         shown */
    size_t secret_from;  /* from this byte on */
    size_t answer_bytes; /* that the answer may have, at most */
} siem_request;

/* Forgets the request, wiping what is secret, and keeps the memory. */
void siem_request_clear(siem_request *request);
void siem_request_free(siem_request *request);

__attribute__((format(printf, 2, 3))) void siem_request_set_url(siem_request *request,
                                                                const char *format, ...);

/* Adds "Name: value". What is secret is masked when it is printed, and in answers. */
__attribute__((format(printf, 3, 4))) void
siem_request_add_header(siem_request *request, bool secret, const char *format, ...);

/* Adds all headers of another request. */
void siem_request_add_headers(siem_request *request, const siem_request *other);

/* Notes a credential that no header shows as it is, to be masked in answers. */
void siem_request_add_secret(siem_request *request, const char *secret);

/* Whether others on the network can see a credential: it goes over plain http, and not only within
 * this machine. */
bool siem_request_is_exposed(const siem_request *request);

/* False when memory was short while the request was written: it must not be used then. */
bool siem_request_is_complete(const siem_request *request);

/* Sets the body: a copy of `content`, or a parcel's body, which is borrowed. */
void siem_request_use_content(siem_request *request);
void siem_request_use_body(siem_request *request, const siem_body *body);

/* Writes the request as text, with what is secret masked. */
void siem_request_print(const siem_request *request, siem_buffer *out);

/* Masks the secrets of the request in a text, as siem_mask does: the values of secret headers, the
 * credential after a scheme alone, and noted credentials. A server may repeat them. Returns whether
 * some of it was escaped. */
bool siem_request_mask(const siem_request *request, char *text, size_t size);

#endif
