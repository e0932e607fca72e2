/* group.c: a consumer of librdkafka, which its own thread polls. */
#include "topic/group.h"

#include "base/clock.h"
#include "base/error.h"
#include "sink/kafka/client.h"
#include "sink/kafka/verdict.h"
#include "topic/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUIET       1.0 /* seconds without a poll, after which it polls without reading */
#define COMMIT_TIME 5.0 /* seconds that a commit may take */
#define SEEK_MS     5000
#define PROBE_MS    500
#define SLICE_MS    50
#define ASK_MS      5000 /* for the start and the end of partitions */

struct siem_group {
    const siem_kafka_account *account;
    const char *topic;
    double handover;
    siem_kafka_client client;
    siem_ledger *ledger;
    rd_kafka_queue_t *commits;                /* outcomes of commits */
    rd_kafka_message_t *taken;                /* that was given last; NULL: none */
    rd_kafka_message_t *waiting;              /* that was polled and not given yet; NULL: none */
    rd_kafka_topic_partition_list_t *leaving; /* what the group takes away; NULL: nothing */
    double leave_due;                         /* of siem_clock */
    double polled;                            /* of siem_clock */
    rd_kafka_resp_err_t fault;                /* that time does not cure */
    rd_kafka_resp_err_t commit_fault;         /* of the last commit */
    bool is_away;                             /* no broker answered, when one was asked last */
    bool ends;                                /* siem_group_set_ends */
    bool is_assigned;                         /* it knows which partitions are its own */
    unsigned change;                          /* of the assignment: how many there were */
    unsigned commit_change;                   /* at the last commit */
    bool is_committing, is_paused, is_closing;
};

/* ---- life ---- */

static void change_assignment(siem_kafka_client *client, rd_kafka_resp_err_t change,
                              const rd_kafka_topic_partition_list_t *partitions);

siem_code siem_group_open(siem_group **out, const siem_kafka_account *account, const char *topic,
                          double handover, siem_error *err) {
    siem_group *group = *out = calloc(1, sizeof *group);
    if (group == NULL) return siem_error_no_memory(err);
    group->account = account;
    group->topic = topic;
    group->handover = handover;
    siem_kafka_client_prepare(&group->client, account);
    group->client.context = group;
    group->client.rebalance = change_assignment;
    siem_code rc = siem_ledger_open(&group->ledger, err);
    if (rc == SIEM_OK) rc = siem_kafka_client_check(&group->client, RD_KAFKA_CONSUMER, err);
    if (rc == SIEM_OK) return rc;
    siem_group_close(group);
    *out = NULL;
    return rc;
}

