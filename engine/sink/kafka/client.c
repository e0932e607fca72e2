/* client.c: configurations, threads and logs of librdkafka. */
#include "sink/kafka/client.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"

#include <signal.h>
#include <string.h>

/* ---- log ---- */

/* Called on any thread. */
static void add_log(const rd_kafka_t *handle, int level, const char *facility, const char *text) {
    siem_kafka_client *client = siem_rdkafka.opaque(handle);
    (void)level; /* log_level decides */
    siem_kafka_remarks_add(&client->remarks, siem_clock(), facility, text);
}

void siem_kafka_client_remark(siem_kafka_client *client) {
    char text[SIEM_CAUSE_SIZE];
    if (!siem_kafka_remarks_take(&client->remarks, text)) return;
    siem_kafka_properties_mask(client->account->properties, text);
    client->account->remark(client->account->context, text);
}

/* ---- what is polled ---- */

/* A certificate that is refused stays so; a connection that broke while it was made does not. */
static bool refuses(rd_kafka_resp_err_t code, const char *reason) {
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
           (code == RD_KAFKA_RESP_ERR__SSL && strstr(reason, "verify failed") != NULL);
}

static void note_error(rd_kafka_t *handle, int code, const char *reason, void *opaque) {
    siem_kafka_client *client = opaque;
    char fatal[SIEM_CAUSE_SIZE];
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        client->is_down = true;
        if (client->cause[0] != '\0') return;
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        (void)siem_rdkafka.fatal_error(handle, fatal, sizeof fatal);
        reason = fatal;
    }
    siem_utf8_line(client->cause, sizeof client->cause, reason);
    siem_kafka_properties_mask(client->account->properties, client->cause);
    client->is_refused = client->is_refused || refuses(code, reason);
}

static void note_report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque) {
    siem_kafka_client *client = opaque;
    (void)handle;
    client->report(client, message);
}

static void note_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t change,
                           rd_kafka_topic_partition_list_t *partitions, void *opaque) {
    siem_kafka_client *client = opaque;
    (void)handle;
    client->rebalance(client, change, partitions);
}

/* ---- configuration ---- */

static siem_code set(rd_kafka_conf_t *conf, const siem_kafka_client *client, const char *option,
                     const char *name, const char *value, siem_error *err) {
    char reason[SIEM_CAUSE_SIZE];
    if (siem_rdkafka.conf_set(conf, name, value, reason, sizeof reason) == RD_KAFKA_CONF_OK) {
        return SIEM_OK;
    }
    siem_kafka_properties_mask(client->account->properties, reason);
    return siem_error_of_option(err, SIEM_INVALID, option, "%s: %s", option, reason);
}

typedef struct setting {
    const char *name, *value;
} setting;

static siem_code set_all(rd_kafka_conf_t *conf, const siem_kafka_client *client,
                         const setting *settings, size_t count, siem_error *err) {
    siem_code rc = SIEM_OK;
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        rc = set(conf, client, "kafka", settings[i].name, settings[i].value, err);
    }
    return rc;
}

/* Keys go to the partitions that Java's clients choose. How much is in flight, and how long it may
 * take, a delivery decides. While more records come, requests are filled: the producer sends what
 * there is as soon as none do. */
static const setting of_producers[] = {{"enable.idempotence", "true"},
                                       {"acks", "all"},
                                       {"linger.ms", "20"},
                                       {"partitioner", "murmur2_random"},
                                       {"message.timeout.ms", "0"},
                                       {"topic.metadata.propagation.max.ms", "10000"},
                                       {"queue.buffering.max.messages", "0"},
                                       {"queue.buffering.max.kbytes", "2147483647"}};

/* A question waits for the fetch before it on the same connection. */
static const setting of_consumers[] = {
    {"group.id", "oversight-siem-reconcile"}, {"fetch.wait.max.ms", "10"},
    {"enable.auto.commit", "false"},          {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},         {"auto.offset.reset", "earliest"}};

/* What is read and not done is bounded by what is fetched ahead. */
static const setting of_members[] = {{"auto.offset.reset", "earliest"},
                                     {"queued.max.messages.kbytes", "16384"}};

/* What a member's promises depend on: no property overrides it. */
static const setting fixed_of_members[] = {{"enable.auto.commit", "false"},
                                           {"enable.auto.offset.store", "false"},
                                           {"enable.partition.eof", "true"}};

static const setting of_all[] = {
    {"client.id", "oversight-siem"}, {"log_level", "4"}, {"log.connection.close", "false"}};

static bool is_of_producers(const char *name) {
    for (size_t i = 0; i < sizeof of_producers / sizeof *of_producers; i++) {
        if (strcmp(of_producers[i].name, name) == 0) return true;
    }
    return false;
}

static siem_code check_of_member(const char *name, siem_error *err) {
    bool is_fixed = strcmp(name, "group.id") == 0;
    for (size_t i = 0; i < sizeof fixed_of_members / sizeof *fixed_of_members; i++) {
        is_fixed = is_fixed || strcmp(fixed_of_members[i].name, name) == 0;
    }
    if (!is_fixed) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, "kafka",
                                "kafka %s: the source sets it, as it commits what is done", name);
}

