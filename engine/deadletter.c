/* deadletter.c: events that were refused, each with its reason, for someone to look into. */
#include "error.h"
#include "event.h"
#include "json_writer.h"
#include "line_file.h"

#include <stdlib.h>
#include <time.h>

struct siem_deadletter {
    siem_line_file file;
    siem_buffer line;
};

siem_code siem_deadletter_open(siem_deadletter **out, const char *path, siem_error *err) {
    siem_deadletter *deadletter = calloc(1, sizeof *deadletter);
    *out = NULL;
    if (deadletter == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_line_file_open(&deadletter->file, path, 0600, false, err);
    if (rc == SIEM_OK) *out = deadletter;
    else free(deadletter);
    return rc;
}

static void write_member(siem_buffer *line, const char *key, const siem_value *value) {
    unsigned ignored = 0;
    if (line->size != 0 && line->bytes[line->size - 1] != '{') siem_buffer_add_char(line, ',');
    siem_json_write_text(line, key, strlen(key));
    siem_buffer_add_char(line, ':');
    siem_json_write_value(line, value, &ignored);
}

static void write_text_member(siem_buffer *line, const char *key, const char *text) {
    siem_value value = {.type = SIEM_TEXT, .bytes = text, .size = strlen(text)};
    write_member(line, key, &value);
}

static void write_event(siem_buffer *line, siem_event *event) {
    siem_buffer_add(line, ",\"event\":{", 10);
    for (size_t i = 0; i < siem_event_size(event); i++) {
        siem_value value = siem_event_at(event, i);
        if (value.type != SIEM_NULL) write_member(line, siem_event_name(event, i), &value);
    }
    siem_buffer_add_char(line, '}');
}

siem_code siem_deadletter_write(siem_deadletter *deadletter, siem_event *event, const char *format,
                                const char *reason, siem_error *err) {
    siem_buffer *line = &deadletter->line;
    char time_text[24];
    size_t kept;
    siem_code rc = siem_iso8601(time_text, (double)time(NULL), err);
    if (rc != SIEM_OK) return rc;
    line->size = 0;
    siem_buffer_add_char(line, '{');
    write_text_member(line, "time", time_text);
    write_member(line, "event_id", &event->fields[SIEM_EVENT_ID]);
    write_text_member(line, "format", format);
    write_text_member(line, "reason", reason);
    write_event(line, event);
    siem_buffer_add(line, "}\n", 2);
    if (line->failed) return siem_error_no_memory(err);
    rc = siem_line_file_write(&deadletter->file, line->bytes, line->size, &kept, err);
    /* A reader of records may go away; a dead letter that nobody keeps is a loss. */
    if (rc != SIEM_PIPE_CLOSED) return rc;
    if (err != NULL) err->code = SIEM_IO;
    return SIEM_IO;
}

siem_code siem_deadletter_close(siem_deadletter *deadletter, siem_error *err) {
    if (deadletter == NULL) return SIEM_OK;
    siem_code rc = siem_line_file_close(&deadletter->file, err);
    siem_buffer_free(&deadletter->line);
    free(deadletter);
    return rc;
}
