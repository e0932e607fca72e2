/* test_consume.c: exports of a topic by members of a group. */
#include "base/clock.h"
#include "member.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one member ---- */

static void test_all(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 10);
    produce_events(1, "r-2", 1, 10);
    produce_events(1, "r-3", 1, 5);
    consumer c = {.group = "all", .wanted = 25, .batch_bytes = 200};
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    assert_int_equal(c.count, 25);
    for (int id = 1; id <= 10; id++) {
        assert_int_equal(arrivals(&c, "r-1", id), 1);
        assert_int_equal(arrivals(&c, "r-2", id), 1);
    }
    for (int i = 1; i <= 3; i++) assert_order(&c, i == 1 ? "r-1" : i == 2 ? "r-2" : "r-3");
    assert_int_equal(c.counts.exported, 25);
    assert_int_equal(c.counts.last_id, 0);
    assert_int_equal(committed("all", 0), 10);
    assert_int_equal(committed("all", 1), 15);
    assert_int_equal(committed("all", 2), -1);
    free_records(&c);
}

/* What the sink did not take is not committed, and comes again; what it took does not. */
static void test_confirmed_alone(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 20);
    consumer c = {.group = "confirmed", .wanted = 20, .holds_at = 7};
    (void)run(&c);
    assert_code(&c, SIEM_HELD);
    assert_int_equal(c.count, 7);
    assert_int_equal(committed("confirmed", 0), 7);
    consumer again = {.group = "confirmed", .wanted = 13};
    (void)run(&again);
    assert_code(&again, SIEM_CANCELLED);
    for (int id = 1; id <= 20; id++) {
        assert_int_equal(arrivals(&c, "r-1", id) + arrivals(&again, "r-1", id), 1);
    }
    assert_int_equal(committed("confirmed", 0), 20);
    free_records(&c);
    free_records(&again);
}

/* A target that was away gets all, in order, although messages were read ahead. */
static void test_outage(void **state) {
    (void)state;
    produce_events(0, "r-1", 1, 30);
    produce_events(2, "r-2", 1, 30);
    consumer c = {.group = "outage", .wanted = 60, .fails_at = 11, .fails_for = 1.5};
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    assert_non_null(strstr(c.notices, "the target is away"));
    assert_int_equal(c.count, 60);
    assert_order(&c, "r-1");
    assert_order(&c, "r-2");
    assert_int_equal(committed("outage", 0), 30);
    assert_int_equal(committed("outage", 2), 30);
    free_records(&c);
}

static void test_not_an_event(void **state) {
    (void)state;
    const char *const path = test_path("refused.jsonl");
    produce_events(1, "r-1", 1, 2);
    produce(1, "nonsense \xff");
    produce(1, "{\"event_id\":\"3\"}");
    produce_events(1, "r-1", 4, 5);
    consumer c = {.group = "refused", .on_error = SIEM_DEADLETTER_ON_ERROR, .wanted = 6};
    assert_ok(siem_deadletter_open(&c.deadletter, path, &err));
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    assert_ok(siem_deadletter_close(c.deadletter, &err));
    assert_int_equal(c.count, 4);
    assert_int_equal(c.counts.refused, 2);
    assert_int_equal(committed("refused", 1), 6);
    char *kept = test_read(path), place[64];
    (void)snprintf(place, sizeof place, "%s[1]@2", here.topic);
    assert_non_null(strstr(kept, place));
    assert_non_null(strstr(kept, "not a raw event: the event is not JSON"));
    assert_non_null(strstr(kept, "\"partition\":1,\"offset\":2,\"message\":\"nonsense \\ufffd\""));
    assert_non_null(strstr(kept, "not a raw event: registry_id is missing"));
    free(kept);
    free_records(&c);
}

/* It ends the export: what comes before it is delivered and committed, and it is not. */
static void test_stops(void **state) {
    (void)state;
    char place[64];
    produce_events(1, "r-1", 1, 2);
    produce(1, "nonsense");
    produce_events(1, "r-1", 4, 5);
    consumer c = {.group = "stops", .wanted = 5};
    (void)run(&c);
    assert_code(&c, SIEM_REFUSED);
    (void)snprintf(place, sizeof place, "event %s[1]@2: not a raw event", here.topic);
    if (strstr(c.error.message, place) == NULL) fail_msg("%s", c.error.message);
    assert_int_equal(c.count, 2);
    assert_int_equal(committed("stops", 1), 2);
    free_records(&c);
}

/* ---- the last commit, of which brokers of their own say that it fails ---- */

#define OFFSET_COMMIT 8 /* its ApiKey */

/* It is sent again while the group changes. */
static void test_changing(void **state) {
    (void)open_all(state);
    (void)make_topic(state);
    const rd_kafka_resp_err_t changing = RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
    produce_events(0, "r-1", 1, 10);
    consumer c = {.group = "changing", .wanted = 10, .batch_bytes = 100000};
    rd_kafka_mock_push_request_errors(here.cluster, OFFSET_COMMIT, 3, changing, changing, changing);
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    assert_int_equal(committed("changing", 0), 10);
    free_records(&c);
    (void)close_all(state);
}

