/* progress.c: offsets as a lag. */
#include "topic/progress.h"

/* What the topic has removed since is not left. */
siem_partition siem_progress_of(int32_t number, int64_t offset, int64_t low, int64_t high) {
    siem_partition partition = {.number = number, .offset = -1, .end = -1, .lag = -1};
    int64_t from = offset > low ? offset : low;
    if (offset >= 0) partition.offset = offset;
    if (high >= 0) partition.end = high;
    if (from >= 0 && high >= 0) partition.lag = high > from ? high - from : 0;
    return partition;
}
