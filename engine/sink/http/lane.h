/* lane.h: a way to one node of a target behind a balancer.
 *
 * A balancer chooses a node for the first request, and finds it again by a cookie. So each lane has
 * cookies of its own, and a mark that no other lane has. A promise of a node is asked for only on
 * its lane: another node may use the same number for something else. */
#ifndef SIEM_LANE_H
#define SIEM_LANE_H

#include <oversight/siem.h>

typedef struct siem_lane siem_lane;

/* Takes a lane off a list of free ones, or makes one when there is none. Owned. Errors:
 * SIEM_NO_MEMORY. */
siem_code siem_lane_take(siem_lane **out, siem_lane **list, siem_error *err);

/* Puts it back, for the next request. NULL is allowed. */
void siem_lane_give(siem_lane *lane, siem_lane **list);

/* The mark: twelve random hexadecimal digits. Borrowed until the lane is renewed or returned. */
const char *siem_lane_mark(const siem_lane *lane);

/* The cookies, a CURLSH. Borrowed in the same way; no transfer may use them then. */
void *siem_lane_cookies(const siem_lane *lane);

/* Forgets its cookies when a server gave it too many, for the transfer that last went on it, a
 * CURL. */
void siem_lane_trim(siem_lane *lane, void *transfer);

/* Renews a lane: a new mark, and no cookies, so that the balancer chooses again. Errors:
 * SIEM_NO_MEMORY. */
siem_code siem_lane_renew(siem_lane *lane, siem_error *err);

/* Closes a lane, or all of a list. NULL is allowed. */
void siem_lane_close(siem_lane *lane);

#endif
