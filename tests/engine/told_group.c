/* told_group.c: what members of groups ask of librdkafka. */
#include "told_kafka_state.h"

bool told_is_paused[TOLD_PARTITIONS], told_is_taking;
static bool is_held[TOLD_PARTITIONS];

void told_change(rd_kafka_resp_err_t code, const char *partitions) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    for (; *partitions != '\0'; partitions++) {
        (void)rd_kafka_topic_partition_list_add(list, "t", *partitions - '0');
    }
    told_is_taking = code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS;
    told_callbacks.rebalance(THE_HANDLE, code, list, told_callbacks.opaque);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ---- members of groups ---- */

/* "what 0@5 1@7, "; an offset that none is, is omitted. */
static void note_list(const char *what, const rd_kafka_topic_partition_list_t *list) {
    ADD(told.did, "%s", what);
    for (int i = 0; i < list->cnt; i++) {
        assert_string_equal(list->elems[i].topic, "t");
        ADD(told.did, " %d", (int)list->elems[i].partition);
        if (list->elems[i].offset >= 0) ADD(told.did, "@%d", (int)list->elems[i].offset);
        if (list->elems[i].offset == RD_KAFKA_OFFSET_BEGINNING) ADD(told.did, "@first");
    }
    ADD(told.did, ", ");
}

static void set_all(bool *flags, const rd_kafka_topic_partition_list_t *list, bool value) {
    for (int i = 0; i < list->cnt; i++) flags[list->elems[i].partition] = value;
}

static rd_kafka_resp_err_t subscribe(rd_kafka_t *of, const rd_kafka_topic_partition_list_t *list) {
    (void)of;
    note_list("subscribe", list);
    return told.subscribe;
}

