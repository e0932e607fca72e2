/* verdict.c: a table of the errors that time does not cure ("Kafka protocol guide", Error codes).
 */
#include "sink/kafka/verdict.h"

#define CREDENTIALS ": correct the credentials, by sasl and ssl properties"
#define RIGHTS      ": allow this user to write to it"
#define TOPIC       ": create the topic, or correct topic"
#define SETTINGS    ": correct the properties, or the topic's settings"

static const struct {
    rd_kafka_resp_err_t code;
    siem_kafka_fault fault;
} faults[] = {
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, {SIEM_UNDECIDED, ""}},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, {SIEM_UNDECIDED, ""}},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, {SIEM_REJECT, ""}},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, {SIEM_REJECT, ""}},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, {SIEM_REJECT, ""}},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, {SIEM_REJECT, ""}},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, {SIEM_REJECT, ""}},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, {SIEM_REJECT, ""}},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, {SIEM_HOLD, CREDENTIALS}},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, {SIEM_HOLD, CREDENTIALS}},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, {SIEM_HOLD, CREDENTIALS}},
    {RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, {SIEM_HOLD, CREDENTIALS}},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, {SIEM_HOLD, RIGHTS}},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, {SIEM_HOLD, RIGHTS}},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
     {SIEM_HOLD, ": allow this user to read in that group"}},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, {SIEM_HOLD, RIGHTS}},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, {SIEM_HOLD, TOPIC}},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, {SIEM_HOLD, TOPIC}},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, {SIEM_HOLD, TOPIC}},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, {SIEM_HOLD, TOPIC}},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, {SIEM_HOLD, SETTINGS}},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, {SIEM_HOLD, SETTINGS}},
    {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, {SIEM_HOLD, SETTINGS}},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, {SIEM_HOLD, ": choose another compress"}},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, {SIEM_HOLD, SETTINGS}},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, {SIEM_HOLD, SETTINGS}},
    {RD_KAFKA_RESP_ERR_SECURITY_DISABLED, {SIEM_HOLD, SETTINGS}},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, {SIEM_HOLD, SETTINGS}},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, {SIEM_HOLD, SETTINGS}},
};

siem_kafka_fault siem_kafka_fault_of(rd_kafka_resp_err_t code) {
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (faults[i].code == code) return faults[i].fault;
    }
    return (siem_kafka_fault){SIEM_RETRY, ""};
}