static siem_code join(siem_group *group, siem_error *err) {
    siem_code rc = siem_kafka_client_open(&group->client, RD_KAFKA_CONSUMER, err);
    if (rc != SIEM_OK) return rc;
    rd_kafka_t *handle = group->client.handle;
    (void)siem_rdkafka.poll_set_consumer(handle);
    group->commits = siem_rdkafka.queue_new(handle);
    group->fault = group->commit_fault = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_t *topics = siem_rdkafka.topic_partition_list_new(1);
    (void)siem_rdkafka.topic_partition_list_add(topics, group->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = siem_rdkafka.subscribe(handle, topics);
    siem_rdkafka.topic_partition_list_destroy(topics);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return SIEM_OK;
    siem_group_leave(group);
    return siem_error_set(err, SIEM_HELD, "%s: topic %s: %s", group->account->name, group->topic,
                          siem_rdkafka.err2str(code));
}

static void drop_message(rd_kafka_message_t **message) {
    if (*message != NULL) siem_rdkafka.message_destroy(*message);
    *message = NULL;
}

static void release(siem_group *group);

/* Without a broker, closing would wait for one. */
void siem_group_leave(siem_group *group) {
    rd_kafka_t *handle = group->client.handle;
    if (handle == NULL) return;
    drop_message(&group->taken);
    drop_message(&group->waiting);
    group->is_closing = true;
    if (group->leaving != NULL) release(group);
    if (group->commits != NULL) siem_rdkafka.queue_destroy(group->commits);
    if (group->is_away) {
        siem_rdkafka.destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        group->client.handle = NULL;
    } else {
        (void)siem_rdkafka.consumer_close(handle);
    }
    siem_kafka_client_close(&group->client);
    siem_ledger_forget(group->ledger);
    group->commits = NULL;
    group->is_closing = group->is_paused = group->is_committing = group->is_away = false;
    group->is_assigned = false;
}

void siem_group_close(siem_group *group) {
    if (group == NULL) return;
    siem_group_leave(group);
    siem_kafka_client_free(&group->client);
    siem_ledger_close(group->ledger);
    free(group);
}

/* ---- partitions ---- */

static bool is_cooperative(const siem_group *group) {
    const char *protocol = siem_rdkafka.rebalance_protocol(group->client.handle);
    return protocol != NULL && strcmp(protocol, "COOPERATIVE") == 0;
}

/* The partitions that are this member's. */
static rd_kafka_topic_partition_list_t *list_held(const siem_group *group) {
    rd_kafka_topic_partition_list_t *list = siem_rdkafka.topic_partition_list_new(8);
    const siem_share *share;
    for (size_t i = 0; (share = siem_ledger_share(group->ledger, i)) != NULL; i++) {
        if (share->is_held) {
            (void)siem_rdkafka.topic_partition_list_add(list, group->topic, share->partition);
        }
    }
    return list;
}

/* Nothing is fetched while nothing is read: polls are for the group alone. */
static void set_paused(siem_group *group, bool is_paused) {
    if (group->is_paused == is_paused) return;
    rd_kafka_topic_partition_list_t *list = list_held(group);
    if (is_paused) (void)siem_rdkafka.pause_partitions(group->client.handle, list);
    else (void)siem_rdkafka.resume_partitions(group->client.handle, list);
    siem_rdkafka.topic_partition_list_destroy(list);
    group->is_paused = is_paused;
}

static void release(siem_group *group) {
    rd_kafka_topic_partition_list_t *list = group->leaving;
    rd_kafka_t *handle = group->client.handle;
    set_paused(group, false); /* a pause would outlast this */
    if (is_cooperative(group)) {
        rd_kafka_error_t *error = siem_rdkafka.incremental_unassign(handle, list);
        if (error != NULL) siem_rdkafka.error_destroy(error);
    } else {
        (void)siem_rdkafka.assign(handle, NULL);
        group->is_assigned = false;
    }
    for (int i = 0; i < list->cnt; i++) {
        const int32_t partition = list->elems[i].partition;
        siem_ledger_drop(group->ledger, partition);
        bool waits = group->waiting != NULL && group->waiting->partition == partition;
        if (waits) drop_message(&group->waiting);
    }
    siem_rdkafka.topic_partition_list_destroy(list);
    group->leaving = NULL;
    group->change++;
}

/* Where a member that ends does: at the end that the partition has when it comes first. Where that
 * cannot be asked for, it is where nothing is left to be read. */
static void set_end(const siem_group *group, siem_share *share) {
    int64_t low, high;
    if (!group->ends || share->end >= 0) return;
    rd_kafka_resp_err_t code = siem_rdkafka.query_watermark_offsets(
        group->client.handle, group->topic, share->partition, &low, &high, ASK_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) share->end = high;
}

/* What the group has committed of them; RD_KAFKA_OFFSET_INVALID where nothing, or nobody says. */
static rd_kafka_topic_partition_list_t *
ask_committed(const siem_group *group, const rd_kafka_topic_partition_list_t *partitions) {
    rd_kafka_topic_partition_list_t *list = siem_rdkafka.topic_partition_list_copy(partitions);
    if (list->cnt > 0) (void)siem_rdkafka.committed(group->client.handle, list, ASK_MS);
    return list;
}

/* Makes a partition this member's. Without memory, nothing of it is committed: it is read again. */
static void hold(const siem_group *group, rd_kafka_topic_partition_t *at) {
    siem_error ignored;
    int64_t committed = at->offset >= 0 ? at->offset : -1;
    if (siem_ledger_hold(group->ledger, at->partition, committed, &ignored) != SIEM_OK) return;
    siem_share *share = siem_ledger_find(group->ledger, at->partition);
    if (share->start >= 0) at->offset = share->start;
    set_end(group, share);
}

/* A pause at the end of a partition outlasts its loss: it may be read again from before. While
 * nothing is read, nothing of them is, either. */
static void set_flow(const siem_group *group, rd_kafka_topic_partition_list_t *partitions) {
    rd_kafka_t *handle = group->client.handle;
    if (group->is_paused) (void)siem_rdkafka.pause_partitions(handle, partitions);
    else if (group->ends) (void)siem_rdkafka.resume_partitions(handle, partitions);
}

static void acquire(siem_group *group, const rd_kafka_topic_partition_list_t *partitions) {
    rd_kafka_t *handle = group->client.handle;
    rd_kafka_topic_partition_list_t *list = ask_committed(group, partitions);
    for (int i = 0; i < list->cnt; i++) hold(group, &list->elems[i]);
    group->is_assigned = true;
    group->change++;
    siem_kafka_client_forget(&group->client);
    if (is_cooperative(group)) {
        rd_kafka_error_t *error = siem_rdkafka.incremental_assign(handle, list);
        if (error != NULL) siem_rdkafka.error_destroy(error);
    } else {
        (void)siem_rdkafka.assign(handle, list);
    }
    set_flow(group, list);
    siem_rdkafka.topic_partition_list_destroy(list);
}

/* Called within a poll. What is taken away is released later, when it is done; but at once when the
 * group has given it to others already. */
static void change_assignment(siem_kafka_client *client, rd_kafka_resp_err_t change,
                              const rd_kafka_topic_partition_list_t *partitions) {
    siem_group *group = client->context;
    if (change == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        acquire(group, partitions);
        return;
    }
    bool is_lost = group->is_closing || siem_rdkafka.assignment_lost(client->handle) != 0;
    group->leaving = siem_rdkafka.topic_partition_list_copy(partitions);
    group->leave_due = siem_clock() + group->handover;
    if (is_lost) release(group);
    else set_paused(group, true);
}

bool siem_group_is_leaving(const siem_group *group) {
    return group->leaving != NULL;
}

/* ---- ends ---- */

void siem_group_set_ends(siem_group *group, bool ends) {
    group->ends = ends;
}

bool siem_group_is_over(const siem_group *group) {
    const siem_share *share;
    if (!group->ends || !group->is_assigned || group->leaving != NULL) return false;
    for (size_t i = 0; (share = siem_ledger_share(group->ledger, i)) != NULL; i++) {
        if (share->is_held && !share->is_read) return false;
    }
    return true;
}

/* The partition has no message at `offset` yet. */
static void note_end(const siem_group *group, int32_t partition, int64_t offset) {
    siem_share *share = siem_ledger_find(group->ledger, partition);
    if (share == NULL || !share->is_held) return;
    if (share->start < 0) share->start = offset;
    share->is_read = true;
}

static void pause_one(const siem_group *group, int32_t partition) {
    rd_kafka_topic_partition_list_t *list = siem_rdkafka.topic_partition_list_new(1);
    (void)siem_rdkafka.topic_partition_list_add(list, group->topic, partition);
    (void)siem_rdkafka.pause_partitions(group->client.handle, list);
    siem_rdkafka.topic_partition_list_destroy(list);
}

/* A message after the end is the next run's, from the last commit on. */
static bool is_wanted(const siem_group *group, const rd_kafka_message_t *message) {
    siem_share *share = siem_ledger_find(group->ledger, message->partition);
    if (share == NULL || !share->is_held) return false;
    if (!group->ends) return true;
    share->is_read = share->is_read || (share->end >= 0 && message->offset >= share->end);
    if (share->is_read) pause_one(group, share->partition);
    return !share->is_read;
}

/* ---- polls ---- */

/* A message, or what there is in place of one. While all partitions are paused, there is none. */
static void take_polled(siem_group *group, rd_kafka_message_t *message) {
    const rd_kafka_resp_err_t code = message->err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && group->waiting == NULL && is_wanted(group, message)) {
        group->waiting = message;
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_end(group, message->partition, message->offset);
    } else if (siem_kafka_fault_of(code).verdict == SIEM_HOLD) {
        group->fault = code;
    }
    siem_rdkafka.message_destroy(message);
}

