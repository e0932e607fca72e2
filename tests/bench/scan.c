/* scan.c: the bare scan that exports are measured against: every column of every event, touched. */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

/* Reads one column as its type is, and adds something of it to the sum, so that no read is idle. */
static uint64_t touch(sqlite3_stmt *statement, int column) {
    const unsigned char *text;
    int size;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return (uint64_t)sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT: return (uint64_t)sqlite3_column_double(statement, column);
    case SQLITE_TEXT:
        text = sqlite3_column_text(statement, column);
        size = sqlite3_column_bytes(statement, column);
        return size > 0 ? text[size - 1] : 0U;
    default: return 0;
    }
}

int main(int count, char **arguments) {
    sqlite3 *connection;
    sqlite3_stmt *statement;
    uint64_t sum = 0;
    int rc;
    if (count != 2) {
        (void)fprintf(stderr, "usage: scan REGISTRY\n");
        return 2;
    }
    if (sqlite3_open_v2(arguments[1], &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(connection, "SELECT * FROM events ORDER BY id", -1, &statement, NULL) !=
            SQLITE_OK) {
        (void)fprintf(stderr, "scan: %s\n", sqlite3_errmsg(connection));
        return 1;
    }
    int columns = sqlite3_column_count(statement);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++) sum += touch(statement, i);
    }
    printf("%llu\n", (unsigned long long)sum);
    sqlite3_finalize(statement);
    sqlite3_close(connection);
    return rc == SQLITE_DONE ? 0 : 1;
}
