/* group.h: a member of a group of consumers, and what it has read of a topic.
 *
 * The group shares the partitions of the topic among its members. When it takes some from this
 * one, the member has a few seconds to deliver what it has read of them. What is not done by then
 * is read again by another member. group_missing.c is for a build without librdkafka. */
#ifndef SIEM_GROUP_H
#define SIEM_GROUP_H

#include "sink/kafka/settings.h"
#include "topic/ledger.h"

typedef struct siem_group siem_group;

/* `handover`: seconds, see above. What is given must outlive it. Errors: SIEM_INVALID for a
 * property; SIEM_IO without librdkafka; SIEM_NO_MEMORY. */
siem_code siem_group_open(siem_group **out, const siem_kafka_account *account, const char *topic,
                          double handover, siem_error *err);

/* Before it joins: whether it ends where the partitions end when it gets them. */
void siem_group_set_ends(siem_group *group, bool ends);

/* The next message, whose bytes are borrowed until the next call. The first call joins the group.
 * SIEM_END: there is none now, or partitions are to be released first. Errors: SIEM_UNAVAILABLE
 * while no broker is there, SIEM_HELD, SIEM_NO_MEMORY. */
siem_code siem_group_take(siem_group *group, siem_message *message, siem_error *err);

/* Releases what the group takes away, if all of it is done, and waits for a message. SIEM_END:
 * there is none. Errors: SIEM_UNAVAILABLE, SIEM_HELD. */
siem_code siem_group_wait(siem_group *group, int milliseconds, siem_error *err);

/* Stays a member while nothing is read. */
void siem_group_tend(siem_group *group);

/* Whether the group takes partitions away. */
bool siem_group_is_leaving(const siem_group *group);

/* Whether it ends, and has given all messages up to the ends of its partitions. */
bool siem_group_is_over(const siem_group *group);

/* All messages up to that number are done, and the group is to know. `waits`: until it does, for
 * some seconds. Errors: SIEM_IO, also of an earlier call. */
siem_code siem_group_commit(siem_group *group, int64_t number, bool waits, siem_error *err);

/* Reads again what comes after that number. */
void siem_group_rewind(siem_group *group, int64_t number);

/* What is left of the partitions that are its own. Never waits. */
siem_lag siem_group_lag(siem_group *group);

/* Partition `index` of those that are its own; false beyond the last. Never waits. */
bool siem_group_partition(siem_group *group, size_t index, siem_partition *out);

/* Is a member no longer. The next siem_group_take joins again. */
void siem_group_leave(siem_group *group);

/* NULL is allowed. */
void siem_group_close(siem_group *group);

#endif
