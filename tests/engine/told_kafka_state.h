/* told_kafka_state.h: what the files of told_kafka share. */
#ifndef SIEM_TOLD_KAFKA_STATE_H
#define SIEM_TOLD_KAFKA_STATE_H

#include "sink/kafka/rdkafka.h"
#include "told_kafka.h"

#include <stdio.h>
#include <string.h>

/* What the engine has set. There is one handle at a time. */
typedef struct told_handle {
    void *opaque;
    void (*error)(rd_kafka_t *, int, const char *, void *);
    void (*log)(const rd_kafka_t *, int, const char *, const char *);
    void (*report)(rd_kafka_t *, const rd_kafka_message_t *, void *);
    void (*rebalance)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *);
} told_handle;

extern told_handle told_callbacks;

#define THE_HANDLE ((rd_kafka_t *)&told_callbacks)

/* Appends to a text. */
#define ADD(text, ...)                                                                             \
    do {                                                                                           \
        size_t size_ = strlen(text);                                                               \
        int more_ = snprintf((text) + size_, sizeof(text) - size_, __VA_ARGS__);                   \
        assert_true(size_ + (size_t)more_ < sizeof(text));                                         \
    } while (0)

/* Somebody waits for so long. */
void told_pass(int milliseconds);

/* ---- told_group.c ---- */

extern bool told_is_paused[TOLD_PARTITIONS];
extern bool told_is_taking; /* partitions away, and the member still has them */

void told_group_begin(void);
void told_group_end(void);
void told_group_replace(siem_rdkafka_functions *f);

/* The group gives partitions, or takes them away. */
void told_change(rd_kafka_resp_err_t code, const char *partitions);

#endif