/* False when there was nothing. */
static bool poll_once(siem_group *group, int milliseconds) {
    group->polled = siem_clock();
    rd_kafka_message_t *message = siem_rdkafka.consumer_poll(group->client.handle, milliseconds);
    if (message != NULL) take_polled(group, message);
    return message != NULL;
}

/* For the group alone: nothing is read. */
static void stay(siem_group *group, int milliseconds) {
    set_paused(group, true);
    (void)poll_once(group, milliseconds);
}

/* ---- commits ---- */

/* The group changes, or has changed, and this member is about to learn that. */
static bool is_of_change(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
           code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
}

/* A refusal from before the last change says nothing: what is not committed is sent again. */
static void note_commit(rd_kafka_t *handle, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *offsets, void *context) {
    siem_group *group = context;
    (void)handle;
    group->is_committing = false;
    rd_kafka_resp_err_t fault = code;
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &offsets->elems[i];
        siem_share *share = siem_ledger_find(group->ledger, at->partition);
        if (at->err != RD_KAFKA_RESP_ERR_NO_ERROR) fault = at->err;
        else if (share != NULL && share->is_held) share->committed = at->offset;
    }
    bool is_change = is_of_change(fault), is_news = group->commit_change == group->change;
    if (is_news && (is_change || fault == RD_KAFKA_RESP_ERR_NO_ERROR)) {
        group->is_assigned = !is_change;
    }
    group->commit_fault = is_change && !is_news ? RD_KAFKA_RESP_ERR_NO_ERROR : fault;
}

