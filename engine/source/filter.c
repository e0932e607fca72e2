/* filter.c: values are part of the text, so that each statement has them without being given them.
 */
#include "source/filter.h"

#include "base/error.h"

#include <sqlite3.h>

static void add(sqlite3_str *text, const char *condition) {
    if (sqlite3_str_length(text) > 0) sqlite3_str_appendall(text, " AND ");
    sqlite3_str_appendall(text, condition);
}

static void add_time(sqlite3_str *text, const char *comparison, int64_t seconds) {
    add(text, "timestamp COLLATE BINARY ");
    sqlite3_str_appendf(text, "%s %lld", comparison, (long long)seconds);
}

/* Events have the text of a kind also where the registry stores it as a blob. */
static void add_kinds(sqlite3_str *text, const char *const *kinds) {
    add(text, "CAST(kind AS TEXT) COLLATE BINARY IN (");
    for (size_t i = 0; kinds[i] != NULL; i++) {
        sqlite3_str_appendf(text, "%s%Q", i > 0 ? ", " : "", kinds[i]);
    }
    sqlite3_str_appendall(text, ")");
}

siem_code siem_filter_compose(char **out, const siem_registry_options *options, siem_error *err) {
    *out = NULL;
    if (options->kinds != NULL && options->kinds[0] == NULL) {
        return siem_error_of_option(err, SIEM_INVALID, "kinds",
                                    "kinds is an empty list: give one kind or more, or NULL");
    }
    sqlite3_str *text = sqlite3_str_new(NULL);
    if (options->has_since) add_time(text, ">=", options->since);
    if (options->has_until && !options->follow) add_time(text, "<", options->until);
    if (options->kinds != NULL) add_kinds(text, options->kinds);
    bool is_failed = sqlite3_str_errcode(text) != SQLITE_OK;
    *out = sqlite3_str_finish(text);
    return is_failed ? siem_error_no_memory(err) : SIEM_OK;
}
