/* ledger.h: which messages were read, and which of them are done.
 *
 * Messages of all partitions are numbered in the order in which they are read. All numbers up to
 * one are done at the same time; what is to be committed is then known for each partition. */
#ifndef SIEM_LEDGER_H
#define SIEM_LEDGER_H

#include "topic/message.h"

typedef struct siem_ledger siem_ledger;

/* A partition that this member has read. Offsets are those of the next message; -1: none. */
typedef struct siem_share {
    int32_t partition;
    int64_t start;     /* of the first message that was read, or would be */
    int64_t done;      /* up to there this member has done all; it stays after a loss, */
    int64_t committed; /* up to there the group knows that; likewise, */
    int64_t end;       /* and where reading ends; likewise */
    bool is_held;      /* the partition is this member's */
    bool is_read;      /* up to its end */
} siem_share;

siem_code siem_ledger_open(siem_ledger **out, siem_error *err);

/* The partition is this member's from here on, and the group has committed that offset; -1: none,
 * or unknown. Its `start` is where reading begins: there, or after what this member has done
 * before, when the group does not know it. Errors: SIEM_NO_MEMORY. */
siem_code siem_ledger_hold(siem_ledger *ledger, int32_t partition, int64_t committed,
                           siem_error *err);

/* It is not: what of it is not done is another member's. */
void siem_ledger_drop(siem_ledger *ledger, int32_t partition);

/* Numbers the next message: 1, 2, 3 ... Errors: SIEM_NO_MEMORY. */
siem_code siem_ledger_add(siem_ledger *ledger, const siem_message_place *place, int64_t *number,
                          siem_error *err);

/* All messages up to that number are done. */
void siem_ledger_settle(siem_ledger *ledger, int64_t number);

/* Messages after that number are read again, with other numbers: `restart` is called with the first
 * one of each partition. */
typedef void (*siem_restart_function)(void *context, int32_t partition, int64_t offset);
void siem_ledger_rewind(siem_ledger *ledger, int64_t number, siem_restart_function restart,
                        void *context);

/* No partition is this member's, and nothing is known of any. */
void siem_ledger_forget(siem_ledger *ledger);

/* Whether this member has done more, of any partition, than the group knows. */
bool siem_ledger_is_ahead(const siem_ledger *ledger);

/* How many numbers are not done. */
size_t siem_ledger_open_count(const siem_ledger *ledger);

/* The time of the first message that is not done; 0: unknown, or there is none. */
int64_t siem_ledger_oldest(const siem_ledger *ledger);

/* Share `index`, or NULL beyond the last; borrowed until the next siem_ledger_hold. */
siem_share *siem_ledger_share(siem_ledger *ledger, size_t index);

/* The share of a partition, or NULL. */
siem_share *siem_ledger_find(siem_ledger *ledger, int32_t partition);

/* NULL is allowed. */
void siem_ledger_close(siem_ledger *ledger);

#endif
