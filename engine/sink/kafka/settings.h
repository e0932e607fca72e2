/* settings.h: a sink that is a topic of Kafka, and what its options say.
 *
 * What needs librdkafka is in producer.c, census.c, client.c and verdict.c. A build without it has
 * producer_missing.c in their place. */
#ifndef SIEM_KAFKA_SETTINGS_H
#define SIEM_KAFKA_SETTINGS_H

#include "sink/kafka/label.h"
#include "sink/kafka/properties.h"
#include "sink/sink.h"

/* Who connects to brokers, and how. What it points to outlives its clients. */
typedef struct siem_kafka_account {
    const char *name; /* in messages */
    const char *brokers;
    const char *compress; /* of a producer */
    const char *group;    /* of a member of a group; NULL: of a consumer that is in none */
    const siem_kafka_properties *properties;
    void (*remark)(void *context, const char *text);
    void *context;
} siem_kafka_account;

typedef struct siem_kafka_sink {
    siem_sink sink;
    siem_kafka_account account;
    char *brokers, *topic, *compress, *key, *headers;
    siem_texts given; /* properties, as "NAME=VALUE" */
    double timeout;
    int64_t batch_events, in_flight;
    siem_kafka_properties properties;
    siem_kafka_labels labels;
    struct siem_kafka_producer *producer;
    struct siem_kafka_census *census; /* NULL: not counted yet */
} siem_kafka_sink;

#endif
