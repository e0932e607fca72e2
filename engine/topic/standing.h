/* standing.h: how far a group is in a topic, as the brokers know it.
 *
 * Whoever asks is not a member of the group. standing_missing.c is for a build without librdkafka.
 */
#ifndef SIEM_STANDING_H
#define SIEM_STANDING_H

#include "sink/kafka/settings.h"

/* All partitions of the topic, by number; `*out` is the caller's, to be freed. Errors:
 * SIEM_UNAVAILABLE while no broker answers, SIEM_HELD, SIEM_NO_MEMORY. */
siem_code siem_standing_read(siem_partition **out, size_t *count, const siem_kafka_account *account,
                             const char *topic, siem_error *err);

#endif
