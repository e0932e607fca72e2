/* answer.c: verdicts and their reasons. */
#include "sink/answer.h"

#include "base/number.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

siem_answer siem_answer_begin(siem_outcome *outcomes, size_t count) {
    for (size_t i = 0; i < count; i++) outcomes[i] = (siem_outcome){.code = -1};
    return (siem_answer){
        .outcomes = outcomes, .count = count, .code = -1, .retry_after = -1, .suspect = -1};
}

static void give_all(siem_answer *answer, siem_verdict verdict, const char *format,
                     va_list arguments) {
    char reason[sizeof answer->reason];
    (void)siem_number_vprint(reason, sizeof reason, format, arguments);
    siem_utf8_line(answer->reason, sizeof answer->reason, reason);
    for (size_t i = 0; i < answer->count; i++) {
        answer->outcomes[i].verdict = verdict;
        answer->outcomes[i].http_status = answer->http_status;
        answer->outcomes[i].code = answer->code;
    }
}

void siem_answer_all(siem_answer *answer, siem_verdict verdict, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    give_all(answer, verdict, format, arguments);
    va_end(arguments);
    answer->next = SIEM_TAKE_OUTCOMES;
}

void siem_answer_halve(siem_answer *answer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    give_all(answer, SIEM_REJECT, format, arguments);
    va_end(arguments);
    answer->next = SIEM_HALVE;
    answer->suspect = -1;
}

void siem_answer_add_reason(siem_answer *answer, const char *more) {
    char text[sizeof answer->reason];
    size_t size = strlen(answer->reason);
    (void)snprintf(text, sizeof text, "; %s", more);
    siem_utf8_line(answer->reason + size, sizeof answer->reason - size, text);
}

void siem_answer_one(siem_answer *answer, size_t index, siem_verdict verdict, int http_status,
                     const char *format, ...) {
    char text[sizeof answer->reason], reason[sizeof answer->reason];
    siem_outcome *outcome = &answer->outcomes[index];
    va_list arguments;
    outcome->verdict = verdict;
    outcome->http_status = http_status;
    outcome->code = answer->code;
    if (verdict == SIEM_DELIVERED) return;
    va_start(arguments, format);
    (void)siem_number_vprint(text, sizeof text, format, arguments);
    va_end(arguments);
    siem_utf8_line(reason, sizeof reason, text);
    /* Its own, so that the reason of another record does not take its place. Without memory: none.
     */
    if (verdict == SIEM_REJECT || verdict == SIEM_HOLD) outcome->reason = strdup(reason);
    if (verdict != SIEM_REJECT) memcpy(answer->reason, reason, sizeof reason);
}

void siem_answer_clear(siem_answer *answer) {
    for (size_t i = 0; i < answer->count; i++) {
        free((char *)answer->outcomes[i].reason);
        answer->outcomes[i].reason = NULL;
    }
}
