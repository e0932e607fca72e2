/* sizing.c: how many records a target takes at once, as its answers show. */
#include "sink/sizing.h"

#define REFUSED_IN_TURN 3
#define TAKEN_IN_TURN   64

size_t siem_sizing_most(const siem_sizing *sizing) {
    return sizing->most != 0 ? sizing->most : SIZE_MAX;
}

static bool is_too_much(const siem_answer *answer) {
    for (size_t i = 0; i < answer->count; i++) {
        const siem_outcome *outcome = &answer->outcomes[i];
        if (outcome->verdict != SIEM_RETRY || outcome->http_status != 429) return false;
    }
    return answer->retry_after < 0;
}

void siem_sizing_learn(siem_sizing *sizing, const siem_answer *answer, unsigned *refused,
                       size_t batch_size) {
    size_t half = answer->count > 1 ? answer->count / 2 : 1;
    if (is_too_much(answer)) {
        sizing->taken = 0;
        if (++*refused < REFUSED_IN_TURN) return;
        if (half < siem_sizing_most(sizing)) sizing->most = half;
        return;
    }
    *refused = 0;
    if (sizing->most == 0 || ++sizing->taken < TAKEN_IN_TURN) return;
    sizing->taken = 0;
    sizing->most = sizing->most <= batch_size / 2 ? sizing->most * 2 : 0;
}
