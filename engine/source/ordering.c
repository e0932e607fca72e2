/* ordering.c: one aggregate over the table, and a spool of ids for tables that need sorting. */
#include "source/ordering.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the aggregate has seen. Zeroed by SQLite before the first row. */
typedef struct scan {
    siem_ordering ordering;
    bool broken;
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
        s->broken = true;
    }
    s->last_is_real = false;
    s->last_integer = timestamp;
}

static void see_real(scan *s, double timestamp) {
    if (s->last_is_real ? s->last_real > timestamp
                        : integer_above_real(s->last_integer, timestamp)) {
        s->broken = true;
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

static void see_row(sqlite3_context *context, int count, sqlite3_value **arguments) {
    (void)count;
    scan *s = sqlite3_aggregate_context(context, (int)sizeof *s);
    if (s == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    int64_t id = sqlite3_value_int64(arguments[0]);
    if (s->ordering.count > 0 && id <= s->ordering.last_id) {
        fail_scan(context, id, s->ordering.last_id);
        return;
    }
    if (s->ordering.count++ == 0) {
        s->ordering.first_id = id;
        s->last_is_real = true;
        s->last_real = -INFINITY;
    }
    s->ordering.last_id = id;
    if (s->broken) return;
    switch (sqlite3_value_type(arguments[1])) {
    case SQLITE_INTEGER: see_integer(s, sqlite3_value_int64(arguments[1])); break;
    case SQLITE_FLOAT: see_real(s, sqlite3_value_double(arguments[1])); break;
    default: s->broken = true; break; /* null sorts before numbers, text after them */
    }
    if (s->broken) s->ordering.first_break = id;
}

static void finish_scan(sqlite3_context *context) {
    siem_ordering *out = sqlite3_user_data(context);
    const scan *s = sqlite3_aggregate_context(context, 0);
    if (s != NULL) *out = s->ordering;
    out->follows = s == NULL || !s->broken;
}

/* NOT INDEXED keeps the scan in the order of the table, which is that of the ids. An index of a
 * damaged file can have others, and one with a collation that only the registry's program has
 * cannot be used. */
#define IN_RANGE                                                                                   \
    " FROM events NOT INDEXED WHERE id > ?1 AND id <= ?2 AND "                                     \
    "(?3 IS NULL OR timestamp COLLATE BINARY >= ?3)"

/* Infinity is smaller than all integers: none of 64 bits is the one before the first. */
void siem_ordering_bind_after(sqlite3_stmt *statement, const int64_t *after) {
    if (after != NULL) sqlite3_bind_int64(statement, 1, *after);
    else sqlite3_bind_double(statement, 1, -INFINITY);
}

static void bind_range(sqlite3_stmt *statement, const siem_range *range) {
    siem_ordering_bind_after(statement, range->after);
    sqlite3_bind_int64(statement, 2, range->last != NULL ? *range->last : INT64_MAX);
    if (range->since != NULL) sqlite3_bind_int64(statement, 3, *range->since);
}

siem_code siem_ordering_read(siem_ordering *out, const siem_database *database,
                             const siem_range *range, siem_error *err) {
    static const char name[] = "oversight_ordering";
    sqlite3_stmt *statement = NULL;
    *out = (siem_ordering){.follows = true};
    if (sqlite3_create_function_v2(database->connection, name, 2, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                   out, NULL, see_row, finish_scan, NULL) != SQLITE_OK) {
        return siem_error_no_memory(err);
    }
    siem_code rc = siem_database_prepare(database, &statement,
                                         "SELECT oversight_ordering(id, timestamp)" IN_RANGE, err);
    if (rc == SIEM_OK) {
        bind_range(statement, range);
        rc = siem_database_step(database, statement, err);
    }
    sqlite3_finalize(statement);
    sqlite3_create_function_v2(database->connection, name, 2, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                               NULL);
    return rc;
}

struct siem_sorted_ids {
    FILE *spool;
};

static siem_code spool_failed(siem_error *err) {
    return siem_error_set(err, SIEM_IO, "cannot keep the sorted ids in a temporary file: %s",
                          strerror(errno));
}

static siem_code fill(FILE *spool, const siem_database *database, sqlite3_stmt *statement,
                      siem_error *err) {
    siem_code rc;
    while ((rc = siem_database_step(database, statement, err)) == SIEM_OK) {
        int64_t id = sqlite3_column_int64(statement, 0);
        if (fwrite(&id, sizeof id, 1, spool) != 1) return spool_failed(err);
    }
    if (rc != SIEM_END) return rc;
    return fflush(spool) == 0 && fseek(spool, 0, SEEK_SET) == 0 ? SIEM_OK : spool_failed(err);
}

siem_code siem_sorted_ids_open(siem_sorted_ids **out, const siem_database *database,
                               const siem_range *range, int64_t limit, siem_error *err) {
    static const char sql[] =
        "SELECT id" IN_RANGE " ORDER BY timestamp COLLATE BINARY, id LIMIT ?4";
    sqlite3_stmt *statement = NULL;
    siem_code rc;
    *out = NULL;
    siem_sorted_ids *ids = calloc(1, sizeof *ids);
    if (ids == NULL) return siem_error_no_memory(err);
    if ((rc = siem_database_prepare(database, &statement, sql, err)) != SIEM_OK) goto out;
    bind_range(statement, range);
    sqlite3_bind_int64(statement, 4, limit);
    ids->spool = tmpfile();
    rc = ids->spool == NULL ? spool_failed(err) : fill(ids->spool, database, statement, err);
out:
    sqlite3_finalize(statement);
    if (rc == SIEM_OK) *out = ids;
    else siem_sorted_ids_close(ids);
    return rc;
}

siem_code siem_sorted_ids_next(siem_sorted_ids *ids, int64_t *id, siem_error *err) {
    if (fread(id, sizeof *id, 1, ids->spool) == 1) return SIEM_OK;
    return ferror(ids->spool) ? spool_failed(err) : SIEM_END;
}

void siem_sorted_ids_close(siem_sorted_ids *ids) {
    if (ids == NULL) return;
    if (ids->spool != NULL) (void)fclose(ids->spool);
    free(ids);
}
