/* export_check.c: checks of an export's options, and of when it may be called. */
#include "base/error.h"
#include "base/misuse.h"
#include "base/sqlite_file.h"
#include "export/export.h"
#include "record/mapping.h"
#include "source/event.h"
#include "source/registry.h"

siem_code siem_export_check_options(const siem_export_options *options, siem_error *err) {
    static const char function[] = "siem_export_open";
    if (options == NULL) return siem_misuse_null(function, "options", err);
    if (options->mapping == NULL) return siem_misuse_null(function, "mapping", err);
    if (options->sink == NULL) return siem_misuse_null(function, "sink", err);
    if ((int)options->on_error < SIEM_STOP_ON_ERROR ||
        (int)options->on_error > SIEM_DEADLETTER_ON_ERROR) {
        return siem_error_set(err, SIEM_INVALID, "%s: on_error is %d: give one of siem_on_error",
                              function, (int)options->on_error);
    }
    if (options->on_error == SIEM_DEADLETTER_ON_ERROR && options->deadletter == NULL) {
        return siem_misuse_null(function, "deadletter", err);
    }
    if ((int)options->on_unverified < SIEM_EXPORT_UNVERIFIED ||
        (int)options->on_unverified > SIEM_REFUSE_UNVERIFIED) {
        return siem_error_set(err, SIEM_INVALID,
                              "%s: on_unverified is %d: give one of siem_on_unverified", function,
                              (int)options->on_unverified);
    }
    if (options->on_unverified != SIEM_EXPORT_UNVERIFIED && options->tlog == NULL) {
        return siem_misuse_null(function, "tlog", err);
    }
    if (options->open_mapping != NULL && options->close_mapping == NULL) {
        return siem_misuse_null(function, "close_mapping", err);
    }
    if (options->checkpoint != NULL && options->after != 0) {
        return siem_error_set(err, SIEM_INVALID, "%s: give either a checkpoint or after, not both",
                              function);
    }
    siem_code rc = siem_mapping_check_compiled(options->mapping, err);
    const siem_encoding *encoding = siem_mapping_encoding(options->mapping);
    if (rc == SIEM_OK && (options->sink->kind->accepts & encoding->bit) == 0) {
        rc = siem_error_set(err, SIEM_INVALID, "%s: a sink of kind %s takes no records in %s",
                            function, siem_sink_name(options->sink), encoding->name);
    }
    if (rc != SIEM_OK || options->checkpoint == NULL) return rc;
    rc = siem_checkpoint_check_names(options->checkpoint, siem_mapping_name(options->mapping),
                                     siem_sink_name(options->sink), err);
    if (rc != SIEM_OK) siem_error_prefix(err, "%s", function);
    return rc;
}

siem_code siem_export_enter(siem_export *export_, const char *function, siem_error *err) {
    if (export_ == NULL) return siem_misuse_null(function, "export", err);
    siem_sink *sink = export_->options.sink;
    if (sink == NULL) {
        return siem_error_set(err, SIEM_INVALID,
                              "%s: the sink of this export was closed: open an export on another",
                              function);
    }
    bool is_own = export_->delivery != NULL && siem_delivery_uses_sink(export_->delivery);
    siem_code rc = siem_sink_check_free(sink, is_own, function, err);
    if (rc == SIEM_OK) sink->runner = export_;
    return rc;
}

void siem_export_leave(siem_export *export_) {
    export_->options.sink->runner = NULL;
}

siem_code siem_export_check_begun(const siem_export *export_, const char *function,
                                  siem_error *err) {
    if (export_->delivery != NULL) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "%s: this export has ended with a failure: open another", function);
}

siem_code siem_export_check_event(const siem_export *export_, const siem_event *event,
                                  siem_error *err) {
    static const char function[] = "siem_export_send";
    if (event == NULL) return siem_misuse_null(function, "event", err);
    const siem_value *id = &event->fields[SIEM_REGISTRY_ID];
    const siem_checkpoint *checkpoint = export_->options.checkpoint;
    siem_code rc = siem_export_check_begun(export_, function, err);
    if (rc != SIEM_OK || checkpoint == NULL) return rc;
    rc = siem_checkpoint_check_id(checkpoint, id->bytes, id->size, err);
    if (rc != SIEM_OK) siem_error_prefix(err, "%s", function);
    return rc;
}

/* The output must not be one of the registry's own files, under any name. */
static siem_code check_output(const siem_export *export_, const siem_registry *registry,
                              siem_error *err) {
    const siem_line_file *file = export_->options.sink->lines;
    const char *path = siem_registry_database(registry)->path;
    struct stat open, named;
    if (file == NULL) return SIEM_OK;
    bool is_own = siem_line_file_status(file, &open, &named) &&
                  (siem_sqlite_file_is_of(path, &open) || siem_sqlite_file_is_of(path, &named));
    if (!is_own) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "cannot write to %s: it is the registry %s: give another file",
                          file->path != NULL ? file->path : "standard output", path);
}

siem_code siem_export_check_source(const siem_export *export_, const siem_source *source,
                                   const char *function, siem_error *err) {
    const siem_export_options *options = &export_->options;
    if (source == NULL) return siem_misuse_null(function, "source", err);
    if (options->checkpoint == NULL && options->after == 0 && options->tlog == NULL) {
        return SIEM_OK;
    }
    return siem_error_set(
        err, SIEM_INVALID,
        "%s: a checkpoint, after and tlog are of one registry: a source keeps its "
        "position by itself",
        function);
}

siem_code siem_export_check_registry(const siem_export *export_, const siem_registry *registry,
                                     const char *function, siem_error *err) {
    const siem_export_options *options = &export_->options;
    if (registry == NULL) return siem_misuse_null(function, "registry", err);
    bool is_followed = siem_registry_is_followed(registry);
    siem_code rc = is_followed ? SIEM_OK : siem_export_check_begun(export_, function, err);
    if (rc != SIEM_OK) return rc;
    if (options->checkpoint != NULL) {
        rc = siem_checkpoint_check_registry(options->checkpoint, registry, err);
    } else if (options->after != 0 && !is_followed) {
        rc = siem_error_set(err, SIEM_INVALID,
                            "after is given, and the registry is not followed: open it with follow "
                            "= true");
    }
    if (rc == SIEM_OK) rc = check_output(export_, registry, err);
    if (rc != SIEM_OK) siem_error_prefix(err, "%s", function);
    return rc;
}
