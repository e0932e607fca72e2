/* web.h: small answers of a registry, by GET. */
#ifndef SIEM_WEB_H
#define SIEM_WEB_H

#include "base/buffer.h"

#include <oversight/siem.h>

/* All zero is one that can be closed. */
typedef struct siem_web {
    void *easy; /* libcurl's, whose connection is kept */
    siem_registry_go_on go_on;
    void *go_on_context;
    siem_buffer *out; /* of the answer that comes */
    double asked;     /* when `go_on` was asked */
    bool is_stopped, is_too_large;
    char problem[256];
} siem_web;

/* `go_on` (NULL: nobody) is asked at most ten times a second, and once a second while nothing
 * comes. Errors: SIEM_NO_MEMORY. */
siem_code siem_web_open(siem_web *web, siem_registry_go_on go_on, void *context, siem_error *err);

/* Replaces `out` by the answer of a URL, trying four times within some seconds. Errors:
 * SIEM_UNAVAILABLE; SIEM_NOT_FOUND when the server has no such page; SIEM_INVALID for a URL that is
 * wrong or names a user, and for an answer of more than 64 MiB; SIEM_CANCELLED, SIEM_NO_MEMORY. */
siem_code siem_web_get(siem_web *web, siem_buffer *out, const char *url, siem_error *err);

void siem_web_close(siem_web *web);

#endif
