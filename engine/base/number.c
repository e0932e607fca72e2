/* number.c: the locale of this thread is "C" while a call runs. */
#include "base/number.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* "C" is there without an allocation, and is never freed. */
static locale_t plain(void) {
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

double siem_number_read(const char *text, char **end) {
    return strtod_l(text, end, plain());
}

int siem_number_vprint(char *out, size_t size, const char *format, va_list arguments) {
    locale_t before = uselocale(plain());
    int written = vsnprintf(out, size, format, arguments);
    (void)uselocale(before);
    return written;
}

int siem_number_print(char *out, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written = siem_number_vprint(out, size, format, arguments);
    va_end(arguments);
    return written;
}
