/* header.h: the headers that somebody gives for a request, beside those that are made for it. */
#ifndef SIEM_HEADER_H
#define SIEM_HEADER_H

#include "sink/http/request.h"

/* Checks "Name: value": a token (RFC 9110, 5.6.2), a value on one line, and none of the headers by
 * which the transport says how long a body is, where it goes and how. Errors: SIEM_INVALID. */
siem_code siem_header_check(const char *header, siem_error *err);

/* Checks it and adds it. It is secret, unless its name is known to hold no credential, as vendors
 * name theirs as they like. Errors: SIEM_INVALID, also for a second one where receivers take one
 * alone. */
siem_code siem_header_add(siem_request *request, const char *header, siem_error *err);

/* Whether a request has a header of that name. */
bool siem_header_is_in(const siem_request *request, const char *name);

#endif