static rd_kafka_resp_err_t poll_set_consumer(rd_kafka_t *of) {
    (void)of;
    ADD(told.did, "join, ");
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t assign(rd_kafka_t *of, const rd_kafka_topic_partition_list_t *list) {
    (void)of;
    memset(is_held, 0, sizeof is_held);
    told_is_taking = false;
    if (list == NULL) ADD(told.did, "unassign, ");
    else note_list("assign", list);
    if (list != NULL) set_all(is_held, list, true);
    return told.assign;
}

static rd_kafka_error_t *incremental_assign(rd_kafka_t *of,
                                            const rd_kafka_topic_partition_list_t *list) {
    (void)of;
    note_list("add", list);
    set_all(is_held, list, true);
    return told.assign != 0 ? rd_kafka_error_new(told.assign, "not so") : NULL;
}

static rd_kafka_error_t *incremental_unassign(rd_kafka_t *of,
                                              const rd_kafka_topic_partition_list_t *list) {
    (void)of;
    note_list("remove", list);
    told_is_taking = false;
    set_all(is_held, list, false);
    return told.assign != 0 ? rd_kafka_error_new(told.assign, "not so") : NULL;
}

static const char *rebalance_protocol(rd_kafka_t *of) {
    (void)of;
    return told.protocol;
}

static int assignment_lost(rd_kafka_t *of) {
    (void)of;
    return told.is_lost;
}

static rd_kafka_resp_err_t consumer_close(rd_kafka_t *of) {
    (void)of;
    char partitions[TOLD_PARTITIONS + 1] = "";
    for (int i = 0; i < TOLD_PARTITIONS; i++) {
        if (is_held[i]) ADD(partitions, "%d", i);
    }
    ADD(told.did, "close, ");
    if (partitions[0] != '\0') told_change(RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, partitions);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t pause_partitions(rd_kafka_t *of, rd_kafka_topic_partition_list_t *list) {
    (void)of;
    note_list("pause", list);
    set_all(told_is_paused, list, true);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t resume_partitions(rd_kafka_t *of,
                                             rd_kafka_topic_partition_list_t *list) {
    (void)of;
    note_list("resume", list);
    set_all(told_is_paused, list, false);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_error_t *seek_partitions(rd_kafka_t *of, rd_kafka_topic_partition_list_t *list,
                                         int milliseconds) {
    (void)of, (void)milliseconds;
    note_list("seek", list);
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].err = list->elems[i].partition == 0 ? told.seek_one : 0;
    }
    return told.seek != 0 ? rd_kafka_error_new(told.seek, "not so") : NULL;
}

static rd_kafka_resp_err_t committed(rd_kafka_t *of, rd_kafka_topic_partition_list_t *list,
                                     int milliseconds) {
    (void)of;
    assert_true(list->cnt > 0);
    if (told.committed_code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        told_pass(milliseconds);
        return told.committed_code;
    }
    for (int i = 0; i < list->cnt; i++) {
        int64_t offset = told.committed[list->elems[i].partition];
        list->elems[i].offset = offset >= 0 ? offset : RD_KAFKA_OFFSET_INVALID;
        list->elems[i].err = list->elems[i].partition == 0 ? told.committed_one : 0;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t get_watermark_offsets(rd_kafka_t *of, const char *topic,
                                                 int32_t partition, int64_t *low, int64_t *high) {
    (void)of;
    assert_string_equal(topic, "t");
    assert_true(partition < told.partitions);
    if (told.offsets_code != RD_KAFKA_RESP_ERR_NO_ERROR) return told.offsets_code;
    *low = told.low[partition];
    *high = told.high[partition];
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t query_watermark_offsets(rd_kafka_t *of, const char *topic,
                                                   int32_t partition, int64_t *low, int64_t *high,
                                                   int milliseconds) {
    if (told.offsets_code != RD_KAFKA_RESP_ERR_NO_ERROR) told_pass(milliseconds);
    return get_watermark_offsets(of, topic, partition, low, high);
}

/* ---- commits ---- */

typedef void (*commit_function)(rd_kafka_t *, rd_kafka_resp_err_t,
                                rd_kafka_topic_partition_list_t *, void *);

static struct {
    rd_kafka_resp_err_t code;
    bool of_one;
} outcomes[8]; /* of the next commits */
static size_t outcome_count;
static rd_kafka_topic_partition_list_t *asked; /* NULL: no commit is in flight */
static commit_function answers;
static void *answers_to;

void told_commit(rd_kafka_resp_err_t code, bool of_one) {
    outcomes[outcome_count].code = code;
    outcomes[outcome_count++].of_one = of_one;
}

static rd_kafka_queue_t *queue_new(rd_kafka_t *of) {
    (void)of;
    told.queues++;
    return (rd_kafka_queue_t *)&asked;
}

static void forget_commit(void) {
    if (asked != NULL) rd_kafka_topic_partition_list_destroy(asked);
    asked = NULL;
}

static void queue_destroy(rd_kafka_queue_t *queue) {
    (void)queue;
    told.queues--;
    forget_commit();
}

static rd_kafka_resp_err_t commit_queue(rd_kafka_t *of, const rd_kafka_topic_partition_list_t *list,
                                        rd_kafka_queue_t *queue, commit_function function,
                                        void *context) {
    (void)of, (void)queue;
    assert_null(asked);
    note_list("commit", list);
    if (told.commits_nothing) return RD_KAFKA_RESP_ERR__STATE;
    asked = rd_kafka_topic_partition_list_copy(list);
    answers = function;
    answers_to = context;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static int queue_poll_callback(rd_kafka_queue_t *queue, int milliseconds) {
    (void)queue;
    if (asked == NULL || told.is_mute) {
        told_pass(milliseconds);
        return 0;
    }
    rd_kafka_topic_partition_list_t *list = asked;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    asked = NULL;
    for (int i = 0; i < list->cnt; i++) list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (outcome_count > 0) {
        if (outcomes[0].of_one) list->elems[0].err = outcomes[0].code;
        else code = outcomes[0].code;
        memmove(outcomes, outcomes + 1, --outcome_count * sizeof *outcomes);
    }
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];
        if (at->err == RD_KAFKA_RESP_ERR_NO_ERROR) told.committed[at->partition] = at->offset;
    }
    answers(THE_HANDLE, code, list, answers_to);
    rd_kafka_topic_partition_list_destroy(list);
    return 1;
}

/* ---- tests ---- */

void told_group_begin(void) {
    for (int i = 0; i < TOLD_PARTITIONS; i++) told.committed[i] = -1;
    memset(told_is_paused, 0, sizeof told_is_paused);
    memset(is_held, 0, sizeof is_held);
    outcome_count = 0;
    told_is_taking = false;
}

void told_group_end(void) {
    forget_commit();
}

void told_group_replace(siem_rdkafka_functions *f) {
    f->assign = assign;
    f->assignment_lost = assignment_lost;
    f->commit_queue = commit_queue;
    f->committed = committed;
    f->consumer_close = consumer_close;
    f->get_watermark_offsets = get_watermark_offsets;
    f->incremental_assign = incremental_assign;
    f->incremental_unassign = incremental_unassign;
    f->pause_partitions = pause_partitions;
    f->poll_set_consumer = poll_set_consumer;
    f->query_watermark_offsets = query_watermark_offsets;
    f->queue_destroy = queue_destroy;
    f->queue_new = queue_new;
    f->queue_poll_callback = queue_poll_callback;
    f->rebalance_protocol = rebalance_protocol;
    f->resume_partitions = resume_partitions;
    f->seek_partitions = seek_partitions;
    f->subscribe = subscribe;
}
