/* rdkafka.h: librdkafka, which is loaded for the first sink of this kind: SASL, TLS and
 * compressions come with it, which takes time at each start. */
#ifndef SIEM_RDKAFKA_H
#define SIEM_RDKAFKA_H

#include <librdkafka/rdkafka.h>
#include <oversight/siem.h>

/* What is used of it, without "rd_kafka_". */
typedef struct siem_rdkafka_functions {
    __typeof__(rd_kafka_assign) *assign;
    __typeof__(rd_kafka_assignment_lost) *assignment_lost;
    __typeof__(rd_kafka_commit_queue) *commit_queue;
    __typeof__(rd_kafka_committed) *committed;
    __typeof__(rd_kafka_conf_destroy) *conf_destroy;
    __typeof__(rd_kafka_conf_new) *conf_new;
    __typeof__(rd_kafka_conf_set) *conf_set;
    __typeof__(rd_kafka_conf_set_dr_msg_cb) *conf_set_dr_msg_cb;
    __typeof__(rd_kafka_conf_set_error_cb) *conf_set_error_cb;
    __typeof__(rd_kafka_conf_set_log_cb) *conf_set_log_cb;
    __typeof__(rd_kafka_conf_set_opaque) *conf_set_opaque;
    __typeof__(rd_kafka_conf_set_rebalance_cb) *conf_set_rebalance_cb;
    __typeof__(rd_kafka_consumer_close) *consumer_close;
    __typeof__(rd_kafka_consumer_poll) *consumer_poll;
    __typeof__(rd_kafka_destroy) *destroy;
    __typeof__(rd_kafka_destroy_flags) *destroy_flags;
    __typeof__(rd_kafka_err2str) *err2str;
    __typeof__(rd_kafka_error_code) *error_code;
    __typeof__(rd_kafka_error_destroy) *error_destroy;
    __typeof__(rd_kafka_fatal_error) *fatal_error;
    __typeof__(rd_kafka_flush) *flush;
    __typeof__(rd_kafka_get_watermark_offsets) *get_watermark_offsets;
    __typeof__(rd_kafka_header_get_all) *header_get_all;
    __typeof__(rd_kafka_incremental_assign) *incremental_assign;
    __typeof__(rd_kafka_incremental_unassign) *incremental_unassign;
    __typeof__(rd_kafka_last_error) *last_error;
    __typeof__(rd_kafka_message_destroy) *message_destroy;
    __typeof__(rd_kafka_message_headers) *message_headers;
    __typeof__(rd_kafka_message_timestamp) *message_timestamp;
    __typeof__(rd_kafka_metadata) *metadata;
    __typeof__(rd_kafka_metadata_destroy) *metadata_destroy;
    __typeof__(rd_kafka_new) *new;
    __typeof__(rd_kafka_opaque) *opaque;
    __typeof__(rd_kafka_pause_partitions) *pause_partitions;
    __typeof__(rd_kafka_poll) *poll;
    __typeof__(rd_kafka_poll_set_consumer) *poll_set_consumer;
    __typeof__(rd_kafka_produceva) *produceva;
    __typeof__(rd_kafka_purge) *purge;
    __typeof__(rd_kafka_query_watermark_offsets) *query_watermark_offsets;
    __typeof__(rd_kafka_queue_destroy) *queue_destroy;
    __typeof__(rd_kafka_queue_new) *queue_new;
    __typeof__(rd_kafka_queue_poll_callback) *queue_poll_callback;
    __typeof__(rd_kafka_rebalance_protocol) *rebalance_protocol;
    __typeof__(rd_kafka_resume_partitions) *resume_partitions;
    __typeof__(rd_kafka_seek_partitions) *seek_partitions;
    __typeof__(rd_kafka_subscribe) *subscribe;
    __typeof__(rd_kafka_topic_destroy) *topic_destroy;
    __typeof__(rd_kafka_topic_new) *topic_new;
    __typeof__(rd_kafka_topic_partition_list_add) *topic_partition_list_add;
    __typeof__(rd_kafka_topic_partition_list_copy) *topic_partition_list_copy;
    __typeof__(rd_kafka_topic_partition_list_destroy) *topic_partition_list_destroy;
    __typeof__(rd_kafka_topic_partition_list_new) *topic_partition_list_new;
} siem_rdkafka_functions;

/* Valid once it is loaded. */
extern siem_rdkafka_functions siem_rdkafka;

/* Errors: SIEM_IO without the library. */
siem_code siem_rdkafka_load(siem_error *err);

#endif
