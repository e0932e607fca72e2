/* topic.c: raw events of a topic, as the source of an export. */
#include "base/error.h"
#include "base/misuse.h"
#include "source/source.h"
#include "topic/group.h"
#include "topic/sheaf.h"
#include "topic/standing.h"
#include "topic/translator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct topic_source {
    siem_source source;
    char *brokers, *topic, *group_id;
    siem_texts given; /* properties, as "NAME=VALUE" */
    double handover;
    siem_kafka_properties properties;
    siem_kafka_account account;
    siem_group *group;
    siem_translator *translator;
    int64_t slices;           /* that were given */
    siem_partition partition; /* that siem_source_partition gave */
    siem_partition *answer;   /* of the brokers, when they were asked last; NULL: none */
    size_t answer_count;
} topic_source;

/* ---- options ---- */

#define AT(member) offsetof(topic_source, member)

static const siem_option_spec options[] = {
    {.name = "brokers",
     .value = "HOST:PORT,...",
     .required = true,
     .at = AT(brokers),
     .help = "some brokers of the cluster, which names the others"},
    {.name = "topic",
     .value = "NAME",
     .required = true,
     .at = AT(topic),
     .help = "where raw events are"},
    {.name = "group",
     .value = "NAME",
     .required = true,
     .at = AT(group_id),
     .help = "the group of consumers that share the partitions"},
    {.name = "kafka",
     .kind = SIEM_OPTION_TEXTS,
     .value = "NAME=VALUE",
     .secret = true,
     .at = AT(given),
     .help = "a property of librdkafka; a password is given as file:PATH, env:NAME or cmd:COMMAND"},
    {.name = "handover",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0,
     .most = 3600,
     .fallback = 10,
     .at = AT(handover),
     .help = "to deliver what was read of a partition that the group gives to another member"},
    {0},
};

/* ---- reading ---- */

static topic_source *topic_of(siem_source *source) {
    return (topic_source *)source;
}

/* What the group wants of the export. */
static void look_at_group(topic_source *topic) {
    topic->source.is_due = siem_group_is_leaving(topic->group);
    topic->source.is_over = siem_group_is_over(topic->group);
}

/* Its position is the number of the message: the ids of several registries say nothing. */
static siem_code next(siem_source *source, siem_event **event, siem_error *err) {
    topic_source *topic = topic_of(source);
    siem_message message;
    *event = NULL;
    siem_code rc = siem_group_take(topic->group, &message, err);
    if (rc != SIEM_OK) {
        look_at_group(topic);
        return rc;
    }
    return siem_translator_read(topic->translator, &message, event, err);
}

static const void *origin_of(siem_source *source) {
    return topic_of(source)->topic;
}

/* Takes messages until the sheaf is full, or there is none now. A failure comes again with the next
 * slice. */
static siem_code fill(topic_source *topic, siem_sheaf *sheaf, siem_message *message,
                      siem_error *err) {
    for (;;) {
        siem_code rc = siem_sheaf_add(sheaf, message, err);
        if (rc != SIEM_OK || siem_sheaf_is_full(sheaf)) return rc;
        siem_error later;
        if (siem_group_take(topic->group, message, &later) != SIEM_OK) return SIEM_OK;
    }
}

static siem_code next_slice(siem_source *source, siem_slice *slice, siem_error *err) {
    topic_source *topic = topic_of(source);
    siem_message message;
    *slice = (siem_slice){.number = topic->slices};
    siem_code rc = siem_group_take(topic->group, &message, err);
    look_at_group(topic);
    if (rc == SIEM_OK) rc = siem_sheaf_open(&slice->sheaf, err);
    if (rc == SIEM_OK) rc = fill(topic, slice->sheaf, &message, err);
    if (rc == SIEM_OK) topic->slices++;
    else siem_sheaf_close(slice->sheaf);
    return rc;
}

static siem_code wait_for(siem_source *source, int milliseconds, siem_error *err) {
    topic_source *topic = topic_of(source);
    siem_code rc = siem_group_wait(topic->group, milliseconds, err);
    look_at_group(topic);
    return rc;
}

static void tend(siem_source *source) {
    topic_source *topic = topic_of(source);
    siem_group_tend(topic->group);
    look_at_group(topic);
}

/* ---- position ---- */

static void seek(siem_source *source, siem_position position) {
    siem_group_rewind(topic_of(source)->group, position.id);
}

static siem_code keep(siem_source *source, siem_position position, bool waits, siem_error *err) {
    topic_source *topic = topic_of(source);
    siem_code rc = siem_group_commit(topic->group, position.id, waits, err);
    look_at_group(topic);
    return rc;
}

