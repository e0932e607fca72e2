/* group_missing.c: of a build without librdkafka. No group can be opened. */
#include "base/feature.h"
#include "topic/group.h"

siem_code siem_group_open(siem_group **out, const siem_kafka_account *account, const char *topic,
                          double handover, siem_error *err) {
    (void)account, (void)topic, (void)handover;
    *out = NULL;
    return siem_feature_missing(err, "kafka");
}

void siem_group_set_ends(siem_group *group, bool ends) {
    (void)group, (void)ends;
}

siem_code siem_group_take(siem_group *group, siem_message *message, siem_error *err) {
    (void)group, (void)message;
    return siem_feature_missing(err, "kafka");
}

siem_code siem_group_wait(siem_group *group, int milliseconds, siem_error *err) {
    (void)group, (void)milliseconds;
    return siem_feature_missing(err, "kafka");
}

void siem_group_tend(siem_group *group) {
    (void)group;
}

bool siem_group_is_leaving(const siem_group *group) {
    (void)group;
    return false;
}

bool siem_group_is_over(const siem_group *group) {
    (void)group;
    return false;
}

siem_code siem_group_commit(siem_group *group, int64_t number, bool waits, siem_error *err) {
    (void)group, (void)number, (void)waits;
    return siem_feature_missing(err, "kafka");
}

void siem_group_rewind(siem_group *group, int64_t number) {
    (void)group, (void)number;
}

siem_lag siem_group_lag(siem_group *group) {
    (void)group;
    return (siem_lag){0};
}

bool siem_group_partition(siem_group *group, size_t index, siem_partition *out) {
    (void)group, (void)index, (void)out;
    return false;
}

void siem_group_leave(siem_group *group) {
    (void)group;
}

void siem_group_close(siem_group *group) {
    (void)group;
}
