/* status.c: the meaning of HTTP statuses, and the part of a body that is shown. */
#include "sink/http/status.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void siem_answer_excerpt(const siem_response *response, char out[200]) {
    size_t size = 0;
    bool space = true;
    if (response->repeats_secret) {
        (void)snprintf(out, 200, "**** (its text is omitted: it repeats a credential)");
        return;
    }
    for (size_t i = 0; i < response->body.size && size < 190; i++) {
        unsigned char c = (unsigned char)response->body.bytes[i];
        bool blank = c <= ' ' || c >= 0x7f;
        if (!blank || !space) out[size++] = (char)(blank ? ' ' : c);
        space = blank;
    }
    out[size] = '\0';
}

/* A gateway or a sign-in page in front of the target answers for it, with a success. */
static bool is_web_page(const siem_response *response) {
    static const char *const marks[] = {"<!doctype html", "<html"};
    const char *bytes = response->body.bytes;
    size_t size = response->body.size < 512 ? response->body.size : 512, at = 0;
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) at = 3; /* a byte order mark */
    while (at < size && strchr(" \t\r\n", bytes[at]) != NULL) at++;
    if (at == size || bytes[at] != '<') return false;
    for (; at < size; at++) {
        for (size_t i = 0; i < 2; i++) {
            size_t length = strlen(marks[i]);
            if (size - at >= length && strncasecmp(bytes + at, marks[i], length) == 0) return true;
        }
    }
    return false;
}

void siem_answer_not_its_own(siem_answer *answer, const siem_response *response,
                             const char *whose) {
    char excerpt[200];
    siem_answer_excerpt(response, excerpt);
    siem_answer_all(answer, SIEM_HOLD,
                    "HTTP %d: the answer is not that of %s: correct the URL, or the proxy on the "
                    "way%s%s",
                    response->status, whose, excerpt[0] != '\0' ? ": " : "", excerpt);
}

/* 1xx, 3xx and 4xx: the address or the credentials are wrong. */
static void hold(siem_answer *answer, const char *said) {
    int status = answer->http_status;
    const char *advice = status >= 300 && status < 400 ? "the server redirects: give its new URL"
                         : status == 401 ? "the credentials are not accepted: renew them"
                         : status == 403 ? "the credentials do not allow this: grant the right"
                         : status == 404 || status == 405 ? "the URL is wrong: correct its path"
                         : status == 407 ? "the proxy wants credentials: put them into its URL"
                                         : "correct the sink's options";
    siem_answer_all(answer, SIEM_HOLD, "HTTP %d: %s%s%s", status, advice, *said != '\0' ? ": " : "",
                    said);
}

void siem_answer_http_saying(siem_answer *answer, const siem_response *response, const char *said) {
    int status = response->status;
    const char *colon = *said != '\0' ? ": " : "";
    answer->http_status = status;
    answer->retry_after = response->retry_after;
    if (response->remedy != NULL) {
        siem_answer_all(answer, SIEM_HOLD, "%s: %s", response->remedy, response->fault);
    } else if (response->fault[0] != '\0') {
        siem_answer_all(answer, SIEM_RETRY, "%s", response->fault);
    } else if (status >= 200 && status < 300 && is_web_page(response)) {
        siem_answer_all(answer, SIEM_RETRY, "HTTP %d with a web page, which is not the target's",
                        status);
    } else if (status >= 200 && status < 300) {
        siem_answer_all(answer, SIEM_DELIVERED, "HTTP %d", status);
    } else if (status == 408 || status == 425 || status == 429 || status >= 500) {
        siem_answer_all(answer, SIEM_RETRY, "HTTP %d%s%s", status, colon, said);
    } else if (status == 413) {
        siem_answer_halve(answer, "HTTP 413: the record alone is too large");
    } else if ((status == 400 || status == 422) && is_web_page(response)) {
        siem_answer_not_its_own(answer, response, "a collector");
    } else if (status == 400 || status == 422) {
        siem_answer_halve(answer, "HTTP %d%s%s", status, colon, said);
    } else {
        hold(answer, said);
    }
}

void siem_answer_http(siem_answer *answer, const siem_response *response) {
    char excerpt[200];
    siem_answer_excerpt(response, excerpt);
    siem_answer_http_saying(answer, response, excerpt);
}

void siem_answer_mask(siem_answer *answer, const siem_request *request) {
    (void)siem_request_mask(request, answer->reason, strlen(answer->reason));
    for (size_t i = 0; i < answer->count; i++) {
        char *reason = (char *)answer->outcomes[i].reason;
        if (reason != NULL) (void)siem_request_mask(request, reason, strlen(reason));
    }
}
