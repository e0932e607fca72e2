/* tlog.c: the public functions of a log. */
#include "base/checked_file.h"
#include "base/error.h"
#include "base/misuse.h"
#include "evidence/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- life ---- */

static bool is_url(const char *source) {
    return strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0;
}

siem_code siem_tlog_grow(siem_tlog *log, siem_error *err) {
    return log != NULL ? siem_log_read(log, err) : siem_misuse_null(__func__, "log", err);
}

static siem_code check_options(const char *function, const siem_tlog_options *options,
                               siem_error *err) {
    if (options == NULL) return siem_misuse_null(function, "options", err);
    if (options->source == NULL) return siem_misuse_null(function, "source", err);
    if (options->source[0] == '\0') return siem_error_empty(err, "source", "the source");
    return SIEM_OK;
}

static siem_code read_head_text(siem_buffer *text, const siem_tlog_options *options,
                                siem_error *err) {
    siem_pages *pages;
    if (!is_url(options->source)) {
        return siem_checked_file_read(text, options->source, SIEM_FILE_INPUT, err);
    }
    siem_code rc = siem_pages_open(&pages, NULL, options, err);
    if (rc == SIEM_OK) rc = siem_pages_read_head(pages, text, err);
    siem_pages_close(pages);
    return rc;
}

siem_code siem_tlog_open_head(siem_tlog_head *head, const siem_tlog_options *options,
                              siem_error *err) {
    siem_buffer text = {0};
    if (head == NULL) return siem_misuse_null(__func__, "head", err);
    *head = (siem_tlog_head){0};
    siem_code rc = check_options(__func__, options, err);
    if (rc != SIEM_OK) return rc;
    rc = read_head_text(&text, options, err);
    if (rc == SIEM_OK && (rc = siem_tlog_read_head(head, text.bytes, text.size, err)) != SIEM_OK) {
        if (!is_url(options->source)) siem_error_prefix(err, "%s", options->source);
    }
    siem_buffer_free(&text);
    return rc;
}

siem_code siem_tlog_open(siem_tlog **out, const siem_tlog_options *options, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    siem_code rc = check_options(__func__, options, err);
    if (rc != SIEM_OK) return rc;
    siem_tlog *log = calloc(1, sizeof *log);
    if (log == NULL) return siem_error_no_memory(err);
    log->fd = -1;
    (void)pthread_rwlock_init(&log->lock, NULL);
    log->go_on = options->go_on;
    log->go_on_context = options->go_on_context;
    rc = siem_hash_tree_open(&log->tree, err);
    if (rc == SIEM_OK && is_url(options->source)) {
        rc = siem_pages_open(&log->pages, &log->fd, options, err);
    } else if (rc == SIEM_OK) {
        rc = siem_checked_file_open(&log->fd, options->source, SIEM_FILE_INPUT, 0, err);
    }
    if (rc == SIEM_OK && (rc = siem_log_read(log, err)) != SIEM_OK && log->pages == NULL) {
        siem_error_prefix(err, "%s", options->source);
    }
    if (rc == SIEM_OK) *out = log;
    else siem_tlog_close(log);
    return rc;
}

void siem_tlog_close(siem_tlog *log) {
    if (log == NULL) return;
    siem_pages_close(log->pages);
    if (log->fd >= 0) (void)close(log->fd);
    siem_hash_tree_close(&log->tree);
    free(log->offsets);
    free(log->sizes);
    free(log->marks);
    free(log->bad_lines);
    free(log->aliases);
    siem_leaf_reader_free(&log->reader);
    siem_witness_close(&log->witness);
    siem_buffer_free(&log->input);
    (void)pthread_rwlock_destroy(&log->lock);
    free(log);
}

/* ---- what it has ---- */

int64_t siem_tlog_size(const siem_tlog *log) {
    return log != NULL ? (int64_t)log->tree.count : 0;
}

/* All leaves before `end`, which is not beyond the log, have a hash. */
static siem_code check_whole(const siem_tlog *log, int64_t end, siem_error *err) {
    if (end < 0 || end > (int64_t)log->tree.count) {
        return siem_error_of_option(err, SIEM_INVALID, "size",
                                    "the log has %zu leaves, and not %" PRId64, log->tree.count,
                                    end);
    }
    for (int64_t i = 0; log->missing != 0 && i < end; i++) {
        if ((log->marks[i] & SIEM_MARK_MISSING) == 0) continue;
        return siem_error_set(err, SIEM_UNPROVED, "leaf %" PRId64 " is missing from the log", i);
    }
    return SIEM_OK;
}

siem_code siem_tlog_root(siem_tlog *log, int64_t size, siem_hash *root, siem_error *err) {
    if (log == NULL) return siem_misuse_null(__func__, "log", err);
    if (root == NULL) return siem_misuse_null(__func__, "root", err);
    siem_code rc = check_whole(log, size, err);
    if (rc == SIEM_OK) *root = siem_hash_tree_root(&log->tree, (size_t)size);
    return rc == SIEM_OK && log->tree.hasher.failed ? siem_error_no_memory(err) : rc;
}

static siem_code check_index(int64_t index, int64_t size, siem_error *err) {
    if (index >= 0 && index < size) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, "index",
                                "leaf %" PRId64 " is not among %" PRId64 " leaves", index, size);
}

siem_code siem_tlog_leaf(const siem_tlog *log, int64_t index, siem_hash *hash, siem_error *err) {
    if (log == NULL) return siem_misuse_null(__func__, "log", err);
    if (hash == NULL) return siem_misuse_null(__func__, "hash", err);
    siem_code rc = check_index(index, (int64_t)log->tree.count, err);
    if (rc != SIEM_OK) return rc;
    if (log->marks[index] & SIEM_MARK_MISSING) {
        return siem_error_set(err, SIEM_UNPROVED, "leaf %" PRId64 " is missing from the log",
                              index);
    }
    *hash = log->tree.leaves[index];
    return SIEM_OK;
}

siem_code siem_tlog_prove(siem_tlog *log, int64_t index, int64_t size,
                          siem_hash proof[SIEM_TLOG_MOST_PROOF], size_t *count, siem_error *err) {
    if (log == NULL) return siem_misuse_null(__func__, "log", err);
    if (proof == NULL) return siem_misuse_null(__func__, "proof", err);
    if (count == NULL) return siem_misuse_null(__func__, "count", err);
    siem_code rc = check_whole(log, size, err);
    if (rc == SIEM_OK) rc = check_index(index, size, err);
    if (rc != SIEM_OK) return rc;
    *count = siem_hash_tree_prove(&log->tree, (size_t)index, (size_t)size, proof);
    return log->tree.hasher.failed ? siem_error_no_memory(err) : SIEM_OK;
}
