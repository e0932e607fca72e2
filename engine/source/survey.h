/* survey.h: what is in a registry, for someone about to export it, found in one scan. */
#ifndef SIEM_SURVEY_H
#define SIEM_SURVEY_H

#include "source/ordering.h"

typedef struct siem_kind_count {
    siem_value kind;
    bool is_blob; /* a text that is stored as one */
    int64_t count;
} siem_kind_count;

/* An event has a time when its timestamp is a number, not 0, in the years 1 to 9999. */
typedef struct siem_survey {
    siem_ordering ordering;
    siem_value first, last;           /* times; null: no event has one */
    int64_t timeless, first_timeless; /* events without a time, and the first one's id */
    int64_t old, ahead;     /* events of two days ago or before, and of tomorrow or later */
    siem_kind_count *kinds; /* the most frequent one first */
    size_t kind_count;
    int64_t *days; /* events of each day from year 1 on, SIEM_DAYS of them */
} siem_survey;

#define SIEM_DAYS 3652059

/* The time in seconds at which day `index` of the survey begins. */
int64_t siem_survey_day(size_t index);

/* Scans the events of a range. `columns` are those of the table that can be read; `now` is in
 * seconds. Free the survey after use, also after a failure. Errors: as siem_ordering_read. */
siem_code siem_survey_read(siem_survey *survey, const siem_database *database,
                           const siem_range *range, const char *const *columns, int64_t now,
                           siem_error *err);

void siem_survey_free(siem_survey *survey);

#endif
