/* checkpoint.h: a position that survives crashes, and the registry, format and sink that it belongs
 * to. */
#ifndef SIEM_CHECKPOINT_H
#define SIEM_CHECKPOINT_H

#include "base/outage.h"
#include "base/position.h"
#include "source/continuity.h"
#include "store/line_file.h"

#include <oversight/siem.h>

/* What was saved last. A checkpoint that was just made or set has no extent. */
siem_position siem_checkpoint_position(const siem_checkpoint *checkpoint);
const siem_extent *siem_checkpoint_extent(const siem_checkpoint *checkpoint);

/* When it was saved last, in seconds since 1970; 0: it never was. */
double siem_checkpoint_saved(const siem_checkpoint *checkpoint);

/* What is saved with the next position: since when, and why, attempts fail. */
void siem_checkpoint_set_outage(siem_checkpoint *checkpoint, const siem_outage *outage);
bool siem_checkpoint_has_outage(const siem_checkpoint *checkpoint);

/* Check that a checkpoint belongs to the parts of an export: to a format and a kind of sink, to the
 * id of a registry, and to a registry that is followed and has its file. Errors: SIEM_INVALID. */
siem_code siem_checkpoint_check_names(const siem_checkpoint *checkpoint, const char *format,
                                      const char *sink, siem_error *err);
siem_code siem_checkpoint_check_id(const siem_checkpoint *checkpoint, const char *registry_id,
                                   size_t size, siem_error *err);
siem_code siem_checkpoint_check_registry(const siem_checkpoint *checkpoint,
                                         const siem_registry *registry, siem_error *err);

/* Compares a registry with the checkpoint at a path, also while a process has that open. `*largest`
 * as siem_registry_compare. Errors: those of siem_checkpoint_read and siem_registry_compare. */
siem_code siem_checkpoint_compare(const char *path, siem_registry *registry,
                                  siem_continuity *continuity, int64_t *largest, siem_error *err);

/* Saves a position, and where the output file ended then; returns when both are on the disk.
 * Errors: SIEM_IO. */
siem_code siem_checkpoint_save(siem_checkpoint *checkpoint, siem_position position,
                               const siem_extent *extent, siem_error *err);

#endif
