/* sqlite_file.h: recognizes databases of SQLite and their files, which nothing else may write. */
#ifndef SIEM_SQLITE_FILE_H
#define SIEM_SQLITE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

/* True for a database, its write-ahead log, the index of that, and its rollback journal: by
 * content, or by a name beside a database. False for a file that cannot be read. */
bool siem_sqlite_file_is_at(const char *path);

/* True when `status` is of the database at `path` or of a file of its own, under any name. */
bool siem_sqlite_file_is_of(const char *path, const struct stat *status);

#endif
