/* ordering.c: one aggregate over the table. */
#include "source/ordering.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Compares as SQLite's ORDER BY does: an integer beside a real loses no digit. */
static bool integer_above_real(int64_t integer, double real) {
    if (real >= 9223372036854775808.0) return false;
    if (real < -9223372036854775808.0) return true;
    int64_t whole = (int64_t)real;
    if (integer != whole) return integer > whole;
    return (double)whole > real;
}

static bool real_above_integer(double real, int64_t integer) {
    if (real >= 9223372036854775808.0) return true;
    if (real < -9223372036854775808.0) return false;
    int64_t whole = (int64_t)real;
    if (whole != integer) return whole > integer;
    return real > (double)whole;
}

static void see_integer(siem_scan *s, int64_t timestamp) {
    if (s->last_is_real ? real_above_integer(s->last_real, timestamp)
                        : s->last_integer > timestamp) {
        s->ordering->follows = false;
    }
    s->last_is_real = false;
    s->last_integer = timestamp;
}

static void see_real(siem_scan *s, double timestamp) {
    if (s->last_is_real ? s->last_real > timestamp
                        : integer_above_real(s->last_integer, timestamp)) {
        s->ordering->follows = false;
    }
    s->last_is_real = true;
    s->last_real = timestamp;
}

/* Pages of a damaged file can lead in a circle, so the scan ends at once. */
static void fail_scan(sqlite3_context *context, int64_t id, int64_t last_id) {
    char text[80];
    (void)snprintf(text, sizeof text, "event %" PRId64 " comes after event %" PRId64, id, last_id);
    sqlite3_result_error(context, text, -1);
    sqlite3_result_error_code(context, SQLITE_CORRUPT);
}

static void see_timestamp(siem_scan *s, sqlite3_value *timestamp) {
    switch (sqlite3_value_type(timestamp)) {
    case SQLITE_INTEGER: see_integer(s, sqlite3_value_int64(timestamp)); break;
    case SQLITE_FLOAT: see_real(s, sqlite3_value_double(timestamp)); break;
    default: /* null sorts before numbers, text after them */ s->ordering->follows = false; break;
    }
}

bool siem_bounds_add(siem_bounds *bounds, siem_bound bound) {
    if (bounds->count == bounds->room) {
        size_t room = bounds->room != 0 ? 2 * bounds->room : 64;
        siem_bound *list = realloc(bounds->list, room * sizeof *list);
        if (list == NULL) return false;
        bounds->list = list;
        bounds->room = room;
    }
    bounds->list[bounds->count++] = bound;
    return true;
}

static bool is_bound(const siem_bounds *bounds, int64_t count) {
    if (bounds->limit >= 0 && count >= bounds->limit) return count == bounds->limit;
    return count % bounds->every == 0;
}

siem_scan siem_scan_begin(siem_ordering *ordering, siem_bounds *bounds) {
    *ordering = (siem_ordering){.follows = true};
    return (siem_scan){
        .ordering = ordering, .bounds = bounds, .last_is_real = true, .last_real = -INFINITY};
}

bool siem_scan_see(siem_scan *scan, sqlite3_context *context, sqlite3_value *id,
                   sqlite3_value *timestamp) {
    siem_ordering *ordering = scan->ordering;
    siem_bounds *bounds = scan->bounds;
    int64_t this = sqlite3_value_int64(id);
    if (scan->has_begun && this <= ordering->last_id) {
        fail_scan(context, this, ordering->last_id);
        return false;
    }
    if (!scan->has_begun) ordering->first_id = this;
    scan->has_begun = true;
    ordering->last_id = this;
    if (scan->joins) {
        scan->joins = false;
        see_timestamp(scan, timestamp);
        ordering->follows = true;
        return true;
    }
    const siem_bound here = {.id = this, .events = ++ordering->count};
    if (bounds != NULL && is_bound(bounds, here.events) && !siem_bounds_add(bounds, here)) {
        sqlite3_result_error_nomem(context);
        return false;
    }
    if (!ordering->follows) return true;
    see_timestamp(scan, timestamp);
    if (!ordering->follows) ordering->first_break = this;
    return true;
}

static void see_row(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    (void)siem_scan_see(sqlite3_user_data(context), context, values[0], values[1]);
}

/* What the steps have seen is in the scan. */
static void finish_scan(sqlite3_context *context) {
    (void)context;
}

/* Infinity is smaller than all integers: none of 64 bits is the one before the first. */
void siem_ordering_bind_after(sqlite3_stmt *statement, const int64_t *after) {
    if (after != NULL) sqlite3_bind_int64(statement, 1, *after);
    else sqlite3_bind_double(statement, 1, -INFINITY);
}

siem_code siem_range_prepare(sqlite3_stmt **out, const siem_database *database,
                             const siem_range *range, const char *head, const char *tail,
                             siem_error *err) {
    char *sql = sqlite3_mprintf("%s FROM events NOT INDEXED WHERE id > ?1 AND id <= ?2 AND (%s) %s",
                                head, range->filter != NULL ? range->filter : "1", tail);
    if (sql == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_database_prepare(database, out, sql, err);
    sqlite3_free(sql);
    if (rc != SIEM_OK) return rc;
    siem_ordering_bind_after(*out, range->after);
    sqlite3_bind_int64(*out, 2, range->last != NULL ? *range->last : INT64_MAX);
    return SIEM_OK;
}

void siem_bounds_free(siem_bounds *bounds) {
    free(bounds->list);
    *bounds = (siem_bounds){0};
}

siem_code siem_scan_run(const siem_database *database, const siem_range *range, const char *columns,
                        int count, siem_step step, void *context, siem_error *err) {
    static const char name[] = "oversight_scan";
    sqlite3_stmt *statement = NULL;
    /* Without a limit, the rows are not handed on by a query within. */
    bool is_all = range->most == NULL;
    char *head = sqlite3_mprintf(
        is_all ? "SELECT oversight_scan(%s)" : "SELECT oversight_scan(%s) FROM (SELECT *", columns);
    if (head == NULL || sqlite3_create_function_v2(database->connection, name, count,
                                                   SQLITE_UTF8 | SQLITE_DIRECTONLY, context, NULL,
                                                   step, finish_scan, NULL) != SQLITE_OK) {
        sqlite3_free(head);
        return siem_error_no_memory(err);
    }
    siem_code rc = siem_range_prepare(&statement, database, range, head,
                                      is_all ? "" : "ORDER BY id LIMIT ?3)", err);
    if (rc == SIEM_OK) {
        if (!is_all) sqlite3_bind_int64(statement, 3, *range->most);
        rc = siem_database_step(database, statement, err);
    }
    sqlite3_finalize(statement);
    sqlite3_free(head);
    sqlite3_create_function_v2(database->connection, name, count, SQLITE_UTF8, NULL, NULL, NULL,
                               NULL, NULL);
    return rc;
}

siem_code siem_ordering_read(siem_ordering *out, siem_bounds *bounds, const siem_database *database,
                             const siem_range *range, siem_error *err) {
    siem_scan scan = siem_scan_begin(out, bounds);
    return siem_scan_run(database, range, "id, timestamp", 2, see_row, &scan, err);
}

siem_code siem_ordering_read_part(siem_ordering *out, siem_bounds *bounds,
                                  const siem_database *database, const siem_range *range,
                                  siem_error *err) {
    siem_scan scan = siem_scan_begin(out, bounds);
    scan.joins = true;
    return siem_scan_run(database, range, "id, timestamp", 2, see_row, &scan, err);
}
