/* access.h: what a reader makes in a registry's folder, and what it waits for. */
#ifndef SIEM_ACCESS_H
#define SIEM_ACCESS_H

#include <oversight/siem.h>
#include <sqlite3.h>

/* Opens a plain path (never a URI) for reading only. The connection deletes no file, and makes the
 * write-ahead log and its index (-wal, -shm) only where the registry can still write to them.
 * Returns a code of SQLite; the connection is the caller's also after a failure. */
int siem_access_open(sqlite3 **out, const char *path);

/* Why the log of a database in WAL mode cannot be read: SIEM_IDLE when no program has the database
 * open and this reader may not make the log's files alone, SIEM_IO for rights that are missing.
 * SIEM_OK: unknown. */
siem_code siem_access_explain(const char *path, siem_error *err);

/* Waits until a program opens the database, for at most this time. True when another attempt is
 * worthwhile. */
bool siem_access_await(const char *path, int milliseconds);

#endif
