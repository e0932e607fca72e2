/* witness.h: one event against the log. */
#ifndef SIEM_WITNESS_H
#define SIEM_WITNESS_H

#include "evidence/log.h"

/* The index of an event's leaf, or one of these. */
#define SIEM_NEVER_LOGGED (-1)
#define SIEM_NO_INDEX     (-2) /* what is stored there is no index */
int64_t siem_leaf_index_of(const siem_event *event);

/* Whether one of the leaves with that index, which is 0 or more, is the expected one: its place. */
bool siem_log_match(const siem_tlog *log, const siem_expected *expected, int64_t index,
                    size_t *place);

/* The members in which a leaf differs from what the witness expects (expected.h); 0: it says the
 * same, in another encoding. */
unsigned siem_log_compare(const siem_tlog *log, size_t place, siem_witness *witness);

/* Sets the fields of an event that come from a log, on any thread: they are borrowed from the
 * witness until its next event. Errors: SIEM_UNPROVED as siem_tlog_find, with the fields set; those
 * of siem_tlog_grow, because newer leaves are read for a newer event; SIEM_NO_MEMORY. */
siem_code siem_witness_testify(siem_witness *witness, siem_tlog *log, siem_event *event,
                               siem_error *err);

#endif
