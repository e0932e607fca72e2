/* strays.h: rows that are not what the leaf of their index says, until all rows are known. */
#ifndef SIEM_STRAYS_H
#define SIEM_STRAYS_H

#include "evidence/expected.h"
#include "evidence/findings.h"

typedef struct siem_stray {
    int64_t row, other;                    /* other: the leaf that the row would fit, or -1 */
    size_t place;                          /* of the leaf with its index */
    unsigned members;                      /* in which they differ; 0: the leaf is missing */
    siem_hash hashes[SIEM_LEAF_ENCODINGS]; /* of the leaf that the row must have */
} siem_stray;

/* All zero is an empty list. */
typedef struct siem_strays {
    siem_stray *items;
    size_t count, capacity;
} siem_strays;

/* Errors: SIEM_NO_MEMORY. */
siem_code siem_strays_add(siem_strays *strays, const siem_stray *stray, siem_error *err);

/* Reports all of them, each by its cause. A leaf that is missing is taken from its row when the
 * head's root proves it. Errors: SIEM_NO_MEMORY. */
siem_code siem_strays_settle(siem_strays *strays, siem_findings *findings, siem_tlog *log,
                             siem_error *err);

/* Reports one: its leaf is missing, or it would fit another leaf, or it differs from its own. */
void siem_report_stray(siem_findings *findings, siem_tlog *log, const siem_stray *stray);

void siem_strays_free(siem_strays *strays);

#endif
