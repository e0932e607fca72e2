/* source.h: where events come from, besides registries. The chapter of siem.h on sources, which
 * includes this file and whose conventions hold here. Since 0.2.0. */
#ifndef OVERSIGHT_SOURCE_H
#define OVERSIGHT_SOURCE_H

#ifndef OVERSIGHT_SIEM_H
#error "include <oversight/siem.h>"
#endif

/* A source of raw events, as the format `event` writes them, from any number of registries. */
typedef struct siem_source siem_source;

/* Opens a source of a kind. "kafka": the events of a topic, as a member of a group of consumers,
 * with these options:
 *   brokers   required: HOST:PORT,... of some brokers
 *   topic     required
 *   group     required: the members of a group share the partitions of the topic
 *   kafka     a property of librdkafka as NAME=VALUE, any number of times; the value of a password
 *             is file:PATH, env:NAME or cmd:COMMAND
 *   handover  seconds that a member may take to deliver what it has read, before another one reads
 *             it again; 10 without
 * Nothing is connected before an export reads it. Errors: SIEM_INVALID, naming the option;
 * SIEM_NOT_FOUND for another kind; SIEM_IO without librdkafka; those of a secret;
 * SIEM_NO_MEMORY. */
SIEM_API siem_code siem_source_open(siem_source **out, const char *kind, const siem_option *options,
                                    size_t option_count, siem_error *err);

/* Exports the events of a source, and goes on with those that are added, until the progress
 * function says false: then SIEM_CANCELLED. The source keeps the position: what the sink has
 * confirmed, or the dead letter has, is not read again by any member of the group. After a crash,
 * at most what was read since is delivered twice. A message that is not a raw event is refused, as
 * on_error says; its event id names topic, partition and offset. Targets and brokers that are down
 * are waited for. Records are rendered on the calling thread, whatever `jobs` says. Errors: as
 * siem_export_follow; SIEM_INVALID for an export with a checkpoint, `after` or `tlog`; SIEM_HELD
 * when the brokers refuse the credentials, or the topic is not there.
 */
SIEM_API siem_code siem_export_consume(siem_export *export_, siem_source *source, siem_error *err);

/* Closes a source that no export reads. NULL is allowed. Since 0.2.0. */
SIEM_API void siem_source_close(siem_source *source);

#endif
