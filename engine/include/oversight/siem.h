/* siem.h: the public interface of liboversight-siem.
 *
 * Data goes this way: registry -> event -> mapping -> batch -> sink. Each of these is an opaque
 * noun with open, act and close; export joins them.
 *
 * Conventions that hold for every function here:
 *   - A function that can fail returns a siem_code and, when `err` is not NULL, fills it with the
 *     same code and one line that names the object and the cause. No message holds a secret.
 *   - `**out` comes first, is set to NULL on failure, and is owned by the caller, who gives it to
 *     the close function of its noun. Every close function accepts NULL.
 *   - NULL is allowed for `err`, for any `context`, for `size` of siem_batch_bytes and
 *     siem_batch_at, for a list of 0 items, and where a comment says what it means. For any other
 *     pointer it is a mistake: the call does nothing and returns SIEM_INVALID, and a function
 *     without a code returns 0, NULL or a null value. So does a negative size.
 *   - A member of a struct that is zeroed has its default, unless it is "required".
 *   - A function of the caller gets an `err` that is empty and never NULL, fills it when it fails,
 *     and returns only SIEM_OK and failures. It must not close the object that calls it.
 *   - A returned `const *`, and the bytes of a siem_value, are borrowed; the comment says until
 *     when.
 *   - Text is UTF-8 and carries its size in bytes; it may contain NUL and may be invalid until it
 *     is rendered. Times are seconds since 1970-01-01T00:00:00Z.
 *   - Numbers are read and written with a point, whatever locale the program sets.
 *   - No global state: objects may be used on any thread, each by one thread at a time.
 *   - The heading of a chapter has the first version with its functions. The comment of a function
 * that is newer, or has changed, has its own version.
 */
#ifndef OVERSIGHT_SIEM_H
#define OVERSIGHT_SIEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SIEM_API       __attribute__((visibility("default")))
#define SIEM_EXTENSION __extension__ /* C99 has no unions without a name */
#else
#define SIEM_API
#define SIEM_EXTENSION
#endif

/* ---- version (since 0.1.0) ------------------------------------------------------------------- */

/* The version of this header, as major * 10000 + minor * 100 + patch: for #if. */
#define SIEM_VERSION_NUMBER 200

/* The version of the library that a program runs with, as such a number. Since 0.2.0. */
SIEM_API int siem_version_number(void);

/* Its version as in the package ("0.2.0"). Static, never NULL. */
SIEM_API const char *siem_version(void);

/* What a build has beyond the core, each by one library: "geoip" (lookups in .mmdb files), "gzip"
 * (of requests and answers), "kafka" (sinks and sources of that kind), "metrics" (of the command:
 * --metrics-listen), "zstd" (of requests).
 * A call that needs an omitted feature fails, and the message names the package. */
typedef struct siem_feature {
    const char *name;
    const char *package; /* of Debian: what to build it with */
    bool is_built;
} siem_feature;

/* Feature `index` (from 0), in the order of names, or NULL beyond the last. Static. Since 0.2.0. */
SIEM_API const siem_feature *siem_feature_at(size_t index);

/* The ECS release that the ecs format writes, and the name of the record schema. */
#define SIEM_ECS_VERSION    "8.11.0"
#define SIEM_SCHEMA_VERSION "oversight-siem-1"

/* ---- error (since 0.1.0) --------------------------------------------------------------------- */

typedef enum siem_code {
    SIEM_OK = 0,
    SIEM_END,       /* no more events or rows: not a failure, no message */
    SIEM_INVALID,   /* an argument or a definition is wrong */
    SIEM_NO_MEMORY, /* an allocation failed */
    SIEM_NOT_FOUND, /* no such file, format or field */
    SIEM_IO,        /* reading or writing failed */
    SIEM_SCHEMA,    /* the file is not a registry: not a database, no events table, wrong columns */
    SIEM_LOCKED,    /* the registry stayed locked beyond the busy timeout */
    SIEM_REFUSED,   /* this event has no record in this format; the next one may */
    SIEM_DROPPED,   /* the filter or a function of the format drops this event */
    SIEM_PIPE_CLOSED, /* the reader of a pipe went away */
    SIEM_CANCELLED,   /* the progress function asked to stop */
    SIEM_HELD,        /* the target's configuration or credentials are wrong: fix them */
    SIEM_UNAVAILABLE, /* the target did not take the records in as many attempts as allowed */
    SIEM_IDLE,        /* no program has the registry open, and this user may not open it alone */
    SIEM_UNPROVED     /* the transparency log does not show what it should (since 0.2.0) */
} siem_code;

#define SIEM_ERROR_OPTIONS 4
typedef struct siem_error {
    siem_code code;
    char message[512]; /* one printable line, NUL-terminated, cut at the end when longer */
    /* What is at fault, as far as that is known, so that a program need not search the message. */
    char options[SIEM_ERROR_OPTIONS][24]; /* in the order of the message; "": no more */
    int option_at[SIEM_ERROR_OPTIONS]; /* where the message names each, in bytes; negative: nowhere
                                        */
    char event_id[32];                 /* the event; "": none */
    char row[64];                      /* the row of a format, by its destination; "": none */
    char file[128]; /* the source of a format's function that failed, and its line; "": none */
    int line;
} siem_error;

