/* sink.c: what all sinks can do. */
#include "sink/sink.h"

#include "base/error.h"
#include "base/misuse.h"
#include "source/registry_id.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const siem_pace siem_local_pace = {.patience = {.retries = 8, .base = 1, .cap = 60}};

size_t siem_sink_body_size(const siem_sink *sink, size_t count, size_t bytes) {
    const siem_carrier *carrier = sink->kind->carrier;
    return carrier->body_size != NULL ? carrier->body_size(sink, count, bytes) : bytes;
}

bool siem_sink_is_too_large(const siem_sink *sink, size_t count, size_t bytes) {
    size_t most = sink->pace.body_bytes;
    return most != 0 && siem_sink_body_size(sink, count, bytes) > most;
}

siem_code siem_sink_prepare(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    const siem_carrier *carrier = sink->kind->carrier;
    if (carrier->prepare == NULL || parcel->is_prepared) return SIEM_OK;
    siem_code rc = carrier->prepare(sink, parcel, err);
    parcel->is_prepared = rc == SIEM_OK;
    if (rc == SIEM_OK) return SIEM_OK;
    siem_parcel_unprepare(parcel);
    siem_error_prefix(err, "%s", sink->kind->name);
    return rc;
}

void siem_sink_keep_answer(siem_sink *sink, siem_parcel *parcel, const siem_answer *answer) {
    sink->answered = parcel;
    sink->answer = *answer;
}

siem_parcel *siem_sink_next_kept(siem_sink *sink, siem_answer *answer) {
    siem_parcel *parcel = sink->answered;
    if (parcel != NULL) *answer = sink->answer;
    sink->answered = NULL;
    return parcel;
}

/* ---- attempts that fail ---- */

/* "splunk at https://splunk:8088: " before a text. */
static void name_target(const siem_sink *sink, const char *text, char out[SIEM_CAUSE_SIZE]) {
    bool is_known = sink->target != NULL;
    (void)snprintf(out, SIEM_CAUSE_SIZE, "%s%s%s: %s", sink->kind->name, is_known ? " at " : "",
                   is_known ? sink->target : "", text);
}

void siem_sink_fails(siem_sink *sink, const char *reason) {
    char cause[SIEM_CAUSE_SIZE];
    name_target(sink, reason, cause);
    siem_outage_add(&sink->outage, cause);
}

bool siem_sink_waits(siem_sink *sink, double pause, double retry_after,
                     char text[SIEM_REPORT_SIZE]) {
    double beyond = siem_patience_beyond(&sink->pace.patience, retry_after);
    return siem_outage_report(&sink->outage, pause, beyond, text);
}

void siem_sink_add_remark(siem_sink *sink, const char *format, ...) {
    size_t size = strlen(sink->remark);
    va_list arguments;
    if (size > 0) (void)snprintf(sink->remark + size, sizeof sink->remark - size, "; ");
    size = strlen(sink->remark);
    va_start(arguments, format);
    (void)vsnprintf(sink->remark + size, sizeof sink->remark - size, format, arguments);
    va_end(arguments);
}

bool siem_sink_remark(siem_sink *sink, char text[SIEM_REPORT_SIZE]) {
    if (sink->remark[0] == '\0') return false;
    memcpy(text, sink->remark, sizeof sink->remark);
    sink->remark[0] = '\0';
    return true;
}

bool siem_sink_works(siem_sink *sink, char text[SIEM_REPORT_SIZE]) {
    char what[SIEM_CAUSE_SIZE];
    if (sink->outage.since == 0) return false;
    name_target(sink, "works again", what);
    return siem_outage_end(&sink->outage, what, text);
}

siem_wish siem_sink_wish(const siem_sink *sink, double retry_after) {
    siem_wish wish;
    siem_outage_describe_pause(siem_patience_beyond(&sink->pace.patience, retry_after), wish.text);
    return wish;
}

/* ---- reasons ---- */

void siem_sink_forget_reasons(siem_sink *sink) {
    for (size_t i = 0; i < sink->reason_count; i++) free(sink->reasons[i]);
    free(sink->reasons);
    sink->reasons = NULL;
    sink->reason_count = 0;
}

const char *siem_sink_keep_reason(siem_sink *sink, const char *reason) {
    char **longer = realloc(sink->reasons, (sink->reason_count + 1) * sizeof *longer);
    if (longer == NULL) return NULL;
    sink->reasons = longer;
    char *copy = strdup(reason);
    if (copy != NULL) sink->reasons[sink->reason_count++] = copy;
    return copy;
}

/* ---- preview and close ---- */

