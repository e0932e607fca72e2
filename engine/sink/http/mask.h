/* mask.h: a secret in a text that a server wrote, however the text escapes it. */
#ifndef SIEM_MASK_H
#define SIEM_MASK_H

#include <stdbool.h>
#include <stddef.h>

/* Overwrites by "*" each place where a text holds a secret of six characters or more: as it is, in
 * other case, as base64url, broken by white space, or escaped for JSON, HTML or a URL, also three
 * times over (once in a text of more than 256 KiB). What was well-formed JSON remains so. Returns
 * whether some of it was escaped. */
bool siem_mask(const char *secret, char *text, size_t size);

#endif
