/* label.c: keys and headers, written and read. */
#include "sink/kafka/label.h"

#include "record/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE "/oversight/registry/" /* of CloudEvents, before the id of the registry */

static void add(siem_kafka_label *label, const char *name, const char *value) {
    label->headers[label->count++] = (siem_kafka_header){name, value, strlen(value)};
}

static void add_oversight(siem_kafka_label *label, const siem_item *item) {
    const char *format = siem_batch_format(item->batch);
    add(label, "oversight-schema", SIEM_SCHEMA_VERSION);
    if (format[0] != '\0') add(label, "oversight-format", format);
    add(label, "oversight-registry-id", siem_batch_registry_id(item->batch, item->record));
    add(label, "oversight-event-id", siem_batch_event_id(item->batch, item->record));
    if (label->part[0] != '\0') add(label, "oversight-part", label->part);
}

/* Appends a text to one that fills `out`, with what no URI holds as %XX (RFC 3986). */
static void add_escaped(char *out, size_t room, const char *text) {
    size_t size = strlen(out);
    for (; *text != '\0' && size + 4 < room; text++) {
        bool is_plain = (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
                        (*text >= 'A' && *text <= 'Z') || strchr("-._~:@", *text) != NULL;
        size += is_plain
                    ? (size_t)snprintf(out + size, room - size, "%c", *text)
                    : (size_t)snprintf(out + size, room - size, "%%%02X", (unsigned char)*text);
    }
}

/* The id of an event is unique within its source, as that of a record is with its part. */
static void add_cloudevent(siem_kafka_label *label, const siem_item *item) {
    const char *format = siem_batch_format(item->batch);
    (void)snprintf(label->source, sizeof label->source, "%s", SOURCE);
    add_escaped(label->source, sizeof label->source,
                siem_batch_registry_id(item->batch, item->record));
    (void)snprintf(label->schema, sizeof label->schema, "urn:%s:", SIEM_SCHEMA_VERSION);
    add_escaped(label->schema, sizeof label->schema, format[0] != '\0' ? format : "unknown");
    add(label, "ce_specversion", "1.0");
    add(label, "ce_type", "oversight.beacon");
    add(label, "ce_source", label->source);
    add(label, "ce_id", label->id.text);
    add(label, "ce_dataschema", label->schema);
    add(label, "content-type", "application/json");
}

bool siem_kafka_label_make(const siem_kafka_labels *labels, const siem_item *item,
                           siem_kafka_label *label) {
    const char *registry_id = siem_batch_registry_id(item->batch, item->record);
    unsigned part = siem_batch_part(item->batch, item->record);
    bool has_id = labels->key == SIEM_KAFKA_BY_EVENT || labels->style == SIEM_KAFKA_CLOUDEVENTS;
    if (has_id &&
        !siem_document_ids_make(labels->ids, registry_id,
                                siem_batch_event_id(item->batch, item->record), part, &label->id)) {
        return false;
    }
    label->part[0] = '\0';
    if (part > 0) (void)snprintf(label->part, sizeof label->part, "%u", part);
    label->key = labels->key == SIEM_KAFKA_BY_REGISTRY ? registry_id
                 : labels->key == SIEM_KAFKA_BY_EVENT  ? label->id.text
                                                       : NULL;
    label->key_size = label->key != NULL ? strlen(label->key) : 0;
    label->count = 0;
    if (labels->style == SIEM_KAFKA_OVERSIGHT) add_oversight(label, item);
    if (labels->style == SIEM_KAFKA_CLOUDEVENTS) add_cloudevent(label, item);
    return true;
}

/* ---- reading ---- */

/* The value of a header as a text in `out`. False when it is missing, or longer. */
static bool find(const siem_kafka_label *label, const char *name, char *out, size_t room) {
    for (size_t i = 0; i < label->count; i++) {
        const siem_kafka_header *header = &label->headers[i];
        if (strcmp(header->name, name) != 0) continue;
        if (header->size >= room) return false;
        if (header->size > 0) memcpy(out, header->value, header->size);
        out[header->size] = '\0';
        return true;
    }
    return false;
}

bool siem_kafka_label_read(const siem_kafka_labels *labels, const siem_kafka_label *label,
                           siem_document_id *id) {
    char registry_id[512], event_id[128], part[16] = "0";
    if (find(label, "ce_id", id->text, sizeof id->text) &&
        strlen(id->text) == SIEM_DOCUMENT_ID_SIZE) {
        return true;
    }
    if (find(label, "oversight-registry-id", registry_id, sizeof registry_id) &&
        find(label, "oversight-event-id", event_id, sizeof event_id)) {
        (void)find(label, "oversight-part", part, sizeof part);
        return siem_document_ids_make(labels->ids, registry_id, event_id,
                                      (unsigned)strtoul(part, NULL, 10), id);
    }
    if (label->key_size != SIEM_DOCUMENT_ID_SIZE) return false;
    memcpy(id->text, label->key, SIEM_DOCUMENT_ID_SIZE);
    id->text[SIEM_DOCUMENT_ID_SIZE] = '\0';
    return true;
}
