/* log.c: lines of a file, each read once. */
#include "evidence/log.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP         ((size_t)1 << 18)
#define MOST_LINE    ((size_t)1 << 25) /* more than the largest event has */
#define MOST_MISSING 65536
#define MOST_BAD     65536
#define MOST_VAIN    100 /* of a registry over HTTP, where each costs two answers */

/* ---- leaves ---- */

/* Makes room in a list of items of that size. */
static bool grow(void *list, size_t count, size_t *capacity, size_t size) {
    void **items = list;
    if (count < *capacity) return true;
    size_t more = *capacity == 0 ? 1024 : *capacity * 2;
    void *grown = realloc(*items, more * size);
    if (grown == NULL) return false;
    *items = grown;
    *capacity = more;
    return true;
}

static bool reserve(siem_tlog *log) {
    size_t capacity = log->capacity, same = log->capacity, again = log->capacity;
    bool has_room = grow(&log->offsets, log->tree.count, &capacity, sizeof *log->offsets) &&
                    grow(&log->sizes, log->tree.count, &same, sizeof *log->sizes) &&
                    grow(&log->marks, log->tree.count, &again, 1);
    if (has_room) log->capacity = capacity;
    return has_room;
}

static void describe(siem_tlog *log, size_t place, int64_t offset, size_t size, unsigned marks) {
    log->offsets[place] = offset;
    log->sizes[place] = (int)size;
    log->marks[place] = (unsigned char)marks;
}

static siem_code append(siem_tlog *log, const siem_hash *hash, int64_t offset, size_t size,
                        unsigned marks, siem_error *err) {
    if (!reserve(log)) return siem_error_no_memory(err);
    describe(log, log->tree.count, offset, size, marks);
    return siem_hash_tree_add(&log->tree, hash, err);
}

/* Leaves up to `index` have no line, as far as is known: their places are kept. */
static siem_code append_missing(siem_tlog *log, int64_t index, siem_error *err) {
    static const siem_hash unknown;
    siem_code rc = SIEM_OK;
    if (index - (int64_t)log->tree.count > (int64_t)(MOST_MISSING - log->missing)) {
        return siem_error_set(err, SIEM_UNPROVED,
                              "line %" PRId64 " of the log has index %" PRId64
                              " where %zu is expected: this is not the whole log",
                              log->lines, index, log->tree.count);
    }
    while (rc == SIEM_OK && (int64_t)log->tree.count < index) {
        rc = append(log, &unknown, 0, 0, SIEM_MARK_MISSING, err);
        log->missing++;
    }
    return rc;
}

static siem_code add_alias(siem_tlog *log, int64_t index, size_t place, siem_error *err) {
    if (!grow(&log->aliases, log->alias_count, &log->alias_capacity, sizeof *log->aliases)) {
        return siem_error_no_memory(err);
    }
    size_t at = log->alias_count++;
    for (; at > 0 && log->aliases[at - 1].index > index; at--)
        log->aliases[at] = log->aliases[at - 1];
    log->aliases[at] = (siem_alias){index, place};
    return SIEM_OK;
}

size_t siem_log_find_alias(const siem_tlog *log, int64_t index) {
    size_t first = 0, end = log->alias_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (log->aliases[middle].index < index) first = middle + 1;
        else end = middle;
    }
    return first;
}

static unsigned examine(siem_tlog *log, const siem_leaf *leaf) {
    static const unsigned marks[] = {[SIEM_LEAF_OTHER] = 0,
                                     [SIEM_LEAF_BEACON] = SIEM_MARK_BEACON,
                                     [SIEM_LEAF_NOT_JSON] = SIEM_MARK_NOT_JSON};
    siem_hash hash = siem_hash_leaf(&log->tree.hasher, leaf->text, leaf->size);
    siem_leaf_kind kind = siem_leaf_begins_as_beacon(leaf)
                              ? SIEM_LEAF_BEACON
                              : siem_leaf_kind_of(&log->reader, leaf->text, leaf->size);
    return marks[kind] | (siem_hash_equals(&hash, &leaf->hash) ? 0 : SIEM_MARK_ALTERED);
}

static void note_order(siem_tlog *log, int64_t index, size_t place) {
    siem_order_item misplaced;
    if (siem_order_see(&log->order, (siem_order_item){index, (int64_t)place}, &misplaced)) {
        log->marks[misplaced.id] |= SIEM_MARK_MISPLACED;
    }
}

static siem_code add_leaf(siem_tlog *log, const siem_leaf *leaf, int64_t offset, size_t size,
                          siem_error *err) {
    unsigned marks = examine(log, leaf);
    size_t place = (size_t)leaf->index;
    siem_code rc = SIEM_OK;
    if (leaf->index > (int64_t)log->tree.count) rc = append_missing(log, leaf->index, err);
    if (rc != SIEM_OK) return rc;
    if (place < log->tree.count && (log->marks[place] & SIEM_MARK_MISSING) != 0) {
        siem_hash_tree_set(&log->tree, place, &leaf->hash);
        describe(log, place, offset, size, marks);
        log->missing--;
    } else if (place < log->tree.count) {
        place = log->tree.count;
        rc = append(log, &leaf->hash, offset, size, marks | SIEM_MARK_TWICE, err);
        return rc == SIEM_OK ? add_alias(log, leaf->index, place, err) : rc;
    } else {
        rc = append(log, &leaf->hash, offset, size, marks, err);
    }
    if (rc == SIEM_OK) note_order(log, leaf->index, place);
    return rc;
}

/* ---- lines ---- */

