/* answer.h: what came of an attempt to send some records. */
#ifndef SIEM_ANSWER_H
#define SIEM_ANSWER_H

#include "sink/http/transport.h"

/* What is to be done with the records next. */
typedef enum siem_next {
    /* each record has its verdict */
    SIEM_TAKE_OUTCOMES,
    /* each half by itself, and before them the suspect, if there is one; a single record has the
     * verdict it was given */
    SIEM_HALVE,
    /* the same request once more, with the credential that is another one since; their verdict,
     * SIEM_HOLD, counts when that one is refused as well */
    SIEM_RENEWED,
    /* the server has the records, and tells later what became of them: it is asked after the pause,
     * by the parcel's ticket */
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
    int suspect;      /* of SIEM_HALVE: the record that is said to be at fault, -1: none */
    bool is_itemwise; /* the server has looked at each record, whatever became of the others */
    bool is_busy;     /* the server says that it takes nothing at the moment, whatever is sent */
    bool slow_down;   /* the server nears its limits */
    bool remark;      /* the reason is to be reported, although nothing failed */
} siem_answer;

/* An answer to be filled, for outcomes that are overwritten. */
siem_answer siem_answer_begin(siem_outcome *outcomes, size_t count);

/* Gives all records one verdict and reason, whatever was to be done with them. Reasons are made
 * printable, as servers have a say in them. */
__attribute__((format(printf, 3, 4))) void
siem_answer_all(siem_answer *answer, siem_verdict verdict, const char *format, ...);

/* Some record is at fault and nobody says which one: SIEM_HALVE, with SIEM_REJECT for one alone. */
__attribute__((format(printf, 2, 3))) void siem_answer_halve(siem_answer *answer,
                                                             const char *format, ...);

/* A request that is refused as one with a bad record is, by an answer that is not in the form of
 * `whose`: holds it, as nobody who knows the records has looked at them. */
void siem_answer_not_its_own(siem_answer *answer, const siem_response *response, const char *whose);

/* Adds to the reason of all records. */
void siem_answer_add_reason(siem_answer *answer, const char *more);

/* Gives record `index` a verdict, and for SIEM_REJECT and SIEM_HOLD a reason of its own. */
__attribute__((format(printf, 5, 6))) void siem_answer_one(siem_answer *answer, size_t index,
                                                           siem_verdict verdict, int http_status,
                                                           const char *format, ...);

/* What a status means where a protocol says nothing of its own (RFC 9110, 15): 2xx delivered, but
 * retry with a web page; transport faults that pass, 408, 425, 429 and 5xx retry; 413 halve; 400
 * and 422 halve, as some record is at fault, but hold with a web page; everything else hold. */
void siem_answer_http(siem_answer *answer, const siem_response *response);

/* The beginning of a response's body as one printable line, for messages; nothing of one that
 * repeats a credential in other words. */
void siem_answer_excerpt(const siem_response *response, char out[200]);

/* Masks in the reasons what is secret of the request: what was escaped in a response's body is
 * found here. */
void siem_answer_mask(siem_answer *answer, const siem_request *request);

/* Frees the reasons that nobody took over. */
void siem_answer_clear(siem_answer *answer);

#endif
