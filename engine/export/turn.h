/* turn.h: exports of many registries in turn, on one thread and into one sink.
 *
 * Each export has its registry, which is followed, and its checkpoint. Between two turns it has
 * nothing in flight, so that others can use the sink. */
#ifndef SIEM_TURN_H
#define SIEM_TURN_H

#include <oversight/siem.h>

/* How a turn ended. */
typedef struct siem_turn {
    bool has_more;           /* at its limit: the registry has more events */
    bool is_registrys_fault; /* when it failed: by the registry, and not by the sink or the disk */
} siem_turn;

/* Exports what the registry has after the position, about `most` events of it, and waits until they
 * are settled. Errors: those of siem_export_run; the export has
 * stopped then, with all saved that was confirmed, and the next turn begins at the position again.
 */
siem_code siem_export_turn(siem_export *export_, siem_registry *registry, uint64_t most,
                           siem_turn *turn, siem_error *err);

/* Between two turns: saves the checkpoint, which a turn does only when it is long. A failure is
 * reported, and retried by the next call. Errors: SIEM_IO, when what was written may not be on the
 * disk; the export has stopped then. */
siem_code siem_export_tend(siem_export *export_, siem_error *err);

/* After the last turn: saves the checkpoint, and releases the registry and the output file. Errors:
 * those of saving. */
siem_code siem_export_stop(siem_export *export_, siem_error *err);

#endif
