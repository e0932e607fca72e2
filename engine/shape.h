/* shape.h: what the table `events` of a registry looks like. */
#ifndef SIEM_SHAPE_H
#define SIEM_SHAPE_H

#include "database.h"
#include "event.h"

/* All zero is none. */
typedef struct siem_shape {
    char **columns; /* ended by NULL */
    size_t column_count;
    siem_layout *layout;
} siem_shape;

/* Checks that the database is a registry, for a reader that follows as well when `follow`, and
 * reads the columns of a shape that is none. On failure there may be some: free it. Errors:
 * SIEM_SCHEMA, SIEM_IO, SIEM_LOCKED, SIEM_NO_MEMORY. */
siem_code siem_shape_read(siem_shape *shape, const siem_database *database, bool follow,
                          siem_error *err);

void siem_shape_free(siem_shape *shape);

#endif
