/* header.h: the headers that an operator or a script adds to a request. */
#ifndef SIEM_HEADER_H
#define SIEM_HEADER_H

#include "sink/http/request.h"

/* Checks "Name: value": a token (RFC 9110, 5.6.2), a value on one line, and not a header of the
 * transport, for the length, address and transfer of a body. Errors: SIEM_INVALID. */
siem_code siem_header_check(const char *header, siem_error *err);

/* Checks it and adds it. It is secret, unless its name is known to have no credential: vendors name
 * theirs freely. Errors: SIEM_INVALID, also for a second header of a name that may occur once. */
siem_code siem_header_add(siem_request *request, const char *header, siem_error *err);

/* Whether a request has a header of that name. */
bool siem_header_is_in(const siem_request *request, const char *name);

#endif