/* Members that their groups have dropped join again, and get their partitions back. Nothing is
 * delivered again, whether the member ends or goes on. */
static void test_dropped(void **state) {
    (void)open_all(state);
    (void)make_topic(state);
    const rd_kafka_resp_err_t dropped = RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
    consumer ending = {.group = "ending", .place = &here, .wanted = 10, .batch_bytes = 100000};
    consumer staying = {.group = "staying", .place = &here, .wanted = 15, .batch_bytes = 100000};
    double start = siem_clock();
    pthread_t threads[2];
    produce_events(0, "r-1", 1, 10);
    rd_kafka_mock_push_request_errors(here.cluster, OFFSET_COMMIT, 2, dropped, dropped);
    assert_int_equal(pthread_create(&threads[0], NULL, run, &ending), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, run, &staying), 0);
    while (committed("staying", 0) < 10 && siem_clock() - start < DEADLINE) {
        rd_kafka_poll(here.host, 100);
    }
    produce_events(0, "r-1", 11, 15);
    for (int i = 0; i < 2; i++) (void)pthread_join(threads[i], NULL);
    assert_code(&ending, SIEM_CANCELLED);
    assert_code(&staying, SIEM_CANCELLED);
    assert_int_equal(ending.count, 10);
    assert_int_equal(staying.count, 15);
    assert_order(&staying, "r-1");
    assert_int_equal(committed("ending", 0), 10);
    assert_int_equal(committed("staying", 0), 15);
    free_records(&ending);
    free_records(&staying);
    (void)close_all(state);
}

/* What else is refused is reported at once. */
static void test_refused_commit(void **state) {
    (void)open_all(state);
    (void)make_topic(state);
    produce_events(0, "r-1", 1, 10);
    consumer c = {.group = "forbidden", .wanted = 10, .batch_bytes = 100000};
    rd_kafka_mock_push_request_errors(here.cluster, OFFSET_COMMIT, 2,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    (void)run(&c);
    assert_code(&c, SIEM_IO);
    test_has(c.error.message, "cannot commit the position of group forbidden");
    test_has(c.error.message, "may be delivered again");
    rd_kafka_mock_clear_request_errors(here.cluster, OFFSET_COMMIT);
    free_records(&c);
    (void)close_all(state);
}

/* ---- several threads ---- */

/* Events of each partition: however little of the lag is known when the first ones are read, what
 * is left of one partition is worth threads. */
#define MANY 8300

static void produce_many(void) {
    for (int32_t i = 0; i < PARTITIONS; i++) {
        char registry[] = {'r', '-', (char)('0' + i), '\0'};
        produce_events(i, registry, 1, MANY);
    }
}

static void assert_many(const consumer *c, const char *group) {
    assert_int_equal(c->count, PARTITIONS * MANY);
    assert_true(c->elsewhere > 0);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        char registry[] = {'r', '-', (char)('0' + i), '\0'};
        assert_order(c, registry);
        assert_int_equal(committed(group, i), MANY);
    }
}

static void test_jobs(void **state) {
    (void)state;
    produce_many();
    consumer c = {.group = "jobs", .jobs = 2, .drains = true, .batch_bytes = 20000};
    (void)run(&c);
    assert_code(&c, SIEM_OK);
    assert_many(&c, "jobs");
    free_records(&c);
}

/* Slices that were read ahead are read again. */
static void test_jobs_outage(void **state) {
    (void)state;
    produce_many();
    consumer c = {.group = "jobs-outage",
                  .jobs = 3,
                  .batch_bytes = 20000,
                  .wanted = (size_t)PARTITIONS * MANY,
                  .fails_at = 15000,
                  .fails_for = 0.5};
    (void)run(&c);
    assert_code(&c, SIEM_CANCELLED);
    assert_many(&c, "jobs-outage");
    free_records(&c);
}

/* What is not an event keeps its place among others. */
static void test_jobs_refuse(void **state) {
    (void)state;
    char place[64];
    produce_many();
    produce(2, "nonsense");
    produce_events(2, "r-2", MANY + 1, MANY + 1);
    consumer c = {.group = "jobs-refuse", .jobs = 2, .drains = true, .batch_bytes = 20000};
    (void)run(&c);
    assert_code(&c, SIEM_REFUSED);
    (void)snprintf(place, sizeof place, "event %s[2]@%d: not a raw event", here.topic, MANY);
    if (strstr(c.error.message, place) == NULL) fail_msg("%s", c.error.message);
    assert_int_equal(committed("jobs-refuse", 2), MANY);
    assert_int_equal(arrivals(&c, "r-2", MANY + 1), 0);
    free_records(&c);
}

