/* parcel.h: the records of one request, on their way to a sink. */
#ifndef SIEM_PARCEL_H
#define SIEM_PARCEL_H

#include "sink/body.h"
#include "sink/http/lane.h"

/* One record of a batch. */
typedef struct siem_item {
    const siem_batch *batch;
    size_t record; /* its index */
} siem_item;

/* Belongs to the delivery, and keeps its address until the sink has released it. */
typedef struct siem_parcel {
    const siem_item *items; /* its records, in the order of the events */
    size_t count;
    siem_outcome *outcomes; /* room for one a record, for the answer */
    bool elsewhere;         /* it failed: it goes to another node, if the target has several */
    void *owner;            /* the delivery's */
    siem_body body;         /* its records, as they are sent */
    bool is_prepared;       /* the body is that of these records */
    /* What the sink notes of it. */
    void *state;           /* NULL: it has not begun */
    const siem_lane *lane; /* that it goes on; NULL: none */
    int64_t ticket;        /* of a request that is to be confirmed on its lane; -1: none */
    double since;          /* when the ticket was given, in seconds of siem_clock */
    unsigned credential;   /* which of the sink's credentials the request was written with */
} siem_parcel;

/* The line of record `index` of the parcel, without its line end. */
const char *siem_parcel_at(const siem_parcel *parcel, size_t index, size_t *size);

/* How many bytes the records have with their line ends. */
size_t siem_parcel_bytes(const siem_parcel *parcel);

/* The lines of the records from `index` on that are one after the other in memory; `*count` is how
 * many those are. */
const char *siem_parcel_lines(const siem_parcel *parcel, size_t index, size_t *count, size_t *size);

/* Forgets the body, as the records are others. */
void siem_parcel_unprepare(siem_parcel *parcel);

/* A batch of these records alone: that of the parcel, if it has no others, or a copy, which is then
 * `*copy`, to be closed by the caller. Errors: SIEM_NO_MEMORY. */
siem_code siem_parcel_batch(const siem_parcel *parcel, const siem_batch **out, siem_batch **copy,
                            siem_error *err);

#endif
