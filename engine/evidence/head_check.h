/* head_check.h: whether a log is the one that heads say: signed, whole, and continued. */
#ifndef SIEM_HEAD_CHECK_H
#define SIEM_HEAD_CHECK_H

#include "evidence/findings.h"

/* Whether a tree has the root of a head, which has no more leaves. */
bool siem_tree_has_head(siem_hash_tree *tree, const siem_tlog_head *head);

/* Reports heads whose signature is not valid. Errors: SIEM_INVALID for a registry_id that is not a
 * key. */
siem_code siem_check_signatures(siem_findings *findings, siem_error *err);

/* Reports heads that are not of this log, and notes the root. */
void siem_check_heads(siem_findings *findings, siem_tlog *log);

#endif