/* Sends what is done and not known to the group. False when there is nothing. */
static bool send_commit(siem_group *group) {
    rd_kafka_topic_partition_list_t *list = siem_rdkafka.topic_partition_list_new(8);
    const siem_share *share;
    for (size_t i = 0; (share = siem_ledger_share(group->ledger, i)) != NULL; i++) {
        if (!share->is_held || share->done <= share->committed) continue;
        siem_rdkafka.topic_partition_list_add(list, group->topic, share->partition)->offset =
            share->done;
    }
    bool is_any = list->cnt > 0;
    if (is_any) {
        group->commit_fault = siem_rdkafka.commit_queue(group->client.handle, list, group->commits,
                                                        note_commit, group);
        group->is_committing = group->commit_fault == RD_KAFKA_RESP_ERR_NO_ERROR;
        group->commit_change = group->change;
    }
    siem_rdkafka.topic_partition_list_destroy(list);
    return is_any;
}

static siem_code fail_commit(const siem_group *group, rd_kafka_resp_err_t code, siem_error *err) {
    return siem_error_set(
        err, SIEM_IO,
        "%s: cannot commit the position of group %s: %s; what was delivered since "
        "may be delivered again",
        group->account->name, group->account->group, siem_rdkafka.err2str(code));
}

static siem_code commit(siem_group *group, bool waits, siem_error *err) {
    double end = siem_clock() + (group->is_away ? 0 : COMMIT_TIME);
    for (;;) {
        (void)siem_rdkafka.queue_poll_callback(group->commits,
                                               waits && group->is_committing ? SLICE_MS : 0);
        rd_kafka_resp_err_t code = group->commit_fault;
        group->commit_fault = RD_KAFKA_RESP_ERR_NO_ERROR;
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail_commit(group, code, err);
        bool is_sent = !group->is_committing && !send_commit(group);
        if (is_sent || !waits) return SIEM_OK;
        if (siem_clock() > end) return fail_commit(group, RD_KAFKA_RESP_ERR__TIMED_OUT, err);
    }
}

/* Whether the group changes, and does not know all that this member has done. */
static bool is_unsettled(const siem_group *group) {
    return !group->is_assigned && !group->is_away && siem_ledger_is_ahead(group->ledger);
}

/* Releases what the group takes away, and learns what it gives. */
static void follow_change(siem_group *group) {
    if (group->leaving != NULL) release(group);
    stay(group, SLICE_MS);
}