/* The name of a code as Lua returns it ("not_found"). Static, never NULL. */
SIEM_API const char *siem_code_name(siem_code code);

/* ---- value (since 0.1.0) --------------------------------------------------------------------- */

typedef enum siem_type {
    SIEM_NULL = 0,
    SIEM_INTEGER, /* exact, 64 bits */
    SIEM_REAL,    /* written in the shortest form that reads back to the same double */
    SIEM_TEXT,    /* bytes of UTF-8, checked when rendered */
    SIEM_JSON     /* JSON text; compact and ASCII when it comes from the library */
} siem_type;

typedef struct siem_value {
    siem_type type;
    SIEM_EXTENSION union {
        int64_t integer;   /* SIEM_INTEGER */
        double real;       /* SIEM_REAL */
        const char *bytes; /* SIEM_TEXT and SIEM_JSON: borrowed, not NUL-terminated */
    };
    size_t size; /* of bytes, in bytes */
} siem_value;    /* zeroed: null */

/* ---- event (since 0.1.0) --------------------------------------------------------------------- */

/* One row of the registry's `events` table, normalized to 14 fields, in this order:
 *   event_id text, event_kind text, occurred_unix integer, occurred_at text (RFC 3339, or ""),
 *   registry_id text, token_id, file_id, recipient_id, issuer_id, source_ip, user_agent,
 *   qualified_timestamp, tlog_index (as stored, or null), extra (a JSON object, or null when
 * empty). Columns that a site added follow, as stored. */
typedef struct siem_event siem_event;

#define SIEM_FIELD_COUNT 14

/* A column of a row: its name and what is stored there. */
typedef struct siem_column {
    const char *name; /* required */
    siem_value value;
} siem_column;

/* Makes an event of a row, copying it. A column that is missing is null. A timestamp that is not a
 * number, or outside the years 1 to 9999, makes occurred_unix 0 and occurred_at empty. Errors:
 * SIEM_INVALID for a registry_id that siem_registry_open refuses, a value of an unknown type or
 * JSON that is not JSON; SIEM_NO_MEMORY. */
SIEM_API siem_code siem_event_open(siem_event **out, const siem_column *row, size_t columns,
                                   const char *registry_id, siem_error *err);

/* Copies an event. The copy outlives the registry's next event. Errors: SIEM_NO_MEMORY. */
SIEM_API siem_code siem_event_copy(siem_event **out, siem_event *event, siem_error *err);

/* How many bytes a copy of an event takes. */
SIEM_API size_t siem_event_weight(siem_event *event);

/* The number of fields: SIEM_FIELD_COUNT and one for each column that the site added. */
SIEM_API size_t siem_event_size(const siem_event *event);

/* The name of field `index` (0 to size - 1), or NULL beyond. Borrowed until the event is closed. */
SIEM_API const char *siem_event_name(const siem_event *event, size_t index);

/* The value of field `index`, null beyond the last. Borrowed until the event changes or is closed.
 */
SIEM_API siem_value siem_event_at(siem_event *event, size_t index);

/* The value of the field of that name, or null. Borrowed as in siem_event_at. */
SIEM_API siem_value siem_event_get(siem_event *event, const char *name);

/* Closes an event that was opened or copied, never one that a registry lent. */
SIEM_API void siem_event_close(siem_event *event);

/* RFC 3339 in UTC with seconds ("2024-12-24T00:26:41Z") of a time in seconds, rounded to a
 * microsecond and then down. Writes 21 bytes with the NUL.
 * Errors: SIEM_INVALID outside the years 1 to 9999. */
SIEM_API siem_code siem_iso8601(char out[24], double unix_time, siem_error *err);

/* Reads a time as people write it: RFC 3339 ("2026-01-02T03:04:05+01:00"; a fraction of a second is
 * cut off), a date (midnight in UTC), "now", a time ago ("-1h", "2d": s, m, h, d or w before
 * `now`), or seconds since 1970 ("1767225600"). `now` is in seconds, as time(NULL) gives it.
 * Errors: SIEM_INVALID, naming what it takes. */
SIEM_API siem_code siem_time_read(int64_t *out, const char *text, int64_t now, siem_error *err);

/* The beacon kinds that a registry knows ("dns", ...), ended by NULL, and the action of each.
 * siem_action_of returns NULL for any other kind: formats write "beacon-" + kind. */
SIEM_API const char *const *siem_beacon_kinds(void);
SIEM_API const char *siem_action_of(const char *kind);

/* ---- registry (since 0.1.0) ------------------------------------------------------------------ */

/* The event source: an Oversight registry, opened read-only, while other programs write to it. */
typedef struct siem_registry siem_registry;

typedef struct siem_registry_options {
    const char *path;         /* required: a plain path, never a URI */
    const char *registry_id;  /* required: its public identity, copied into every event */
    bool has_since;           /* when true, only events with timestamp >= since */
    int64_t since;            /* seconds; 0 is a time, too */
    bool has_until;           /* when true, only events with timestamp < until; see below */
    int64_t until;            /* seconds; 0 is a time, too */
    const char *const *kinds; /* NULL, or kinds ended by NULL: only events of these */
    bool has_limit;           /* when true, a limit of 0 is one: no events at all */
    int64_t limit;            /* at most this many events; 0 or negative: all */
    int busy_timeout_ms;      /* how long to wait for a lock; 0: 5000 */
    bool follow; /* read in the order of ids, and continue with events that are added later */
    bool by_id;  /* read in the order of ids: a limit is reached without a scan of all */
} siem_registry_options;

