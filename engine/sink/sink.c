/* sink.c: the table of kinds, and what all sinks can do. */
#include "sink/sink.h"

#include "base/error.h"
#include "base/misuse.h"
#include "delivery/delivery.h"
#include "export/export.h"
#include "record/batch.h"
#include "sink/kinds.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_PAUSE 3600.0 /* that a server can ask for */

static const siem_sink_kind *const kinds[] = {&siem_kind_http,    &siem_kind_splunk,
                                              &siem_kind_elastic, &siem_kind_sentinel,
                                              &siem_kind_azure,   NULL};

const siem_pace siem_local_pace = {.retries = 8, .retry_base = 1, .retry_cap = 60};

const siem_sink_kind *siem_sink_kind_at(size_t index) {
    return index < sizeof kinds / sizeof *kinds ? kinds[index] : NULL;
}

const char *siem_sink_kind_name(const siem_sink_kind *kind) {
    return kind != NULL ? kind->name : NULL;
}

const char *siem_sink_kind_summary(const siem_sink_kind *kind) {
    return kind != NULL ? kind->summary : NULL;
}

const char *siem_sink_kind_format(const siem_sink_kind *kind) {
    return kind != NULL ? kind->format : NULL;
}

bool siem_sink_kind_option(const siem_sink_kind *kind, size_t index, siem_sink_option *option) {
    if (kind == NULL || option == NULL) return false;
    const siem_option_spec *const tables[] = {kind->options, kind->shared_options};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const siem_option_spec *spec = tables[i]; spec != NULL && spec->name != NULL; spec++) {
            if (index-- > 0) continue;
            siem_option_show(spec, option);
            return true;
        }
    }
    return false;
}

siem_code siem_sink_open(siem_sink **out, const char *kind, const siem_option *options,
                         size_t option_count, siem_error *err) {
    siem_options given = {options, option_count};
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (kind == NULL) return siem_misuse_null(__func__, "kind", err);
    siem_code rc = siem_misuse_options(__func__, options, option_count, err);
    if (rc != SIEM_OK) return rc;
    for (size_t i = 0; kinds[i] != NULL; i++) {
        if (strcmp(kinds[i]->name, kind) != 0) continue;
        rc = kinds[i]->open(out, &given, err);
        if (rc != SIEM_OK) siem_error_prefix(err, "%s", kind);
        return rc;
    }
    return siem_error_set(err, SIEM_NOT_FOUND,
                          "there is no kind of sink '%s': siem_sink_kind_at has all", kind);
}

size_t siem_sink_body_size(const siem_sink *sink, const siem_batch *batch) {
    size_t bytes;
    (void)siem_batch_bytes(batch, &bytes);
    if (sink->http == NULL) return bytes;
    return sink->kind->protocol->body_size(sink, siem_batch_size(batch), bytes);
}

bool siem_sink_is_too_large(const siem_sink *sink, const siem_batch *batch) {
    size_t most = sink->pace.body_bytes;
    return most != 0 && siem_sink_body_size(sink, batch) > most;
}

/* ---- attempts that fail ---- */

/* Full jitter: random up to a bound that doubles, so that many clients do not come back at once. */
double siem_sink_pause(const siem_sink *sink, int64_t attempts, double retry_after) {
    const siem_pace *pace = &sink->pace;
    if (retry_after >= 0) return fmin(retry_after, LONGEST_PAUSE);
    double bound =
        fmin(ldexp(pace->retry_base, attempts < 60 ? (int)attempts : 60), pace->retry_cap);
    return bound * ((double)arc4random() / (double)UINT32_MAX);
}

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

/* What a server asks for beyond the pauses that the sink's options allow; else negative. */
static double beyond(const siem_sink *sink, double retry_after) {
    return retry_after > sink->pace.retry_cap ? retry_after : -1;
}

