/* shipment.h: the records of one request in flight: which of them must still be sent, and the
 * outcomes of the others. */
#ifndef SIEM_SHIPMENT_H
#define SIEM_SHIPMENT_H

#include "base/task_queue.h"
#include "delivery/packer.h"

/* Halving a range leaves one more; 64 bits can be halved 64 times. One more for a suspect, and some
 * for what blame.h divides. */
#define SIEM_MOST_RANGES 100

typedef enum siem_phase { SIEM_READY, SIEM_ACTIVE, SIEM_DONE } siem_phase;

typedef struct siem_range {
    size_t first, end;
    bool has_failed; /* by itself, as blame.h counts */
} siem_range;

/* How often a record failed with 5xx, and how often after others were taken. */
typedef struct siem_blame {
    uint8_t failures, rounds;
} siem_blame;

typedef struct siem_shipment {
    siem_item *items, *chosen;        /* all records, and the parcel's */
    siem_outcome *outcomes, *scratch; /* of all records, and of the parcel's */
    size_t *records;                  /* the parcel's, as indices of items */
    siem_blame *blames;               /* of all records */
    size_t capacity;                  /* of the six */
    size_t own;                       /* records of the parcel that are undecided: the first ones */
    size_t count;                     /* of items; 0: it is on no way */
    siem_range ranges[SIEM_MOST_RANGES]; /* still to be sent, the first one on top */
    size_t range_count;
    siem_parcel parcel;
    siem_phase phase;
    siem_task preparing;   /* the parcel, on another thread */
    const siem_sink *sink; /* that it is prepared for */
    bool is_offered;       /* the next parcel, to the threads that prepare */
    double not_before;
    double since;              /* when it was put on its way, in seconds of siem_clock */
    siem_position position;    /* that is reached with it */
    int64_t attempts;          /* in a row without success */
    unsigned too_much;         /* 429 in a row, each to a whole request */
    unsigned failed_in_turn;   /* requests that failed with 5xx as a whole, in a row */
    uint64_t delivered_before; /* by the target, when it was first sent or last failed */
    bool failed_whole;         /* so, the last answer */
    bool is_round;             /* others were taken since the failure before the last one */
    bool is_itemwise;          /* the last failure was in an answer about each record */
    bool is_blamed;            /* some record failed so */
    bool is_suspect;           /* one of its records may be what fails its requests */
    bool renewed;              /* its credential, since the last answer that did not refuse it */
} siem_shipment;

/* Sets the records to send: those of a request. Errors: SIEM_NO_MEMORY. */
siem_code siem_shipment_load(siem_shipment *shipment, const siem_request_items *request,
                             siem_error *err);

/* Makes a parcel of the first undecided records, at most `most`; false when there are none. When
 * the target stores a record once, however often it is sent, a stored record goes along with
 * records that fail alone: it shows whether the target takes any. */
bool siem_shipment_next(siem_shipment *shipment, size_t most, bool stores_once);

/* Makes the next parcel one of half as many records, or first the suspect alone: a record of the
 * parcel, -1: none. */
void siem_shipment_halve(siem_shipment *shipment, int suspect);

/* What an answer decided. */
typedef struct siem_decision {
    size_t decided;     /* records */
    size_t delivered;   /* of them */
    bool retry;         /* of some record */
    const char *remedy; /* of the first record that is held, as long as the answer lives; or NULL */
} siem_decision;

/* Applies the outcomes of the parcel's records. */
siem_decision siem_shipment_record(siem_shipment *shipment, siem_answer *answer);

/* Whether so many records were refused, and none taken, that the records cannot be the cause. All
 * are then undecided again. */
bool siem_shipment_absolve(siem_shipment *shipment);

/* Forgets its records. */
void siem_shipment_clear(siem_shipment *shipment);

/* Frees what it holds. */
void siem_shipment_release(siem_shipment *shipment);

#endif
