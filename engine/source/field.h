/* field.h: what an event has: 14 fields, what a transparency log says of it, and a site's columns.
 */
#ifndef SIEM_FIELD_H
#define SIEM_FIELD_H

#include <oversight/siem.h>

typedef enum siem_field {
    SIEM_EVENT_ID,
    SIEM_EVENT_KIND,
    SIEM_OCCURRED_UNIX,
    SIEM_OCCURRED_AT,
    SIEM_REGISTRY_ID,
    SIEM_TOKEN_ID,
    SIEM_FILE_ID,
    SIEM_RECIPIENT_ID,
    SIEM_ISSUER_ID,
    SIEM_SOURCE_IP,
    SIEM_USER_AGENT,
    SIEM_QUALIFIED_TIMESTAMP,
    SIEM_TLOG_INDEX,
    SIEM_EXTRA
} siem_field;

/* Its name; `field` is below SIEM_FIELD_COUNT. */
const char *siem_field_name(size_t field);

/* The field of that name, or -1. */
int siem_field_of(const char *name, size_t size);

/* What a transparency log says of an event: fields whose names begin with "tlog.". */
typedef enum siem_tlog_field {
    SIEM_TLOG_LEAF_HASH,
    SIEM_TLOG_VERIFIED,
    SIEM_TLOG_ROOT,
    SIEM_TLOG_SIZE,
    SIEM_TLOG_FIELDS
} siem_tlog_field;

/* The field of that name, or -1. */
int siem_tlog_field_of(const char *name);

#define SIEM_SITE_COLUMN   (-1) /* of the registry's own */
#define SIEM_HIDDEN_COLUMN (-2) /* named like a field that comes from elsewhere */

/* The field that a column of the table feeds, or one of the two above. */
int siem_field_of_column(const char *column);

/* The error SIEM_NOT_FOUND for a name that is neither a field nor one of `columns` (ended by NULL,
 * or NULL), with the name that may be meant. */
siem_code siem_field_unknown(const char *name, const char *const *columns, siem_error *err);

#endif
