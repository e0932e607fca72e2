/* source.c: events that come from elsewhere than a registry: here one a line, "KIND TOKEN".
 * cc source.c $(pkg-config --cflags --libs oversight-siem) && echo dns t1 | ./a.out FORMAT */
#include <oversight/siem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static siem_value text_of(const char *text) {
    siem_value value = {.type = SIEM_TEXT, .bytes = text, .size = strlen(text)};
    return value;
}

/* Columns are named as in a registry; one that is missing is null. Ids grow. */
static siem_code send_line(siem_export *job, int64_t id, const char *kind, const char *token,
                           siem_error *err) {
    const siem_column row[] = {
        {"id", {.type = SIEM_INTEGER, .integer = id}},
        {"timestamp", {.type = SIEM_INTEGER, .integer = (int64_t)time(NULL)}},
        {"kind", text_of(kind)},
        {"token_id", text_of(token)},
    };
    siem_event *event = NULL;
    siem_code rc = siem_event_open(&event, row, sizeof row / sizeof *row, "elsewhere", err);
    if (rc == SIEM_OK) rc = siem_export_send(job, event, err);
    siem_event_close(event);
    return rc;
}

static siem_code run(const char *name, siem_error *err) {
    char kind[64], token[64];
    siem_format *format = NULL;
    siem_sink *sink = NULL;
    siem_export *job = NULL;
    siem_code rc = siem_format_open(&format, name, NULL, 0, err);
    if (rc == SIEM_OK) rc = siem_sink_open_stdout(&sink, err);
    if (rc == SIEM_OK) {
        siem_export_options options = {.mapping = siem_format_mapping(format), .sink = sink};
        rc = siem_export_open(&job, &options, err);
    }
    for (int64_t id = 1; rc == SIEM_OK && scanf("%63s %63s", kind, token) == 2; id++) {
        rc = send_line(job, id, kind, token, err);
    }
    if (rc == SIEM_OK) rc = siem_export_finish(job, err);
    siem_export_close(job);
    siem_sink_close(sink, NULL);
    siem_format_close(format);
    return rc;
}

int main(int count, char **arguments) {
    siem_error err = {0};
    if (count != 2) {
        fprintf(stderr, "usage: source FORMAT\n");
        return 2;
    }
    if (run(arguments[1], &err) == SIEM_OK) return 0;
    fprintf(stderr, "source: %s\n", err.message);
    return 1;
}
