/* blame.c: counts failures of records, and divides requests that fail as a whole. */
#include "delivery/blame.h"

#include <string.h>

#define FAILURES    6
#define ROUNDS      3 /* failures with successes of others before them */
#define MOST_BLAMED 8

#define FAILED_IN_TURN 3 /* requests, until one is divided */
#define PARTS          4
#define MOST_PIECES    6 /* of a batch, while nothing shows that the target takes any */

static bool is_failure(const siem_outcome *outcome) {
    return outcome->verdict == SIEM_RETRY && outcome->http_status >= 500;
}

/* Rejects a record of an answer, which then has that reason alone. */
static void reject(siem_answer *answer, size_t index, const siem_blame *blame) {
    char reason[sizeof answer->reason];
    memcpy(reason, answer->reason, sizeof reason);
    siem_answer_one(answer, index, SIEM_REJECT, answer->outcomes[index].http_status,
                    "failed %d times, while the target took other records: %s", blame->failures,
                    reason);
}

void siem_blame_judge(siem_shipment *s, siem_answer *answer, uint64_t delivered, bool is_last) {
    size_t failed = 0, taken = 0;
    for (size_t i = 0; i < answer->count; i++) {
        bool is_taken = answer->outcomes[i].verdict == SIEM_DELIVERED;
        failed += is_failure(&answer->outcomes[i]);
        taken += is_taken;
        is_last &= !is_taken || i >= s->own; /* attempts are counted from the start again */
    }
    bool is_busy = answer->is_busy || answer->retry_after >= 0;
    s->failed_whole = failed == answer->count && !is_busy;
    if (taken > 0) s->failed_in_turn = 0;
    bool is_looked_at = taken == 0 || answer->is_itemwise; /* what was not taken */
    if (failed == 0 || !is_looked_at || is_busy) return;
    s->is_round = taken > 0 || delivered > s->delivered_before;
    s->is_blamed |= s->is_round;
    s->is_itemwise = answer->is_itemwise;
    for (size_t i = 0; i < s->own; i++) {
        siem_blame *blame = &s->blames[s->records[i]];
        if (!is_failure(&answer->outcomes[i])) continue;
        if (blame->failures < UINT8_MAX) blame->failures++;
        if (s->is_round && blame->rounds < UINT8_MAX) blame->rounds++;
        bool is_often = blame->failures >= FAILURES || is_last;
        bool is_alone = s->is_itemwise || answer->count == 1;
        if (is_often && is_alone && blame->rounds >= ROUNDS && failed <= MOST_BLAMED) {
            reject(answer, i, blame);
        }
    }
}

/* ---- what is sent next ---- */

static size_t part_of(size_t count) {
    return count > PARTS ? count / PARTS : 1;
}

/* Moves the range at an index to another one; those between make room. */
static void move(siem_shipment *s, size_t from, size_t to) {
    siem_range range = s->ranges[from];
    for (; from < to; from++) s->ranges[from] = s->ranges[from + 1];
    for (; from > to; from--) s->ranges[from] = s->ranges[from - 1];
    s->ranges[to] = range;
}

/* Divides a range before its undecided record of that number, of which it has more; the first part
 * is above. */
static void divide(siem_shipment *s, size_t index, size_t number) {
    siem_range *range = &s->ranges[index];
    size_t at = range->first;
    while (s->outcomes[at].verdict != SIEM_UNDECIDED || number-- > 0) at++;
    siem_range part = {.first = range->first, .end = at};
    range->first = at;
    range->has_failed = false;
    s->ranges[s->range_count] = part;
    move(s, s->range_count++, index + 1);
}

static size_t count_undecided(const siem_shipment *s, siem_range range) {
    size_t count = 0;
    for (size_t i = range.first; i < range.end; i++) {
        count += s->outcomes[i].verdict == SIEM_UNDECIDED;
    }
    return count;
}

/* Puts a part of the records that have not failed alone on top. False when all have. */
static bool bring_fresh(siem_shipment *s) {
    bool may_divide = s->range_count < (s->is_round ? SIEM_MOST_RANGES - 2 : MOST_PIECES);
    for (size_t i = s->range_count - 1; i-- > 0;) {
        size_t count = count_undecided(s, s->ranges[i]);
        if (s->ranges[i].has_failed || count == 0) continue;
        if (may_divide && count > 1) divide(s, i++, part_of(count));
        move(s, i, s->range_count - 1);
        return true;
    }
    return false;
}

void siem_blame_rearrange(siem_shipment *s) {
    if (!s->failed_whole) return;
    /* A record that is alone cannot be divided, and is suspected at once. */
    if (!s->is_suspect && s->parcel.count > 1 && ++s->failed_in_turn < FAILED_IN_TURN) return;
    s->is_suspect = true;
    size_t top = s->range_count - 1;
    bool may_divide = s->own > 1 && s->range_count < SIEM_MOST_RANGES - 2;
    if (may_divide && (s->is_round || top == 0)) {
        divide(s, top, part_of(s->own));
        return;
    }
    s->ranges[top].has_failed = true;
    if (!bring_fresh(s)) move(s, top, 0);
}