bool siem_sink_waits(siem_sink *sink, double pause, double retry_after,
                     char text[SIEM_REPORT_SIZE]) {
    return siem_outage_report(&sink->outage, pause, beyond(sink, retry_after), text);
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

bool siem_sink_remark(siem_sink *sink, const siem_request *request, char text[SIEM_REPORT_SIZE]) {
    if (!sink->told_exposure && siem_request_is_exposed(request)) {
        const char *url = request->url.bytes;
        int origin = (int)(7 + strcspn(url + 7, "/?#"));
        siem_sink_add_remark(sink, "credentials go to %.*s unencrypted: use https", origin, url);
        sink->told_exposure = true;
    }
    memcpy(text, sink->remark, sizeof sink->remark);
    sink->remark[0] = '\0';
    return text[0] != '\0';
}

bool siem_sink_works(siem_sink *sink, char text[SIEM_REPORT_SIZE]) {
    char what[SIEM_CAUSE_SIZE];
    if (sink->outage.since == 0) return false;
    name_target(sink, "works again", what);
    return siem_outage_end(&sink->outage, what, text);
}

siem_wish siem_sink_wish(const siem_sink *sink, double retry_after) {
    siem_wish wish;
    siem_outage_describe_pause(beyond(sink, retry_after), wish.text);
    return wish;
}

/* ---- send ---- */

static void forget_reasons(siem_sink *sink) {
    for (size_t i = 0; i < sink->reason_count; i++) free(sink->reasons[i]);
    free(sink->reasons);
    sink->reasons = NULL;
    sink->reason_count = 0;
}

typedef struct send_state {
    siem_sink *sink;
    siem_outcome *outcomes; /* of the records that are not settled yet; NULL: nobody asked */
    siem_error rejected;    /* the first record that was, or SIEM_OK */
} send_state;

/* A copy of a reason that lives until the sink sends again. Without memory: NULL. */
static const char *keep_reason(siem_sink *sink, const char *reason) {
    char **longer = realloc(sink->reasons, (sink->reason_count + 1) * sizeof *longer);
    if (longer == NULL) return NULL;
    sink->reasons = longer;
    char *copy = strdup(reason);
    if (copy != NULL) sink->reasons[sink->reason_count++] = copy;
    return copy;
}

static siem_code settle(void *context, const siem_settlement *settlement, siem_error *err) {
    send_state *s = context;
    const siem_batch *batch = settlement->batch;
    (void)err;
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        const siem_outcome *outcome = &settlement->outcomes[i];
        const char *reason = outcome->reason != NULL ? outcome->reason : "rejected";
        if (outcome->verdict == SIEM_REJECT && s->rejected.code == SIEM_OK) {
            (void)siem_error_set(&s->rejected, SIEM_REFUSED, "event %s: %s",
                                 siem_batch_event_id(batch, i), reason);
        }
        if (s->outcomes == NULL) continue;
        *s->outcomes = *outcome;
        if (outcome->reason != NULL) s->outcomes->reason = keep_reason(s->sink, reason);
        s->outcomes++;
    }
    return SIEM_OK;
}

static bool go_on(void *context) {
    const siem_sink *sink = ((const send_state *)context)->sink;
    return sink->go_on == NULL || sink->go_on(sink->go_on_context);
}

static void notice(void *context, const char *text) {
    const siem_sink *sink = ((const send_state *)context)->sink;
    if (sink->notice != NULL) sink->notice(sink->notice_context, text);
}

/* Sends a batch in as many requests as its target's limits make of it. */
static siem_code send_all(siem_delivery *delivery, const siem_batch *batch, siem_error *err) {
    const siem_position nowhere = {0};
    siem_code rc = SIEM_OK;
    for (size_t i = 0; rc == SIEM_OK && i < siem_batch_size(batch); i++) {
        rc = siem_batch_append(siem_delivery_batch(delivery), batch, &i, 1, err);
        if (rc == SIEM_OK && siem_delivery_added(delivery)) {
            rc = siem_delivery_commit(delivery, nowhere, err);
        }
    }
    return rc == SIEM_OK ? siem_delivery_finish(delivery, err) : rc;
}

siem_code siem_sink_send(siem_sink *sink, const siem_batch *batch, siem_outcome *outcomes,
                         siem_error *err) {
    siem_delivery *delivery;
    if (sink == NULL) return siem_misuse_null(__func__, "sink", err);
    if (batch == NULL) return siem_misuse_null(__func__, "batch", err);
    siem_code rc = siem_sink_check_free(sink, false, __func__, err);
    if (rc != SIEM_OK) return rc;
    send_state s = {.sink = sink, .outcomes = outcomes};
    size_t count = siem_batch_size(batch);
    forget_reasons(sink);
    if (outcomes != NULL) memset(outcomes, 0, count * sizeof *outcomes);
    const siem_delivery_calls calls = {settle, go_on, notice, &s};
    rc = siem_delivery_open(&delivery, sink, SIZE_MAX, &calls, err);
    if (rc == SIEM_OK) rc = send_all(delivery, batch, err);
    siem_delivery_close(delivery);
    if (rc != SIEM_OK || s.rejected.code == SIEM_OK) return rc;
    if (err != NULL) *err = s.rejected;
    return SIEM_REFUSED;
}

/* ---- preview and close ---- */

siem_code siem_sink_set_preview(siem_sink *sink, siem_preview_text preview, void *context,
                                siem_error *err) {
    if (sink == NULL) return siem_misuse_null(__func__, "sink", err);
    if (preview == NULL) return siem_misuse_null(__func__, "preview", err);
    if (sink->http == NULL) {
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

/* ---- exports ---- */

void siem_sink_add_export(siem_sink *sink, siem_export *export_) {
    export_->next_of_sink = sink->exports;
    sink->exports = export_;
}

void siem_sink_remove_export(siem_sink *sink, const siem_export *export_) {
    siem_export **at = &sink->exports;
    while (*at != export_) at = &(*at)->next_of_sink;
    *at = export_->next_of_sink;
}

siem_code siem_sink_check_free(const siem_sink *sink, bool is_own, const char *function,
                               siem_error *err) {
    if (sink->runner != NULL) {
        return siem_error_set(err, SIEM_INVALID,
                              "%s: an export is running on this sink: its functions cannot use it",
                              function);
    }
    if (sink->http == NULL || sink->users == (is_own ? 1 : 0)) return SIEM_OK;
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
    for (siem_export *e = sink->exports; e != NULL; e = e->next_of_sink) e->options.sink = NULL;
    forget_reasons(sink);
    return sink->kind->close(sink, err);
}