/* Of a registry that is followed, events that `since` and `kinds` omit are passed by: a position
 * after them means that they are done. `until` omits none: reading ends before the first event of
 * that time or later, and a later run goes on there. `limit` ends reading after so many events from
 * where it began. After either end, an export that follows ends as well. */

/* Whether the timestamps of the selected events follow their ids. */
typedef struct siem_ordering {
    bool follows;        /* timestamps never step back as ids grow, so nothing is sorted */
    int64_t first_break; /* the id of the first event that steps back, when follows is false */
    int64_t count;       /* events selected by since, until and kinds, before limit, unless by_id */
    int64_t first_id;    /* when count > 0 */
    int64_t last_id;     /* when count > 0 */
} siem_ordering;

/* Opens a registry and checks its shape. It makes no file in the registry's folder that would keep
 * the owner from writing. Errors: SIEM_INVALID for a path that is missing or empty, for a
 * registry_id that is missing, blank, holds control or invisible characters, or begins or ends with
 * a space; SIEM_NOT_FOUND, SIEM_IO, SIEM_SCHEMA, SIEM_LOCKED, SIEM_NO_MEMORY; SIEM_IDLE when it has
 * a write-ahead log, no program has it open, and this user may not, or should not, make the log's
 * files. */
SIEM_API siem_code siem_registry_open(siem_registry **out, const siem_registry_options *options,
                                      siem_error *err);

/* After SIEM_IDLE: waits until a program opens the registry at `path`, for at most `milliseconds`.
 * True when another attempt to open it is worthwhile. */
SIEM_API bool siem_registry_await(const char *path, int milliseconds);

/* The next event in the order (timestamp, id), or of ids alone when so opened, or SIEM_END. The set
 * of events is fixed at the first call: later events are for the next run. The event is borrowed
 * until the next call of any registry function. Errors: SIEM_IO, also for ids that do not grow and
 * for events that cannot be found by their ids, because the file is damaged; SIEM_SCHEMA for an
 * event with more than 16 MiB; SIEM_LOCKED, SIEM_CANCELLED, SIEM_NO_MEMORY; SIEM_IDLE when the
 * connection of a registry that is followed failed. */
SIEM_API siem_code siem_registry_next(siem_registry *registry, siem_event **event, siem_error *err);

/* Starts over: the next siem_registry_next returns the first event of all that exist by then. */
SIEM_API void siem_registry_rewind(siem_registry *registry);

/* For a registry that is followed: reading continues after event `id`; 0: at the first one. */
SIEM_API void siem_registry_seek(siem_registry *registry, int64_t id);

/* For a registry that is followed, after SIEM_END: waits until something was committed, for at most
 * `milliseconds`. No read transaction is held. Errors: SIEM_END when nothing was committed,
 * SIEM_HELD when the path is another file, SIEM_NOT_FOUND when there is no file, SIEM_INVALID for a
 * registry that is not followed, SIEM_IO, SIEM_LOCKED. */
SIEM_API siem_code siem_registry_wait(siem_registry *registry, int milliseconds, siem_error *err);

/* The events after `id`. */
typedef struct siem_lag {
    int64_t events; /* ids that were given since */
    double seconds; /* since the first of these events occurred; 0: none has a time */
} siem_lag;

/* For a registry that is followed. Errors: SIEM_INVALID for any other, SIEM_IO, SIEM_LOCKED. */
SIEM_API siem_code siem_registry_lag(siem_registry *registry, int64_t id, siem_lag *lag,
                                     siem_error *err);

/* Sets a function that is called about ten times a second while a function of the registry, or of a
 * query on it, reads. When it returns false, that function fails with SIEM_CANCELLED. NULL: none.
 * It cannot use the registry. An export calls its progress function instead. */
typedef bool (*siem_registry_go_on)(void *context);
SIEM_API void siem_registry_set_go_on(siem_registry *registry, siem_registry_go_on go_on,
                                      void *context);

/* Ends the read transaction, so that the registry's write-ahead log can be reset while the caller
 * waits for something else. The next siem_registry_next continues where it was. */
SIEM_API void siem_registry_release(siem_registry *registry);

/* Finds out whether timestamps follow ids (one scan at most). Errors: as siem_registry_next. */
SIEM_API siem_code siem_registry_ordering(siem_registry *registry, siem_ordering *ordering,
                                          siem_error *err);

/* The names of all columns of `events` that can be read, ended by NULL. A column cannot be read
 * when only the registry's program can compute it, or when it failed for an event. Borrowed until
 * the registry reads more events (a column may be added meanwhile) or is closed. */
SIEM_API const char *const *siem_registry_columns(const siem_registry *registry);

/* Closes the registry. Its events must not be used after; its queries can only be closed. */
SIEM_API void siem_registry_close(siem_registry *registry);

