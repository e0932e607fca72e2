/* refusals.c: texts that differ in numbers, or in what they quote, are one reason. */
#include "export/refusals.h"

#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

/* The end of what begins with a quote at `at`; `at` itself when the quote is not closed. */
static const char *skip_quoted(const char *at) {
    const char *end = strchr(at + 1, *at);
    return end != NULL ? end : at;
}

/* A hash (FNV-1a) of the text in which each number and each quoted text is one and the same. */
static uint64_t key_of(const char *text) {
    uint64_t hash = 14695981039346656037U;
    bool in_number = false;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        bool is_digit = isdigit(c) != 0;
        if (is_digit && in_number) continue;
        in_number = is_digit;
        bool is_quoted =
            (c == '"' || c == '\'') && (at == text || isalnum((unsigned char)at[-1]) == 0);
        if (is_quoted) at = skip_quoted(at);
        hash = (hash ^ (is_digit ? '#' : c)) * 1099511628211U;
    }
    return hash;
}

/* The group of a reason, made when there is room for another one. */
static siem_reason *find_group(siem_refusals *reasons, const char *text) {
    uint64_t key = key_of(text);
    for (size_t i = 0; i < reasons->count && i < SIEM_MOST_REASONS; i++) {
        if (reasons->keys[i] == key) return &reasons->list[i];
    }
    if (reasons->count > SIEM_MOST_REASONS) return &reasons->list[SIEM_MOST_REASONS];
    siem_reason *group = &reasons->list[reasons->count];
    bool is_last = reasons->count == SIEM_MOST_REASONS;
    if (!is_last) reasons->keys[reasons->count] = key;
    reasons->count++;
    siem_utf8_line(group->text, sizeof group->text, is_last ? "other reasons" : text);
    return group;
}

void siem_refusals_add(siem_refusals *reasons, const char *text, const char *event_id) {
    siem_reason *group = find_group(reasons, text);
    if (group->count < SIEM_REASON_EVENTS) {
        siem_utf8_line(group->events[group->count], sizeof group->events[0], event_id);
    }
    group->count++;
}
