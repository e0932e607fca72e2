/* error.h: fills errors where faults are found. */
#ifndef SIEM_ERROR_H
#define SIEM_ERROR_H

#include <oversight/siem.h>

/* Fills `err` (NULL is allowed) and returns `code`, so that a fault is one return statement. */
__attribute__((format(printf, 3, 4))) siem_code siem_error_set(siem_error *err, siem_code code,
                                                               const char *format, ...);

/* The same for a fault of options: a list, ended by NULL, in the order of the message. */
__attribute__((format(printf, 4, 5))) siem_code
siem_error_of_option(siem_error *err, siem_code code, const char *option, const char *format, ...);
__attribute__((format(printf, 4, 5))) siem_code siem_error_of_options(siem_error *err,
                                                                      siem_code code,
                                                                      const char *const *options,
                                                                      const char *format, ...);

/* Adds the event or the row of a format at fault to an error. NULL is allowed for `err`. */
void siem_error_name_event(siem_error *err, const char *id, size_t size);
void siem_error_name_row(siem_error *err, const char *destination);

/* The one message for an option that is empty where it cannot be, and its name for people:
 * SIEM_INVALID, with the likely cause. */
siem_code siem_error_empty(siem_error *err, const char *option, const char *name);

/* The one message for an allocation that failed. */
siem_code siem_error_no_memory(siem_error *err);

/* Puts a prefix before the message: "<prefix>: <message>". */
__attribute__((format(printf, 2, 3))) void siem_error_prefix(siem_error *err, const char *format,
                                                             ...);

#ifdef __clang_analyzer__
/* The analyzer does not look into error.c: a failure is never SIEM_OK. */
#define siem_error_set(err, code, ...) (siem_error_set(err, code, __VA_ARGS__), (code))
#define siem_error_of_option(err, code, option, ...)                                               \
    (siem_error_of_option(err, code, option, __VA_ARGS__), (code))
#define siem_error_of_options(err, code, options, ...)                                             \
    (siem_error_of_options(err, code, options, __VA_ARGS__), (code))
#define siem_error_no_memory(err)           (siem_error_no_memory(err), SIEM_NO_MEMORY)
#define siem_error_empty(err, option, name) (siem_error_empty(err, option, name), SIEM_INVALID)
#endif

#endif
