/* rdkafka.c: the names of its functions. */
#include "sink/kafka/rdkafka.h"

#include "base/library.h"

#include <stddef.h>

siem_rdkafka_functions siem_rdkafka;

#define AT(member) offsetof(siem_rdkafka_functions, member)
static const siem_symbol symbols[] = {
    {"rd_kafka_assign", AT(assign)},
    {"rd_kafka_assignment_lost", AT(assignment_lost)},
    {"rd_kafka_commit_queue", AT(commit_queue)},
    {"rd_kafka_committed", AT(committed)},
    {"rd_kafka_conf_destroy", AT(conf_destroy)},
    {"rd_kafka_conf_new", AT(conf_new)},
    {"rd_kafka_conf_set", AT(conf_set)},
    {"rd_kafka_conf_set_dr_msg_cb", AT(conf_set_dr_msg_cb)},
    {"rd_kafka_conf_set_error_cb", AT(conf_set_error_cb)},
    {"rd_kafka_conf_set_log_cb", AT(conf_set_log_cb)},
    {"rd_kafka_conf_set_opaque", AT(conf_set_opaque)},
    {"rd_kafka_conf_set_rebalance_cb", AT(conf_set_rebalance_cb)},
    {"rd_kafka_consumer_close", AT(consumer_close)},
    {"rd_kafka_consumer_poll", AT(consumer_poll)},
    {"rd_kafka_destroy", AT(destroy)},
    {"rd_kafka_destroy_flags", AT(destroy_flags)},
    {"rd_kafka_err2str", AT(err2str)},
    {"rd_kafka_error_code", AT(error_code)},
    {"rd_kafka_error_destroy", AT(error_destroy)},
    {"rd_kafka_fatal_error", AT(fatal_error)},
    {"rd_kafka_flush", AT(flush)},
    {"rd_kafka_get_watermark_offsets", AT(get_watermark_offsets)},
    {"rd_kafka_header_get_all", AT(header_get_all)},
    {"rd_kafka_incremental_assign", AT(incremental_assign)},
    {"rd_kafka_incremental_unassign", AT(incremental_unassign)},
    {"rd_kafka_last_error", AT(last_error)},
    {"rd_kafka_message_destroy", AT(message_destroy)},
    {"rd_kafka_message_headers", AT(message_headers)},
    {"rd_kafka_message_timestamp", AT(message_timestamp)},
    {"rd_kafka_metadata", AT(metadata)},
    {"rd_kafka_metadata_destroy", AT(metadata_destroy)},
    {"rd_kafka_new", AT(new)},
    {"rd_kafka_opaque", AT(opaque)},
    {"rd_kafka_pause_partitions", AT(pause_partitions)},
    {"rd_kafka_poll", AT(poll)},
    {"rd_kafka_poll_set_consumer", AT(poll_set_consumer)},
    {"rd_kafka_produceva", AT(produceva)},
    {"rd_kafka_purge", AT(purge)},
    {"rd_kafka_query_watermark_offsets", AT(query_watermark_offsets)},
    {"rd_kafka_queue_destroy", AT(queue_destroy)},
    {"rd_kafka_queue_new", AT(queue_new)},
    {"rd_kafka_queue_poll_callback", AT(queue_poll_callback)},
    {"rd_kafka_rebalance_protocol", AT(rebalance_protocol)},
    {"rd_kafka_resume_partitions", AT(resume_partitions)},
    {"rd_kafka_seek_partitions", AT(seek_partitions)},
    {"rd_kafka_subscribe", AT(subscribe)},
    {"rd_kafka_topic_destroy", AT(topic_destroy)},
    {"rd_kafka_topic_new", AT(topic_new)},
    {"rd_kafka_topic_partition_list_add", AT(topic_partition_list_add)},
    {"rd_kafka_topic_partition_list_copy", AT(topic_partition_list_copy)},
    {"rd_kafka_topic_partition_list_destroy", AT(topic_partition_list_destroy)},
    {"rd_kafka_topic_partition_list_new", AT(topic_partition_list_new)},
    {.name = NULL},
};
static siem_library library = {.file = "librdkafka.so.1",
                               .package = "librdkafka1",
                               .symbols = symbols,
                               .table = &siem_rdkafka};

siem_code siem_rdkafka_load(siem_error *err) {
    return siem_library_load(&library, err);
}