/* While the group changes, brokers can refuse a commit. Partitions that this member gets back are
 * committed then; another member continues the others from the last commit on. */
siem_code siem_group_commit(siem_group *group, int64_t number, bool waits, siem_error *err) {
    double end = siem_clock() + COMMIT_TIME + group->handover;
    siem_ledger_settle(group->ledger, number);
    if (group->client.handle == NULL) return SIEM_OK;
    siem_code rc = commit(group, waits, err);
    while (waits && is_unsettled(group)) {
        const rd_kafka_resp_err_t change = RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
        if (siem_clock() > end) return fail_commit(group, change, err);
        follow_change(group);
        rc = commit(group, true, err);
    }
    return rc;
}

/* ---- messages ---- */

/* The next message, over what is none. */
static bool find_message(siem_group *group) {
    while (group->waiting == NULL && group->leaving == NULL && !siem_group_is_over(group) &&
           poll_once(group, 0)) {
    }
    return group->waiting != NULL && group->leaving == NULL;
}

/* What time does not cure, or SIEM_OK. */
static siem_code check(const siem_group *group, siem_error *err) {
    const siem_kafka_client *client = &group->client;
    rd_kafka_resp_err_t code =
        client->is_refused ? RD_KAFKA_RESP_ERR__AUTHENTICATION : group->fault;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return SIEM_OK;
    return siem_error_set(
        err, SIEM_HELD, "%s: topic %s: %s%s", group->account->name, group->topic,
        client->is_refused && client->cause[0] != '\0' ? client->cause : siem_rdkafka.err2str(code),
        siem_kafka_fault_of(code).advice);
}

/* After an error, of one broker or of all: whether one answers. */
static siem_code probe(siem_group *group, siem_error *err) {
    const struct rd_kafka_metadata *metadata;
    siem_kafka_client *client = &group->client;
    rd_kafka_resp_err_t code = siem_rdkafka.metadata(client->handle, 0, NULL, &metadata, PROBE_MS);
    group->is_away = code != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!group->is_away) {
        siem_rdkafka.metadata_destroy(metadata);
        siem_kafka_client_forget(client);
        return SIEM_OK;
    }
    return siem_error_set(err, SIEM_UNAVAILABLE, "%s: topic %s: %s", group->account->name,
                          group->topic,
                          client->cause[0] != '\0' ? client->cause : siem_rdkafka.err2str(code));
}

/* Why there is no message. SIEM_END: there is none. */
static siem_code find_cause(siem_group *group, siem_error *err) {
    siem_kafka_client_remark(&group->client);
    siem_code rc = check(group, err);
    bool is_doubtful = group->client.is_down || group->client.cause[0] != '\0';
    if (rc == SIEM_OK && is_doubtful) rc = probe(group, err);
    return rc == SIEM_OK ? SIEM_END : rc;
}

static siem_message_place place_of(const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type;
    int64_t time = siem_rdkafka.message_timestamp(message, &type);
    return (siem_message_place){
        .offset = message->offset, .time = time > 0 ? time : 0, .partition = message->partition};
}

siem_code siem_group_take(siem_group *group, siem_message *message, siem_error *err) {
    siem_code rc = group->client.handle == NULL ? join(group, err) : SIEM_OK;
    if (rc != SIEM_OK) return rc;
    drop_message(&group->taken);
    if (group->leaving != NULL) return SIEM_END;
    set_paused(group, false);
    if (!find_message(group)) return group->leaving != NULL ? SIEM_END : find_cause(group, err);
    const rd_kafka_message_t *next = group->waiting;
    message->place = place_of(next);
    rc = siem_ledger_add(group->ledger, &message->place, &message->number, err);
    if (rc != SIEM_OK) return rc;
    group->taken = group->waiting;
    group->waiting = NULL;
    message->bytes = next->payload != NULL ? next->payload : "";
    message->size = next->payload != NULL ? next->len : 0;
    return SIEM_OK;
}

