/* error.h: how a fault is named where it is found. */
#ifndef SIEM_ERROR_H
#define SIEM_ERROR_H

#include <oversight/siem.h>

/* Fills `err` (NULL is allowed) and returns `code`, so that a fault is one return statement. */
__attribute__((format(printf, 3, 4))) siem_code siem_error_set(siem_error *err, siem_code code,
                                                               const char *format, ...);

/* The one message for a text that is empty where it cannot be: SIEM_INVALID, with the likely cause.
 */
siem_code siem_error_empty(siem_error *err, const char *name);

/* The one message for an allocation that failed. */
siem_code siem_error_no_memory(siem_error *err);

/* Puts what the caller knows before a message that is set already: "<prefix>: <message>". */
__attribute__((format(printf, 2, 3))) void siem_error_prefix(siem_error *err, const char *format,
                                                             ...);

#ifdef __clang_analyzer__
/* The analyzer does not look into error.c: a failure is never SIEM_OK. */
#define siem_error_set(err, code, ...) (siem_error_set(err, code, __VA_ARGS__), (code))
#define siem_error_no_memory(err)      (siem_error_no_memory(err), SIEM_NO_MEMORY)
#define siem_error_empty(err, name)    (siem_error_empty(err, name), SIEM_INVALID)
#endif

#endif
