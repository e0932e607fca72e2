/* producer.h: parcels on their way to a topic, each record a message, by librdkafka.
 *
 * Messages of one key arrive in the order in which parcels began. When one of them fails, all that
 * are not yet confirmed are taken back, so that none passes it. */
#ifndef SIEM_KAFKA_PRODUCER_H
#define SIEM_KAFKA_PRODUCER_H

#include "sink/kafka/settings.h"

typedef struct siem_kafka_producer siem_kafka_producer;

/* Checks what the options say. Nothing is sent, and no thread begins, before `begin` or `ping`.
 * Errors: SIEM_INVALID, naming the property at fault, or the feature that this build omits;
 * SIEM_NO_MEMORY. */
siem_code siem_kafka_producer_open(siem_kafka_producer **out, siem_kafka_sink *owner,
                                   siem_error *err);

/* As those of a siem_carrier. Records stay where they are until their parcel is released. Errors of
 * `begin`: SIEM_HELD for properties that fit no connection, SIEM_NO_MEMORY. */
siem_code siem_kafka_producer_begin(siem_kafka_producer *producer, siem_parcel *parcel,
                                    siem_error *err);
void siem_kafka_producer_wait(siem_kafka_producer *producer, int milliseconds);
siem_parcel *siem_kafka_producer_next(siem_kafka_producer *producer, siem_answer *answer);
void siem_kafka_producer_release(siem_kafka_producer *producer, siem_parcel *parcel);

/* As siem_sink_ping. */
siem_code siem_kafka_producer_ping(siem_kafka_producer *producer, char answer[200],
                                   siem_error *err);

/* NULL is allowed. */
void siem_kafka_producer_close(siem_kafka_producer *producer);

#endif
