/* verify.c: row by row: the leaf that a row must have, and the one that the log has. */
#include "base/clock.h"
#include "base/error.h"
#include "base/misuse.h"
#include "evidence/head_check.h"
#include "evidence/strays.h"
#include "evidence/witness.h"
#include "source/registry.h"

#include <stdlib.h>

#define NONE        (-1)
#define MOST_STRAYS 65536
#define COMMIT_TIME                                                                                \
    1.0 /* seconds in which a registry commits the row of a leaf that it appended                  \
         */
#define COMMIT_LEAVES 32

typedef struct verification {
    siem_tlog *log;
    siem_findings findings;
    siem_witness witness;
    siem_order order;
    siem_strays strays;
    int64_t head_size;
} verification;

/* ---- one row ---- */

static void note_used(verification *v, int64_t row, size_t place) {
    siem_tlog_summary *summary = v->findings.summary;
    siem_order_item misplaced;
    unsigned char *marks = &v->log->marks[place];
    int64_t leaf = (int64_t)place;
    if (*marks & SIEM_MARK_USED) {
        siem_report_row(&v->findings, SIEM_TLOG_ROW_TWICE, row, leaf, NONE, "");
        return;
    }
    *marks |= SIEM_MARK_USED;
    summary->proved++;
    if (leaf >= v->head_size) summary->after_head++;
    if (siem_order_see(&v->order, (siem_order_item){leaf, row}, &misplaced)) {
        siem_report_row(&v->findings, SIEM_TLOG_ROW_MISPLACED, misplaced.id, misplaced.number, NONE,
                        "");
    }
}

static siem_code note_stray(verification *v, int64_t row, size_t place, siem_error *err) {
    bool is_missing = (v->log->marks[place] & SIEM_MARK_MISSING) != 0;
    unsigned members = is_missing ? 0 : siem_log_compare(v->log, place, &v->witness);
    if (!is_missing && members == 0) { /* in another encoding */
        note_used(v, row, place);
        return SIEM_OK;
    }
    const siem_hash *hashes = v->witness.expected.hashes;
    const siem_stray stray = {.row = row,
                              .place = place,
                              .members = members,
                              .other = NONE,
                              .hashes = {hashes[SIEM_LEAF_ASCII], hashes[SIEM_LEAF_UTF8]}};
    if (v->strays.count < MOST_STRAYS) return siem_strays_add(&v->strays, &stray, err);
    siem_report_stray(&v->findings, v->log, &stray);
    return SIEM_OK;
}

static siem_code see_row(verification *v, siem_event *event, siem_error *err) {
    int64_t row = event->row_id, index = siem_leaf_index_of(event);
    size_t place;
    v->findings.summary->rows++;
    if (index == SIEM_NEVER_LOGGED) {
        siem_report_row(&v->findings, SIEM_TLOG_ROW_NEVER_LOGGED, row, NONE, NONE, "");
        return SIEM_OK;
    }
    siem_code rc = siem_log_read_for(v->log, index, err);
    if (rc == SIEM_OK) rc = siem_expect(&v->witness.expected, event, &v->witness.hasher, err);
    if (rc != SIEM_OK) return rc;
    if (index >= 0 && siem_log_match(v->log, &v->witness.expected, index, &place)) {
        note_used(v, row, place);
    } else if (index >= 0 && index < (int64_t)v->log->tree.count) {
        return note_stray(v, row, (size_t)index, err);
    } else {
        siem_report_row(&v->findings, SIEM_TLOG_ROW_WITHOUT_LEAF, row, index >= 0 ? index : NONE,
                        NONE, "");
    }
    return SIEM_OK;
}

/* ---- all rows ---- */

static siem_code see_rows(verification *v, siem_registry *registry, siem_error *err) {
    siem_event *event;
    siem_code rc;
    while ((rc = siem_registry_next(registry, &event, err)) == SIEM_OK) {
        if ((rc = see_row(v, event, err)) != SIEM_OK) return rc;
    }
    return rc == SIEM_END ? SIEM_OK : rc;
}

/* Whether the last leaves have callbacks whose rows may be about to be committed. */
static bool awaits_rows(const siem_tlog *log) {
    size_t last = log->tree.count;
    for (size_t i = last > COMMIT_LEAVES ? last - COMMIT_LEAVES : 0; i < last; i++) {
        unsigned marks = log->marks[i];
        if ((marks & SIEM_MARK_BEACON) != 0 && (marks & SIEM_MARK_USED) == 0) return true;
    }
    return false;
}

static siem_code see_all_rows(verification *v, siem_registry *registry, siem_error *err) {
    double until = siem_clock() + COMMIT_TIME;
    siem_registry_seek(registry, 0);
    siem_code rc = see_rows(v, registry, err);
    while (rc == SIEM_OK && v->strays.count == 0 && awaits_rows(v->log) && siem_clock() < until) {
        rc = siem_registry_wait(registry, 100, err);
        if (rc == SIEM_END) rc = SIEM_OK;
        else if (rc == SIEM_OK) rc = see_rows(v, registry, err);
    }
    siem_registry_release(registry);
    return rc;
}

/* ---- the whole ---- */

static siem_code check(const siem_tlog *log, const siem_tlog_check *check,
                       const siem_tlog_summary *summary, siem_error *err) {
    static const char *const function = "siem_tlog_verify";
    if (log == NULL) return siem_misuse_null(function, "log", err);
    if (check == NULL) return siem_misuse_null(function, "check", err);
    if (summary == NULL) return siem_misuse_null(function, "summary", err);
    if (check->registry == NULL) return siem_misuse_null(function, "registry", err);
    if (siem_registry_is_followed(check->registry)) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, "registry",
                                "%s: the registry is not opened to be followed", function);
}

siem_code siem_tlog_verify(siem_tlog *log, const siem_tlog_check *given, siem_tlog_summary *summary,
                           siem_error *err) {
    siem_code rc = check(log, given, summary, err);
    if (rc != SIEM_OK) return rc;
    *summary = (siem_tlog_summary){0};
    verification v = {.log = log,
                      .findings = {.check = given, .summary = summary},
                      .head_size = given->head != NULL ? given->head->size : INT64_MAX};
    for (size_t i = 0; i < log->tree.count; i++) {
        log->marks[i] &= (unsigned char)~(SIEM_MARK_USED | SIEM_MARK_CLAIMED);
    }
    v.findings.witness = &v.witness;
    log->vain = 0;
    rc = siem_hasher_open(&v.witness.hasher, err);
    if (rc == SIEM_OK) rc = siem_check_signatures(&v.findings, err);
    if (rc == SIEM_OK) rc = see_all_rows(&v, given->registry, err);
    if (rc == SIEM_OK) rc = siem_strays_settle(&v.strays, &v.findings, log, err);
    if (rc == SIEM_OK) siem_report_leaves(&v.findings, log);
    if (rc == SIEM_OK) siem_check_heads(&v.findings, log);
    if (rc == SIEM_OK && (log->tree.hasher.failed || v.witness.hasher.failed))
        rc = siem_error_no_memory(err);
    siem_strays_free(&v.strays);
    siem_witness_close(&v.witness);
    return rc;
}