static siem_code add_bad_line(siem_tlog *log, siem_error *err) {
    size_t leaf = log->tree.count;
    if (log->bad_count == MOST_BAD) {
        return siem_error_set(err, SIEM_INVALID,
                              "%d lines of it are not leaves: this is not a transparency log",
                              MOST_BAD);
    }
    if (!grow(&log->bad_lines, log->bad_count, &log->bad_capacity, sizeof *log->bad_lines)) {
        return siem_error_no_memory(err);
    }
    if (log->bad_count > 0 && log->bad_lines[log->bad_count - 1].leaf >= leaf) {
        leaf = log->bad_lines[log->bad_count - 1].leaf + 1;
    }
    log->bad_lines[log->bad_count++] = (siem_bad_line){log->lines, leaf};
    return SIEM_OK;
}

static siem_code take_line(siem_tlog *log, const char *line, size_t size, int64_t offset,
                           siem_error *err) {
    siem_leaf leaf;
    bool ends_leaf = log->awaits_end && size == 0;
    log->awaits_end = false;
    if (ends_leaf) return SIEM_OK;
    log->lines++;
    if (size == 0) return SIEM_OK;
    bool is_leaf = siem_leaf_read(&log->reader, line, size, &leaf);
    siem_code rc = is_leaf ? add_leaf(log, &leaf, offset, size, err) : SIEM_OK;
    if (siem_leaf_reader_failed(&log->reader) || log->tree.hasher.failed) {
        return siem_error_no_memory(err);
    }
    return is_leaf ? rc : add_bad_line(log, err);
}

/* Takes all lines of the input that have an end, and keeps the rest. */
static siem_code take_lines(siem_tlog *log, siem_error *err) {
    siem_buffer *input = &log->input;
    siem_code rc = SIEM_OK;
    size_t at = 0;
    while (rc == SIEM_OK) {
        const char *end = memchr(input->bytes + at, '\n', input->size - at);
        if (end == NULL) break;
        size_t size = (size_t)(end - input->bytes) - at;
        rc = take_line(log, input->bytes + at, size, log->offset + (int64_t)at, err);
        at += size + 1;
    }
    memmove(input->bytes, input->bytes + at, input->size - at);
    input->size -= at;
    log->offset += (int64_t)at;
    return rc;
}

/* A last line without an end counts when its object is whole: a line that was cut is not. */
static siem_code take_rest(siem_tlog *log, siem_error *err) {
    siem_buffer *input = &log->input;
    siem_leaf leaf;
    if (input->size == 0 || !siem_leaf_read(&log->reader, input->bytes, input->size, &leaf)) {
        return SIEM_OK;
    }
    log->lines++;
    siem_code rc = add_leaf(log, &leaf, log->offset, input->size, err);
    log->awaits_end = true;
    log->offset += (int64_t)input->size;
    input->size = 0;
    return rc;
}

size_t siem_log_rest(const siem_tlog *log) {
    return log->input.size;
}

/* Reads more of the file into the input; *more: there was some. */
static siem_code fill(siem_tlog *log, bool *more, siem_error *err) {
    siem_buffer *input = &log->input;
    ssize_t size;
    if (input->size > MOST_LINE) {
        return siem_error_set(err, SIEM_INVALID,
                              "line %" PRId64 " of the log has more than %zu bytes: this is not a "
                              "transparency log",
                              log->lines + 1, MOST_LINE);
    }
    if (!siem_buffer_reserve(input, STEP)) return siem_error_no_memory(err);
    do {
        size = pread(log->fd, input->bytes + input->size, STEP, log->offset + (off_t)input->size);
    } while (size < 0 && errno == EINTR);
    *more = size > 0;
    if (size < 0) {
        return siem_error_set(err, SIEM_IO, "cannot read the log: %s", strerror(errno));
    }
    input->size += (size_t)size;
    return SIEM_OK;
}

siem_code siem_log_read(siem_tlog *log, siem_error *err) {
    bool more = true;
    siem_code rc = SIEM_OK;
    if (log->pages != NULL) rc = siem_pages_write(log->pages, log->fd, err);
    while (rc == SIEM_OK && more) {
        if (log->go_on != NULL && !log->go_on(log->go_on_context)) {
            return siem_error_set(err, SIEM_CANCELLED, "stopped on request");
        }
        rc = fill(log, &more, err);
        if (rc == SIEM_OK && more) rc = take_lines(log, err);
    }
    return rc == SIEM_OK ? take_rest(log, err) : rc;
}

siem_code siem_log_read_for(siem_tlog *log, int64_t index, siem_error *err) {
    size_t count = log->tree.count;
    bool is_tired = log->pages != NULL && log->vain >= MOST_VAIN;
    if (is_tired || index < (int64_t)count) return SIEM_OK;
    siem_code rc = siem_log_read(log, err);
    log->vain += log->tree.count == count;
    return rc;
}

bool siem_log_reread(const siem_tlog *log, size_t place, siem_witness *witness) {
    siem_leaf leaf;
    size_t size = (size_t)log->sizes[place], had = 0;
    witness->line.size = 0;
    if (size == 0 || !siem_buffer_reserve(&witness->line, size)) return false;
    while (had < size) {
        ssize_t more =
            pread(log->fd, witness->line.bytes + had, size - had, log->offsets[place] + (off_t)had);
        if (more == 0 || (more < 0 && errno != EINTR)) return false;
        if (more > 0) had += (size_t)more;
    }
    return siem_leaf_read(&witness->reader, witness->line.bytes, size, &leaf) &&
           siem_leaf_kind_of(&witness->reader, leaf.text, leaf.size) != SIEM_LEAF_NOT_JSON;
}

void siem_witness_close(siem_witness *witness) {
    siem_hasher_close(&witness->hasher);
    siem_expected_free(&witness->expected);
    siem_leaf_reader_free(&witness->reader);
    siem_buffer_free(&witness->line);
}
