/* told_kafka.h: librdkafka as a test tells it: no threads, no brokers, and time that passes only
 * while somebody waits. What is asked of it is kept as text. Lists of partitions, errors, headers
 * and configurations are the library's own. */
#ifndef SIEM_TOLD_KAFKA_H
#define SIEM_TOLD_KAFKA_H

#include "testing.h"

#include <librdkafka/rdkafka.h>

#define TOLD_PARTITIONS 4

typedef struct told_kafka {
    /* ---- what brokers say ---- */
    double now;                   /* seconds, of the monotonic clock */
    rd_kafka_resp_err_t metadata; /* to the question for them; likewise below */
    rd_kafka_resp_err_t of_topic, subscribe, committed_code, offsets_code, seek, seek_one;
    rd_kafka_resp_err_t assign, fatal;
    int partitions; /* of each topic */
    int64_t low[TOLD_PARTITIONS], high[TOLD_PARTITIONS], committed[TOLD_PARTITIONS];
    rd_kafka_resp_err_t committed_one; /* of partition 0 */
    const char *protocol;              /* of the group: "RANGE" or "COOPERATIVE"; NULL: none */
    bool is_lost;                      /* what is taken away is others' already */
    bool is_mute;                      /* no commit is answered */
    bool commits_nothing;              /* none can be sent */
    const char *topics[3];             /* that there are */
    const char *refuses;               /* a property that cannot be set; NULL: none */
    const char *no_handle;             /* why none can be made; NULL: it can */
    bool no_topic;                     /* its name is none */
    /* ---- what producers meet: a letter for each message, the last one for all later ones ----
     * 'd' delivered, 'l' too large, 'h' not allowed, 'r' to be tried again, 'f' fatal, '.' no
     * report; upper case: refused before it is sent */
    const char *reports;
    bool lingers;        /* requests are not full: what waits is sent by a flush alone */
    void (*waits)(void); /* called whenever somebody waits; NULL: nothing happens */
    /* ---- what was asked for ---- */
    char did[16384];                  /* "assign 0@5 1, ", and a record by the first number in it */
    char settings[4096];              /* "name=value\n", of the last handle */
    int handles, queues, topics_open; /* that there are */
    int made;                         /* handles, since the test began */
    size_t polls, flushes;
} told_kafka;

extern told_kafka told;

/* Of each test: puts these functions in place of the library's, and forgets all. After it: fails
 * when a handle is left, and frees what nobody has polled. */
int told_begin(void **state);
int told_end(void **state);

#define TOLD(test) cmocka_unit_test_setup_teardown(test, told_begin, told_end)

/* ---- what is polled next, in this order ---- */

void told_message(int32_t partition, int64_t offset, const char *text); /* NULL: it has none */
void told_label(const char *key, const char *const *headers); /* of the last one; in pairs */
void told_time(int64_t milliseconds);                         /* likewise */
void told_eof(int32_t partition, int64_t offset);
void told_fault(rd_kafka_resp_err_t code);
void told_error(rd_kafka_resp_err_t code, const char *reason); /* that answers no request */
void told_log(const char *facility, const char *text);

/* The group gives, or takes away: partitions as digits, "02". */
void told_give(const char *partitions);
void told_take(const char *partitions);

/* Of the next commits, in this order; all later ones succeed. `of_one`: it is partition 0 that has
 * the error. */
void told_commit(rd_kafka_resp_err_t code, bool of_one);

/* The report of a message in flight, counted from the first one, whatever its letter is. */
void told_report(size_t at);

/* What was asked for since this was called last. Expects it to be that. */
void told_did(const char *expected);

#endif
