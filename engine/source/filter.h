/* filter.h: which events of a registry are read, as a condition of SQL. */
#ifndef SIEM_FILTER_H
#define SIEM_FILTER_H

#include <oversight/siem.h>

/* Composes the condition of `since` and `kinds` and, unless the registry is followed, of `until`.
 * `*out` is NULL when all events are read; free it by sqlite3_free. Errors: SIEM_INVALID for a list
 * of kinds without any, SIEM_NO_MEMORY. */
siem_code siem_filter_compose(char **out, const siem_registry_options *options, siem_error *err);

#endif