/* A read-only SQL query on a registry's connection. */
typedef struct siem_query siem_query;

/* Prepares one SELECT. The registry must outlive the query.
 * Errors: SIEM_INVALID for SQL that is wrong, writes, or has several statements, SIEM_IO,
 * SIEM_LOCKED. */
SIEM_API siem_code siem_query_open(siem_query **out, siem_registry *registry, const char *sql,
                                   siem_error *err);

/* How many parameters it has. */
SIEM_API size_t siem_query_parameters(const siem_query *query);

/* Sets parameter `index` (from 1); bytes are copied, JSON as text. Errors: SIEM_INVALID for an
 * index without a parameter, or what is not a value. */
SIEM_API siem_code siem_query_set(siem_query *query, int index, siem_value value, siem_error *err);

/* The next row, or SIEM_END, after which the query starts over. Errors: SIEM_IO, SIEM_LOCKED,
 * SIEM_CANCELLED, SIEM_NO_MEMORY. */
SIEM_API siem_code siem_query_next(siem_query *query, siem_error *err);

/* Ends the reading of rows, so that no cursor stays open. Parameters stay. */
SIEM_API void siem_query_reset(siem_query *query);

/* The number of columns, and the name and value of one (from 0). A blob reads as text. Borrowed
 * until the next call for this query. */
SIEM_API size_t siem_query_size(const siem_query *query);
SIEM_API const char *siem_query_name(const siem_query *query, size_t column);
SIEM_API siem_value siem_query_at(const siem_query *query, size_t column);

/* Closes the query. */
SIEM_API void siem_query_close(siem_query *query);

/* ---- mapping (since 0.1.0) ------------------------------------------------------------------- */

/* A compiled format: what a record looks like, as operations over the fields of an event. */
typedef struct siem_mapping siem_mapping;

/* A function of a format. It reads `value` (null when the row has no source) and the event, and
 * sets *result (null before), whose bytes stay valid until its next call or the end of the record.
 * It returns SIEM_OK, SIEM_DROPPED to skip the event, or a failure. A result that is not a value is
 * SIEM_INVALID; SIEM_JSON that is not JSON refuses the event. */
typedef siem_code (*siem_function)(void *context, siem_event *event, const siem_value *value,
                                   siem_value *result, siem_error *err);

/* A lookup entry: a text, and the JSON text written instead of it. */
typedef struct siem_pair {
    const char *key;  /* required */
    const char *json; /* required */
} siem_pair;

/* One row of a format: destination <- source. Everything is copied. A member that is NULL is
 * absent. */
typedef struct siem_row {
    const char *destination; /* required: a dotted path, "labels.file"; "\\." is a dot */
    const char
        *label; /* names the row in errors; NULL: the name of the mapping and the destination */
    const char *const *from;     /* fields or paths into extra ("extra.qname"), ended by NULL:
                                    the first that is neither null nor "" */
    const char *value;           /* or a constant, as JSON text */
    const char *as;              /* the name of a converter; what it cannot convert is null */
    const char *key;             /* of a converter that takes one: "file:PATH", "env:NAME" or
                                    "cmd:COMMAND"; read when the row is added */
    const siem_pair *lookup;     /* a table over the text of the source, converted */
    size_t lookup_size;          /* its entries */
    const char *fallback;        /* JSON text for a text that the table lacks */
    const char *fallback_prefix; /* or: this text, followed by the source's own text */
    siem_function fallback_with; /* or: a function of the source, run only on a miss */
    void *fallback_with_context;
    siem_function with; /* a function of the result of the above. In a row with a source it is not
                           called for a null, which stays null */
    void *with_context;
    siem_function when; /* the row is omitted when this returns null or JSON false */
    void *when_context;
    bool keep;      /* write null and "" too; without source: an object kept when empty */
    bool required;  /* refuse the event when the value is null or "" */
    bool with_null; /* call `with` for a null as well; needs from or value */
} siem_row;

/* An empty mapping; `name` is used in messages. Errors: SIEM_NO_MEMORY. */
SIEM_API siem_code siem_mapping_open(siem_mapping **out, const char *name, siem_error *err);

/* Adds a row. The order of rows is the order of output. Errors: SIEM_INVALID for a destination that
 * exists or is both a value and an object, an unknown converter, or a constant that is not JSON. */
SIEM_API siem_code siem_mapping_add(siem_mapping *mapping, const siem_row *row, siem_error *err);

/* Instead of rows: a function that returns the whole record as SIEM_JSON, or a JSON array of
 * several. An empty array skips the event. */
SIEM_API siem_code siem_mapping_set_function(siem_mapping *mapping, siem_function whole,
                                             void *context, siem_error *err);

/* Sets a function that is called first for each event. Null or JSON false skips the event
 * (SIEM_DROPPED). Errors: SIEM_INVALID after compiling. */
SIEM_API siem_code siem_mapping_set_filter(siem_mapping *mapping, siem_function filter,
                                           void *context, siem_error *err);

/* Asks that the event of a dead letter is masked as rows mask it, by each converter that masks:
 * what an export keeps has no value that only the registry is to have. Errors: SIEM_INVALID after
 * compiling, and for a mapping that is a function. */
