/* label.h: what a record's message has beside the record: its key and its headers.
 *
 * A consumer learns from them what the record is, without reading it. CloudEvents: "Kafka Protocol
 * Binding for CloudEvents 1.0", binary mode. */
#ifndef SIEM_KAFKA_LABEL_H
#define SIEM_KAFKA_LABEL_H

#include "sink/document_id.h"
#include "sink/parcel.h"

#define SIEM_KAFKA_MOST_HEADERS 6

/* Texts are borrowed: of the batch, of the program, or of the label itself, which does not move. */
typedef struct siem_kafka_header {
    const char *name, *value; /* the value without a NUL at its end */
    size_t size;
} siem_kafka_header;

typedef struct siem_kafka_label {
    const char *key; /* NULL: none */
    size_t key_size;
    siem_kafka_header headers[SIEM_KAFKA_MOST_HEADERS];
    size_t count;
    siem_document_id id;
    char part[16], source[512], schema[128];
} siem_kafka_label;

typedef enum siem_kafka_key {
    SIEM_KAFKA_BY_REGISTRY,
    SIEM_KAFKA_BY_EVENT,
    SIEM_KAFKA_NO_KEY
} siem_kafka_key;
typedef enum siem_kafka_style {
    SIEM_KAFKA_OVERSIGHT,
    SIEM_KAFKA_CLOUDEVENTS,
    SIEM_KAFKA_NO_HEADERS
} siem_kafka_style;

typedef struct siem_kafka_labels {
    siem_kafka_key key;
    siem_kafka_style style;
    siem_document_hash *hash;
    siem_document_ids *ids;
} siem_kafka_labels;

/* Labels the record of an item. False without memory. */
bool siem_kafka_label_make(const siem_kafka_labels *labels, const siem_item *item,
                           siem_kafka_label *label);

/* The id of the record that a message has, from its label. False when that does not tell. `label`
 * has the key and the headers of the message, also when another program wrote it. */
bool siem_kafka_label_read(const siem_kafka_labels *labels, const siem_kafka_label *label,
                           siem_document_id *id);

#endif
