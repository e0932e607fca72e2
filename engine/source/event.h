/* event.h: one row, normalized: the 14 fields as typed slots, plus any column the site added. */
#ifndef SIEM_EVENT_H
#define SIEM_EVENT_H

#include "base/buffer.h"
#include "base/json_reader.h"
#include "base/path.h"
#include "base/position.h"
#include "base/timestamp.h"
#include "source/field.h"

#include <oversight/siem.h>

/* Which column of a row feeds which field. Made once for a table. */
typedef struct siem_layout siem_layout;

siem_code siem_layout_open(siem_layout **out, const char *const *columns, size_t count,
                           siem_error *err);
void siem_layout_close(siem_layout *layout);

/* True for a column that a site added, and for one that no event has. */
bool siem_layout_is_of_site(const char *column);

/* A column that cannot be read, and why: SQLite's own words. */
typedef struct siem_unreadable {
    char *column, *reason;
} siem_unreadable;

/* Why the column of that name cannot be read, or NULL. `list` is ended by one without a name, or
 * NULL. */
const char *siem_unreadable_reason(const siem_unreadable *list, const char *column);

struct siem_event {
    siem_value fields[SIEM_FIELD_COUNT]; /* SIEM_EXTRA only once siem_event_extra has run */
    siem_value *site;                    /* the columns that the site added */
    const char *const *site_names;       /* ended by NULL */
    size_t site_count;
    siem_value tlog[SIEM_TLOG_FIELDS]; /* null until a log was asked */
    const char *const *masked;         /* sources whose values are masked already, ended by NULL:
                                          borrowed, not of a copy; or NULL */
    bool has_all_columns;              /* of a registry: a name that is not among them is none */
    const siem_unreadable *unreadable; /* of a registry's event, not of a copy: borrowed, or NULL */
    int64_t row_id;                    /* `id` as a number, 0 when it is none */
    uint64_t fingerprint; /* of siem_event_fingerprint, in a registry that is followed; else 0 */
    unsigned repairs;     /* SIEM_REPAIRED_ bits found while normalizing */
    siem_value extra_source;
    bool extra_ready;
    char occurred_at[SIEM_TIMESTAMP_SIZE];
    siem_buffer text;  /* event_id and event_kind when they are stored as numbers */
    siem_buffer extra; /* the canonical extra */
    siem_json_reader reader;
};

/* Fills an event from a row's values, in the layout's order. All text is borrowed from them.
 * `has_blob`: one of the texts is stored as a blob. */
void siem_event_load(siem_event *event, const siem_layout *layout, const siem_value *row,
                     bool has_blob);

/* Sets the registry id of every event that is loaded from here on. Borrowed. */
void siem_event_set_registry_id(siem_event *event, const char *registry_id);

/* Gives an event room for a layout's site columns. All zero is an empty event. */
siem_code siem_event_prepare(siem_event *event, const siem_layout *layout, siem_error *err);

/* Frees what an event holds, not the event. */
void siem_event_release(siem_event *event);

/* A hash of time, kind and token, which never change. It distinguishes the event from another one
 * to which a restored registry gave the same id. Never 0. */
uint64_t siem_event_fingerprint(const siem_event *event);

/* The value of a field, of what a log says, or of a column of the site. False, with null, for a
 * name that is none of them. */
bool siem_event_find(siem_event *event, const char *name, siem_value *value);

/* Where an export is with this event. */
siem_position siem_event_position(const siem_event *event);

/* Appends the event as a JSON object: its fields by name, null ones omitted. */
void siem_event_write_json(siem_event *event, siem_buffer *out);

/* Appends a member to the object that begins at `start` of the buffer, unless it is null. */
void siem_event_write_member(siem_buffer *out, size_t start, const char *name, siem_value value);

/* The canonical extra, parsed at the first call for each row: few formats need none of it. */
const siem_value *siem_event_extra(siem_event *event);

/* JSON text that is a null, a string or a whole number, as the value that it means. */
siem_value siem_value_decode(siem_value json, siem_buffer *decoded);

/* The value at a path of keys into a JSON object; null where there is none. */
siem_value siem_value_at_path(siem_value value, const siem_path *path);

/* The value at a path of keys into extra; null where there is none. */
siem_value siem_event_in_extra(siem_event *event, const siem_path *path);

/* Field `index`, which may be SIEM_EXTRA. */
static inline const siem_value *siem_event_field(siem_event *event, size_t index) {
    return index == SIEM_EXTRA ? siem_event_extra(event) : &event->fields[index];
}

#endif