/* When all is done that was read, or the time for that is over. */
static void release_when_done(siem_group *group) {
    if (group->leaving == NULL) return;
    bool is_done = siem_ledger_open_count(group->ledger) == 0;
    if (!is_done && siem_clock() < group->leave_due) return;
    siem_error ignored; /* its next owner reads it again */
    (void)commit(group, is_done, &ignored);
    release(group);
}

siem_code siem_group_wait(siem_group *group, int milliseconds, siem_error *err) {
    if (group->client.handle == NULL) return SIEM_OK; /* the next one joins */
    drop_message(&group->taken);
    siem_error ignored; /* it is tried again, and what fails for good is reported at the end */
    (void)siem_group_commit(group, 0, false, &ignored);
    release_when_done(group);
    set_paused(group, group->leaving != NULL);
    if (group->waiting == NULL) (void)poll_once(group, milliseconds);
    return group->waiting != NULL ? SIEM_OK : find_cause(group, err);
}

void siem_group_tend(siem_group *group) {
    if (group->client.handle == NULL || siem_clock() - group->polled < QUIET) return;
    stay(group, 0);
    siem_kafka_client_remark(&group->client);
    if (group->leaving != NULL && siem_clock() >= group->leave_due) release_when_done(group);
}

/* ---- going back ---- */

typedef struct starts {
    const char *topic;
    rd_kafka_topic_partition_list_t *list;
} starts;

static void add_start(void *context, int32_t partition, int64_t offset) {
    starts *s = context;
    siem_rdkafka.topic_partition_list_add(s->list, s->topic, partition)->offset = offset;
}

static bool seek(const siem_group *group, rd_kafka_topic_partition_list_t *list) {
    if (list->cnt == 0) return true;
    rd_kafka_error_t *error = siem_rdkafka.seek_partitions(group->client.handle, list, SEEK_MS);
    bool is_done = error == NULL;
    if (error != NULL) siem_rdkafka.error_destroy(error);
    for (int i = 0; i < list->cnt; i++) {
        is_done = is_done && list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    return is_done;
}

/* As the target failed, messages are read again from the first one on that is not done. Where that
 * is not possible, the member joins again: it begins after what is committed. */
void siem_group_rewind(siem_group *group, int64_t number) {
    if (group->client.handle == NULL) return;
    drop_message(&group->taken);
    bool is_known = true;
    if (group->waiting != NULL) { /* it was polled, and is not in the ledger yet */
        siem_message_place place = place_of(group->waiting);
        int64_t ignored;
        is_known = siem_ledger_add(group->ledger, &place, &ignored, NULL) == SIEM_OK;
        drop_message(&group->waiting);
    }
    starts s = {group->topic, siem_rdkafka.topic_partition_list_new(8)};
    siem_ledger_rewind(group->ledger, number, add_start, &s);
    if (!is_known || !seek(group, s.list)) siem_group_leave(group);
    siem_rdkafka.topic_partition_list_destroy(s.list);
}

/* ---- lag ---- */

/* Both ends are those that the last answer of a broker had; -1: none had. */
static siem_partition describe(const siem_group *group, const siem_share *share) {
    int64_t low = -1, high = -1;
    (void)siem_rdkafka.get_watermark_offsets(group->client.handle, group->topic, share->partition,
                                             &low, &high);
    return siem_progress_of(share->partition, share->done >= 0 ? share->done : share->start, low,
                            high);
}

bool siem_group_partition(siem_group *group, size_t index, siem_partition *out) {
    const siem_share *share;
    size_t held = 0;
    for (size_t i = 0; (share = siem_ledger_share(group->ledger, i)) != NULL; i++) {
        if (!share->is_held || held++ < index) continue;
        *out = describe(group, share);
        return true;
    }
    return false;
}

siem_lag siem_group_lag(siem_group *group) {
    siem_lag lag = {0};
    siem_partition partition;
    for (size_t i = 0; siem_group_partition(group, i, &partition); i++) {
        if (partition.lag > 0) lag.events += partition.lag;
    }
    int64_t oldest = siem_ledger_oldest(group->ledger);
    if (oldest > 0) lag.seconds = fmax(0, (double)time(NULL) - (double)oldest / 1000);
    return lag;
}
