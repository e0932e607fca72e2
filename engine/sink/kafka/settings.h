/* settings.h: a sink that is a topic of Kafka, and what its options say.
 *
 * What needs librdkafka is in producer.c, census.c, client.c and verdict.c. A build without it has
 * producer_missing.c in their place. */
#ifndef SIEM_KAFKA_SETTINGS_H
#define SIEM_KAFKA_SETTINGS_H

#include "sink/kafka/label.h"
#include "sink/kafka/properties.h"
#include "sink/sink.h"

typedef struct siem_kafka_sink {
    siem_sink sink;
    char *brokers, *topic, *compress, *key, *headers;
    siem_texts given; /* properties, as "NAME=VALUE" */
    double timeout;
    int64_t batch_events, in_flight;
    siem_kafka_properties properties;
    siem_kafka_labels labels;
    struct siem_kafka_producer *producer;
    struct siem_kafka_census *census; /* NULL: nobody has counted */
} siem_kafka_sink;

#endif
