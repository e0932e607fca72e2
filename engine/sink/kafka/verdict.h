/* verdict.h: what an error of Kafka means for a record. */
#ifndef SIEM_KAFKA_VERDICT_H
#define SIEM_KAFKA_VERDICT_H

#include <librdkafka/rdkafka.h>
#include <oversight/siem.h>

typedef struct siem_kafka_fault {
    siem_verdict verdict; /* SIEM_UNDECIDED: the message was taken back */
    const char *advice;   /* for SIEM_HOLD: what to do; "" for others */
} siem_kafka_fault;

siem_kafka_fault siem_kafka_fault_of(rd_kafka_resp_err_t code);

#endif
