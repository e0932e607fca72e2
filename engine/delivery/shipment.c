/* shipment.c: ranges of records, halved where a target asks for it, until nothing is
 * left. */
#include "delivery/shipment.h"

#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* When this many records are refused one after another, and none was taken, the records are not at
 * fault. */
#define TOO_MANY_REFUSED 8

/* Makes room for as many records. Existing ones are not kept. */
static bool reserve(siem_shipment *s, size_t count) {
    if (count <= s->capacity) return true;
    siem_shipment_release(s);
    s->items = calloc(count, sizeof *s->items);
    s->chosen = calloc(count, sizeof *s->chosen);
    s->outcomes = calloc(count, sizeof *s->outcomes);
    s->scratch = calloc(count, sizeof *s->scratch);
    s->records = calloc(count, sizeof *s->records);
    s->blames = calloc(count, sizeof *s->blames);
    s->capacity = count;
    if (s->items != NULL && s->chosen != NULL && s->outcomes != NULL && s->scratch != NULL &&
        s->records != NULL && s->blames != NULL) {
        return true;
    }
    siem_shipment_release(s);
    return false;
}

siem_code siem_shipment_load(siem_shipment *s, const siem_request_items *request, siem_error *err) {
    size_t count = request->count;
    if (!reserve(s, count)) return siem_error_no_memory(err);
    memcpy(s->items, request->items, count * sizeof *s->items);
    memset(s->outcomes, 0, count * sizeof *s->outcomes);
    memset(s->blames, 0, count * sizeof *s->blames);
    s->count = count;
    s->ranges[0] = (siem_range){.end = count};
    s->range_count = 1;
    s->parcel.ticket = -1;
    s->phase = SIEM_READY;
    s->is_offered = false;
    s->not_before = 0;
    s->since = siem_clock();
    s->position = request->position;
    s->attempts = 0;
    s->too_much = s->failed_in_turn = 0;
    s->delivered_before = UINT64_MAX; /* it was not sent */
    s->failed_whole = s->is_round = s->is_itemwise = s->is_blamed = s->is_suspect = s->renewed =
        false;
    return SIEM_OK;
}

static bool is_undecided(const siem_shipment *s, size_t record) {
    return s->outcomes[record].verdict == SIEM_UNDECIDED;
}

/* A record that the target has, which may be sent again; or SIZE_MAX. One that failed once may just
 * have come at a bad moment. */
static size_t find_companion(const siem_shipment *s) {
    bool is_needed = s->is_itemwise && s->blames[s->records[0]].failures > 1;
    for (size_t i = 0; is_needed && i < s->count; i++) {
        if (s->outcomes[i].verdict == SIEM_DELIVERED) return i;
    }
    return SIZE_MAX;
}

/* Makes a record the parcel's at `index`. Returns whether it was. */
static bool choose(siem_shipment *s, size_t index, size_t record) {
    bool was = index < s->parcel.count && s->records[index] == record;
    s->records[index] = record;
    s->chosen[index] = s->items[record];
    return was;
}

/* Takes ranges off the top until one has an undecided record, and lists its records. */
bool siem_shipment_next(siem_shipment *s, size_t most, bool stores_once) {
    for (; s->range_count > 0; s->range_count--) {
        const siem_range *top = &s->ranges[s->range_count - 1];
        size_t count = 0;
        bool is_same = true;
        for (size_t i = top->first; i < top->end && count < most; i++) {
            if (is_undecided(s, i)) is_same &= choose(s, count++, i);
        }
        if (count == 0) continue;
        s->own = count;
        size_t companion = stores_once ? find_companion(s) : SIZE_MAX;
        if (companion != SIZE_MAX) is_same &= choose(s, count++, companion);
        if (!is_same || count != s->parcel.count) siem_parcel_unprepare(&s->parcel);
        s->parcel.items = s->chosen;
        s->parcel.count = count;
        s->parcel.outcomes = s->scratch;
        s->parcel.ticket = -1;
        return true;
    }
    return false;
}

/* Replaces the range on top by its two halves, as many undecided records in each. The suspect is in
 * one of them as well, which passes over it when it is decided. */
void siem_shipment_halve(siem_shipment *s, int suspect) {
    siem_range *top = &s->ranges[s->range_count - 1];
    size_t middle = s->records[s->own / 2];
    siem_range left = {.first = top->first, .end = middle};
    top->first = middle;
    s->ranges[s->range_count++] = left;
    if (suspect < 0) return;
    size_t record = s->records[suspect];
    s->ranges[s->range_count++] = (siem_range){.first = record, .end = record + 1};
}

siem_decision siem_shipment_record(siem_shipment *s, siem_answer *answer) {
    siem_decision decision = {0};
    for (size_t i = 0; i < s->own; i++) { /* a companion has its outcome */
        siem_outcome *from = &answer->outcomes[i], *to = &s->outcomes[s->records[i]];
        const char *reason = from->reason != NULL ? from->reason : answer->reason;
        switch (from->verdict) {
        case SIEM_HOLD:
            if (decision.remedy == NULL) decision.remedy = reason;
            break;
        case SIEM_RETRY: decision.retry = true; break;
        case SIEM_UNDECIDED: break;
        case SIEM_REJECT:
        case SIEM_DELIVERED:
            *to = *from;
            from->reason = NULL;
            if (to->verdict == SIEM_REJECT && to->reason == NULL) to->reason = strdup(reason);
            decision.decided++;
            decision.delivered += to->verdict == SIEM_DELIVERED;
        }
    }
    return decision;
}

static void forget_outcome(siem_outcome *outcome) {
    free((char *)outcome->reason);
    *outcome = (siem_outcome){.code = -1};
}

bool siem_shipment_absolve(siem_shipment *s) {
    size_t refused = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->outcomes[i].verdict == SIEM_DELIVERED) return false;
        refused += s->outcomes[i].verdict == SIEM_REJECT;
    }
    if (refused < TOO_MANY_REFUSED) return false;
    for (size_t i = 0; i < s->count; i++) forget_outcome(&s->outcomes[i]);
    return true;
}

void siem_shipment_clear(siem_shipment *s) {
    for (size_t i = 0; i < s->count; i++) forget_outcome(&s->outcomes[i]);
    siem_parcel_unprepare(&s->parcel);
    s->parcel.count = 0;
    s->count = 0;
}

void siem_shipment_release(siem_shipment *s) {
    siem_shipment_clear(s);
    free(s->items);
    free(s->chosen);
    free(s->outcomes);
    free(s->scratch);
    free(s->records);
    free(s->blames);
    s->items = s->chosen = NULL;
    s->outcomes = s->scratch = NULL;
    s->records = NULL;
    s->blames = NULL;
    s->capacity = 0;
}
