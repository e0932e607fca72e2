/* kafka.c: a topic of Kafka, or of what speaks its protocol, such as Azure Event Hubs. */
#include "sink/kafka/settings.h"

#include "base/error.h"
#include "sink/kafka/census.h"
#include "sink/kafka/producer.h"
#include "sink/kinds.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES ((size_t)1 << 20)
#define MOST_BYTES  ((size_t)64 << 20)

#define AT(member) offsetof(siem_kafka_sink, member)

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
     .help = "topic that records go to"},
    {.name = "kafka",
     .kind = SIEM_OPTION_TEXTS,
     .value = "NAME=VALUE",
     .secret = true,
     .at = AT(given),
     .help = "a property of librdkafka; a password is given as file:PATH, env:NAME or cmd:COMMAND"},
    {.name = "kafka_key",
     .kind = SIEM_OPTION_CHOICE,
     .value = "registry|event|none",
     .text = "registry",
     .at = AT(key),
     .help =
         "the key of a message: records of one registry stay in order, or a record's document id"},
    {.name = "kafka_headers",
     .kind = SIEM_OPTION_CHOICE,
     .value = "oversight|cloudevents|none",
     .text = "oversight",
     .at = AT(headers),
     .help = "the headers of a message: format, schema and ids, or CloudEvents 1.0 in binary mode"},
    {.name = "compress",
     .kind = SIEM_OPTION_CHOICE,
     .value = "zstd|gzip|lz4|snappy|none",
     .text = "zstd",
     .at = AT(compress),
     .help = "compression of messages; a broker without zstd gets them uncompressed"},
    {.name = "batch_bytes",
     .kind = SIEM_OPTION_BYTES,
     .value = "BYTES",
     .least = 1,
     .most = MOST_BYTES,
     .fallback = BATCH_BYTES,
     .at = AT(sink.pace.batch_bytes),
     .help = "bytes of a batch, after which it is handed over"},
    {.name = "batch_events",
     .kind = SIEM_OPTION_INTEGER,
     .value = "N",
     .least = 1,
     .most = INT32_MAX,
     .at = AT(batch_events),
     .help = "records of a batch, after which it is sent"},
    {.name = "in_flight",
     .kind = SIEM_OPTION_INTEGER,
     .value = "N",
     .least = 1,
     .most = 64,
     .fallback = 4,
     .at = AT(in_flight),
     .help = "batches in flight at once"},
    {.name = "timeout",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0.1,
     .most = 86400,
     .fallback = 60,
     .at = AT(timeout),
     .help = "time without a confirmation, after which messages in flight are sent again"},
    {.name = "retries",
     .kind = SIEM_OPTION_INTEGER,
     .value = "N",
     .least = 0,
     .most = INT32_MAX,
     .fallback = 8,
     .at = AT(sink.pace.patience.retries),
     .help = "attempts after the first, in a row without success"},
    {.name = "retry_base",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0,
     .most = 86400,
     .fallback = 1,
     .at = AT(sink.pace.patience.base),
     .help = "bound of a random pause before an attempt, doubled with each one"},
    {.name = "retry_cap",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0,
     .most = 86400,
     .fallback = 60,
     .at = AT(sink.pace.patience.cap),
     .help = "longest bound of that pause"},
    {0},
};

/* ---- preview ---- */

static void add_line(siem_buffer *text, const char *name, const char *value, size_t size) {
    siem_buffer_add(text, name, strlen(name));
    siem_buffer_add(text, ": ", 2);
    siem_buffer_add(text, value, size);
    siem_buffer_add_char(text, '\n');
}

static void preview_record(const siem_kafka_sink *kafka, const siem_parcel *parcel, size_t index,
                           siem_buffer *text) {
    siem_kafka_label label;
    size_t size;
    const char *record = siem_parcel_at(parcel, index, &size);
    if (!siem_kafka_label_make(&kafka->labels, &parcel->items[index], &label)) {
        text->failed = true;
        return;
    }
    siem_buffer_add_char(text, '\n');
    if (label.key != NULL) add_line(text, "key", label.key, label.key_size);
    for (size_t i = 0; i < label.count; i++) {
        const siem_kafka_header *header = &label.headers[i];
        add_line(text, header->name, header->value, header->size);
    }
    siem_buffer_add(text, record, size + 1);
}

static siem_code preview(siem_kafka_sink *kafka, siem_parcel *parcel, siem_error *err) {
    siem_buffer text = {0};
    siem_answer answer = siem_answer_begin(parcel->outcomes, parcel->count);
    const char *const line[] = {"PRODUCE ", kafka->topic, " at ", kafka->brokers, "\n"};
    for (size_t i = 0; i < sizeof line / sizeof *line; i++) {
        siem_buffer_add(&text, line[i], strlen(line[i]));
    }
    for (size_t i = 0; i < parcel->count; i++) preview_record(kafka, parcel, i, &text);
    bool failed = text.failed;
    if (!failed) kafka->sink.preview(kafka->sink.preview_context, text.bytes, text.size);
    siem_buffer_free(&text);
    siem_answer_all(&answer, failed ? SIEM_UNDECIDED : SIEM_DELIVERED, "shown");
    siem_sink_keep_answer(&kafka->sink, parcel, &answer);
    return failed ? siem_error_no_memory(err) : SIEM_OK;
}

/* ---- carrier ---- */

static siem_kafka_producer *producer_of(siem_sink *sink) {
    return ((siem_kafka_sink *)sink)->producer;
}

static siem_code begin(siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    if (sink->preview != NULL) return preview((siem_kafka_sink *)sink, parcel, err);
    return siem_kafka_producer_begin(producer_of(sink), parcel, err);
}

