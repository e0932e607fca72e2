/* status.h: the meaning of a response when its protocol does not define it. */
#ifndef SIEM_STATUS_H
#define SIEM_STATUS_H

#include "sink/answer.h"
#include "sink/http/request.h"
#include "sink/http/response.h"

/* The meaning of a status (RFC 9110, 15) when a protocol does not define it: 2xx delivered, but
 * retry with a web page; transport faults that pass, 408, 425, 429 and 5xx retry; 413 halve; 400
 * and 422 halve, as some record is at fault, but hold with a web page; everything else hold. */
void siem_answer_http(siem_answer *answer, const siem_response *response);

/* The same, with what the body says in place of its beginning: a line, "" for nothing. */
void siem_answer_http_saying(siem_answer *answer, const siem_response *response, const char *said);

/* The beginning of a response's body as one printable line, for messages; nothing of one that
 * repeats a credential in other words. */
void siem_answer_excerpt(const siem_response *response, char out[200]);

/* Masks the secrets of the request in the reasons: secrets that were escaped in the body are found
 * here. */
void siem_answer_mask(siem_answer *answer, const siem_request *request);

/* Holds a request that is refused as for a bad record, by an answer that does not have the form of
 * `whose`: it did not come from the target. */
void siem_answer_not_its_own(siem_answer *answer, const siem_response *response, const char *whose);

#endif
