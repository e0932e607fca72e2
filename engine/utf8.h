/* utf8.h: text as code points. */
#ifndef SIEM_UTF8_H
#define SIEM_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes one UTF-8 sequence of at most four bytes; `size` is not 0. Returns its length; when it is
 * ill-formed, the length of the maximal part that could have begun one, and U+FFFD. */
size_t siem_utf8_decode(const char *bytes, size_t size, uint32_t *code_point);

/* Makes a text from outside one printable line: control characters become spaces, what turns the
 * direction of text or is no UTF-8 becomes "?". It does not grow. */
void siem_utf8_clean(char *text);

#endif