static void wait_for(siem_sink *sink, int milliseconds) {
    siem_kafka_producer_wait(producer_of(sink), milliseconds);
}

static siem_parcel *next(siem_sink *sink, siem_answer *answer) {
    if (sink->preview != NULL) return siem_sink_next_kept(sink, answer);
    return siem_kafka_producer_next(producer_of(sink), answer);
}

static void release(siem_sink *sink, siem_parcel *parcel, bool is_settled) {
    (void)is_settled;
    siem_kafka_producer_release(producer_of(sink), parcel);
}

static siem_code ping(siem_sink *sink, char answer[200], siem_error *err) {
    return siem_kafka_producer_ping(producer_of(sink), answer, err);
}

static siem_code count_events(siem_sink *sink, const siem_count *count, siem_error *err) {
    siem_kafka_sink *kafka = (siem_kafka_sink *)sink;
    siem_code rc = SIEM_OK;
    if (kafka->census == NULL) rc = siem_kafka_census_open(&kafka->census, kafka, err);
    return rc == SIEM_OK ? siem_kafka_census_count(kafka->census, count, err) : rc;
}

static const siem_carrier carrier = {.begin = begin,
                                     .wait = wait_for,
                                     .next = next,
                                     .release = release,
                                     .ping = ping,
                                     .count = count_events};

/* ---- opening ---- */

static siem_code close_kafka(siem_sink *sink, siem_error *err) {
    siem_kafka_sink *kafka = (siem_kafka_sink *)sink;
    (void)err;
    siem_kafka_producer_close(kafka->producer);
    siem_kafka_census_close(kafka->census);
    siem_kafka_properties_close(&kafka->properties);
    siem_document_ids_close(kafka->labels.ids);
    siem_document_hash_close(kafka->labels.hash);
    siem_options_free(kafka, options);
    free(kafka);
    return SIEM_OK;
}

/* Remarks files of secrets that others can read. */
static void look_at_files(siem_kafka_sink *kafka) {
    for (size_t i = 0; i < kafka->properties.count; i++) {
        const siem_kafka_property *property = &kafka->properties.list[i];
        const char *path = siem_kafka_property_exposed_file(property);
        if (path == NULL) continue;
        siem_sink_add_remark(&kafka->sink, "%s: other users can read or change '%s': chmod o= it",
                             property->name, path);
    }
}

static void set_up(siem_kafka_sink *kafka) {
    siem_pace *pace = &kafka->sink.pace;
    bool by_event = strcmp(kafka->key, "event") == 0, by_none = strcmp(kafka->key, "none") == 0;
    bool as_cloud = strcmp(kafka->headers, "cloudevents") == 0;
    bool as_none = strcmp(kafka->headers, "none") == 0;
    pace->batch_events = (size_t)kafka->batch_events;
    pace->in_flight = (size_t)kafka->in_flight;
    kafka->labels.key = by_event  ? SIEM_KAFKA_BY_EVENT
                        : by_none ? SIEM_KAFKA_NO_KEY
                                  : SIEM_KAFKA_BY_REGISTRY;
    kafka->labels.style = as_cloud  ? SIEM_KAFKA_CLOUDEVENTS
                          : as_none ? SIEM_KAFKA_NO_HEADERS
                                    : SIEM_KAFKA_OVERSIGHT;
    kafka->sink.target = kafka->brokers;
}

static void add_remark(void *context, const char *text) {
    siem_kafka_sink *kafka = context;
    siem_sink_add_remark(&kafka->sink, "%s: %s", kafka->sink.kind->name, text);
}

static siem_kafka_account account_of(siem_kafka_sink *kafka) {
    return (siem_kafka_account){.name = kafka->sink.kind->name,
                                .brokers = kafka->brokers,
                                .compress = kafka->compress,
                                .properties = &kafka->properties,
                                .remark = add_remark,
                                .context = kafka};
}

static siem_code open_labels(siem_kafka_labels *labels, siem_error *err) {
    siem_code rc = siem_document_hash_open(&labels->hash, err);
    if (rc == SIEM_OK) labels->ids = siem_document_ids_open(labels->hash);
    return rc == SIEM_OK && labels->ids == NULL ? siem_error_no_memory(err) : rc;
}

static siem_code open_kafka(siem_sink **out, const siem_options *given, siem_error *err) {
    siem_kafka_sink *kafka = calloc(1, sizeof *kafka);
    if (kafka == NULL) return siem_error_no_memory(err);
    kafka->sink.kind = &siem_kind_kafka;
    siem_code rc = siem_options_read(kafka, options, NULL, given, err);
    if (rc == SIEM_OK) rc = siem_kafka_properties_open(&kafka->properties, &kafka->given, err);
    if (rc == SIEM_OK) rc = open_labels(&kafka->labels, err);
    kafka->account = account_of(kafka);
    if (rc == SIEM_OK) rc = siem_kafka_producer_open(&kafka->producer, kafka, err);
    if (rc == SIEM_OK) {
        set_up(kafka);
        look_at_files(kafka);
        *out = &kafka->sink;
    } else {
        (void)close_kafka(&kafka->sink, NULL);
    }
    return rc;
}

const siem_sink_kind siem_kind_kafka = {.name = "kafka",
                                        .summary = "a topic of Kafka, or of Azure Event Hubs",
                                        .format = "event",
                                        .options = options,
                                        .open = open_kafka,
                                        .accepts = SIEM_ACCEPTS_JSON,
                                        .can = SIEM_REJECTS | SIEM_PREVIEWS | SIEM_COUNTS |
                                               SIEM_IN_ORDER,
                                        .carrier = &carrier,
                                        .close = close_kafka};