static siem_code read_lag(siem_source *source, int64_t id, siem_lag *lag) {
    (void)id;
    *lag = siem_group_lag(topic_of(source)->group);
    return SIEM_OK;
}

static void forget_answer(topic_source *topic) {
    free(topic->answer);
    topic->answer = NULL;
    topic->answer_count = 0;
}

static void end(siem_source *source) {
    siem_group_leave(topic_of(source)->group);
    source->is_due = source->is_over = false;
}

/* ---- partitions ---- */

siem_code siem_source_ask(siem_source *source, siem_error *err) {
    if (source == NULL) return siem_misuse_null(__func__, "source", err);
    topic_source *topic = topic_of(source);
    forget_answer(topic);
    return siem_standing_read(&topic->answer, &topic->answer_count, &topic->account, topic->topic,
                              err);
}

const siem_partition *siem_source_partition(siem_source *source, size_t index) {
    if (source == NULL) return NULL;
    topic_source *topic = topic_of(source);
    if (topic->answer != NULL) {
        return index < topic->answer_count ? &topic->answer[index] : NULL;
    }
    return siem_group_partition(topic->group, index, &topic->partition) ? &topic->partition : NULL;
}

/* ---- notices ---- */

static void give_notice(const topic_source *topic, const char *format, const char *name,
                        const char *text) {
    char notice[SIEM_REPORT_SIZE];
    if (topic->source.notice == NULL) return;
    (void)snprintf(notice, sizeof notice, format, name, text);
    topic->source.notice(topic->source.notice_context, notice);
}

/* What librdkafka logs. */
static void relay_remark(void *context, const char *text) {
    const topic_source *topic = context;
    give_notice(topic, "%s: %s", topic->account.name, text);
}

static void begin(siem_source *source) {
    topic_source *topic = topic_of(source);
    forget_answer(topic);
    siem_group_set_ends(topic->group, source->ends);
    for (size_t i = 0; i < topic->properties.count; i++) {
        const siem_kafka_property *property = &topic->properties.list[i];
        const char *path = siem_kafka_property_exposed_file(property);
        if (path == NULL) continue;
        give_notice(topic, "%s: other users can read or change '%s': chmod o= it", property->name,
                    path);
    }
}

/* ---- life ---- */

static void close_topic(siem_source *source) {
    topic_source *topic = topic_of(source);
    siem_group_close(topic->group);
    forget_answer(topic);
    siem_translator_close(topic->translator);
    siem_kafka_properties_close(&topic->properties);
    siem_options_free(topic, options);
    free(topic);
}

static const siem_source_kind kafka = {.name = "kafka",
                                       .begin = begin,
                                       .next = next,
                                       .readers = &siem_sheaf_readers,
                                       .origin = origin_of,
                                       .next_slice = next_slice,
                                       .seek = seek,
                                       .wait = wait_for,
                                       .read_lag = read_lag,
                                       .keep = keep,
                                       .tend = tend,
                                       .end = end,
                                       .close = close_topic};

static siem_code open_topic(topic_source *topic, const siem_options *given, siem_error *err) {
    siem_code rc = siem_options_read(topic, options, NULL, given, err);
    if (rc == SIEM_OK) rc = siem_kafka_properties_open(&topic->properties, &topic->given, err);
    if (rc == SIEM_OK) rc = siem_translator_open(&topic->translator, topic->topic, err);
    if (rc != SIEM_OK) return rc;
    topic->account = (siem_kafka_account){.name = kafka.name,
                                          .brokers = topic->brokers,
                                          .group = topic->group_id,
                                          .properties = &topic->properties,
                                          .remark = relay_remark,
                                          .context = topic};
    return siem_group_open(&topic->group, &topic->account, topic->topic, topic->handover, err);
}

siem_code siem_source_open(siem_source **out, const char *kind, const siem_option *list,
                           size_t option_count, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (kind == NULL) return siem_misuse_null(__func__, "kind", err);
    siem_code rc = siem_misuse_options(__func__, list, option_count, err);
    if (rc != SIEM_OK) return rc;
    if (strcmp(kind, kafka.name) != 0) {
        return siem_error_set(err, SIEM_NOT_FOUND, "there is no kind of source '%.40s': give kafka",
                              kind);
    }
    topic_source *topic = calloc(1, sizeof *topic);
    if (topic == NULL) return siem_error_no_memory(err);
    topic->source = (siem_source){.kind = &kafka, .is_followed = true};
    const siem_options given = {.list = list, .count = option_count};
    rc = open_topic(topic, &given, err);
    if (rc == SIEM_OK) *out = &topic->source;
    else close_topic(&topic->source);
    return rc;
}

void siem_source_close(siem_source *source) {
    if (source != NULL && source->kind->close != NULL) source->kind->close(source);
}
