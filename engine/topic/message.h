/* message.h: a message of a topic, and where it is there. */
#ifndef SIEM_MESSAGE_H
#define SIEM_MESSAGE_H

#include <oversight/siem.h>

typedef struct siem_message_place {
    int64_t offset;
    int64_t time; /* of the message, in milliseconds since 1970; 0: unknown */
    int32_t partition;
} siem_message_place;

typedef struct siem_message {
    const char *bytes;
    size_t size;
    siem_message_place place;
    int64_t number; /* siem_ledger_add */
} siem_message;

#endif
