/* lane.c: cookies and a mark, and a list of lanes that are free. */
#include "sink/http/lane.h"

#include "base/curl.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 6265, 6.1, lets a client keep 50 cookies a host; balancers set one or two. libcurl takes 50
 * of each answer, and has no bound on all of them. */
#define MOST_COOKIES      50
#define MOST_COOKIE_BYTES ((size_t)16 << 10)

struct siem_lane {
    CURLSH *cookies;
    char mark[13];
    siem_lane *next; /* of the list that it is on */
};

siem_code siem_lane_renew(siem_lane *lane, siem_error *err) {
    CURLSH *cookies = siem_curl.share_init();
    if (cookies == NULL ||
        siem_curl.share_setopt(cookies, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) != CURLSHE_OK) {
        (void)siem_curl.share_cleanup(cookies);
        return siem_error_no_memory(err);
    }
    (void)siem_curl.share_cleanup(lane->cookies);
    lane->cookies = cookies;
    (void)snprintf(lane->mark, sizeof lane->mark, "%04x%08x", (unsigned)arc4random() & 0xffff,
                   (unsigned)arc4random());
    return SIEM_OK;
}

siem_code siem_lane_take(siem_lane **out, siem_lane **list, siem_error *err) {
    siem_lane *lane = *list;
    *out = lane;
    if (lane != NULL) {
        *list = lane->next;
        lane->next = NULL;
        return SIEM_OK;
    }
    lane = calloc(1, sizeof *lane);
    if (lane == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_lane_renew(lane, err);
    if (rc == SIEM_OK) *out = lane;
    else free(lane);
    return rc;
}

void siem_lane_give(siem_lane *lane, siem_lane **list) {
    if (lane == NULL) return;
    lane->next = *list;
    *list = lane;
}

const char *siem_lane_mark(const siem_lane *lane) {
    return lane->mark;
}

void *siem_lane_cookies(const siem_lane *lane) {
    return lane->cookies;
}

void siem_lane_trim(siem_lane *lane, void *transfer) {
    struct curl_slist *cookies = NULL;
    size_t count = 0, bytes = 0;
    (void)lane; /* whose share the transfer has */
    (void)siem_curl.easy_getinfo(transfer, CURLINFO_COOKIELIST, &cookies);
    for (const struct curl_slist *at = cookies; at != NULL; at = at->next) {
        count++;
        bytes += strlen(at->data);
    }
    siem_curl.slist_free_all(cookies);
    if (count > MOST_COOKIES || bytes > MOST_COOKIE_BYTES) {
        (void)siem_curl.easy_setopt(transfer, CURLOPT_COOKIELIST, "ALL");
    }
}

void siem_lane_close(siem_lane *lane) {
    while (lane != NULL) {
        siem_lane *next = lane->next;
        (void)siem_curl.share_cleanup(lane->cookies);
        free(lane);
        lane = next;
    }
}
