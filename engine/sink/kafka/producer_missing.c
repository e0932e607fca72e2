/* producer_missing.c: of a build without librdkafka. No sink of this kind can be opened. */
#include "base/feature.h"
#include "sink/kafka/census.h"
#include "sink/kafka/producer.h"

siem_code siem_kafka_producer_open(siem_kafka_producer **out, siem_kafka_sink *owner,
                                   siem_error *err) {
    (void)owner;
    *out = NULL;
    return siem_feature_missing(err, "kafka");
}

siem_code siem_kafka_producer_begin(siem_kafka_producer *producer, siem_parcel *parcel,
                                    siem_error *err) {
    (void)producer, (void)parcel;
    return siem_feature_missing(err, "kafka");
}

void siem_kafka_producer_wait(siem_kafka_producer *producer, int milliseconds) {
    (void)producer, (void)milliseconds;
}

siem_parcel *siem_kafka_producer_next(siem_kafka_producer *producer, siem_answer *answer) {
    (void)producer, (void)answer;
    return NULL;
}

void siem_kafka_producer_release(siem_kafka_producer *producer, siem_parcel *parcel) {
    (void)producer, (void)parcel;
}

siem_code siem_kafka_producer_ping(siem_kafka_producer *producer, char answer[200],
                                   siem_error *err) {
    (void)producer, (void)answer;
    return siem_feature_missing(err, "kafka");
}

void siem_kafka_producer_close(siem_kafka_producer *producer) {
    (void)producer;
}

siem_code siem_kafka_census_open(siem_kafka_census **out, siem_kafka_sink *owner, siem_error *err) {
    (void)owner;
    *out = NULL;
    return siem_feature_missing(err, "kafka");
}

siem_code siem_kafka_census_count(siem_kafka_census *census, const siem_count *count,
                                  siem_error *err) {
    (void)census, (void)count;
    return siem_feature_missing(err, "kafka");
}

void siem_kafka_census_close(siem_kafka_census *census) {
    (void)census;
}
