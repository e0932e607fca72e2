/* source.h: what an export asks of where its events come from.
 *
 * A registry is one source (registry.h), a group of consumers of a topic is another
 * (topic/topic.h). Each event has a position (siem_event_position), and positions grow. A source is
 * used by one thread at a time. */
#ifndef SIEM_SOURCE_H
#define SIEM_SOURCE_H

#include "base/position.h"
#include "source/event.h"
#include "source/readers.h"

typedef struct siem_source_kind {
    const char *name; /* "registry" */

    /* An export begins to read it; `ends` and `notice` are set. NULL: nothing is to be done. */
    void (*begin)(siem_source *source);

    /* The next event, which is borrowed until the next call. SIEM_END: there is none now. Of a
     * source that `ends`, with `is_over`: there is none that was there at the start.
     * SIEM_REFUSED with an event: what is there is not one, and the event says what it is. */
    siem_code (*next)(siem_source *source, siem_event **event, siem_error *err);

    /* How other threads read what comes next, as slices; NULL: they cannot. What the readers are
     * opened for outlives them. */
    const siem_readers *readers;
    const void *(*origin)(siem_source *source);

    /* The next slice, as `next`. It is the caller's: `drop` of its readers frees it. */
    siem_code (*next_slice)(siem_source *source, siem_slice *slice, siem_error *err);

    /* Called before the export waits for something else. NULL: nothing to do. */
    void (*release)(siem_source *source);

    /* Reading continues after a position; with id 0, after what was kept. */
    void (*seek)(siem_source *source, siem_position position);

    /* Waits for news, for at most this time. SIEM_END: there is none. */
    siem_code (*wait)(siem_source *source, int milliseconds, siem_error *err);

    /* What is left after the event with that position. Never waits. */
    siem_code (*read_lag)(siem_source *source, int64_t id, siem_lag *lag);

    /* Keeps the position, so that another process continues there. `waits`: return when it is kept,
     * within bounded time. NULL: a source that is read from a checkpoint on. */
    siem_code (*keep)(siem_source *source, siem_position position, bool waits, siem_error *err);

    /* Called ten times a second while the export waits for something else. NULL: not needed. */
    void (*tend)(siem_source *source);

    /* Called when the export has ended and the confirmed position is kept. NULL: nothing to do. */
    void (*end)(siem_source *source);

    /* Of a kind that siem_source_open opens. */
    void (*close)(siem_source *source);
} siem_source_kind;

/* A kind's own struct begins with this one. */
struct siem_source {
    const siem_source_kind *kind;
    bool is_followed; /* it can continue after its end, and go back to a position */
    bool is_due;      /* its position is to be kept as soon as there is one */
    bool ends;        /* asked of it: to give no more than what is there at the start */
    bool is_over;     /* after SIEM_END: that has been given, or all up to a limit */
    void (*notice)(void *context, const char *text); /* NULL: none */
    void *notice_context;
};

#endif
