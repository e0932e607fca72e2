/* slice.h: a part of a source's events, small enough to be read and rendered in one go. */
#ifndef SIEM_SLICE_H
#define SIEM_SLICE_H

#include <stdbool.h>
#include <stdint.h>

/* Events of a slice, except the last one, which may have fewer. */
#define SIEM_SLICE_EVENTS 1024

/* Where reading is among the ids, which are any of 64 bits. */
typedef struct siem_cursor {
    bool is_set;          /* false: before all events */
    int64_t id;           /* of the event that was read last */
    uint64_t fingerprint; /* its own, of a registry that is followed; or 0: not known */
} siem_cursor;

/* An event for which a computed column of the site failed: columns that do are omitted from there
 * on. */
typedef struct siem_suspect {
    bool is_set;
    int64_t id;
} siem_suspect;

/* Plain data, which any thread may copy. Of a registry, it is valid until that starts over (rewind,
 * seek) or closes. */
typedef struct siem_slice {
    int64_t number; /* 0, 1, 2 ... in the order of the events */
    /* Where timestamps follow ids: a range of ids. */
    siem_cursor after; /* events after this one, */
    int64_t last;      /* up to this id */
    /* Where they do not: a span of the sorted ids. */
    const struct siem_sorted_ids *sorted; /* NULL: it is a range */
    int64_t start;                        /* the place of its first id among them, */
    int64_t count;                        /* and how many there are */
    siem_suspect suspect;                 /* of the slices before */
    /* Of a topic: its messages, which are the slice's own. */
    struct siem_sheaf *sheaf;
} siem_slice;

#endif
