/* refusals.h: why events were refused: a few groups of like reasons, each with its first events. */
#ifndef SIEM_REFUSALS_H
#define SIEM_REFUSALS_H

#include <oversight/siem.h>

/* Reasons with a count of their own; all further ones share one more. */
#define SIEM_MOST_REASONS 8

/* All 0: there is none. */
typedef struct siem_refusals {
    siem_reason list[SIEM_MOST_REASONS + 1];
    uint64_t keys[SIEM_MOST_REASONS]; /* of their texts without what differs from event to event */
    size_t count;
} siem_refusals;

/* Records that an event was refused. */
void siem_refusals_add(siem_refusals *reasons, const char *text, const char *event_id);

#endif
