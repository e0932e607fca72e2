/* answer.h: the result of an attempt to send records. */
#ifndef SIEM_ANSWER_H
#define SIEM_ANSWER_H

#include <oversight/siem.h>

/* What is to be done with the records next. */
typedef enum siem_next {
    /* each record has its verdict */
    SIEM_TAKE_OUTCOMES,
    /* send the suspect alone, if there is one, and then each half; a single record keeps its
       verdict */
    SIEM_HALVE,
    /* the same request once more, with the changed credential; when that is refused as well, the
       verdict SIEM_HOLD counts */
    SIEM_RENEWED,
    /* the same parcel once more, from its beginning: none of it was sent */
    SIEM_AGAIN,
    /* the server has the records, and confirms them later: ask it after the pause, by the parcel's
       ticket */
    SIEM_CONFIRM
} siem_next;

/* Filled by a sink, for the records of one request. All begin as SIEM_UNDECIDED: a record that
 * stays so is sent again at once. */
typedef struct siem_answer {
    siem_outcome *outcomes; /* one a record */
    size_t count;
    int http_status;    /* of the response, 0: none */
    int code;           /* the protocol's own, -1: none */
    char reason[384];   /* for the records that have none of their own */
    double retry_after; /* seconds until a retry, negative: not told */
    siem_next next;
    int suspect;       /* of SIEM_HALVE: the record that may be at fault, -1: none */
    bool is_itemwise;  /* the server has judged each record by itself */
    bool is_busy;      /* the server says that it takes nothing at the moment */
    bool slow_down;    /* the server nears its limits */
    bool remark;       /* the reason is to be reported, although nothing failed */
    bool about_target; /* the fault is the target's or the set-up's: no record was sent */
} siem_answer;

/* An answer to be filled, for outcomes that are overwritten. */
siem_answer siem_answer_begin(siem_outcome *outcomes, size_t count);

/* Gives all records one verdict and reason. Reasons are made printable, because servers write parts
 * of them. */
__attribute__((format(printf, 3, 4))) void
siem_answer_all(siem_answer *answer, siem_verdict verdict, const char *format, ...);

/* Some record is at fault, and it is not known which: SIEM_HALVE, with SIEM_REJECT for a single
 * record. */
__attribute__((format(printf, 2, 3))) void siem_answer_halve(siem_answer *answer,
                                                             const char *format, ...);

/* Adds to the reason of all records. */
void siem_answer_add_reason(siem_answer *answer, const char *more);

/* Gives record `index` a verdict, and for SIEM_REJECT and SIEM_HOLD a reason of its own. */
__attribute__((format(printf, 5, 6))) void siem_answer_one(siem_answer *answer, size_t index,
                                                           siem_verdict verdict, int http_status,
                                                           const char *format, ...);

/* Frees the reasons that were not taken over. */
void siem_answer_clear(siem_answer *answer);

#endif
