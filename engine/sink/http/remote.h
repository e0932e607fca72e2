/* remote.h: shared by the kinds over HTTP: common options, and opening. */
#ifndef SIEM_REMOTE_H
#define SIEM_REMOTE_H

#include "base/secret.h"
#include "sink/http/carrier.h"
#include "sink/http/framing.h"
#include "sink/http/session.h"
#include "sink/http/status.h"

/* The options of all kinds that speak HTTP: their shared_options. */
extern const siem_option_spec siem_remote_options[];

/* A kind's own limits. */
typedef struct siem_remote_limits {
    size_t body_bytes;  /* the target's, never exceeded, unless batch_bytes= asks for more */
    size_t field_bytes; /* texts are cut at this size; 0: none is */
    bool takes_gzip, takes_zstd;
} siem_remote_limits;

/* The options that no other member has. */
typedef struct siem_remote_settings {
    char *compress, *ca_file, *client_cert, *client_key, *proxy;
    double timeout, connect_timeout;
    int64_t batch_events, in_flight, compress_level;
    bool insecure;
} siem_remote_settings;

/* A remote kind's own struct begins with this one. */
typedef struct siem_remote_sink {
    siem_http_sink http;
    siem_remote_settings settings;
    char *origin; /* of its URL: what follows it, as the path of a hook, can hold a credential */
} siem_remote_sink;

/* Reads the options into the kind's struct, except credentials, and opens the parts that all kinds
 * over HTTP have. The sink's kind and protocol are set. Errors: SIEM_INVALID, SIEM_NOT_FOUND,
 * SIEM_NO_MEMORY. */
siem_code siem_remote_open(siem_remote_sink *remote, const siem_options *options,
                           const siem_remote_limits *limits, siem_error *err);

/* Names the target by the origin of a URL. Without memory: not. */
void siem_remote_set_target(siem_remote_sink *remote, const char *url);

/* Reads the credentials among the kind's own options, each into the siem_secret * that its row
 * names, and remarks files that others can read. Errors: as siem_secret_open. */
siem_code siem_remote_open_secrets(siem_remote_sink *remote, const siem_options *options,
                                   siem_error *err);

/* Closes it and frees its options. The owner frees the struct itself. */
void siem_remote_close(siem_remote_sink *remote);

/* Checks an http or https URL. Errors: SIEM_INVALID, naming the option; credentials within are
 * refused. */
siem_code siem_remote_check_url(const char *name, const char *url, siem_error *err);

/* The same for one that paths are added to, which is cut: it has no "/" at its end, and not what
 * begins with `endpoint` (NULL: nothing), as an operator may give the full address that the
 * vendor's pages have. A query is refused. Errors: as above. */
siem_code siem_remote_cut_base(const char *name, char *url, const char *endpoint, siem_error *err);

/* Checks what goes into a header or a URL: not empty, printable ASCII without spaces. */
siem_code siem_remote_check_word(const char *name, const char *text, siem_error *err);

/* Lets the answer to a parcel that is prepared have 1 KiB for each record, and each text of the
 * body twice, on top of what any answer may have: a reason and its cause repeat what they refuse.
 */
void siem_remote_expect_items(const siem_parcel *parcel, siem_request *request);

/* ---- credentials ---- */

/* For an answer that holds because the credential is refused: reads the secret again, and repeats
 * the request if the secret has changed since. If it cannot be read, that is added to the reason.
 */
void siem_remote_renew(siem_secret *secret, const siem_parcel *parcel, siem_answer *answer);

#endif
