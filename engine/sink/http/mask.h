/* mask.h: a secret in a text that a server wrote, however the text escapes it. */
#ifndef SIEM_MASK_H
#define SIEM_MASK_H

#include <stdbool.h>
#include <stddef.h>

/* Overwrites by "*" each place where a text holds a secret of six characters or more: as it is, in
 * other case, as base64url, broken by white space, or escaped for JSON, HTML, a URL or as
 * quoted-printable, also three times over (once in a text of more than 256 KiB); and where base64
 * has it, within other text as well, except characters at its ends that it shares with that text.
 * What was well-formed JSON remains so. Returns whether some of it was escaped or encoded. */
bool siem_mask(const char *secret, char *text, size_t size);

#endif
