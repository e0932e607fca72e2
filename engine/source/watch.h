/* watch.h: whether something was committed to a database since it was read last. */
#ifndef SIEM_WATCH_H
#define SIEM_WATCH_H

#include "base/identity.h"
#include "source/database.h"

typedef struct siem_watch {
    const siem_database *database;
    sqlite3_stmt *version_query;
    int64_t version;           /* of the content, when it was marked */
    const siem_identity *file; /* that is open */
    int notifier;              /* of writes to the file and its log; -1: there is none */
    bool tried;                /* to have one */
    bool hears_log;
    int pause; /* milliseconds between checks without a notification */
} siem_watch;

/* A closed watch, which may be closed again. */
extern const siem_watch siem_watch_closed;

/* Watches a database, and whether its path names `file`. Both outlive the watch. Errors: SIEM_IO,
 * SIEM_LOCKED, SIEM_NO_MEMORY. */
siem_code siem_watch_open(siem_watch *watch, const siem_database *database,
                          const siem_identity *file, siem_error *err);

/* Later commits are news. Called before reading, outside of a transaction. Errors:
 * SIEM_IO, SIEM_LOCKED. */
siem_code siem_watch_mark(siem_watch *watch, siem_error *err);

/* Waits for news, for at most this time. Errors: SIEM_END when there is none, SIEM_HELD when the
 * path is another file, SIEM_NOT_FOUND when there is no file, SIEM_IO, SIEM_LOCKED. */
siem_code siem_watch_wait(siem_watch *watch, int milliseconds, siem_error *err);

void siem_watch_close(siem_watch *watch);

#endif
