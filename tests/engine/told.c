/* told.c: a carrier that keeps what it gets, and answers it once the delivery waits. */
#include "told.h"

#include "base/error.h"
#include "record/batch.h"
#include "testing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOTE(log, ...)                                                                             \
    do {                                                                                           \
        size_t size_ = strlen(log);                                                                \
        int more_ = snprintf((log) + size_, sizeof(log) - size_, __VA_ARGS__);                     \
        assert_true(size_ + (size_t)more_ < sizeof(log));                                          \
    } while (0)

int told_id(const siem_parcel *parcel, size_t index) {
    const siem_item *item = &parcel->items[index];
    return atoi(siem_batch_event_id(item->batch, item->record));
}

/* ---- the carrier ---- */

static bool begins_with(const siem_parcel *parcel, const char *ids) {
    char id[16];
    (void)snprintf(id, sizeof id, " %d ", told_id(parcel, 0));
    return ids != NULL && strstr(ids, id) != NULL;
}

static siem_code begin(siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    told_sink *told = (told_sink *)sink;
    NOTE(told->begun, "%d-%d%s%s ", told_id(parcel, 0), told_id(parcel, parcel->count - 1),
         parcel->elsewhere ? "*" : "", parcel->ticket >= 0 ? "?" : "");
    parcel->elsewhere = false;
    parcel->state = told;
    bool has_failed = begins_with(parcel, told->fails);
    if (!has_failed || sink->kind->carrier->wait == NULL) {
        assert_true(told->count == 0 || told->count < sink->pace.in_flight);
        told->waiting[told->count++] = parcel;
    }
    if (!has_failed) return SIEM_OK;
    return siem_error_set(err, SIEM_IO, "%s: no way there", sink->kind->name);
}

/* The first parcel that is answered, or their number. */
static size_t find_answered(const told_sink *told) {
    bool all = told->waits >= told->held_waits;
    size_t index = 0;
    while (!all && index < told->count && begins_with(told->waiting[index], told->held)) index++;
    return index;
}

static void wait_for(siem_sink *sink, int milliseconds) {
    told_sink *told = (told_sink *)sink;
    const struct timespec pause = {0, 1000000};
    told->waits++;
    if (find_answered(told) == told->count && milliseconds > 0) (void)nanosleep(&pause, NULL);
}

static void forget(told_sink *told, size_t index) {
    told->count--;
    memmove(&told->waiting[index], &told->waiting[index + 1],
            (told->count - index) * sizeof *told->waiting);
}

static siem_parcel *next(siem_sink *sink, siem_answer *answer) {
    told_sink *told = (told_sink *)sink;
    size_t index = find_answered(told);
    if (index == told->count) return NULL;
    siem_parcel *parcel = told->waiting[index];
    forget(told, index);
    *answer = siem_answer_begin(parcel->outcomes, parcel->count);
    siem_answer_all(answer, SIEM_DELIVERED, "in");
    if (told->reply != NULL) told->reply(told, parcel, answer);
    told->replies++;
    return parcel;
}

static void release(siem_sink *sink, siem_parcel *parcel, bool is_settled) {
    told_sink *told = (told_sink *)sink;
    if (parcel->state != NULL) NOTE(told->released, "%s", is_settled ? "+" : "-");
    parcel->state = NULL;
    for (size_t i = told->count; i-- > 0;) {
        if (told->waiting[i] == parcel) forget(told, i);
    }
}

static void rest(siem_sink *sink) {
    ((told_sink *)sink)->rests++;
}

void told_open(told_sink *told, size_t in_flight, size_t batch_events, double pause) {
    *told = (told_sink){
        .kind = {.name = "told", .can = SIEM_REJECTS, .accepts = ~0U},
        .carrier =
            {.begin = begin, .wait = wait_for, .next = next, .release = release, .rest = rest},
        .sink.pace = {.batch_bytes = SIZE_MAX,
                      .batch_events = batch_events,
                      .in_flight = in_flight,
                      .patience = {.retries = 9, .base = pause, .cap = pause, .is_steady = true}},
        .script = "",
        .record = "{}"};
    told->kind.carrier = &told->carrier;
    told->sink.kind = &told->kind;
}

void told_reply(told_sink *told, siem_parcel *parcel, siem_answer *answer) {
    char letter = *told->script != '\0' ? *told->script++ : 'd';
    (void)parcel;
    switch (tolower((unsigned char)letter)) {
    case 'r': siem_answer_all(answer, SIEM_RETRY, "not now"); break;
    case 'a': answer->next = SIEM_AGAIN; break;
    case 'h': siem_answer_halve(answer, "one of them"); break;
    case 'o': siem_answer_all(answer, SIEM_HOLD, "grant it"); break;
    case 'n':
        siem_answer_all(answer, SIEM_HOLD, "not with this");
        answer->next = SIEM_RENEWED;
        break;
    case 'u': siem_answer_all(answer, SIEM_UNDECIDED, "no verdict"); break;
    default: break;
    }
    answer->about_target = isupper((unsigned char)letter) != 0;
}

/* ---- the delivery ---- */

static siem_code settle(void *context, const siem_settlement *settlement, siem_error *err) {
    told_sink *told = context;
    for (size_t i = 0; i < settlement->count; i++) {
        siem_verdict verdict = settlement->outcomes[i].verdict;
        NOTE(told->settled, "%c",
             verdict == SIEM_DELIVERED ? 'D'
             : verdict == SIEM_REJECT  ? 'R'
                                       : '.');
    }
    if (settlement->position.id != 0) NOTE(told->settled, "@%d", (int)settlement->position.id);
    NOTE(told->settled, " ");
    return told->settle != NULL ? told->settle(settlement, err) : SIEM_OK;
}

static bool go_on(void *context) {
    told_sink *told = context;
    return told->goes_on == 0 || --told->goes_on > 0;
}

static void notice(void *context, const char *text) {
    told_sink *told = context;
    NOTE(told->notices, "%s\n", text);
}

void told_begin(told_sink *told) {
    const siem_delivery_calls calls = {settle, go_on, notice, told};
    assert_ok(siem_delivery_open(&told->delivery, &told->sink, SIZE_MAX, (siem_position){0}, &calls,
                                 &err));
}

siem_code told_push(told_sink *told, int first, int last, siem_error *err) {
    siem_batch *batch;
    size_t size = strlen(told->record);
    assert_ok(siem_delivery_take_batch(told->delivery, &batch, &err));
    for (int i = first; i <= last; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        assert_ok(siem_batch_add(batch, told->record, size, id, "r", 0, &err));
    }
    siem_batch_reach(batch, (siem_position){.id = last});
    return siem_delivery_push(told->delivery, batch, err);
}

siem_code told_end(told_sink *told, siem_error *err) {
    siem_code rc = siem_delivery_finish(told->delivery, err);
    siem_delivery_close(told->delivery);
    told->delivery = NULL;
    return rc;
}

siem_code told_send(told_sink *told, int last, siem_error *err) {
    told_begin(told);
    siem_code rc = told_push(told, 1, last, err);
    siem_code ended = told_end(told, err);
    return rc != SIEM_OK ? rc : ended;
}
