/* reader.c: rows of a range of ids, in transactions that never hold up the registry's writer. */
#include "source/reader.h"

#include "base/error.h"
#include "source/ordering.h"
#include "source/runs.h"
#include "source/sorted_ids.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

/* The table as it is read. All zero is none. */
typedef struct view {
    siem_schema schema;
    sqlite3_stmt *range;  /* over a range of ids, */
    sqlite3_stmt *sorted; /* and over sorted ids; NULL: not needed yet */
    siem_value *row;      /* a value a column */
    siem_event event;
} view;

struct siem_reader {
    const siem_origin *origin;
    const siem_database *database; /* the registry's, or its own */
    siem_database own;
    siem_inquiry inquiry; /* of its own */
    bool holding;         /* a read transaction */
    /* ---- the table ---- */
    view table;
    bool is_stale;          /* it is looked at again before the next row */
    int64_t schema_version; /* SQLite's number of what the schema was read from */
    unsigned schema_number; /* how many were read so far */
    siem_suspect suspect;
    /* ---- the slice ---- */
    siem_slice slice;
    bool ended;
    bool stepping;      /* the slice's statement has begun */
    siem_cursor cursor; /* the row that was read last */
    /* ---- of sorted ids ---- */
    int64_t ids[SIEM_SLICE_EVENTS];
    size_t at; /* the place of the next one */
    siem_runs runs;
};

static sqlite3_stmt *statement_of(const siem_reader *reader) {
    return reader->slice.sorted != NULL ? reader->table.sorted : reader->table.range;
}

/* ---- the table ---- */

static void close_view(view *table) {
    sqlite3_finalize(table->range);
    sqlite3_finalize(table->sorted);
    siem_event_release(&table->event);
    free(table->row);
    siem_schema_free(&table->schema);
    *table = (view){.row = NULL};
}

/* Prepares a SELECT of columns as the schema lists them, from tables and rows as `rows` says: those
 * that the filter selects, where one is given. */