SIEM_API siem_code siem_mapping_mask_dead_letter(siem_mapping *mapping, siem_error *err);

/* Makes the mapping ready; no rows can be added after. Errors: SIEM_NO_MEMORY. */
SIEM_API siem_code siem_mapping_compile(siem_mapping *mapping, siem_error *err);

/* The name given at open. Borrowed until the mapping is closed. */
SIEM_API const char *siem_mapping_name(const siem_mapping *mapping);

/* Checks that each field a mapping reads is one of the 14 or a column of the registry.
 * Errors: SIEM_NOT_FOUND, naming the destination and the field. */
SIEM_API siem_code siem_mapping_check(const siem_mapping *mapping, const siem_registry *registry,
                                      siem_error *err);

/* Closes the mapping. */
SIEM_API void siem_mapping_close(siem_mapping *mapping);

/* A converter that a row can name with `as`. */
typedef struct siem_converter siem_converter;

/* Converter `index` (from 0), or NULL beyond the last; its name, and what it does in one line. */
SIEM_API const siem_converter *siem_converter_at(size_t index);
SIEM_API const char *siem_converter_name(const siem_converter *converter);
SIEM_API const char *siem_converter_summary(const siem_converter *converter);

/* True when it hides what the value is: a digest, a part of an address. */
SIEM_API bool siem_converter_masks(const siem_converter *converter);

/* ---- batch (since 0.1.0) --------------------------------------------------------------------- */

/* Records that wait for a sink: JSON lines, one a record, and where each begins. */
typedef struct siem_batch siem_batch;

/* What was changed so that a row could be exported: bits of `repairs` of siem_batch_write. */
enum {
    SIEM_REPAIRED_UTF8 = 1,      /* bytes that are not UTF-8 became U+FFFD */
    SIEM_REPAIRED_BLOB = 2,      /* a blob in a text column was read as text */
    SIEM_REPAIRED_TIMESTAMP = 4, /* a timestamp is not a number or outside the years 1 to 9999 */
    SIEM_REPAIRED_EXTRA = 8,     /* extra is nested too deep or holds NaN: kept as text */
    SIEM_REPAIRED_NUMBER = 16    /* an infinite number was written as text */
};

/* An empty batch. Errors: SIEM_NO_MEMORY. */
SIEM_API siem_code siem_batch_open(siem_batch **out, siem_error *err);

/* Renders an event at the end of the batch: one record, or as many as a function of the mapping
 * returns. After a failure the batch is as before. `repairs` (NULL is allowed) receives
 * SIEM_REPAIRED_ bits. Errors: SIEM_REFUSED, SIEM_DROPPED, SIEM_INVALID for a mapping that is not
 * compiled, what a function gave, SIEM_NO_MEMORY. */
SIEM_API siem_code siem_batch_write(siem_batch *batch, siem_mapping *mapping, siem_event *event,
                                    unsigned *repairs, siem_error *err);

/* Adds a record that was rendered before: JSON text, and record number `part` (from 0) of the event
 * with that id. It is written in the form that records have. Errors: SIEM_INVALID for text that is
 * not a JSON object and for a registry_id that siem_registry_open refuses, SIEM_NO_MEMORY. */
SIEM_API siem_code siem_batch_add(siem_batch *batch, const char *record, size_t size,
                                  const char *event_id, const char *registry_id, unsigned part,
                                  siem_error *err);

/* The number of records, and the bytes of all: each record ends with one "\n".
 * Borrowed until the batch changes. */
SIEM_API size_t siem_batch_size(const siem_batch *batch);
SIEM_API const char *siem_batch_bytes(const siem_batch *batch, size_t *size);

/* Record `index` (from 0) without its "\n", and the event_id it was made from. NULL beyond the
 * last. Borrowed until the batch changes. */
SIEM_API const char *siem_batch_at(const siem_batch *batch, size_t index, size_t *size);
SIEM_API const char *siem_batch_event_id(const siem_batch *batch, size_t index);

/* Removes all records, and keeps the memory for the next ones. */
SIEM_API void siem_batch_clear(siem_batch *batch);

/* Closes the batch. */
SIEM_API void siem_batch_close(siem_batch *batch);

/* ---- sink (since 0.1.0) ---------------------------------------------------------------------- */

#include <oversight/sink.h>

/* ---- dead letter (since 0.1.0) --------------------------------------------------------------- */

/* A file of events that were refused, one JSON line each: reason, format, event. Mode 0600. */
typedef struct siem_deadletter siem_deadletter;

/* Opens for appending. Several writers may append to one file, but not while a sink writes it.
 * Errors: SIEM_HELD when a sink writes the file, or other users can read it and its mode cannot be
 * changed; else as siem_sink_open_file. */
SIEM_API siem_code siem_deadletter_open(siem_deadletter **out, const char *path, siem_error *err);

