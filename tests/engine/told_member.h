/* told_member.h: a member of the group "g" that reads the topic "t", on librdkafka as a test tells
 * it. */
#ifndef SIEM_TOLD_MEMBER_H
#define SIEM_TOLD_MEMBER_H

#include "told_kafka.h"
#include "topic/group.h"

#define HANDOVER 10.0 /* seconds */

extern siem_kafka_account account;
extern siem_group *group;
extern char remark[256]; /* the last one of the account */

int member_begin(void **state);
int member_end(void **state);

#define MEMBER(test) cmocka_unit_test_setup_teardown(test, member_begin, member_end)

/* Takes a message: number, place and text. */
void assert_take(int64_t number, int32_t partition, int64_t offset, const char *text);

/* Takes, and there is none: a code, and words of its message. */
void assert_none(siem_code code, const char *words);

/* All up to a number is done, and the group is to know. */
void assert_commit(int64_t number, siem_code code, const char *words);

void assert_wait(siem_code code);

/* Joins, gets partitions 0 and 1, and takes a message of each: numbers 1 and 2. */
void join(void);

/* The seconds that have passed. */
double since(double start);

void assert_between(double least, double most, double value);

#endif
