/* remote.c: the options, framings and credentials of all kinds that speak HTTP. */
#include "sink/http/remote.h"

#include "base/error.h"
#include "record/batch.h"
#include "sink/http/exposure.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define IN_FLIGHT    2
#define RETRIES      8
#define RETRY_BASE   1.0
#define RETRY_CAP    60.0
#define TIMEOUT      60.0
#define CONNECT_TIME 10.0
#define ITEM_BYTES   ((size_t)1 << 10)
#define GZIP_LEVEL   1 /* sends twice as much a second as 6, in bodies a tenth longer */

const siem_sink_option siem_remote_options[] = {
    {"batch_bytes", "BYTES", "send a batch when it holds this much", false, false, false},
    {"batch_events", "N", "or this many records", false, false, false},
    {"compress", "gzip|none", "how bodies are compressed (default: none)", false, false, false},
    {"in_flight", "N", "requests at once, 1 to 64 (default: 2)", false, false, false},
    {"timeout", "SECONDS", "for a whole request (default: 60)", false, false, false},
    {"connect_timeout", "SECONDS", "until a connection stands (default: 10)", false, false, false},
    {"retries", "N", "attempts after the first, in a row without success (default: 8)", false,
     false, false},
    {"retry_base", "SECONDS",
     "pauses are random up to this, doubled with each attempt (default: 1)", false, false, false},
    {"retry_cap", "SECONDS", "but never longer than this (default: 60)", false, false, false},
    {"ca_file", "FILE", "PEM file of the authorities to trust (default: the system's)", false,
     false, false},
    {"client_cert", "FILE", "PEM file of a certificate to show", false, false, false},
    {"client_key", "FILE", "PEM file of its key", false, false, false},
    {"proxy", "URL|''",
     "a proxy, '' for none (default: http_proxy and https_proxy of the environment)", false, true,
     false},
    {"insecure", NULL, "do not verify the server's certificate", false, false, false},
    {NULL, NULL, NULL, false, false, false},
};

/* ---- opening ---- */

static siem_code check_file(const char *name, const char *path, siem_error *err) {
    if (path == NULL || access(path, R_OK) == 0) return SIEM_OK;
    return siem_error_set(err, SIEM_NOT_FOUND, "%s: cannot read %s", name, path);
}

static siem_code open_http(siem_remote_sink *remote, const siem_options *options, siem_error *err) {
    double timeout, connect;
    siem_transport_options http = {.ca_file = siem_options_text(options, "ca_file"),
                                   .client_cert = siem_options_text(options, "client_cert"),
                                   .client_key = siem_options_text(options, "client_key"),
                                   .proxy = siem_options_text(options, "proxy")};
    siem_code rc = siem_options_flag(options, "insecure", &http.insecure, err);
    if (rc == SIEM_OK) rc = siem_options_seconds(options, "timeout", TIMEOUT, &timeout, err);
    if (rc == SIEM_OK) {
        rc = siem_options_seconds(options, "connect_timeout", CONNECT_TIME, &connect, err);
    }
    if (rc == SIEM_OK && (timeout <= 0 || connect <= 0)) {
        rc = siem_error_set(err, SIEM_INVALID,
                            "timeout and connect_timeout are more than 0 seconds");
    }
    if (rc == SIEM_OK) rc = check_file("ca_file", http.ca_file, err);
    if (rc == SIEM_OK) rc = check_file("client_cert", http.client_cert, err);
    if (rc == SIEM_OK) rc = check_file("client_key", http.client_key, err);
    if (rc != SIEM_OK) return rc;
    if (http.insecure) {
        siem_sink_add_remark(&remote->sink,
                             "insecure: the server's certificate is not verified, so "
                             "that anyone on the way can pose as it: use ca_file");
    }
    http.timeout_ms = (int64_t)ceil(timeout * 1e3); /* to libcurl, 0 is no limit */
    http.connect_timeout_ms = (int64_t)ceil(connect * 1e3);
    return siem_transport_open(&remote->sink.http, &http, err);
}