static siem_code set_given(rd_kafka_conf_t *conf, const siem_kafka_client *client,
                           rd_kafka_type_t type, siem_error *err) {
    const siem_kafka_properties *given = client->account->properties;
    siem_code rc = SIEM_OK;
    for (size_t i = 0; rc == SIEM_OK && i < given->count; i++) {
        const siem_kafka_property *property = &given->list[i];
        if (type == RD_KAFKA_CONSUMER && is_of_producers(property->name)) continue;
        if (client->account->group != NULL) rc = check_of_member(property->name, err);
        if (rc != SIEM_OK) break;
        rc = set(conf, client, "kafka", property->name, siem_kafka_property_value(property), err);
    }
    return rc;
}

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

static siem_code set_role(rd_kafka_conf_t *conf, const siem_kafka_client *client,
                          rd_kafka_type_t type, siem_error *err) {
    const char *group = client->account->group;
    if (type == RD_KAFKA_PRODUCER) {
        return set_all(conf, client, of_producers, COUNT_OF(of_producers), err);
    }
    if (group == NULL) return set_all(conf, client, of_consumers, COUNT_OF(of_consumers), err);
    siem_rdkafka.conf_set_rebalance_cb(conf, note_rebalance);
    siem_code rc = set(conf, client, "group", "group.id", group, err);
    if (rc == SIEM_OK) {
        rc = set_all(conf, client, fixed_of_members, COUNT_OF(fixed_of_members), err);
    }
    return rc == SIEM_OK ? set_all(conf, client, of_members, COUNT_OF(of_members), err) : rc;
}

static siem_code configure(rd_kafka_conf_t *conf, siem_kafka_client *client, rd_kafka_type_t type,
                           siem_error *err) {
    const siem_kafka_account *account = client->account;
    bool produces = type == RD_KAFKA_PRODUCER;
    siem_rdkafka.conf_set_opaque(conf, client);
    siem_rdkafka.conf_set_log_cb(conf, add_log);
    siem_rdkafka.conf_set_error_cb(conf, note_error);
    if (produces) siem_rdkafka.conf_set_dr_msg_cb(conf, note_report);
    siem_code rc = set_all(conf, client, of_all, COUNT_OF(of_all), err);
    if (rc == SIEM_OK) rc = set_role(conf, client, type, err);
    if (rc == SIEM_OK)
        rc = set(conf, client, "brokers", "bootstrap.servers", account->brokers, err);
    if (rc == SIEM_OK && produces) {
        rc = set(conf, client, "compress", "compression.codec", account->compress, err);
    }
    return rc == SIEM_OK ? set_given(conf, client, type, err) : rc;
}

siem_code siem_kafka_client_check(siem_kafka_client *client, rd_kafka_type_t type,
                                  siem_error *err) {
    siem_code rc = siem_rdkafka_load(err);
    if (rc != SIEM_OK) return rc;
    rd_kafka_conf_t *conf = siem_rdkafka.conf_new();
    rc = configure(conf, client, type, err);
    siem_rdkafka.conf_destroy(conf);
    return rc;
}

/* ---- life ---- */

void siem_kafka_client_prepare(siem_kafka_client *client, const siem_kafka_account *account) {
    *client = (siem_kafka_client){.account = account};
    siem_kafka_remarks_open(&client->remarks);
}

/* Threads have the mask of the one that makes them. */
static rd_kafka_t *make_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *reason,
                               size_t room) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rd_kafka_t *handle = siem_rdkafka.new(type, conf, reason, room);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return handle;
}

siem_code siem_kafka_client_open(siem_kafka_client *client, rd_kafka_type_t type, siem_error *err) {
    char reason[SIEM_CAUSE_SIZE];
    rd_kafka_conf_t *conf = siem_rdkafka.conf_new();
    siem_code rc = configure(conf, client, type, err);
    client->handle = rc == SIEM_OK ? make_handle(type, conf, reason, sizeof reason) : NULL;
    if (client->handle != NULL) return SIEM_OK;
    siem_rdkafka.conf_destroy(conf);
    if (rc != SIEM_OK) return rc;
    siem_kafka_properties_mask(client->account->properties, reason);
    return siem_error_of_option(err, SIEM_HELD, "kafka", "%s: %s", client->account->name, reason);
}

rd_kafka_resp_err_t siem_kafka_client_count_partitions(const siem_kafka_client *client,
                                                       const char *name, int milliseconds,
                                                       int32_t *count) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = siem_rdkafka.topic_new(client->handle, name, NULL);
    if (topic == NULL) return siem_rdkafka.last_error();
    rd_kafka_resp_err_t code =
        siem_rdkafka.metadata(client->handle, 0, topic, &metadata, milliseconds);
    siem_rdkafka.topic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    *count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    if (metadata->topic_cnt == 1) code = metadata->topics[0].err;
    siem_rdkafka.metadata_destroy(metadata);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR && *count == 0 ? RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
                                                             : code;
}

void siem_kafka_client_forget(siem_kafka_client *client) {
    client->cause[0] = '\0';
    client->is_refused = client->is_down = false;
}

void siem_kafka_client_close(siem_kafka_client *client) {
    if (client->handle != NULL) siem_rdkafka.destroy(client->handle);
    client->handle = NULL;
    siem_kafka_client_forget(client);
}

void siem_kafka_client_free(siem_kafka_client *client) {
    siem_kafka_remarks_close(&client->remarks);
}
