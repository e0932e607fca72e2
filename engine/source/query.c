/* query.c: a read-only SQL query on a registry, for scripts and for inspection. */
#include "base/error.h"
#include "base/misuse.h"
#include "source/registry.h"

#include <stdlib.h>
#include <string.h>

struct siem_query {
    siem_registry *registry; /* NULL, as the statement: it was closed */
    const siem_database *database;
    sqlite3_stmt *statement;
    siem_query *next; /* of that registry */
};

/* True when only white space, comments and semicolons follow. */
static bool is_rest_empty(sqlite3 *connection, const char *rest) {
    sqlite3_stmt *second = NULL;
    int rc = sqlite3_prepare_v2(connection, rest, -1, &second, NULL);
    bool empty = rc == SQLITE_OK && second == NULL;
    sqlite3_finalize(second);
    return empty;
}

static siem_code check_query(const siem_query *query, int rc, const char *rest, siem_error *err) {
    sqlite3 *connection = query->database->connection;
    if ((rc & 0xff) == SQLITE_ERROR) {
        return siem_error_set(err, SIEM_INVALID, "the query is wrong: %s",
                              sqlite3_errmsg(connection));
    }
    if (rc != SQLITE_OK) return siem_database_fault(query->database, rc, err);
    if (query->statement == NULL) return siem_error_set(err, SIEM_INVALID, "the query is empty");
    if (!sqlite3_stmt_readonly(query->statement) || sqlite3_column_count(query->statement) == 0) {
        return siem_error_set(err, SIEM_INVALID, "the query must be a SELECT");
    }
    if (!is_rest_empty(connection, rest)) {
        return siem_error_set(err, SIEM_INVALID, "the query holds more than one statement");
    }
    return SIEM_OK;
}

siem_code siem_query_open(siem_query **out, siem_registry *registry, const char *sql,
                          siem_error *err) {
    const char *rest = "";
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (registry == NULL) return siem_misuse_null(__func__, "registry", err);
    if (sql == NULL) return siem_misuse_null(__func__, "sql", err);
    siem_code code = siem_database_check_free(siem_registry_database(registry), __func__, err);
    if (code != SIEM_OK) return code;
    siem_query *query = calloc(1, sizeof *query);
    if (query == NULL) return siem_error_no_memory(err);
    siem_query **queries = siem_registry_queries(registry);
    query->registry = registry;
    query->next = *queries;
    *queries = query;
    query->database = siem_registry_database(registry);
    int rc = sqlite3_prepare_v2(query->database->connection, sql, -1, &query->statement, &rest);
    code = check_query(query, rc, rest, err);
    if (code == SIEM_OK) *out = query;
    else siem_query_close(query);
    return code;
}

size_t siem_query_parameters(const siem_query *query) {
    return query != NULL ? (size_t)sqlite3_bind_parameter_count(query->statement) : 0;
}

siem_code siem_query_set(siem_query *query, int index, siem_value value, siem_error *err) {
    int rc = SQLITE_OK;
    if (query == NULL) return siem_misuse_null(__func__, "query", err);
    siem_code code = siem_misuse_value(&value, err);
    if (code != SIEM_OK) {
        siem_error_prefix(err, "%s", __func__);
        return code;
    }
    switch (value.type) {
    case SIEM_NULL: rc = sqlite3_bind_null(query->statement, index); break;
    case SIEM_INTEGER: rc = sqlite3_bind_int64(query->statement, index, value.integer); break;
    case SIEM_REAL: rc = sqlite3_bind_double(query->statement, index, value.real); break;
    case SIEM_TEXT:
    case SIEM_JSON:
        rc = sqlite3_bind_text64(query->statement, index, value.bytes != NULL ? value.bytes : "",
                                 value.size, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    }
    if (rc == SQLITE_NOMEM) return siem_error_no_memory(err);
    if (rc != SQLITE_OK) {
        return siem_error_set(err, SIEM_INVALID, "cannot set parameter %d of the query: %s", index,
                              sqlite3_errstr(rc));
    }
    return SIEM_OK;
}

/* Whether all values of the row can be read. What is converted stays so. */
static bool can_convert(const siem_query *query) {
    siem_value value;
    bool blob, can = true;
    int size = sqlite3_data_count(query->statement);
    for (int i = 0; can && i < size; i++) {
        can = siem_database_column(query->statement, i, &value, &blob);
    }
    return can;
}

siem_code siem_query_next(siem_query *query, siem_error *err) {
    if (query == NULL) return siem_misuse_null(__func__, "query", err);
    if (query->registry == NULL) {
        return siem_error_set(err, SIEM_INVALID,
                              "%s: the registry of this query was closed: open both again",
                              __func__);
    }
    siem_code rc = siem_database_check_free(query->database, __func__, err);
    if (rc != SIEM_OK) return rc;
    rc = siem_database_step(query->database, query->statement, err);
    if (rc == SIEM_OK && !can_convert(query)) rc = siem_error_no_memory(err);
    if (rc != SIEM_OK) sqlite3_reset(query->statement);
    return rc;
}

void siem_query_reset(siem_query *query) {
    if (query != NULL) sqlite3_reset(query->statement);
}

size_t siem_query_size(const siem_query *query) {
    return query != NULL ? (size_t)sqlite3_column_count(query->statement) : 0;
}

const char *siem_query_name(const siem_query *query, size_t column) {
    if (column >= siem_query_size(query)) return NULL;
    return sqlite3_column_name(query->statement, (int)column);
}

siem_value siem_query_at(const siem_query *query, size_t column) {
    bool blob = false;
    siem_value value = {0};
    if (query != NULL && column < (size_t)sqlite3_data_count(query->statement)) {
        siem_database_column(query->statement, (int)column, &value, &blob);
    }
    return value;
}

void siem_query_lose_registry(siem_query *queries) {
    for (siem_query *q = queries; q != NULL; q = q->next) {
        sqlite3_finalize(q->statement);
        q->registry = NULL;
        q->statement = NULL;
    }
}

void siem_query_close(siem_query *query) {
    if (query == NULL) return;
    siem_query **at = query->registry != NULL ? siem_registry_queries(query->registry) : NULL;
    while (at != NULL && *at != query) at = &(*at)->next;
    if (at != NULL) *at = query->next;
    sqlite3_finalize(query->statement);
    free(query);
}
