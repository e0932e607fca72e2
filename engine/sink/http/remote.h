/* remote.h: what the kinds that speak HTTP share: their common options, and framings. */
#ifndef SIEM_REMOTE_H
#define SIEM_REMOTE_H

#include "sink/http/compression.h"
#include "sink/http/secret.h"
#include "sink/sink.h"

/* The options of all remote kinds, ended by a NULL name. */
extern const siem_sink_option siem_remote_options[];

/* A kind's own limits. */
typedef struct siem_remote_limits {
    size_t body_bytes;  /* the target's, never exceeded */
    size_t batch_bytes; /* the default; batch_bytes= may be anything up to most_bytes */
    size_t most_bytes;
    size_t field_bytes;
    bool takes_gzip;
} siem_remote_limits;

/* A remote kind's own struct begins with this one. */
typedef struct siem_remote_sink {
    siem_sink sink;
    siem_compressor *compressor; /* NULL: bodies go as they are */
    char *origin; /* of its URL: what follows it, as the path of a hook, can hold a credential */
} siem_remote_sink;

/* Checks the options against the kind's options, and opens what all remote kinds have.
 * `remote->sink.kind` is set. Errors: SIEM_INVALID, SIEM_NO_MEMORY. */
siem_code siem_remote_open(siem_remote_sink *remote, const siem_options *options,
                           const siem_remote_limits *limits, siem_error *err);

/* Names the target by the origin of a URL. Without memory: not. */
void siem_remote_set_target(siem_remote_sink *remote, const char *url);

/* Closes it; the struct itself is its owner's. */
void siem_remote_close(siem_remote_sink *remote);

/* A copy of an http or https URL as it is. Errors: SIEM_INVALID, naming the option; credentials
 * within are refused. */
siem_code siem_remote_copy_url(char **out, const char *name, const char *url, siem_error *err);

/* A copy of one that paths are added to: without "/" at its end, and without what begins with
 * `endpoint` (NULL: nothing), as an operator may give the full address that the vendor's pages
 * have. A query is refused. Errors: as above. */
siem_code siem_remote_copy_base(char **out, const char *name, const char *url, const char *endpoint,
                                siem_error *err);

/* Checks what goes into a header or a URL: not empty, printable ASCII without spaces. */
siem_code siem_remote_check_word(const char *name, const char *text, siem_error *err);

/* Opens the credential that an option names, and remarks a file that others can read. Errors: as
 * siem_secret_open. */
siem_code siem_remote_open_secret(siem_remote_sink *remote, siem_secret **out, const char *name,
                                  const siem_secret_form *form, const siem_options *options,
                                  siem_error *err);

/* ---- framings ---- */

/* How many bytes the records of a parcel have with their line ends. */
size_t siem_remote_bytes(const siem_parcel *parcel);

/* Records one after another, each with its line end: the batch's own bytes when they lie so. */
void siem_remote_write_lines(const siem_parcel *parcel, siem_request *request);

/* A JSON array, and its size. */
void siem_remote_write_array(const siem_parcel *parcel, siem_request *request);
size_t siem_remote_array_size(size_t count, size_t bytes);

/* Lets the answer to a parcel whose body is set have 1 KiB for each record, and each text of the
 * body twice, on top of what any answer may have: a reason and its cause repeat what they refuse.
 */
void siem_remote_expect_items(const siem_parcel *parcel, siem_request *request);

/* ---- credentials ---- */

/* For an answer that holds, as the credential is refused: asks for the same request again when the
 * secret is another one by now, or becomes one by being read again. When it cannot be read, the
 * reason says so. */
void siem_remote_renew(siem_secret *secret, const siem_parcel *parcel, siem_answer *answer);

#endif
