/* told_kafka.c: functions in place of librdkafka's, and a clock. */
#include "told_kafka_state.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

told_kafka told;

static siem_rdkafka_functions library; /* its own */

told_handle told_callbacks;

/* ---- time ---- */

/* Looking at it takes some: who waits by looking alone comes to an end as well. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    if (clock != CLOCK_MONOTONIC) return timespec_get(now, TIME_UTC) == TIME_UTC ? 0 : -1;
    told.now += 1e-5;
    *now = (struct timespec){(time_t)told.now, (long)((told.now - (double)(time_t)told.now) * 1e9)};
    return 0;
}

void told_pass(int milliseconds) {
    told.now += milliseconds / 1e3;
    if (told.waits != NULL) told.waits();
}

int nanosleep(const struct timespec *pause, struct timespec *left) {
    (void)left;
    told.now += (double)pause->tv_sec + (double)pause->tv_nsec / 1e9;
    return 0;
}

/* ---- configurations and handles ---- */

static rd_kafka_conf_t *conf_new(void) {
    told.settings[0] = '\0';
    return library.conf_new();
}

static rd_kafka_conf_res_t conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                                    char *reason, size_t room) {
    if (told.refuses != NULL && strcmp(told.refuses, name) == 0) {
        (void)snprintf(reason, room, "%s is not for hunter2-hunter2", name);
        return RD_KAFKA_CONF_INVALID;
    }
    ADD(told.settings, "%s=%s\n", name, value);
    return library.conf_set(conf, name, value, reason, room);
}

static void conf_set_opaque(rd_kafka_conf_t *conf, void *opaque) {
    (void)conf;
    told_callbacks.opaque = opaque;
}

static void conf_set_log_cb(rd_kafka_conf_t *conf,
                            void (*log)(const rd_kafka_t *, int, const char *, const char *)) {
    (void)conf;
    told_callbacks.log = log;
}

static void conf_set_error_cb(rd_kafka_conf_t *conf,
                              void (*error)(rd_kafka_t *, int, const char *, void *)) {
    (void)conf;
    told_callbacks.error = error;
}

static void conf_set_dr_msg_cb(rd_kafka_conf_t *conf,
                               void (*report)(rd_kafka_t *, const rd_kafka_message_t *, void *)) {
    (void)conf;
    told_callbacks.report = report;
}

static void conf_set_rebalance_cb(rd_kafka_conf_t *conf,
                                  void (*rebalance)(rd_kafka_t *, rd_kafka_resp_err_t,
                                                    rd_kafka_topic_partition_list_t *, void *)) {
    (void)conf;
    told_callbacks.rebalance = rebalance;
}

static rd_kafka_t *new_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *reason,
                              size_t room) {
    sigset_t blocked; /* by the threads that it makes: signals are for others */
    (void)type;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
    assert_int_equal(sigismember(&blocked, SIGTERM), 1);
    if (told.no_handle != NULL) (void)snprintf(reason, room, "%s", told.no_handle);
    if (told.no_handle != NULL) return NULL;
    library.conf_destroy(conf);
    assert_int_equal(told.handles++, 0);
    told.made++;
    told.fatal = RD_KAFKA_RESP_ERR_NO_ERROR;
    return THE_HANDLE;
}

static void *opaque_of(const rd_kafka_t *of) {
    assert_ptr_equal(of, THE_HANDLE);
    return told_callbacks.opaque;
}

static void destroy(rd_kafka_t *of) {
    assert_ptr_equal(of, THE_HANDLE);
    told.handles--;
}

