/* field.c: the names of fields, of the columns that feed them, and what a wrong name may mean. */
#include "source/field.h"

#include "base/error.h"
#include "base/nearest.h"

#include <string.h>
#include <strings.h>

static const char *const field_names[SIEM_FIELD_COUNT] = {
    "event_id",    "event_kind", "occurred_unix", "occurred_at",
    "registry_id", "token_id",   "file_id",       "recipient_id",
    "issuer_id",   "source_ip",  "user_agent",    "qualified_timestamp",
    "tlog_index",  "extra"};

/* The columns of the reference's table, and the field that each one feeds. */
static const struct {
    const char *column;
    siem_field field;
} known_columns[] = {
    {"id", SIEM_EVENT_ID},
    {"kind", SIEM_EVENT_KIND},
    {"timestamp", SIEM_OCCURRED_UNIX},
    {"token_id", SIEM_TOKEN_ID},
    {"file_id", SIEM_FILE_ID},
    {"recipient_id", SIEM_RECIPIENT_ID},
    {"issuer_id", SIEM_ISSUER_ID},
    {"source_ip", SIEM_SOURCE_IP},
    {"user_agent", SIEM_USER_AGENT},
    {"qualified_timestamp", SIEM_QUALIFIED_TIMESTAMP},
    {"tlog_index", SIEM_TLOG_INDEX},
    {"extra", SIEM_EXTRA},
};

const char *siem_field_name(size_t field) {
    return field_names[field];
}

int siem_field_of(const char *name, size_t size) {
    for (int i = 0; i < SIEM_FIELD_COUNT; i++) {
        if (strlen(field_names[i]) == size && memcmp(field_names[i], name, size) == 0) return i;
    }
    return -1;
}

static const char *const tlog_names[SIEM_TLOG_FIELDS] = {"tlog.leaf_hash", "tlog.verified",
                                                         "tlog.root", "tlog.size"};

int siem_tlog_field_of(const char *name) {
    for (int i = 0; i < SIEM_TLOG_FIELDS; i++) {
        if (strcmp(tlog_names[i], name) == 0) return i;
    }
    return -1;
}

int siem_field_of_column(const char *column) {
    for (size_t i = 0; i < sizeof known_columns / sizeof *known_columns; i++) {
        if (strcasecmp(known_columns[i].column, column) == 0) return (int)known_columns[i].field;
    }
    return siem_field_of(column, strlen(column)) >= 0 ? SIEM_HIDDEN_COLUMN : SIEM_SITE_COLUMN;
}

/* True for "ip" of "source_ip", and "token" of "token_id". */
static bool is_part_of(const char *name, const char *field) {
    size_t size = strlen(name), field_size = strlen(field);
    if (size + 1 >= field_size) return false;
    const char *end = field + field_size - size;
    return (strcmp(end, name) == 0 && end[-1] == '_') ||
           (strncmp(field, name, size) == 0 && field[size] == '_');
}

/* The field or column that a name which is neither may mean, or NULL: the field that a column
 * feeds, the nearest one, or the first whose part it is. */
static const char *guess(const char *name, const char *const *columns) {
    siem_nearest nearest = {.name = name};
    int fed = siem_field_of_column(name);
    if (fed >= 0) return field_names[fed];
    for (int i = 0; i < SIEM_FIELD_COUNT; i++) siem_nearest_offer(&nearest, field_names[i]);
    for (int i = 0; i < SIEM_TLOG_FIELDS; i++) siem_nearest_offer(&nearest, tlog_names[i]);
    for (size_t i = 0; columns != NULL && columns[i] != NULL; i++) {
        if (siem_field_of_column(columns[i]) < 0) siem_nearest_offer(&nearest, columns[i]);
    }
    for (int i = 0; nearest.best == NULL && i < SIEM_FIELD_COUNT; i++) {
        if (is_part_of(name, field_names[i])) nearest.best = field_names[i];
    }
    return nearest.best;
}

siem_code siem_field_unknown(const char *name, const char *const *columns, siem_error *err) {
    const char *meant = guess(name, columns);
    return siem_error_set(
        err, SIEM_NOT_FOUND,
        "\"%s\" is neither a field of an event nor a column of this registry%s%s%s", name,
        meant != NULL ? "; did you mean \"" : "", meant != NULL ? meant : "",
        meant != NULL ? "\"?" : "");
}
