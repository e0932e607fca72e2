/* elastic_setup.h: checks that the data stream or index exists, or a template that makes it.
 *
 * Without one, a node makes an index at the first document and guesses its mappings: nothing fails,
 * and every search is wrong. */
#ifndef SIEM_ELASTIC_SETUP_H
#define SIEM_ELASTIC_SETUP_H

#include "sink/http/status.h"

/* What is looked at next. */
typedef enum siem_elastic_step {
    SIEM_ELASTIC_NAME,      /* what has the name */
    SIEM_ELASTIC_TEMPLATES, /* nothing has it: which template would be used */
    SIEM_ELASTIC_LOOKED
} siem_elastic_step;

typedef struct siem_elastic_setup {
    const char *url;    /* of a node; borrowed */
    const char *target; /* borrowed */
    bool any_kind;      /* an index or an alias is allowed; else it must be a data stream */
    siem_elastic_step step;
} siem_elastic_setup;

/* Writes the question of the next step, without credentials. */
void siem_elastic_setup_write(const siem_elastic_setup *setup, siem_request *request);

/* Takes the next step. Holds when something is missing; the next attempt then begins with the first
 * step. Events are sent, after a remark, to a target that does not answer such questions, or not to
 * these credentials. */
void siem_elastic_setup_read(siem_elastic_setup *setup, const siem_response *response,
                             siem_answer *answer);

#endif
