/* told.h: a sink that answers as a test tells it, and deliveries of events to it. What happens is
 * kept as text. */
#ifndef SIEM_TEST_TOLD_H
#define SIEM_TEST_TOLD_H

#include "delivery/delivery.h"

#define TOLD_MOST 16 /* parcels in flight */

typedef struct told_sink told_sink;

struct told_sink {
    siem_sink sink;
    siem_sink_kind kind;
    siem_carrier carrier;
    /* Fills the answer to a parcel; before, all of its records are delivered. NULL: they are. */
    void (*reply)(told_sink *told, siem_parcel *parcel, siem_answer *answer);
    /* NULL: SIEM_OK. */
    siem_code (*settle)(const siem_settlement *settlement, siem_error *err);
    const char *script; /* of told_reply */
    const char *record; /* of each event; {} at first */
    /* Parcels by their first events, " 1 4 ": that are not answered before so many waits, and that
     * cannot begin. NULL: none. */
    const char *held, *fails;
    size_t held_waits;
    size_t goes_on;               /* how often the caller lets it go on; 0: always */
    size_t replies, waits, rests; /* so far */
    siem_parcel *waiting[TOLD_MOST];
    size_t count;
    /* Each parcel's first and last event as it begins, "1-3 "; "*" goes elsewhere, and "?" asks for
     * a confirmation. */
    char begun[32768];
    char settled[4096];  /* "DR.@3 ": Delivered, Rejected, undecided; and the position, if known */
    char released[1024]; /* "+" settled, "-" cancelled */
    char notices[4096];  /* lines */
    siem_delivery *delivery;
};

/* A sink of that many requests at once, of that many records, with pauses of `pause` seconds. */
void told_open(told_sink *told, size_t in_flight, size_t batch_events, double pause);

/* Answers by the letters of the script, one a parcel: 'd' and after the last one delivered, 'r'
 * retried, 'a' again at once, 'h' halved, 'o' on hold, 'n' another credential, 'u' no verdict.
 * Upper case: the answer is about the target. */
void told_reply(told_sink *told, siem_parcel *parcel, siem_answer *answer);

/* A delivery; and the events `first` to `last`, as one batch. The last one is the
 * position that is reached. */
void told_begin(told_sink *told);
siem_code told_push(told_sink *told, int first, int last, siem_error *err);
siem_code told_end(told_sink *told, siem_error *err); /* finishes, and closes the delivery */

/* All of that, for events 1 to `last`. */
siem_code told_send(told_sink *told, int last, siem_error *err);

/* The number of an event of a parcel. */
int told_id(const siem_parcel *parcel, size_t index);

#endif
