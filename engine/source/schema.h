/* schema.h: the columns of the table `events` of a registry. */
#ifndef SIEM_SCHEMA_H
#define SIEM_SCHEMA_H

#include "source/database.h"
#include "source/event.h"

/* All zero is none. */
typedef struct siem_schema {
    char **columns; /* those that can be read, ended by NULL */
    size_t column_count;
    size_t id_column; /* the place of `id` among them */
    char *selection;  /* the same in SQL, for SELECT, */
    char *own;        /* and with NULL for each column of the site */
    siem_layout *layout;
    siem_unreadable *unreadable; /* the others, ended by one without a name; NULL: there are none */
} siem_schema;

/* Checks that the database is a registry, for a reader that follows as well when `follow`, and
 * fills `schema`, which is empty. On failure it may hold some columns: free it. A column of
 * the site that cannot be read is set aside; of a column of Oversight's own that is a failure.
 * `suspect` is NULL or the id of an event for which a computed column may fail: columns that do are
 * set aside as well.
 * Errors: SIEM_SCHEMA, SIEM_IO, SIEM_LOCKED, SIEM_NO_MEMORY. */
siem_code siem_schema_read(siem_schema *schema, const siem_database *database, bool follow,
                           const int64_t *suspect, siem_error *err);

/* Whether a statement that failed may have failed for a column that can be set aside: it depends
 * on SQLite's last error. */
bool siem_schema_may_be_cause(const siem_database *database);

void siem_schema_free(siem_schema *schema);

#endif