static siem_code read_pace(siem_pace *pace, const siem_options *options,
                           const siem_remote_limits *limits, siem_error *err) {
    int64_t bytes, events, in_flight;
    siem_code rc = siem_options_integer(options, "batch_bytes", 1, (int64_t)limits->most_bytes,
                                        (int64_t)limits->batch_bytes, &bytes, err);
    if (rc == SIEM_OK) {
        rc = siem_options_integer(options, "batch_events", 1, INT32_MAX, 0, &events, err);
    }
    if (rc == SIEM_OK) {
        rc = siem_options_integer(options, "in_flight", 1, 64, IN_FLIGHT, &in_flight, err);
    }
    if (rc == SIEM_OK) {
        rc = siem_options_integer(options, "retries", 0, INT32_MAX, RETRIES, &pace->retries, err);
    }
    if (rc == SIEM_OK) {
        rc = siem_options_seconds(options, "retry_base", RETRY_BASE, &pace->retry_base, err);
    }
    if (rc == SIEM_OK) {
        rc = siem_options_seconds(options, "retry_cap", RETRY_CAP, &pace->retry_cap, err);
    }
    if (rc != SIEM_OK) return rc;
    pace->batch_bytes = (size_t)bytes;
    pace->body_bytes = limits->body_bytes > (size_t)bytes ? limits->body_bytes : (size_t)bytes;
    pace->batch_events = (size_t)events;
    pace->in_flight = (size_t)in_flight;
    pace->field_bytes = limits->field_bytes;
    return SIEM_OK;
}

static siem_code read_compression(siem_remote_sink *remote, const siem_options *options,
                                  const siem_remote_limits *limits, siem_error *err) {
    const char *text = siem_options_text(options, "compress");
    if (text == NULL || strcmp(text, "none") == 0) return SIEM_OK;
    const siem_compression *compression = siem_compression_find(text);
    if (compression == NULL) {
        return siem_error_set(err, SIEM_INVALID, "compress is gzip or none");
    }
    if (!limits->takes_gzip) {
        return siem_error_set(err, SIEM_INVALID, "this target takes no compressed bodies");
    }
    return siem_compressor_open(&remote->compressor, compression, GZIP_LEVEL, err);
}

/* Remarks a file that others can read, which is no reason to stop. */
static void look_at_file(siem_remote_sink *remote, const char *name, const char *path) {
    if (path == NULL || !siem_exposure_of(path)) return;
    siem_sink_add_remark(&remote->sink, "%s: other users can read or change '%s': chmod o= it",
                         name, path);
}

siem_code siem_remote_open(siem_remote_sink *remote, const siem_options *options,
                           const siem_remote_limits *limits, siem_error *err) {
    siem_code rc =
        siem_options_check(options, remote->sink.kind->options, siem_remote_options, err);
    if (rc == SIEM_OK) rc = read_pace(&remote->sink.pace, options, limits, err);
    if (rc == SIEM_OK) rc = read_compression(remote, options, limits, err);
    if (rc == SIEM_OK) rc = open_http(remote, options, err);
    const char *key = siem_options_text(options, "client_key");
    if (key == NULL) key = siem_options_text(options, "client_cert"); /* which holds it then */
    if (rc == SIEM_OK) look_at_file(remote, "client_key", key);
    return rc;
}

void siem_remote_set_target(siem_remote_sink *remote, const char *url) {
    const char *host = strstr(url, "://");
    if (host == NULL) return;
    remote->origin = strndup(url, (size_t)(host - url) + 3 + strcspn(host + 3, "/?#"));
    remote->sink.target = remote->origin;
}

void siem_remote_close(siem_remote_sink *remote) {
    siem_lane_close(remote->sink.lanes);
    siem_transport_close(remote->sink.http);
    siem_compressor_close(remote->compressor);
    free(remote->origin);
}

/* ---- texts ---- */

siem_code siem_remote_check_word(const char *name, const char *text, siem_error *err) {
    for (const char *at = text; *at != '\0'; at++) {
        if (isgraph((unsigned char)*at) == 0) {
            return siem_error_set(err, SIEM_INVALID, "%s holds a space or a control character",
                                  name);
        }
    }
    if (*text == '\0') return siem_error_set(err, SIEM_INVALID, "%s is empty", name);
    return SIEM_OK;
}

/* Where the path of an http or https URL begins, or an error. */
static siem_code find_path(const char *name, const char *url, size_t *path, siem_error *err) {
    siem_code rc = siem_remote_check_word(name, url, err);
    if (rc != SIEM_OK) return rc;
    size_t scheme = strncasecmp(url, "https://", 8) == 0  ? 8
                    : strncasecmp(url, "http://", 7) == 0 ? 7
                                                          : 0;
    if (scheme == 0 || strchr("/?#", url[scheme]) != NULL) {
        return siem_error_set(err, SIEM_INVALID, "%s begins with https:// or http:// and a host",
                              name);
    }
    size_t host = strcspn(url + scheme, "/?#");
    if (memchr(url + scheme, '@', host) != NULL) {
        return siem_error_set(err, SIEM_INVALID,
                              "%s holds credentials: give them by options of their own", name);
    }
    *path = scheme + host;
    return SIEM_OK;
}

