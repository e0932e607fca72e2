/* status.h: what a response means where its protocol has no word for it. */
#ifndef SIEM_STATUS_H
#define SIEM_STATUS_H

#include "sink/answer.h"
#include "sink/http/request.h"
#include "sink/http/response.h"

/* What a status means where a protocol says nothing of its own (RFC 9110, 15): 2xx delivered, but
 * retry with a web page; transport faults that pass, 408, 425, 429 and 5xx retry; 413 halve; 400
 * and 422 halve, as some record is at fault, but hold with a web page; everything else hold. */
void siem_answer_http(siem_answer *answer, const siem_response *response);

/* The same, with what the body says in place of its beginning: a line, "" for nothing. */
void siem_answer_http_saying(siem_answer *answer, const siem_response *response, const char *said);

/* The beginning of a response's body as one printable line, for messages; nothing of one that
 * repeats a credential in other words. */
void siem_answer_excerpt(const siem_response *response, char out[200]);

/* Masks in the reasons what is secret of the request: what was escaped in a response's body is
 * found here. */
void siem_answer_mask(siem_answer *answer, const siem_request *request);

/* A request that is refused as one with a bad record is, by an answer that is not in the form of
 * `whose`: holds it, as nobody who knows the records has looked at them. */
void siem_answer_not_its_own(siem_answer *answer, const siem_response *response, const char *whose);

#endif
