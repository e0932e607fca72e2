/* ordering.c: one aggregate over the table. */
#include "source/ordering.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What the aggregate has seen. */
typedef struct scan {
    siem_ordering *ordering;
    siem_bounds *bounds; /* or NULL */
    bool last_is_real;
    int64_t last_integer;
    double last_real;
} scan;

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

static void see_integer(scan *s, int64_t timestamp) {
    if (s->last_is_real ? real_above_integer(s->last_real, timestamp)
                        : s->last_integer > timestamp) {
        s->ordering->follows = false;
    }
    s->last_is_real = false;
    s->last_integer = timestamp;
}

static void see_real(scan *s, double timestamp) {
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

static void see_timestamp(scan *s, sqlite3_value *timestamp) {
    switch (sqlite3_value_type(timestamp)) {
    case SQLITE_INTEGER: see_integer(s, sqlite3_value_int64(timestamp)); break;
    case SQLITE_FLOAT: see_real(s, sqlite3_value_double(timestamp)); break;
    default: /* null sorts before numbers, text after them */ s->ordering->follows = false; break;
    }
}

static bool add_bound(siem_bounds *bounds, int64_t id) {
    if (bounds->count == bounds->room) {
        size_t room = bounds->room != 0 ? 2 * bounds->room : 64;
        int64_t *ids = realloc(bounds->ids, room * sizeof *ids);
        if (ids == NULL) return false;
        bounds->ids = ids;
        bounds->room = room;
    }
    bounds->ids[bounds->count++] = id;
    return true;
}

static bool is_bound(const siem_bounds *bounds, int64_t count) {
    if (bounds->limit >= 0 && count >= bounds->limit) return count == bounds->limit;
    return count % bounds->every == 0;
}

static void see_row(sqlite3_context *context, int count, sqlite3_value **arguments) {
    (void)count;
    scan *s = sqlite3_user_data(context);
    siem_ordering *ordering = s->ordering;
    int64_t id = sqlite3_value_int64(arguments[0]);
    if (ordering->count > 0 && id <= ordering->last_id) {
        fail_scan(context, id, ordering->last_id);
        return;
    }
    if (ordering->count++ == 0) ordering->first_id = id;
    ordering->last_id = id;
    if (s->bounds != NULL && is_bound(s->bounds, ordering->count) && !add_bound(s->bounds, id)) {
        sqlite3_result_error_nomem(context);
        return;
    }
    if (!ordering->follows) return;
    see_timestamp(s, arguments[1]);
    if (!ordering->follows) ordering->first_break = id;
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

void siem_range_bind(const siem_range *range, sqlite3_stmt *statement) {
    siem_ordering_bind_after(statement, range->after);
    sqlite3_bind_int64(statement, 2, range->last != NULL ? *range->last : INT64_MAX);
    if (range->since != NULL) sqlite3_bind_int64(statement, 3, *range->since);
}

void siem_bounds_free(siem_bounds *bounds) {
    free(bounds->ids);
    *bounds = (siem_bounds){0};
}

siem_code siem_ordering_read(siem_ordering *out, siem_bounds *bounds, const siem_database *database,
                             const siem_range *range, siem_error *err) {
    static const char name[] = "oversight_ordering";
    sqlite3_stmt *statement = NULL;
    scan s = {.ordering = out, .bounds = bounds, .last_is_real = true, .last_real = -INFINITY};
    *out = (siem_ordering){.follows = true};
    if (sqlite3_create_function_v2(database->connection, name, 2, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                   &s, NULL, see_row, finish_scan, NULL) != SQLITE_OK) {
        return siem_error_no_memory(err);
    }
    /* Without a limit, the rows are not handed on by a query within. */
    const char *sql =
        range->most == NULL
            ? "SELECT oversight_ordering(id, timestamp)" SIEM_IN_RANGE
            : "SELECT oversight_ordering(id, timestamp) FROM (SELECT id, timestamp" SIEM_IN_RANGE
              " ORDER BY id LIMIT ?4)";
    siem_code rc = siem_database_prepare(database, &statement, sql, err);
    if (rc == SIEM_OK) {
        siem_range_bind(range, statement);
        if (range->most != NULL) sqlite3_bind_int64(statement, 4, *range->most);
        rc = siem_database_step(database, statement, err);
    }
    sqlite3_finalize(statement);
    sqlite3_create_function_v2(database->connection, name, 2, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                               NULL);
    return rc;
}
