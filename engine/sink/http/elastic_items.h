/* elastic_items.h: the verdict of each document in an answer of _bulk. */
#ifndef SIEM_ELASTIC_ITEMS_H
#define SIEM_ELASTIC_ITEMS_H

#include "sink/http/status.h"

#include <cjson/cJSON.h>

/* A member of an object that is text, or else `absent`. */
const char *siem_elastic_text(const cJSON *object, const char *name, const char *absent);

/* Whether a body is an error of Elasticsearch or OpenSearch itself about a whole request, and not
 * of a proxy or another server. */
bool siem_elastic_is_error(const cJSON *body);

/* The type of such an error, or of an item that failed; "" without one. */
const char *siem_elastic_error_type(const cJSON *failed);

/* As siem_answer_http, with the reason of such an error as its message. */
void siem_elastic_answer_http(siem_answer *answer, const siem_response *response);

/* Gives each document its verdict, by the text of an answer: a delivery, a refusal of the document,
 * or a set-up that is wrong. An answer that is not that of _bulk retries all. */
void siem_elastic_read_items(const char *text, size_t size, siem_answer *answer);

#endif
