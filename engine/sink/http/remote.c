/* remote.c: the options, framings and credentials of all kinds that speak HTTP. */
#include "sink/http/remote.h"

#include "base/error.h"
#include "sink/http/exposure.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define ITEM_BYTES ((size_t)1 << 10)

#define AT(member) offsetof(siem_remote_sink, member)

const siem_option_spec siem_remote_options[] = {
    {.name = "batch_events",
     .kind = SIEM_OPTION_INTEGER,
     .value = "N",
     .least = 1,
     .most = INT32_MAX,
     .at = AT(settings.batch_events),
     .help = "records of a batch, after which it is sent"},
    {.name = "compress",
     .kind = SIEM_OPTION_CHOICE,
     .value = "gzip|zstd|none",
     .text = "none",
     .at = AT(settings.compress),
     .help = "compression of bodies; zstd where the target takes it"},
    {.name = "compress_level",
     .kind = SIEM_OPTION_INTEGER,
     .value = "N",
     .least = 1,
     .most = 19,
     .at = AT(settings.compress_level),
     .help = "1 is fast (the default), 12 the smallest of gzip, 19 of zstd"},
    {.name = "in_flight",
     .kind = SIEM_OPTION_INTEGER,
     .value = "N",
     .least = 1,
     .most = 64,
     .fallback = 2,
     .at = AT(settings.in_flight),
     .help = "requests in flight at once"},
    {.name = "timeout",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0.0001, /* to libcurl, 0 means no limit */
     .most = 86400,
     .fallback = 60,
     .at = AT(settings.timeout),
     .help = "time for a whole request"},
    {.name = "connect_timeout",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0.0001,
     .most = 86400,
     .fallback = 10,
     .at = AT(settings.connect_timeout),
     .help = "time for a connection"},
    {.name = "retries",
     .kind = SIEM_OPTION_INTEGER,
     .value = "N",
     .least = 0,
     .most = INT32_MAX,
     .fallback = 8,
     .at = AT(http.sink.pace.patience.retries),
     .help = "attempts after the first, in a row without success"},
    {.name = "retry_base",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0,
     .most = 86400,
     .fallback = 1,
     .at = AT(http.sink.pace.patience.base),
     .help = "bound of a random pause before an attempt, doubled with each one"},
    {.name = "retry_cap",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0,
     .most = 86400,
     .fallback = 60,
     .at = AT(http.sink.pace.patience.cap),
     .help = "longest bound of that pause"},
    {.name = "ca_file",
     .value = "FILE",
     .at = AT(settings.ca_file),
     .help = "PEM file of the authorities to trust (default: the system's)"},
    {.name = "client_cert",
     .value = "FILE",
     .at = AT(settings.client_cert),
     .help = "PEM file of a certificate to show"},
    {.name = "client_key",
     .value = "FILE",
     .at = AT(settings.client_key),
     .help = "PEM file of its key"},
    {.name = "proxy",
     .value = "URL|''",
     .secret = true, /* a password in it */
     .at = AT(settings.proxy),
     .help = "a proxy, '' for none (default: http_proxy and https_proxy of the environment)"},
    {.name = "insecure",
     .kind = SIEM_OPTION_FLAG,
     .at = AT(settings.insecure),
     .help = "do not verify the server's certificate"},
    {0},
};

/* ---- opening ---- */

static siem_code check_file(const char *name, const char *path, siem_error *err) {
    if (path == NULL || access(path, R_OK) == 0) return SIEM_OK;
    return siem_error_of_option(err, SIEM_NOT_FOUND, name, "%s: cannot read %s", name, path);
}

