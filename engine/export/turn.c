/* turn.c: exports the events of one registry, and leaves the sink to the next one. */
#include "export/turn.h"

#include "base/clock.h"
#include "base/error.h"
#include "export/export.h"
#include "source/registry.h"

#define LONG 1.0 /* seconds of a turn, after which it saves on the way: its target is down */

/* Whether the path still names the registry: the open file could be read for ever. */
static siem_code check_place(siem_registry *registry, siem_error *err) {
    siem_code rc = siem_registry_wait(registry, 0, err);
    return rc == SIEM_END ? SIEM_OK : rc;
}

/* Before the first turn, and after a failure. */
static siem_code begin(siem_export *export_, siem_registry *registry, siem_error *err) {
    if (registry != NULL && !siem_registry_is_followed(registry)) {
        return siem_error_set(err, SIEM_INVALID,
                              "the registry is not followed: open it with follow = true");
    }
    siem_code rc = siem_export_check_registry(export_, registry, __func__, err);
    return rc == SIEM_OK ? siem_export_begin(export_, registry, err) : rc;
}

/* One that is at its end has no lag; how far another one is from it is looked up. */
static void note_lag(siem_export *export_) {
    export_->counts.lag = (siem_lag){0};
    if (!export_->has_more) return;
    (void)siem_registry_lag_at_once(export_->registry, export_->confirmed.id, &export_->counts.lag);
}

/* Ends a turn: nothing is in flight, or all is to begin again. */
static siem_code rest(siem_export *export_, siem_code rc, siem_error *err) {
    if (rc == SIEM_OK) {
        note_lag(export_);
    } else if (export_->registry != NULL) {
        rc = siem_export_finish_after(export_, rc, err);
        rc = siem_export_end(export_, rc, err);
    }
    siem_export_rest(export_);
    return rc;
}

siem_code siem_export_turn(siem_export *export_, siem_registry *registry, uint64_t most,
                           siem_turn *turn, siem_error *err) {
    bool reading = true;
    *turn = (siem_turn){0};
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    export_->most = most;
    export_->save_due = siem_clock() + LONG;
    if (export_->registry == NULL) rc = begin(export_, registry, err);
    else rc = siem_export_wake(export_, err);
    if (rc == SIEM_OK) rc = check_place(registry, err);
    if (rc == SIEM_OK) rc = siem_export_round(export_, &reading, err);
    *turn = (siem_turn){.has_more = export_->has_more, .is_registrys_fault = reading};
    rc = rest(export_, rc, err);
    siem_export_leave(export_);
    return rc;
}

siem_code siem_export_tend(siem_export *export_, siem_error *err) {
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    if (export_->registry != NULL) {
        rc = siem_export_save(export_, true, err);
        rc = export_->undone ? siem_export_end(export_, rc, err) : SIEM_OK;
    }
    siem_export_leave(export_);
    return rc;
}

siem_code siem_export_stop(siem_export *export_, siem_error *err) {
    if (export_->registry == NULL) return SIEM_OK;
    siem_code rc = siem_export_enter(export_, __func__, err);
    if (rc != SIEM_OK) return rc;
    rc = siem_export_end(export_, SIEM_OK, err);
    siem_export_leave(export_);
    return rc;
}
