/* function.c: a sink that is a function of the caller. */
#include "base/error.h"
#include "base/misuse.h"
#include "sink/sink.h"

#include <stdlib.h>
#include <string.h>

typedef struct function_sink {
    siem_sink sink;
    siem_send_function send;
    void (*close)(void *context);
    void *context;
} function_sink;

static siem_code check_outcomes(const siem_answer *answer, siem_error *err) {
    for (size_t i = 0; i < answer->count; i++) {
        int verdict = (int)answer->outcomes[i].verdict;
        if (verdict >= SIEM_UNDECIDED && verdict <= SIEM_HOLD) continue;
        return siem_error_set(err, SIEM_INVALID,
                              "the function 'send' gave record %zu the unknown verdict %d: give "
                              "one of siem_verdict",
                              i, verdict);
    }
    return SIEM_OK;
}

/* A reason is copied, because the caller's may be gone when it is needed. A record without a reason
 * must not get that of another. */
static void copy_reasons(siem_answer *answer) {
    for (size_t i = 0; i < answer->count; i++) {
        siem_outcome *outcome = &answer->outcomes[i];
        bool ends = outcome->verdict == SIEM_REJECT || outcome->verdict == SIEM_HOLD;
        const char *reason = outcome->reason;
        outcome->reason = NULL;
        if (reason == NULL && !ends) continue;
        if (reason == NULL) reason = "the sink gave no reason";
        siem_answer_one(answer, i, outcome->verdict, outcome->http_status, "%s", reason);
    }
}

static siem_code call(function_sink *function, const siem_batch *batch, siem_answer *answer,
                      siem_error *err) {
    siem_error left = {0};
    siem_answer_all(answer, SIEM_DELIVERED, "the sink gave no reason");
    siem_code rc = function->send(function->context, batch, answer->outcomes, &left);
    rc = siem_misuse_function(rc, "send", &left, err);
    if (rc == SIEM_OK) rc = check_outcomes(answer, err);
    if (rc == SIEM_OK) {
        copy_reasons(answer);
        return SIEM_OK;
    }
    for (size_t i = 0; i < answer->count; i++) answer->outcomes[i].reason = NULL; /* the caller's */
    siem_answer_all(answer, SIEM_UNDECIDED, "the sink failed");
    return rc;
}

/* The caller sees a batch of the parcel's records alone. */
static siem_code begin(siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    function_sink *function = (function_sink *)sink;
    siem_batch *copy;
    const siem_batch *batch;
    siem_answer answer = siem_answer_begin(parcel->outcomes, parcel->count);
    siem_code rc = siem_parcel_batch(parcel, &batch, &copy, err);
    if (rc == SIEM_OK) rc = call(function, batch, &answer, err);
    siem_batch_close(copy);
    siem_sink_keep_answer(sink, parcel, &answer);
    return rc;
}

static const siem_carrier carrier = {.begin = begin, .next = siem_sink_next_kept};

static siem_code close_function(siem_sink *sink, siem_error *err) {
    function_sink *function = (function_sink *)sink;
    (void)err;
    if (function->close != NULL) function->close(function->context);
    free(function);
    return SIEM_OK;
}

static const siem_sink_kind function_kind = {.name = "function",
                                             .can = SIEM_REJECTS | SIEM_WHOLE_EVENTS,
                                             .accepts = ~0u,
                                             .carrier = &carrier,
                                             .close = close_function};

siem_code siem_sink_open_function(siem_sink **out, siem_send_function send,
                                  void (*close)(void *context), void *context, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (send == NULL) return siem_misuse_null(__func__, "send", err);
    function_sink *function = calloc(1, sizeof *function);
    if (function == NULL) return siem_error_no_memory(err);
    *function = (function_sink){.sink = {.kind = &function_kind, .pace = siem_local_pace},
                                .send = send,
                                .close = close,
                                .context = context};
    *out = &function->sink;
    return SIEM_OK;
}
