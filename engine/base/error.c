/* error.c: codes, and the one line that explains them. */
#include "base/error.h"

#ifdef __clang_analyzer__
#undef siem_error_set /* here are the functions */
#undef siem_error_of_option
#undef siem_error_of_options
#undef siem_error_no_memory
#undef siem_error_empty
#endif

#include "base/number.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FAULT offsetof(siem_error, options) /* from here on an error has what is at fault */

int siem_version_number(void) {
    return SIEM_VERSION_NUMBER;
}

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
    case SIEM_UNPROVED: return "unproved";
    }
    return "unknown";
}

/* Names and answers come from outside. */
static void set_message(siem_error *err, const char *format, va_list arguments) {
    char message[sizeof err->message];
    (void)siem_number_vprint(message, sizeof message, format, arguments);
    siem_utf8_line(err->message, sizeof err->message, message);
}

static bool is_of_name(char c) {
    return c == '_' || isalnum((unsigned char)c);
}

/* Where a text has a whole word from `from` on, or NULL. */
static const char *find_word(const char *text, const char *from, const char *word) {
    size_t size = strlen(word);
    for (const char *at = from; (at = strstr(at, word)) != NULL; at++) {
        if ((at == text || !is_of_name(at[-1])) && !is_of_name(at[size])) return at;
    }
    return NULL;
}

/* Finds where the message names the options: after a prefix of so many bytes, which can be a kind
 * of sink with the name of an option; else within it. */
static void locate_options(siem_error *err, size_t prefix) {
    const char *from = err->message + strnlen(err->message, prefix);
    for (size_t i = 0; i < SIEM_ERROR_OPTIONS && err->options[i][0] != '\0'; i++) {
        const char *at = find_word(err->message, from, err->options[i]);
        if (at == NULL && i == 0) at = find_word(err->message, err->message, err->options[i]);
        err->option_at[i] = at != NULL ? (int)(at - err->message) : -1;
        if (at != NULL) from = at + strlen(err->options[i]);
    }
}

static siem_code set(siem_error *err, siem_code code, const char *const *options,
                     const char *format, va_list arguments) {
    if (err == NULL) return code;
    set_message(err, format, arguments);
    memset((char *)err + FAULT, 0, sizeof *err - FAULT);
    err->code = code;
    for (size_t i = 0; i < SIEM_ERROR_OPTIONS && options[i] != NULL; i++) {
        (void)snprintf(err->options[i], sizeof err->options[i], "%s", options[i]);
    }
    locate_options(err, 0);
    return code;
}

siem_code siem_error_set(siem_error *err, siem_code code, const char *format, ...) {
    static const char *const none[] = {NULL};
    va_list arguments;
    va_start(arguments, format);
    (void)set(err, code, none, format, arguments);
    va_end(arguments);
    return code;
}

siem_code siem_error_of_option(siem_error *err, siem_code code, const char *option,
                               const char *format, ...) {
    const char *const options[] = {option, NULL};
    va_list arguments;
    va_start(arguments, format);
    (void)set(err, code, options, format, arguments);
    va_end(arguments);
    return code;
}

siem_code siem_error_of_options(siem_error *err, siem_code code, const char *const *options,
                                const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)set(err, code, options, format, arguments);
    va_end(arguments);
    return code;
}

siem_code siem_error_empty(siem_error *err, const char *option, const char *name) {
    return siem_error_of_option(err, SIEM_INVALID, option,
                                "%s is empty: is the variable that it comes from set?", name);
}

siem_code siem_error_no_memory(siem_error *err) {
    return siem_error_set(err, SIEM_NO_MEMORY, "out of memory");
}

void siem_error_prefix(siem_error *err, const char *format, ...) {
    if (err == NULL) return;
    char longer[2 * sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    (void)siem_number_vprint(longer, sizeof err->message, format, arguments);
    va_end(arguments);
    size_t size = strlen(longer);
    (void)snprintf(longer + size, sizeof longer - size, ": %s", err->message);
    siem_utf8_line(err->message, sizeof err->message, longer);
    locate_options(err, size);
}

void siem_error_name_event(siem_error *err, const char *id, size_t size) {
    char name[sizeof err->event_id];
    if (err == NULL) return;
    (void)snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name), id);
    siem_utf8_line(err->event_id, sizeof err->event_id, name);
}

void siem_error_name_row(siem_error *err, const char *destination) {
    if (err != NULL) (void)snprintf(err->row, sizeof err->row, "%s", destination);
}
