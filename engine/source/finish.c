/* finish.c: each event is looked at once, when it is there. */
#include "source/finish.h"

#include "base/error.h"

#include <sqlite3.h>

siem_code siem_finish_open(siem_finish *finish, const siem_registry_options *options,
                           siem_error *err) {
    bool has_limit = options->has_limit || options->limit > 0;
    *finish = (siem_finish){.left = has_limit ? options->limit : -1};
    if (!options->has_until) return SIEM_OK;
    /* An event without a time is before all times. */
    finish->beyond =
        sqlite3_mprintf("typeof(timestamp) IN ('integer', 'real') AND timestamp >= %lld",
                        (long long)options->until);
    return finish->beyond != NULL ? SIEM_OK : siem_error_no_memory(err);
}

void siem_finish_close(siem_finish *finish) {
    sqlite3_free(finish->beyond);
}

void siem_finish_rewind(siem_finish *finish, int64_t limit) {
    finish->left = limit;
    finish->has_begun = finish->is_found = false;
}

static void set_last(siem_finish *finish, int64_t id) {
    finish->last = finish->is_found && finish->last < id ? finish->last : id;
    finish->is_found = true;
}

/* Steps over one row of two numbers. SIEM_END: there is none. */
static siem_code read_row(const siem_database *database, const siem_range *range, const char *head,
                          const char *tail, int64_t numbers[2], siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_range_prepare(&statement, database, range, head, tail, err);
    if (rc == SIEM_OK) rc = siem_database_step(database, statement, err);
    if (rc == SIEM_OK) {
        numbers[0] = sqlite3_column_int64(statement, 0);
        numbers[1] = sqlite3_column_int64(statement, 1);
    }
    sqlite3_finalize(statement);
    return rc;
}

/* Where the limit is reached. */
static siem_code count(siem_finish *finish, const siem_database *database, const siem_range *range,
                       siem_error *err) {
    char tail[48];
    int64_t found[2]; /* how many, and the last one's id */
    if (finish->left < 0) return SIEM_OK;
    if (finish->left == 0) {
        set_last(finish, range->after != NULL ? *range->after : INT64_MIN);
        return SIEM_OK;
    }
    (void)sqlite3_snprintf(sizeof tail, tail, "ORDER BY id LIMIT %lld)", (long long)finish->left);
    siem_code rc =
        read_row(database, range, "SELECT count(*), max(id) FROM (SELECT id", tail, found, err);
    if (rc != SIEM_OK) return rc;
    finish->left -= found[0];
    if (finish->left == 0) set_last(finish, found[1]);
    return SIEM_OK;
}

/* The event before the first one that is not read. */
static siem_code find_beyond(siem_finish *finish, const siem_database *database,
                             const siem_range *range, siem_error *err) {
    int64_t first[2];
    siem_range rest = *range;
    if (finish->beyond == NULL) return SIEM_OK;
    char *filter =
        sqlite3_mprintf("(%s) AND %s", range->filter != NULL ? range->filter : "1", finish->beyond);
    if (filter == NULL) return siem_error_no_memory(err);
    rest.filter = filter;
    siem_code rc = read_row(database, &rest, "SELECT id, 0", "ORDER BY id LIMIT 1", first, err);
    sqlite3_free(filter);
    if (rc == SIEM_OK) set_last(finish, first[0] > INT64_MIN ? first[0] - 1 : INT64_MIN);
    return rc == SIEM_END ? SIEM_OK : rc;
}

siem_code siem_finish_look(siem_finish *finish, const siem_database *database, const char *filter,
                           const siem_cursor *start, int64_t *end, siem_error *err) {
    siem_code rc = SIEM_OK;
    if (!finish->has_begun) finish->seen = *start;
    finish->has_begun = true;
    const siem_range range = {
        .filter = filter, .after = finish->seen.is_set ? &finish->seen.id : NULL, .last = end};
    bool is_new = !finish->seen.is_set || *end > finish->seen.id;
    if (!finish->is_found && (is_new || finish->left == 0)) {
        rc = count(finish, database, &range, err);
        if (rc == SIEM_OK) rc = find_beyond(finish, database, &range, err);
        if (rc != SIEM_OK) return rc;
        finish->seen = (siem_cursor){.is_set = true, .id = *end};
    }
    if (finish->is_found && finish->last < *end) *end = finish->last;
    return SIEM_OK;
}
