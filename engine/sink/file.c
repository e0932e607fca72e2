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

/* How many of the first records have `bytes` bytes together. */
static size_t records_in(const siem_batch *batch, size_t bytes) {
    size_t count = 0, size;
    while (siem_batch_at(batch, count, &size) != NULL && size + 1 <= bytes) {
        bytes -= size + 1;
        count++;
    }
    return count;
}

static siem_code send_lines(siem_sink *sink, const siem_batch *batch, siem_answer *answer,
                            siem_error *err) {
    size_t size, kept;
    const char *lines = siem_batch_bytes(batch, &size);
    siem_code rc = siem_line_file_write(&((file_sink *)sink)->file, lines, size, &kept, err);
    size_t delivered = rc == SIEM_OK ? siem_batch_size(batch) : records_in(batch, kept);
    for (size_t i = 0; i < delivered; i++) answer->outcomes[i].verdict = SIEM_DELIVERED;
    return rc;
}

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

static const siem_sink_kind file_kind = {.name = "file",
                                         .send = send_lines,
                                         .close = close_file,
                                         .resume = resume,
                                         .sync = sync_file,
                                         .claim = claim,
                                         .release = release};
static const siem_sink_kind stdout_kind = {
    .name = "stdout", .send = send_lines, .close = close_file};

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

/* Found out before anything is read: records that nobody can get are not exported. */
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
