/* deadletter.h: what a refusal holds beyond an event and a reason. */
#ifndef SIEM_DEADLETTER_H
#define SIEM_DEADLETTER_H

#include <oversight/siem.h>

typedef struct siem_refusal {
    const char *event_id;
    const char *format;
    const char *reason;
    const char *sink;   /* the kind that refused the record; NULL: there is no record */
    int http_status;    /* 0: none */
    int code;           /* the protocol's own, -1: none */
    const char *source; /* JSON of the event; NULL: it is not known */
    size_t source_size;
    const char *record; /* JSON of the record; NULL: there is none */
    size_t record_size;
} siem_refusal;

/* Appends a line. Errors: SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_deadletter_add(siem_deadletter *deadletter, const siem_refusal *refusal,
                              siem_error *err);

#endif