siem_code siem_sink_set_preview(siem_sink *sink, siem_preview_text preview, void *context,
                                siem_error *err) {
    if (sink == NULL) return siem_misuse_null(__func__, "sink", err);
    if (preview == NULL) return siem_misuse_null(__func__, "preview", err);
    if ((sink->kind->can & SIEM_PREVIEWS) == 0) {
        return siem_error_set(err, SIEM_INVALID, "a sink of kind %s makes no requests",
                              sink->kind->name);
    }
    sink->preview = preview;
    sink->preview_context = context;
    return SIEM_OK;
}

void siem_sink_set_go_on(siem_sink *sink, siem_sink_go_on go_on_, void *context) {
    if (sink == NULL) return;
    sink->go_on = go_on_;
    sink->go_on_context = context;
}

void siem_sink_set_notice(siem_sink *sink, siem_notice_function notice_, void *context) {
    if (sink == NULL) return;
    sink->notice = notice_;
    sink->notice_context = context;
}

const char *siem_sink_target(const siem_sink *sink) {
    return sink != NULL ? sink->target : NULL;
}

const char *siem_sink_beginning(const siem_sink *sink) {
    return sink != NULL && sink->lines != NULL ? sink->lines->beginning : NULL;
}

const char *siem_sink_name(const siem_sink *sink) {
    return sink != NULL ? sink->kind->name : NULL;
}

/* ---- probes ---- */

siem_code siem_sink_ping(siem_sink *sink, char answer[200], siem_error *err) {
    char unwanted[200];
    if (answer != NULL) answer[0] = '\0';
    if (sink == NULL) return siem_misuse_null(__func__, "sink", err);
    if (sink->kind->carrier->ping == NULL) {
        return siem_error_set(err, SIEM_INVALID, "a sink of kind %s has no target to ask",
                              sink->kind->name);
    }
    siem_code rc = siem_sink_check_free(sink, false, __func__, err);
    if (rc != SIEM_OK) return rc;
    return sink->kind->carrier->ping(sink, answer != NULL ? answer : unwanted, err);
}

static siem_code check_count(const siem_sink *sink, const siem_count *count, siem_error *err) {
    static const char function[] = "siem_sink_count";
    bool asks = count->size != 0;
    if (sink == NULL) return siem_misuse_null(function, "sink", err);
    if (count->event_ids == NULL && asks) return siem_misuse_null(function, "event_ids", err);
    if (count->counts == NULL && asks) return siem_misuse_null(function, "counts", err);
    if (count->size > SIEM_MOST_COUNTED) {
        return siem_error_set(err, SIEM_INVALID, "at most %d events are counted at once",
                              SIEM_MOST_COUNTED);
    }
    for (size_t i = 0; i < count->size; i++) {
        if (count->event_ids[i] == NULL) return siem_misuse_null(function, "an event id", err);
    }
    return siem_registry_id_check(count->registry_id, err);
}

siem_code siem_sink_count(siem_sink *sink, const char *registry_id, const char *const *event_ids,
                          size_t size, unsigned *counts, siem_error *err) {
    const siem_count count = {registry_id, event_ids, size, counts};
    siem_code rc = check_count(sink, &count, err);
    if (rc != SIEM_OK) return rc;
    if ((sink->kind->can & SIEM_COUNTS) == 0) {
        return siem_error_set(err, SIEM_INVALID, "a sink of kind %s cannot count events",
                              sink->kind->name);
    }
    rc = siem_sink_check_free(sink, false, __func__, err);
    return rc == SIEM_OK && size > 0 ? sink->kind->carrier->count(sink, &count, err) : rc;
}

/* ---- holders ---- */

void siem_sink_add_holder(siem_sink *sink, siem_sink_holder *holder) {
    holder->next = sink->holders;
    sink->holders = holder;
}

void siem_sink_remove_holder(siem_sink *sink, const siem_sink_holder *holder) {
    siem_sink_holder **at = &sink->holders;
    while (*at != holder) at = &(*at)->next;
    *at = holder->next;
}

siem_code siem_sink_check_free(const siem_sink *sink, bool is_own, const char *function,
                               siem_error *err) {
    if (sink->runner != NULL) {
        return siem_error_set(err, SIEM_INVALID,
                              "%s: an export is running on this sink: its functions cannot use it",
                              function);
    }
    bool answers_at_once = sink->kind->carrier->wait == NULL;
    if (answers_at_once || sink->users == (is_own ? 1 : 0)) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "%s: another export has records for this sink: finish that one first, or "
                          "give each a sink of its own",
                          function);
}

siem_code siem_sink_close(siem_sink *sink, siem_error *err) {
    if (sink == NULL) return SIEM_OK;
    if (sink->users > 0 || sink->runner != NULL) {
        return siem_error_set(err, SIEM_INVALID,
                              "this sink is still to be sent events: finish or close the export "
                              "that has them first");
    }
    for (siem_sink_holder *h = sink->holders; h != NULL; h = h->next) *h->sink = NULL;
    siem_sink_forget_reasons(sink);
    return sink->kind->close(sink, err);
}
