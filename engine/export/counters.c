/* counters.c: the one table of an export's counters. A new counter is a member of siem_counts and
 * a row here; bindings, numbers for Prometheus and closing lines are made from the rows. */
#include <oversight/counters.h>

#include <string.h>

/* A row of siem_counts: where the member is, and which type it has. */
typedef struct counter_row {
    siem_counter counter;
    size_t offset;
    siem_type type;
} counter_row;

#define COUNT(member)  offsetof(siem_counts, member), SIEM_INTEGER
#define NUMBER(member) offsetof(siem_counts, member), SIEM_REAL

_Static_assert(sizeof(uint64_t) == sizeof(int64_t) && sizeof(double) == sizeof(int64_t),
               "every member is read as 8 bytes");

static const counter_row rows[] = {
    {{.name = "events",
      .metric = "events_read_total",
      .unit = "events",
      .help = "Events taken from the registry"},
     COUNT(events)},
    {{.name = "rendered",
      .metric = "events_rendered_total",
      .unit = "events",
      .help = "Events that became records"},
     COUNT(rendered)},
    {{.name = "exported",
      .metric = "events_delivered_total",
      .unit = "events",
      .help = "Events that the sink confirmed"},
     COUNT(exported)},
    {{.name = "refused",
      .metric = "events_refused_total",
      .unit = "events",
      .help = "Events without a record, or rejected by the target"},
     COUNT(refused)},
    {{.name = "dropped",
      .metric = "events_dropped_total",
      .unit = "events",
      .help = "Events that a filter or a function dropped",
      .summary = "event(s) dropped by a filter"},
     COUNT(dropped)},
    {{.name = "existed",
      .unit = "events",
      .help = "Delivered events that the target had already",
      .summary = "event(s) of these were there already"},
     COUNT(existed)},
    {{.name = "kept_aside",
      .unit = "events",
      .help = "Delivered events that the target put into a failure store",
      .summary = "event(s) of these went into the target's failure store: look there"},
     COUNT(kept_aside)},
    {{.name = "repaired",
      .metric = "events_repaired_total",
      .unit = "events",
      .help = "Delivered events in which something was replaced"},
     COUNT(repaired)},
    {{.name = "utf8",
      .unit = "events",
      .help = "Of these, events with text that was not UTF-8",
      .summary = "with text that was not UTF-8",
      .part_of = "repaired"},
     COUNT(utf8)},
    {{.name = "blob",
      .unit = "events",
      .help = "Of these, events with a blob in a text column",
      .summary = "with a blob in a text column",
      .part_of = "repaired"},
     COUNT(blob)},
    {{.name = "timestamp",
      .unit = "events",
      .help = "Of these, events with a timestamp that is not a time",
      .summary = "with a timestamp that is not a time",
      .part_of = "repaired"},
     COUNT(timestamp)},
    {{.name = "extra",
      .unit = "events",
      .help = "Of these, events with extra nested too deep or with NaN",
      .summary = "with extra nested too deep or with NaN",
      .part_of = "repaired"},
     COUNT(extra)},
    {{.name = "number",
      .unit = "events",
      .help = "Of these, events with an infinite number",
      .summary = "with an infinite number",
      .part_of = "repaired"},
     COUNT(number)},
    {{.name = "cut",
      .unit = "texts",
      .help = "Texts that were longer than the target's fields",
      .summary = "text(s) cut, as they are longer than the target's fields"},
     COUNT(cut)},
    {{.name = "retries",
      .metric = "requests_retried_total",
      .unit = "attempts",
      .help = "Attempts that had to be made again",
      .summary = "request(s) had to be made again"},
     COUNT(retries)},
    {{.name = "bytes",
      .metric = "bytes_delivered_total",
      .unit = "bytes",
      .help = "Bytes of delivered records"},
     COUNT(bytes)},
    {{.name = "batches", .unit = "batches", .help = "Batches that the sink has answered for"},
     COUNT(batches)},
    {{.name = "latency_seconds",
      .unit = "seconds",
      .help = "How long all batches were in flight, added up"},
     NUMBER(latency_seconds)},
    {{.name = "save_failures",
      .metric = "checkpoint_failures",
      .kind = SIEM_GAUGE,
      .unit = "attempts",
      .help = "Attempts to save the checkpoint since it was saved"},
     COUNT(save_failures)},
    {{.name = "last_id",
      .metric = "last_id",
      .kind = SIEM_GAUGE,
      .unit = "id",
      .help = "Id of the event up to which all is done; 0: none"},
     COUNT(last_id)},
    {{.name = "lag_events",
      .metric = "lag_events",
      .kind = SIEM_GAUGE,
      .unit = "events",
      .help = "Ids given since then"},
     COUNT(lag.events)},
    {{.name = "lag_seconds",
      .metric = "lag_seconds",
      .kind = SIEM_GAUGE,
      .unit = "seconds",
      .help = "Since the first event that is not done occurred"},
     NUMBER(lag.seconds)},
    {{.name = "saved",
      .metric = "checkpoint_saved_timestamp_seconds",
      .kind = SIEM_GAUGE,
      .unit = "seconds since 1970",
      .help = "When the checkpoint was saved; 0: never"},
     NUMBER(saved)},
    {{.name = "retrying_since",
      .kind = SIEM_GAUGE,
      .unit = "seconds since 1970",
      .help = "When the first of the attempts failed that are made again; 0: none is"},
     NUMBER(retrying_since)},
};

#define ROW_COUNT (sizeof rows / sizeof *rows)

const siem_counter *siem_counter_at(size_t index) {
    return index < ROW_COUNT ? &rows[index].counter : NULL;
}

siem_value siem_counter_value(size_t index, const siem_counts *counts) {
    siem_value value = {.type = SIEM_NULL};
    if (index >= ROW_COUNT || counts == NULL) return value;
    const char *member = (const char *)counts + rows[index].offset;
    value.type = rows[index].type;
    if (value.type == SIEM_REAL) memcpy(&value.real, member, sizeof value.real);
    else memcpy(&value.integer, member, sizeof value.integer);
    return value;
}
