/* census.h: how often a topic has the records of events. */
#ifndef SIEM_KAFKA_CENSUS_H
#define SIEM_KAFKA_CENSUS_H

#include "sink/kafka/settings.h"

typedef struct siem_kafka_census siem_kafka_census;

siem_code siem_kafka_census_open(siem_kafka_census **out, siem_kafka_sink *owner, siem_error *err);

/* As siem_sink_count. Reads the topic from its beginning, and at later calls what is new since.
 * Records are known by their ids (label.h). Errors: SIEM_UNAVAILABLE, SIEM_HELD for a topic that is
 * missing or whose messages have no ids, SIEM_CANCELLED, SIEM_NO_MEMORY. */
siem_code siem_kafka_census_count(siem_kafka_census *census, const siem_count *count,
                                  siem_error *err);

/* NULL is allowed. */
void siem_kafka_census_close(siem_kafka_census *census);

#endif
