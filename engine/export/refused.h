/* refused.h: the records that were refused since the position was saved. After a failure they may
 * be read again, and are then not refused twice. */
#ifndef SIEM_REFUSED_H
#define SIEM_REFUSED_H

#include <oversight/siem.h>

typedef struct siem_refused_record {
    int64_t id; /* of the event */
    unsigned part;
} siem_refused_record;

/* All 0: there is none. */
typedef struct siem_refused {
    siem_refused_record *list; /* in the order of ids and parts */
    size_t count, capacity;
} siem_refused;

bool siem_refused_has(const siem_refused *refused, int64_t id, unsigned part);

/* Adds a record that it does not have. Errors: SIEM_NO_MEMORY. */
siem_code siem_refused_add(siem_refused *refused, int64_t id, unsigned part, siem_error *err);

/* Forgets those of all events up to that id, which are not read again. */
void siem_refused_forget(siem_refused *refused, int64_t id);

/* Forgets all, and frees what it holds. */
void siem_refused_clear(siem_refused *refused);

#endif
