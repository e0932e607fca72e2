/* header.c: what a header may be. */
#include "sink/http/header.h"

#include "base/error.h"

#include <ctype.h>
#include <strings.h>

/* The transport's own: another Content-Length would cut bodies short, another Host or Connection
 * would send them elsewhere, and a proxy's credentials would go to the server. */
static const char *const transports[] = {"connection",
                                         "content-encoding",
                                         "content-length",
                                         "expect",
                                         "host",
                                         "http2-settings",
                                         "keep-alive",
                                         "proxy-authorization",
                                         "te",
                                         "trailer",
                                         "proxy-connection",
                                         "transfer-encoding",
                                         "upgrade",
                                         NULL};

/* RFC 9110, 5.3: a field that is not a list comes once. Elasticsearch answers 406 to two of them.
 */
static const char *const single[] = {"authorization", "content-type", "cookie",
                                     "date",          "user-agent",   NULL};

static const char *const harmless[] = {"accept",        "accept-encoding",  "accept-language",
                                       "cache-control", "content-language", "content-type",
                                       "date",          "user-agent",       NULL};

static bool is_named(const char *header, const char *name) {
    size_t size = strlen(name);
    return strncasecmp(header, name, size) == 0 && header[size] == ':';
}

static bool is_among(const char *header, const char *const *names) {
    while (*names != NULL && !is_named(header, *names)) names++;
    return *names != NULL;
}

/* How long the name is, or 0 when it is none. */
static size_t size_of_name(const char *header) {
    size_t size = strcspn(header, ":");
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)header[i];
        if (isalnum(c) == 0 && strchr("!#$%&'*+-.^_`|~", c) == NULL) return 0;
    }
    return header[size] == ':' ? size : 0;
}

siem_code siem_header_check(const char *header, siem_error *err) {
    size_t name = size_of_name(header);
    if (name == 0)
        return siem_error_of_option(err, SIEM_INVALID, "header", "header is 'Name: value'");
    if (is_among(header, transports)) {
        return siem_error_of_option(
            err, SIEM_INVALID, "header",
            "header %.*s belongs to the transport, which sets it: omit it%s", (int)name, header,
            is_named(header, "proxy-authorization")
                ? ", and put the proxy's credentials into its URL"
                : "");
    }
    const char *value = header + name + 1;
    if (value[strspn(value, " \t")] == '\0') { /* libcurl would leave it out */
        return siem_error_of_option(err, SIEM_INVALID, "header", "header %.*s has no value",
                                    (int)name, header);
    }
    for (const char *at = value; *at != '\0'; at++) {
        if (iscntrl((unsigned char)*at) == 0 || *at == '\t') continue;
        return siem_error_of_option(err, SIEM_INVALID, "header",
                                    "header %.*s holds a control character", (int)name, header);
    }
    return SIEM_OK;
}

/* The next header of a request, or NULL. Each follows a mark (request.c). */
static const char *next_header(const siem_request *request, const char *header) {
    const char *end = request->headers.bytes + request->headers.size;
    const char *at = header == NULL ? request->headers.bytes : header + strlen(header) + 1;
    return at < end ? at + 1 : NULL;
}

bool siem_header_is_in(const siem_request *request, const char *name) {
    const char *header = NULL;
    while ((header = next_header(request, header)) != NULL) {
        if (is_named(header, name)) return true;
    }
    return false;
}

siem_code siem_header_add(siem_request *request, const char *header, siem_error *err) {
    siem_code rc = siem_header_check(header, err);
    if (rc != SIEM_OK) return rc;
    for (size_t i = 0; single[i] != NULL; i++) {
        if (!is_named(header, single[i]) || !siem_header_is_in(request, single[i])) continue;
        return siem_error_of_option(err, SIEM_INVALID, "header", "header %.*s is given twice",
                                    (int)strlen(single[i]), header);
    }
    siem_request_add_header(request, !is_among(header, harmless), "%s", header);
    return SIEM_OK;
}
