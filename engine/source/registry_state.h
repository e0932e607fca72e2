/* registry_state.h: what the files of a registry share: registry.c, and tail.c. */
#ifndef SIEM_REGISTRY_STATE_H
#define SIEM_REGISTRY_STATE_H

#include "source/finish.h"
#include "source/reader.h"
#include "source/registry.h"
#include "source/slices.h"

struct siem_registry {
    siem_source source; /* comes first: siem_registry_source */
    siem_inquiry inquiry;
    siem_database database;
    siem_origin origin;
    int64_t limit;       /* negative: all */
    size_t threads;      /* that may scan it at once */
    bool by_id;          /* events come in the order of ids */
    siem_query *queries; /* a list */
    siem_reader *reader; /* of the calling thread, on this connection */
    /* ---- in slices ---- */
    siem_slices *slices;  /* NULL: not scanned yet */
    int64_t next_slice;   /* the number of the one that comes next */
    bool is_begun;        /* a slice was given */
    siem_suspect suspect; /* of the slices that come next */
    int64_t returned;     /* events so far */
    bool ended;
    /* ---- of a registry that is followed ---- */
    bool broken;        /* reading failed: the connection is opened again */
    bool idle;          /* it could not be, as no program has the registry open */
    bool is_checked;    /* ids after the cursor grow, as far as this connection has seen */
    bool in_round;      /* the reader reads what comes after the cursor */
    int64_t round_end;  /* the largest id of a round */
    siem_cursor cursor; /* the event that was read last, or up to where others were passed by */
    bool has_passed;    /* no event is selected between these: */
    int64_t passed;     /* the one that was read last, and the cursor */
    siem_finish finish;
    siem_watch watch;
};

/* The next slice is the first one of what is there by then. */
void siem_registry_drop_slices(siem_registry *registry);

/* ---- of one that is followed ---- */

siem_code siem_registry_next_of_followed(siem_registry *registry, siem_event **event,
                                         siem_error *err);

/* Finds the slices of what comes after the cursor. */
siem_code siem_registry_slice_followed(siem_registry *registry, siem_error *err);

#endif