static siem_code open_http(siem_remote_sink *remote, siem_error *err) {
    const siem_remote_settings *settings = &remote->settings;
    siem_transport_options http = {
        .ca_file = settings->ca_file,
        .client_cert = settings->client_cert,
        .client_key = settings->client_key,
        .proxy = settings->proxy,
        .insecure = settings->insecure,
        .timeout_ms = (int64_t)ceil(settings->timeout * 1e3),
        .connect_timeout_ms = (int64_t)ceil(settings->connect_timeout * 1e3),
    };
    siem_code rc = check_file("ca_file", http.ca_file, err);
    if (rc == SIEM_OK) rc = check_file("client_cert", http.client_cert, err);
    if (rc == SIEM_OK) rc = check_file("client_key", http.client_key, err);
    if (rc != SIEM_OK) return rc;
    if (http.insecure) {
        siem_sink_add_remark(&remote->http.sink,
                             "insecure: the server's certificate is not verified, so "
                             "that anyone on the way can pose as it: use ca_file");
    }
    return siem_session_open(&remote->http.session, &http, err);
}

static void set_pace(siem_remote_sink *remote, const siem_remote_limits *limits) {
    siem_pace *pace = &remote->http.sink.pace;
    pace->body_bytes =
        limits->body_bytes > pace->batch_bytes ? limits->body_bytes : pace->batch_bytes;
    pace->batch_events = (size_t)remote->settings.batch_events;
    pace->in_flight = (size_t)remote->settings.in_flight;
    pace->field_bytes = limits->field_bytes;
}

/* Level 1 by default: 6 takes three times as long, for bodies a quarter shorter. */
static siem_code check_compression(const siem_compression *compression, int64_t level,
                                   const siem_remote_limits *limits, siem_error *err) {
    if (compression == NULL && level != 0) {
        return siem_error_of_options(err, SIEM_INVALID,
                                     (const char *[]){"compress_level", "compress", NULL},
                                     "compress_level goes with compress");
    }
    if (compression == NULL) return SIEM_OK;
    bool is_zstd = compression == &siem_compression_zstd;
    if (is_zstd ? !limits->takes_zstd : !limits->takes_gzip) {
        return siem_error_of_option(err, SIEM_INVALID, "compress",
                                    limits->takes_gzip ? "this target takes no zstd"
                                                       : "this target takes no compressed bodies");
    }
    if (level <= compression->most) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, "compress_level",
                                "compress_level is %d at most for %s", compression->most,
                                compression->name);
}

static siem_code open_compressor(siem_remote_sink *remote, const siem_remote_limits *limits,
                                 siem_error *err) {
    const siem_compression *compression = siem_compression_find(remote->settings.compress);
    int level = (int)remote->settings.compress_level;
    siem_error missing;
    siem_code rc = check_compression(compression, level, limits, err);
    if (rc != SIEM_OK || compression == NULL) return rc; /* NULL: "none" */
    rc = siem_compressors_open(&remote->http.compressors, compression, level != 0 ? level : 1,
                               &missing);
    if (rc != SIEM_INVALID) return rc == SIEM_OK ? rc : siem_error_no_memory(err);
    return siem_error_of_option(err, rc, "compress", "compress=%s: %s", compression->name,
                                missing.message);
}

/* Remarks a file that others can read, without stopping for it. */
static void look_at_file(siem_remote_sink *remote, const char *name, const char *path) {
    if (path == NULL || !siem_exposure_of(path)) return;
    siem_sink_add_remark(&remote->http.sink, "%s: other users can read or change '%s': chmod o= it",
                         name, path);
}

siem_code siem_remote_open(siem_remote_sink *remote, const siem_options *options,
                           const siem_remote_limits *limits, siem_error *err) {
    const siem_sink_kind *kind = remote->http.sink.kind;
    siem_code rc = siem_options_read(remote, kind->options, kind->shared_options, options, err);
    if (rc == SIEM_OK) rc = open_compressor(remote, limits, err);
    if (rc == SIEM_OK) rc = open_http(remote, err);
    if (rc != SIEM_OK) return rc;
    set_pace(remote, limits);
    const char *key = remote->settings.client_key;
    if (key == NULL) key = remote->settings.client_cert; /* which holds it then */
    look_at_file(remote, "client_key", key);
    return SIEM_OK;
}

