/* utf8.h: text as code points. */
#ifndef SIEM_UTF8_H
#define SIEM_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one UTF-8 sequence of at most four bytes; `size` is not 0. Returns its length; when it is
 * ill-formed, the length of the maximal part that could have begun one, and U+FFFD. */
size_t siem_utf8_decode(const char *bytes, size_t size, uint32_t *code_point);

/* Whether those bytes, of which siem_utf8_decode made that, were ill-formed. */
bool siem_utf8_is_ill_formed(const char *bytes, size_t length, uint32_t code_point);

/* Whether all of a text is UTF-8. */
bool siem_utf8_is_well_formed(const char *bytes, size_t size);

/* Whether a character must not be shown as it is: controls, marks that turn the direction
 * of what follows, other ends of lines, and what is invisible. */
bool siem_utf8_is_unsafe(uint32_t code_point);

#define SIEM_UTF8_SHOWN 16

/* Writes the first character of `size` bytes, which are not 0, as it can be shown: itself, or what
 * is unsafe as an escape, "\u{202e}", and controls of ASCII and bytes that are not UTF-8 as "\x1b".
 * Returns the number of bytes that it wrote, and in `length` that it read. */
size_t siem_utf8_show(char shown[SIEM_UTF8_SHOWN], const char *bytes, size_t size, size_t *length);

/* Writes a text from outside as a printable line of less than `room` bytes, which are not 0: tabs
 * and line ends as spaces, everything else as siem_utf8_show does. A text that is too long ends
 * after a whole character. */
void siem_utf8_line(char *out, size_t room, const char *text);

#endif