/* Why an event or its record is refused. */
typedef struct siem_refusal {
    const char *event_id; /* NULL: the event's own */
    const char *format;   /* NULL: not known */
    const char *reason;   /* required */
    const char *sink;     /* the kind that rejects the record; NULL: none was asked */
    int http_status;      /* 0: none */
    int code;             /* the protocol's own, as HEC's; 0 or negative: none */
    const char *source; /* JSON of the event, when the event itself is not given; NULL: not known */
    size_t source_size; /* 0 without one */
    const char *masked; /* JSON list of what is masked in the source; NULL: nothing */
    const char *record; /* JSON of the record; NULL: there is none */
    size_t record_size; /* 0 without one */
    unsigned part;      /* which of the event's records it is, from 0 */
} siem_refusal;

/* Appends a line with the time. `event` may be NULL. Errors: SIEM_INVALID for a source or record
 * that is not JSON, SIEM_IO, SIEM_NO_MEMORY. */
SIEM_API siem_code siem_deadletter_write(siem_deadletter *deadletter, siem_event *event,
                                         const siem_refusal *refusal, siem_error *err);

/* Appends a line of a dead letter, given without its line end. Errors: as above. */
SIEM_API siem_code siem_deadletter_append(siem_deadletter *deadletter, const char *line,
                                          size_t size, siem_error *err);

/* Where a line is in such a file, without its line end. */
typedef struct siem_deadletter_place {
    int64_t offset;
    size_t size;
} siem_deadletter_place;

/* Appends a line that is in another file, however long, without reading it into memory. That file
 * must not become shorter meanwhile. Errors: as above, and SIEM_NOT_FOUND, SIEM_HELD for another
 * user's file; SIEM_INVALID for a place that is not one line. Since 0.2.0. */
SIEM_API siem_code siem_deadletter_copy(siem_deadletter *deadletter, const char *path,
                                        siem_deadletter_place place, siem_error *err);

/* Forces the lines to the disk. Errors: SIEM_IO. */
SIEM_API siem_code siem_deadletter_sync(siem_deadletter *deadletter, siem_error *err);

/* Blanks lines of a file that are done, and forces that to the disk. Readers skip blank lines. It
 * needs no free space. Errors: SIEM_IO. Since 0.2.0: 0.1.0 has it as siem_deadletter_strike. */
SIEM_API siem_code siem_deadletter_blank(const char *path, const siem_deadletter_place *places,
                                         size_t count, siem_error *err);

/* Closes the file, and reports a late write error. Errors: SIEM_IO. */
SIEM_API siem_code siem_deadletter_close(siem_deadletter *deadletter, siem_error *err);

/* ---- checkpoint (since 0.1.0) ---------------------------------------------------------------- */

/* The position after the last event that a sink confirmed, in a file that survives crashes. */
typedef struct siem_checkpoint siem_checkpoint;

typedef struct siem_checkpoint_options {
    const char *path;
    siem_registry *registry; /* that is followed: a checkpoint belongs to its id and its file, */
    const char *format;      /* to a format, by its name, */
    const char *sink;        /* and to a kind of sink, by its name; all are required */
    bool rehearse;           /* when true, it is neither locked nor written: an export begins at
                              * the position, and moves none; its sink may be of another kind */
} siem_checkpoint_options;

/* Opens a checkpoint, mode 0600, and locks it against other processes; the file is made when it is
 * saved first. Errors: SIEM_LOCKED when another process has it; SIEM_HELD when it was made for
 * another registry, format or sink, is damaged or of a later version, is another user's or is not a
 * regular file; SIEM_INVALID for a registry that is not followed, and for a path that is a database
 * of SQLite; SIEM_IO. */
SIEM_API siem_code siem_checkpoint_open(siem_checkpoint **out,
                                        const siem_checkpoint_options *options, siem_error *err);

/* The id of the last event that was confirmed; 0: none. */
SIEM_API int64_t siem_checkpoint_last_id(const siem_checkpoint *checkpoint);

/* What a checkpoint says, also while a process has it open: a JSON object, NUL-terminated, for
 * free(). Errors: SIEM_NOT_FOUND when there is none, SIEM_HELD when it is damaged or of a later
 * version, SIEM_IO.
 */
SIEM_API siem_code siem_checkpoint_read(char **json, const char *path, siem_error *err);

/* Unlocks. NULL is allowed. */
SIEM_API void siem_checkpoint_close(siem_checkpoint *checkpoint);

/* Sets a checkpoint that no process has open: the events after `last_id` are new. It then continues
 * with any file of that registry, at the end of any output file. Errors: SIEM_LOCKED, SIEM_INVALID
 * as siem_checkpoint_open, SIEM_IO. */
SIEM_API siem_code siem_checkpoint_set(const char *path, int64_t last_id, siem_error *err);

/* Removes a checkpoint that no process has open. Errors: SIEM_NOT_FOUND, SIEM_LOCKED, SIEM_INVALID
 * as siem_checkpoint_open, SIEM_IO. */
SIEM_API siem_code siem_checkpoint_reset(const char *path, siem_error *err);

/* ---- evidence (since 0.2.0) ------------------------------------------------------------------ */

#include <oversight/tlog.h>

/* ---- receipts (since 0.2.0) ------------------------------------------------------------------ */

#include <oversight/digest.h>

/* ---- export (since 0.1.0) -------------------------------------------------------------------- */

/* Exports events: each becomes a record that the sink confirms, or is counted as refused or
 * dropped. */
typedef struct siem_export siem_export;

