/* response.c: bounds of answers, and their decoding. */
#include "sink/http/response.h"

#include "sink/http/content_encoding.h"

#include <stdio.h>

#define MOST_HEAD_BYTES ((size_t)64 << 10)
#define BYTES_OF_VALUE                                                                             \
    32 /* what an answer of a real target has for each of its values, or more                      \
        */

void siem_response_begin(siem_response *response, size_t most) {
    response->status = 0;
    response->retry_after = -1;
    response->server[0] = '\0';
    response->body.size = 0;
    response->fault[0] = '\0';
    response->remedy = NULL;
    response->most = most;
    response->head_size = 0;
    response->is_cut = response->repeats_secret = false;
}

bool siem_response_add_head(siem_response *response, size_t size) {
    response->head_size += size;
    if (response->head_size <= MOST_HEAD_BYTES) return true;
    (void)snprintf(response->fault, sizeof response->fault,
                   "the headers of the answer are longer than %zu KiB", MOST_HEAD_BYTES >> 10);
    return false;
}

bool siem_response_add(siem_response *response, const char *bytes, size_t size) {
    size_t room = response->most - response->body.size, taken = size < room ? size : room;
    response->is_cut = taken < size;
    /* The answer of a token service is secret itself. */
    if (siem_buffer_reserve_secret(&response->body, taken + 1)) {
        siem_buffer_add(&response->body, bytes, taken);
    }
    return !response->is_cut && !response->body.failed;
}

static void drop_body(siem_response *response) {
    siem_buffer_free_secret(&response->body);
}

/* Whether it is JSON with so many values, as far as commas and brackets outside of texts tell. */
static bool has_more_values(const siem_buffer *body, size_t most) {
    const char *at = body->bytes, *end = at + body->size;
    size_t values = 1;
    bool is_text = false;
    while (at < end && strchr(" \t\r\n", *at) != NULL) at++;
    if (at == end || (*at != '{' && *at != '[')) return false;
    for (; at < end; at++) {
        if (*at == '"') is_text = !is_text;
        else if (is_text) at += *at == '\\';
        else values += *at == ',' || *at == '{' || *at == '[';
    }
    return values > most;
}

void siem_response_finish(siem_response *response, const char *encoding) {
    bool is_success = response->status >= 200 && response->status < 300;
    char *fault = response->fault;
    size_t size = sizeof response->fault, most_values = response->most / BYTES_OF_VALUE;
    siem_error failure;
    if (response->is_cut) {
        (void)snprintf(fault, size, "HTTP %d, but the answer is longer than %zu KiB",
                       response->status, response->most >> 10);
        if (*encoding != '\0') drop_body(response);
    } else if (siem_content_decode(&response->body, encoding, response->most, &failure) !=
               SIEM_OK) {
        (void)snprintf(fault, size, "HTTP %d, but %.200s", response->status, failure.message);
    } else if (has_more_values(&response->body, most_values)) {
        (void)snprintf(fault, size, "HTTP %d, but the answer has more than %zu values",
                       response->status, most_values);
        drop_body(response);
    }
    if (!is_success) fault[0] = '\0';
}
