/* standing.c: a consumer that asks and reads nothing. */
#include "topic/standing.h"

#include "base/error.h"
#include "sink/kafka/client.h"
#include "sink/kafka/verdict.h"
#include "topic/progress.h"

#include <stdlib.h>

#define ASK_MS 5000 /* for each answer */

/* Nothing is given to a consumer that does not subscribe. */
static void ignore_change(siem_kafka_client *client, rd_kafka_resp_err_t change,
                          const rd_kafka_topic_partition_list_t *partitions) {
    (void)client, (void)change, (void)partitions;
}

/* Where no offset is committed, the group begins at the oldest message. */
static rd_kafka_resp_err_t ask_one(const siem_kafka_client *client,
                                   const rd_kafka_topic_partition_t *committed,
                                   siem_partition *out) {
    int64_t low, high;
    rd_kafka_resp_err_t code = committed->err;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    code = siem_rdkafka.query_watermark_offsets(client->handle, committed->topic,
                                                committed->partition, &low, &high, ASK_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    *out = siem_progress_of(committed->partition, committed->offset, low, high);
    return code;
}

static rd_kafka_resp_err_t ask(const siem_kafka_client *client,
                               rd_kafka_topic_partition_list_t *list, siem_partition *out) {
    rd_kafka_resp_err_t code = siem_rdkafka.committed(client->handle, list, ASK_MS);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
        code = ask_one(client, &list->elems[i], &out[i]);
    }
    return code;
}

static siem_code fail(siem_kafka_client *client, const char *topic, rd_kafka_resp_err_t code,
                      siem_error *err) {
    (void)siem_rdkafka.poll(client->handle, 0); /* errors that are nobody's answer */
    if (client->is_refused) code = RD_KAFKA_RESP_ERR__AUTHENTICATION;
    const siem_kafka_fault fault = siem_kafka_fault_of(code);
    bool is_away = fault.verdict != SIEM_HOLD;
    return siem_error_set(err, is_away ? SIEM_UNAVAILABLE : SIEM_HELD, "%s: topic %s: %s%s",
                          client->account->name, topic,
                          client->cause[0] != '\0' ? client->cause : siem_rdkafka.err2str(code),
                          is_away ? ": no broker says how far the group is" : fault.advice);
}

/* Of so many partitions. */
static siem_code read_all(siem_partition **out, const siem_kafka_client *client, const char *topic,
                          int32_t count, rd_kafka_resp_err_t *code, siem_error *err) {
    *out = calloc((size_t)count, sizeof **out);
    if (*out == NULL) return siem_error_no_memory(err);
    rd_kafka_topic_partition_list_t *list = siem_rdkafka.topic_partition_list_new(count);
    for (int32_t i = 0; i < count; i++) {
        (void)siem_rdkafka.topic_partition_list_add(list, topic, i);
    }
    *code = ask(client, list, *out);
    siem_rdkafka.topic_partition_list_destroy(list);
    return SIEM_OK;
}

siem_code siem_standing_read(siem_partition **out, size_t *count, const siem_kafka_account *account,
                             const char *topic, siem_error *err) {
    siem_kafka_client client;
    int32_t partitions = 0;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    *out = NULL;
    *count = 0;
    siem_kafka_client_prepare(&client, account);
    client.rebalance = ignore_change;
    siem_code rc = siem_kafka_client_open(&client, RD_KAFKA_CONSUMER, err);
    if (rc != SIEM_OK) goto out;
    code = siem_kafka_client_count_partitions(&client, topic, ASK_MS, &partitions);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rc = read_all(out, &client, topic, partitions, &code, err);
    }
    if (rc == SIEM_OK && code != RD_KAFKA_RESP_ERR_NO_ERROR) rc = fail(&client, topic, code, err);
    if (rc == SIEM_OK) *count = (size_t)partitions;
out:
    if (rc != SIEM_OK) {
        free(*out);
        *out = NULL;
    }
    siem_kafka_client_close(&client);
    siem_kafka_client_free(&client);
    return rc;
}