typedef enum siem_on_error {
    SIEM_STOP_ON_ERROR = 0,  /* a refused event ends the export */
    SIEM_SKIP_ON_ERROR,      /* it is counted and skipped */
    SIEM_DEADLETTER_ON_ERROR /* it is counted and kept in the dead letter file */
} siem_on_error;

/* What happens to an event that differs from its leaf in the transparency log. */
typedef enum siem_on_unverified {
    SIEM_EXPORT_UNVERIFIED = 0, /* it is exported: the format can read tlog.verified */
    SIEM_STOP_UNVERIFIED,       /* it ends the export, with SIEM_UNPROVED */
    SIEM_REFUSE_UNVERIFIED      /* it is refused, as on_error says */
} siem_on_unverified;

/* The upper bounds of siem_counts.latency, in seconds. */
#define SIEM_LATENCY_COUNT 8
#define SIEM_LATENCY_BOUNDS                                                                        \
    { 0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 60 }

typedef struct siem_counts {
    uint64_t exported; /* events whose record, or the first of several, the sink confirmed */
    uint64_t refused;  /* events without a record, and rejected records: skipped or dead-lettered */
    uint64_t dropped;  /* events that a filter or a function skipped */
    uint64_t repaired; /* exported events in which something had to be replaced */
    uint64_t utf8, blob, timestamp, extra, number; /* of these, by what was replaced */
    uint64_t bytes;                                /* of records, with their line ends */
    uint64_t existed;                              /* exported events that the target had already */
    uint64_t kept_aside; /* exported events that the target put into a failure store */
    uint64_t cut;        /* texts that were longer than the target's fields */
    uint64_t retries;    /* attempts that had to be made again */
    uint64_t events;     /* taken from a registry or given by the caller */
    uint64_t rendered;   /* events that became records */
    uint64_t batches;    /* that the sink has answered for */
    uint64_t latency[SIEM_LATENCY_COUNT]; /* of these, how many were not longer in flight */
    double latency_seconds;               /* how long all batches were in flight, added up */
    int64_t last_id; /* the event up to which all is done; 0: none, or no checkpoint */
    double saved;    /* when the checkpoint was saved, in seconds since 1970; 0: it never was */
    uint64_t save_failures; /* attempts to save that failed since then */
    siem_lag lag;           /* of an export that follows, looked up once a second */
    double retrying_since;  /* seconds since 1970 when the first attempt failed of those that are
                               made again; 0: none does */
} siem_counts;

/* Called after each batch, and ten times a second while a sink or a new event is waited for.
 * When it returns false, the export fails with SIEM_CANCELLED. */
typedef bool (*siem_progress_function)(void *context, const siem_counts *counts);

/* Opens a mapping that makes the same records as the export's, for one thread that renders, and
 * closes it. Both are called on the thread of the export: the first up to `jobs` times before the
 * export reads events, the second when the export is closed. In between, one thread at a time uses
 * the mapping and the contexts of its functions. `*owner` (NULL before) is for the second function:
 * of a format, the siem_format that was opened again. When a mapping cannot be opened,
 * siem_export_run fails with its error. An export that follows reports it to `notice`, and renders
 * on its own thread alone. Since 0.2.0. */
typedef siem_code (*siem_open_mapping_function)(void *context, siem_mapping **mapping, void **owner,
                                                siem_error *err);
typedef void (*siem_close_mapping_function)(void *context, siem_mapping *mapping, void *owner);

typedef struct siem_export_options {
    siem_mapping *mapping;       /* required: compiled */
    siem_sink *sink;             /* required */
    siem_checkpoint *checkpoint; /* NULL: the first event is the one after `after` */
    int64_t after; /* of a registry that is followed: events up to this id are skipped; 0: none */
    siem_on_error on_error;      /* 0: SIEM_STOP_ON_ERROR */
    siem_deadletter *deadletter; /* required for SIEM_DEADLETTER_ON_ERROR */
    size_t jobs; /* threads that render, up to 64; 1: the caller's; 0: one a core, up to 8. If the
                    mapping has functions and open_mapping is NULL, 0 is 1, and more are an error */
    siem_tlog *tlog; /* events are compared with it, for fields such as tlog.leaf_hash; NULL: none.
                        Leaves of newer events are read from it */
    siem_on_unverified on_unverified;        /* 0: SIEM_EXPORT_UNVERIFIED */
    siem_digest *digest;                     /* each delivered record is added to it; NULL: none */
    siem_open_mapping_function open_mapping; /* for a mapping with functions; NULL: none */
    siem_close_mapping_function close_mapping; /* required with open_mapping; else NULL */
    void *mapping_context;
    size_t batch_bytes;              /* of file sinks: written when it holds this; 0: 262144 */
    siem_progress_function progress; /* NULL is allowed */
    void *progress_context;
    siem_notice_function notice; /* NULL is allowed. Reports a target that is down, or asks to
                                    wait; and, of an export that follows, a registry that is
                                    locked and a disk that is full */
    void *notice_context;
} siem_export_options;

/* Starts an export. What the options point to must outlive it, except a sink, which may be closed
 * before. Errors: SIEM_INVALID, also for a checkpoint of another format or kind of sink;
 * SIEM_NO_MEMORY. */