/* ---- two members ---- */

#define BATCH 100 /* events of each partition, at once */

static consumer first, second;
static _Atomic int made; /* events of each partition, when all are produced; 0 before */

static bool has_all(void) {
    bool is_so = made != 0;
    for (int32_t i = 0; is_so && i < PARTITIONS; i++) is_so = committed("shared", i) == made;
    return is_so;
}

/* Asked as often as it is cheap. */
static bool is_all_committed(void) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static double due;
    static bool is_over;
    (void)pthread_mutex_lock(&lock);
    if (!is_over && siem_clock() > due) {
        is_over = has_all();
        due = siem_clock() + 0.5;
    }
    bool answer = is_over;
    (void)pthread_mutex_unlock(&lock);
    return answer;
}

static void produce_everywhere(int from, int to) {
    for (int32_t i = 0; i < PARTITIONS; i++) {
        char registry[] = {'r', '-', (char)('0' + i), '\0'};
        produce_events(i, registry, from, to);
    }
}

/* One joins while the other reads, and both go on: nothing is missing. What comes twice was
 * delivered when the group changed, as this cluster takes no commits meanwhile. */
static void test_rebalance(void **state) {
    (void)state;
    pthread_t threads[2];
    double start = siem_clock();
    first = (consumer){.group = "shared", .place = &here, .is_over = is_all_committed};
    second = (consumer){.group = "shared", .place = &here, .is_over = is_all_committed};
    int last = BATCH;
    produce_everywhere(1, last);
    assert_int_equal(pthread_create(&threads[0], NULL, run, &first), 0);
    while (first.count == 0 && siem_clock() - start < DEADLINE) rd_kafka_poll(here.host, 10);
    assert_int_equal(pthread_create(&threads[1], NULL, run, &second), 0);
    for (; second.count == 0 && siem_clock() - start < DEADLINE; last++) {
        produce_everywhere(last + 1, last + 1); /* for whoever has the partition by then */
        rd_kafka_poll(here.host, 100);
    }
    produce_everywhere(last + 1, last + BATCH);
    made = last + BATCH;
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    assert_code(&first, SIEM_CANCELLED);
    assert_code(&second, SIEM_CANCELLED);
    assert_true(second.count > 0);
    assert_true(has_all());
    for (int32_t i = 0; i < PARTITIONS; i++) {
        char registry[] = {'r', '-', (char)('0' + i), '\0'};
        for (int id = 1; id <= made; id++) {
            assert_true(arrivals(&first, registry, id) + arrivals(&second, registry, id) > 0);
        }
    }
    free_records(&first);
    free_records(&second);
}

static consumer away, heir;

/* A partition, but for what the first one has delivered. */
static bool has_some(void) {
    return heir.count >= BATCH - 1;
}

/* A member whose target is away does not keep its partitions from another one. */
static void test_handover(void **state) {
    (void)state;
    pthread_t threads[2];
    double start = siem_clock();
    away = (consumer){.group = "handover",
                      .place = &here,
                      .handover = "0.5",
                      .is_over = has_some,
                      .fails_at = 1,
                      .fails_for = DEADLINE};
    heir = (consumer){.group = "handover", .place = &here, .is_over = has_some};
    produce_everywhere(1, BATCH);
    assert_int_equal(pthread_create(&threads[0], NULL, run, &away), 0);
    while (away.count == 0 && siem_clock() - start < DEADLINE) rd_kafka_poll(here.host, 10);
    assert_int_equal(pthread_create(&threads[1], NULL, run, &heir), 0);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    /* Although the group changes, as the other member has just left. */
    assert_code(&heir, SIEM_CANCELLED);
    assert_true(has_some());
    assert_int_equal(away.count, 1);
    free_records(&away);
    free_records(&heir);
}

/* ---- what fails ---- */

static void test_unknown_topic(void **state) {
    (void)state;
    (void)snprintf(here.topic, sizeof here.topic, "nowhere");
    rd_kafka_mock_topic_set_error(here.cluster, here.topic,
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    consumer c = {.group = "g", .wanted = 1};
    (void)run(&c);
    assert_code(&c, SIEM_HELD);
    assert_non_null(strstr(c.error.message, "create the topic"));
}

static void test_at_once(void **state) {
    static const CMUnitTestFunction tests[] = {
        test_all,       test_confirmed_alone, test_outage,       test_not_an_event,
        test_stops,     test_changing,        test_dropped,      test_refused_commit,
        test_rebalance, test_handover,        test_unknown_topic};
    (void)state;
    run_at_once(tests, sizeof tests / sizeof *tests);
}

static void test_jobs_at_once(void **state) {
    static const CMUnitTestFunction tests[] = {test_jobs, test_jobs_outage, test_jobs_refuse};
    (void)state;
    run_at_once(tests, sizeof tests / sizeof *tests);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_at_once),
                                       cmocka_unit_test(test_jobs_at_once)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
