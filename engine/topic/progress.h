/* progress.h: how far a group is in a partition. */
#ifndef SIEM_PROGRESS_H
#define SIEM_PROGRESS_H

#include <oversight/siem.h>

/* `offset`: of the first message that is not done; negative: none is, and all that is there is
 * left. `low` and `high`: where the partition begins and ends; negative: unknown. */
siem_partition siem_progress_of(int32_t number, int64_t offset, int64_t low, int64_t high);

#endif
