/* position.h: how far an export is. */
#ifndef SIEM_POSITION_H
#define SIEM_POSITION_H

#include <stdint.h>

/* An event, and all before it. */
typedef struct siem_position {
    int64_t id;           /* of its row; 0: none */
    int64_t seconds;      /* when it occurred, since 1970; 0: unknown */
    uint64_t fingerprint; /* of siem_event_fingerprint, to recognize it; 0: unknown */
} siem_position;

#endif
