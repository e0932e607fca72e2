/* sqlite_file.h: files that are a database of SQLite or belong to one: nobody else writes them. */
#ifndef SIEM_SQLITE_FILE_H
#define SIEM_SQLITE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

/* True for a database, its write-ahead log, the index of that, and its rollback journal: by what
 * they hold, or by a name beside a database. False for what cannot be read. */
bool siem_sqlite_file_is_at(const char *path);

/* True when `status` is of the database at `path` or of a file of its own, under any name. */
bool siem_sqlite_file_is_of(const char *path, const struct stat *status);

#endif
