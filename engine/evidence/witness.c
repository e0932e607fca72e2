/* witness.c: by hash first; a leaf's text is read again when that fails. */
#include "evidence/witness.h"

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

unsigned siem_log_compare(const siem_tlog *log, size_t place, siem_witness *witness) {
    if (!siem_log_reread(log, place, witness)) return SIEM_LEAF_UNKNOWN;
    unsigned members = siem_expected_compare(&witness->expected, &witness->reader.canonical);
    bool is_altered = (log->marks[place] & SIEM_MARK_ALTERED) != 0;
    return members == 0 && is_altered ? SIEM_LEAF_UNKNOWN : members;
}

/* ---- one event ---- */

static siem_code differs(unsigned members, int64_t index, siem_error *err) {
    char fields[SIEM_FIELDS_SIZE];
    siem_expected_describe(fields, members);
    return siem_error_set(err, SIEM_UNPROVED, "the event differs from leaf %" PRId64 ": %s", index,
                          fields);
}

static siem_code never_logged(siem_error *err) {
    return siem_error_set(err, SIEM_UNPROVED, "the event never had a leaf in the log");
}

static siem_code prepare(siem_witness *witness, siem_event *event, siem_error *err) {
    siem_code rc = SIEM_OK;
    if (witness->hasher.context == NULL) rc = siem_hasher_open(&witness->hasher, err);
    return rc == SIEM_OK ? siem_expect(&witness->expected, event, &witness->hasher, err) : rc;
}

/* As siem_tlog_find, of an event that is prepared and has an index. */
static siem_code find(siem_witness *witness, const siem_tlog *log, int64_t index, siem_hash *leaf,
                      siem_error *err) {
    size_t place;
    bool is_found = siem_log_match(log, &witness->expected, index, &place);
    if (!is_found && index >= (int64_t)log->tree.count) {
        return siem_error_set(err, SIEM_UNPROVED, "the log has no leaf %" PRId64, index);
    }
    if (!is_found) place = (size_t)index;
    if (log->marks[place] & SIEM_MARK_MISSING) {
        return siem_error_set(err, SIEM_UNPROVED, "leaf %" PRId64 " is missing from the log",
                              index);
    }
    unsigned members = is_found ? 0 : siem_log_compare(log, place, witness);
    *leaf = log->tree.leaves[place];
    return members == 0 ? SIEM_OK : differs(members, index, err);
}

/* The root of all leaves, which a log without all of them has not. */
static void note_root(siem_witness *witness, siem_tlog *log) {
    siem_hash root;
    witness->knows_root = true;
    witness->size = log->tree.count;
    witness->root[0] = '\0';
    if (siem_tlog_root(log, (int64_t)witness->size, &root, NULL) == SIEM_OK) {
        siem_hash_write(witness->root, &root);
    }
}

/* Reads the log on for newer events, while no other thread asks it. */
static siem_code catch_up(siem_witness *witness, siem_tlog *log, int64_t index, siem_error *err) {
    (void)pthread_rwlock_wrlock(&log->lock);
    siem_code rc = siem_log_read_for(log, index, err);
    if (rc == SIEM_OK) note_root(witness, log);
    (void)pthread_rwlock_unlock(&log->lock);
    return rc;
}

static siem_value text_of(const char *hex) {
    return (siem_value){
        .type = hex[0] != '\0' ? SIEM_TEXT : SIEM_NULL, .bytes = hex, .size = strlen(hex)};
}

static void set_fields(siem_witness *witness, siem_event *event, const siem_hash *leaf,
                       bool is_verified) {
    static const siem_hash none;
    witness->leaf[0] = '\0';
    if (!siem_hash_equals(leaf, &none)) siem_hash_write(witness->leaf, leaf);
    event->tlog[SIEM_TLOG_LEAF_HASH] = text_of(witness->leaf);
    event->tlog[SIEM_TLOG_VERIFIED] = (siem_value){
        .type = SIEM_JSON, .bytes = is_verified ? "true" : "false", .size = is_verified ? 4 : 5};
    event->tlog[SIEM_TLOG_ROOT] = text_of(witness->root);
    event->tlog[SIEM_TLOG_SIZE] =
        (siem_value){.type = SIEM_INTEGER, .integer = (int64_t)witness->size};
}

siem_code siem_witness_testify(siem_witness *witness, siem_tlog *log, siem_event *event,
                               siem_error *err) {
    siem_hash leaf = {{0}};
    int64_t index = siem_leaf_index_of(event);
    siem_code rc = prepare(witness, event, err);
    if (rc != SIEM_OK) return rc;
    (void)pthread_rwlock_rdlock(&log->lock);
    size_t count = log->tree.count;
    (void)pthread_rwlock_unlock(&log->lock);
    bool is_behind = index >= (int64_t)count || !witness->knows_root || witness->size != count;
    if (is_behind && (rc = catch_up(witness, log, index, err)) != SIEM_OK) return rc;
    (void)pthread_rwlock_rdlock(&log->lock);
    rc = index < 0 ? never_logged(err) : find(witness, log, index, &leaf, err);
    (void)pthread_rwlock_unlock(&log->lock);
    set_fields(witness, event, &leaf, rc == SIEM_OK);
    return rc;
}

siem_code siem_tlog_find(siem_tlog *log, siem_event *event, siem_hash *leaf, siem_error *err) {
    if (log == NULL) return siem_misuse_null(__func__, "log", err);
    if (event == NULL) return siem_misuse_null(__func__, "event", err);
    if (leaf == NULL) return siem_misuse_null(__func__, "leaf", err);
    *leaf = (siem_hash){{0}};
    int64_t index = siem_leaf_index_of(event);
    if (index < 0) return never_logged(err);
    siem_code rc = prepare(&log->witness, event, err);
    return rc == SIEM_OK ? find(&log->witness, log, index, leaf, err) : rc;
}
