/* sorted_ids.c: SQLite sorts, and a temporary file keeps the result. */
#include "source/sorted_ids.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct siem_sorted_ids {
    FILE *spool;
    int64_t count;
};

static siem_code spool_failed(siem_error *err) {
    return siem_error_set(err, SIEM_IO, "cannot keep the sorted ids in a temporary file: %s",
                          strerror(errno));
}

static siem_code fill(siem_sorted_ids *ids, const siem_database *database, sqlite3_stmt *statement,
                      siem_error *err) {
    siem_code rc;
    while ((rc = siem_database_step(database, statement, err)) == SIEM_OK) {
        int64_t id = sqlite3_column_int64(statement, 0);
        if (fwrite(&id, sizeof id, 1, ids->spool) != 1) return spool_failed(err);
        ids->count++;
    }
    if (rc != SIEM_END) return rc;
    return fflush(ids->spool) == 0 ? SIEM_OK : spool_failed(err);
}

siem_code siem_sorted_ids_open(siem_sorted_ids **out, const siem_database *database,
                               const siem_range *range, int64_t limit, siem_error *err) {
    /* With a LIMIT of any value, SQLite inserts into a b-tree instead of merging sorted files. */
    const char *order = limit < 0 ? "ORDER BY timestamp COLLATE BINARY, id"
                                  : "ORDER BY timestamp COLLATE BINARY, id LIMIT ?3";
    sqlite3_stmt *statement = NULL;
    siem_code rc;
    *out = NULL;
    siem_sorted_ids *ids = calloc(1, sizeof *ids);
    if (ids == NULL) return siem_error_no_memory(err);
    rc = siem_range_prepare(&statement, database, range, "SELECT id", order, err);
    if (rc != SIEM_OK) goto out;
    if (limit >= 0) sqlite3_bind_int64(statement, 3, limit);
    ids->spool = tmpfile();
    rc = ids->spool == NULL ? spool_failed(err) : fill(ids, database, statement, err);
out:
    sqlite3_finalize(statement);
    if (rc == SIEM_OK) *out = ids;
    else siem_sorted_ids_close(ids);
    return rc;
}

int64_t siem_sorted_ids_count(const siem_sorted_ids *ids) {
    return ids->count;
}

siem_code siem_sorted_ids_read(const siem_sorted_ids *ids, int64_t start, int64_t *out,
                               size_t count, siem_error *err) {
    char *at = (char *)out, *end = (char *)(out + count);
    off_t offset = (off_t)start * (off_t)sizeof *out;
    while (at < end) {
        ssize_t size = pread(fileno(ids->spool), at, (size_t)(end - at), offset);
        if (size < 0 && errno == EINTR) continue;
        if (size == 0) errno = EIO; /* somebody cut it */
        if (size <= 0) return spool_failed(err);
        at += size;
        offset += size;
    }
    return SIEM_OK;
}

void siem_sorted_ids_close(siem_sorted_ids *ids) {
    if (ids == NULL) return;
    if (ids->spool != NULL) (void)fclose(ids->spool);
    free(ids);
}
