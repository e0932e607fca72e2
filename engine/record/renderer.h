/* renderer.h: events into batches: each event becomes records, a refusal, or nothing. */
#ifndef SIEM_RENDERER_H
#define SIEM_RENDERER_H

#include "evidence/witness.h"
#include "record/mapping.h"

typedef struct siem_renderer {
    const siem_mapping *mapping;
    siem_render_state *state;
    size_t field_bytes;    /* texts are cut at this size; 0: no limit */
    bool keeps_sources;    /* the JSON of events beside their records */
    bool stops;            /* an event without a record ends the export */
    bool keeps_refused;    /* else: its JSON beside the refusal */
    siem_tlog *tlog;       /* NULL, or what events are compared with, */
    siem_witness *witness; /* by this thread's; */
    siem_on_unverified on_unverified;
} siem_renderer;

/* Adds an event to a batch. Errors: SIEM_REFUSED when it `stops`, naming the event; the code of a
 * function; SIEM_INVALID, SIEM_NO_MEMORY. */
siem_code siem_renderer_add(const siem_renderer *renderer, siem_batch *batch, siem_event *event,
                            siem_error *err);

/* Adds one that has no record, for that reason. Errors: as above. */
siem_code siem_renderer_refuse(const siem_renderer *renderer, siem_batch *batch, siem_event *event,
                               const siem_error *reason, siem_error *err);

#endif
