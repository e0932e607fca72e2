/* match.h: one event against the log. */
#ifndef SIEM_MATCH_H
#define SIEM_MATCH_H

#include "evidence/expected.h"
#include "evidence/log.h"

/* The index of an event's leaf, or one of these. */
#define SIEM_NEVER_LOGGED (-1)
#define SIEM_NO_INDEX     (-2) /* what is stored there is no index */
int64_t siem_leaf_index_of(const siem_event *event);

/* Whether one of the leaves with that index, which is 0 or more, is the expected one: its place. */
bool siem_log_match(const siem_tlog *log, const siem_expected *expected, int64_t index,
                    size_t *place);

/* The members in which a leaf differs (expected.h); 0: it says the same, in another encoding. */
unsigned siem_log_compare(siem_tlog *log, const siem_expected *expected, size_t place);

#endif