/* The secret that a row of the kind's own options sets. */
static siem_secret **secret_at(siem_remote_sink *remote, const siem_option_spec *spec) {
    void *member = (char *)remote + spec->at;
    return member;
}

siem_code siem_remote_open_secrets(siem_remote_sink *remote, const siem_options *options,
                                   siem_error *err) {
    for (const siem_option_spec *spec = remote->http.sink.kind->options; spec->name != NULL;
         spec++) {
        const char *source = siem_options_text(options, spec->name);
        if (spec->kind != SIEM_OPTION_SECRET || source == NULL) continue;
        siem_code rc =
            siem_secret_open(secret_at(remote, spec), spec->name, spec->form, source, err);
        if (rc != SIEM_OK) return rc;
        look_at_file(remote, spec->name, siem_secret_file(source));
    }
    return SIEM_OK;
}

void siem_remote_set_target(siem_remote_sink *remote, const char *url) {
    const char *host = strstr(url, "://");
    if (host == NULL) return;
    remote->origin = strndup(url, (size_t)(host - url) + 3 + strcspn(host + 3, "/?#"));
    remote->http.sink.target = remote->origin;
}

void siem_remote_close(siem_remote_sink *remote) {
    siem_session_close(&remote->http.session);
    siem_compressors_close(remote->http.compressors);
    free(remote->origin);
    for (const siem_option_spec *spec = remote->http.sink.kind->options; spec->name != NULL;
         spec++) {
        if (spec->kind == SIEM_OPTION_SECRET) siem_secret_close(*secret_at(remote, spec));
    }
    siem_options_free(remote, remote->http.sink.kind->options);
    siem_options_free(remote, remote->http.sink.kind->shared_options);
}

/* ---- texts ---- */

siem_code siem_remote_check_word(const char *name, const char *text, siem_error *err) {
    for (const char *at = text; *at != '\0'; at++) {
        if (isgraph((unsigned char)*at) == 0) {
            return siem_error_of_option(err, SIEM_INVALID, name,
                                        "%s holds a space or a control character", name);
        }
    }
    if (*text == '\0') return siem_error_of_option(err, SIEM_INVALID, name, "%s is empty", name);
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
        return siem_error_of_option(err, SIEM_INVALID, name,
                                    "%s begins with https:// or http:// and a host", name);
    }
    size_t host = strcspn(url + scheme, "/?#");
    if (memchr(url + scheme, '@', host) != NULL) {
        return siem_error_of_option(err, SIEM_INVALID, name,
                                    "%s holds credentials: give them by options of their own",
                                    name);
    }
    *path = scheme + host;
    return SIEM_OK;
}

siem_code siem_remote_check_url(const char *name, const char *url, siem_error *err) {
    size_t path;
    return find_path(name, url, &path, err);
}

siem_code siem_remote_cut_base(const char *name, char *url, const char *endpoint, siem_error *err) {
    size_t path, size = strlen(url);
    siem_code rc = find_path(name, url, &path, err);
    if (rc != SIEM_OK) return rc;
    if (strpbrk(url + path, "?#") != NULL) {
        return siem_error_of_option(err, SIEM_INVALID, name,
                                    "%s ends before '?' and '#': the rest is added", name);
    }
    const char *cut = endpoint != NULL ? strstr(url + path, endpoint) : NULL;
    if (cut != NULL) size = (size_t)(cut - url);
    while (size > path && url[size - 1] == '/') size--;
    url[size] = '\0';
    return SIEM_OK;
}

/* ---- answers ---- */

void siem_remote_expect_items(const siem_parcel *parcel, siem_request *request) {
    request->answer_bytes =
        SIEM_ANSWER_BYTES + parcel->count * ITEM_BYTES + 2 * parcel->body.plain_size;
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
