/* member.h: members of groups that export a topic of librdkafka's own mock cluster. */
#ifndef SIEM_MEMBER_H
#define SIEM_MEMBER_H

#include "testing.h"

#include <librdkafka/rdkafka.h>

#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>

#define PARTITIONS 3
#define DEADLINE   60.0 /* seconds, for a machine that is slow */

/* Where a thread's tests are. Another thread goes there by it. */
typedef struct member_place {
    rd_kafka_t *host; /* of the cluster, and the producer */
    rd_kafka_mock_cluster_t *cluster;
    char topic[32]; /* of this test */
} member_place;

extern _Thread_local member_place here;

/* Of a group of tests, or of one that tells brokers to fail: the cluster; of a test: its topic. */
int open_all(void **state);
int close_all(void **state);
int make_topic(void **state);

/* Runs tests that share nothing, each on a thread and with a topic of its own: all of them wait for
 * their groups at the same time. One that fails ends the program. */
void run_at_once(const CMUnitTestFunction *tests, size_t count);

void produce(int32_t partition, const char *text);
void flush(void);

/* Events first to last of that registry, all in the partition. */
void produce_events(int32_t partition, const char *registry, int first, int last);

/* What the group has committed of a partition; -1: nothing. */
int64_t committed(const char *group, int32_t partition);

/* A source, a sink that remembers, and when it ends. */
#define MOST_RECORDS 25000

typedef struct consumer {
    const char *group, *handover; /* NULL: the usual one */
    const member_place *place;    /* NULL: that of the thread */
    siem_on_error on_error;
    siem_deadletter *deadletter;
    size_t batch_bytes; /* 0: a record a batch */
    size_t wanted;      /* records, after which it ends */
    bool (*is_over)(void);
    size_t jobs;          /* 0: one */
    bool drains;          /* it ends at the end of the topic */
    const char *brokers;  /* NULL: the cluster's */
    const char *property; /* of librdkafka, besides those of all; NULL: none */
    int adds;             /* events that come to partition 0 when the first record is delivered */
    size_t fails_at;      /* a number of records with which the sink has an outage; 0: never */
    double fails_for;     /* seconds */
    size_t holds_at;      /* likewise: with which it holds */
    /* ---- what came of it ---- */
    char *records[MOST_RECORDS];
    _Atomic size_t count;
    double failing_since;
    double begun;
    siem_code code;
    siem_error error;
    siem_counts counts;
    char notices[2000];
    pthread_t thread;         /* that runs it */
    _Atomic size_t elsewhere; /* events that another one rendered, of more than one job */
    siem_source *source;
    siem_partition partitions[PARTITIONS]; /* as the last progress saw them */
} consumer;

siem_code open_source(siem_source **source, const consumer *c, siem_error *err);

/* Exports as it says, on any thread. */
void *run(void *context);

void free_records(consumer *c);

/* How often event `id` of a registry has arrived. */
size_t arrivals(const consumer *c, const char *registry, int id);

void assert_code(const consumer *c, siem_code code);

/* The ids of a registry, in the order in which they came, never step back. */
void assert_order(const consumer *c, const char *registry);

#endif
