/* translator.c: a reader of raw events, and an event in place of what is not one. */
#include "topic/translator.h"

#include "base/error.h"
#include "source/raw_event.h"
#include "topic/sheaf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRAY_TOPIC, STRAY_PARTITION, STRAY_OFFSET, STRAY_MESSAGE, STRAY_COLUMNS };
static const char *const stray_names[] = {"topic", "partition", "offset", "message"};

struct siem_translator {
    const char *topic;
    siem_raw_event_reader *reader;
    siem_event stray; /* in place of a message that is not an event */
    siem_value stray_values[STRAY_COLUMNS];
    char stray_id[300];
};

siem_code siem_translator_open(siem_translator **out, const char *topic, siem_error *err) {
    siem_translator *translator = *out = calloc(1, sizeof *translator);
    if (translator == NULL) return siem_error_no_memory(err);
    translator->topic = topic;
    siem_code rc = siem_raw_event_reader_open(&translator->reader, err);
    if (rc == SIEM_OK) return rc;
    siem_translator_close(translator);
    *out = NULL;
    return rc;
}

void siem_translator_close(siem_translator *translator) {
    if (translator == NULL) return;
    siem_raw_event_reader_close(translator->reader);
    free(translator);
}

/* ---- a message ---- */

static siem_value text_value(const char *bytes, size_t size) {
    return (siem_value){.type = SIEM_TEXT, .bytes = bytes, .size = size};
}

static siem_value integer_value(int64_t integer) {
    return (siem_value){.type = SIEM_INTEGER, .integer = integer};
}

/* What a dead letter has of a message that is not an event. */
static siem_event *describe(siem_translator *t, const siem_message *message) {
    siem_event *stray = &t->stray;
    siem_value *values = t->stray_values;
    (void)snprintf(t->stray_id, sizeof t->stray_id, "%.249s[%" PRId32 "]@%" PRId64, t->topic,
                   message->place.partition, message->place.offset);
    *stray = (siem_event){.row_id = message->number};
    stray->fields[SIEM_EVENT_ID] = text_value(t->stray_id, strlen(t->stray_id));
    values[STRAY_TOPIC] = text_value(t->topic, strlen(t->topic));
    values[STRAY_PARTITION] = integer_value(message->place.partition);
    values[STRAY_OFFSET] = integer_value(message->place.offset);
    values[STRAY_MESSAGE] = text_value(message->bytes, message->size);
    stray->site = values;
    stray->site_names = stray_names;
    stray->site_count = STRAY_COLUMNS;
    return stray;
}

/* The position of an event is the number of its message: ids of several registries say nothing. */
siem_code siem_translator_read(siem_translator *translator, const siem_message *message,
                               siem_event **event, siem_error *err) {
    siem_code rc =
        siem_raw_event_read(translator->reader, message->bytes, message->size, event, err);
    if (rc == SIEM_OK) {
        (*event)->row_id = message->number;
    } else if (rc == SIEM_REFUSED) {
        siem_error_prefix(err, "not a raw event");
        *event = describe(translator, message);
    } else {
        *event = NULL;
    }
    return rc;
}

/* ---- a sheaf ---- */

typedef struct sheaf_reader {
    siem_translator *translator;
    siem_sheaf *sheaf; /* NULL: no slice was begun */
    size_t at;
} sheaf_reader;

static void close_reader(void *context) {
    sheaf_reader *reader = context;
    siem_translator_close(reader->translator);
    free(reader);
}

/* Nothing is waited for: nobody has to be asked whether to go on. */
static siem_code open_reader(void **out, const void *origin, siem_registry_go_on go_on,
                             void *context, siem_error *err) {
    (void)go_on, (void)context;
    sheaf_reader *reader = *out = calloc(1, sizeof *reader);
    if (reader == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_translator_open(&reader->translator, origin, err);
    if (rc == SIEM_OK) return rc;
    close_reader(reader);
    *out = NULL;
    return rc;
}

static void begin(void *context, siem_slice *slice) {
    sheaf_reader *reader = context;
    reader->sheaf = slice->sheaf;
    reader->at = 0;
}

static siem_code next(void *context, siem_event **event, siem_error *err) {
    sheaf_reader *reader = context;
    siem_message message;
    *event = NULL;
    if (!siem_sheaf_at(reader->sheaf, reader->at, &message)) return SIEM_END;
    reader->at++;
    return siem_translator_read(reader->translator, &message, event, err);
}

static void end(void *context) {
    sheaf_reader *reader = context;
    siem_sheaf_close(reader->sheaf);
    reader->sheaf = NULL;
}

static void drop(siem_slice *slice) {
    siem_sheaf_close(slice->sheaf);
    slice->sheaf = NULL;
}

const siem_readers siem_sheaf_readers = {.open = open_reader,
                                         .begin = begin,
                                         .next = next,
                                         .end = end,
                                         .drop = drop,
                                         .close = close_reader};
