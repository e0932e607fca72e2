/* number.h: numbers in text, the same in every locale: a host or a script may have called
 * setlocale, and "0.75" is 0 where a comma is expected. */
#ifndef SIEM_NUMBER_H
#define SIEM_NUMBER_H

#include <stdarg.h>
#include <stddef.h>

/* As strtod in the locale "C". */
double siem_number_read(const char *text, char **end);

/* As snprintf and vsnprintf in the locale "C". */
__attribute__((format(printf, 3, 4))) int siem_number_print(char *out, size_t size,
                                                            const char *format, ...);
__attribute__((format(printf, 3, 0))) int siem_number_vprint(char *out, size_t size,
                                                             const char *format, va_list arguments);

#endif
