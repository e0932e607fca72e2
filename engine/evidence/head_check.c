/* head_check.c: roots, sizes and signatures of heads. */
#include "evidence/head_check.h"

#include <stdio.h>
#include <string.h>

bool siem_tree_has_head(siem_hash_tree *tree, const siem_tlog_head *head) {
    static const siem_hash zero; /* what a registry in Rust gives for no leaves */
    if (head->size > (int64_t)tree->count) return false;
    if (head->size == 0 && siem_hash_equals(&head->root, &zero)) return true;
    siem_hash root = siem_hash_tree_root(tree, (size_t)head->size);
    return siem_hash_equals(&root, &head->root);
}

/* ---- signatures ---- */

static siem_code check_signature(siem_findings *findings, const siem_tlog_head *head,
                                 bool *is_signed, siem_error *err) {
    const char *key = findings->check->registry_id;
    siem_error problem = {0};
    siem_code rc = siem_tlog_check_head(head, key, &problem);
    *is_signed = rc == SIEM_OK;
    if (rc == SIEM_UNPROVED) {
        const siem_tlog_finding finding = {SIEM_TLOG_HEAD_SIGNATURE, 0, -1, head->size, 0,
                                           problem.message};
        siem_report(findings, &finding);
        return SIEM_OK;
    }
    if (rc != SIEM_OK && err != NULL) *err = problem;
    return rc;
}

siem_code siem_check_signatures(siem_findings *findings, siem_error *err) {
    const siem_tlog_check *check = findings->check;
    bool ignored;
    siem_code rc = SIEM_OK;
    if (check->registry_id == NULL) return SIEM_OK;
    if (check->head != NULL) {
        rc = check_signature(findings, check->head, &findings->summary->is_signed, err);
    }
    if (rc == SIEM_OK && check->since_head != NULL) {
        rc = check_signature(findings, check->since_head, &ignored, err);
    }
    return rc;
}

/* ---- roots ---- */

static bool is_whole(const siem_tlog *log, int64_t size) {
    for (int64_t i = 0; log->missing != 0 && i < size; i++) {
        if (log->marks[i] & SIEM_MARK_MISSING) return false;
    }
    return true;
}

/* `fault`: what it is when the root is another one. */
static void check_head(siem_findings *findings, siem_tlog *log, const siem_tlog_head *head,
                       siem_tlog_fault fault) {
    int64_t count = (int64_t)log->tree.count;
    siem_tlog_finding finding = {fault, 0, -1, head->size, 0, ""};
    if (head->size > count) {
        finding.fault = SIEM_TLOG_TRUNCATED;
        finding.leaf = count;
    } else if (!is_whole(log, head->size) || siem_tree_has_head(&log->tree, head)) {
        return;
    }
    siem_report(findings, &finding);
}

void siem_check_heads(siem_findings *findings, siem_tlog *log) {
    const siem_tlog_check *check = findings->check;
    int64_t size = (int64_t)log->tree.count;
    if (check->head != NULL) check_head(findings, log, check->head, SIEM_TLOG_HEAD_ROOT);
    if (check->since_head != NULL) check_head(findings, log, check->since_head, SIEM_TLOG_FORKED);
    if (check->head != NULL && check->head->size < size) size = check->head->size;
    if (is_whole(log, size)) {
        findings->summary->root = siem_hash_tree_root(&log->tree, (size_t)size);
    }
}