SIEM_API siem_code siem_export_open(siem_export **out, const siem_export_options *options,
                                    siem_error *err);

/* Exports one event: renders it, and sends the batch when that is full. A failure of the sink ends
 * the export. Its counts say what is delivered, and every later call fails in the same way. With a
 * checkpoint, an event of another registry is SIEM_INVALID. */
SIEM_API siem_code siem_export_send(siem_export *export_, siem_event *event, siem_error *err);

/* Exports all events of a registry, from the first one on. No read transaction is open while the
 * sink writes. With a checkpoint, the registry must be opened with `follow`, and the first event is
 * the one after the last confirmed one. Errors: those of the registry, of siem_batch_write and of
 * the sink; SIEM_INVALID for a registry that is not the checkpoint's, a sink that writes to a file
 * of the registry's own, and a call from a function of this export or of its sink. Records that
 * were rendered before a failure of the registry or of an event are sent first. */
SIEM_API siem_code siem_export_run(siem_export *export_, siem_registry *registry, siem_error *err);

/* Exports the events of a registry that was opened with `follow`, from the checkpoint on, and
 * continues with events that are added. When the progress function returns false, it ends with
 * SIEM_CANCELLED, and the confirmed position is saved. It retries a registry that is locked or
 * cannot be read, and a file that cannot be written, for as long as it takes. Errors: those of
 * siem_export_run that waiting does not fix; SIEM_HELD and SIEM_NOT_FOUND as siem_registry_wait. */
SIEM_API siem_code siem_export_follow(siem_export *export_, siem_registry *registry,
                                      siem_error *err);

/* Sends the records of the last batch. Errors: those of the sink. */
SIEM_API siem_code siem_export_finish(siem_export *export_, siem_error *err);

/* What has happened so far. Borrowed until close. */
SIEM_API const siem_counts *siem_export_counts(const siem_export *export_);

/* Why events were refused while the export continued: the text of the first reason (reasons that
 * differ only in numbers and quoted texts are one), how often, and the ids of the first events. */
#define SIEM_REASON_EVENTS 3
typedef struct siem_reason {
    char text[256];
    uint64_t count;
    char events[SIEM_REASON_EVENTS][32]; /* "" when there are fewer */
} siem_reason;

/* Reason `index` (from 0), or NULL after the last: at most 8, and one for all others. Borrowed
 * until the export continues or is closed. */
SIEM_API const siem_reason *siem_export_reason(const siem_export *export_, size_t index);

/* Closes without sending the last batch: call siem_export_finish before. A function that the export
 * calls cannot close it: the call does nothing. */
SIEM_API void siem_export_close(siem_export *export_);

/* ---- source (since 0.2.0) -------------------------------------------------------------------- */

#include <oversight/source.h>

/* ---- sign (since 0.1.0) ---------------------------------------------------------------------- */

typedef struct siem_sentinel_request {
    const char *workspace_id; /* required: the Log Analytics workspace */
    const char *shared_key;   /* required: base64; never repeated in a message */
    int64_t content_length;   /* of the body, in bytes, 0 or more */
    const char *date;         /* required: RFC 1123, the value of the x-ms-date header */
    const char *method;       /* NULL: "POST" */
    const char *content_type; /* NULL: "application/json" */
    const char *resource;     /* NULL: "/api/logs" */
} siem_sentinel_request;

/* The Authorization header of the Log Analytics Data Collector API: "SharedKey <workspace>:<base64
 * HMAC-SHA256>" (Microsoft, "HTTP Data Collector API", Authorization). `out` receives at most
 * `capacity` bytes with the NUL. Errors: SIEM_INVALID for a key that is not base64, a negative
 * length, a line break in a value, or a buffer that is too small. */
SIEM_API siem_code siem_sentinel_authorization(char *out, size_t capacity,
                                               const siem_sentinel_request *request,
                                               siem_error *err);

/* ---- format (since 0.1.0) -------------------------------------------------------------------- */

/* A format found by name, as Lua modules define it, with a Lua state of its own. */
typedef struct siem_format siem_format;

/* Finds a format on the search path ($OVERSIGHT_LUA_PATH, /etc/oversight/lua, the installed files,
 * then the copies inside the library) and compiles it.
 * Errors: SIEM_NOT_FOUND, listing the choices; SIEM_INVALID for a definition that is wrong. */
SIEM_API siem_code siem_format_open(siem_format **out, const char *name, const siem_option *options,
                                    size_t option_count, siem_error *err);

/* The same in a Lua 5.4 state of the caller's, on its package.path, with the library's own modules
 * after it. The state must have the libraries `package` and `debug` open, and outlive the format.
 * Nothing else may use it while the format's mapping is used. Errors: as siem_format_open. */
struct lua_State;
SIEM_API siem_code siem_format_open_in(siem_format **out, struct lua_State *host, const char *name,
                                       const siem_option *options, size_t option_count,
                                       siem_error *err);

/* The compiled mapping. Borrowed until the format is closed. */
SIEM_API siem_mapping *siem_format_mapping(siem_format *format);

/* Closes the format. Its mapping must not be used after. */
SIEM_API void siem_format_close(siem_format *format);

#ifdef __cplusplus
}
#endif

#endif
