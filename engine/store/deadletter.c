/* deadletter.c: events that were refused, each with its reason, for a person. */
#include "base/checked_file.h"
#include "base/error.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/misuse.h"
#include "base/sqlite_file.h"
#include "source/event.h"
#include "store/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct siem_deadletter {
    siem_line_file file;
    siem_buffer line;
};

siem_code siem_deadletter_open(siem_deadletter **out, const char *path, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (path == NULL) return siem_misuse_null(__func__, "path", err);
    siem_deadletter *deadletter = calloc(1, sizeof *deadletter);
    if (deadletter == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_line_file_open(&deadletter->file, path, 0600, false, err);
    if (rc != SIEM_OK) {
        free(deadletter);
        return rc;
    }
    rc = siem_line_file_share(&deadletter->file,
                              err); /* an export and a replay may append at once */
    if (rc == SIEM_OK) *out = deadletter;
    else (void)siem_deadletter_close(deadletter, NULL);
    return rc;
}

static void write_key(siem_buffer *line, const char *key) {
    siem_buffer_add_char(line, line->size == 0 ? '{' : ',');
    (void)siem_json_write_text(line, key, strlen(key));
    siem_buffer_add_char(line, ':');
}

static void write_text(siem_buffer *line, const char *key, const char *text) {
    if (text == NULL) return;
    write_key(line, key);
    (void)siem_json_write_text(line, text, strlen(text));
}

static void write_integer(siem_buffer *line, const char *key, int64_t integer) {
    write_key(line, key);
    siem_json_write_integer(line, integer);
}

static void write_names(siem_buffer *line, const char *key, const char *const *names) {
    write_key(line, key);
    siem_buffer_add_char(line, '[');
    for (size_t i = 0; names[i] != NULL; i++) {
        if (i != 0) siem_buffer_add_char(line, ',');
        (void)siem_json_write_text(line, names[i], strlen(names[i]));
    }
    siem_buffer_add_char(line, ']');
}

/* JSON of a caller's. What is nested too deep for the reader was rendered so: it is written as it
 * is, unless it would break the line. */
static siem_code write_json(siem_buffer *line, const char *key, const char *json, size_t size,
                            siem_error *err) {
    siem_json_reader reader = {0};
    siem_code rc = siem_misuse_list("siem_deadletter_write", key, json, size, err);
    if (rc != SIEM_OK || json == NULL) return rc;
    write_key(line, key);
    siem_json_result result = siem_json_read(&reader, json, size, line);
    siem_json_reader_free(&reader);
    if (result == SIEM_JSON_READ) return SIEM_OK;
    if (line->failed) return siem_error_no_memory(err);
    if (result == SIEM_JSON_TOO_DEEP && memchr(json, '\n', size) == NULL) {
        siem_buffer_add(line, json, size);
        return SIEM_OK;
    }
    return siem_error_set(err, SIEM_INVALID, "siem_deadletter_write: the %s is not JSON", key);
}

static siem_code write_bytes(siem_deadletter *deadletter, const char *bytes, size_t size,
                             siem_error *err) {
    size_t kept;
    siem_code rc = siem_line_file_write(&deadletter->file, bytes, size, &kept, err);
    /* The reader of records may go away without an error; a dead letter must not be lost.
     */
    if (rc != SIEM_PIPE_CLOSED) return rc;
    if (err != NULL) err->code = SIEM_IO;
    return SIEM_IO;
}

static siem_code write_line(siem_deadletter *deadletter, siem_error *err) {
    siem_buffer *line = &deadletter->line;
    siem_buffer_add_char(line, '\n');
    if (line->failed) return siem_error_no_memory(err);
    return write_bytes(deadletter, line->bytes, line->size, err);
}

static void write_event_id(siem_buffer *line, siem_event *event, const siem_refusal *refusal) {
    unsigned ignored = 0;
    write_text(line, "event_id", refusal->event_id);
    if (refusal->event_id != NULL || event == NULL) return;
    write_key(line, "event_id");
    siem_json_write_value(line, &event->fields[SIEM_EVENT_ID], &ignored);
}

siem_code siem_deadletter_write(siem_deadletter *deadletter, siem_event *event,
                                const siem_refusal *refusal, siem_error *err) {
    char time_text[24];
    if (deadletter == NULL) return siem_misuse_null(__func__, "deadletter", err);
    if (refusal == NULL) return siem_misuse_null(__func__, "refusal", err);
    if (refusal->reason == NULL) return siem_misuse_null(__func__, "reason", err);
    siem_buffer *line = &deadletter->line;
    siem_code rc = siem_iso8601(time_text, (double)time(NULL), err);
    if (rc != SIEM_OK) return rc;
    line->size = 0;
    line->failed = false; /* for another line, the memory may suffice */
    write_text(line, "time", time_text);
    write_event_id(line, event, refusal);
    write_text(line, "format", refusal->format);
    write_text(line, "sink", refusal->sink);
    if (refusal->http_status != 0) write_integer(line, "http_status", refusal->http_status);
    if (refusal->code > 0) write_integer(line, "code", refusal->code);
    write_text(line, "reason", refusal->reason);
    rc = write_json(line, "event", refusal->source, refusal->source_size, err);
    if (refusal->source == NULL && event != NULL) {
        write_key(line, "event");
        siem_event_write_json(event, line);
    }
    if (event != NULL && event->masked != NULL) write_names(line, "masked", event->masked);
    if (rc == SIEM_OK && refusal->masked != NULL) {
        rc = write_json(line, "masked", refusal->masked, strlen(refusal->masked), err);
    }
    if (refusal->part > 0) write_integer(line, "part", refusal->part);
    if (rc == SIEM_OK) {
        rc = write_json(line, "record", refusal->record, refusal->record_size, err);
    }
    siem_buffer_add_char(line, '}');
    return rc == SIEM_OK ? write_line(deadletter, err) : rc;
}

siem_code siem_deadletter_append(siem_deadletter *deadletter, const char *line, size_t size,
                                 siem_error *err) {
    if (deadletter == NULL) return siem_misuse_null(__func__, "deadletter", err);
    siem_code rc = siem_misuse_list(__func__, "line", line, size, err);
    if (rc != SIEM_OK) return rc;
    if (size == 0 || memchr(line, '\n', size) != NULL) {
        return siem_error_set(err, SIEM_INVALID, "%s: give one line, without its line end",
                              __func__);
    }
    deadletter->line.size = 0;
    siem_buffer_add(&deadletter->line, line, size);
    return write_line(deadletter, err);
}

static siem_code no_line(const char *path, const siem_deadletter_place *place, siem_error *err) {
    return siem_error_set(err, SIEM_INVALID,
                          "siem_deadletter_copy: there is no line of %zu bytes at %" PRId64
                          " of '%s'",
                          place->size, place->offset, path);
}

/* A part of a file, mapped, because it may be larger than the memory. */
typedef struct mapped_part {
    char *pages;
    size_t pages_size;
    const char *bytes; /* the place, */
    size_t after;      /* and so many bytes after it: 1, unless the file ends there */
} mapped_part;

static siem_code map_part(mapped_part *part, const char *path, const siem_deadletter_place *place,
                          siem_error *err) {
    struct stat status;
    int fd;
    siem_code rc = siem_checked_file_open(&fd, path, SIEM_FILE_STATE, 0, err);
    if (rc != SIEM_OK) return rc;
    int64_t end = fstat(fd, &status) == 0 ? status.st_size : 0;
    if (place->size == 0 || place->offset < 0 || place->offset >= end ||
        place->size > (uint64_t)(end - place->offset)) {
        rc = no_line(path, place, err);
    } else {
        size_t before = (size_t)(place->offset % sysconf(_SC_PAGESIZE));
        part->after = place->size < (uint64_t)(end - place->offset);
        part->pages_size = before + place->size + part->after;
        part->pages = mmap(NULL, part->pages_size, PROT_READ, MAP_PRIVATE, fd,
                           place->offset - (int64_t)before);
        if (part->pages == MAP_FAILED) rc = siem_error_no_memory(err);
        else part->bytes = part->pages + before;
    }
    (void)close(fd);
    return rc;
}

/* In one piece, because others append as well; except a last line, whose end is written separately.
 */
siem_code siem_deadletter_copy(siem_deadletter *deadletter, const char *path,
                               siem_deadletter_place place, siem_error *err) {
    mapped_part part = {.bytes = NULL};
    if (deadletter == NULL) return siem_misuse_null(__func__, "deadletter", err);
    if (path == NULL) return siem_misuse_null(__func__, "path", err);
    siem_code rc = map_part(&part, path, &place, err);
    if (rc != SIEM_OK) return rc;
    bool has_end = part.after == 1 && part.bytes[place.size] == '\n';
    if (memchr(part.bytes, '\n', place.size) != NULL || (part.after == 1 && !has_end)) {
        rc = no_line(path, &place, err);
    } else {
        rc = write_bytes(deadletter, part.bytes, place.size + has_end, err);
    }
    if (rc == SIEM_OK && !has_end) rc = write_bytes(deadletter, "\n", 1, err);
    (void)munmap(part.pages, part.pages_size);
    return rc;
}

siem_code siem_deadletter_sync(siem_deadletter *deadletter, siem_error *err) {
    if (deadletter == NULL) return siem_misuse_null(__func__, "deadletter", err);
    siem_extent ignored;
    return siem_line_file_sync(&deadletter->file, &ignored, err);
}

static siem_code blank_failed(const char *path, siem_error *err) {
    return siem_error_set(err, SIEM_IO, "cannot blank lines of %s: %s", path, strerror(errno));
}

static siem_code check_places(const siem_deadletter_place *places, size_t count, siem_error *err) {
    for (size_t i = 0; i < count; i++) {
        const siem_deadletter_place *p = &places[i];
        if (p->offset >= 0 && p->size <= (size_t)(INT64_MAX - p->offset)) continue;
        return siem_error_set(err, SIEM_INVALID,
                              "siem_deadletter_blank: place %zu is in no file: offset %" PRId64
                              ", size %zu",
                              i, p->offset, p->size);
    }
    return SIEM_OK;
}

siem_code siem_deadletter_blank(const char *path, const siem_deadletter_place *places, size_t count,
                                siem_error *err) {
    char blanks[4096];
    if (path == NULL) return siem_misuse_null(__func__, "path", err);
    siem_code rc = siem_misuse_list(__func__, "places", places, count, err);
    if (rc == SIEM_OK) rc = check_places(places, count, err);
    if (rc == SIEM_OK && siem_sqlite_file_is_at(path)) {
        rc = siem_error_set(err, SIEM_INVALID,
                            "'%s' is not a dead letter, but a database of SQLite", path);
    }
    if (rc != SIEM_OK) return rc;
    memset(blanks, ' ', sizeof blanks);
    int fd;
    if ((rc = siem_checked_file_open(&fd, path, SIEM_FILE_CHANGE, 0, err)) != SIEM_OK) return rc;
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        ssize_t written;
        for (size_t at = 0; rc == SIEM_OK && at < places[i].size; at += (size_t)written) {
            size_t left = places[i].size - at;
            written = pwrite(fd, blanks, left < sizeof blanks ? left : sizeof blanks,
                             (off_t)(places[i].offset + (int64_t)at));
            if (written < 0 && errno == EINTR) written = 0;
            else if (written < 0) rc = blank_failed(path, err);
        }
    }
    if (rc == SIEM_OK && fsync(fd) != 0) rc = blank_failed(path, err);
    (void)close(fd);
    return rc;
}

siem_code siem_deadletter_close(siem_deadletter *deadletter, siem_error *err) {
    if (deadletter == NULL) return SIEM_OK;
    siem_code rc = siem_line_file_close(&deadletter->file, err);
    siem_buffer_free(&deadletter->line);
    free(deadletter);
    return rc;
}
