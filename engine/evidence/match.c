/* match.c: by hash first; a leaf's text is read again when that fails. */
#include "evidence/match.h"

#include "base/error.h"
#include "base/misuse.h"
#include "source/event.h"

#include <inttypes.h>

int64_t siem_leaf_index_of(const siem_event *event) {
    const siem_value *value = &event->fields[SIEM_TLOG_INDEX];
    if (value->type == SIEM_NULL) return SIEM_NEVER_LOGGED;
    return value->type == SIEM_INTEGER && value->integer >= -1 ? value->integer : SIEM_NO_INDEX;
}

static bool is_match(const siem_tlog *log, const siem_expected *expected, size_t place) {
    return (log->marks[place] & SIEM_MARK_MISSING) == 0 &&
           siem_expected_matches(expected, &log->tree.leaves[place]);
}

bool siem_log_match(const siem_tlog *log, const siem_expected *expected, int64_t index,
                    size_t *place) {
    *place = (size_t)index;
    if (index < (int64_t)log->tree.count && is_match(log, expected, *place)) return true;
    for (size_t i = siem_log_find_alias(log, index);
         i < log->alias_count && log->aliases[i].index == index; i++) {
        *place = log->aliases[i].place;
        if (is_match(log, expected, *place)) return true;
    }
    return false;
}

unsigned siem_log_compare(siem_tlog *log, const siem_expected *expected, size_t place) {
    if (!siem_log_reread(log, place)) return SIEM_LEAF_UNKNOWN;
    unsigned members = siem_expected_compare(expected, &log->reader.canonical);
    bool is_altered = (log->marks[place] & SIEM_MARK_ALTERED) != 0;
    return members == 0 && is_altered ? SIEM_LEAF_UNKNOWN : members;
}

/* ---- for programs ---- */

static siem_code differs(unsigned members, int64_t index, siem_error *err) {
    char fields[SIEM_FIELDS_SIZE];
    siem_expected_describe(fields, members);
    return siem_error_set(err, SIEM_UNPROVED, "the event differs from leaf %" PRId64 ": %s", index,
                          fields);
}

siem_code siem_tlog_find(siem_tlog *log, siem_event *event, siem_hash *leaf, siem_error *err) {
    size_t place;
    if (log == NULL) return siem_misuse_null(__func__, "log", err);
    if (event == NULL) return siem_misuse_null(__func__, "event", err);
    if (leaf == NULL) return siem_misuse_null(__func__, "leaf", err);
    *leaf = (siem_hash){{0}};
    int64_t index = siem_leaf_index_of(event);
    if (index < 0) {
        return siem_error_set(err, SIEM_UNPROVED, "the event never had a leaf in the log");
    }
    siem_code rc = siem_expect(&log->expected, event, &log->tree.hasher, err);
    if (rc != SIEM_OK) return rc;
    bool is_found = siem_log_match(log, &log->expected, index, &place);
    if (!is_found && index >= (int64_t)log->tree.count) {
        return siem_error_set(err, SIEM_UNPROVED, "the log has no leaf %" PRId64, index);
    }
    if (log->marks[place = is_found ? place : (size_t)index] & SIEM_MARK_MISSING) {
        return siem_error_set(err, SIEM_UNPROVED, "leaf %" PRId64 " is missing from the log",
                              index);
    }
    unsigned members = is_found ? 0 : siem_log_compare(log, &log->expected, place);
    *leaf = log->tree.leaves[place];
    return members == 0 ? SIEM_OK : differs(members, index, err);
}
