/* strays.c: which rows are altered, exchanged, or have the index of another row is known at the
 * end. */
#include "evidence/strays.h"

#include "base/error.h"
#include "evidence/head_check.h"

#include <stdlib.h>
#include <string.h>

#define NONE (-1)

siem_code siem_strays_add(siem_strays *strays, const siem_stray *stray, siem_error *err) {
    if (strays->count == strays->capacity) {
        size_t capacity = strays->capacity == 0 ? 64 : strays->capacity * 2;
        siem_stray *items = realloc(strays->items, capacity * sizeof *items);
        if (items == NULL) return siem_error_no_memory(err);
        strays->items = items;
        strays->capacity = capacity;
    }
    strays->items[strays->count++] = *stray;
    return SIEM_OK;
}

void siem_strays_free(siem_strays *strays) {
    free(strays->items);
    *strays = (siem_strays){0};
}

/* ---- leaves that are missing ---- */

static bool is_missing(const siem_tlog *log, const siem_stray *stray) {
    return (log->marks[stray->place] & SIEM_MARK_MISSING) != 0;
}

static void fill(const siem_strays *strays, siem_tlog *log, const siem_hash *hash, int encoding) {
    for (size_t i = 0; i < strays->count; i++) {
        const siem_stray *stray = &strays->items[i];
        if (!is_missing(log, stray)) continue;
        siem_hash_tree_set(&log->tree, stray->place,
                           hash != NULL ? hash : &stray->hashes[encoding]);
    }
}

/* Each leaf that is missing has one row. */
static bool may_fill(const siem_strays *strays, const siem_tlog *log) {
    size_t rows = 0;
    for (size_t i = 0; i < strays->count; i++) rows += is_missing(log, &strays->items[i]);
    return log->missing != 0 && rows == log->missing;
}

/* Takes the missing leaves from their rows, in one encoding or the other, and keeps them when the
 * root is the head's then: it is made of them. */
static void recover(siem_strays *strays, siem_findings *findings, siem_tlog *log) {
    static const siem_hash unknown;
    const siem_tlog_head *head = findings->check->head;
    bool is_whole = false;
    if (head == NULL || !may_fill(strays, log)) return;
    for (int encoding = 0; encoding < SIEM_LEAF_ENCODINGS && !is_whole; encoding++) {
        fill(strays, log, NULL, encoding);
        is_whole = siem_tree_has_head(&log->tree, head);
    }
    if (!is_whole) {
        fill(strays, log, &unknown, 0);
        return;
    }
    for (size_t i = 0; i < strays->count; i++) {
        if (!is_missing(log, &strays->items[i])) continue;
        log->marks[strays->items[i].place] = SIEM_MARK_BEACON | SIEM_MARK_USED;
        log->missing--;
        findings->summary->proved++;
        strays->items[i].row = 0;
    }
}

/* ---- rows that would fit another leaf ---- */

typedef struct needle {
    siem_hash hash;
    siem_stray *stray;
} needle;

static int compare_needles(const void *left, const void *right) {
    return memcmp(left, right, sizeof(siem_hash));
}

static void find_others(siem_tlog *log, needle *needles, size_t count) {
    unsigned char seen[8192] = {0}; /* a bit for each beginning of a hash */
    for (size_t i = 0; i < count; i++) {
        const unsigned char *bytes = needles[i].hash.bytes;
        seen[bytes[0] << 5 | bytes[1] >> 3] |= (unsigned char)(1 << (bytes[1] & 7));
    }
    for (size_t place = 0; place < log->tree.count; place++) {
        const unsigned char *bytes = log->tree.leaves[place].bytes;
        if ((seen[bytes[0] << 5 | bytes[1] >> 3] & 1 << (bytes[1] & 7)) == 0) continue;
        needle *found = bsearch(bytes, needles, count, sizeof *needles, compare_needles);
        bool is_free = (log->marks[place] & SIEM_MARK_USED) == 0;
        if (found != NULL && is_free && place != found->stray->place) {
            found->stray->other = (int64_t)place;
        }
    }
}

static siem_code look_for_others(siem_strays *strays, siem_tlog *log, siem_error *err) {
    size_t count = strays->count * SIEM_LEAF_ENCODINGS;
    needle *needles = calloc(count + 1, sizeof *needles);
    if (needles == NULL) return siem_error_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        siem_stray *stray = &strays->items[i / SIEM_LEAF_ENCODINGS];
        needles[i] = (needle){stray->hashes[i % SIEM_LEAF_ENCODINGS], stray};
    }
    qsort(needles, count, sizeof *needles, compare_needles);
    find_others(log, needles, count);
    free(needles);
    return SIEM_OK;
}

/* ---- reports ---- */

static void report_altered(siem_findings *findings, siem_tlog *log, const siem_stray *stray) {
    char detail[SIEM_FIELDS_SIZE];
    unsigned char *marks = &log->marks[stray->place];
    bool is_taken = (*marks & (SIEM_MARK_USED | SIEM_MARK_CLAIMED)) != 0;
    *marks |= SIEM_MARK_CLAIMED;
    siem_expected_describe(detail, stray->members);
    siem_tlog_fault fault = is_taken ? SIEM_TLOG_ROW_TWICE : SIEM_TLOG_ROW_ALTERED;
    siem_report_row(findings, fault, stray->row, (int64_t)stray->place, NONE,
                    is_taken ? "" : detail);
}

void siem_report_stray(siem_findings *findings, siem_tlog *log, const siem_stray *stray) {
    int64_t leaf = (int64_t)stray->place;
    if (is_missing(log, stray)) {
        siem_report_row(findings, SIEM_TLOG_ROW_WITHOUT_LEAF, stray->row, leaf, NONE, "");
    } else if (stray->other != NONE) {
        log->marks[stray->other] |= SIEM_MARK_CLAIMED;
        siem_report_row(findings, SIEM_TLOG_ROW_SWAPPED, stray->row, leaf, stray->other, "");
    } else {
        report_altered(findings, log, stray);
    }
}

siem_code siem_strays_settle(siem_strays *strays, siem_findings *findings, siem_tlog *log,
                             siem_error *err) {
    if (strays->count == 0) return SIEM_OK;
    recover(strays, findings, log);
    siem_code rc = look_for_others(strays, log, err);
    for (size_t i = 0; rc == SIEM_OK && i < strays->count; i++) {
        bool is_settled = strays->items[i].row == 0;
        if (!is_settled) siem_report_stray(findings, log, &strays->items[i]);
    }
    return rc;
}
