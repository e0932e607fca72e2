/* runs.c: a virtual table of SQLite's, without indexes and without hidden state. */
#include "source/runs.h"

#include "base/error.h"

#include <stdlib.h>

typedef struct table {
    sqlite3_vtab base;
    siem_runs *runs;
} table;

static siem_runs *runs_of(const sqlite3_vtab_cursor *cursor) {
    return ((const table *)cursor->pVtab)->runs;
}

static int connect(sqlite3 *connection, void *runs, int count, const char *const *arguments,
                   sqlite3_vtab **out, char **message) {
    (void)count, (void)arguments, (void)message;
    table *t = sqlite3_malloc(sizeof *t);
    if (t == NULL) return SQLITE_NOMEM;
    *t = (table){.runs = runs};
    *out = &t->base;
    return sqlite3_declare_vtab(connection, "CREATE TABLE runs (first, last)");
}

static int disconnect(sqlite3_vtab *t) {
    sqlite3_free(t);
    return SQLITE_OK;
}

/* Rows come in their order alone. */
static int plan(sqlite3_vtab *t, sqlite3_index_info *info) {
    (void)t;
    info->estimatedCost = 1000;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *t, sqlite3_vtab_cursor **out) {
    (void)t;
    *out = sqlite3_malloc(sizeof **out);
    return *out != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static int close_cursor(sqlite3_vtab_cursor *cursor) {
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static void find_end(siem_runs *runs) {
    const int64_t *ids = runs->ids;
    size_t end = runs->first + 1;
    while (!runs->alone && end < runs->count && ids[end - 1] < INT64_MAX &&
           ids[end] == ids[end - 1] + 1) {
        end++;
    }
    runs->end = end;
}

static int begin(sqlite3_vtab_cursor *cursor, int number, const char *name, int count,
                 sqlite3_value **values) {
    (void)number, (void)name, (void)count, (void)values;
    find_end(runs_of(cursor));
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *cursor) {
    siem_runs *runs = runs_of(cursor);
    runs->first = runs->end;
    find_end(runs);
    return SQLITE_OK;
}

static int has_ended(sqlite3_vtab_cursor *cursor) {
    const siem_runs *runs = runs_of(cursor);
    return runs->first >= runs->count;
}

static int get_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
    const siem_runs *runs = runs_of(cursor);
    sqlite3_result_int64(context, runs->ids[column == 0 ? runs->first : runs->end - 1]);
    return SQLITE_OK;
}

static int get_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
    *rowid = (sqlite3_int64)runs_of(cursor)->first;
    return SQLITE_OK;
}

static const sqlite3_module module = {.xConnect = connect,
                                      .xDisconnect = disconnect,
                                      .xBestIndex = plan,
                                      .xOpen = open_cursor,
                                      .xClose = close_cursor,
                                      .xFilter = begin,
                                      .xNext = next,
                                      .xEof = has_ended,
                                      .xColumn = get_column,
                                      .xRowid = get_rowid};

siem_code siem_runs_open(siem_runs *runs, const siem_database *database, siem_error *err) {
    int rc = sqlite3_create_module(database->connection, "oversight_runs", &module, runs);
    return rc == SQLITE_OK ? SIEM_OK : siem_database_fault(database, rc, err);
}
