/* findings.h: what a verification found, counted and given to who wants to know. */
#ifndef SIEM_FINDINGS_H
#define SIEM_FINDINGS_H

#include "evidence/log.h"

typedef struct siem_findings {
    const siem_tlog_check *check;
    siem_tlog_summary *summary;
    siem_witness *witness;
} siem_findings;

void siem_report(siem_findings *findings, const siem_tlog_finding *finding);

void siem_report_row(siem_findings *findings, siem_tlog_fault fault, int64_t row, int64_t leaf,
                     int64_t other, const char *detail);

/* Reports what is wrong with leaves and lines, and leaves that no row used or claimed. */
void siem_report_leaves(siem_findings *findings, siem_tlog *log);

#endif