static void destroy_flags(rd_kafka_t *of, int flags) {
    assert_int_equal(flags, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    ADD(told.did, "abandon, ");
    destroy(of);
}

static rd_kafka_resp_err_t fatal_error(rd_kafka_t *of, char *reason, size_t room) {
    (void)of;
    if (reason != NULL) (void)snprintf(reason, room, "the sequence broke off");
    return told.fatal;
}

/* ---- topics ---- */

static rd_kafka_topic_t *topic_new(rd_kafka_t *of, const char *name, rd_kafka_topic_conf_t *conf) {
    (void)of, (void)conf;
    if (told.no_topic) return NULL;
    told.topics_open++;
    return (rd_kafka_topic_t *)strdup(name);
}

static void topic_destroy(rd_kafka_topic_t *topic) {
    told.topics_open--;
    free(topic);
}

static rd_kafka_resp_err_t last_error(void) {
    return RD_KAFKA_RESP_ERR__INVALID_ARG;
}

static rd_kafka_resp_err_t metadata(rd_kafka_t *of, int all, rd_kafka_topic_t *topic,
                                    const struct rd_kafka_metadata **out, int milliseconds) {
    (void)of;
    ADD(told.did, "ask%s%s %d, ",
        all             ? " all"
        : topic != NULL ? " "
                        : "",
        topic != NULL ? (const char *)topic : "", milliseconds);
    if (told.metadata != RD_KAFKA_RESP_ERR_NO_ERROR) {
        told_pass(milliseconds);
        return told.metadata;
    }
    struct rd_kafka_metadata *answer = calloc(1, sizeof *answer);
    answer->topics = calloc(3, sizeof *answer->topics);
    answer->broker_cnt = 2;
    for (int i = 0; i < 3; i++) {
        const char *name = i == 0 && topic != NULL ? (const char *)topic : told.topics[i];
        if (name == NULL || (topic != NULL && (i > 0 || told.partitions < 0))) break;
        answer->topics[answer->topic_cnt++] = (struct rd_kafka_metadata_topic){
            .topic = (char *)name, .partition_cnt = told.partitions, .err = told.of_topic};
    }
    *out = answer;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void metadata_destroy(const struct rd_kafka_metadata *answer) {
    free(answer->topics);
    free((void *)answer);
}

/* ---- what is polled ---- */

typedef enum item_kind { MESSAGE, GIVE, TAKE, ERROR, LOG } item_kind;

typedef struct item {
    rd_kafka_message_t message; /* first: what is polled is an item */
    struct item *next;
    item_kind kind;
    char *text; /* payload, partitions, reason, or the line of a log */
    char *key;  /* or the facility of a log */
    int64_t time;
    rd_kafka_headers_t *headers;
} item;

static item *first, **last;

static item *add_item(item_kind kind, rd_kafka_resp_err_t code, const char *text) {
    item *new = calloc(1, sizeof *new);
    assert_non_null(new);
    new->kind = kind;
    new->message.err = code;
    if (text != NULL) new->text = strdup(text);
    item **end = &first;
    if (last != NULL) end = last;
    *end = new;
    last = &new->next;
    return new;
}

static void free_item(item *old) {
    if (old->headers != NULL) rd_kafka_headers_destroy(old->headers);
    free(old->text);
    free(old->key);
    free(old);
}

static item *last_item(void) {
    return (item *)((char *)last - offsetof(item, next));
}

void told_message(int32_t partition, int64_t offset, const char *text) {
    item *new = add_item(MESSAGE, RD_KAFKA_RESP_ERR_NO_ERROR, text);
    new->message.partition = partition;
    new->message.offset = offset;
    new->message.payload = new->text;
    new->message.len = text != NULL ? strlen(text) : 0;
}

void told_label(const char *key, const char *const *headers) {
    item *of = last_item();
    if (key != NULL) of->message.key = of->key = strdup(key);
    if (key != NULL) of->message.key_len = strlen(key);
    if (headers == NULL) return;
    of->headers = rd_kafka_headers_new(8);
    for (; *headers != NULL; headers += 2) {
        (void)rd_kafka_header_add(of->headers, headers[0], -1, headers[1], -1);
    }
}

void told_time(int64_t milliseconds) {
    last_item()->time = milliseconds;
}

void told_eof(int32_t partition, int64_t offset) {
    item *new = add_item(MESSAGE, RD_KAFKA_RESP_ERR__PARTITION_EOF, NULL);
    new->message.partition = partition;
    new->message.offset = offset;
}

void told_fault(rd_kafka_resp_err_t code) {
    (void)add_item(MESSAGE, code, NULL);
}

void told_error(rd_kafka_resp_err_t code, const char *reason) {
    (void)add_item(ERROR, code, reason);
}

void told_log(const char *facility, const char *text) {
    add_item(LOG, RD_KAFKA_RESP_ERR_NO_ERROR, text)->key = strdup(facility);
}

void told_give(const char *partitions) {
    (void)add_item(GIVE, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, partitions);
}

void told_take(const char *partitions) {
    (void)add_item(TAKE, RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, partitions);
}

/* Takes an item out of the queue. */
static item *take(item **at) {
    item *taken = *at;
    *at = taken->next;
    if (last == &taken->next) last = at == &first ? NULL : at;
    taken->next = NULL;
    return taken;
}

/* A message of what is paused; and what the group gives before it has what it takes away. */
static bool is_blocked(const item *of) {
    if (of->kind == GIVE) return told_is_taking;
    return of->kind == MESSAGE && of->message.err == RD_KAFKA_RESP_ERR_NO_ERROR &&
           told_is_paused[of->message.partition];
}

/* Of what is no message, the next one. False when there is none. */
static bool serve(void) {
    item **at = &first;
    while (*at != NULL && ((*at)->kind == MESSAGE || is_blocked(*at))) at = &(*at)->next;
    if (*at == NULL) return false;
    item *of = take(at);
    if (of->kind == ERROR)
        told_callbacks.error(THE_HANDLE, of->message.err, of->text, told_callbacks.opaque);
    else if (of->kind == LOG) told_callbacks.log(THE_HANDLE, 4, of->key, of->text);
    else told_change(of->message.err, of->text);
    free_item(of);
    return true;
}

static rd_kafka_message_t *consumer_poll(rd_kafka_t *of, int milliseconds) {
    (void)of;
    told.polls++;
    for (item **at = &first; *at != NULL;) {
        if (is_blocked(*at)) {
            at = &(*at)->next;
        } else if ((*at)->kind == MESSAGE) {
            return &take(at)->message;
        } else {
            (void)serve();
            at = &first;
        }
    }
    told_pass(milliseconds);
    return NULL;
}

static void message_destroy(rd_kafka_message_t *message) {
    free_item((item *)message);
}

static int64_t message_timestamp(const rd_kafka_message_t *message,
                                 rd_kafka_timestamp_type_t *type) {
    *type = RD_KAFKA_TIMESTAMP_CREATE_TIME;
    return ((const item *)message)->time;
}

static rd_kafka_resp_err_t message_headers(const rd_kafka_message_t *message,
                                           rd_kafka_headers_t **headers) {
    *headers = ((const item *)message)->headers;
    return *headers != NULL ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__NOENT;
}

/* ---- producers ---- */

typedef struct sent {
    void *opaque;
    char letter;
    bool is_sent, is_purged;
} sent;

static sent in_flight[10000]; /* in the order in which they came */
static size_t sent_count;

static rd_kafka_resp_err_t code_of(char letter) {
    return letter == 'l'   ? RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
           : letter == 'h' ? RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
           : letter == 'r' ? RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS
           : letter == 'f' ? RD_KAFKA_RESP_ERR__FATAL
                           : RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_error_t *produceva(rd_kafka_t *of, const rd_kafka_vu_t *arguments, size_t count) {
    void *opaque = NULL;
    (void)of;
    for (size_t i = 0; i < count; i++) {
        if (arguments[i].vtype == RD_KAFKA_VTYPE_OPAQUE) opaque = arguments[i].u.ptr;
        if (arguments[i].vtype != RD_KAFKA_VTYPE_VALUE) continue;
        const char *record = arguments[i].u.mem.ptr;
        ADD(told.did, "%d, ", atoi(record + strcspn(record, "0123456789")));
    }
    char letter = told.reports != NULL ? *told.reports : 'd';
    if (told.reports != NULL && told.reports[1] != '\0') told.reports++;
    if (isupper((unsigned char)letter)) {
        return rd_kafka_error_new(code_of((char)tolower((unsigned char)letter)), "not so");
    }
    in_flight[sent_count++] = (sent){opaque, letter, !told.lingers, false};
    return NULL;
}

static rd_kafka_resp_err_t purge(rd_kafka_t *of, int flags) {
    (void)of;
    assert_int_equal(flags, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                RD_KAFKA_PURGE_F_NON_BLOCKING);
    ADD(told.did, "purge, ");
    for (size_t i = 0; i < sent_count; i++) in_flight[i].is_purged = true;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void report(size_t at) {
    const sent of = in_flight[at];
    rd_kafka_message_t message = {.err = of.is_purged ? RD_KAFKA_RESP_ERR__PURGE_QUEUE
                                                      : code_of(of.letter),
                                  ._private = of.opaque};
    if (message.err == RD_KAFKA_RESP_ERR__FATAL) {
        told.fatal = RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    }
    memmove(in_flight + at, in_flight + at + 1, (--sent_count - at) * sizeof *in_flight);
    told_callbacks.report(THE_HANDLE, &message, told_callbacks.opaque);
}

void told_report(size_t at) {
    assert_true(at < sent_count);
    report(at);
}

/* Reports the first message that has a report. */
static bool report_next(void) {
    size_t at = 0;
    while (at < sent_count && !in_flight[at].is_purged &&
           (!in_flight[at].is_sent || in_flight[at].letter == '.')) {
        at++;
    }
    if (at == sent_count) return false;
    report(at);
    return true;
}

static int serve_all(int milliseconds) {
    int served = 0;
    while (serve() || report_next()) served++;
    if (served == 0) told_pass(milliseconds);
    return served;
}

static int poll_handle(rd_kafka_t *of, int milliseconds) {
    (void)of;
    told.polls++;
    return serve_all(milliseconds);
}

static rd_kafka_resp_err_t flush(rd_kafka_t *of, int milliseconds) {
    (void)of;
    told.flushes++;
    for (size_t i = 0; i < sent_count; i++) in_flight[i].is_sent = true;
    (void)serve_all(milliseconds);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ---- tests ---- */

static void replace_all(siem_rdkafka_functions *f) {
    f->conf_new = conf_new;
    f->conf_set = conf_set;
    f->conf_set_dr_msg_cb = conf_set_dr_msg_cb;
    f->conf_set_error_cb = conf_set_error_cb;
    f->conf_set_log_cb = conf_set_log_cb;
    f->conf_set_opaque = conf_set_opaque;
    f->conf_set_rebalance_cb = conf_set_rebalance_cb;
    f->consumer_poll = consumer_poll;
    f->destroy = destroy;
    f->destroy_flags = destroy_flags;
    f->fatal_error = fatal_error;
    f->flush = flush;
    f->last_error = last_error;
    f->message_destroy = message_destroy;
    f->message_headers = message_headers;
    f->message_timestamp = message_timestamp;
    f->metadata = metadata;
    f->metadata_destroy = metadata_destroy;
    f->new = new_handle;
    f->opaque = opaque_of;
    f->poll = poll_handle;
    f->produceva = produceva;
    f->purge = purge;
    f->topic_destroy = topic_destroy;
    f->topic_new = topic_new;
}

int told_begin(void **state) {
    (void)state;
    assert_ok(siem_rdkafka_load(&err));
    if (library.conf_new == NULL) library = siem_rdkafka;
    siem_rdkafka = library;
    replace_all(&siem_rdkafka);
    told_group_replace(&siem_rdkafka);
    told = (told_kafka){.now = 1000, .partitions = 2};
    sent_count = 0;
    told_group_begin();
    return 0;
}

int told_end(void **state) {
    (void)state;
    while (first != NULL) free_item(take(&first));
    last = NULL;
    told_group_end();
    assert_int_equal(told.handles, 0);
    assert_int_equal(told.queues, 0);
    assert_int_equal(told.topics_open, 0);
    return 0;
}

void told_did(const char *expected) {
    assert_string_equal(told.did, expected);
    told.did[0] = '\0';
}
