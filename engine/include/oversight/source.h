/* source.h: where events come from, besides registries. The chapter of siem.h on sources, which
 * includes this file and whose conventions hold here. Since 0.2.0. */
#ifndef OVERSIGHT_SOURCE_H
#define OVERSIGHT_SOURCE_H

#ifndef OVERSIGHT_SIEM_H
#error "include <oversight/siem.h>"
#endif

/* A source of raw events, as the format `event` writes them, from any number of registries. */
typedef struct siem_source siem_source;

/* How far a group is in a partition of its topic. */
typedef struct siem_partition {
    int64_t offset; /* of the first message that is not done; -1: unknown, or the group is new */
    int64_t end;    /* the offset that the next message of the topic will have; -1: unknown */
    int64_t lag;    /* messages that are not done; -1: unknown */
    int32_t number; /* from 0 */
} siem_partition;

/* Opens a source of a kind. "kafka": the events of a topic, as a member of a group of consumers,
 * with these options:
 *   brokers   required: HOST:PORT,... of some brokers
 *   topic     required
 *   group     required: the members of a group share the partitions of the topic
 *   kafka     a property of librdkafka as NAME=VALUE, any number of times; the value of a password
 *             is file:PATH, env:NAME or cmd:COMMAND
 *   handover  seconds that a member may take to deliver what it has read, before another one reads
 *             it again; 10 by default
 * Nothing is connected before an export reads it. Errors: SIEM_INVALID, naming the option;
 * SIEM_NOT_FOUND for another kind; SIEM_IO without librdkafka; those of a secret;
 * SIEM_NO_MEMORY. */
SIEM_API siem_code siem_source_open(siem_source **out, const char *kind, const siem_option *options,
                                    size_t option_count, siem_error *err);

/* Exports the events of a source, and continues with events that are added. When the progress
 * function returns false, it ends with SIEM_CANCELLED. The source keeps the position: no member of
 * the group reads again what the sink has confirmed or the dead letter has. After a crash, at most
 * what was read since is delivered twice. A message that is not a raw event is refused, as on_error
 * says; its event id names topic, partition and offset. The export waits for targets and brokers
 * that are down. While 4,096 messages or more are left, `jobs` threads render, and records come in
 * the order of one. Errors: as
 * siem_export_follow; SIEM_INVALID for an export with a checkpoint, `after` or `tlog`; SIEM_HELD
 * when the brokers refuse the credentials, or the topic does not exist.
 */
SIEM_API siem_code siem_export_consume(siem_export *export_, siem_source *source, siem_error *err);

/* The same, up to the end that each partition has when this member gets it: then SIEM_OK.
 * Partitions that other members have are theirs to export. A target that is down is tried as often
 * as its options say, and brokers that are down are not waited for. Errors: as siem_export_consume;
 * SIEM_UNAVAILABLE. */
SIEM_API siem_code siem_export_drain(siem_export *export_, siem_source *source, siem_error *err);

/* Asks the brokers how far the group is, with or without members, within seconds. The source must
 * not be read meanwhile. Errors: SIEM_UNAVAILABLE while no broker answers, SIEM_HELD as
 * siem_export_consume, SIEM_INVALID, SIEM_NO_MEMORY. */
SIEM_API siem_code siem_source_ask(siem_source *source, siem_error *err);

/* Partition `index`: while an export reads the source, of those that are this member's, for its
 * progress function; after siem_source_ask, of all. NULL beyond the last. Borrowed until the next
 * call with the source. Never waits. */
SIEM_API const siem_partition *siem_source_partition(siem_source *source, size_t index);

/* Closes a source that no export reads. NULL is allowed. Since 0.2.0. */
SIEM_API void siem_source_close(siem_source *source);

#endif