siem_code siem_remote_copy_url(char **out, const char *name, const char *url, siem_error *err) {
    size_t path;
    *out = NULL;
    siem_code rc = find_path(name, url, &path, err);
    if (rc != SIEM_OK) return rc;
    *out = strdup(url);
    return *out != NULL ? SIEM_OK : siem_error_no_memory(err);
}

siem_code siem_remote_copy_base(char **out, const char *name, const char *url, const char *endpoint,
                                siem_error *err) {
    size_t path, size = strlen(url);
    *out = NULL;
    siem_code rc = find_path(name, url, &path, err);
    if (rc != SIEM_OK) return rc;
    if (strpbrk(url + path, "?#") != NULL) {
        return siem_error_set(err, SIEM_INVALID, "%s ends before '?' and '#': the rest is added",
                              name);
    }
    const char *cut = endpoint != NULL ? strstr(url + path, endpoint) : NULL;
    if (cut != NULL) size = (size_t)(cut - url);
    while (size > path && url[size - 1] == '/') size--;
    *out = strndup(url, size);
    return *out != NULL ? SIEM_OK : siem_error_no_memory(err);
}

/* ---- secrets ---- */

siem_code siem_remote_open_secret(siem_remote_sink *remote, siem_secret **out, const char *name,
                                  const siem_secret_form *form, const siem_options *options,
                                  siem_error *err) {
    const char *source = siem_options_text(options, name);
    siem_code rc = siem_secret_open(out, name, form, source, err);
    if (rc == SIEM_OK) look_at_file(remote, name, siem_secret_file(source));
    return rc;
}

/* ---- framings ---- */

size_t siem_remote_bytes(const siem_parcel *parcel) {
    size_t size, bytes = 0;
    for (size_t i = 0; i < parcel->count; i++) {
        (void)siem_batch_at(parcel->batch, parcel->records[i], &size);
        bytes += size + 1;
    }
    return bytes;
}

/* Whether the parcel's records lie one behind the other in the batch. */
static bool is_whole(const siem_parcel *parcel) {
    return parcel->records[parcel->count - 1] - parcel->records[0] + 1 == parcel->count;
}

void siem_remote_write_lines(const siem_parcel *parcel, siem_request *request) {
    size_t size;
    const char *first = siem_batch_at(parcel->batch, parcel->records[0], &size);
    if (is_whole(parcel)) {
        const char *last = siem_batch_at(parcel->batch, parcel->records[parcel->count - 1], &size);
        request->body = first;
        request->body_size = (size_t)(last + size + 1 - first);
        return;
    }
    for (size_t i = 0; i < parcel->count; i++) {
        const char *line = siem_batch_at(parcel->batch, parcel->records[i], &size);
        siem_buffer_add(&request->content, line, size + 1);
    }
    siem_request_use_content(request);
}

void siem_remote_write_array(const siem_parcel *parcel, siem_request *request) {
    (void)siem_buffer_reserve(&request->content, siem_remote_bytes(parcel) + 1);
    for (size_t i = 0; i < parcel->count; i++) {
        size_t size;
        const char *record = siem_batch_at(parcel->batch, parcel->records[i], &size);
        siem_buffer_add_char(&request->content, i == 0 ? '[' : ',');
        siem_buffer_add(&request->content, record, size);
    }
    siem_buffer_add_char(&request->content, ']');
    siem_request_use_content(request);
}

size_t siem_remote_array_size(size_t count, size_t bytes) {
    (void)count; /* each record's line end is as long as the comma or bracket in its place */
    return bytes + 1;
}

void siem_remote_expect_items(const siem_parcel *parcel, siem_request *request) {
    request->answer_bytes = SIEM_ANSWER_BYTES + parcel->count * ITEM_BYTES + 2 * request->body_size;
}

/* ---- credentials ---- */

void siem_remote_renew(siem_secret *secret, const siem_parcel *parcel, siem_answer *answer) {
    siem_error err;
    if (answer->outcomes[0].verdict != SIEM_HOLD) return;
    bool changed = parcel->credential != siem_secret_generation(secret);
    if (!changed && siem_secret_reload(secret, &changed, &err) != SIEM_OK) {
        siem_answer_add_reason(answer, err.message);
        return;
    }
    if (changed) answer->next = SIEM_RENEWED;
}
