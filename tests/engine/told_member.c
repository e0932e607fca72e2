/* told_member.c: a group, and what tests expect of it. */
#include "told_member.h"

#include <string.h>

siem_kafka_account account;
siem_group *group;
char remark[256];

static siem_kafka_properties properties;

static void keep(void *context, const char *text) {
    (void)context;
    (void)snprintf(remark, sizeof remark, "%s", text);
}

int member_begin(void **state) {
    account = (siem_kafka_account){
        .name = "kafka", .brokers = "b", .group = "g", .properties = &properties, .remark = keep};
    remark[0] = '\0';
    (void)told_begin(state);
    told.protocol = "RANGE";
    told.partitions = TOLD_PARTITIONS;
    assert_ok(siem_group_open(&group, &account, "t", HANDOVER, &err));
    return 0;
}

int member_end(void **state) {
    siem_group_close(group);
    return told_end(state);
}

void assert_take(int64_t number, int32_t partition, int64_t offset, const char *text) {
    siem_message message;
    assert_ok(siem_group_take(group, &message, &err));
    assert_int_equal(message.number, number);
    assert_int_equal(message.place.partition, partition);
    assert_int_equal(message.place.offset, offset);
    assert_int_equal(message.size, strlen(text));
    assert_memory_equal(message.bytes, text, message.size);
}

void assert_none(siem_code code, const char *words) {
    siem_message message;
    siem_error err = {0};
    assert_int_equal(siem_group_take(group, &message, &err), code);
    test_has(err.message, words);
}

void assert_commit(int64_t number, siem_code code, const char *words) {
    siem_error err = {0};
    assert_int_equal(siem_group_commit(group, number, true, &err), code);
    test_has(err.message, words);
}

void assert_wait(siem_code code) {
    siem_error err = {0};
    assert_int_equal(siem_group_wait(group, 100, &err), code);
}

void join(void) {
    told_give("01");
    told_message(0, 5, "a");
    told_message(1, 7, "b");
    assert_take(1, 0, 5, "a");
    assert_take(2, 1, 7, "b");
    told_did("join, subscribe -1, assign 0 1, ");
}

double since(double start) {
    return told.now - start;
}

void assert_between(double least, double most, double value) {
    if (value < least || value > most) fail_msg("%g", value);
}
