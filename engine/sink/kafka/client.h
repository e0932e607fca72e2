/* client.h: a handle of librdkafka, made as an account says, and what it reports. */
#ifndef SIEM_KAFKA_CLIENT_H
#define SIEM_KAFKA_CLIENT_H

#include "sink/kafka/rdkafka.h"
#include "sink/kafka/remarks.h"
#include "sink/kafka/settings.h"

typedef struct siem_kafka_client {
    const siem_kafka_account *account;
    rd_kafka_t *handle; /* NULL: there is none */
    siem_kafka_remarks remarks;
    char cause[SIEM_CAUSE_SIZE]; /* of the last error that answers no request; "": none */
    bool is_refused;             /* by it: the brokers do not take the credentials */
    bool is_down;                /* all brokers were, when one was tried last */
    void (*report)(struct siem_kafka_client *client, const rd_kafka_message_t *message);
    void (*rebalance)(struct siem_kafka_client *client, rd_kafka_resp_err_t change,
                      const rd_kafka_topic_partition_list_t *partitions);
    void *context;
} siem_kafka_client;

/* Prepares an empty client. */
void siem_kafka_client_prepare(siem_kafka_client *client, const siem_kafka_account *account);

/* Loads librdkafka, and checks the properties by a configuration that is not used. Errors:
 * SIEM_INVALID, SIEM_IO. */
siem_code siem_kafka_client_check(siem_kafka_client *client, rd_kafka_type_t type, siem_error *err);

/* Makes the handle: of a producer, whose delivery reports go to `report`; or of a consumer, which
 * learns by `rebalance` what its group gives to it and takes from it.
 * Signals reach none of its threads. Errors: SIEM_HELD. */
siem_code siem_kafka_client_open(siem_kafka_client *client, rd_kafka_type_t type, siem_error *err);

/* The number of partitions of a topic, asked for so long. A consumer's handle makes no topic by
 * asking. */
rd_kafka_resp_err_t siem_kafka_client_count_partitions(const siem_kafka_client *client,
                                                       const char *name, int milliseconds,
                                                       int32_t *count);

/* Forgets errors that answered no request. */
void siem_kafka_client_forget(siem_kafka_client *client);

/* Makes what was logged a remark of the account. */
void siem_kafka_client_remark(siem_kafka_client *client);

/* Ends the threads of the handle, and forgets what they reported. */
void siem_kafka_client_close(siem_kafka_client *client);

/* Frees what an empty client holds. */
void siem_kafka_client_free(siem_kafka_client *client);

#endif