static siem_code prepare(const siem_reader *reader, sqlite3_stmt **out, const char *columns,
                         const char *rows, const char *filter, const char *order, siem_error *err) {
    char *sql = sqlite3_mprintf("SELECT %s FROM %s AND (%s)%s", columns, rows,
                                filter != NULL ? filter : "1", order);
    if (sql == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_database_prepare(reader->database, out, sql, err);
    sqlite3_free(sql);
    return rc;
}

static siem_code open_view(view *table, const siem_reader *reader, siem_error *err) {
    const siem_origin *origin = reader->origin;
    siem_code rc = siem_schema_read(&table->schema, reader->database, origin->follow,
                                    reader->suspect.is_set ? &reader->suspect.id : NULL, err);
    if (rc != SIEM_OK) return rc;
    table->row = calloc(table->schema.column_count, sizeof *table->row);
    if (table->row == NULL) return siem_error_no_memory(err);
    rc = siem_event_prepare(&table->event, table->schema.layout, err);
    if (rc != SIEM_OK) return rc;
    siem_event_set_registry_id(&table->event, origin->registry_id);
    table->event.unreadable = table->schema.unreadable;
    table->event.has_all_columns = true;
    const char *rows = origin->filter != NULL ? "events NOT INDEXED WHERE id > ?1 AND id <= ?2"
                                              : "events WHERE id > ?1 AND id <= ?2";
    return prepare(reader, &table->range, table->schema.selection, rows, origin->filter,
                   " ORDER BY id", err);
}

/* Reads what the table looks like. After a failure, the columns are those of before. */
static siem_code look(siem_reader *reader, siem_error *err) {
    view table = {.row = NULL};
    siem_code rc = open_view(&table, reader, err);
    if (rc != SIEM_OK) {
        close_view(&table);
        return rc;
    }
    close_view(&reader->table);
    reader->table = table;
    reader->schema_number++;
    reader->is_stale = reader->stepping = false;
    return SIEM_OK;
}

siem_code siem_reader_hold(siem_reader *reader, siem_error *err) {
    int64_t version;
    siem_code rc = SIEM_OK;
    if (reader->holding && !reader->is_stale) return SIEM_OK;
    if (!reader->holding) {
        rc = siem_database_run(reader->database, "BEGIN", err);
        reader->holding = rc == SIEM_OK;
    }
    if (rc == SIEM_OK) {
        rc = siem_database_read_number(reader->database, "PRAGMA schema_version", &version, err);
    }
    if (rc != SIEM_OK || (!reader->is_stale && version == reader->schema_version)) return rc;
    reader->is_stale = true;
    reader->schema_version = version;
    return look(reader, err);
}

void siem_reader_release(siem_reader *reader) {
    if (reader == NULL || !reader->holding) return;
    sqlite3_reset(statement_of(reader));
    /* Some failures have ended it. */
    if (sqlite3_get_autocommit(reader->database->connection) == 0) {
        (void)siem_database_run(reader->database, "COMMIT", NULL);
    }
    reader->holding = reader->stepping = false;
}

/* ---- life ---- */

/* A connection that only reads slices goes through the table page by page. A cache of SQLite's
 * default size (2 MB) is of no use then: one that fits the processor's cache is faster.
 */
static siem_code connect(siem_reader *reader, siem_error *err) {
    const siem_origin *origin = reader->origin;
    siem_code rc = siem_database_open(&reader->own, origin->path, origin->busy_timeout_ms,
                                      &reader->inquiry, err);
    if (rc == SIEM_OK) rc = siem_database_check_file(&reader->own, &origin->file, err);
    if (rc != SIEM_OK) return rc;
    return siem_database_run(&reader->own, "PRAGMA cache_size = -400", err);
}

siem_code siem_reader_open_on(siem_reader **out, const siem_origin *origin,
                              const siem_database *database, siem_error *err) {
    *out = NULL;
    siem_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return siem_error_no_memory(err);
    reader->origin = origin;
    reader->ended = reader->is_stale = true;
    reader->database = database != NULL ? database : &reader->own;
    siem_code rc = database == NULL ? connect(reader, err) : SIEM_OK;
    if (rc == SIEM_OK) rc = siem_reader_hold(reader, err);
    siem_reader_release(reader);
    if (rc == SIEM_OK) *out = reader;
    else siem_reader_close(reader);
    return rc;
}

siem_code siem_reader_open(siem_reader **out, const siem_origin *origin, siem_error *err) {
    return siem_reader_open_on(out, origin, NULL, err);
}

void siem_reader_set_go_on(siem_reader *reader, siem_registry_go_on go_on, void *context) {
    reader->inquiry = (siem_inquiry){.go_on = go_on, .context = context};
}

const siem_schema *siem_reader_schema(const siem_reader *reader) {
    return &reader->table.schema;
}

unsigned siem_reader_schema_number(const siem_reader *reader) {
    return reader->schema_number;
}

siem_suspect siem_reader_suspect(const siem_reader *reader) {
    return reader->suspect;
}

void siem_reader_disconnect(siem_reader *reader) {
    if (reader == NULL) return;
    siem_reader_release(reader);
    sqlite3_finalize(reader->table.range);
    sqlite3_finalize(reader->table.sorted);
    reader->table.range = reader->table.sorted = NULL;
    reader->is_stale = true;
}

void siem_reader_close(siem_reader *reader) {
    if (reader == NULL) return;
    siem_reader_release(reader);
    close_view(&reader->table);
    if (reader->database == &reader->own) siem_database_close(&reader->own);
    free(reader);
}

/* ---- a row ---- */

/* Makes the statement's row the event. */
static siem_code load(siem_reader *reader, sqlite3_stmt *statement, siem_error *err) {
    bool blob = false;
    size_t size = 0;
    for (size_t i = 0; i < reader->table.schema.column_count; i++) {
        siem_value *value = &reader->table.row[i];
        /* Columns that are not selected take no memory; the id is always selected. */
        if (size > (size_t)SIEM_MOST_ROW && i != reader->table.schema.id_column) {
            *value = (siem_value){.type = SIEM_NULL};
            continue;
        }
        if (!siem_database_column(statement, (int)i, value, &blob)) {
            return siem_error_no_memory(err);
        }
        if (value->type == SIEM_TEXT) size += value->size;
    }
    siem_event_load(&reader->table.event, reader->table.schema.layout, reader->table.row, blob);
    if (reader->origin->follow)
        reader->table.event.fingerprint = siem_event_fingerprint(&reader->table.event);
    if (size <= (size_t)SIEM_MOST_ROW) return SIEM_OK;
    return siem_error_set(err, SIEM_SCHEMA,
                          "event %" PRId64 " of '%s' is too large: the values of its row have more "
                          "than %ld MiB. Shorten them, or delete the row",
                          reader->table.event.row_id, reader->origin->path, SIEM_MOST_ROW >> 20);
}

siem_code siem_reader_find(siem_reader *reader, int64_t id, uint64_t *fingerprint,
                           siem_error *err) {
    sqlite3_stmt *statement = NULL;
    siem_code rc = siem_reader_hold(reader, err);
    if (rc == SIEM_OK) {
        rc = prepare(reader, &statement, reader->table.schema.own, "events WHERE id = ?1", NULL, "",
                     err);
    }
    if (rc != SIEM_OK) return rc;
    sqlite3_bind_int64(statement, 1, id);
    rc = siem_database_step(reader->database, statement, err);
    if (rc == SIEM_OK) rc = load(reader, statement, err);
    if (rc == SIEM_OK) *fingerprint = siem_event_fingerprint(&reader->table.event);
    sqlite3_finalize(statement);
    return rc;
}

/* ---- a slice ---- */

void siem_reader_begin(siem_reader *reader, const siem_slice *slice) {
    const siem_suspect *known = &reader->suspect, *given = &slice->suspect;
    if (known->is_set != given->is_set || known->id != given->id) {
        reader->is_stale = true;
        reader->suspect = *given;
    }
    if (reader->stepping) sqlite3_reset(statement_of(reader));
    reader->slice = *slice;
    reader->cursor = slice->after;
    reader->at = 0;
    reader->runs = (siem_runs){.ids = reader->ids};
    reader->stepping = reader->ended = false;
}

void siem_reader_end(siem_reader *reader) {
    siem_reader_release(reader);
    reader->ended = true;
}

static void begin_range(siem_reader *reader) {
    const siem_cursor *after = &reader->cursor;
    sqlite3_reset(reader->table.range);
    siem_ordering_bind_after(reader->table.range, after->is_set ? &after->id : NULL);
    sqlite3_bind_int64(reader->table.range, 2, reader->slice.last);
    reader->stepping = true;
}

static int64_t id_of_row(const siem_reader *reader) {
    return sqlite3_column_int64(statement_of(reader), (int)reader->table.schema.id_column);
}

/* Pages of a damaged file can lead back. */
static siem_code step_range(siem_reader *reader, siem_error *err) {
    const siem_cursor *cursor = &reader->cursor;
    if (!reader->stepping) begin_range(reader);
    siem_code rc = siem_database_step(reader->database, reader->table.range, err);
    if (rc != SIEM_OK) return rc;
    int64_t id = id_of_row(reader);
    if (!cursor->is_set || id > cursor->id) return SIEM_OK;
    return siem_database_damaged(reader->database, err,
                                 "event %" PRId64 " comes after event %" PRId64, id, cursor->id);
}

static siem_code read_ids(siem_reader *reader, siem_error *err) {
    const siem_slice *slice = &reader->slice;
    if (reader->runs.count > 0) return SIEM_OK;
    siem_code rc =
        siem_sorted_ids_read(slice->sorted, slice->start, reader->ids, (size_t)slice->count, err);
    if (rc == SIEM_OK) reader->runs.count = (size_t)slice->count;
    return rc;
}

/* Begins with the next id. */
static siem_code begin_sorted(siem_reader *reader, siem_error *err) {
    view *table = &reader->table;
    siem_code rc = SIEM_OK;
    if (table->sorted == NULL) {
        rc = siem_runs_open(&reader->runs, reader->database, err);
        if (rc == SIEM_OK) {
            rc = prepare(reader, &table->sorted, table->schema.selection, SIEM_FROM_RUNS,
                         reader->origin->filter, "", err);
        }
    }
    if (rc != SIEM_OK) return rc;
    sqlite3_reset(reader->table.sorted);
    reader->runs.first = reader->at;
    reader->stepping = true;
    return SIEM_OK;
}

/* Events that were deleted since the ids were sorted are skipped. */
static siem_code step_sorted(siem_reader *reader, siem_error *err) {
    siem_code rc = read_ids(reader, err);
    if (rc == SIEM_OK && !reader->stepping) rc = begin_sorted(reader, err);
    if (rc == SIEM_OK) rc = siem_database_step(reader->database, reader->table.sorted, err);
    if (rc != SIEM_OK) return rc;
    int64_t id = id_of_row(reader);
    while (reader->at < reader->runs.end && reader->ids[reader->at] != id) reader->at++;
    if (reader->at < reader->runs.end) return SIEM_OK;
    return siem_database_damaged(reader->database, err,
                                 "event %" PRId64 " comes in place of event %" PRId64, id,
                                 reader->ids[reader->runs.first]);
}

/* The event that the statement failed at: the sorted one, or the one after the cursor. */
static bool find_failed(const siem_reader *reader, int64_t *id) {
    sqlite3_stmt *statement = NULL;
    const siem_cursor *after = &reader->cursor;
    if (reader->slice.sorted != NULL) {
        *id = reader->ids[reader->runs.first];
        return true;
    }
    const siem_range rest = {.filter = reader->origin->filter,
                             .after = after->is_set ? &after->id : NULL};
    if (siem_range_prepare(&statement, reader->database, &rest, "SELECT id", "ORDER BY id LIMIT 1",
                           NULL) != SIEM_OK) {
        return false;
    }
    bool found = siem_database_step(reader->database, statement, NULL) == SIEM_OK;
    *id = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return found;
}

/* After a step that failed with `rc`: a computed column of the site can fail for one row alone, as
 * json_extract does for what is not JSON. True when it is worth another step: columns are looked at
 * again with that row, or the rows of a run one by one. */
static bool find_suspect(siem_reader *reader, siem_code rc) {
    siem_suspect *suspect = &reader->suspect;
    int64_t id;
    if (rc != SIEM_IO || !siem_schema_may_be_cause(reader->database)) return false;
    if (reader->slice.sorted != NULL && !reader->runs.alone) {
        reader->runs.alone = true;
        reader->stepping = false;
        return true;
    }
    if (!find_failed(reader, &id) || (suspect->is_set && suspect->id == id)) return false;
    *suspect = (siem_suspect){.is_set = true, .id = id};
    reader->is_stale = true;
    return true;
}

siem_code siem_reader_next(siem_reader *reader, siem_event **event, siem_error *err) {
    siem_code rc;
    *event = NULL;
    if (reader->ended) return SIEM_END;
    do {
        rc = siem_reader_hold(reader, err);
        if (rc != SIEM_OK) break;
        rc = reader->slice.sorted != NULL ? step_sorted(reader, err) : step_range(reader, err);
    } while (find_suspect(reader, rc));
    if (rc == SIEM_OK) rc = load(reader, statement_of(reader), err);
    if (rc != SIEM_OK) {
        reader->ended = rc == SIEM_END;
        siem_reader_release(reader);
        return rc;
    }
    reader->cursor = (siem_cursor){.is_set = true, .id = reader->table.event.row_id};
    if (reader->slice.sorted != NULL) reader->at++;
    *event = &reader->table.event;
    return SIEM_OK;
}
