/* ledger.c: a queue of what was read, and a list of partitions. */
#include "topic/ledger.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_ROOM 1024
#define NOBODY     (-1) /* the partition of a message that is another member's */

typedef siem_message_place entry;

struct siem_ledger {
    entry *entries; /* a ring of a power of two */
    size_t room, count;
    int64_t first; /* the number of the first one */
    siem_share *shares;
    size_t share_count;
};

siem_code siem_ledger_open(siem_ledger **out, siem_error *err) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return siem_error_no_memory(err);
    (*out)->first = 1;
    return SIEM_OK;
}

void siem_ledger_close(siem_ledger *ledger) {
    if (ledger == NULL) return;
    free(ledger->entries);
    free(ledger->shares);
    free(ledger);
}

/* ---- partitions ---- */

siem_share *siem_ledger_share(siem_ledger *ledger, size_t index) {
    return index < ledger->share_count ? &ledger->shares[index] : NULL;
}

siem_share *siem_ledger_find(siem_ledger *ledger, int32_t partition) {
    for (size_t i = 0; i < ledger->share_count; i++) {
        if (ledger->shares[i].partition == partition) return &ledger->shares[i];
    }
    return NULL;
}

/* Where the group is elsewhere than where this member knew it to be, another member has read
 * further, or somebody has set it back. */
static int64_t start_of(const siem_share *share, int64_t committed) {
    bool is_known = committed >= share->committed && committed <= share->done;
    return is_known ? share->done : committed;
}

siem_code siem_ledger_hold(siem_ledger *ledger, int32_t partition, int64_t committed,
                           siem_error *err) {
    siem_share *share = siem_ledger_find(ledger, partition);
    if (share == NULL) {
        siem_share *shares = realloc(ledger->shares, (ledger->share_count + 1) * sizeof *shares);
        if (shares == NULL) return siem_error_no_memory(err);
        ledger->shares = shares;
        share = &shares[ledger->share_count++];
        *share = (siem_share){.partition = partition, .done = -1, .end = -1};
    }
    share->start = start_of(share, committed);
    share->done = share->start > committed ? share->start : -1;
    share->committed = committed;
    share->is_held = true;
    share->is_read = false;
    return SIEM_OK;
}

/* ---- messages ---- */

static entry *at(const siem_ledger *ledger, int64_t number) {
    return &ledger->entries[(uint64_t)number & (ledger->room - 1)];
}

static siem_code grow(siem_ledger *ledger, siem_error *err) {
    siem_ledger grown = *ledger;
    grown.room = ledger->room == 0 ? LEAST_ROOM : 2 * ledger->room;
    grown.entries = calloc(grown.room, sizeof *grown.entries);
    if (grown.entries == NULL) return siem_error_no_memory(err);
    for (size_t i = 0; i < ledger->count; i++) {
        int64_t number = ledger->first + (int64_t)i;
        *at(&grown, number) = *at(ledger, number);
    }
    free(ledger->entries);
    *ledger = grown;
    return SIEM_OK;
}

siem_code siem_ledger_add(siem_ledger *ledger, const siem_message_place *place, int64_t *number,
                          siem_error *err) {
    siem_code rc = ledger->count == ledger->room ? grow(ledger, err) : SIEM_OK;
    if (rc != SIEM_OK) return rc;
    *number = ledger->first + (int64_t)ledger->count++;
    *at(ledger, *number) = *place;
    siem_share *share = siem_ledger_find(ledger, place->partition);
    if (share == NULL) return SIEM_OK;
    if (share->start < 0) share->start = place->offset;
    share->is_read = share->end >= 0 && place->offset + 1 >= share->end;
    return SIEM_OK;
}

void siem_ledger_settle(siem_ledger *ledger, int64_t number) {
    for (; ledger->count > 0 && ledger->first <= number; ledger->first++, ledger->count--) {
        const entry *done = at(ledger, ledger->first);
        siem_share *share = siem_ledger_find(ledger, done->partition);
        if (share != NULL) share->done = done->offset + 1;
    }
}

void siem_ledger_drop(siem_ledger *ledger, int32_t partition) {
    siem_share *share = siem_ledger_find(ledger, partition);
    if (share != NULL) share->is_held = false;
    for (size_t i = 0; i < ledger->count; i++) {
        entry *lost = at(ledger, ledger->first + (int64_t)i);
        if (lost->partition == partition) lost->partition = NOBODY;
    }
}

void siem_ledger_forget(siem_ledger *ledger) {
    for (size_t i = 0; i < ledger->count; i++) {
        at(ledger, ledger->first + (int64_t)i)->partition = NOBODY;
    }
    ledger->share_count = 0;
}

/* The first message after `number` of a partition is the one to begin with again. */
static void rewind_share(siem_ledger *ledger, int32_t partition, int64_t number,
                         siem_restart_function restart, void *context) {
    const int64_t end = ledger->first + (int64_t)ledger->count;
    bool is_found = false;
    for (int64_t i = number < ledger->first ? ledger->first : number + 1; i < end; i++) {
        entry *again = at(ledger, i);
        if (again->partition != partition) continue;
        if (!is_found) restart(context, partition, again->offset);
        is_found = true;
        again->partition = NOBODY;
    }
    if (is_found) siem_ledger_find(ledger, partition)->is_read = false;
}

void siem_ledger_rewind(siem_ledger *ledger, int64_t number, siem_restart_function restart,
                        void *context) {
    for (size_t i = 0; i < ledger->share_count; i++) {
        rewind_share(ledger, ledger->shares[i].partition, number, restart, context);
    }
}

bool siem_ledger_is_ahead(const siem_ledger *ledger) {
    bool is_ahead = false;
    for (size_t i = 0; i < ledger->share_count; i++) {
        is_ahead = is_ahead || ledger->shares[i].done > ledger->shares[i].committed;
    }
    return is_ahead;
}

size_t siem_ledger_open_count(const siem_ledger *ledger) {
    return ledger->count;
}

int64_t siem_ledger_oldest(const siem_ledger *ledger) {
    return ledger->count > 0 ? at(ledger, ledger->first)->time : 0;
}
