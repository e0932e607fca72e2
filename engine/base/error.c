/* error.c: codes, and the one line that explains them. */
#include "base/error.h"

#ifdef __clang_analyzer__
#undef siem_error_set /* here are the functions */
#undef siem_error_no_memory
#undef siem_error_empty
#endif

#include "base/number.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *siem_version(void) {
    return SIEM_VERSION;
}

const char *siem_code_name(siem_code code) {
    switch (code) {
    case SIEM_OK: return "ok";
    case SIEM_END: return "end";
    case SIEM_INVALID: return "invalid";
    case SIEM_NO_MEMORY: return "no_memory";
    case SIEM_NOT_FOUND: return "not_found";
    case SIEM_IO: return "io";
    case SIEM_SCHEMA: return "schema";
    case SIEM_LOCKED: return "locked";
    case SIEM_REFUSED: return "refused";
    case SIEM_DROPPED: return "dropped";
    case SIEM_PIPE_CLOSED: return "pipe_closed";
    case SIEM_CANCELLED: return "cancelled";
    case SIEM_HELD: return "held";
    case SIEM_UNAVAILABLE: return "unavailable";
    case SIEM_IDLE: return "idle";
    }
    return "unknown";
}

siem_code siem_error_set(siem_error *err, siem_code code, const char *format, ...) {
    if (err == NULL) return code;
    char message[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    err->code = code;
    (void)siem_number_vprint(message, sizeof message, format, arguments);
    va_end(arguments);
    /* Names and answers come from outside. */
    siem_utf8_line(err->message, sizeof err->message, message);
    return code;
}

siem_code siem_error_empty(siem_error *err, const char *name) {
    return siem_error_set(err, SIEM_INVALID, "%s is empty: is the variable that it comes from set?",
                          name);
}

siem_code siem_error_no_memory(siem_error *err) {
    return siem_error_set(err, SIEM_NO_MEMORY, "out of memory");
}

void siem_error_prefix(siem_error *err, const char *format, ...) {
    if (err == NULL) return;
    char prefix[sizeof err->message];
    char message[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    (void)siem_number_vprint(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    memcpy(message, err->message, sizeof message);
    siem_error_set(err, err->code, "%s: %s", prefix, message);
}
