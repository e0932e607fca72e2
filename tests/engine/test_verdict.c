/* test_verdict.c: what errors of Kafka mean for an export. */
#include "sink/kafka/verdict.h"
#include "testing.h"

#include <string.h>

static void test_table(void **state) {
    (void)state;
    static const struct {
        rd_kafka_resp_err_t code;
        siem_verdict verdict;
        const char *advice;
    } cases[] = {
        {RD_KAFKA_RESP_ERR__PURGE_QUEUE, SIEM_UNDECIDED, ""},
        {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, SIEM_UNDECIDED, ""},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, SIEM_REJECT, ""},
        {RD_KAFKA_RESP_ERR_INVALID_RECORD, SIEM_REJECT, ""},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION, SIEM_HOLD, "correct the credentials"},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, SIEM_HOLD, "allow this user to write"},
        {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, SIEM_HOLD, "to read in that group"},
        {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, SIEM_HOLD, "create the topic"},
        {RD_KAFKA_RESP_ERR__INVALID_ARG, SIEM_HOLD, "correct the properties"},
        {RD_KAFKA_RESP_ERR__TRANSPORT, SIEM_RETRY, ""},
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, SIEM_RETRY, ""},
        {RD_KAFKA_RESP_ERR_NO_ERROR, SIEM_RETRY, ""},
        {RD_KAFKA_RESP_ERR_END_ALL, SIEM_RETRY, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_kafka_fault fault = siem_kafka_fault_of(cases[i].code);
        assert_int_equal(fault.verdict, cases[i].verdict);
        test_has(fault.advice, cases[i].advice);
        assert_int_equal(fault.advice[0] == '\0', cases[i].advice[0] == '\0');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
