/* remarks.h: what the threads of librdkafka log, for one that polls: a line at a time, and each
 * kind of line once a minute. */
#ifndef SIEM_KAFKA_REMARKS_H
#define SIEM_KAFKA_REMARKS_H

#include "base/outage.h"

#include <pthread.h>

#define SIEM_KAFKA_FACILITIES 8

typedef struct siem_kafka_remarks {
    pthread_mutex_t lock;
    char text[SIEM_CAUSE_SIZE]; /* "": nothing is to be reported */
    struct {
        char name[16];
        double since;                    /* when it was reported, of siem_clock */
    } facilities[SIEM_KAFKA_FACILITIES]; /* that were reported last */
    size_t count;                        /* how many were, also those that are forgotten */
} siem_kafka_remarks;

void siem_kafka_remarks_open(siem_kafka_remarks *remarks);

/* Called on any thread, at a time of siem_clock. The facility is librdkafka's kind of line. */
void siem_kafka_remarks_add(siem_kafka_remarks *remarks, double now, const char *facility,
                            const char *text);

/* The line that is to be reported, as one that is printable. False: there is none. */
bool siem_kafka_remarks_take(siem_kafka_remarks *remarks, char text[SIEM_CAUSE_SIZE]);

void siem_kafka_remarks_close(siem_kafka_remarks *remarks);

#endif
