/* findings.c: the names of faults, and those that leaves and lines have. */
#include "evidence/findings.h"

#define NONE (-1)

static const struct {
    const char *name, *title;
} faults[SIEM_TLOG_FAULTS] = {
    [SIEM_TLOG_ROW_ALTERED] = {"row_altered", "rows that differ from their leaf"},
    [SIEM_TLOG_ROW_SWAPPED] = {"row_swapped", "rows that are what another leaf says"},
    [SIEM_TLOG_ROW_WITHOUT_LEAF] = {"row_without_leaf", "rows whose leaf is not in the log"},
    [SIEM_TLOG_ROW_NEVER_LOGGED] = {"row_never_logged",
                                    "rows that never had a leaf (tlog_index is -1 or null)"},
    [SIEM_TLOG_ROW_TWICE] = {"row_twice", "rows with the leaf of another row"},
    [SIEM_TLOG_ROW_MISPLACED] = {"row_misplaced", "rows that are not in the order of their leaves"},
    [SIEM_TLOG_LEAF_WITHOUT_ROW] = {"leaf_without_row",
                                    "leaves without a row (deleted, or a crash before the commit)"},
    [SIEM_TLOG_LEAF_ALTERED] = {"leaf_altered", "leaves whose text is not what was hashed"},
    [SIEM_TLOG_LEAF_NOT_JSON] = {"leaf_not_json", "leaves that are not JSON"},
    [SIEM_TLOG_LEAF_TWICE] = {"leaf_twice", "leaves with the index of an earlier leaf"},
    [SIEM_TLOG_LEAF_MISPLACED] = {"leaf_misplaced", "leaves that are not in the order of indices"},
    [SIEM_TLOG_LEAF_MISSING] = {"leaf_missing", "leaves that are missing from the log"},
    [SIEM_TLOG_LINE_MALFORMED] = {"line_malformed", "lines of the log that are not leaves"},
    [SIEM_TLOG_HEAD_SIGNATURE] = {"head_signature", "heads that the registry did not sign"},
    [SIEM_TLOG_HEAD_ROOT] = {"head_root", "heads with another root than the log"},
    [SIEM_TLOG_TRUNCATED] = {"truncated", "heads with more leaves than the log"},
    [SIEM_TLOG_FORKED] = {"forked", "older heads that the log does not continue"},
};

const char *siem_tlog_fault_name(siem_tlog_fault fault) {
    return (unsigned)fault < SIEM_TLOG_FAULTS ? faults[fault].name : NULL;
}

const char *siem_tlog_fault_title(siem_tlog_fault fault) {
    return (unsigned)fault < SIEM_TLOG_FAULTS ? faults[fault].title : NULL;
}

void siem_report(siem_findings *findings, const siem_tlog_finding *finding) {
    const siem_tlog_check *check = findings->check;
    findings->summary->findings[finding->fault]++;
    if (check->report != NULL) check->report(check->report_context, finding);
}

void siem_report_row(siem_findings *findings, siem_tlog_fault fault, int64_t row, int64_t leaf,
                     int64_t other, const char *detail) {
    const siem_tlog_finding finding = {fault, row, leaf, other, 0, detail};
    siem_report(findings, &finding);
}

/* ---- leaves and lines ---- */

static void report_leaf(siem_findings *findings, siem_tlog_fault fault, size_t place,
                        const char *detail) {
    const siem_tlog_finding finding = {fault, 0, (int64_t)place, NONE, 0, detail};
    siem_report(findings, &finding);
}

static bool has_no_line(const siem_tlog *log, size_t place) {
    return place < log->tree.count && log->sizes[place] == 0;
}

static void report_line(siem_findings *findings, siem_tlog *log, int64_t line, size_t leaf) {
    bool explains = has_no_line(log, leaf);
    const siem_tlog_finding finding = {
        SIEM_TLOG_LINE_MALFORMED, 0, explains ? (int64_t)leaf : NONE, NONE, line, ""};
    if (explains) log->marks[leaf] |= SIEM_MARK_CLAIMED;
    siem_report(findings, &finding);
}

/* A row is proof enough that its leaf is JSON. */
static void report_unused(siem_findings *findings, siem_tlog *log, size_t place) {
    bool is_json = siem_log_reread(log, place, findings->witness);
    report_leaf(findings, is_json ? SIEM_TLOG_LEAF_WITHOUT_ROW : SIEM_TLOG_LEAF_NOT_JSON, place,
                "");
}

static void report_marks(siem_findings *findings, siem_tlog *log, size_t place) {
    static const struct {
        unsigned mark;
        siem_tlog_fault fault;
    } known[] = {{SIEM_MARK_ALTERED, SIEM_TLOG_LEAF_ALTERED},
                 {SIEM_MARK_NOT_JSON, SIEM_TLOG_LEAF_NOT_JSON},
                 {SIEM_MARK_TWICE, SIEM_TLOG_LEAF_TWICE},
                 {SIEM_MARK_MISPLACED, SIEM_TLOG_LEAF_MISPLACED}};
    unsigned marks = log->marks[place];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (marks & known[i].mark) report_leaf(findings, known[i].fault, place, "");
    }
    bool is_used = (marks & (SIEM_MARK_USED | SIEM_MARK_CLAIMED)) != 0;
    if (has_no_line(log, place)) {
        if ((marks & SIEM_MARK_CLAIMED) == 0) {
            report_leaf(findings, SIEM_TLOG_LEAF_MISSING, place, "");
        }
    } else if ((marks & SIEM_MARK_BEACON) != 0 && !is_used) {
        report_unused(findings, log, place);
    }
}

void siem_report_leaves(siem_findings *findings, siem_tlog *log) {
    siem_tlog_summary *summary = findings->summary;
    for (size_t i = 0; i < log->bad_count; i++) {
        report_line(findings, log, log->bad_lines[i].line, log->bad_lines[i].leaf);
    }
    if (siem_log_rest(log) != 0) report_line(findings, log, log->lines + 1, log->tree.count);
    for (size_t i = 0; i < log->tree.count; i++) {
        summary->callbacks += (log->marks[i] & SIEM_MARK_BEACON) != 0;
        report_marks(findings, log, i);
    }
    summary->leaves = (int64_t)log->tree.count;
}
