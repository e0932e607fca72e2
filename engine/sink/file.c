/* file.c: lines into a file, or to standard output. */
#include "base/error.h"
#include "base/misuse.h"
#include "sink/sink.h"
#include "store/line_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct file_sink {
    siem_sink sink;
    siem_line_file file;
} file_sink;

/* Marks the records within the first `bytes` bytes of a piece of a parcel as delivered. */
static void deliver(const siem_parcel *parcel, size_t first, size_t count, size_t bytes) {
    size_t size;
    for (size_t i = first; i < first + count; i++) {
        (void)siem_parcel_at(parcel, i, &size);
        if (size + 1 > bytes) return;
        bytes -= size + 1;
        parcel->outcomes[i].verdict = SIEM_DELIVERED;
    }
}

static siem_code begin(siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    siem_line_file *file = &((file_sink *)sink)->file;
    siem_code rc = SIEM_OK;
    size_t count, size, kept;
    siem_answer answer = siem_answer_begin(parcel->outcomes, parcel->count);
    for (size_t i = 0; rc == SIEM_OK && i < parcel->count; i += count) {
        const char *lines = siem_parcel_lines(parcel, i, &count, &size);
        rc = siem_line_file_write(file, lines, size, &kept, err);
        deliver(parcel, i, count, rc == SIEM_OK ? size : kept);
    }
    siem_sink_keep_answer(sink, parcel, &answer);
    return rc;
}

static const siem_carrier carrier = {.begin = begin, .next = siem_sink_next_kept};

static siem_code resume(siem_sink *sink, const siem_extent *extent, bool *found, siem_error *err) {
    return siem_line_file_resume(&((file_sink *)sink)->file, extent, found, err);
}

static siem_code sync_file(siem_sink *sink, siem_extent *extent, siem_error *err) {
    return siem_line_file_sync(&((file_sink *)sink)->file, extent, err);
}

static siem_code claim(siem_sink *sink, siem_moved_function moved, void *context, siem_error *err) {
    return siem_line_file_claim(&((file_sink *)sink)->file, moved, context, err);
}

static void release(siem_sink *sink) {
    siem_line_file_release(&((file_sink *)sink)->file);
}

static siem_code close_file(siem_sink *sink, siem_error *err) {
    siem_code rc = siem_line_file_close(&((file_sink *)sink)->file, err);
    free(sink);
    return rc;
}

static const siem_filing filing = {
    .resume = resume, .sync = sync_file, .claim = claim, .release = release};
static const siem_sink_kind file_kind = {.name = "file",
                                         .can = SIEM_WHOLE_EVENTS,
                                         .accepts = ~0u,
                                         .carrier = &carrier,
                                         .filing = &filing,
                                         .close = close_file};
static const siem_sink_kind stdout_kind = {.name = "stdout",
                                           .can = SIEM_WHOLE_EVENTS,
                                           .accepts = ~0u,
                                           .carrier = &carrier,
                                           .close = close_file};

siem_code siem_sink_open_file(siem_sink **out, const char *path, bool truncate, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (path == NULL) return siem_misuse_null(__func__, "path", err);
    file_sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL) return siem_error_no_memory(err);
    sink->sink.kind = &file_kind;
    sink->sink.pace = siem_local_pace;
    sink->sink.lines = &sink->file;
    siem_code rc = siem_line_file_open(&sink->file, path, 0640, truncate, err);
    sink->sink.target = sink->file.path;
    if (rc == SIEM_OK) *out = &sink->sink;
    else free(sink);
    return rc;
}

/* Checked before anything is read: records that no reader can get are not exported. */
static bool is_writable(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

siem_code siem_sink_open_stdout(siem_sink **out, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    file_sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL) return siem_error_no_memory(err);
    if (!is_writable(STDOUT_FILENO)) {
        free(sink);
        return siem_error_set(err, SIEM_IO,
                              "cannot write to standard output: it is closed, or open for reading "
                              "only: name a file to write to");
    }
    sink->sink.kind = &stdout_kind;
    sink->sink.pace = siem_local_pace;
    sink->sink.lines = &sink->file;
    siem_line_file_open_stdout(&sink->file);
    *out = &sink->sink;
    return SIEM_OK;
}
